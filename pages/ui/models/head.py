"""The first sight of a model: its most sobering figures, and the facts in the form of Model Facts (Sendak et al. 2020)."""

from dataclasses import dataclass

import streamlit as st

from mmcore import words
from mmcore.cards import read as cards
from mmcore.cards.read import Card
from mmcore.cards.report import Report, part
from pages.ui.models.report import Interval, interval, number_in
from pages.ui.models.words import figure_words, metric_words
from pages.ui.shell.template import show
from pages.ui.shell.text import counted, heading, listed, percent, t

FACTS = ("outcome", "output", "population", "inputs", "training", "use", "not_for")


@dataclass(frozen=True)
class _Headline:
    """A figure with its title, and the small print below it."""

    code: str
    title: str
    figure: Interval | None
    below: str


def draw(card: Card) -> None:
    """Figures on the left, facts on the right."""
    left, right = st.columns((0.44, 0.56), gap="medium")
    with left, st.container(key="panel_card_figures"):
        show(
            "models/headline",
            figures=[_headline(card, found) for found in cards.headline(card)],
            baseline_wins=cards.baseline_wins(card),
            promises=_promises(card.test),
        )
    with right, st.container(key="panel_card_facts"):
        title = f"{heading(f'task.{card.task}')} · {t('screen.models.version', version=card.version)}"
        show("models/facts", title=title, rows=_facts(card))


def _headline(card: Card, found: cards.Figure) -> _Headline:
    name = metric_words(found.metric, card.two_sided)
    if found.code == "extra":
        title, beside = heading("screen.models.head.extra", metric=name), ""
    else:
        fields = str(part(card.test, "baseline").get("name", ""))
        title, beside = t(f"screen.models.head.{found.code}", name=_fields(fields)), name
    figure = interval(found.figure)
    below = f"{beside} {figure_words(figure)}"
    if found.n:
        below += " · " + t("screen.models.tested_short", n=f"{found.n:,}", patients=f"{found.patients:,}")
    return _Headline(found.code, title, figure, below)


def _fields(names: str) -> str:
    """What the baseline reads, in words."""
    if words.known(f"screen.models.baseline.{names}"):
        return t(f"screen.models.baseline.{names}")
    return listed(t(f"field.{n}") if words.known(f"field.{n}") else n for n in names.split(" and "))


def _promises(test: Report) -> list[str]:
    """Whether probabilities, sets and certainty keep what they promise."""
    return [*_calibrated(test), *_covered(test), *_selective(test)]


def _calibrated(test: Report) -> list[str]:
    found = part(test, "calibration")
    error = number_in(part(found, "expected_calibration_error"), "value")
    limit = number_in(part(found, "expected_if_calibrated"), "high")
    if error is None or limit is None:
        return []
    verdict = t(f"screen.models.head.{'kept' if error <= limit else 'not_kept'}")
    return [t("screen.models.head.calibrated", value=f"{error:.3f}", high=f"{limit:.3f}", verdict=verdict)]


def _covered(test: Report) -> list[str]:
    sets = part(test, "prediction_sets")
    confidence, coverage = number_in(sets, "confidence"), number_in(sets, "coverage")
    low, high = (number_in(part(sets, "interval"), k) for k in ("low", "high"))
    if confidence is None or coverage is None or low is None or high is None:
        return []
    values = {"value": counted(coverage), "low": counted(low), "high": counted(high)}
    return [t("screen.models.head.sets", confidence=percent(confidence), **values)]


def _selective(test: Report) -> list[str]:
    found = part(test, "selective_risk")
    every, certain = (number_in(part(found, f"error_{k}"), "value") for k in ("all", "certain"))
    share = number_in(found, "share")
    if every is None or certain is None or share is None:
        return []
    values = {"all": counted(every), "certain": counted(certain)}
    return [t("screen.models.head.selective", share=percent(share), **values)]


def _size(n_bytes: int) -> str:
    """21 MB; what would be rounded to nothing is under 1 MB."""
    if n_bytes < 1e6:
        return t("screen.models.size_small")
    return t("screen.models.size", megabytes=f"{n_bytes / 1e6:.0f}")


def _facts(card: Card) -> dict[str, str]:
    """Row -> its words: what has been written of the task, then counts and type."""
    told = {name: f"model_facts.{card.task}.{name}" for name in FACTS}
    rows = {name: heading(code) for name, code in told.items() if words.known(code)}
    counts = {k: number_in(part(card.report, "split"), k) for k in ("train", "calibration", "test")}
    if None not in counts.values():
        rows["counts"] = heading("screen.models.counts", **{k: f"{n:,}" for k, n in counts.items()})
    if card.structure:
        rows["type"] = heading(
            "screen.models.type",
            fusion=t(f"screen.models.fusion.{card.structure.fusion}"),
            parameters=f"{card.structure.parameters:,}",
            size=_size(card.structure.bytes),
        )
    return rows

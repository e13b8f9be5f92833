"""Other fusions and single inputs beside the model that ships, and what a missing input does."""

from dataclasses import dataclass

import streamlit as st

from mmcore.cards.read import Card
from mmcore.cards.report import Report, count, number, part
from pages.ui.models.report import Interval, interval, number_in
from pages.ui.models.words import figure_words, metric_words, modalities_words
from pages.ui.shell.template import show
from pages.ui.shell.text import capital, heading, t


@dataclass(frozen=True)
class _Row:
    """A fusion with how faithful and how fast it is, or a single input with the fusion `beside` it on the same rows."""

    name: str
    figure: Interval | None
    words: str
    reference: float | None
    error: str
    shipped: bool = False
    faithful: str = ""
    time: str = ""
    beside: str | None = None


@dataclass(frozen=True)
class _Subset:
    """A set of inputs: rows of it, its figure, and its calibration error beside what chance allows; out: it is larger."""

    name: str
    n: int
    words: str
    error: str
    limit: str
    out: bool


def applies(card: Card) -> bool:
    """Whether inputs are joined at all: a model of one input has nothing to compare and nothing to miss."""
    return card.structure is not None and len(card.structure.branches) > 1 or bool(card.fusions)


def draw(card: Card) -> None:
    """Fusions on the left, missing inputs on the right."""
    left, right = st.columns((0.56, 0.44), gap="medium")
    with left:
        if part(card.fusions, "fusions"):
            _draw_fusions(card)
        else:
            show("models/fusions_none", words=t("screen.models.fusions.missing", name=card.task))
    with right:
        _draw_missing(card)


def _draw_fusions(card: Card) -> None:
    """The table of fusions with what it says in words."""
    found = card.fusions
    others = part(found, "fusions")
    reference = number_in(part(others, "additive", "macro_auroc"), "value")
    joined = {"shipped": part(found, "shipped"), **{name: part(others, name) for name in others}}
    rows = [_fusion(name, f, reference) for name, f in joined.items() if f]
    rows += [_single(name, part(found, "single", name)) for name in part(found, "single")]
    show(
        "models/fusions",
        metric=metric_words("macro_auroc", card.two_sided),
        rows=rows,
        within=found["additive_within_best"],
        verdict=_verdict(found),
        elsewhere=_elsewhere(card),
    )


def _verdict(found: Report) -> str:
    best = t(f"screen.models.fusion.{found['best']}")
    if found["additive_within_best"]:
        return t("screen.models.fusions.within", best=best)
    value, low, high = (f"{number(part(found, 'difference'), k):.3f}" for k in ("value", "low", "high"))
    return t("screen.models.fusions.outside", best=best, difference=value, low=low, high=high)


def _elsewhere(card: Card) -> str:
    """What the best of the other fusions is worth where none of its publishers taught it; "" where it was not measured."""
    best, away = card.fusions["best"], part(card.report, "leave_publisher_out")
    here = interval(away, "all", "metrics", "macro_auroc")
    other = interval(away, f"{best} fusion", "metrics", "macro_auroc")
    if here is None or other is None:
        return ""
    return t(
        "screen.models.fusions.elsewhere",
        best=t(f"screen.models.fusion.{best}"),
        figure=figure_words(other),
        additive=figure_words(here),
    )


def _fusion(name: str, found: Report, reference: float | None) -> _Row:
    title = "screen.models.fusions.shipped" if name == "shipped" else f"screen.models.fusion.{name}"
    figure = interval(found, "macro_auroc")
    faithful, milliseconds = number_in(found, "faithfulness"), number_in(found, "milliseconds")
    return _Row(
        name=heading(title),
        figure=figure,
        words=figure_words(figure),
        reference=reference,
        error=_error(found),
        shipped=name in ("shipped", "additive"),
        faithful="–" if faithful is None else f"{faithful:.2f}",
        time="–" if milliseconds is None else f"{milliseconds:.2f} ms",
    )


def _single(name: str, found: Report) -> _Row:
    figure, joined = interval(found, "macro_auroc"), interval(found, "additive_on_same_rows")
    return _Row(
        name=heading("screen.models.fusions.alone", modality=name),
        figure=figure,
        words=figure_words(figure),
        reference=joined.value if joined else None,
        error=_error(found),
        beside=t("screen.models.fusions.beside", figure=figure_words(joined)) if joined else "",
    )


def _error(found: Report) -> str:
    error = number_in(part(found, "expected_calibration_error"), "value")
    return "–" if error is None else f"{error:.3f}"


def _draw_missing(card: Card) -> None:
    found = part(card.test, "calibration", "by_subset")
    subsets = [_subset(name, part(found, name)) for name in found]
    own = card.structure.set_scales if card.structure else {}
    show(
        "models/missing",
        metric=metric_words("macro_auroc", card.two_sided),
        subsets=subsets,
        judged=any(part(found, name, "expected_calibration_error") for name in found),
        own_scales={capital(modalities_words(names)): f"{scale:.2f}" for names, scale in own.items()},
    )


def _subset(name: str, found: Report) -> _Subset:
    limit = number_in(part(found, "expected_if_calibrated"), "high")
    return _Subset(
        name=capital(modalities_words(name)),
        n=count(found, "n"),
        words=figure_words(interval(found, "macro_auroc")),
        error=_error(found),
        limit="–" if limit is None else f"{limit:.3f}",
        out=bool(part(found, "expected_calibration_error")) and not found["within"],
    )

"""The first sight of a model: its most sobering figures, and the facts in the form of Model Facts (Sendak et al. 2020)."""

from html import escape

import streamlit as st

from mmcore import words
from mmcore.cards import read as cards
from pages.ui.models.words import capital, figure_words, forest, metric_words, part
from pages.ui.shell.text import counted, heading, listed, percent, t

FACTS = ("outcome", "output", "population", "inputs", "training", "use", "not_for")


def draw(card) -> None:
    """Figures on the left, facts on the right."""
    left, right = st.columns((0.44, 0.56), gap="medium")
    with left, st.container(key="panel_card_figures"):
        st.html(part("screen.models.headline") + _figures(card))
    with right, st.container(key="panel_card_facts"):
        title = f"{heading(f'task.{card.task}')} · {t('screen.models.version', version=card.version)}"
        st.html(f'<h2 class="part">{escape(title)}</h2>{_facts(card)}')


def _figures(card) -> str:
    found = cards.headline(card)
    if not found:
        return f'<div class="quiet">{escape(t("screen.models.no_figures"))}</div>'
    wins = cards.baseline_wins(card)
    rows = "".join(_figure(card, f) for f in found)
    warning = f'<div class="warning">{escape(t("screen.models.head.baseline_wins"))}</div>' if wins else ""
    promises = "".join(f"<li>{escape(s)}</li>" for s in _promises(card.test))
    return (
        f'{warning}<div class="heads">{rows}</div><ul class="promises">{promises}</ul>'
        f'<div class="quiet">{escape(t("screen.models.figure_is"))}</div>'
    )


def _figure(card, found) -> str:
    name = metric_words(found.metric, card.two_sided)
    if found.code == "extra":
        title, beside = heading("screen.models.head.extra", metric=name), ""
    else:
        fields = str((card.test.get("baseline") or {}).get("name", ""))
        title, beside = t(f"screen.models.head.{found.code}", name=_fields(fields)), name
    figure = f"{beside} {figure_words(found.figure)}"
    if found.n:
        figure += " · " + t("screen.models.tested_short", n=f"{found.n:,}", patients=f"{found.patients:,}")
    return (
        f'<div class="head {found.code}"><b>{found.figure["value"]:.2f}</b>'
        f"<div><span>{escape(title)}</span>{forest(found.figure, 0.5)}"
        f"<small>{escape(figure)}</small></div></div>"
    )


def _fields(names: str) -> str:
    """What the baseline reads, in words."""
    if words.known(f"screen.models.baseline.{names}"):
        return t(f"screen.models.baseline.{names}")
    return listed(t(f"field.{n}") if words.known(f"field.{n}") else n for n in names.split(" and "))


def _promises(test) -> list[str]:
    """Whether probabilities, sets and certainty keep what they promise."""
    told = []
    calibration = test.get("calibration") or {}
    if calibration.get("expected_calibration_error"):
        error, limit = (
            calibration["expected_calibration_error"]["value"],
            calibration["expected_if_calibrated"]["high"],
        )
        verdict = t(f"screen.models.head.{'kept' if error <= limit else 'not_kept'}")
        told.append(
            t("screen.models.head.calibrated", value=f"{error:.3f}", high=f"{limit:.3f}", verdict=verdict)
        )
    sets = test.get("prediction_sets") or {}
    if sets.get("interval"):
        told.append(
            t(
                "screen.models.head.sets",
                confidence=percent(sets["confidence"]),
                value=counted(sets["coverage"]),
                low=counted(sets["interval"]["low"]),
                high=counted(sets["interval"]["high"]),
            )
        )
    selective = test.get("selective_risk") or {}
    if selective.get("error_all"):
        values = {k: counted(selective[f"error_{k}"]["value"]) for k in ("all", "certain")}
        told.append(t("screen.models.head.selective", share=percent(selective["share"]), **values))
    return told


def _size(n_bytes: int) -> str:
    """21 MB; what would be rounded to nothing is under 1 MB."""
    if n_bytes < 1e6:
        return t("screen.models.size_small")
    return t("screen.models.size", megabytes=f"{n_bytes / 1e6:.0f}")


def _facts(card) -> str:
    rows = {
        name: t(f"model_facts.{card.task}.{name}")
        for name in FACTS
        if words.known(f"model_facts.{card.task}.{name}")
    }
    split = card.report.get("split") or {}
    if {"train", "calibration", "test"} <= set(split):
        rows["counts"] = t(
            "screen.models.counts", **{k: f"{split[k]:,}" for k in ("train", "calibration", "test")}
        )
    if card.structure:
        rows["type"] = t(
            "screen.models.type",
            fusion=t(f"screen.models.fusion.{card.structure.fusion}"),
            parameters=f"{card.structure.parameters:,}",
            size=_size(card.structure.bytes),
        )
    lines = "".join(
        f'<tr class="{name}"><th scope="row">{escape(t(f"screen.models.row.{name}"))}</th><td>{escape(capital(text))}</td></tr>'
        for name, text in rows.items()
    )
    return f'<table class="facts">{lines}</table>'

"""Whether a model and its explanations survive the tests that could have failed them."""

from collections.abc import Iterator, Mapping
from html import escape

import streamlit as st

from pages.ui.card_words import capital, figure_words, part, quiet
from pages.ui.text import percent, t


def draw(card) -> None:
    """Sums and controls on the left, tests of the explanations on the right."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.html(
            part("screen.models.checks.sums")
            + _sums(card)
            + part("screen.models.checks.control")
            + _control(card)
        )
    with right:
        st.html(part("screen.models.checks.faithfulness") + _faithfulness(card.faithfulness))


def _sums(card) -> str:
    if card.test.get("max_residual") is None:
        return quiet(t("screen.models.no_figures"))
    return quiet(
        t(
            "screen.models.checks.residual",
            value=f"{card.test['max_residual']:.4f}",
            share=f"{100 * card.test['residual_over_0.01']:.2f} %",
            limit="0.01",
        )
    )


def _control(card) -> str:
    """The shuffled-label control, and the cross-validated figures beside it."""
    found = (card.report.get("shuffled_labels") or {}).get("metrics") or {}
    figure = found.get("macro_auroc")
    if figure:
        values = {k: f"{figure[k]:.2f}" for k in ("value", "low", "high")}
        told = quiet(t("screen.models.checks.shuffled", **values))
    else:
        told = quiet(t("screen.models.checks.shuffled_none"))
    cross = card.report.get("cross_validation") or {}
    area = ((cross.get("all") or {}).get("metrics") or {}).get("macro_auroc")
    if area:
        name = t("screen.models.checks.cross", folds=cross.get("folds", 5))
        told += quiet(f"{name}: {t('screen.models.metric.macro_auroc')} {figure_words(area)}")
    return told


def _faithfulness(found: Mapping) -> str:
    if not found:
        return quiet(t("screen.models.checks.faithfulness_none"))
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="num">{escape(value)}</td></tr>'
        for name, value in leaves(found)
    )
    return f'<table class="forests">{lines}</table>'


def leaves(node: Mapping, path: str = "") -> Iterator[tuple[str, str]]:
    """(name, value) of every figure of a stored test, names of its levels joined; figures with an interval count as one."""
    for key, value in node.items():
        name = f"{path} · {_name(key)}" if path else capital(_name(key))
        if isinstance(value, Mapping) and {"value", "low", "high"} <= set(value):
            yield name, figure_words(value)
        elif isinstance(value, Mapping):
            yield from leaves(value, name)
        elif isinstance(value, bool):
            yield name, t(f"screen.models.checks.{'yes' if value else 'no'}")
        elif isinstance(value, int | float):
            share = 0 <= value <= 1 and isinstance(value, float) and "share" in key
            yield (
                name,
                percent(value) if share else f"{value:.3g}" if isinstance(value, float) else f"{value:,}",
            )


def _name(key: str) -> str:
    """A modality in the reader's words, everything else as stored."""
    return t(f"modality.{key}") if key in ("image", "text", "clinical", "waveform") else key.replace("_", " ")

"""Whether a model and its explanations survive the tests that could have failed them."""

from collections.abc import Mapping
from html import escape

import streamlit as st

from pages.ui.models.words import capital, figure_words, metric_words, part, quiet
from pages.ui.shell.text import counted, percent, t


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
    control = card.report.get("shuffled_labels") or {}
    figure = (control.get("metrics") or {}).get("macro_auroc")
    if figure:
        values = {k: f"{figure[k]:.2f}" for k in ("value", "low", "high")}
        told = quiet(t("screen.models.checks.shuffled", times=control.get("permutations", 1), **values))
    else:
        told = quiet(t("screen.models.checks.shuffled_none"))
    cross = card.report.get("cross_validation") or {}
    area = ((cross.get("all") or {}).get("metrics") or {}).get("macro_auroc")
    if area:
        name = t("screen.models.checks.cross", folds=cross.get("folds", 5))
        told += quiet(f"{name}: {metric_words('macro_auroc', card.two_sided)} {figure_words(area)}")
    return told


def _faithfulness(found: Mapping) -> str:
    """What the stored tests of the explanations found, modality by modality, in words."""
    if not found.get("modalities"):
        return quiet(t("screen.models.checks.faithfulness_none"))
    told = quiet(t("screen.models.checks.of", n=found.get("n", 0), patients=found.get("patients", 0)))
    for name, tests in found["modalities"].items():
        lines = [*_tested(tests), *_weights(found, name), *_source(found, name)]
        if name == "image" and _share((found.get("inside_lungs") or {}).get("share")):
            inside = found["inside_lungs"]
            lines.append(t("screen.models.checks.inside", value=_share(inside["share"]), n=inside["n"]))
        if lines:
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            told += f'<div class="tested"><b>{escape(capital(t(f"modality.{name}")))}</b><ul class="promises">{items}</ul></div>'
    return told


def _tested(tests: Mapping) -> list[str]:
    """Badges, deletion against random, agreement of two methods."""
    lines = []
    if tests.get("n") and all(_share(tests.get(c)) for c in ("green", "amber", "grey")):
        shares = {c: _share(tests[c]) for c in ("green", "amber", "grey")}
        lines.append(t("screen.models.checks.badge", n=tests["n"], **shares))
    if _share(tests.get("beats_random_deletion")):
        beaten = tests["beats_random_deletion"]
        value = f"{_share(beaten)} ({_share(beaten, 'low')}–{_share(beaten, 'high')})"
        lines.append(t("screen.models.checks.beats", value=value, tested=tests.get("tested", 0)))
    if tests.get("median_agreement") is not None:
        lines.append(t("screen.models.checks.agree", value=f"{tests['median_agreement']:.2f}"))
    return lines


def _weights(found: Mapping, name: str) -> list[str]:
    """What is left of the maps when no trained weight is."""
    stages = (found.get("randomised") or {}).get(
        name
    ) or {}  # from the head down; the last has drawn all of them
    last = [*stages.values()][-1] if stages else None
    return [] if last is None else [t("screen.models.checks.random", value=f"{last:.2f}".replace("-", "−"))]


def _source(found: Mapping, name: str) -> list[str]:
    """How well the source is read off the encodings."""
    shortcut = (found.get("shortcuts") or {}).get(name) or {}
    if shortcut.get("accuracy") is None:
        return []
    values = {"value": percent(shortcut["accuracy"]), "majority": percent(shortcut["majority"])}
    return [t("screen.models.checks.source", **values)]


def _share(figure: Mapping | None, which: str = "value") -> str:
    """A share of cases in per cent, "" where it is not known."""
    return counted(figure[which]) if figure and figure.get(which) is not None else ""

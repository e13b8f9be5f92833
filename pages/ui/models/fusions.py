"""Other fusions and single inputs beside the model that ships, and what a missing input does."""

from collections.abc import Mapping
from html import escape

import streamlit as st

from pages.ui.models.words import capital, figure_words, forest, metric_words, modalities_words, part, quiet
from pages.ui.shell.text import t


def applies(card) -> bool:
    """Whether inputs are joined at all: a model of one input has nothing to compare and nothing to miss."""
    return card.structure is not None and len(card.structure.branches) > 1 or bool(card.fusions)


def draw(card) -> None:
    """Fusions on the left, missing inputs on the right."""
    left, right = st.columns((0.56, 0.44), gap="medium")
    with left:
        st.html(part("screen.models.fusions.title") + fusions_html(card))
    with right:
        st.html(part("screen.models.missing.title") + _missing(card))


def fusions_html(card) -> str:
    """The table of fusions with what it says in words, or why there is none."""
    found = card.fusions
    if not found.get("fusions"):
        return quiet(t("screen.models.fusions.missing", name=card.task))
    rows = ([("shipped", found["shipped"])] if found.get("shipped") else []) + list(found["fusions"].items())
    reference = found["fusions"]["additive"]["macro_auroc"]["value"]
    lines = "".join(_fusion(name, f, reference) for name, f in rows)
    lines += "".join(_single(name, f) for name, f in (found.get("single") or {}).items())
    heads = _heads(
        t("screen.models.fusions.name"),
        t("screen.models.column.interval"),
        metric_words("macro_auroc", card.two_sided),
        t("screen.models.fusions.calibration"),
        t("screen.models.fusions.faithful"),
        t("screen.models.fusions.milliseconds"),
    )
    table = f'<table class="forests fusions"><thead><tr>{heads}</tr></thead>{lines}</table>'
    return table + _verdict(found) + _elsewhere(card) + quiet(t("screen.models.fusions.faithful_is"))


def _verdict(found: Mapping) -> str:
    best = t(f"screen.models.fusion.{found['best']}")
    if found["additive_within_best"]:
        return f'<div class="verdict">{escape(t("screen.models.fusions.within", best=best))}</div>'
    gap = {k: f"{found['difference'][k]:.3f}" for k in ("low", "high")}
    told = t(
        "screen.models.fusions.outside", best=best, difference=f"{found['difference']['value']:.3f}", **gap
    )
    return f'<div class="warning">{escape(told)}</div>'


def _elsewhere(card) -> str:
    """What the best of the other fusions is worth where none of its publishers taught it."""
    away, best = card.report.get("leave_publisher_out") or {}, card.fusions["best"]
    here, other = (
        ((away.get(k) or {}).get("metrics") or {}).get("macro_auroc") for k in ("all", f"{best} fusion")
    )
    if not here or not other:
        return ""
    names = {
        "best": t(f"screen.models.fusion.{best}"),
        "figure": figure_words(other),
        "additive": figure_words(here),
    }
    return quiet(t("screen.models.fusions.elsewhere", **names))


def _fusion(name: str, f: Mapping, reference: float) -> str:
    title = t("screen.models.fusions.shipped") if name == "shipped" else t(f"screen.models.fusion.{name}")
    figure = f["macro_auroc"]
    faithful = "–" if f.get("faithfulness") is None else f"{f['faithfulness']:.2f}"
    time = "–" if f.get("milliseconds") is None else f"{f['milliseconds']:.2f} ms"
    kind = "all" if name in ("shipped", "additive") else ""
    return (
        f'<tr class="{kind}"><th scope="row">{escape(capital(title))}</th><td>{forest(figure, reference)}</td>'
        f'<td class="num">{escape(figure_words(figure))}</td><td class="num">{_error(f)}</td>'
        f'<td class="num">{faithful}</td><td class="num">{time}</td></tr>'
    )


def _single(name: str, f: Mapping) -> str:
    title = capital(t("screen.models.fusions.alone", modality=name))
    joined = f.get("additive_on_same_rows")
    beside = t("screen.models.fusions.beside", figure=figure_words(joined)) if joined else ""
    reference = joined["value"] if joined else None
    return (
        f'<tr><th scope="row">{escape(title)}</th><td>{forest(f["macro_auroc"], reference)}</td>'
        f'<td class="num">{escape(figure_words(f["macro_auroc"]))}</td><td class="num">{_error(f)}</td>'
        f'<td colspan="2" class="none">{escape(beside)}</td></tr>'
    )


def _error(f: Mapping) -> str:
    error = f.get("expected_calibration_error")
    return f"{error['value']:.3f}" if error else "–"


def _missing(card) -> str:
    found = (card.test.get("calibration") or {}).get("by_subset") or {}
    if not found:
        return quiet(t("screen.models.missing.lead"), t("screen.models.missing.none")) + _own_scales(card)
    judged = any(g.get("expected_calibration_error") for g in found.values())
    lines = "".join(_subset(name, g, judged) for name, g in found.items())
    names = [t("screen.models.missing.inputs"), t("screen.models.column.n")]
    names.append(metric_words("macro_auroc", card.two_sided))
    if judged:
        names += [t("screen.models.missing.calibration"), t("screen.models.missing.expected")]
    heads = _heads(*names)
    table = f'<table class="forests"><thead><tr>{heads}</tr></thead>{lines}</table>'
    return quiet(t("screen.models.missing.lead")) + table + _own_scales(card)


def _heads(*names: str) -> str:
    return "".join(f"<th>{escape(name)}</th>" for name in names)


def _subset(name: str, g: Mapping, judged: bool) -> str:
    area = figure_words(g.get("macro_auroc"))
    error, limit, tone = "–", "–", ""
    if g.get("expected_calibration_error"):
        error, limit = (
            f"{g['expected_calibration_error']['value']:.3f}",
            f"{g['expected_if_calibrated']['high']:.3f}",
        )
        tone = "" if g["within"] else " out"
    calibration = f'<td class="num{tone}">{error}</td><td class="num">{limit}</td>' if judged else ""
    return (
        f'<tr><th scope="row">{escape(capital(modalities_words(name)))}</th><td class="num">{g.get("n", 0):,}</td>'
        f'<td class="num">{escape(area)}</td>{calibration}</tr>'
    )


def _own_scales(card) -> str:
    """Sets of inputs whose evidence has a scale of its own."""
    own = card.structure.set_scales if card.structure else {}
    return "".join(
        quiet(
            t(
                "screen.models.missing.own_scale",
                modalities=capital(modalities_words(names)),
                scale=f"{scale:.2f}",
            )
        )
        for names, scale in own.items()
    )

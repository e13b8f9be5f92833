"""Calibration, decision curves and prediction sets of a model, drawn and told."""

from collections.abc import Mapping
from html import escape

import plotly.graph_objects as go
import streamlit as st

from pages.ui.models.words import capital, figure_words, part, quiet
from pages.ui.shell.text import counted, heading, listed, percent, t

COLOURS = (
    "#3b8fd0",
    "#d9822b",
    "#1f9d8f",
    "#b07cc6",
    "#b59a00",
)  # told apart by everyone (after Okabe and Ito)
GREY = "#8993a0"
HEIGHT = 330


def draw(card) -> None:
    """Three columns: are the probabilities kept, does acting on them help, do the sets keep the truth."""
    kept, use, sets = st.columns(3, gap="medium")
    with kept:
        _calibration(card)
    with use:
        _decision(card)
    with sets:
        _sets(card)


def _calibration(card) -> None:
    st.html(part("screen.models.reliability.title"))
    found = card.test.get("calibration") or {}
    if not found.get("reliability"):
        st.html(quiet(t("screen.models.no_figures")))
        return
    lines = {t("screen.models.reliability.top"): found["reliability"]}
    by_label = found.get("by_label") or {}
    if by_label:
        label = _chosen(tuple(by_label), f"card_reliability_{card.task}")
        lines = {t(f"label.{label}"): by_label[label]["reliability"]}
    st.plotly_chart(
        reliability_diagram(lines), key=f"reliability_{card.task}", config={"displayModeBar": False}
    )
    error, expected = found["expected_calibration_error"], found["expected_if_calibrated"]
    values = {k: f"{error[k]:.3f}" for k in ("value", "low", "high")}
    values |= {f"expected_{k}": f"{expected[k]:.3f}" for k in ("low", "high")}
    brier = figure_words(found.get("brier_score"))
    st.html(
        quiet(t("screen.models.reliability.lead", brier=brier, **values))
        + quiet(subsets_words(found))
        + f'<div class="alternative">{escape(_pairs(lines))}</div>'
    )


def subsets_words(found: Mapping) -> str:
    """How many sets of inputs are as close as a calibrated model would be."""
    judged = found.get("subsets_judged")
    if judged is None:
        return ""
    if not judged:
        return t("screen.models.reliability.subsets_none", least=50)
    within = round(found["share_within"] * judged)
    return t("screen.models.reliability.subsets", within=within, judged=judged, least=50)


def _pairs(lines: Mapping[str, list]) -> str:
    """The diagram in words, for who cannot see it."""
    told = []
    for name, bins in lines.items():
        pairs = [
            t("screen.models.reliability.pair", stated=percent(b["stated"]), observed=counted(b["observed"]))
            for b in bins
        ]
        told.append(f"{capital(name)}. {t('screen.models.reliability.alt', pairs=listed(pairs))}")
    return " ".join(told)


def reliability_diagram(lines: Mapping[str, list]) -> go.Figure:
    """Observed share over stated probability, a line for each name; a dot's area tells how many cases it stands for."""
    figure = _figure(t("screen.models.reliability.stated"), t("screen.models.reliability.observed"))
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dot", "width": 1},
        name=t("screen.models.reliability.perfect"), hoverinfo="skip",
    )  # fmt: skip
    most = max(b["n"] for bins in lines.values() for b in bins)
    for i, (name, bins) in enumerate(lines.items()):
        figure.add_scatter(
            x=[b["stated"] for b in bins], y=[b["observed"] for b in bins], name=capital(name),
            mode="lines+markers", line={"color": COLOURS[i % len(COLOURS)], "width": 1.5},
            marker={"size": [6 + 6 * (b["n"] / most) ** 0.5 for b in bins]}, cliponaxis=False,
        )  # fmt: skip
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure


def _decision(card) -> None:
    st.html(part("screen.models.decision.title"))
    curves = card.test.get("decision_curves") or {}
    if not curves:
        st.html(quiet(t("screen.models.decision.missing")))
        return
    label = _chosen(tuple(curves), f"card_curve_{card.task}")
    st.plotly_chart(
        decision_diagram(curves[label]), key=f"decision_{card.task}", config={"displayModeBar": False}
    )
    st.html(quiet(t("screen.models.decision.lead"), range_words(label, curves[label])))


def _chosen(labels: tuple[str, ...], key: str) -> str:
    """The label that the reader asks for; the only one unasked."""
    if len(labels) == 1:
        return labels[0]
    name = t("screen.models.decision.label")
    return st.selectbox(
        name, labels, format_func=lambda k: heading(f"label.{k}"), key=key, label_visibility="collapsed"
    )


def useful_range(curve: Mapping) -> tuple[float, float] | None:
    """(lowest, highest) threshold of the longest unbroken run at which the model beats acting on all and on none."""
    better = [m > max(a, 0) for m, a in zip(curve["model"], curve["treat_all"], strict=True)]
    runs: list[list[float]] = [[]]
    for threshold, good in zip(curve["thresholds"], better, strict=True):
        if good:
            runs[-1].append(threshold)
        elif runs[-1]:
            runs.append([])
    longest = max(runs, key=len)
    return (longest[0], longest[-1]) if longest else None


def range_words(label: str, curve: Mapping) -> str:
    """Where the model helps, in words."""
    found = useful_range(curve)
    if found is None:
        return t("screen.models.decision.never", label=label)
    return t("screen.models.decision.better", label=label, low=percent(found[0]), high=percent(found[1]))


def decision_diagram(curve: Mapping) -> go.Figure:
    """Net benefit over thresholds: the model with its interval, acting on all, acting on none."""
    figure = _figure(t("screen.models.decision.threshold"), t("screen.models.decision.benefit"))
    x = curve["thresholds"]
    figure.add_scatter(
        x=[*x, *reversed(x)], y=[*curve["high"], *reversed(curve["low"])], fill="toself", mode="lines",
        line={"width": 0}, fillcolor="rgba(59,143,208,0.18)", hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    for name, values, colour, dash in (
        ("model", curve["model"], COLOURS[0], "solid"),
        ("all", curve["treat_all"], COLOURS[1], "dash"),
        ("none", curve["treat_none"], GREY, "dot"),
    ):
        figure.add_scatter(
            x=x, y=values, mode="lines", name=t(f"screen.models.decision.{name}"),
            line={"color": colour, "dash": dash, "width": 2},
        )  # fmt: skip
    top = max(*curve["high"], curve["treat_all"][0], 0.01)
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_yaxes(range=[-0.15 * top, 1.08 * top])
    return figure


def _sets(card) -> None:
    st.html(part("screen.models.sets.title"))
    found = card.test.get("prediction_sets") or {}
    if not found.get("interval") or found.get("coverage") is None:
        st.html(quiet(t("screen.models.sets.missing")))
        return
    exclusive = card.structure is None or card.structure.exclusive
    main = found | found["interval"] | {"value": found["coverage"]}
    lead = "screen.models.sets.lead" if exclusive else "screen.models.sets.lead_states"
    others = [_covered("screen.models.sets.at", float(c), g) for c, g in (found.get("at") or {}).items()]
    rows = "".join(_class_row(name, g) for name, g in (found.get("by_class") or {}).items())
    st.html(
        quiet(_covered(lead, found["confidence"], main), *others)
        + f'<table class="forests"><thead><tr><th>{escape(t("screen.models.sets.class"))}</th><th></th><th></th></tr></thead>{rows}</table>'
    )


def _covered(code: str, confidence: float, g: Mapping) -> str:
    values = {k: counted(g[k]) for k in ("value", "low", "high")}
    return t(code, confidence=percent(confidence), size=f"{g['mean_size']:.2f}", **values)


def _class_row(name: str, g: Mapping) -> str:
    absent = name.startswith("not ")
    label = t("screen.models.sets.absent", label=name[4:]) if absent else t(f"label.{name}")
    if g.get("value") is None:
        told = t("screen.models.suppressed", least=20)
        return f'<tr><th scope="row">{escape(capital(label))}</th><td colspan="2" class="none">{escape(told)}</td></tr>'
    return (
        f'<tr><th scope="row">{escape(capital(label))}</th><td class="num">{escape(figure_words(g))}</td>'
        f'<td class="num">n {g["n"]:,}</td></tr>'
    )


def _figure(x: str, y: str) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        hovermode="closest",
    )
    figure.update_xaxes(title=capital(x))
    figure.update_yaxes(title=capital(y))
    return figure

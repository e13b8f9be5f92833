"""Calibration, decision curves and prediction sets of a model, drawn and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import plotly.graph_objects as go
import streamlit as st

from mmcore.cards.read import Card
from mmcore.cards.report import Report, count, number, part
from pages.ui.models.report import interval, number_in, parts
from pages.ui.models.words import figure_words
from pages.ui.shell.template import show
from pages.ui.shell.text import capital, counted, heading, listed, percent, t

BLUE, ORANGE = "#3b8fd0", "#d9822b"  # told apart by everyone (after Okabe and Ito)
GREY = "#8993a0"
HEIGHT = 330
Curve: TypeAlias = Mapping[str, Sequence[float]]  # thresholds, model, low, high, treat_all, treat_none


@dataclass(frozen=True)
class Bin:
    """Cases of like stated probability: its mean, the share in which the label was there, and how many they are."""

    stated: float
    observed: float
    n: int


@dataclass(frozen=True)
class _Class:
    """How often the sets hold a class, in words; n: None where too few patients have it."""

    name: str
    words: str
    n: int | None


def draw(card: Card) -> None:
    """Three columns: are the probabilities kept, does acting on them help, do the sets keep the truth."""
    kept, use, sets = st.columns(3, gap="medium")
    with kept:
        show("shell/part", words=heading("screen.models.reliability.title"))
        _calibration(card)
    with use:
        show("shell/part", words=heading("screen.models.decision.title"))
        _decision(card)
    with sets:
        show("shell/part", words=heading("screen.models.sets.title"))
        _sets(card)


def _calibration(card: Card) -> None:
    found = part(card.test, "calibration")
    if not found.get("reliability"):
        show("models/line", words=t("screen.models.no_figures"))
        return
    name, of = t("screen.models.reliability.top"), found
    if by_label := part(found, "by_label"):
        label = _chosen(tuple(by_label), f"card_reliability_{card.task}")
        name, of = t(f"label.{label}"), part(by_label, label)
    rows = parts(of, "reliability")
    bins = [Bin(number(b, "stated"), number(b, "observed"), count(b, "n")) for b in rows]
    st.plotly_chart(
        reliability_diagram(name, bins), key=f"reliability_{card.task}", config={"displayModeBar": False}
    )
    show(
        "models/calibration",
        lead=_error_words(found),
        subsets=subsets_words(found),
        alternative=_pairs(name, bins),
    )


def _error_words(found: Report) -> str:
    """The calibration error beside what a calibrated model would have, and the Brier score."""
    error, expected = interval(found, "expected_calibration_error"), part(found, "expected_if_calibrated")
    if error is None:
        return t("screen.models.no_figures")
    values = {k: f"{v:.3f}" for k, v in vars(error).items()}
    values |= {f"expected_{k}": f"{number(expected, k):.3f}" for k in ("low", "high")}
    return t("screen.models.reliability.lead", brier=figure_words(interval(found, "brier_score")), **values)


def subsets_words(found: Report) -> str:
    """How many sets of inputs are as close as a calibrated model would be."""
    judged, share = number_in(found, "subsets_judged"), number_in(found, "share_within")
    if judged is None:
        return ""
    if not judged or share is None:
        return t("screen.models.reliability.subsets_none", least=50)
    return t("screen.models.reliability.subsets", within=round(share * judged), judged=judged, least=50)


def _pairs(name: str, bins: Sequence[Bin]) -> str:
    """The diagram in words, for who cannot see it."""
    pairs = [
        t("screen.models.reliability.pair", stated=percent(b.stated), observed=counted(b.observed))
        for b in bins
    ]
    return f"{capital(name)}. {t('screen.models.reliability.alt', pairs=listed(pairs))}"


def reliability_diagram(name: str, bins: Sequence[Bin]) -> go.Figure:
    """Observed share over stated probability; a dot's area tells how many cases it stands for."""
    figure = _figure(t("screen.models.reliability.stated"), t("screen.models.reliability.observed"))
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dot", "width": 1},
        name=t("screen.models.reliability.perfect"), hoverinfo="skip",
    )  # fmt: skip
    most = max(b.n for b in bins)
    figure.add_scatter(
        x=[b.stated for b in bins], y=[b.observed for b in bins], name=capital(name),
        mode="lines+markers", line={"color": BLUE, "width": 1.5},
        marker={"size": [6 + 6 * (b.n / most) ** 0.5 for b in bins]}, cliponaxis=False,
    )  # fmt: skip
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure


def _decision(card: Card) -> None:
    curves = part(card.test, "decision_curves")
    if not curves:
        show("models/line", words=t("screen.models.decision.missing"))
        return
    label = _chosen(tuple(curves), f"card_curve_{card.task}")
    curve = _curve(part(curves, label))
    st.plotly_chart(decision_diagram(curve), key=f"decision_{card.task}", config={"displayModeBar": False})
    lead = t("screen.models.decision.lead")
    show("models/line", words=f"{lead} {range_words(label, curve)}")


def _curve(found: Report) -> Curve:
    """The numbers of a stored decision curve."""
    rows = {name: row for name, row in found.items() if isinstance(row, Sequence)}
    return {name: [v for v in row if isinstance(v, int | float)] for name, row in rows.items()}


def _chosen(labels: tuple[str, ...], key: str) -> str:
    """The label that the reader asks for; the only one unasked."""
    if len(labels) == 1:
        return labels[0]
    name = t("screen.models.decision.label")
    return st.selectbox(
        name, labels, format_func=lambda k: heading(f"label.{k}"), key=key, label_visibility="collapsed"
    )


def useful_range(curve: Curve) -> tuple[float, float] | None:
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


def range_words(label: str, curve: Curve) -> str:
    """Where the model helps, in words."""
    found = useful_range(curve)
    if found is None:
        return t("screen.models.decision.never", label=label)
    return t("screen.models.decision.better", label=label, low=percent(found[0]), high=percent(found[1]))


def decision_diagram(curve: Curve) -> go.Figure:
    """Net benefit over thresholds: the model with its interval, acting on all, acting on none."""
    figure = _figure(t("screen.models.decision.threshold"), t("screen.models.decision.benefit"))
    x = curve["thresholds"]
    figure.add_scatter(
        x=[*x, *reversed(x)], y=[*curve["high"], *reversed(curve["low"])], fill="toself", mode="lines",
        line={"width": 0}, fillcolor="rgba(59,143,208,0.18)", hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    for name, values, colour, dash in (
        ("model", curve["model"], BLUE, "solid"),
        ("all", curve["treat_all"], ORANGE, "dash"),
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


def _sets(card: Card) -> None:
    found = part(card.test, "prediction_sets")
    span, coverage = part(found, "interval"), number_in(found, "coverage")
    if not span or coverage is None:
        show("models/line", words=t("screen.models.sets.missing"))
        return
    exclusive = card.structure is None or card.structure.exclusive
    lead = "screen.models.sets.lead" if exclusive else "screen.models.sets.lead_states"
    told = [_covered(lead, number(found, "confidence"), {**found, **span, "value": coverage})]
    at, by_class = part(found, "at"), part(found, "by_class")
    told += [_covered("screen.models.sets.at", float(c), part(at, c)) for c in at]
    show("models/sets", told=told, classes=[_class(name, part(by_class, name)) for name in by_class])


def _covered(code: str, confidence: float, found: Report) -> str:
    values = {k: counted(number(found, k)) for k in ("value", "low", "high")}
    return t(code, confidence=percent(confidence), size=f"{number(found, 'mean_size'):.2f}", **values)


def _class(name: str, found: Report) -> _Class:
    absent = name.startswith("not ")
    label = heading("screen.models.sets.absent", label=name[4:]) if absent else heading(f"label.{name}")
    figure = interval(found)
    if figure is None:
        return _Class(label, t("screen.models.suppressed", least=20), None)
    return _Class(label, figure_words(figure), count(found, "n"))


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

"""Can I believe this? The tests of each explanation on the case at hand: begun after the answer, shown when they are done."""

from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from mmcore.domain.case import Case
from mmcore.domain.errors import MmcoreError
from mmcore.domain.review import Review
from pages.ui.shell import resources, state
from pages.ui.shell.template import show
from pages.ui.shell.text import heading, signed, t, told

if TYPE_CHECKING:  # torch comes with them, plotly takes its time
    from plotly.graph_objects import Figure

    from mmcore.explain.checks import Badge
    from mmcore.explain.deletion import Trial
    from mmcore.prediction.engine import Engine

MARKS = {"green": "✓", "amber": "~", "grey": "✕"}  # a shape beside the colour, for those who do not see it
BLUE, ORANGE, SOFT = "#56a8ea", "#f0a03c", "#8d98a6"
CURVE_HEIGHT = 250


@dataclass(frozen=True)
class _Tests:
    """Tests that were begun, and what they depend on."""

    wanted: tuple[object, ...]
    work: "Future[tuple[Badge, ...]]"


def doubts(key: str, review: Review) -> dict[str, str]:
    """modality -> why its explanation is greyed out, as far as the tests have come."""
    begun = state.memory(key).get("badges")
    if not isinstance(begun, _Tests) or begun.wanted != _wanted(review) or not _succeeded(begun.work):
        return {}
    return {
        b.modality.value: t("screen.believe.greyed", reason=told(b.reasons[0]))
        for b in begun.work.result()
        if b.colour == "grey"
    }


def _succeeded(work: "Future[tuple[Badge, ...]]") -> bool:
    return work.done() and not work.cancelled() and work.exception() is None


def draw(engine: "Engine", key: str, case: Case, review: Review, told_above: dict[str, str]) -> None:
    """The badges with their curves, or that they are on the way. told_above: the doubts that the rest of the screen shows."""
    if not review.attributions and not review.failed:
        show("shell/line", kind="quiet", words=t("screen.believe.nothing"))
        return
    work = _tests(engine, key, case, review)
    if work.done():
        if doubts(key, review) != told_above:
            st.rerun()
        _draw_result(work, key)
    else:
        _draw_while_testing(work)


def _wanted(review: Review) -> tuple[object, ...]:
    """What the tests depend on: contents, contrast and the modalities that count; never the prior."""
    case, prediction = review.case, review.prediction
    present = tuple(m for m, e in prediction.evidence.items() if e is not None)
    return case.note, tuple(sorted(case.values.items())), prediction.contrast, present


def _tests(engine: "Engine", key: str, case: Case, review: Review) -> "Future[tuple[Badge, ...]]":
    """The tests of this case, begun once; they run apart from the session and touch nothing of it but the case's memory."""
    from mmcore.explain.checks import badges

    memory, wanted = state.memory(key), _wanted(review)
    begun = memory.get("badges")
    if not isinstance(begun, _Tests) or begun.wanted != wanted or begun.work.cancelled():
        work = partial(badges, engine, case, review.prediction.contrast, memory)
        begun = _Tests(wanted, state.in_background(resources.worker().submit(work), "badges"))
        memory["badges"] = begun
    return begun.work


@st.fragment(run_every=1.0)
def _draw_while_testing(work: "Future[tuple[Badge, ...]]") -> None:
    if work.done():
        st.rerun(scope="app")
    show("shell/line", kind="quiet", role="status", words=f"{t('screen.believe.waiting')} …")


def _draw_result(work: "Future[tuple[Badge, ...]]", key: str) -> None:
    try:
        found = work.result()
    except MmcoreError as error:
        show("shell/line", kind="warning", words=t("screen.believe.failed", reason=told(error)))
        return
    show("shell/line", kind="quiet", words=t("screen.believe.lead"))
    for column, badge in zip(st.columns(len(found), gap="medium"), found, strict=True):
        with column:
            show("review/badge", badge=badge, mark=MARKS[badge.colour])
            with st.expander(t("screen.believe.curves"), key=f"curves_{badge.modality}_{key}"):
                _draw_curves(badge, key)


def _draw_curves(badge: "Badge", key: str) -> None:
    if badge.trial is None:
        show("shell/line", kind="quiet", words=t("screen.believe.no_test"))
        return
    st.plotly_chart(
        curves(badge.trial),
        key=f"chart_{badge.modality}_{key}",
        config={"displayModeBar": False},
        width="stretch",
    )
    gains = {"gain": signed(badge.trial.deletion_gain), "insertion": signed(badge.trial.insertion_gain)}
    words = heading("screen.believe.alt", modality=badge.modality.value, **gains)
    show("shell/line", kind="quiet", words=words)


def curves(trial: "Trial") -> "Figure":
    """Deletion and insertion, each beside its random orders, as a figure."""
    from plotly import graph_objects as go

    figure = go.Figure()
    for name, colour, random in (
        ("deletion", ORANGE, trial.random_deletion),
        ("insertion", BLUE, trial.random_insertion),
    ):
        for i, one in enumerate(random):
            figure.add_scatter(
                x=trial.shares, y=one, mode="lines", line={"color": colour, "width": 1, "dash": "dot"}, opacity=0.4,
                name=t(f"screen.believe.random_{name}"), legendgroup=f"random_{name}", showlegend=i == 0, hoverinfo="skip",
            )  # fmt: skip
        figure.add_scatter(
            x=trial.shares, y=getattr(trial, name), mode="lines+markers", line={"color": colour, "width": 2.5},
            marker={"symbol": "circle" if name == "deletion" else "diamond", "size": 6}, name=t(f"screen.believe.{name}"),
        )  # fmt: skip
    figure.update_layout(
        height=CURVE_HEIGHT, margin={"l": 0, "r": 0, "t": 4, "b": 0}, paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", font={"size": 11, "color": SOFT}, legend={"orientation": "h", "y": -0.25, "x": 0},
        xaxis={"title": t("screen.believe.axis_share"), "tickformat": ".0%", "gridcolor": "rgba(128,140,155,0.18)"},
        yaxis={"title": t("screen.believe.axis_evidence"), "gridcolor": "rgba(128,140,155,0.18)"},
    )  # fmt: skip
    return figure

"""Can I believe this? The tests of each explanation on the case at hand: begun after the answer, shown when they are done."""

from concurrent.futures import Future
from functools import partial
from html import escape

import streamlit as st

from mmcore.domain.case import Case
from mmcore.domain.errors import MmcoreError
from pages.ui.shell import resources, state
from pages.ui.shell.text import heading, signed, t, told

MARKS = {"green": "✓", "amber": "~", "grey": "✕"}  # a shape beside the colour, for those who do not see it
BLUE, ORANGE, SOFT = "#56a8ea", "#f0a03c", "#8d98a6"
CURVE_HEIGHT = 250


def doubts(key: str, seen) -> dict[str, str]:
    """modality -> why its explanation is greyed out, as far as the tests have come."""
    begun = state.memory(key).get("badges")
    if begun is None or begun[0] != _wanted(seen) or not begun[1].done() or begun[1].cancelled():
        return {}
    if begun[1].exception() is not None:
        return {}
    return {
        b.modality.value: t("screen.believe.greyed", reason=told(b.reasons[0]))
        for b in begun[1].result()
        if b.colour == "grey"
    }


def draw(engine, key: str, case: Case, seen, told_above: dict[str, str]) -> None:
    """The badges with their curves, or that they are on the way. told_above: the doubts that the rest of the screen shows."""
    if not seen.attributions and not seen.failed:
        st.html(f'<div class="quiet">{escape(t("screen.believe.nothing"))}</div>')
        return
    work = _tests(engine, key, case, seen)
    if work.done():
        if doubts(key, seen) != told_above:
            st.rerun()
        _draw_result(work, key)
    else:
        _draw_while_testing(work)


def _wanted(seen) -> tuple:
    """What the tests depend on: contents, contrast and the modalities that count; never the prior."""
    case, prediction = seen.case, seen.prediction
    present = tuple(m for m, e in prediction.evidence.items() if e is not None)
    return case.note, tuple(sorted(case.values.items())), prediction.contrast, present


def _tests(engine, key: str, case: Case, seen) -> Future:
    """The tests of this case, begun once; they run apart from the session and touch nothing of it but the case's memory."""
    from mmcore.explain.checks import badges

    memory, wanted = state.memory(key), _wanted(seen)
    begun = memory.get("badges")
    if begun is None or begun[0] != wanted or begun[1].cancelled():
        work = partial(badges, engine, case, seen.prediction.contrast, memory)
        begun = (wanted, state.in_background(resources.worker().submit(work), "badges"))
        memory["badges"] = begun
    return begun[1]


@st.fragment(run_every=1.0)
def _draw_while_testing(work: Future) -> None:
    if work.done():
        st.rerun(scope="app")
    st.html(f'<div class="quiet" role="status">{escape(t("screen.believe.waiting"))} …</div>')


def _draw_result(work: Future, key: str) -> None:
    try:
        found = work.result()
    except MmcoreError as error:
        st.html(f'<div class="warning">{escape(t("screen.believe.failed", reason=told(error)))}</div>')
        return
    st.html(f'<div class="quiet">{escape(t("screen.believe.lead"))}</div>')
    for column, badge in zip(st.columns(len(found), gap="medium"), found, strict=True):
        with column:
            st.html(badge_html(badge))
            with st.expander(t("screen.believe.curves"), key=f"curves_{badge.modality}_{key}"):
                _draw_curves(badge, key)


def badge_html(badge) -> str:
    """One modality's badge: colour, shape and word, then a sentence for each test, the worst first."""
    name = f'<h2 class="part">{escape(t(f"screen.review.row.{badge.modality}"))}</h2>'
    mark = f'<span class="badge {badge.colour}"><b aria-hidden="true">{MARKS[badge.colour]}</b> {escape(t(f"screen.believe.colour.{badge.colour}"))}</span>'
    reasons = "".join(f"<li>{escape(told(r))}</li>" for r in badge.reasons)
    method = t("screen.believe.method", method=badge.method, passes=badge.passes) if badge.method else ""
    return f'{name}{mark}<ul class="reasons">{reasons}</ul><div class="quiet">{escape(method)}</div>'


def _draw_curves(badge, key: str) -> None:
    if badge.trial is None:
        st.html(f'<div class="quiet">{escape(t("screen.believe.no_test"))}</div>')
        return
    st.plotly_chart(
        curves(badge), key=f"chart_{badge.modality}_{key}", config={"displayModeBar": False}, width="stretch"
    )
    gains = {"gain": signed(badge.trial.deletion_gain), "insertion": signed(badge.trial.insertion_gain)}
    st.html(
        f'<div class="quiet">{escape(heading("screen.believe.alt", modality=badge.modality.value, **gains))}</div>'
    )


def curves(badge):
    """Deletion and insertion, each beside its random orders, as a figure."""
    from plotly import graph_objects as go

    trial, figure = badge.trial, go.Figure()
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

"""The tour: a strip over the real screens that walks a visitor through three cases, each step pointing at one thing."""

from dataclasses import dataclass, field

import streamlit as st

from pages.ui.shell import frame, resources, state
from pages.ui.shell.template import html, show
from pages.ui.shell.text import t

FIRST_CASE = "demo-001"


@dataclass(frozen=True)
class Step:
    """What a step is called in the text table, the screen it stands on with its address, what it frames, the tab it opens."""

    code: str
    screen: str
    frames: str
    address: dict[str, str] = field(default_factory=dict)
    tab: str = ""


STEPS = (
    Step("account", "review", ".st-key-panel_account", {"case": FIRST_CASE}),
    Step("prior", "review", ".st-key-prior_row", {"case": FIRST_CASE}),
    Step("note", "review", "[data-testid='stTabs'] [role='tablist']", {"case": FIRST_CASE}, "note"),
    Step("what_if", "review", "[data-testid='stTabs'] [role='tablist']", {"case": FIRST_CASE}, "what_if"),
    Step("refuses", "teach", ".st-key-panel_reveal", {"case": "lesson-belly"}),
    Step("fooled", "teach", ".st-key-panel_reveal", {"case": "lesson-letter"}),
    Step("end", "worklist", ".st-key-bar"),
)


def draw_button() -> None:
    """The button that begins the tour; without the demonstration cases it says why it cannot."""
    there = FIRST_CASE in resources.store().keys()
    reason = None if there else t("screen.tour.none")
    if st.button(t("screen.tour.start"), key="tour", icon=":material/tour:", disabled=not there, help=reason):
        _go(0)


def draw() -> None:
    """The strip of the step that the visitor is at; nothing outside the tour."""
    place = state.tour()
    if place is None:
        return
    step = STEPS[place]
    outline = "outline: 3px solid var(--warn); outline-offset: 3px; border-radius: 6px;"
    show("shell/style", css=f"{step.frames} {{ {outline} }}")
    seek = st.components.v2.component("tour", html=html("shell/tour_seek"), js=resources.asset("tour.js"))
    opens = t(f"screen.review.tab.{step.tab}") if step.tab else ""
    seek(data={"step": place, "frames": step.frames, "opens": opens}, key="tour_seek", height=1)
    label = t("screen.tour.label", place=place + 1, all=len(STEPS))
    with st.container(key="tour_strip"):
        left, right = st.columns([0.74, 0.26], vertical_alignment="center")
        left.html(html("shell/tour_strip", label=label, code=step.code))
        with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            _draw_ways(place)


def _draw_ways(place: int) -> None:
    if st.button(t("screen.tour.back"), key="tour_back", disabled=place == 0):
        _go(place - 1)
    if place + 1 < len(STEPS) and st.button(t("screen.tour.next"), key="tour_next", type="primary"):
        _go(place + 1)
    if st.button(t("screen.tour.leave"), key="tour_leave", type="tertiary"):
        state.set_tour(None)
        st.rerun()


def _go(place: int) -> None:
    state.set_tour(place)
    step = STEPS[place]
    frame.go(step.screen, **step.address)

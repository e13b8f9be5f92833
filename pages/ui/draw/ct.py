"""CT slices on the screen: window presets, slices, the mark of the nodule, and where the user says it is."""

from html import escape

import numpy as np
import streamlit as st

from mmcore.cases import ct_mark as nodule_marks
from mmcore.domain.case import Scan
from mmcore.domain.prediction import Attribution
from mmcore.domain.scan import CtVolume
from pages.ui.draw import viewer
from pages.ui.shell import state
from pages.ui.shell.text import heading, t

HEIGHT = 380  # pixels of the picture on which the nodule is marked
RING = 0.03  # half the side of the square that shows a mark, as part of the picture


def draw(scan: CtVolume, name: str, attribution: Attribution | None = None, doubt: str = "") -> None:
    """The slices of a CT; the evidence is shown on the marked slice alone, since no other was looked at."""
    number, preset = _controls(scan, name)
    shown = nodule_marks.turned_to(scan, number, preset)
    here = number == scan.mark.slice
    viewer.draw(
        shown, f"{name}_{preset}_{number}", attribution if here else None, None, 420, doubt if here else ""
    )
    words = [heading("screen.viewer.ct_mark", row=f"{scan.mark.row:.0f}", column=f"{scan.mark.column:.0f}")]
    if nodule_marks.slices(scan) > 1:
        slices = {"slice": number + 1, "slices": nodule_marks.slices(scan), "marked": scan.mark.slice + 1}
        words.insert(0, t("screen.viewer.slice_of", **slices))
    st.html(f'<div class="quiet">{escape(" ".join(words))}</div>')


def draw_mark(scan: Scan, name: str) -> tuple[float, float, int]:
    """The slices, on which a click or a box marks the nodule, and a form for those who type: row, column and slice."""
    lead = t("screen.new_case.mark_lead")
    st.html(f'<h2 class="part">{t("screen.new_case.mark")}</h2><div class="quiet">{lead}</div>')
    number, preset = _controls(scan, name)
    _, rows, columns = scan.hounsfield.shape
    row, column = state.of_case(name, "mark", (scan.mark.row, scan.mark.column))
    shown = nodule_marks.turned_to(scan, number, preset)
    y, x = (row + 0.5) / rows, (column + 0.5) / columns
    words = escape(t("screen.viewer.ct_mark", row=f"{row:.0f}", column=f"{column:.0f}"))
    canvas = f'<canvas tabindex="0" role="img" aria-label="{words}"></canvas>'
    html = f'<div class="stage" style="--stage-height:{HEIGHT}px">{canvas}</div>'
    ring = (y - RING, x - RING * rows / columns, y + RING, x + RING * rows / columns)
    picked = viewer.draw_for_painting(shown, f"{name}_{preset}_{number}", [ring], html, hollow=True)
    if picked:
        top, left, bottom, right = picked
        place = (_within((top + bottom) / 2, rows), _within((left + right) / 2, columns))
        if place != (row, column):
            _remember(name, place)
            st.rerun()
    down, across = st.columns(2)
    with down:
        row = _typed("row", name, row, rows)
    with across:
        column = _typed("column", name, column, columns)
    if (row, column) != state.of_case(name, "mark"):
        state.set_of_case(name, "mark", (row, column))
        st.rerun()
    return row, column, number


def _remember(name: str, place: tuple[float, float]) -> None:
    state.set_of_case(name, "mark", place)
    for axis, value in zip(("row", "column"), place, strict=True):
        state.set_widget(f"mark_{axis}_{name}", value)


def _typed(axis: str, name: str, value: float, length: int) -> float:
    key = f"mark_{axis}_{name}"
    if state.widget(key) is None:
        state.set_widget(key, float(round(value, 1)))
    label = f"{t(f'screen.new_case.mark_{axis}')} · 0–{length - 1}"
    return st.number_input(label, 0.0, float(length - 1), step=1.0, key=key)


def _within(share: float, length: int) -> float:
    return float(np.clip(round(share * length - 0.5, 1), 0, length - 1))


def _controls(scan: Scan, name: str) -> tuple[int, str]:
    """The slice from 0 and the window's preset."""
    presets = tuple(nodule_marks.PRESETS)
    left, right = st.columns([0.45, 0.55], vertical_alignment="bottom")
    with left:
        preset = st.segmented_control(
            t("screen.viewer.preset"),
            presets,
            default=presets[0],
            format_func=lambda p: heading(f"screen.viewer.preset_{p}"),
            key=f"ct_window_{name}",
            label_visibility="collapsed",
        )
    slices = nodule_marks.slices(scan)
    if slices < 2:
        return 0, preset or presets[0]
    with right:
        chosen = st.slider(t("screen.viewer.slice"), 1, slices, scan.mark.slice + 1, key=f"ct_slice_{name}")
    return chosen - 1, preset or presets[0]

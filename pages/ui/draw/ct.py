"""CT slices on the screen: window presets, slices, the mark of the nodule, and where the user says it is."""

import numpy as np
import streamlit as st

from mmcore.cases import ct_mark as nodule_marks
from mmcore.domain.prediction import Attribution
from mmcore.domain.scan import CtVolume
from pages.ui.draw import viewer
from pages.ui.shell import state
from pages.ui.shell.template import html, show
from pages.ui.shell.text import heading, t

HEIGHT = 380  # pixels of the picture on which the nodule is marked
RING = 0.03  # half the side of the square that shows a mark, as part of the picture


def draw(scan: CtVolume, name: str, attribution: Attribution | None = None, doubt: str = "") -> None:
    """The slices of a CT; the evidence is shown on the marked slice alone, since no other was looked at."""
    number, preset = _controls(scan, name)
    shown = nodule_marks.turned_to(scan, number, preset)
    mark, slices = scan.mark, len(scan.hounsfield)
    here = number == mark.slice
    viewer.draw(
        shown, f"{name}_{preset}_{number}", attribution if here else None, None, 420, doubt if here else ""
    )
    words = heading("screen.viewer.ct_mark", row=f"{mark.row:.0f}", column=f"{mark.column:.0f}")
    if slices > 1:
        places = {"slice": number + 1, "slices": slices, "marked": mark.slice + 1}
        words = f"{t('screen.viewer.slice_of', **places)} {words}"
    show("shell/line", kind="quiet", words=words)


def draw_mark(scan: CtVolume, name: str) -> tuple[float, float, int]:
    """The slices, on which a click or a box marks the nodule, and a form for those who type: row, column and slice."""
    show("shell/part", words=t("screen.new_case.mark"), below=t("screen.new_case.mark_lead"))
    number, preset = _controls(scan, name)
    mark, (_, rows, columns) = scan.mark, scan.hounsfield.shape
    row, column = state.of_case(name, "mark", (mark.row, mark.column))
    shown = nodule_marks.turned_to(scan, number, preset)
    y, x = (row + 0.5) / rows, (column + 0.5) / columns
    words = t("screen.viewer.ct_mark", row=f"{row:.0f}", column=f"{column:.0f}")
    canvas = html("draw/painting", height=HEIGHT, words=words, how="")
    ring = (y - RING, x - RING * rows / columns, y + RING, x + RING * rows / columns)
    picked = viewer.draw_for_painting(shown, f"{name}_{preset}_{number}", [ring], canvas, hollow=True)
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


def _controls(scan: CtVolume, name: str) -> tuple[int, str]:
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
    mark, slices = scan.mark, len(scan.hounsfield)
    if slices < 2:
        return 0, preset or presets[0]
    with right:
        chosen = st.slider(t("screen.viewer.slice"), 1, slices, mark.slice + 1, key=f"ct_slice_{name}")
    return chosen - 1, preset or presets[0]

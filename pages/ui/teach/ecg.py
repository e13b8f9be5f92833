"""Where a student marks what decided on an ECG: leads and seconds, as frames on the paper."""

from collections.abc import Sequence

import streamlit as st

from mmcore.domain.case import LEADS, Waveform
from pages.ui.draw import ecg
from pages.ui.shell.template import show
from pages.ui.shell.text import t


def draw(waveform: Waveform | None, key: str, marks: Sequence[Sequence[float]]) -> Sequence[Sequence[float]]:
    """The ECG and the form of a mark; the marks that stand, (top, left, bottom, right) in shares of leads and time."""
    if waveform is None:
        ecg.draw(None, key)
        return marks
    above = st.container()
    with st.container(key="ecg_mark", horizontal=True, vertical_alignment="bottom"):
        first, last = st.select_slider(
            t("screen.teach.ask.leads"), LEADS, (LEADS[0], LEADS[0]), key=f"teach_leads_{key}", width=240
        )
        begin, end = st.slider(
            t("screen.teach.ask.seconds"), 0.0, float(ecg.SECONDS), (0.0, 1.0), step=0.1, key=f"teach_seconds_{key}", width=240,
        )  # fmt: skip
        fresh = st.button(t("screen.viewer.mark"), key=f"teach_mark_{key}", disabled=end <= begin)
        cleared = st.button(t("screen.teach.ask.unmark"), key=f"teach_unmark_{key}", type="tertiary")
    if cleared:
        marks = ()
    elif fresh:
        marks = (*marks, framed(first, last, begin, end))
    with above:
        ecg.draw(waveform, f"{key}_ask", marks=marks)
        show("shell/line", kind="quiet", words=t("screen.teach.ask.ecg_how"))
    return marks


def framed(first: str, last: str, begin: float, end: float) -> tuple[float, float, float, float]:
    """The mark of the leads from first to last, in their usual order, and the seconds from begin to end."""
    count = len(LEADS)
    return LEADS.index(first) / count, begin / ecg.SECONDS, (LEADS.index(last) + 1) / count, end / ecg.SECONDS

"""Taking parts of a scan or of a recording away for a what-if: by dragging a rectangle, or by choosing from a list."""

import streamlit as st
from markupsafe import Markup

from mmcore.domain.case import Waveform
from mmcore.domain.scan import Rectangle, Scan
from pages.ui.draw import viewer
from pages.ui.shell import state
from pages.ui.shell.template import html
from pages.ui.shell.text import t

HEIGHT = 250  # pixels of the small picture
ZONES = {  # thirds of the picture's height in each half, for those who do not drag
    (height, side): (i / 3, 0.5 * j, (i + 1) / 3, 0.5 * (j + 1))
    for i, height in enumerate(("upper", "middle", "lower"))
    for j, side in enumerate(("left", "right"))
}


def draw(scan: Scan, key: str, round_: int) -> tuple[Rectangle, ...]:
    """The zones chosen and the rectangles dragged on a small picture of the scan."""
    zones = st.multiselect(
        t("screen.what_if.paint"),
        list(ZONES),
        format_func=zone_words,
        key=f"zones_{key}_{round_}",
        placeholder=t("screen.what_if.choose"),
    )
    dragged: tuple[Rectangle, ...] = state.of_case(key, f"painted_{round_}", ())
    fresh = viewer.draw_for_painting(scan, f"{key}_{round_}", dragged, _picture(len(dragged)))
    if fresh:
        state.set_of_case(key, f"painted_{round_}", (*dragged, tuple(fresh)))
        st.rerun(scope="fragment")
    if dragged:
        st.button(
            t("screen.what_if.paint_last"), key=f"unpaint_{key}", type="tertiary",
            on_click=state.set_of_case, args=(key, f"painted_{round_}", dragged[:-1] or None),
        )  # fmt: skip
    return (*(ZONES[z] for z in zones), *dragged)


def zone_words(zone: tuple[str, str]) -> str:
    """Upper third on the left of the picture."""
    height, side = (t(f"screen.viewer.place.{part}") for part in zone)
    return t("screen.viewer.place.words", height=height, side=side)


def _picture(count: int) -> Markup:
    words = t("screen.what_if.paint_alt", count=count)
    return html("draw/painting", height=HEIGHT, words=words, how=t("screen.what_if.paint_help"))


def draw_leads(
    waveform: Waveform, key: str, round_: int
) -> tuple[tuple[str, ...], tuple[float, float] | None] | None:
    """Leads and a stretch of time to be flat; None where nothing is chosen."""
    leads = st.multiselect(
        t("screen.what_if.blank_leads"), waveform.leads, key=f"leads_{key}_{round_}", placeholder=t("screen.what_if.choose")
    )  # fmt: skip
    length = round(waveform.samples.shape[1] / waveform.rate_hz, 1)
    begin, end = st.slider(
        t("screen.what_if.blank_time"), 0.0, length, (0.0, 0.0), step=0.1, key=f"seconds_{key}_{round_}"
    )
    if not leads and end <= begin:
        return None
    return tuple(leads), (begin, end) if end > begin else None

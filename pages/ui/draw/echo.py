"""A picture or clip that is attached and looked at, and adds nothing: for an echo one frame after the other."""

import streamlit as st

from mmcore.domain.scan import Clip, Scan
from pages.ui.draw import viewer
from pages.ui.shell.template import show
from pages.ui.shell.text import t


@st.fragment
def draw(scan: Scan, key: str) -> None:
    """The picture, or the chosen frame of the clip, with the remark that no model looks at it."""
    show("shell/part", words=t("screen.viewer.attached"))
    if not isinstance(scan, Clip) or len(scan.frames) < 2:
        viewer.draw(scan, key, height=380, frontal=False)
    else:
        frame = st.slider(t("screen.viewer.frame"), 1, len(scan.frames), key=f"frame_{key}")
        viewer.draw(scan.still(frame - 1), f"{key}_{frame}", height=380, frontal=False)
    show("shell/line", kind="quiet", words=t("screen.viewer.adds_nothing"))

"""A picture or clip that is attached and looked at, and adds nothing: for an echo one frame after the other."""

from dataclasses import replace

import numpy as np
import streamlit as st

from mmcore.domain.case import Scan
from pages.ui.draw import viewer
from pages.ui.shell.template import show
from pages.ui.shell.text import t


@st.fragment
def draw(scan: Scan, key: str) -> None:
    """The picture, or the chosen frame of the clip, with the remark that no model looks at it."""
    show("shell/part", words=t("screen.viewer.attached"))
    if scan.frames is None or len(scan.frames) < 2:
        viewer.draw(scan, key, height=380, frontal=False)
    else:
        frame = st.slider(t("screen.viewer.frame"), 1, len(scan.frames), key=f"frame_{key}")
        shown = replace(scan, pixels=scan.frames[frame - 1].astype(np.float32) / 255)
        viewer.draw(shown, f"{key}_{frame}", height=380, frontal=False)
    show("shell/line", kind="quiet", words=t("screen.viewer.adds_nothing"))

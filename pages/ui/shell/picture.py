"""Draws a piece of SVG that this app made; st.html lets none through."""

import streamlit as st

from pages.ui.shell import resources
from pages.ui.shell.template import html


def draw(markup: str, key: str) -> None:
    """Show markup made by this app, in the colours of the page. Never text from outside that was not escaped."""
    mount = st.components.v2.component(
        "picture",
        html=html("shell/mount", id="picture"),
        css=resources.asset("picture.css"),
        js=resources.asset("picture.js"),
    )
    mount(data={"markup": markup}, key=key)

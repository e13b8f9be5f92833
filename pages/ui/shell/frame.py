"""What surrounds every screen: style, the bar at the top, the way to a deep link."""

from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from mmcore.cases import demonstrations
from mmcore.domain.errors import MmcoreError
from mmcore.paths import settings
from mmcore.words import LANGUAGES
from pages.ui.shell import resources, state
from pages.ui.shell.template import html, show
from pages.ui.shell.text import t, told

ICON = "◐"
HOME = "worklist"
NAMES = (HOME, "new_case", "review", "monitor", "teach", "models")
_SWITCH = "button { all: unset; cursor: pointer; font: 13px var(--st-font); color: var(--soft); padding: 4px 6px; } button:focus-visible { outline: 2px solid var(--for); }"
IN_BAR = ("worklist", "new_case", "monitor", "teach", "models")


def screens() -> list[StreamlitPage]:
    """The screens of the app. Home is at the bare address; its name in the address, typed by hand, leads there too."""
    titles = {n: t(f"screen.{n}.title") for n in NAMES}
    home = st.Page(path(HOME), title=titles[HOME], url_path="home", default=True)
    others = [st.Page(path(n), title=titles[n], url_path=n) for n in NAMES if n != HOME]
    return [home, *others, st.Page(_home, title=titles[HOME], url_path=HOME)]


def _home() -> NoReturn:
    go(HOME)


def path(name: str) -> str:
    """The file of a screen, for links."""
    return f"pages/{name}.py"


def go(name: str, **parameters: str) -> NoReturn:
    """Open another screen; the language stays in the address."""
    st.switch_page(path(name), query_params=state.address(**parameters))


def guard(name: str) -> None:
    """Send a visit that did not come through app.py there; it comes back by open_wanted."""
    if not state.entered():
        state.want(name)
        st.switch_page("app.py")


def open_wanted(screen: StreamlitPage) -> None:
    """Open what a deep link asked for, or a case (?case=...), or at first the case that THREEFOLD_OPEN names (worklist: none)."""
    state.enter()
    wanted = state.take_wanted()
    first = state.first_visit()
    if wanted:
        st.switch_page(path(wanted[0]), query_params=wanted[1])
    case = _case_to_open(first) if screen.url_path == "" else None
    if case:
        go("review", case=case)


def _case_to_open(first: bool) -> str | None:
    asked = state.case_key()
    if asked or not first:
        return asked
    chosen = settings().open_first or demonstrations.to_show_first(resources.store())
    return None if chosen == HOME else chosen


def draw() -> None:
    """Style and the bar: name, screens, what this is not for, language, light or dark."""
    show("shell/style", css=resources.asset("style.css"))
    with st.container(horizontal=True, vertical_alignment="center", key="bar", gap="small"):
        st.html(html("shell/brand", icon=ICON), width="content")
        for name in IN_BAR:
            st.page_link(
                path(name), label=t(f"screen.{name}.title"), query_params=state.address(), width="content"
            )
        st.html(html("shell/disclaimer"), width="stretch")
        _language_switch()
        _theme_switch()


def fail(error: MmcoreError) -> NoReturn:
    """Say what went wrong, in words for a clinician, and stop the screen."""
    show("shell/line", kind="refused", role="alert", words=told(error))
    st.page_link(path("worklist"), label=t("screen.review.back"), query_params=state.address())
    st.stop()


def title(words: str, beside: str = "") -> None:
    """The heading of a screen, with a quiet remark beside it."""
    show("shell/title", words=words, beside=beside)


def _language_switch() -> None:
    chosen = st.segmented_control(
        t("app.language"),
        LANGUAGES,
        default=state.language(),
        format_func=lambda code: t(f"language.{code}"),
        key="language_switch",
        label_visibility="collapsed",
        width="content",
        required=True,
    )
    if chosen and chosen != state.language():
        state.choose_language(chosen)
        st.rerun()


def _theme_switch() -> None:
    switch = st.components.v2.component(
        "theme", html=html("shell/theme"), css=_SWITCH, js=resources.asset("theme.js")
    )
    # a tuple: in a list Streamlit looks for data frames, and imports pandas for it (half a second of the first screen)
    data = {"screens": ("", *NAMES), "dark": t("app.dark"), "light": t("app.light")}
    switch(data=data, key="theme", width="content")

"""Worklist: every case, its state and its likeliest label; home."""

import streamlit as st

from mmcore.cases import worklist
from mmcore.tasks import case_tasks
from pages.ui.shell import frame, resources, tour
from pages.ui.shell.template import show
from pages.ui.shell.text import t
from pages.ui.worklist import scoring, table

frame.guard("worklist")

store = resources.store()
with st.container(horizontal=True, vertical_alignment="center", key="head"):
    frame.title(t("screen.worklist.title"), t("screen.worklist.lead"))
    tour.draw_button()
    if st.button(t("screen.worklist.new"), key="new", type="primary", icon=":material/add:"):
        frame.go("new_case")
    if st.button(t("screen.worklist.demonstration"), key="demonstration", icon=":material/play_arrow:"):
        shown = [row.key for row in store.summaries() if row.story.get("demonstration")]
        if shown:
            frame.go("review", case=min(shown))
        st.toast(t("screen.worklist.no_demonstration"))
    with st.popover(t("screen.worklist.folder"), icon=":material/folder:"):
        show("worklist/folder")
        st.code(t("screen.worklist.folder_command"))

with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
    search = st.text_input(
        t("screen.worklist.search"), key="search", placeholder=t("screen.worklist.search_hint"), width=320
    )
    states = st.segmented_control(
        t("screen.worklist.column.state"),
        ("new", "reviewed", "overridden"),
        format_func=lambda s: t(f"state.{s}"),
        selection_mode="multi",
        key="states",
        width="content",
    )
    tasks = st.multiselect(
        t("screen.worklist.column.question"),
        tuple(case_tasks()),
        format_func=lambda name: t(f"task.{name}"),
        key="tasks",
        placeholder=t("screen.worklist.all"),
        width=260,
    )
    flagged = st.checkbox(t("screen.worklist.flagged"), key="flagged")
    scoring.draw_estimate_setting("estimate")

rows = worklist.worklist(
    store, search=search, states=states, tasks=tasks, flagged=flagged, title=table.title_of
)
if rows:
    opened = table.draw(rows)
    if opened:
        frame.go("review", case=opened)
    scoring.score(rows)
else:
    show("shell/line", kind="panel", words=t("screen.worklist.empty"))

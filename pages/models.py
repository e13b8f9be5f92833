"""Models: what each shipped model is for and how it did, one card a task, calm at first sight."""

import streamlit as st

from pages.ui.models import checks as card_checks
from pages.ui.models import fusions as card_fusions
from pages.ui.models import groups as card_groups
from pages.ui.models import head as card_head
from pages.ui.models import structure as card_structure
from pages.ui.models import text as card_text
from pages.ui.models import trust as card_trust
from pages.ui.shell import frame, resources, state
from pages.ui.shell.template import show
from pages.ui.shell.text import t

TABS = {
    "groups": card_groups.draw,
    "trust": card_trust.draw,
    "fusions": card_fusions.draw,
    "checks": card_checks.draw,
    "structure": card_structure.draw,
}

frame.guard("models")

show("shell/style", css=resources.asset("models.css"))
found = {card.task: card for card in reversed(resources.cards())}  # the newest of each task stays
with st.container(horizontal=True, vertical_alignment="center", key="models_head"):
    frame.title(t("screen.models.title"), t("screen.models.lead"))
    if len(found) > 1:
        asked = state.asked_task()
        name: str | None = st.segmented_control(
            t("screen.models.question"),
            tuple(sorted(found)),
            default=asked if asked in found else min(found),
            format_func=lambda n: t(f"task.{n}"),
            key="model_task",
            label_visibility="collapsed",
            width="content",
            required=True,
        )
    else:
        name = next(iter(found), None)

if name is None:
    show("shell/line", kind="panel", words=t("screen.models.none"))
    st.stop()

card = found[name]
card_head.draw(card)
empty = {"fusions": not card_fusions.applies(card), "structure": card.structure is None}
shown = {n: draw for n, draw in TABS.items() if not empty.get(n)}
tabs = st.tabs([t(f"screen.models.tab.{n}") for n in (*shown, "card")], key=f"card_tabs_{name}")
for tab, draw in zip(tabs, shown.values(), strict=False):
    with tab:
        draw(card)
with tabs[-1]:
    card_text.draw(card)

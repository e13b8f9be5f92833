"""Models: the card of each shipped model, as training wrote it."""

import streamlit as st

from mmcore.services import cards
from pages.ui import frame
from pages.ui.text import t

frame.guard("models")

frame.title(t("screen.models.title"), t("screen.models.lead"))
found = cards.all_cards()
if not found:
    st.html(f'<div class="panel quiet">{t("screen.models.none")}</div>')
for card in found:
    with st.container(key=f"panel_{card.task}_{card.version.replace('.', '_')}"):
        st.html(f'<h2 class="part">{t(f"task.{card.task}")} · {card.version}</h2>')
        st.markdown(card.text or t("screen.models.no_card"))

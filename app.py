"""Page configuration and navigation of the dashboard; nothing else."""

import streamlit as st

from pages.ui.shell import frame, tour

st.set_page_config(
    page_title="Threefold", page_icon=frame.ICON, layout="wide", initial_sidebar_state="collapsed"
)
screen = st.navigation(frame.screens(), position="hidden")
frame.open_wanted(screen)
frame.draw()
tour.draw()
screen.run()

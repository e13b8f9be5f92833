"""Monitor: a ward of stays watched hour by hour; the risk, what moved it, the alerts."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from mmcore.domain.errors import MmcoreError
from mmcore.monitor import ward
from pages.ui.monitor import alerts as ward_alerts
from pages.ui.monitor import bed as one_bed
from pages.ui.monitor import beds as ward_beds
from pages.ui.monitor import replay
from pages.ui.shell import frame, resources
from pages.ui.shell.template import show
from pages.ui.shell.text import t

COLUMNS = (0.36, 0.64)

frame.guard("monitor")
show("shell/style", css=resources.asset("ward.css"))

task = replay.chosen_task()
store, name, last_hour = resources.alerts(), ward.ward_name(task), task.stream.horizon_hours
try:
    with st.spinner(t("screen.monitor.opening")):
        stored, beds = resources.stream(task.name), replay.beds(task, ward.settings_of(store, name))
except MmcoreError as error:
    frame.title(t("screen.monitor.title"))
    frame.fail(error)


@st.fragment(run_every=replay.STEP_SECONDS if replay.playing() else None)
def watch() -> None:
    """The ward at its present hour; while the replay plays, drawn again at each step."""
    before, was_playing = ward.settings_of(store, name), replay.playing()
    settings = replace(before, bed=shown_bed(before).key)
    settings = replay.draw(replay.advanced(settings, last_hour), store, name, last_hour)
    left, right = st.columns(COLUMNS, gap="medium")
    with left:
        settings, alerts, chosen = draw_ward(settings)
    if settings != before:
        ward.keep(store, name, settings)
    if chosen:
        ward.keep(store, name, replace(settings, bed=chosen))
        st.rerun()
    with right:
        consent = one_bed.draw(stored, task, shown_bed(settings), settings, alerts)
    if consent:
        ward.keep(store, name, ward.with_consent(settings, settings.bed))
    if consent or (was_playing and not replay.playing()):
        st.rerun()


def shown_bed(settings: ward.WardSettings) -> ward.Bed:
    """The bed that is looked at, the first where it is none of the ward."""
    return next((b for b in beds if b.key == settings.bed), beds[0])


def draw_ward(settings: ward.WardSettings) -> tuple[ward.WardSettings, Sequence[ward.Alert], str | None]:
    """Beds above alerts: the settings as chosen, the alerts, and the bed to show next where anything was pressed."""
    above, below = st.container(), st.container(key="panel_alerts")
    with below:
        settings = replace(settings, threshold=ward_alerts.draw_threshold(stored, settings))
        settings = ward.bring_up_to(store, name, beds, settings)
        alerts = store.alerts(name)
        names = {bed.key: ward_beds.bed_name(bed) for bed in beds}
        pressed = ward_alerts.draw_list(store, alerts, settings, names)
    standing = {a.stay: a for a in reversed(alerts) if a.cleared_hour is None}
    with above:
        clicked = ward_beds.draw(beds, task, settings, standing)
    return settings, alerts, clicked or (settings.bed if pressed else None)


frame.title(t("screen.monitor.title"), t("screen.monitor.lead", count=len(beds)))
if beds:
    watch()
else:
    show("shell/line", kind="panel", words=t("screen.monitor.empty"))

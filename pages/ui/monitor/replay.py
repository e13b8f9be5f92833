"""The replay's task and clock: play, pause, speed, a slider for the hour; and the beds of this session."""

import time
from dataclasses import replace

import streamlit as st

from mmcore import paths
from mmcore.domain.task import StreamTask
from mmcore.monitor import ward
from mmcore.monitor.ward import Bed, WardSettings
from mmcore.tasks import stream_tasks
from pages.ui.shell import resources, state
from pages.ui.shell.text import t

SPEEDS = (1, 2, 4)  # hours of the ward in a step
STEP_SECONDS = 2.0
_KEY = "ward"


def chosen_task() -> StreamTask:
    """The task that is watched: the only one, or the one chosen on the screen, at first that of the address."""
    tasks = stream_tasks()
    asked = state.asked_task()
    first = asked if asked in tasks else next(iter(tasks))
    if len(tasks) == 1:
        return tasks[first]
    chosen = st.segmented_control(
        t("screen.models.question"), tuple(tasks), default=first, format_func=lambda n: t(f"task.{n}"),
        key="ward_task", label_visibility="collapsed", width="content", required=True,
    )  # fmt: skip
    return tasks[chosen]


def beds(task: StreamTask, settings: WardSettings) -> tuple[Bed, ...]:
    """The ward's beds; those of patients are kept by this session only."""
    if paths.settings().ward is None:
        return resources.synthetic_beds(task.name, tuple(sorted(settings.agreed)))
    kept = state.memory("ward:beds")
    found = kept.get(task.name)
    if not isinstance(found, tuple):
        found = kept[task.name] = ward.open_ward(resources.stream(task.name))
    return found


def playing() -> bool:
    """Whether the clock runs in this session."""
    return bool(state.of_case(_KEY, "playing", False))


def advanced(settings: WardSettings, last_hour: float) -> WardSettings:
    """The settings one step on, if the clock runs and a step is due; at the last hour the clock stops."""
    now = time.monotonic()
    if not playing() or now - state.of_case(_KEY, "stepped", 0.0) < 0.8 * STEP_SECONDS:
        return settings
    state.set_of_case(_KEY, "stepped", now)
    hour = min(settings.hour + state.of_case(_KEY, "speed", 1), last_hour)
    if hour >= last_hour:
        state.set_of_case(_KEY, "playing", None)
    return replace(settings, hour=hour)


def draw(settings: WardSettings, store: ward.AlertStore, name: str, last_hour: float) -> WardSettings:
    """The controls; returns the settings as chosen."""
    with st.container(horizontal=True, vertical_alignment="center", key="ward_controls", gap="small"):
        label = "pause" if playing() else "play"
        icon = ":material/pause:" if playing() else ":material/play_arrow:"
        if st.button(
            t(f"screen.monitor.{label}"), key=f"ward_{label}", icon=icon, disabled=settings.hour >= last_hour
        ):
            state.set_of_case(_KEY, "playing", not playing() or None)
            state.set_of_case(_KEY, "stepped", time.monotonic())
            st.rerun()
        if st.button(t("screen.monitor.restart"), key="ward_restart", icon=":material/replay:"):
            ward.keep(store, name, ward.restart(store, name, settings))
            st.rerun()
        speed = st.segmented_control(
            t("screen.monitor.speed"), SPEEDS, default=state.of_case(_KEY, "speed", 1), key="ward_speed",
            format_func=lambda s: t("screen.monitor.hours_a_step", hours=s), label_visibility="collapsed", required=True,
        )  # fmt: skip
        state.set_of_case(_KEY, "speed", speed or 1)
        hour = st.slider(
            t("screen.monitor.hour"), 0, int(last_hour), int(settings.hour), key=f"ward_hour_{int(settings.hour)}",
            format=t("screen.monitor.hour_format"), label_visibility="collapsed",
        )  # fmt: skip
    return settings if hour == int(settings.hour) else replace(settings, hour=float(hour))

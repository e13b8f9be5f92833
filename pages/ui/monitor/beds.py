"""The beds of the ward: one card each with the risk now, its line, NEWS2 and what stands; a click shows the bed."""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from mmcore.domain.stream import Stay
from mmcore.domain.task import Task
from mmcore.monitor.ward import Alert, Bed, WardSettings
from pages.ui.monitor.charts import spark
from pages.ui.shell.text import heading, listed, number, percent, t

COLUMNS = 2


def draw(beds: Sequence[Bed], task: Task, settings: WardSettings, alerts: Mapping[str, Alert]) -> str | None:
    """The cards, the open alerts' beds first on the eye by colour; returns the bed that was clicked."""
    clicked = None
    hour = int(settings.hour)
    for start in range(0, len(beds), COLUMNS):
        for column, bed in zip(st.columns(COLUMNS, gap="small"), beds[start : start + COLUMNS], strict=False):
            standing = alerts.get(bed.key)
            state = standing.state(settings.hour) if standing else "calm"
            with (
                column,
                st.container(key=f"bed_{bed.key}_{state}{'_shown' if bed.key == settings.bed else ''}"),
            ):
                st.html(_card(bed, task, hour, settings.threshold, state))
                if st.button(
                    t("screen.monitor.show", bed=bed_name(bed)), key=f"show_{bed.key}", width="stretch"
                ):
                    clicked = bed.key
    return clicked


def bed_name(bed: Bed) -> str:
    """Bed 3 of the made-up ward; of a real stay its key."""
    return t("screen.monitor.bed", number=bed.key.removeprefix("bed-")) if bed.synthetic else bed.key


def who(stay: Stay, task: Task) -> str:
    """Age, sex and kind of unit, as far as they are known."""
    known = admission(stay, task)
    parts = [t("screen.monitor.years", age=number(known["Age"]))] if "Age" in known else []
    if "Gender" in known:
        parts.append(t(f"choice.Gender.{task.field('Gender').choices[int(known['Gender'])]}"))
    if "ICUType" in known:
        parts.append(t(f"choice.ICUType.{int(known['ICUType'])}"))
    return listed(parts)


def admission(stay: Stay, task: Task) -> dict[str, float]:
    """field -> first value of the admission facts."""
    found: dict[str, float] = {}
    for place, value in zip(stay.parameters.tolist(), stay.values.tolist(), strict=True):
        name = task.fields[place].name
        if name in task.stream.admission:
            found.setdefault(name, value)
    return found


def _card(bed: Bed, task: Task, hour: int, threshold: float | None, state: str) -> str:
    risk, warning = bed.risks[hour], bed.warnings[hour]
    chance = percent(risk.probability) if risk else t("screen.monitor.no_risk")
    silent = bool(risk) and any(n.code == "stream_silent" for n in risk.notices)
    chips = ""
    if state != "calm":
        tone = "alert" if state == "open" else ""
        chips = f'<span class="chip {tone}">{escape(t(f"screen.monitor.state.{state}"))}</span>'
    if silent:
        chips += f'<span class="chip warn">{escape(t("screen.monitor.silent_chip"))}</span>'
    return (
        f'<div class="bed"><div class="bed-head"><b>{escape(bed_name(bed))}</b><span class="chips">{chips}</span>'
        f'<span class="chance">{chance}</span></div>'
        f"{spark(bed.risks, hour, threshold)}"
        f'<div class="bed-foot"><span class="quiet">{escape(heading("screen.monitor.who", who=who(bed.stay, task)))}</span>'
        f'<span class="chip">NEWS2 {news2_words(warning)}</span></div></div>'
    )


def news2_words(warning) -> str:
    """7, or at least 7 where a sign was not measured, or a dash where none was."""
    if not warning.points:
        return "–"
    return t("screen.monitor.at_least", points=warning.total) if warning.unknown else str(warning.total)

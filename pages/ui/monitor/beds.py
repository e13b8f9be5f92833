"""The beds of the ward: one card each with the risk now, its line, NEWS2 and what stands; a click shows the bed."""

from collections.abc import Mapping, Sequence

import streamlit as st

from mmcore.domain.stream import Stay
from mmcore.domain.task import StreamTask
from mmcore.guidelines.news2 import News2
from mmcore.monitor.ward import Alert, Bed, WardSettings
from pages.ui.monitor.charts import spark
from pages.ui.shell.template import show
from pages.ui.shell.text import listed, number, percent, t

COLUMNS = 2


def draw(
    beds: Sequence[Bed], task: StreamTask, settings: WardSettings, alerts: Mapping[str, Alert]
) -> str | None:
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
                _draw_card(bed, task, hour, settings.threshold, state)
                if st.button(
                    t("screen.monitor.show", bed=bed_name(bed)), key=f"show_{bed.key}", width="stretch"
                ):
                    clicked = bed.key
    return clicked


def bed_name(bed: Bed) -> str:
    """Bed 3 of the made-up ward; of a real stay its key."""
    return t("screen.monitor.bed", number=bed.key.removeprefix("bed-")) if bed.synthetic else bed.key


def who(stay: Stay, task: StreamTask) -> str:
    """Age, sex and kind of unit, as far as they are known."""
    known, parts = admission(stay, task), []
    for item in task.fields:
        value = known.get(item.name)
        if value is None:
            continue
        if "age_years" in (item.name, *item.aliases):
            parts.append(t("screen.monitor.years", age=number(value)))
        elif item.kind == "choice":
            parts.append(t(f"choice.{item.name}.{item.choices[int(value)]}"))
        elif item.name == task.columns.unit:
            parts.append(t(f"choice.{item.name}.{int(value)}"))
    return listed(parts)


def admission(stay: Stay, task: StreamTask) -> dict[str, float]:
    """field -> first value of the admission facts."""
    found: dict[str, float] = {}
    for place, value in zip(stay.parameters.tolist(), stay.values.tolist(), strict=True):
        name = task.fields[place].name
        if name in task.stream.admission:
            found.setdefault(name, value)
    return found


def _draw_card(bed: Bed, task: StreamTask, hour: int, threshold: float | None, state: str) -> None:
    risk = bed.risks[hour]
    show(
        "monitor/bed",
        name=bed_name(bed),
        state=state,
        silent=risk is not None and any(n.code == "stream_silent" for n in risk.notices),
        chance=percent(risk.probability) if risk else t("screen.monitor.no_risk"),
        spark=spark(bed.risks, hour, threshold),
        who=who(bed.stay, task),
        news2=news2_words(bed.warnings[hour]) if task.signs else None,
    )


def news2_words(warning: News2) -> str:
    """7, or at least 7 where a sign was not measured, or a dash where none was."""
    if not warning.points:
        return "–"
    return t("screen.monitor.at_least", points=warning.total) if warning.unknown else str(warning.total)

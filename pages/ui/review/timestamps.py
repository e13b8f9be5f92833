"""When the evidence of a case was made: typed or corrected on New case, and how far apart it is on Review."""

from collections.abc import Mapping

import streamlit as st

from mmcore.domain.case import Case
from mmcore.domain.errors import MmcoreError
from mmcore.domain.review import Review
from mmcore.domain.task import CaseTask
from mmcore.domain.timestamp import Gap, Timestamp
from mmcore.gates.recency import Age, ages_of, in_units, time_notices, typed_timestamp, with_times
from mmcore.tasks import case_task
from pages.ui.new_case import upload
from pages.ui.review import gates
from pages.ui.shell import state
from pages.ui.shell.template import html, show
from pages.ui.shell.text import capital, heading, listed, t, told


def draw_form(case: Case, task: CaseTask) -> Case:
    """A place to type when each input was made, what files say shown in it; the case with these times."""
    present = [m for m in task.accepted if m in case.given]
    if not present:
        return case
    show("shell/part", words=t("screen.times.title"), below=t("screen.times.lead"))
    typed: dict[str, Timestamp | None] = {}
    for column, modality in zip(st.columns(len(present), gap="small"), present, strict=True):
        known = case.time_of(modality)
        hint = written(known) if known else t("screen.times.unknown")
        with column:
            text = st.text_input(
                heading(f"screen.review.row.{modality}"),
                key=f"new_time_{modality}_{state.new_round()}",
                placeholder=hint,
            )
            typed |= _read(modality, text)
    dated = with_times(case, typed)
    upload.draw_warnings(time_notices(task, dated, {}))
    return dated


def _read(modality: str, text: str) -> Mapping[str, Timestamp | None]:
    """What was typed for a modality; nothing where nothing was, or where it is no time, which is said."""
    if not text.strip():
        return {}
    try:
        return {modality: typed_timestamp(text)}
    except MmcoreError as error:
        show("shell/line", kind="refused", role="alert", words=told(error))
        return {}


def draw_apart(review: Review, key: str) -> None:
    """How far apart the modalities of a case are, in one line, and the buttons for those that are out of date."""
    ages = ages_of(case_task(review.case.task), review.case)
    if len(ages) < 2:
        return
    speaking = {m for m, e in review.prediction.evidence.items() if e is not None}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="apart_row"):
        st.html(html("shell/line", kind="quiet", words=apart_words(ages)), width="stretch")
        gates.draw_leaving(review.case, {a.modality for a in ages if a.old and a.modality in speaking}, key)


def apart_words(ages: tuple[Age, ...]) -> str:
    """Newest: note (2026-06-11 08:30). Scan 50 min earlier, vitals 5 days earlier. What is not known is said to be."""
    unknown = listed(t(f"modality.{a.modality}") for a in ages if a.timestamp is None)
    newest = next((a for a in ages if a.modality == a.newest), None)
    if newest is None:
        return heading("screen.times.none_known", names=unknown)
    when = heading("screen.times.newest", modality=newest.modality, when=written(newest.timestamp))
    not_known = heading("screen.times.not_known", names=unknown) if unknown else ""
    return " ".join(filter(None, (when, _others(ages), not_known)))


def _others(ages: tuple[Age, ...]) -> str:
    earlier = listed(_earlier(a.modality, a.gap) for a in ages if a.gap is not None)
    return capital(earlier) + t("number.stop") if earlier else ""


def _earlier(modality: str, gap: Gap) -> str:
    number, unit = in_units(gap)
    if number == 0:
        return t("screen.times.same_minute" if gap.exact else "screen.times.same_day", modality=modality)
    return t("screen.times.earlier", modality=modality, gap=number, gap_unit=unit)


def written(timestamp: Timestamp | None) -> str:
    """2026-06-11 08:30, or the day alone."""
    return timestamp.iso.replace("T", " ") if timestamp else ""

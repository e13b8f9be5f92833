"""How far apart the evidence of one case is in time, what of it is older than the question tolerates, and what was left out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mmcore.domain.case import Case
from mmcore.domain.errors import OutOfRangeError
from mmcore.domain.notice import Notice
from mmcore.domain.task import CaseTask, Modality
from mmcore.domain.timestamp import Gap, Timestamp, gap_between
from mmcore.intake.timestamps import plausible, read_timestamp

IN_HOURS = 72  # up to here a distance is told in hours, above in days; judgement: this project's
UNKNOWN_WORDS = ("?", "-")


@dataclass(frozen=True)
class Age:
    """When one modality was made. gap: how much older it is than the newest one; None where either is not known, or for the
    newest itself. limit_hours: what the question tolerates; None: it does not go out of date."""

    modality: str
    timestamp: Timestamp | None
    gap: Gap | None
    newest: str | None
    limit_hours: float | None

    @property
    def old(self) -> bool:
        """Whether it is surely older than tolerated; a day without a clock counts as its latest instant."""
        return self.gap is not None and self.limit_hours is not None and self.gap.hours > self.limit_hours


def ages_of(task: CaseTask, case: Case) -> tuple[Age, ...]:
    """The age of each modality of a case beside its newest one.

    The newest is the measure, not the scan: the question is about the patient as known last, and a film of last week is as
    misleading beside the vitals of today as the other way round.
    """
    present = [m.value for m in task.accepted if m in case.given]
    known = {name: timestamp for name in present if (timestamp := case.time_of(name)) is not None}
    newest = max(known, key=lambda name: known[name].latest) if known else None
    return tuple(_age(task, case, name, known, newest) for name in present)


def _age(task: CaseTask, case: Case, name: str, known: Mapping[str, Timestamp], newest: str | None) -> Age:
    gap = None
    if newest is not None and name in known and name != newest:
        gap = gap_between(known[name], known[newest])
    ages_at_all = name != Modality.CLINICAL or any(not task.field(k).lasting for k in case.values)
    limit = task.tolerance_hours.get(name) if ages_at_all else None
    return Age(name, known.get(name), gap, newest, limit)


def time_notices(task: CaseTask, case: Case, taught: Mapping[str, bool]) -> tuple[Notice, ...]:
    """For each modality that is older than tolerated a warning, or that and why it was left out."""
    told = []
    for age in ages_of(task, case):
        apart = apart_values(age) if age.old else {}
        if age.modality in case.left_out:
            told.append(Notice("left_out_old" if age.old else "left_out", apart, age.modality))
        elif age.old:
            told.append(Notice(_old_code(task, case, age.modality, taught), apart, age.modality))
    return tuple(told)


def _old_code(task: CaseTask, case: Case, modality: str, taught: Mapping[str, bool]) -> str:
    counts = [task.field(name) for name in case.values if taught.get(name)]
    lasting = modality == Modality.CLINICAL and counts and all(field.lasting for field in counts)
    return "evidence_old_lasting" if lasting else "evidence_old"


def apart_values(age: Age) -> dict[str, object]:
    """What fills a sentence about an old modality: how much older than which other, and what is tolerated."""
    gap, gap_unit = in_units(age.gap) if age.gap else (0, "h")
    limit, limit_unit = in_units(Gap(age.limit_hours or 0, 0, True))
    values: dict[str, object] = {"modality": age.modality, "other": age.newest or ""}
    return values | {"gap": gap, "gap_unit": gap_unit, "limit": limit, "limit_unit": limit_unit}


def in_units(gap: Gap) -> tuple[int, str]:
    """(5, "days") of a gap: minutes, hours up to IN_HOURS, else whole days; by the calendar where no clock is known."""
    if not gap.exact:
        return gap.days, "day" if gap.days == 1 else "days"
    if gap.hours < 1:
        return round(60 * gap.hours), "min"
    return (round(gap.hours), "h") if gap.hours <= IN_HOURS else (int(gap.hours // 24), "days")


def typed_timestamp(text: str) -> Timestamp | None:
    """What the user typed as a time; "?" says that it is not known. Raises OutOfRangeError where it is no time or cannot be."""
    written = text.strip()
    if written in UNKNOWN_WORDS:
        return None
    timestamp = read_timestamp(written)
    if timestamp is None:
        raise OutOfRangeError("time_unreadable", value=written[:20])
    if not plausible(timestamp):
        raise OutOfRangeError("time_implausible", value=written[:20])
    return timestamp


def with_times(case: Case, typed: Mapping[str, Timestamp | None]) -> Case:
    """The case with the times that the user typed in place of those that files state."""
    return replace(case, times={**case.times, **typed}) if typed else case


def toggled(case: Case, modality: str) -> Case:
    """The case with a modality left out, or taken back in."""
    return replace(case, left_out=case.left_out ^ {modality})

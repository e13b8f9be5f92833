"""Do scan, note and values speak of the same patient and side? Age, sex and lobe as each of them states them, compared."""

from collections.abc import Collection, Iterator, Mapping

from mmcore.domain.case import Case
from mmcore.domain.notice import Notice
from mmcore.domain.scan import CtVolume
from mmcore.intake.note.values import read_person
from mmcore.preprocess.ct import side_of
from mmcore.tasks import case_task

AGE_TOLERANCE_YEARS = (
    2.0  # a note may be older than the form, and ages are rounded; judgement: this project's
)
SEXES = ("F", "M")  # as the field of every task codes them
STATED_BY = ("image", "text", "clinical")


def find_contradictions(case: Case) -> tuple[Notice, ...]:
    """A warning with both statements for each pair of inputs that cannot be about one patient.

    Looked for in a whole case only: as New case is about to store it, and as it is judged before an answer.
    """
    stated = {v.field: v.value for v in read_person(case.note or "")}
    ages, sexes = dict(_ages(case, stated)), dict(_sexes(case, stated))
    found = [
        Notice("ages_differ", {"one": a, "other": b, "age": f"{ages[a]:g}", "other_age": f"{ages[b]:g}"}, b)
        for a, b in _pairs(ages)
        if abs(ages[a] - ages[b]) > AGE_TOLERANCE_YEARS
    ]
    found += [
        Notice("sexes_differ", {"one": a, "other": b, "sex": sexes[a], "other_sex": sexes[b]}, b)
        for a, b in _pairs(sexes)
        if sexes[a] != sexes[b]
    ]
    return (*found, *_sides(case))


def _sides(case: Case) -> tuple[Notice, ...]:
    """A warning where the lobe that the values name lies on the other side than the mark on the CT."""
    scan = case.scan
    if not isinstance(scan, CtVolume) or "location" not in case.values:
        return ()
    lobe = case_task(case.task).field("location").choices[int(case.values["location"])]
    named = "right" if lobe.startswith("right") else "left"
    found = side_of(scan.marked_slice, scan.spacing_mm, scan.mark.place)
    if found in (None, named):
        return ()
    return (Notice("sides_differ", {"lobe": lobe, "named_side": named, "marked_side": found}, "image"),)


def _pairs(stated: Collection[str]) -> Iterator[tuple[str, str]]:
    present = [m for m in STATED_BY if m in stated]
    return ((a, b) for i, a in enumerate(present) for b in present[i + 1 :])


def _ages(case: Case, stated: Mapping[str, float | str]) -> Iterator[tuple[str, float]]:
    if case.scan is not None and case.scan.patient_age_years is not None:
        yield "image", case.scan.patient_age_years
    if "age_years" in stated:
        yield "text", float(stated["age_years"])
    if "age_years" in case.values:
        yield "clinical", case.values["age_years"]


def _sexes(case: Case, stated: Mapping[str, float | str]) -> Iterator[tuple[str, str]]:
    if case.scan is not None and case.scan.patient_sex in SEXES:
        yield "image", str(case.scan.patient_sex)
    if stated.get("sex") in SEXES:
        yield "text", str(stated["sex"])
    if "sex" in case.values:
        yield "clinical", SEXES[int(case.values["sex"])]

"""Evidence out of step: how far apart modalities are, which are too old for the question, and leaving them out."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from mmcore.cases import demonstrations, worklist
from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError, OutOfRangeError
from mmcore.domain.timestamp import Timestamp, gap_between
from mmcore.explain.review import review
from mmcore.gates.recency import ages_of, in_units, time_notices, toggled, typed_timestamp
from mmcore.paths import DEMONSTRATIONS
from mmcore.prediction.engine import load_engine
from mmcore.tasks import case_tasks, get_task
from mmcore.words import LANGUAGES, tell
from tests.conftest import NOTE, VALUES, whole_case

TASK = get_task("chest_infection")
FILM = Timestamp(date(2026, 6, 11), time(8, 10))
NOTED = Timestamp(date(2026, 6, 11), time(9, 25))
ADMITTED = Timestamp(date(2026, 6, 6), time(7, 40))


def dated(**times: Timestamp | None) -> Case:
    return replace(whole_case(), times=times)


@pytest.fixture(scope="module")
def engine():
    return load_engine("chest_infection")


def test_a_gap_is_exact_with_clocks_and_sure_without():
    gap = gap_between(ADMITTED, NOTED)
    assert (gap.hours, gap.days, gap.exact) == (5 * 24 + 1.75, 5, True)
    sure = gap_between(Timestamp(ADMITTED.day), NOTED)
    assert sure.hours == pytest.approx(4 * 24 + 9 + 25 / 60, abs=0.01)
    assert not sure.exact
    assert gap_between(Timestamp(FILM.day), FILM).hours == 0


@pytest.mark.parametrize(
    ("older", "wanted"),
    [
        (Timestamp(NOTED.day, time(8, 55)), (30, "min")),
        (Timestamp(date(2026, 6, 9), time(9, 25)), (48, "h")),
        (ADMITTED, (5, "days")),
        (Timestamp(date(2026, 6, 10)), (1, "day")),
        (Timestamp(NOTED.day), (0, "days")),
    ],
)
def test_a_gap_is_told_in_the_unit_that_fits_and_by_the_calendar_without_a_clock(older, wanted):
    assert in_units(gap_between(older, NOTED)) == wanted


def test_the_newest_evidence_is_the_measure_whichever_it_is():
    ages = {a.modality: a for a in ages_of(TASK, dated(image=ADMITTED, text=FILM, clinical=NOTED))}
    assert (ages["image"].old, ages["text"].old, ages["clinical"].gap) == (True, False, None)
    assert ages["image"].newest == "clinical"


def test_unknown_is_never_taken_for_the_same_time():
    ages = {a.modality: a for a in ages_of(TASK, dated(image=ADMITTED, text=NOTED))}
    assert ages["clinical"].timestamp is None and ages["clinical"].gap is None
    assert not ages["clinical"].old
    assert ages["image"].old


def test_the_limit_itself_is_tolerated_and_a_minute_more_is_not():
    limit = TASK.tolerance_hours["image"]
    then = NOTED.latest - timedelta(hours=limit)
    later = then - timedelta(minutes=1)
    for timestamp, old in ((then, False), (later, True)):
        case = dated(image=Timestamp(timestamp.date(), timestamp.time()), text=NOTED)
        assert [a.old for a in ages_of(TASK, case) if a.modality == "image"] == [old]


def test_values_that_do_not_go_out_of_date_are_never_too_old():
    case = replace(dated(image=NOTED, clinical=ADMITTED), values={"age_years": 61.0, "sex": 1.0})
    assert not any(a.old for a in ages_of(TASK, case))
    assert any(a.old for a in ages_of(TASK, replace(case, values=VALUES)))


def test_every_question_says_of_modalities_that_it_knows_what_it_tolerates():
    for task in case_tasks().values():
        assert {*task.tolerance_hours} <= {*task.modalities}
        assert all(hours > 0 for hours in task.tolerance_hours.values())
    assert get_task("lung_nodule").tolerance_hours["text"] == 90 * 24
    assert "clinical" not in get_task("heart_ecg").tolerance_hours


def test_old_evidence_counts_is_told_and_left_out_adds_exactly_nothing(engine):
    case = dated(image=FILM, text=NOTED, clinical=ADMITTED)
    full = review(engine, case, tokens="token_activations").prediction
    assert [n.code for n in full.notices if n.modality == "clinical"][0] == "evidence_old_lasting"
    assert full.evidence["clinical"] is not None
    without = review(engine, toggled(case, "clinical"), tokens="token_activations").prediction
    absent = review(
        engine, replace(case, values={}, times={"image": FILM, "text": NOTED}), tokens="token_activations"
    ).prediction
    assert without.evidence["clinical"] is None
    assert without.probabilities == absent.probabilities
    assert [n.code for n in without.notices if n.modality == "clinical"] == ["left_out_old"]
    again = review(engine, toggled(toggled(case, "clinical"), "clinical"), tokens="token_activations")
    assert again.prediction.probabilities == full.probabilities


def test_with_everything_left_out_there_is_no_prediction_and_the_reason_is_told(engine):
    case = Case("chest_infection", note=NOTE, left_out=frozenset({"text"}))
    with pytest.raises(NothingToPredictError) as error:
        review(engine, case)
    assert "left_out" in [n.code for n in error.value.values["reasons"]]


def test_the_worklist_tells_what_is_old_and_what_was_left_out(engine):
    case = dated(image=FILM, text=NOTED, clinical=ADMITTED)
    for held, flag in ((case, "old:clinical"), (toggled(case, "clinical"), "left_out:clinical")):
        found = review(engine, held, tokens="token_activations").prediction
        assert flag in worklist.flags_of(held, found)


def test_notices_tell_the_distance_in_every_language_and_no_date():
    (notice,) = time_notices(TASK, dated(image=FILM, text=NOTED, clinical=ADMITTED), {})
    for language in LANGUAGES:
        words = tell(notice, language)
        assert "5" in words and "48" in words and "2026" not in words and "{" not in words


def test_a_typed_time_is_checked():
    assert typed_timestamp(" 2026-01-14 09:30 ") == Timestamp(date(2026, 1, 14), time(9, 30))
    assert typed_timestamp("?") is None
    tomorrow_next_month = (date.today() + timedelta(days=31)).isoformat()
    for text, code in (
        ("soon", "time_unreadable"),
        ("03/04/2026", "time_unreadable"),
        (tomorrow_next_month, "time_implausible"),
    ):
        with pytest.raises(OutOfRangeError) as error:
            typed_timestamp(text)
        assert error.value.code == code


def test_one_demonstration_shows_values_five_days_older_than_the_film():
    folder = DEMONSTRATIONS / "chest_infection" / "demo-008"
    ages = {a.modality: a for a in ages_of(TASK, demonstrations.read_demonstration(folder, TASK))}
    assert ages["clinical"].old
    assert in_units(ages["clinical"].gap) == (5, "days")
    assert not ages["image"].old and not ages["text"].old

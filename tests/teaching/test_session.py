"""Teach: hand-computed scores, a session that outlives a reload, lessons that are what they claim, and the page itself."""

from math import log

import numpy as np
import pytest

from mmcore.cases.worklist import open_store
from mmcore.domain.errors import CaseNotFoundError
from mmcore.tasks import get_task
from mmcore.teaching import scores as teaching
from mmcore.teaching import session as teach

TASK = get_task("chest_infection")
TRUTH = {"covid19": 0.0, "other_pneumonia": 1.0, "no_finding": 0.0}


def test_a_brier_score_is_the_squared_distance_summed_over_exclusive_labels():
    assert teaching.brier([0.2, 0.7, 0.1], [0, 1, 0], True) == pytest.approx(0.04 + 0.09 + 0.01)
    assert teaching.brier([0, 0, 1], [0, 1, 0], True) == 2
    assert teaching.brier([0.5, 1.0], [0, 1], False) == pytest.approx(0.125)


def test_a_log_score_counts_what_was_given_to_the_truth_and_is_bounded():
    assert teaching.log_score([0.2, 0.7, 0.1], [0, 1, 0], True) == pytest.approx(-log(0.7))
    assert teaching.log_score([1, 0, 0], [0, 1, 0], True) == pytest.approx(-log(0.005))
    assert teaching.log_score([0.2, 0.9], [0, 1], False) == pytest.approx((-log(0.8) - log(0.9)) / 2)


def test_a_mark_over_a_quarter_with_all_the_evidence_holds_it_all():
    values = np.zeros((10, 10))
    values[:5, :5] = 4.0
    values[7, 7] = -9.0  # speaks against: no part of what speaks for
    found = teaching.region_overlap(values, None, [(0.0, 0.0, 0.5, 0.5)])
    assert found == teaching.Overlap(1.0, 0.25, 10 / 25)  # the strongest tenth are 10 of the 25 marked cells


def test_a_mark_is_measured_on_the_part_of_the_picture_that_the_model_saw():
    values = np.ones((10, 10))
    right_half = (0.0, 0.5, 1.0, 1.0)
    assert teaching.region_overlap(values, right_half, [(0, 0, 1, 0.5)]).evidence == 0
    assert teaching.region_overlap(values, right_half, [(0, 0.5, 0.5, 1)]).area == 0.5


def test_no_mark_and_no_evidence_give_no_overlap():
    assert teaching.region_overlap(np.ones((2, 2)), None, []) is None
    assert teaching.region_overlap(-np.ones((2, 2)), None, [(0, 0, 1, 1)]) is None
    assert teaching.part_overlap([1.0, 2.0], [False, False]) is None


def test_chosen_parts_are_weighed_by_the_size_of_their_evidence():
    assert teaching.part_overlap([3.0, -1.0, 0.0, 1.0], [True, True, False, False]) == teaching.Overlap(
        0.8, 0.5
    )


def test_stated_probabilities_fall_into_fixed_bins():
    rows = teaching.reliability_rows([0.0, 0.2, 0.2, 0.95, 1.0], [0, 1, 0, 1, 1])
    assert [(r["low"], r["high"], r["n"], r["happened"]) for r in rows] == [
        (0.0, 0.1, 1, 0.0),
        (0.1, 0.3, 2, 0.5),
        (0.9, 1.0, 2, 1.0),
    ]
    assert rows[1]["stated"] == pytest.approx(0.2)


def test_the_truth_of_a_story_is_read_in_each_form():
    assert teach.truth_of({"truth": "other_pneumonia"}, TASK) == TRUTH
    assert teach.truth_of({"truth": ["other_pneumonia"]}, TASK) == TRUTH
    assert teach.truth_of({"truth": TRUTH}, TASK) == TRUTH
    assert teach.truth_of({"truth": None}, TASK) is None
    assert teach.truth_of({}, TASK) is None


def test_refusing_is_right_where_the_case_cannot_be_answered_and_wrong_elsewhere():
    refused = teach.Read(None)
    nothing, given = (
        teach.Answer(None),
        teach.Answer({"covid19": 1.0, "other_pneumonia": 0.0, "no_finding": 0.0}),
    )
    hopeless = {"answerable": False}
    assert teach.score(nothing, refused, hopeless, TASK)["student"]["right"] is True
    assert teach.score(given, refused, hopeless, TASK)["student"]["right"] is False
    assert teach.score(nothing, refused, {"truth": "covid19"}, TASK)["student"]["right"] is False
    scores = teach.score(given, refused, {"truth": "covid19"}, TASK)
    assert scores["student"] == {"brier": 0.0, "log": pytest.approx(0.0), "right": True}
    assert scores["model"]["right"] is False


def test_an_even_answer_is_not_right():
    even = teach.Answer(dict.fromkeys(TASK.labels, 1 / 3))
    assert teach.score(even, teach.Read(None), {"truth": "covid19"}, TASK)["student"]["right"] is False


def stored(student: str, case_key: str, chances: dict, truth: dict) -> teach.Stored:
    scores = teach.score(teach.Answer(chances), teach.Read(None), {"truth": truth}, TASK)
    return teach.Stored(student, student.title(), case_key, teach.Answer(chances), scores)


def test_a_session_outlives_the_store_and_the_first_answer_counts(database):
    store = open_store(database)
    session = teach.begin(store, ("demo-001", "whole"), shared=True)
    first = stored("ann", "demo-001", TRUTH, TRUTH)
    second = stored("ann", "demo-001", {"covid19": 1.0, "other_pneumonia": 0.0, "no_finding": 0.0}, TRUTH)
    assert teach.commit(store, session, first)
    assert not teach.commit(store, session, second)
    store.close()
    again = teach.teach_store(open_store(database))
    assert again.session(session.code) == session
    assert again.session("NOSUCH") is None
    (kept,) = again.answers(session.code)
    assert kept.answer.probabilities == TRUTH
    assert kept.scores["student"]["brier"] == 0
    again.rename(session.code, "ann", "Heron")
    assert again.answers(session.code)[0].nickname == "Heron"


def test_standings_and_calibration_are_those_of_pencil_and_paper():
    half = {"covid19": 0.5, "other_pneumonia": 0.5, "no_finding": 0.0}
    answers = [
        stored("ann", "a", TRUTH, TRUTH),
        stored("ann", "b", half, TRUTH),
        stored("bob", "a", {"covid19": 1.0, "other_pneumonia": 0.0, "no_finding": 0.0}, TRUTH),
    ]
    ann, bob = teach.standings(answers)
    assert (ann.student, ann.answered, ann.judged, ann.right, ann.brier) == ("ann", 2, 2, 1, 0.25)
    assert (bob.right, bob.brier, bob.model_brier, bob.inside) == (0, 2.0, None, None)
    rows = teach.calibration([a for a in answers if a.student == "ann"])
    assert [(r["low"], r["n"], r["happened"]) for r in rows] == [(0.0, 3, 0.0), (0.5, 2, 0.5), (0.9, 1, 1.0)]
    assert teach.calibration(answers, "model") == []


@pytest.mark.parametrize(
    ("key", "task"),
    [
        ("demo-003", "chest_infection"),
        ("lesson-belly", "chest_infection"),
        ("heart-004", "heart_ecg"),
        ("lung-001", "lung_nodule"),
        ("severity-001", "chest_severity"),
        ("heart-coronary-001", "heart_coronary"),
    ],
)
def test_a_demonstration_of_every_task_and_a_lesson_can_be_taught(store, key, task):
    summary, case = teach.open_case(store, key)
    assert (summary.key, summary.task, case.task) == (key, task, task)


@pytest.mark.parametrize(
    "key",
    [
        "../teach/cases/lesson-belly",
        "chest_infection/demo-003",
        "..",
        ".",
        "",
        "*",
        "demo-00?",
        "cases/lesson-belly",
    ],
)
def test_a_key_from_a_link_that_names_no_case_opens_no_folder(store, key):
    with pytest.raises(CaseNotFoundError):
        teach.open_case(store, key)

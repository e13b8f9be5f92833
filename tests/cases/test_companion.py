"""The second question of an ECG case: asked of its own values, answered by its own model, adding nothing to the ECG's answer."""

import json
import re
from dataclasses import replace

import pytest

from mmcore.cases import demonstrations, edits, worklist
from mmcore.cases.companion import second_case
from mmcore.cli.predict import predict_files
from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError
from mmcore.explain.review import review
from mmcore.paths import DEMONSTRATIONS
from mmcore.prediction.engine import load_engine
from mmcore.synthetic.demonstrations.coronary import WITH_ECG, write_coronary_cases
from mmcore.tasks import get_task
from tests.conftest import page_text

SHIPPED = DEMONSTRATIONS
ECG = get_task("heart_ecg")


@pytest.fixture(scope="module")
def infarct() -> Case:
    """The demonstration ECG that brings the values of the second question."""
    return demonstrations.read_demonstration(SHIPPED / "heart_ecg" / "heart-003", ECG)


@pytest.fixture
def app(store, visit, infarct):
    """Review opened on an ECG case, with the Cleveland values or without."""

    def at(**values: float | None):
        store.add("heart", edits.edited(infarct, values=values), patient_key="P-20")
        return visit(case="heart")

    return at


def test_the_companion_is_asked_of_its_own_fields_and_never_by_age_and_sex_alone(infarct):
    asked = second_case(ECG, infarct)
    assert asked.task == "heart_coronary" and asked.scan is None and asked.waveform is None
    assert set(asked.values) == {"age_years", "sex", *WITH_ECG}
    shared = Case("heart_ecg", values={"age_years": 60.0, "sex": 1.0, "systolic_pressure_mmhg": 150.0})
    assert second_case(ECG, shared) is None
    assert second_case(get_task("chest_infection"), infarct) is None


def test_the_worklist_is_told_that_a_second_answer_stands_beside_the_first_and_what_is_not_called(infarct):
    seen = review(load_engine("heart_ecg"), infarct)
    point = seen.operating_point
    assert "second:heart_coronary" in worklist.flags_of(infarct, seen.prediction, point)
    alone = edits.edited(infarct, values={f.name: None for f in ECG.second_fields})
    assert not [f for f in worklist.flags_of(alone, seen.prediction, point) if f.startswith("second")]
    assert "not_called" not in worklist.flags_of(infarct, seen.prediction, point)
    assert "not_called" in worklist.flags_of(infarct, seen.prediction, dict.fromkeys(point, 1.0))


def test_the_values_of_the_second_question_leave_the_ecgs_answer_as_it_is(infarct):
    engine = load_engine("heart_ecg")
    without = edits.edited(infarct, values={f.name: None for f in ECG.second_fields})
    first, second = review(engine, infarct), review(engine, without)
    assert first.prediction.probabilities == second.prediction.probabilities
    assert first.prediction.notices == second.prediction.notices


def test_strange_values_of_the_second_question_do_not_close_the_ecgs_own(infarct):
    strange = {
        "cholesterol_mg_per_dl": 800.0,
        "max_heart_rate_per_min": 230.0,
        "exercise_st_depression_mm": 10.0,
    }
    seen = review(load_engine("heart_ecg"), edits.edited(infarct, values=strange))
    assert seen.prediction.evidence["clinical"] is not None


def test_values_that_are_left_out_for_their_age_are_left_out_of_the_second_question_too(infarct):
    asked = second_case(ECG, replace(infarct, left_out=frozenset({"clinical", "waveform"})))
    with pytest.raises(NothingToPredictError):
        review(load_engine("heart_coronary"), asked)


def test_the_command_line_gives_the_second_answer_apart(tmp_path):
    folder = SHIPPED / "heart_ecg" / "heart-003"
    files = {"ecg": [str(folder / "ecg.csv")], "vitals": [str(folder / "vitals.json")]}
    found = predict_files("heart_ecg", files, (), False)
    assert list(found["second_question"]["probabilities"]) == ["coronary_disease"]
    assert "coronary_disease" not in found["probabilities"]
    assert [w["code"] for w in found["warnings"] if w["code"] == "vitals_unknown_columns"] == []
    only = tmp_path / "vitals.json"
    only.write_text(json.dumps({"age_years": 71, "sex": "M"}))
    assert "second_question" not in predict_files("heart_ecg", files | {"vitals": [str(only)]}, (), False)


def test_review_shows_the_second_answer_beside_the_first_and_says_that_it_is_apart(app):
    page = app()
    assert not page.exception
    text = page_text(page)
    assert "A second question · Heart: coronary disease" in text
    assert "It adds nothing to that answer, and that adds nothing to it." in text
    assert text.count('class="answer"') == 2
    assert "Cholesterol" in text and "exact_shapley" not in text


def test_moving_the_second_priors_slider_leaves_the_first_answer_alone(app, infarct):
    page = app()
    first = f"{max(review(load_engine('heart_ecg'), infarct).prediction.probabilities.values()):.0%}"
    before = re.findall(r'class="chance">([^<]+)<', page_text(page))
    slider = next(s for s in page.select_slider if s.key.startswith("prior_heart.heart_coronary"))
    slider.set_value(0.02).run()
    after = re.findall(r'class="chance">([^<]+)<', page_text(page))
    assert len(after) == 2 and sum(a != b for a, b in zip(before, after, strict=True)) == 1
    assert first.replace("%", " %") in before and first.replace("%", " %") in after  # the ECG's own answer


def test_what_if_moves_the_second_answer_too_and_leaves_the_first_as_it_is(app):
    page = app()
    fields = next(m for m in page.multiselect if m.key.startswith("fields_heart"))
    fields.set_value([next(f for f in ECG.second_fields if f.name == "exercise_angina")]).run()
    control = next(c for c in page.button_group if str(c.key).startswith("other_exercise_angina"))
    control.set_value(0).run()
    assert not page.exception
    moved = re.search(r"A second question · Heart: coronary disease: (\S+ %) → (\S+ %)", page_text(page))
    assert moved and moved[1] != moved[2]


def test_review_says_how_to_get_the_second_answer_where_its_values_are_missing(app):
    page = app(**{f.name: None for f in ECG.second_fields})
    text = page_text(page)
    assert "Not asked: none of its values is given" in text and "cholesterol" in text
    assert text.count('class="answer"') == 1


def test_new_case_offers_the_second_questions_values_for_an_ecg(visit):
    page = visit(lang="en")
    page.switch_page("pages/new_case.py").run()
    page.selectbox(key="new_task").set_value("heart_ecg").run()
    assert not page.exception
    assert any("holesterol" in n.label for n in page.number_input)
    page.selectbox(key="new_task").set_value("chest_infection").run()
    assert not any("holesterol" in n.label for n in page.number_input)


def test_the_shipped_coronary_cases_are_what_the_code_writes_and_are_marked(tmp_path):
    for folder in write_coronary_cases(tmp_path):
        shipped = SHIPPED / folder.relative_to(tmp_path)
        for name in ("case.json", "vitals.json"):
            assert (folder / name).read_text() == (shipped / name).read_text()
        facts = json.loads((folder / "case.json").read_text())
        assert facts["synthetic"] is True and "truth" not in facts
        case = demonstrations.read_demonstration(shipped, get_task("heart_coronary"))
        assert len(case.values) == len(json.loads((folder / "vitals.json").read_text()))

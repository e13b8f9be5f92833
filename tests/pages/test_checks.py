"""Can I believe this, similar cases, and the what-ifs on review: through app.py with the shipped model."""

import re
import time

import pytest

from mmcore.cases import worklist
from mmcore.domain.case import Case
from mmcore.explain.review import review
from mmcore.prediction.engine import load_engine
from mmcore.stores import case_store
from tests.conftest import NOTE, film, page_text

TRIES = 600  # half seconds that the tests of an explanation may take on a busy machine


def after_tests(app):
    """The page after the explanations have been tested."""
    for _ in range(TRIES):
        if "Testing the explanations" not in page_text(app):
            return app
        time.sleep(0.5)
        app = app.run()
    raise AssertionError("the tests of the explanations did not end")


def named(app) -> list[str]:
    """What the links on the page are called, top to bottom."""
    return [link.proto.label for link in app.get("page_link")]


@pytest.fixture(scope="module")
def engine():
    """The shipped model."""
    return load_engine("chest_infection")


def test_the_answer_is_shown_before_the_explanations_are_tested_and_each_gets_a_badge(store, visit):
    app = visit(case="whole")
    assert '<table class="account">' in page_text(app)
    app = after_tests(app)
    assert not app.exception
    text = page_text(app)
    badges = re.findall(r'<span class="badge (\w+)">', text)
    assert len(badges) == 3
    assert set(badges) <= {"green", "amber", "grey"}
    assert text.count('<ul class="reasons">') >= 3
    greyed = text.count('class="doubtful"') + text.count("values doubtful") + text.count("Greyed out.")
    assert (greyed > 0) == ("grey" in badges)
    assert len(app.expander) >= 3


def test_a_case_with_one_modality_gets_one_badge_and_what_is_gated_none(store, visit):
    values = {"age_years": 50.0, "sex": 1.0}
    for key, note in (("noted", NOTE), ("short", "Cough.")):
        store.add(key, Case("chest_infection", values=values, note=note), patient_key=key)
    for key, count in (("noted", 2), ("short", 1), ("vitals", 1)):
        app = after_tests(visit(case=key))
        assert not app.exception
        assert len(re.findall(r'<span class="badge (\w+)">', page_text(app))) == count


def test_similar_cases_are_offered_then_named_with_why_and_the_decision(store, visit, engine):
    for key, age in (("near", 42.0), ("far", 5.0)):
        case = Case("chest_infection", values={"age_years": age, "sex": 0.0})
        store.add(key, case, patient_key=key, story={"title": f"Case {key}", "truth": "covid19"})
    near = store.load("near")
    worklist.remember(store, "near", near, review(engine, near).prediction)
    store.decide("near", case_store.Decision("override", "other_pneumonia", "later_result"))
    app = visit(case="vitals")
    text = page_text(app)
    assert "Case near" in named(app)
    assert "Clinician overrode:" in text
    assert "have not been worked out" in text
    app = app.button(key="similar_vitals").click().run()
    assert not app.exception
    assert named(app).index("Case near") < named(app).index("Case far")
    assert "Outcome known; shown after your decision there" in page_text(app)


def test_painting_out_a_part_of_the_scan_moves_the_scan_alone(store, visit):
    app = visit(case="whole")
    zones = app.multiselect(key="zones_whole_0")
    app = zones.set_value([zones.options[0]] if zones.options else []).run()
    assert not app.exception
    tables = re.findall(r'<table class="account">.*?</table>', page_text(app), re.DOTALL)
    old, new = (re.findall(r'class="value[^"]*">([+−]?[\d.]+)</td>', table) for table in tables[-2:])
    assert old[0] == new[0] and old[2:-1] == new[2:-1]
    assert old[1] != new[1]
    assert store.load("whole").scan.pixels == pytest.approx(film())


def test_the_smallest_change_is_told_in_words(store, visit):
    text = page_text(visit(case="whole"))
    assert re.search(
        r"\S+ instead of \S+.* would (make|take) |No single value given here could change the answer", text
    )

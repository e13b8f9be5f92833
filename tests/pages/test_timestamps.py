"""Evidence out of step on the screen: old vitals marked, left out with one click, kept over a reload, taken back; times typed."""

import re
from dataclasses import replace
from datetime import date, time

import pytest

from mmcore.domain.case import Case
from mmcore.domain.timestamp import Timestamp
from tests.conftest import NOTE, page_text, whole_case
from tests.intake_files import chest, dicom
from tests.pages.test_review import shown_numbers

TIMES = {
    "image": Timestamp(date(2026, 6, 11), time(8, 10)),
    "text": Timestamp(date(2026, 6, 11), time(9, 25)),
    "clinical": Timestamp(date(2026, 6, 6), time(7, 40)),
}
MARK = "Made 5 days before the note"


@pytest.fixture
def old(store):
    """The store with a case whose values are five days older than its film and note."""
    store.add("old", replace(whole_case(), times=TIMES), patient_key="P-21")
    return store


def clinical_row(app) -> str:
    table = re.search(r'<table class="account">.*?</table>', page_text(app), re.DOTALL).group()
    return next(row for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL) if ">Vitals" in row)


def test_old_values_are_marked_left_out_with_one_click_kept_over_a_reload_and_taken_back(old, visit):
    app = visit(case="old")
    assert not app.exception
    before = shown_numbers(app)
    assert len(before) == 5
    assert MARK in clinical_row(app)
    assert "Newest: note (2026-06-11 09:25)" in page_text(app)
    assert "can leave it out" not in page_text(app)  # said once, on its own row

    app = app.button(key="leave_out_clinical_old").click().run()
    assert 'class="absent"' in clinical_row(app)
    assert ">0</td>" in clinical_row(app)
    assert "Left out by you" in clinical_row(app)
    parts = shown_numbers(app)
    assert parts[-1] == round(sum(parts[:-1]), 2)
    assert old.load("old").left_out == {"clinical"}
    assert "left_out:clinical" in old.summary("old").flags

    reloaded = visit(case="old")
    assert 'class="absent"' in clinical_row(reloaded)
    assert shown_numbers(reloaded) == parts

    again = reloaded.button(key="take_back_clinical_old").click().run()
    assert shown_numbers(again) == before
    assert old.load("old").left_out == frozenset()
    assert "old:clinical" in old.summary("old").flags


def test_a_case_in_step_has_no_mark_and_one_without_times_says_so(old, visit):
    old.add("same", replace(whole_case(), times=TIMES | {"clinical": TIMES["image"]}))
    app = visit(case="same")
    assert "Made " not in clinical_row(app)
    assert not [b for b in app.button if b.key and b.key.startswith("leave_out")]
    assert "Scan 1 h earlier, vitals 1 h earlier." in page_text(app)
    assert "When these were made is not known: scan, note, vitals." in page_text(visit(case="whole"))


def test_with_nothing_left_what_was_left_out_can_be_taken_back(old, visit):
    old.add("bare", Case("chest_infection", note=NOTE, left_out=frozenset({"text"})))
    app = visit(case="bare")
    assert "Left out by you" in page_text(app)
    app = app.button(key="take_back_text_bare").click().run()
    assert shown_numbers(app)[2] != 0


def test_a_decision_keeps_what_was_left_out_when_it_was_made(old, visit):
    app = visit(case="old").button(key="leave_out_clinical_old").click().run()
    app.button(key="agree_old").click().run()
    assert old.decisions("old")[0].shown["left_out"] == ["clinical"]


def test_the_mark_is_there_in_chinese(old, visit):
    assert "比病历早 5 天" in page_text(visit(case="old", lang="zh"))


def test_files_days_apart_are_warned_of_and_a_typed_time_corrects_what_a_file_says(store, visit):
    app = visit().switch_page("pages/new_case.py").run()
    film = dicom(chest(200), StudyDate="20260611", StudyTime="0810", ViewPosition="PA")
    vitals = b"age,temp,date\n61,38.6,2026-06-06\n"
    files = [("film.dcm", film, ""), ("v.csv", vitals, "")]
    app = app.file_uploader(key="new_files_0").set_value(files).run()
    assert "made 5 days before the scan" in page_text(app)
    assert app.text_input(key="new_time_clinical_0").placeholder == "2026-06-06"
    app = app.text_input(key="new_time_clinical_0").input("soon").run()
    assert "is no time that can be read" in page_text(app)
    app = app.text_input(key="new_time_clinical_0").input("2026-06-11 07:00").run()
    assert "before the scan" not in page_text(app)
    app.button(key="new_review").click().run()
    (key,) = set(store.keys()) - {"whole", "vitals", "empty"}
    assert store.load(key).times == {
        "image": Timestamp(date(2026, 6, 11), time(8, 10)),
        "clinical": Timestamp(date(2026, 6, 11), time(7)),
    }


def test_a_typed_note_brings_the_day_of_its_header_and_a_question_mark_makes_a_time_unknown(store, visit):
    app = visit().switch_page("pages/new_case.py").run()
    app = app.text_area(key="new_note_0").input(f"Date: 2026-06-11\n{NOTE}").run()
    assert app.text_input(key="new_time_text_0").placeholder == "2026-06-11"
    app = app.text_input(key="new_time_text_0").input("?").run()
    app.button(key="new_review").click().run()
    (key,) = set(store.keys()) - {"whole", "vitals", "empty"}
    assert store.load(key).time_of("text") is None

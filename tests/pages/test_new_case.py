"""New case through app.py: files recognised and checked at once, corrections confirmed, values typed, one button to the review."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from mmcore.cases import worklist
from mmcore.gates import scan
from tests import ecg_files
from tests.conftest import NOTE, film, page_text


def png(pixels: np.ndarray) -> bytes:
    """Grey levels in [0, 1] as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def form(store, visit):
    """The screen for a new case, empty."""
    return visit().switch_page("pages/new_case.py").run()


def drop(app, *files):
    """Drop (name, bytes) files onto the screen."""
    return app.file_uploader(key="new_files_0").set_value([(name, data, "") for name, data in files]).run()


def new_keys(store) -> set[str]:
    return set(store.keys()) - {"whole", "vitals", "empty"}


def test_without_anything_there_is_nothing_to_review(form):
    assert form.button(key="new_review").disabled


def test_files_in_any_order_are_recognised_and_become_one_case(form, store):
    app = drop(form, ("v.csv", b"age,temp\n61,38.6\n"), ("n.txt", NOTE.encode()), ("film.png", png(film())))
    text = page_text(app)
    assert [f"recognised as {kind}" in text for kind in ("scan", "note", "vitals")] == [True] * 3
    app.button(key="new_review").click().run()
    (key,) = new_keys(store)
    case = store.load(key)
    assert np.array_equal(case.scan.pixels, film())
    assert (case.note, dict(case.values)) == (NOTE, {"age_years": 61.0, "temperature_celsius": 38.6})


def test_a_refused_file_says_why_and_takes_nothing_else_away(form, store):
    app = drop(form, ("film.png", b"not a picture"), ("n.txt", NOTE.encode()))
    assert "Not used:" in page_text(app)
    app.button(key="new_review").click().run()
    (key,) = new_keys(store)
    case = store.load(key)
    assert case.scan is None
    assert case.note == NOTE
    assert [n.modality for n in case.refused] == ["image"]


def test_a_correction_counts_only_when_it_is_confirmed(form, store):
    app = drop(form, ("v.csv", b"spo2,age\n0.93,61\n"))
    assert "Did you mean 93?" in page_text(app)
    app = app.checkbox(key="new_agree_file_oxygen_saturation_percent").check().run()
    app.button(key="new_review").click().run()
    (key,) = new_keys(store)
    assert dict(store.load(key).values) == {"oxygen_saturation_percent": 93.0, "age_years": 61.0}


def test_an_unconfirmed_correction_leaves_the_value_out(form, store):
    app = drop(form, ("v.csv", b"spo2,age\n0.93,61\n"))
    app.button(key="new_review").click().run()
    (key,) = new_keys(store)
    assert dict(store.load(key).values) == {"age_years": 61.0}


def test_typed_values_are_checked_and_what_is_left_empty_stays_unknown(form, store):
    app = form.number_input(key="new_value_temperature_celsius_0").set_value(386.0).run()
    assert "expected 30 to 43" in page_text(app)
    app.number_input(key="new_value_temperature_celsius_0").set_value(38.6)
    app.selectbox(key="new_value_sex_0").select("M")
    app = app.selectbox(key="new_value_cough_0").select("0").run()
    app.button(key="new_review").click().run()
    (key,) = new_keys(store)
    assert dict(store.load(key).values) == {"temperature_celsius": 38.6, "sex": 1.0, "cough": 0.0}


def test_values_found_in_the_note_are_used_only_when_accepted(form, store):
    app = (
        form.text_area(key="new_note_0")
        .input("61-year-old man. Temperature 38.6 °C, SpO2 91 % on room air.")
        .run()
    )
    offered = {box.key for box in app.checkbox if box.key.startswith("new_found_")}
    assert {"new_found_age_years_0", "new_found_temperature_celsius_0"} <= offered
    app = app.checkbox(key="new_found_temperature_celsius_0").check().run()
    app.button(key="new_review").click().run()
    (key,) = new_keys(store)
    assert dict(store.load(key).values) == {"temperature_celsius": 38.6}


def test_the_review_opens_with_the_new_case_and_the_next_form_is_empty(form, store):
    app = form.number_input(key="new_value_age_years_0").set_value(61.0).run()
    app = app.text_input(key="new_patient_0").input("P-99").run()
    app = app.button(key="new_review").click().run()
    assert '<table class="account">' in page_text(app)
    (key,) = new_keys(store)
    assert store.summary(key).patient_key == "P-99"
    app = app.switch_page("pages/new_case.py").run()
    assert app.number_input(key="new_value_age_years_1").value is None
    assert [row.key for row in worklist.worklist(store, search="p-99")] == [key]


def on_paper(app) -> list[str]:
    """The ECGs drawn on the screen, as SVG."""
    return [base64.b64decode(s).decode() for s in re.findall(r"svg\+xml;base64,([^\"]+)", page_text(app))]


def test_an_ecg_is_previewed_on_paper_at_once_with_what_was_read(form):
    form = form.selectbox(key="new_task").set_value("heart_ecg").run()
    app = drop(form, ("rest.csv", ecg_files.table(ecg_files.ecg())))
    (svg,) = on_paper(app)
    assert svg.count("<polyline") == 13
    assert "As read: I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V6, in this order" in page_text(app)
    assert "500 samples a second, 10.0 s" in page_text(app)


def test_an_ecg_that_is_refused_is_shown_too_with_the_reason(form):
    form = form.selectbox(key="new_task").set_value("heart_ecg").run()
    app = drop(form, ("two.csv", ecg_files.table(ecg_files.ecg()[:2], leads=("I", "II"))))
    (svg,) = on_paper(app)
    assert svg.count("<polyline") == 3  # I, II and the rhythm strip of II
    assert "has 2 of the twelve leads" in page_text(app) and app.button(key="new_review").disabled


def test_what_was_typed_is_read_once_however_often_the_screen_is_drawn(visit, monkeypatch):
    from mmcore.cases import upload as intake

    read = []
    monkeypatch.setattr(intake, "note_timestamp", lambda text: read.append(text))
    app = visit().switch_page("pages/new_case.py").run()
    app.text_area(key="new_note_0").set_value("Fever and dry cough for three days.").run()
    app.run()
    assert read == ["Fever and dry cough for three days."]


def test_a_note_and_a_form_that_speak_of_two_patients_are_told_apart_before_the_review(form):
    app = drop(form, ("n.txt", b"61-year-old man with fever and dry cough for three days."))
    assert "about the same patient" not in page_text(app)
    app = app.number_input(key="new_value_age_years_0").set_value(25.0).run()
    assert page_text(app).count("says 61 years, the vitals 25") == 1


def test_a_scan_is_judged_when_it_is_dropped_and_not_again_when_it_is_reviewed(form, monkeypatch):
    judged, judge = [], scan.judge_scan
    monkeypatch.setattr(
        scan, "judge_scan", lambda kind, seen: judged.append(seen.digest) or judge(kind, seen)
    )
    app = drop(form, ("film.png", png(film())))
    assert len(judged) == 1
    app = app.button(key="new_review").click().run()
    assert '<table class="account">' in page_text(app)
    assert len(judged) == 1

"""A film is brought to the frame that the model was trained on, with consent, or set aside with the reason."""

from dataclasses import replace

import numpy as np
import pytest

from mmcore.cases.upload import read_upload
from mmcore.domain.case import Case
from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.scan import Film
from mmcore.explain.review import review
from mmcore.gates.scan import correctable, corrected, judge_scan
from mmcore.intake.image.film_frame import STORED
from mmcore.intake.image.radiograph import doubts
from mmcore.prediction.engine import load_engine
from mmcore.preprocess.corrections import UNDO
from mmcore.tasks import get_task
from mmcore.words import LANGUAGES, known, tell
from pages.ui.draw import viewer
from tests.conftest import film, page_text
from tests.intake_files import dicom, read_scan

TASK = get_task("chest_infection")
FILM = np.round(film() * 255).astype(np.uint8)[:, :480]  # higher than wide, so that a quarter turn shows
FROM = np.array([[1, 2, 3], [4, 5, 6]])  # (2, 3): the head above, the patient's right on the left
KINDS = sorted(STORED.items())


def compass(orientation: tuple[str, str]) -> np.ndarray:
    """FROM as a file of that orientation stores it, worked out pixel by pixel from where each letter points."""
    rows, columns = np.mgrid[0:2, 0:3]
    along = {"L": columns, "R": 2 - columns, "F": rows, "H": 1 - rows}
    across, down = along[orientation[0]], along[orientation[1]]
    stored = np.zeros((down.max() + 1, across.max() + 1), int)
    stored[down, across] = FROM
    return stored


def stored_film(orientation: tuple[str, str]) -> np.ndarray:
    rows, columns = np.mgrid[0 : FILM.shape[0], 0 : FILM.shape[1]]
    along = {"L": columns, "R": columns.max() - columns, "F": rows, "H": rows.max() - rows}
    across, down = along[orientation[0]], along[orientation[1]]
    stored = np.zeros((down.max() + 1, across.max() + 1), np.uint8)
    stored[down, across] = FILM
    return stored


@pytest.mark.parametrize(("orientation", "kind"), KINDS)
def test_each_of_the_seven_other_ways_to_store_a_film_is_undone_exactly(orientation, kind):
    assert np.array_equal(UNDO[kind](compass(orientation)), FROM)


@pytest.mark.parametrize(("orientation", "kind"), KINDS)
def test_a_film_stored_otherwise_waits_for_the_users_word_and_then_lies_as_usual(orientation, kind):
    files = [
        ("film.dcm", dicom(stored_film(orientation), PatientOrientation=list(orientation), ViewPosition="PA"))
    ]
    waiting = read_upload(files, TASK).items[0]
    assert waiting.correction.code == f"scan_stored_{kind}"
    assert not waiting.open
    usual = read_scan(dicom(FILM, PatientOrientation=["L", "F"], ViewPosition="PA"), "x")
    for consent in (True, frozenset({f"scan_stored_{kind}"})):
        (item,) = read_upload(files, TASK, accept_corrections=consent).items
        assert np.array_equal(item.scan.pixels, usual.pixels)
        assert item.scan.orientation == ("L", "F")
        assert item.correction is None and item.gate is None
        assert f"scan_was_stored_{kind}" in [n.code for n in item.notices]


@pytest.mark.parametrize(
    ("elements", "known", "edges"),
    [
        ({}, "side_assumed", ("right", "left")),
        ({"PatientOrientation": ["L", "F"]}, "side_stated", ("right", "left")),
        ({"PatientOrientation": ["R", "F"]}, "side_stated", ("left", "right")),
        ({"PatientOrientation": ["A", "F"]}, "side_unknown", ()),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "side_stated", ("right", "left")),
        ({"Modality": "CT"}, "side_unknown", ()),
        (
            {"Modality": "CT", "ImageOrientationPatient": [-1, 0, 0, 0, 1, 0]},
            "side_stated",
            ("left", "right"),
        ),
        ({"Modality": "CT", "ImageOrientationPatient": [0.8, 0.6, 0, -0.6, 0.8, 0]}, "side_unknown", ()),
    ],
)
def test_the_screen_says_that_sides_are_assumed_only_where_the_file_does_not_state_them(
    elements, known, edges
):
    assert viewer.sides(read_scan(dicom(FILM, **elements), "x")) == (known, edges)


def test_how_a_ct_slice_lies_is_not_what_speaks_against_it_on_a_question_about_films():
    scan = read_scan(dicom(FILM, Modality="CT", ImageOrientationPatient=[1, 0, 0, 0, 1, 0]), "x")
    assert scan.orientation == ("L", "P")
    assert [n.code for n in doubts(scan)][0] == "scan_not_xray"


def test_the_usual_orientation_and_a_silent_file_raise_no_doubt():
    for elements in ({"PatientOrientation": ["L", "F"]}, {"PatientOrientation": ["LH", "FL"]}, {}):
        (item,) = read_upload([("x", dicom(FILM, ViewPosition="PA", **elements))], TASK).items
        assert item.open and item.correction is None


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"PatientOrientation": ["A", "F"]}, "scan_not_frontal"),
        ({"PatientOrientation": ["L", "F"], "ViewPosition": "LL"}, "scan_not_frontal"),
        ({"PatientOrientation": ["R", "F"], "ViewPosition": "LL"}, "scan_not_frontal"),
        ({"PatientOrientation": ["A", "F"], "ViewPosition": "PA"}, "scan_orientation_from_side"),
        ({"PatientOrientation": ["L", "P"]}, "scan_orientation_from_side"),
        ({"PatientOrientation": ["L", "R"]}, "scan_orientation_nonsense"),
        ({"PatientOrientation": ["X", "F"]}, "scan_orientation_nonsense"),
    ],
)
def test_a_view_from_the_side_and_a_header_that_contradicts_itself_add_nothing(elements, code):
    (item,) = read_upload([("x", dicom(FILM, **elements))], TASK).items
    assert item.gate.code == code
    for language in LANGUAGES:
        assert "{" not in tell(item.gate, language)


def test_a_header_that_turns_an_upright_film_over_is_set_aside_as_contradicting_it():
    (item,) = read_upload([("x", dicom(FILM, PatientOrientation=["F", "R"], ViewPosition="PA"))], TASK).items
    assert item.gate.code == "scan_orientation_contradicts"


def test_black_and_white_and_direction_can_both_be_put_right():
    scan = Film(1 - stored_film(("R", "H")).astype(np.float32) / 255, orientation=("R", "H"))
    first = judge_scan(TASK.image, scan)
    assert first.correction.code == "scan_stored_upside_down"
    second = judge_scan(TASK.image, corrected(scan, first.correction))
    assert second.correction.code == "scan_looks_inverted"
    done = corrected(corrected(scan, first.correction), second.correction)
    assert judge_scan(TASK.image, done).closed is None
    assert np.allclose(done.pixels, FILM / 255, atol=1e-6)


def test_a_quarter_turn_takes_the_spacing_along():
    scan = Film(compass(("F", "R")).astype(np.float32), spacing_mm=(0.2, 0.1), orientation=("F", "R"))
    notice = next(n for n in doubts(replace(scan, pixels=np.zeros((100, 100), np.float32))) if correctable(n))
    assert corrected(scan, notice).spacing_mm == (0.1, 0.2)


def test_every_correction_has_its_words():
    for kind in STORED.values():
        for code in (f"scan_stored_{kind}", f"scan_was_stored_{kind}"):
            assert all(known(f"notice.{code}", language) for language in LANGUAGES)


def test_a_film_that_names_one_side_and_no_view_is_told_and_still_used():
    (item,) = read_upload([("x", dicom(FILM, Laterality="L"))], TASK).items
    assert item.open
    assert "scan_one_side" in [n.code for n in item.notices]
    (item,) = read_upload([("x", dicom(FILM, Laterality="L", ViewPosition="PA"))], TASK).items
    assert "scan_one_side" not in [n.code for n in item.notices]


@pytest.mark.parametrize(
    ("elements", "shape", "spacing"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (400, 200), (0.1, 0.1)),
        ({"PixelSpacing": [0.1, 0.15]}, (200, 300), (0.1, 0.1)),
        ({"PixelAspectRatio": [3, 2]}, (300, 200), None),
        ({"PixelSpacing": [0.15, 0.15]}, (200, 200), (0.15, 0.15)),
    ],
)
def test_pixels_that_are_not_square_are_resampled_and_told(elements, shape, spacing):
    circle = (np.hypot(*np.mgrid[-100:100, -100:100]) < 50).astype(np.uint8) * 200
    scan = read_scan(dicom(circle, **elements), "x")
    assert (scan.pixels.shape, scan.spacing_mm) == (shape, spacing)
    assert ("scan_made_square" in [n.code for n in scan.notices]) == (shape != (200, 200))
    high, wide = (int((scan.pixels > 0.5).any(axis=axis).sum()) for axis in (1, 0))
    assert (high / wide) == pytest.approx(shape[0] / shape[1], rel=0.03)


def test_pixels_that_no_detector_has_are_refused_by_name():
    with pytest.raises(UnreadableFileError) as error:
        read_scan(dicom(FILM, PixelSpacing=[0.1, 0.9]), "x")
    assert error.value.code == "scan_pixels_implausible"
    assert "9 times" in tell(error.value)


def test_a_film_that_waits_to_be_turned_adds_nothing_on_review_and_speaks_once_it_is():
    engine = load_engine("chest_infection")
    scan = read_scan(dicom(stored_film(("R", "F")), PatientOrientation=["R", "F"], ViewPosition="PA"), "x")
    memory: dict = {}
    values = {"age_years": 61.0}
    waiting = review(engine, Case("chest_infection", scan, values=values), memory=memory)
    assert waiting.prediction.evidence["image"] is None
    turned = corrected(scan, waiting.gates[0])
    after = review(engine, Case("chest_infection", turned, values=values), memory=memory).prediction
    usual = read_scan(dicom(FILM, PatientOrientation=["L", "F"], ViewPosition="PA"), "x")
    wanted = review(engine, Case("chest_infection", usual, values=values)).prediction
    assert after.evidence["image"] == pytest.approx(wanted.evidence["image"])


def test_on_the_screen_a_turned_film_is_confirmed_with_a_tick_and_used(store, visit):
    app = visit().switch_page("pages/new_case.py").run()
    data = dicom(stored_film(("F", "R")), PatientOrientation=["F", "R"], ViewPosition="PA")
    app = app.file_uploader(key="new_files_0").set_value([("film.dcm", data, "")]).run()
    assert "stored turned a quarter to the left" in page_text(app)
    app = app.checkbox(key="new_agree_file_scan_stored_rotated_left").check().run()
    assert "brought to the usual frame as you confirmed" in page_text(app)
    app.button(key="new_review").click().run()
    (key,) = set(store.keys()) - {"whole", "vitals", "empty"}
    kept = store.load(key).scan
    assert kept.pixels.shape == FILM.shape
    assert kept.orientation == ("L", "F")

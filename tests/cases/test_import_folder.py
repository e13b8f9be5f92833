"""Importing a folder into the worklist: a pack of rows, a folder of case folders, and what is bad among them."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcore.cases.import_folder import import_folder
from mmcore.cases.worklist import open_store
from mmcore.domain.errors import PackError
from mmcore.synthetic.film.phantom import draw

COLUMNS = ("id", "image", "patient", "source", "modality", "sex", "age", "label", "note")
ROWS = (
    ("a", "images/a.png", "patient-number-1", "made", "X-ray", "M", "61", "covid19", "Fever and dry cough."),
    ("b", "images/torn.png", "p2", "made", "X-ray", "F", "40", "no_finding", ""),
    ("c", "images/a.png", "p3", "made", "CT", "F", "50", "covid19", ""),
    ("d", "images/a.png", "p4", "made", "X-ray", "F", "50", "tumour", ""),
    ("", "images/a.png", "p5", "made", "X-ray", "F", "50", "covid19", ""),
    ("f", "images/away.png", "p6", "made", "X-ray", "F", "200", "covid19", "Cough."),
)


@pytest.fixture
def worklist(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path / 'cases.db'}")
    yield opened
    opened.close()


def draw_film(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.uint8(255 * draw(50_001, "covid19", 192).pixels)).save(path)


@pytest.fixture
def pack(tmp_path) -> Path:
    """Six rows: a whole one, one whose picture is torn, a CT, another disease, one without a key, one without its file."""
    folder = tmp_path / "pack"
    draw_film(folder / "images" / "a.png")
    (folder / "images" / "torn.png").write_bytes((folder / "images" / "a.png").read_bytes()[:300])
    with (folder / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *ROWS])
    return folder


@pytest.fixture
def folders(tmp_path) -> Path:
    """Two folders of one case each, the second with a torn picture, an empty folder, and a file beside them."""
    root = tmp_path / "cases"
    draw_film(root / "anna" / "scan.png")
    (root / "anna" / "note.txt").write_text("Fever and dry cough. No pleural effusion.")
    (root / "anna" / "vitals.json").write_text('{"age_years": 61, "crp_mg_per_l": 84}')
    (root / "bela").mkdir()
    (root / "bela" / "scan.png").write_bytes((root / "anna" / "scan.png").read_bytes()[:300])
    (root / "bela" / "vitals.json").write_text('{"age_years": 200, "sex": "F"}')
    (root / "empty").mkdir()
    (root / "read.me").write_text("not a case")
    return root


def test_a_pack_is_imported_and_what_cannot_be_taken_is_counted_by_reason(worklist, pack) -> None:
    told = import_folder(worklist, pack, "chest_infection", 200)
    assert told == {
        "task": "chest_infection",
        "added": 3,
        "already_there": 0,
        "left_out": {"ct": 1, "other_label": 1, "no_id": 1},
    }
    assert worklist.keys() == {"a", "b", "f"}
    whole = worklist.load("a")
    assert whole.scan.pixels.shape == (192, 192)
    assert whole.note == "Fever and dry cough."
    assert dict(whole.values) == {"age_years": 61.0, "sex": 1.0}


def test_a_torn_picture_of_a_pack_takes_the_scan_away_and_leaves_the_rest(worklist, pack) -> None:
    import_folder(worklist, pack, "chest_infection", 200)
    torn, away = worklist.load("b"), worklist.load("f")
    assert torn.scan is None and dict(torn.values) == {"age_years": 40.0, "sex": 0.0}
    assert [n.modality for n in torn.refused] == ["image"]
    assert away.scan is None and away.refused == ()
    assert away.note == "Cough." and dict(away.values) == {"sex": 0.0}, "an age of 200 is not known"


def test_a_second_import_adds_what_the_first_left_and_nothing_twice(worklist, pack) -> None:
    first, second = (import_folder(worklist, pack, "chest_infection", most) for most in (1, 200))
    assert (first["added"], first["already_there"]) == (1, 0)
    assert (second["added"], second["already_there"]) == (2, 1)


def test_a_long_key_of_a_patient_is_shown_in_part(worklist, pack) -> None:
    import_folder(worklist, pack, "chest_infection", 1)
    assert [row.patient_key for row in worklist.summaries()] == ["patient-numb"]


def test_a_folder_of_case_folders_is_imported_one_case_a_folder(worklist, folders) -> None:
    told = import_folder(worklist, folders, "chest_infection", 200)
    assert told == {"task": "chest_infection", "added": 2, "already_there": 0, "left_out": {}}
    anna, bela = worklist.load("anna"), worklist.load("bela")
    assert anna.scan.pixels.shape == (192, 192)
    assert anna.note == "Fever and dry cough. No pleural effusion."
    assert dict(anna.values) == {"age_years": 61.0, "crp_mg_per_l": 84.0}
    assert bela.scan is None and dict(bela.values) == {"sex": 0.0}
    assert {n.modality for n in bela.refused} == {"image", "clinical"}


def test_a_folder_that_is_neither_is_refused_and_nothing_is_added(worklist, tmp_path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(PackError) as refused:
        import_folder(worklist, tmp_path / "nothing", "chest_infection", 200)
    assert refused.value.code == "pack_without_manifest"
    assert worklist.keys() == set()

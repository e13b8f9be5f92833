"""Chest infection's pack: whose label counts, what is left out of every figure, and what still teaches the image encoder."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from mmcore.tasks.chest_infection import LABELS, TASK, read_pack
from mmcore.training.encoders import labelled_rows, picture_shares, questions

COLUMNS = ("id", "image", "source", "modality", "finding", "label", "expert_label")
ROWS = (
    ("read-normal", "", "nih", "X-ray", "Pneumonia", "other_pneumonia", "no_finding"),
    ("read-ill", "", "nih", "X-ray", "No Finding", "no_finding", "other_pneumonia"),
    ("mined", "", "nih", "X-ray", "Pneumonia", "other_pneumonia", ""),
    ("mined-normal", "", "nih", "X-ray", "No Finding", "no_finding", ""),
    ("mass", "", "nih", "X-ray", "Pneumonia", "other_pneumonia", "other_finding"),
    ("elsewhere", "", "cohen", "X-ray", "Pneumonia", "other_pneumonia", ""),
    ("tb", "", "far", "X-ray", "tuberculosis", "", ""),
    ("nobody", "", "far", "X-ray", "", "", ""),
    ("effusion", "", "far", "X-ray", "", "effusion", ""),
    ("slice", "", "nih", "CT", "", "other_pneumonia", "other_finding"),
)


def pack(folder: Path, rows=ROWS, columns=COLUMNS) -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([columns, *rows])
    return folder


def test_what_experts_saw_is_the_label_and_what_nobody_can_rely_on_is_left_out_and_counted(tmp_path) -> None:
    found = read_pack(pack(tmp_path))
    label = {r.key: next((k for k, y in r.outcome.items() if y), None) for r in found.rows}
    assert label == {
        "read-normal": "no_finding",
        "read-ill": "other_pneumonia",
        "mined-normal": "no_finding",
        "elsewhere": "other_pneumonia",
        "tb": None,
        "nobody": None,
    }
    assert found.left_out == {"unread": 1, "other_finding": 1, "other_label": 1, "ct": 1}


def test_tuberculosis_is_not_without_finding_and_says_nothing_of_pneumonia(tmp_path) -> None:
    outcome = {r.key: r.outcome for r in read_pack(pack(tmp_path)).rows}
    assert outcome["tb"] == {"covid19": None, "other_pneumonia": None, "no_finding": 0}
    assert outcome["nobody"] == {}


def test_a_pack_without_the_experts_column_is_read_as_before(tmp_path) -> None:
    rows = [r[:6] for r in ROWS if r[0] in ("mined-normal", "elsewhere", "mined")]
    found = read_pack(pack(tmp_path, rows, COLUMNS[:6]))
    assert [r.key for r in found.rows] == ["mined-normal", "elsewhere"] and found.left_out == {"unread": 1}


def test_every_film_is_there_for_a_task_with_an_outcome_of_its_own(tmp_path) -> None:
    found = read_pack(pack(tmp_path), any_label=True)
    assert {"mined", "mass", "effusion"} <= {r.key for r in found.rows} and found.left_out == {"ct": 1}
    assert all(not r.outcome for r in found.rows if r.key in ("mass", "effusion", "nobody"))


def test_abnormal_films_of_no_label_teach_the_encoder_that_they_are_abnormal(tmp_path) -> None:
    rows = labelled_rows(TASK, pack(tmp_path))
    keys = [r.key for r in rows]
    assert sorted(keys) == ["elsewhere", "mass", "mined-normal", "read-ill", "read-normal", "tb"]
    asked = dict(zip(keys, questions(TASK, rows), strict=True))
    pneumonia, abnormal = 0, 3
    assert [asked[k][abnormal] for k in ("mass", "tb", "read-ill", "read-normal")] == [1, 1, 1, 0]
    assert np.isnan([asked[k][pneumonia] for k in ("mass", "tb")]).all()
    shares = dict(zip(keys, picture_shares(TASK, rows, 0.5), strict=True))
    assert shares["mass"] + shares["tb"] == shares["read-normal"] + shares["mined-normal"]


def test_the_pretraining_pack_is_told_by_its_kinds(tmp_path) -> None:
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    found = read_pack(pack(tmp_path, [("a", "a.png", "viral")], ("id", "image", "kind")))
    (row,) = found.rows
    assert row.outcome == {k: int(k == "other_pneumonia") for k in LABELS} and row.subgroup["kind"] == "viral"

"""Chest severity: who is asked about, what tells the answer away and is not read, and the figure on patients not yet there."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcore.evaluation.evaluate import evaluate
from mmcore.paths import DEMONSTRATIONS
from mmcore.prediction.engine import load_engine
from mmcore.synthetic.demonstrations.severity import STORIES, write_severity_cases
from mmcore.synthetic.film.phantom import FIRST_TRAINING_SEED
from mmcore.tasks.chest_severity import LABEL, TASK, hospital_fold

SHIPPED = DEMONSTRATIONS
COLUMNS = (
    "id",
    "image",
    "source",
    "patient",
    "modality",
    "view",
    "label",
    "icu",
    "in_icu_at_image",
    "po2_mmhg",
    "note",
)


def pack(folder: Path, rows: list[tuple]) -> Path:
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return folder


def test_intensive_care_is_the_outcome_whatever_the_infection_and_no_note_is_read(tmp_path) -> None:
    found = TASK.read_pack(
        pack(
            tmp_path,
            [
                ("a", "", "s", "p1", "X-ray", "AP", "covid19", "1.0", "0.0", "54", "moved to the ICU"),
                ("b", "", "s", "p2", "X-ray", "PA", "some other label", "0", "", "9999", ""),
                ("c", "", "s", "p3", "X-ray", "PA", "covid19", "", "1", "", ""),
                ("d", "", "s", "p4", "CT", "Axial", "covid19", "1", "1", "", ""),
            ],
        )
    )
    first, second, third = found.rows
    assert (first.outcome, second.outcome, third.outcome) == ({LABEL: 1}, {LABEL: 0}, {})
    assert [r.subgroup["in_intensive_care"] for r in found.rows] == ["no", "unknown", "yes"]
    assert all(r.note is None for r in found.rows)
    assert first.values["oxygen_pressure_mmhg"] == 54 and "oxygen_pressure_mmhg" not in second.values
    assert found.left_out == {"ct": 1}


def test_the_one_large_hospital_is_left_out_as_a_whole() -> None:
    assert hospital_fold("hannover") == 0
    assert {hospital_fold(p) for p in ("radiopaedia.org", "www.sirm.org")} == {1}


def test_the_figure_on_patients_not_yet_in_intensive_care_is_of_those_rows_alone(tmp_path) -> None:
    films = {1: "severity-001", 0: "severity-002"}
    rows = []
    for i, (icu, there) in enumerate([(1, "0"), (0, "0"), (1, "1"), (0, "0"), (1, "0"), (0, "1")]):
        (tmp_path / f"{i}.png").write_bytes(
            (SHIPPED / "chest_severity" / films[icu] / "scan.png").read_bytes()
        )
        rows.append((f"r{i}", f"{i}.png", "s", f"new{i}", "X-ray", "AP", "covid19", icu, there, "", ""))
    found = evaluate(load_engine("chest_severity"), pack(tmp_path, rows), resamples=20)
    assert found["n"] == 6
    assert {"macro_auroc", "auroc_not_yet_in_icu"} <= set(found["metrics"])
    rows = [r for r in rows if r[8] == "1"]
    found = evaluate(load_engine("chest_severity"), pack(tmp_path, rows), resamples=20)
    assert "macro_auroc" in found["metrics"] and "auroc_not_yet_in_icu" in found["skipped"]


def test_the_shipped_cases_are_what_the_code_writes_and_never_train(tmp_path) -> None:
    assert all(story.seed < FIRST_TRAINING_SEED for story in STORIES)
    for folder in write_severity_cases(tmp_path):
        shipped = SHIPPED / folder.relative_to(tmp_path)
        for name in ("case.json", "vitals.json"):
            assert (folder / name).read_text(encoding="utf-8") == (shipped / name).read_text(encoding="utf-8")
        pixels = [np.asarray(Image.open(f / "scan.png")).astype(int) for f in (folder, shipped)]
        assert np.abs(pixels[0] - pixels[1]).max() <= 1


@pytest.mark.parametrize("key", [s.key for s in STORIES])
def test_a_demonstration_case_is_predicted_from_the_command_line_and_adds_up(key) -> None:
    from mmcore.cli.predict import predict_files

    folder = SHIPPED / "chest_severity" / key
    files = {
        "scan": [str(folder / "scan.png")],
        "ecg": [],
        "note": [],
        "vitals": [str(folder / "vitals.json")],
    }
    told = predict_files("chest_severity", files, [], False)
    parts = sum(e[LABEL] for e in told["evidence"].values() if e)
    assert told["contrast"]["total"] == pytest.approx(told["prior_logits"][LABEL] + parts, abs=1e-4)
    assert told["contrast"]["against"] is None

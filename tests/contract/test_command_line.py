"""The command line is a contract: its JSON, its exit codes, its sums, on the shipped model and the demonstration cases."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcore.cli.main import main
from mmcore.paths import DEMONSTRATIONS, ROOT
from mmcore.synthetic.film.phantom import draw

DEMO = DEMONSTRATIONS / "chest_infection"
SHARED = ROOT.parent / "shared" / "data" / "chest"
CASE = DEMO / "demo-001"


def run(capsys, *arguments: str) -> tuple[int, dict]:
    """Exit code and the one JSON object on standard output."""
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def predict(capsys, *arguments: str) -> tuple[int, dict]:
    return run(capsys, "predict", "--task", "chest_infection", *arguments)


def test_tasks_lists_labels_fields_with_units_and_the_shipped_version(capsys) -> None:
    code, out = run(capsys, "tasks")
    task = next(t for t in out["tasks"] if t["name"] == "chest_infection")
    assert code == 0
    assert task["labels"] == ["covid19", "other_pneumonia", "no_finding"]
    assert {"name": "oxygen_saturation_percent", "unit": "%", "range": [30, 100], "kind": "number"} in task[
        "fields"
    ]
    assert task["model_version"]


def test_a_prediction_adds_up_from_prior_to_probability(capsys) -> None:
    files = ["--image", CASE / "scan.png", "--note", CASE / "note.txt", "--vitals", CASE / "vitals.json"]
    code, out = predict(capsys, *map(str, files))
    assert code == 0
    contrast = out["contrast"]

    def against(by_label: dict) -> float:
        return by_label[contrast["for"]] - by_label[contrast["against"]]

    present = {m: e for m, e in out["evidence"].items() if e is not None}
    assert set(present) == {"image", "text", "clinical"}
    total = against(out["prior_logits"]) + sum(against(e) for e in present.values())
    assert contrast["total"] == pytest.approx(total, abs=1e-4)
    odds = out["probabilities"][contrast["for"]] / out["probabilities"][contrast["against"]]
    assert np.log(odds) == pytest.approx(contrast["total"], abs=1e-4)
    assert sum(out["probabilities"].values()) == pytest.approx(1)
    for a in out["attributions"]:
        assert a["total"] == pytest.approx(a["constant"] + a["sum"] + a["residual"], abs=1e-9)
        assert a["total"] == pytest.approx(against(present[a["modality"]]), abs=1e-4)
        assert abs(a["residual"]) < 0.01
    assert len(out["model"]["sha256"]) == 64


def test_a_stated_prior_moves_the_prior_alone(capsys) -> None:
    _, usual = predict(capsys, "--image", str(CASE / "scan.png"))
    _, rare = predict(capsys, "--image", str(CASE / "scan.png"), "--prior", "covid19=0.02", "no_finding=0.9")
    assert rare["evidence"] == usual["evidence"]
    assert rare["prior_logits"]["covid19"] == pytest.approx(np.log(0.02))
    assert rare["probabilities"]["covid19"] < usual["probabilities"]["covid19"]
    assert rare["prediction_set"] == usual["prediction_set"]
    assert "set_keeps_its_prior" in [w["code"] for w in rare["warnings"]]
    assert "set_keeps_its_prior" not in [w["code"] for w in usual["warnings"]]


def test_a_modality_that_is_not_given_is_null_and_its_probabilities_still_sum(capsys) -> None:
    code, out = predict(capsys, "--note", str(CASE / "note.txt"))
    assert code == 0
    assert out["evidence"]["image"] is None and out["evidence"]["clinical"] is None
    assert [a["modality"] for a in out["attributions"]] == ["text"]
    assert sum(out["probabilities"].values()) == pytest.approx(1)


def test_a_file_that_cannot_be_used_takes_its_modality_away_and_says_why(capsys, tmp_path) -> None:
    fake = tmp_path / "scan.png"
    fake.write_text("this is a note and not a picture")
    code, out = predict(capsys, "--image", str(fake), "--note", str(CASE / "note.txt"))
    assert code == 0
    assert out["evidence"]["image"] is None
    assert any("text" in w["message"] for w in out["warnings"])


def test_nothing_to_predict_from_is_exit_code_two_with_a_sentence(capsys, tmp_path) -> None:
    empty = tmp_path / "note.txt"
    empty.write_text("")
    code, out = predict(capsys, "--note", str(empty))
    assert code == 2
    assert out["error"]["code"] == "nothing_to_predict"
    assert "empty" in out["error"]["message"]


def test_nothing_given_and_nothing_that_counts_are_told_apart(capsys) -> None:
    _, nothing = predict(capsys)
    assert nothing["error"]["message"] == "Nothing is left to predict from. No file was given."
    code, shown = run(capsys, "predict", "--task", "heart_ecg", "--note", str(CASE / "note.txt"))
    assert code == 2
    assert shown["error"]["message"].count("adds 0") == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--prior", "covid19=2"], "prior_out_of_range"),
        (["--prior", "measles=0.1"], "prior_label_unknown"),
        (["--prior", "covid19=0.9", "no_finding=0.9"], "priors_above_one"),
    ],
)
def test_a_bad_prior_is_refused_in_words(capsys, arguments: list[str], code: str) -> None:
    exit_code, out = predict(capsys, "--image", str(CASE / "scan.png"), *arguments)
    assert (exit_code, out["error"]["code"]) == (2, code)
    assert "{" not in out["error"]["message"] and out["error"]["message"] != code.replace("_", " ")


def test_an_unknown_task_names_the_ones_there_are(capsys) -> None:
    code, out = run(capsys, "predict", "--task", "gout")
    assert code == 2
    assert "chest_infection" in out["error"]["message"]


def test_a_saturation_of_a_fraction_counts_only_with_consent(capsys, tmp_path) -> None:
    vitals = tmp_path / "vitals.json"
    vitals.write_text('{"oxygen_saturation_percent": 0.97, "age_years": 60}')
    _, asked = predict(capsys, "--vitals", str(vitals))
    assert [w["code"] for w in asked["warnings"]] == ["value_correctable"]
    assert "Did you mean 97?" in asked["warnings"][0]["message"]
    _, agreed = predict(capsys, "--vitals", str(vitals), "--accept-corrections")
    assert "value_corrected" in (codes := [w["code"] for w in agreed["warnings"]])
    assert "value_correctable" not in codes


@pytest.fixture(scope="module")
def synthetic_pack(tmp_path_factory) -> Path:
    """A pack of nine phantom films, in the layout of the public data, with a CT row and an empty column."""
    folder = tmp_path_factory.mktemp("pack")
    (folder / "images").mkdir()
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["id", "image", "patient", "source", "modality", "view", "sex", "age", "label", "note", "crp"]
        )
        for i in range(9):
            label = ("covid19", "other_pneumonia", "no_finding")[i % 3]
            Image.fromarray(np.uint8(255 * draw(50_000 + i, label, 192).pixels)).save(
                folder / "images" / f"{i}.png"
            )
            note = "Fever and dry cough. No pleural effusion." if i < 4 else ""
            writer.writerow(
                [i, f"images/{i}.png", f"p{i}", "made", "X-ray", "PA", "M", 50 + i, label, note, ""]
            )
        writer.writerow([99, "images/0.png", "p99", "made", "CT", "Axial", "F", "", "covid19", "", ""])
    return folder


def test_evaluate_scores_every_usable_row_and_counts_the_others(capsys, synthetic_pack) -> None:
    code, out = run(
        capsys, "evaluate", "--task", "chest_infection", "--data", str(synthetic_pack), "--bootstrap", "50"
    )
    assert code == 0
    assert out["n"] + out["left_out"].get("nothing_to_predict_from", 0) == 9
    assert out["left_out"]["ct"] == 1
    assert {"value", "low", "high"} == set(out["metrics"]["macro_auroc"])
    assert "auroc_covid19_vs_other_pneumonia" in out["metrics"]
    assert out["baseline"]["metrics"]
    assert out["residual_over_0.01"] <= 0.01
    assert sum(group["n"] for group in out["by_modalities"].values()) == out["n"]


def test_evaluate_without_labels_says_what_is_missing(capsys, synthetic_pack, tmp_path) -> None:
    rows = list(csv.DictReader((synthetic_pack / "manifest.csv").open()))
    (tmp_path / "images").symlink_to(synthetic_pack / "images")
    with (tmp_path / "manifest.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [k for k in rows[0] if k != "label"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    code, out = run(capsys, "evaluate", "--task", "chest_infection", "--data", str(tmp_path))
    assert (code, out["n"]) == (0, 0)
    assert out["left_out"]["no_label"] == 9


def test_a_folder_that_is_not_there_is_exit_code_two(capsys) -> None:
    code, out = run(capsys, "evaluate", "--task", "chest_infection", "--data", "nowhere")
    assert (code, out["error"]["code"]) == (2, "no_such_folder")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public chest pack is not here")
def test_no_patient_that_trained_or_calibrated_the_model_is_scored() -> None:
    from mmcore.cases.pack_rows import read_pack
    from mmcore.domain.patient_marks import patient_mark
    from mmcore.prediction.engine import load_engine
    from mmcore.training.splits import TEST, split_patients

    engine = load_engine("chest_infection")
    known = engine.facts.met
    patients = {row.patient for row in read_pack(engine.task, SHARED).rows}
    fresh = {p for p in patients if patient_mark(p) not in known}
    assert fresh == {p for p, part in split_patients(patients).items() if part == TEST}
    assert len(fresh) > 50

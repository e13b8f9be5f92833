"""Fitting and measuring the gate of ECGs on made-up recordings, on a copy of the shipped model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mmcore.domain.case import LEADS
from mmcore.domain.errors import PackError
from mmcore.domain.patient_marks import patient_mark
from mmcore.evaluation import ecg_gate
from mmcore.evaluation.ecg_gate import keep_ecg_gate, measure_ecg_gate
from mmcore.gates import ecg as gate
from mmcore.paths import MODELS
from mmcore.prediction.engine import load_engine
from mmcore.stores.model_folders import verified_digests, write_digests
from mmcore.synthetic.ecg.beats import HEALTHY, draw
from mmcore.synthetic.ecg.foreign import NO_ECG, SPOILT
from mmcore.synthetic.ecg.generator import sinus, strip

TRAIN, CALIBRATION = 16, 20  # as few as fit_familiar takes when four directions are kept


def silent(stage: str, done: int, total: int) -> None:
    """Nobody watches."""


def write_pack(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    """A pack of made-up strips: (source, patient, ischaemia as written) of each row, an empty strip for the patient "flat"."""
    folder.mkdir()
    rng = np.random.default_rng(3)
    strips = [strip(draw(HEALTHY), sinus(60 + i, rng), rng) for i in range(len(rows))]
    flat = [0 * x if rows[i][1] == "flat" else x for i, x in enumerate(strips)]
    np.savez(folder / "ecg_12lead_100hz_10s.npz", x=np.stack(flat).astype(np.float16), leads=np.array(LEADS))
    lines = [f"{source},{i},{patient},60,F,{y}" for i, (source, patient, y) in enumerate(rows)]
    told = "source,record_id,patient_id,age,sex,y_ischemia"
    (folder / "ecg_meta.csv").write_text("\n".join([told, *lines]) + "\n")
    return folder


@pytest.fixture
def model(tmp_path, environment) -> Path:
    """A copy of the shipped model, said to have been trained and calibrated on the patients of the pack below."""
    shutil.copytree(MODELS / "heart_ecg", tmp_path / "models" / "heart_ecg")
    (folder,) = (tmp_path / "models" / "heart_ecg").iterdir()
    config = json.loads((folder / "config.json").read_text())
    config["facts"]["patients"] = {
        "train": [patient_mark(f"t{i}") for i in range(TRAIN)],
        "calibration": [patient_mark(f"c{i}") for i in range(CALIBRATION)],
    }
    (folder / "config.json").write_text(json.dumps(config))
    write_digests(folder)
    environment("THREEFOLD_MODELS", str(tmp_path / "models"))
    return folder


def test_keeping_the_gate_writes_what_the_training_ecgs_measured_and_leaves_the_weights(
    model, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(gate, "DIRECTIONS", 4)
    whom = [f"t{i}" for i in range(TRAIN)] + [f"c{i}" for i in range(CALIBRATION)]
    pack = write_pack(tmp_path / "pack", [("ludb", patient, "1") for patient in whom])
    before = json.loads((model / "config.json").read_text())
    weights = verified_digests(model)["model.safetensors"]
    keep_ecg_gate(load_engine("heart_ecg"), pack, silent)
    after = json.loads((model / "config.json").read_text())
    kept, told = after["facts"].pop("familiar_ecg"), before["facts"].pop("familiar_ecg")
    assert after == before, "nothing else of the configuration changes"
    assert (
        set(kept) == set(told) == {"mean", "directions", "spread", "width", "inside_limit", "outside_limit"}
    )
    assert kept["width"] == told["width"] and kept != told
    assert verified_digests(model)["model.safetensors"] == weights
    engine = load_engine("heart_ecg")
    found = measure_ecg_gate(engine, pack, silent)
    assert found["false_alarms_same_sources"]["n"] == 0, "every patient has taught the gate"


def test_a_pack_without_the_training_patients_keeps_nothing(model, tmp_path) -> None:
    pack = write_pack(tmp_path / "pack", [("ludb", "stranger", "1")])
    before = (model / "config.json").read_bytes()
    with pytest.raises(PackError) as refused:
        keep_ecg_gate(load_engine("heart_ecg"), pack, silent)
    assert (refused.value.code, refused.value.values["directory"]) == (
        "pack_without_training_patients",
        "pack",
    )
    assert (model / "config.json").read_bytes() == before


def test_recordings_are_counted_by_source_and_those_of_training_patients_are_left_out(
    model, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(ecg_gate, "DRAWN", 2)
    rows = [
        ("ludb", "t0", "1"),  # taught the model
        ("ludb", "new-1", "0"),
        ("ludb", "new-2", "1"),
        ("ludb", "new-3", "1"),
        ("elsewhere", "t1", ""),  # without a label it taught the encoder at most
        ("elsewhere", "flat", ""),  # stopped by the rules for files
    ]
    pack = write_pack(tmp_path / "pack", rows)
    stages: list[tuple[str, int, int]] = []
    found = measure_ecg_gate(load_engine("heart_ecg"), pack, lambda *stage: stages.append(stage))
    assert (found["task"], found["version"]) == ("heart_ecg", model.name)
    assert found["false_alarms_same_sources"]["n"] == 3
    assert found["false_alarms_other_sources"]["n"] == 1
    assert {name: s["n"] for name, s in found["false_alarms_by_source"].items()} == {
        "elsewhere": 1,
        "ludb": 3,
    }
    assert sum(found["stopped_by_file_rules"].values()) == 1
    assert set(found["detected"]) == set(found["detected_with_file_rules"]) == {*NO_ECG, *SPOILT}
    assert {s["n"] for s in found["detected"].values()} == {2}
    assert all(found["detected"][kind]["value"] == 1 for kind in ("white_noise", "sine", "pulse_wave"))
    alone, both = found["detected"], found["detected_with_file_rules"]
    assert all(both[kind]["value"] >= alone[kind]["value"] for kind in alone)
    kinds = len(NO_ECG) + len(SPOILT)
    assert stages[3] == ("held-back ECGs", 4, 4) and stages[-1] == ("foreign recordings", kinds, kinds)


def test_a_pack_without_strangers_gives_no_share(model, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(ecg_gate, "DRAWN", 1)
    found = measure_ecg_gate(
        load_engine("heart_ecg"), write_pack(tmp_path / "pack", [("ludb", "t0", "1")]), silent
    )
    nothing = {"n": 0, "value": None, "low": None, "high": None}
    assert found["false_alarms_same_sources"] == found["detected"]["upside_down"] == nothing
    assert found["detected"]["white_noise"]["n"] == 1
    assert found["false_alarms_by_source"] == {}

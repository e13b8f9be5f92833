"""The report on the gate of films counts only patients whom neither the model nor the gate has met."""

from dataclasses import replace
from pathlib import Path

import pytest

from mmcore.domain.pack import Pack, PackRow
from mmcore.domain.patient_marks import patient_mark
from mmcore.evaluation.scan_gates import held_back
from mmcore.gates.learned import stored_gate
from mmcore.models.gate import GateNet
from mmcore.prediction.engine import Engine
from mmcore.stores import gate_store
from mmcore.stores.model_store import StoredModel
from mmcore.tasks import get_task
from mmcore.training.gates.train import marks_of
from tests.toy import toy_model


def film_of(patient: str, source: str = "nih") -> PackRow:
    return PackRow(f"{patient}-1", patient, source, source, {}, image=Path(f"{patient}.png"))


@pytest.fixture
def gate_taught_by_carol(tmp_path, monkeypatch):
    """A gate in a folder of its own, written as training writes it."""
    parts = {"carol": "train", "dave": "test"}
    taught_by = marks_of([film_of(p) for p in parts], parts)
    described = {"picture": "frontal_chest_xray", "thresholds": {"doubt": 0.0}, "taught_by": taught_by}
    gate_store.save_gate(GateNet(), described, tmp_path / "frontal_chest_xray" / "1.0.0")
    monkeypatch.setattr(gate_store, "GATES", tmp_path)
    stored_gate.cache_clear()
    yield
    stored_gate.cache_clear()


def engine_that_met(**patients: list[str]) -> Engine:
    """An engine whose model was trained and calibrated on these patients and whose pack holds films of four."""
    model = toy_model()
    model.config.facts = {"patients": {n: [patient_mark(p) for p in keys] for n, keys in patients.items()}}
    rows = tuple(film_of(p) for p in ("alice", "bob", "carol", "dave"))
    task = replace(get_task("chest_infection"), read_pack=lambda _: Pack(rows, {}))
    return Engine(task, StoredModel(model, None, None, "1.0.0", "", Path()))


def test_films_of_patients_that_the_model_or_the_gate_has_met_are_left_out(gate_taught_by_carol) -> None:
    engine = engine_that_met(train=["alice"], calibration=["bob"])
    assert [row.patient for row in held_back(engine, Path(), most=120)] == ["dave"]


def test_at_most_so_many_films_of_a_source_are_taken(gate_taught_by_carol) -> None:
    engine = engine_that_met(train=[], calibration=[])
    assert len(held_back(engine, Path(), most=120)) == 3
    assert len(held_back(engine, Path(), most=2)) == 2


def test_the_shipped_gate_names_no_patient() -> None:
    gate = stored_gate("frontal_chest_xray")
    assert gate is not None and len(gate.taught_by) == 908
    assert all(len(mark) == 16 and int(mark, 16) >= 0 for mark in gate.taught_by)

"""The demonstration ECGs: as the code writes them, marked, familiar to the model, and read as they were drawn."""

import json

import numpy as np
import pytest

from mmcore.cases.demonstrations import read_demonstration
from mmcore.domain.review import Review
from mmcore.explain.review import review
from mmcore.paths import DEMONSTRATIONS
from mmcore.prediction.engine import load_engine
from mmcore.synthetic.demonstrations.ecg import made, write_demonstrations
from mmcore.tasks import get_task

SHIPPED = DEMONSTRATIONS / "heart_ecg"
TASK = get_task("heart_ecg")


@pytest.fixture(scope="module")
def seen() -> dict[str, Review]:
    """Key -> what the shipped model makes of each."""
    engine = load_engine("heart_ecg")
    return {case.key: review(engine, read_demonstration(SHIPPED / case.key, TASK)) for case in made()}


def called(found: Review) -> set[str]:
    """Labels at or above their operating point."""
    chances = found.prediction.probabilities
    return {k for k, p in chances.items() if p >= found.operating_point[k]}


def test_the_shipped_ecgs_are_what_the_code_writes_and_are_marked(tmp_path):
    write_demonstrations(tmp_path)
    assert {f.name for f in tmp_path.iterdir()} == {f.name for f in SHIPPED.iterdir()}
    for folder in tmp_path.iterdir():
        facts = json.loads((SHIPPED / folder.name / "case.json").read_text())
        assert facts == json.loads((folder / "case.json").read_text()) and facts["synthetic"] is True
        table, shipped = (
            np.loadtxt(f / "ecg.csv", delimiter=",", skiprows=1) for f in (folder, SHIPPED / folder.name)
        )
        assert np.abs(table - shipped).max() <= 1  # microvolts: numerical libraries differ in the last bit


def test_each_label_that_was_drawn_is_called_and_brugada_only_where_it_was_drawn_or_said_to_be_wrong(seen):
    for case in made():
        found = called(seen[case.key])
        assert case.truth in found if case.truth != "none" else not found
        assert ("brugada" in found) == (case.truth == "brugada" or "The model is wrong here" in case.comment)


def test_no_demonstration_ecg_is_set_aside(seen):
    assert all(not found.gates for found in seen.values())

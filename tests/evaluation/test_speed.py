"""The made-up case that times are taken on has evidence of every modality, whatever the question."""

import pytest

from mmcore.evaluation.speed import whole_case
from mmcore.explain.review import review
from mmcore.prediction.engine import load_engine


@pytest.mark.parametrize(
    ("task", "modality"),
    [
        ("chest_infection", "image"),
        ("chest_severity", "image"),
        ("lung_nodule", "image"),
        ("heart_ecg", "waveform"),
    ],
)
def test_the_made_up_case_gives_evidence_of_its_recording(task: str, modality: str) -> None:
    engine = load_engine(task)
    told = {a.modality.value for a in review(engine, whole_case(engine)).attributions}
    assert modality in told

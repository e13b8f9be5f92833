"""An image encoder that cannot be fine-tuned says so, unless it is to stay as it was loaded."""

from dataclasses import replace
from pathlib import Path

import pytest

from mmcore.domain.errors import EncoderNotTunableError
from mmcore.domain.task import CaseTask, Field, Modality
from mmcore.tasks import case_task
from mmcore.training.recipe import TrainingSettings, settings_for
from mmcore.training.run import TrainingRun
from mmcore.words import tell

SCANS = CaseTask("square", ("bright",), False, (Modality.IMAGE, Modality.CLINICAL), (Field("size_mm", "mm"),))


def shop(task: CaseTask, settings: TrainingSettings, folder: Path) -> TrainingRun:
    (folder / "cache").mkdir(exist_ok=True)
    return TrainingRun(task, (), (), None, settings, folder, lambda *told: None)


def test_another_image_encoder_with_steps_to_go_is_refused_by_name(tmp_path: Path) -> None:
    settings = settings_for(SCANS, {"image_encoder": "/models/resnet-50"})
    with pytest.raises(EncoderNotTunableError) as refused:
        shop(SCANS, settings, tmp_path)
    assert "/models/resnet-50" in tell(refused.value)
    assert "--image-steps 0" in tell(refused.value)


@pytest.mark.parametrize(
    ("task", "chosen"),
    [
        (SCANS, {"image_encoder": "/models/resnet-50", "image_steps": 0}),
        (replace(SCANS, starts_from="chest_infection"), {"image_encoder": "/models/resnet-50"}),
        (replace(case_task("lung_nodule"), modalities=(Modality.IMAGE,)), {}),
        (replace(SCANS, modalities=(Modality.CLINICAL,)), {"image_encoder": "/models/resnet-50"}),
    ],
    ids=["no steps", "starts from a shipped encoder", "has an encoder of its own", "without scans"],
)
def test_what_is_not_to_be_fine_tuned_is_not_refused(task: CaseTask, chosen: dict, tmp_path: Path) -> None:
    assert shop(task, settings_for(task, chosen), tmp_path).views is None

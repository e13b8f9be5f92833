"""Other fusions, single modalities and scales of a set's own, on encodings whose answer is known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmcore.evaluation.score import by_subset
from mmcore.metrics.conformal import conformalize
from mmcore.models.fusion import FusionModel
from mmcore.training.compare_fusions import FUSIONS, compared, faithfulness
from mmcore.training.heads.calibrate import (
    calibrate,
    held_out,
    label_shares,
    operating_points,
    raw_evidence,
    scale_sets,
)
from mmcore.training.heads.cross_conformal import settle_on_folds
from mmcore.training.heads.fit import fit_heads, tensors
from tests.toy import toy_model
from tests.training.test_heads import SETTINGS, rows


@pytest.fixture(scope="module")
def fitted() -> tuple[FusionModel, object]:
    """The toy model with heads and calibration fitted, and fresh rows."""
    model, data = toy_model(), rows(150)
    fit_heads(model, data, SETTINGS)
    calibrate(model, rows(150, seed=1), label_shares(data.outcomes, True))
    model.config.facts["label_share"] = dict.fromkeys(model.config.labels, 1 / 3)
    return model, rows(300, seed=2)


def test_shares_of_the_additive_fusion_are_what_taking_a_modality_away_does(fitted) -> None:
    model, data = fitted
    found = faithfulness(model, data)
    assert found["faithfulness"] == pytest.approx(1.0, abs=1e-4)
    assert found["largest_gap"] < 1e-4


def test_rows_with_one_modality_cannot_judge_the_shares(fitted) -> None:
    model, data = fitted
    assert faithfulness(model, data.without(("text", "clinical")))["faithfulness"] is None


def test_every_fusion_and_every_single_modality_is_compared_on_the_same_patients(fitted) -> None:
    model, data = fitted
    part = np.arange(300) % 3
    parts = {name: part == i for i, name in enumerate(("train", "calibration", "test"))}
    found = compared(model, data, parts, replace(SETTINGS, steps=8))
    assert set(found["fusions"]) == set(FUSIONS)
    assert found["rows"] == {"train": 100, "calibration": 100, "test": 100}
    assert set(found["single"]) == {"image", "text", "clinical"}
    best = found["fusions"][found["best"]]["macro_auroc"]
    additive = found["fusions"]["additive"]
    assert found["additive_within_best"] == (additive["macro_auroc"]["value"] >= best["low"])
    assert found["difference"]["value"] == pytest.approx(
        best["value"] - additive["macro_auroc"]["value"], abs=2e-4
    )
    assert additive["faithfulness"] == pytest.approx(1.0, abs=1e-3)
    for figures in found["fusions"].values():
        assert figures["milliseconds"] > 0 and figures["expected_calibration_error"]["value"] < 0.3
    assert (
        found["single"]["image"]["macro_auroc"]["value"] > found["single"]["clinical"]["macro_auroc"]["value"]
    )


def test_a_set_of_modalities_is_scored_with_the_others_set_aside(fitted) -> None:
    model, data = fitted
    inputs = tensors(model, data)
    found = by_subset(model, {m: x.numpy() for m, x in inputs.items()})
    assert list(found) == [
        "image", "text", "clinical", "image+text", "image+clinical", "text+clinical", "image+text+clinical",
    ]  # fmt: skip
    at, p = found["image+clinical"]
    assert len(at) == 300 and p.sum(1) == pytest.approx(np.ones(300))
    with torch.no_grad():
        alone = model.fuse({"image": inputs["image"], "clinical": inputs["clinical"]})[0].softmax(1)
    assert p == pytest.approx(alone.numpy(), abs=1e-6)
    assert len(found["text"][0]) == int((~np.isnan(data.inputs["text"]).all(1)).sum())


def test_a_set_that_is_off_gets_a_scale_of_its_own_and_the_others_keep_theirs(fitted) -> None:
    model, _ = fitted
    data = rows(400, seed=3)
    judged = raw_evidence(model, data), data.outcomes, data.patients, label_shares(data.outcomes, True)
    assert scale_sets(model, *judged) == {}
    assert (model.set_scale == 1).all()
    before = model.scale.clone()
    model.scale[0] *= 4  # far too certain wherever the image speaks
    found = scale_sets(model, *judged)
    assert "image" in found and "text" not in found
    assert found["image"]["scale"] < 0.6 and found["image"]["gain"] > 0
    assert model.set_scale[0b001].item() == pytest.approx(found["image"]["scale"])
    assert model.set_scale[0b010].item() == 1
    model.scale.copy_(before)
    model.set_scale.fill_(1)


def test_few_rows_never_earn_a_scale(fitted) -> None:
    model, _ = fitted
    model.scale[0] *= 4
    data = rows(40, seed=4)
    judged = raw_evidence(model, data), data.outcomes, data.patients, label_shares(data.outcomes, True)
    assert scale_sets(model, *judged) == {}
    model.scale[0] /= 4


def test_held_out_probabilities_come_from_calibrations_without_the_patient(fitted) -> None:
    model, _ = fitted
    kept = {
        n: b.clone() for n, b in model.named_buffers() if n in ("scale", "constant", "prior", "set_scale")
    }
    data = rows(200, seed=5)
    shares = label_shares(data.outcomes, True)
    p = held_out(model, data, shares)
    assert p.sum(1) == pytest.approx(np.ones(200))
    odd = data.outcomes.copy()
    odd[0] = np.roll(odd[0], 1)  # another outcome for the first patient changes others, not itself
    changed = held_out(model, type(data)(**{**vars(data), "outcomes": odd}), shares)
    assert changed[0] == pytest.approx(p[0], abs=1e-6)
    assert not np.allclose(changed, p, atol=1e-6)
    for name, value in kept.items():
        getattr(model, name).copy_(value)


def test_the_screen_says_what_the_best_fusion_is_worth_elsewhere() -> None:
    from pages.ui.models.fusions import _elsewhere

    def figures(value: float) -> dict:
        return {"metrics": {"macro_auroc": {"value": value, "low": value - 0.1, "high": value + 0.1}}}

    away = {"all": figures(0.76), "gated fusion": figures(0.63)}
    card = SimpleNamespace(report={"leave_publisher_out": away}, fusions={"best": "gated"})
    told = _elsewhere(card)
    assert "additive 0.76 (0.66–0.86)" in told and "gated 0.63 (0.53–0.73)" in told
    assert _elsewhere(SimpleNamespace(report={}, fusions={"best": "gated"})) == ""


def test_sets_and_operating_points_rest_on_the_folds_evidence_under_the_models_own_calibration(
    fitted,
) -> None:
    model, _ = fitted
    kept = dict(model.config.facts)
    task = SimpleNamespace(labels=tuple(model.config.labels), exclusive=True)
    data = rows(300, seed=6)
    raw = raw_evidence(model, data)
    third = dict.fromkeys(task.labels, 1 / 3)
    model.config.facts = {"conformal": {"confidence": 0.9}, "label_share": third}
    settle_on_folds(model, task, raw, data.outcomes, data.patients)
    p = model.fuse(tensors(model, data))[0].softmax(1).numpy()
    expected = conformalize(task.labels, p, data.outcomes, data.patients)
    scores = model.config.facts["conformal"]["scores"]
    for label in task.labels:
        assert [x for g in scores[label] for x in g] == pytest.approx(
            [x for g in expected[label] for x in g], abs=1e-5
        )
    points = operating_points(p, data.outcomes)
    assert list(model.config.facts["operating_point"].values()) == pytest.approx(points, abs=1e-5)
    raw[:, :, 0] += 1  # patients of whom the models of the folds said more for the first label
    settle_on_folds(model, task, raw, data.outcomes, data.patients)
    first = task.labels[0]
    assert np.mean(sum(model.config.facts["conformal"]["scores"][first], [])) < np.mean(
        sum(scores[first], [])
    )
    model.config.facts = kept

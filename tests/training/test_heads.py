"""Splits, backgrounds, heads and calibration on data whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmcore.metrics.ood import fit_familiar, strangeness
from mmcore.models.encoded import Encoded
from mmcore.training.heads.background import background_rows, centroids, identified
from mmcore.training.heads.calibrate import calibrate, held_out, label_shares, operating_points
from mmcore.training.heads.fit import HeadSettings, exclusive_loss, fit_heads, row_weights, tensors
from mmcore.training.splits import fold_of, publisher_groups, split_patients
from tests.toy import toy_model

SETTINGS = HeadSettings({"image": 1e-3, "text": 1e-3, "clinical": 1e-3, "joint": 1e-3}, steps=60)


def rows(n: int, seed: int = 0, label_of_text: bool = False) -> Encoded:
    """Rows whose image features tell label 0; with label_of_text a note is present only where the label is 0."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, n)
    image = rng.normal(size=(n, 1280)).astype(np.float32) * 0.2
    image[:, 0] += 2.0 * (label == 0)
    text = rng.normal(size=(n, 32)).astype(np.float32)
    has_note = (label == 0) if label_of_text else rng.random(n) < 0.5
    text[~has_note] = np.nan
    values = np.column_stack([rng.uniform(20, 90, n), rng.integers(0, 2, n), np.full(n, np.nan)])
    names = np.array([f"p{i}" for i in range(n)])
    return Encoded(
        keys=names,
        inputs={"image": image, "text": text, "clinical": values.astype(np.float32)},
        outcomes=np.eye(3)[label],
        patients=names,
        sources=np.full(n, "here"),
        publishers=np.full(n, "here"),
    )


def test_a_patient_stays_in_one_part_whatever_else_is_in_the_pack() -> None:
    many = [f"patient-{i}" for i in range(4000)]
    split = split_patients(many)
    assert split_patients(many[:7]) == {p: split[p] for p in many[:7]}
    shares = {part: list(split.values()).count(part) / 4000 for part in set(split.values())}
    assert shares == pytest.approx({"train": 0.7, "calibration": 0.15, "test": 0.15}, abs=0.03)
    assert {fold_of(p) for p in many} == {0, 1, 2, 3, 4}


def test_publishers_are_left_out_whole_and_in_groups_of_like_size() -> None:
    publishers = ["a"] * 50 + ["b"] * 30 + ["c"] * 20 + ["d"] * 5
    groups = publisher_groups(publishers, None)
    assert len(set(groups[:50])) == len(set(groups[50:80])) == 1
    assert sorted(np.bincount(groups)) == [25, 30, 50]
    assert (publisher_groups(publishers, lambda p: int(p == "a")) == (np.array(publishers) == "a")).all()


def test_a_centroid_is_the_mean_of_twenty_patients_or_more() -> None:
    values = np.arange(100.0)
    patients = np.array([f"p{i}" for i in range(100)])
    found = centroids(values, patients)
    assert found == [9.5, 29.5, 49.5, 69.5, 89.5]
    assert centroids(values[:19], patients[:19]) == []
    assert centroids(values, np.repeat([f"p{i}" for i in range(19)], 6)[:100]) == []
    table = background_rows([found, [1.0, 2.0], []])
    assert table.shape == (10, 3)
    assert table[:, :2].mean(0) == pytest.approx([49.5, 1.5])


def test_a_field_known_for_each_label_in_another_hospital_cannot_be_learned() -> None:
    outcomes = np.eye(2)[np.repeat([0, 1], 60)]
    patients = np.array([f"p{i}" for i in range(120)])
    values = np.random.default_rng(0).normal(size=(120, 1))
    apart = np.repeat(["a", "b"], 60)
    assert not identified(values, outcomes, patients, apart, 20)[0].any()
    taught, where = identified(values, outcomes, patients, np.full(120, "a"), 20)
    assert taught.all() and where == [["a"]]


def test_labels_weigh_alike_and_no_source_of_a_label_rules() -> None:
    outcomes = np.eye(2)[[0] * 90 + [1] * 10]
    sources = np.array(["a"] * 80 + ["b"] * 10 + ["a"] * 10)
    weights = row_weights(outcomes, sources, 1.0)
    assert weights.mean() == pytest.approx(1)
    assert weights[:90].sum() == pytest.approx(weights[90:].sum())
    assert weights[:80].sum() == pytest.approx(weights[80:90].sum())


def test_a_row_known_not_to_have_a_label_is_as_likely_as_all_others_together() -> None:
    logits = torch.log(torch.tensor([[0.2, 0.3, 0.5]])).repeat(3, 1)
    nan = float("nan")
    loss = exclusive_loss(logits, torch.tensor([[0.0, 1.0, 0.0], [nan, nan, 0.0], [nan, nan, nan]]))
    assert loss.tolist() == pytest.approx([-np.log(0.3), -np.log(0.5), 0.0], abs=1e-6)


def test_rows_of_which_only_an_absence_is_known_weigh_together_as_a_label_does() -> None:
    outcomes = np.array([[1, 0, 0]] * 6 + [[0, 0, 1]] * 3 + [[np.nan, np.nan, 0]] * 1)
    weights = row_weights(outcomes, np.full(10, "a"), 1.0)
    assert weights[:6].sum() == pytest.approx(weights[6:9].sum()) == pytest.approx(weights[9])


def partly_known(n: int) -> Encoded:
    """Rows as above, of which those of label 0 are only known not to have label 2."""
    data = rows(n)
    outcomes = data.outcomes.copy()
    outcomes[data.outcomes[:, 0] == 1] = [np.nan, np.nan, 0]
    outcomes[:20] = data.outcomes[:20]
    return replace(data, outcomes=outcomes)


def test_heads_and_calibration_learn_from_rows_known_not_to_have_a_label() -> None:
    model, data = toy_model(), partly_known(400)
    fit_heads(model, data, SETTINGS)
    calibrate(model, data, label_shares(data.outcomes, True))
    asked = rows(200, seed=1)
    found = held_out(model, data.take(np.arange(400) >= 0), label_shares(data.outcomes, True))
    assert np.isfinite(found).all() and np.isfinite(model.constant.numpy()).all()
    with torch.no_grad():
        p = model.fuse(tensors(model, asked.without(("text", "clinical"))))[0].softmax(1).numpy()
    ill = asked.outcomes[:, 0] == 1
    assert p[ill, 2].mean() < p[~ill, 2].mean() - 0.1


def test_heads_find_what_is_there_and_a_presence_that_tells_the_label_teaches_nothing() -> None:
    model, data = toy_model(), rows(400, label_of_text=True)
    fit_heads(model, data, SETTINGS)
    weight = model.image_head.weight
    assert weight[0, 0] - weight[1:, 0].mean() > 10 * weight[:, 1:].abs().mean()
    assert model.text_head.weight.abs().max() < 0.05


def test_a_fixed_head_stays_as_it_is() -> None:
    model = toy_model()
    before = model.text_head.weight.clone()
    fit_heads(model, rows(200), SETTINGS, fixed=("text",))
    assert torch.equal(before, model.text_head.weight)
    assert not any(p.requires_grad for p in model.parameters())


def test_calibration_keeps_the_prior_of_the_population_and_scales_evidence_that_says_too_much() -> None:
    model, data = toy_model(), rows(600)
    fit_heads(model, data, SETTINGS)
    model.image_head.weight.mul_(5)
    shares = label_shares(data.outcomes, True)
    calibrate(model, rows(600, seed=1), shares)
    assert torch.allclose(model.prior, torch.tensor(np.log(shares), dtype=torch.float32), atol=1e-5)
    assert model.scale[0] < 0.6
    assert (model.scale > 0).all()


def test_an_operating_point_separates_what_can_be_separated() -> None:
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]])
    first, second = operating_points(p, np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=float))
    assert 0.3 < first < 0.8
    assert 0.2 < second < 0.7


def test_a_picture_unlike_the_training_pictures_is_strange() -> None:
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(30, 200))

    def draw(n: int) -> np.ndarray:
        return (rng.normal(size=(n, 30)) @ basis + 0.1 * rng.normal(size=(n, 200))).astype(np.float32)

    familiar = fit_familiar(draw(500), draw(200))
    inside, outside = strangeness(familiar, draw(100))
    assert np.mean((inside > familiar.inside_limit) | (outside > familiar.outside_limit)) < 0.1
    _, outside = strangeness(familiar, rng.normal(size=(20, 200)).astype(np.float32) * 8)
    assert (outside > familiar.outside_limit).all()
    assert fit_familiar(draw(10), draw(200)) is None

"""Figures against scikit-learn and against numbers that pencil can reach."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from mmcore.metrics.calibration import (
    brier_score,
    expected_calibration_error,
    expected_if_calibrated,
    reliability,
)
from mmcore.metrics.conformal import conformalize, fit_rounds, predict_set
from mmcore.metrics.figures import auprc, auroc, f1, interval, label_metrics, patient_weights
from mmcore.metrics.ood import fit_familiar, strangeness, times_as_strange

RNG = np.random.default_rng(7)
SCORES = np.round(RNG.random(200), 2)  # rounded, so that ties occur
OUTCOMES = (RNG.random(200) < SCORES).astype(float)
WEIGHTS = np.vstack([np.ones(200), RNG.integers(0, 4, 200)])


def test_areas_equal_scikit_learn_with_ties_and_with_weights() -> None:
    for row, w in enumerate(WEIGHTS):
        assert auroc(SCORES, OUTCOMES, WEIGHTS)[row] == pytest.approx(
            roc_auc_score(OUTCOMES, SCORES, sample_weight=w)
        )
        assert auprc(SCORES, OUTCOMES, WEIGHTS)[row] == pytest.approx(
            average_precision_score(OUTCOMES, SCORES, sample_weight=w)
        )


def test_f1_equals_scikit_learn() -> None:
    called = SCORES > 0.5
    assert f1(called, OUTCOMES == 1, WEIGHTS[:1])[0] == pytest.approx(f1_score(OUTCOMES, called))


def test_area_is_unknown_where_a_class_is_gone() -> None:
    assert np.isnan(auroc(np.array([0.1, 0.9]), np.array([1.0, 1.0]), np.ones((1, 2)))[0])


def test_bootstrap_draws_patients_and_not_rows() -> None:
    weights = patient_weights(["a", "a", "b", "c"], 50)
    assert weights.shape == (51, 4)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert ((weights[1:, 0] + weights[1:, 2] + weights[1:, 3]) == 3).all()


def test_interval_holds_its_value_and_ignores_impossible_draws() -> None:
    found = interval(np.array([0.5, 0.4, np.nan, 0.6]))
    assert found["value"] == 0.5
    assert 0.4 <= found["low"] <= 0.5 <= found["high"] <= 0.6


def test_macro_area_is_the_mean_over_labels_that_occur_both_ways() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
    outcomes = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0]], dtype=float)
    metrics, skipped = label_metrics(
        ("a", "b", "c"), probabilities, outcomes, np.ones((1, 4)), [0.5] * 3, True
    )
    assert metrics["macro_auroc"]["value"] == 1.0
    assert metrics["accuracy"]["value"] == 1.0
    assert metrics["sensitivity_a"]["value"] == 1.0
    assert skipped["auroc_c"] == "every row is absent"


def test_calibration_error_of_two_bins_by_hand() -> None:
    probabilities = np.array([0.2, 0.2, 0.9, 0.9])
    outcomes = np.array([0.0, 1.0, 1.0, 1.0])
    assert expected_calibration_error(probabilities, outcomes, 2)[0] == pytest.approx((0.6 + 0.2) / 4)


def test_calibration_error_refuses_arrays_that_differ_in_length() -> None:
    with pytest.raises(ValueError, match="2 probabilities for 1 outcomes"):
        expected_calibration_error(np.array([0.1, 0.2]), np.array([1.0]))


def test_a_calibrated_model_falls_where_it_should_and_an_overconfident_one_does_not() -> None:
    p = np.random.default_rng(0).uniform(0.5, 1, 1000)
    happened = (np.random.default_rng(1).random(1000) < p).astype(float)
    expected = expected_if_calibrated(p)
    assert expected["low"] <= expected_calibration_error(p, happened)[0] <= expected["high"]
    assert expected_calibration_error(np.sqrt(p), happened)[0] > expected["high"]
    assert sum(row["n"] for row in reliability(p, happened)) == 1000


def test_brier_score_by_hand() -> None:
    assert brier_score(np.array([[0.8, 0.2]]), np.array([[1.0, 0.0]]), np.ones((1, 1)))[0] == pytest.approx(
        0.08
    )


def test_prediction_sets_cover_each_label_at_the_stated_rate() -> None:
    rng = np.random.default_rng(3)
    labels = ("a", "b")

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        truth = (rng.random(n) < 0.2).astype(int)
        p = 1 / (1 + np.exp(-(rng.normal(size=n) + 2.0 * truth - 1.5)))
        return np.stack([1 - p, p], 1), np.eye(2)[truth]

    scores = fit_rounds(conformalize(labels, *draw(2000)))
    p, outcomes = draw(4000)
    sets = [predict_set(scores, dict(zip(labels, row, strict=True)), 0.9) for row in p]
    for k, label in enumerate(labels):
        held = [label in s for s, o in zip(sets, outcomes, strict=True) if o[k]]
        assert np.mean(held) == pytest.approx(0.9, abs=0.03)


def test_a_label_without_calibration_rows_is_never_excluded() -> None:
    assert predict_set(fit_rounds({"a": [], "b": [0.1] * 30}), {"a": 0.01, "b": 0.99}, 0.9) == ("a", "b")


def test_prediction_sets_agree_with_crepes() -> None:
    from crepes import ConformalClassifier

    rng = np.random.default_rng(5)
    calibration = np.round(rng.random(60), 4)
    theirs = ConformalClassifier().fit(calibration)
    for score in (0.05, 0.5, 0.93, 0.99):
        p = theirs.predict_p(np.array([[score]]), smoothing=False)[0, 0]
        ours = predict_set(fit_rounds({"a": sorted(calibration)}), {"a": 1 - score}, 0.9)
        assert (p > 0.1) == (ours == ("a",))


def test_strangeness_is_told_in_times_of_the_limit_that_is_passed_farthest() -> None:
    rng = np.random.default_rng(0)
    train = rng.normal(0, (3.0, 2.0, 0.01, 0.01), (200, 4)).astype(np.float32)
    familiar = fit_familiar(train, train[:50], most=2)
    points = np.array([[0, 0, 0, 0], [30, 0, 0, 0], [0, 0, 0.5, 0]], dtype=np.float32)
    inside, outside = strangeness(familiar, points)
    times = times_as_strange(familiar, points)
    assert times[0] < 0.5
    assert times[1] == pytest.approx(float(inside[1]) / familiar.inside_limit) and times[1] > 3
    assert times[2] == pytest.approx(float(outside[2]) / familiar.outside_limit) and times[2] > 3

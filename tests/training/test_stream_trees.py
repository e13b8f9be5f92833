"""The trees of the monitor: scores as the booster gives them, Shapley values as shap gives them, sums that hold."""

import itertools
from math import factorial

import numpy as np
import pytest

from mmcore.models.stream_model import Expert, HourlyScale, StreamModel, probability
from mmcore.models.stream_trees import LeafTable, joined
from mmcore.training.stream.trees import TreeSettings, booster, fit_one, leaves_of

SETTINGS = TreeSettings(rounds=25, smallest_leaf=15, features=0.5)


def toy() -> tuple[np.ndarray, np.ndarray]:
    """600 rows of 8 features, a fifth of them unknown, and an outcome that two of them decide together."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 8)).astype(np.float32)
    x[rng.random(x.shape) < 0.2] = np.nan
    known = np.nan_to_num(x)
    return x, (known[:, 0] * known[:, 1] + known[:, 2] + rng.normal(size=600) > 0).astype(float)


def tumours() -> tuple[np.ndarray, np.ndarray]:
    """569 real tumours (Wolberg 1995, in scikit-learn), a tenth of the values set to unknown."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    x = found.data.astype(np.float32)
    x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
    return x, found.target.astype(float)


@pytest.fixture(scope="module", params=[toy, tumours], ids=["toy", "tumours"])
def fitted(request):
    x, died = request.param()
    return x, booster(x, died, None, SETTINGS, 0)


def test_the_leaves_score_as_the_booster_does(fitted):
    x, model = fitted
    assert np.abs(leaves_of(model).score(x) - model.decision_function(x)).max() < 1e-12


def test_shapley_values_are_those_of_shap(fitted):
    shap = pytest.importorskip("shap")
    x, model = fitted
    table, explainer = leaves_of(model), shap.TreeExplainer(model)
    ours = np.array([table.shapley(row) for row in x[:25]])
    assert np.abs(ours - explainer.shap_values(x[:25])).max() < 1e-9
    assert table.base == pytest.approx(float(np.ravel(explainer.expected_value)[0]), abs=1e-9)


def test_values_and_base_add_up_to_the_score(fitted):
    x, model = fitted
    table = leaves_of(model)
    sums = np.array([table.shapley(row).sum() + table.base for row in x[:40]])
    assert np.abs(sums - table.score(x[:40])).max() < 1e-9


def test_one_leaf_by_pencil():
    """Worth 6 if feature 0 is above 1 and feature 1 at most 2; half and a third of the training rows are."""
    table = LeafTable(
        value=np.array([6.0]),
        feature=np.array([[0, 1]]),
        low=np.array([[1.0, -np.inf]]),
        high=np.array([[np.inf, 2.0]]),
        unknown=np.array([[False, False]]),
        share=np.array([[1 / 2, 1 / 3]]),
    )
    both = np.array([5.0, 0.0], dtype=np.float32)
    assert table.base == pytest.approx(1.0)
    # first feature: half of v({0}) - v({}) = 2 - 1 and half of v({0, 1}) - v({1}) = 6 - 3
    assert table.shapley(both) == pytest.approx([0.5 * 1 + 0.5 * 3, 0.5 * 2 + 0.5 * 4])
    assert table.score(np.array([[np.nan, 0.0]], dtype=np.float32)) == pytest.approx([0.0])


def test_shapley_values_are_those_of_the_definition():
    x, died = toy()
    table = fit_one(x[:, :4], died, None, TreeSettings(rounds=8, smallest_leaf=20, features=1.0), 0)
    row = x[3, :4]
    given = row[np.clip(table.feature, 0, None)]
    holds = ((given > table.low) & (given <= table.high)) | (np.isnan(given) & table.unknown)

    def worth(known: set[int]) -> float:
        seen = np.isin(table.feature, sorted(known)) | (table.feature < 0)
        return float(table.value @ np.where(seen, holds, table.share).prod(1))

    for i in range(4):
        others, total = [j for j in range(4) if j != i], 0.0
        for size in range(4):
            for chosen in itertools.combinations(others, size):
                weight = factorial(size) * factorial(3 - size) / factorial(4)
                total += weight * (worth({*chosen, i}) - worth(set(chosen)))
        assert table.shapley(row)[i] == pytest.approx(total, abs=1e-12)


def test_a_feature_that_never_varies_or_is_never_known_is_left_out():
    x, died = toy()
    x[:, 3], x[:, 5] = 7.0, np.nan
    table = fit_one(x, died, None, SETTINGS, 0)
    assert not np.isin(table.feature, [3, 5]).any()
    assert table.feature.max() <= 7


def test_several_boosters_together_are_their_mean():
    x, died = toy()
    a, b = (fit_one(x, died, None, SETTINGS, seed) for seed in (0, 1))
    assert np.allclose(joined([a, b]).score(x), (a.score(x) + b.score(x)) / 2)


def test_experts_are_mixed_by_the_hour_and_the_account_still_adds_up():
    x, died = toy()
    early, late = (fit_one(x, died, None, SETTINGS, seed) for seed in (0, 1))
    model = StreamModel(
        "toy", "ill",
        (Expert("early", early, (24.0, 48.0), (1.0, 0.25)), Expert("late", late, (24.0, 48.0), (0.0, 0.75))),
        HourlyScale((12.0, 48.0), (0.9, 1.3), (0.1, -0.2)), -1.0, ("f",), (("f", "last"),),
    )  # fmt: skip
    minutes = np.array([600.0, 1440.0, 2160.0, 2880.0])
    logits = model.logits(x[:4], minutes)
    assert logits[0] == pytest.approx(0.9 * early.score(x[:1])[0] + 0.1)
    assert logits[3] == pytest.approx(
        1.3 * (0.25 * early.score(x[3:4])[0] + 0.75 * late.score(x[3:4])[0]) - 0.2
    )
    for row, minute, logit in zip(x[:4], minutes, logits, strict=True):
        values, constant = model.account(row, minute)
        assert model.prior + constant + values.sum() == pytest.approx(logit, abs=1e-9)
    assert probability(0.0) == pytest.approx(0.5)

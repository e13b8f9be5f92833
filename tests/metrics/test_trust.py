"""Trust in numbers that pencil can reach: decision curves, selective risk, prediction sets and their coverage, groups."""

import numpy as np
import pytest

from mmcore.metrics.calibration import brier_score, calibration_by_label, calibration_figures, top_label
from mmcore.metrics.conformal import absence, conformalize, fit_rounds, p_values, predict_set
from mmcore.metrics.coverage import clopper_pearson, coverage, kept
from mmcore.metrics.decision import decision_curve, net_benefit
from mmcore.metrics.selective import certainty_and_error, selective_error, selective_risk
from mmcore.metrics.subgroups import age_band, gaps, too_few
from mmcore.metrics.trust import (
    Stated,
    calibration_report,
    coverage_report,
    decision_curves,
    selective_report,
)

ONE = np.ones((1, 4))
P, Y = np.array([0.9, 0.6, 0.4, 0.1]), np.array([1.0, 0.0, 1.0, 0.0])


def test_net_benefit_weighs_false_alarms_by_the_odds_of_the_threshold() -> None:
    assert net_benefit(P, Y, 0.5, ONE)[0] == pytest.approx((1 - 1 * 1) / 4)
    assert net_benefit(P, Y, 0.2, ONE)[0] == pytest.approx((2 - 1 * 0.25) / 4)


def test_a_decision_curve_stands_beside_treating_all_and_none() -> None:
    curve = decision_curve(P, Y, ONE, (0.2, 0.5))
    assert curve["model"] == [0.4375, 0.0]
    assert curve["treat_all"] == [(2 - 2 * 0.25) / 4, 0.0]
    assert curve["treat_none"] == [0.0, 0.0]


def test_bootstrap_weights_give_a_decision_curve_its_interval() -> None:
    curve = decision_curve(P, Y, np.array([[1, 1, 1, 1], [2, 0, 2, 0], [0, 2, 0, 2]]), (0.2,))
    assert curve["low"][0] < curve["model"][0] < curve["high"][0]


def test_selective_risk_of_five_cases_by_hand() -> None:
    certainty, error = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([0.0, 0, 1, 0, 1])
    found = selective_risk(certainty, error, np.ones((1, 5)))
    assert found["error_all"][0] == pytest.approx(0.4)
    assert found["error_certain"][0] == pytest.approx(0.25)
    assert found["ratio"][0] == pytest.approx(0.625)


def test_a_row_on_the_border_of_the_most_certain_counts_in_part() -> None:
    certainty, error = np.array([0.9, 0.8]), np.array([0.0, 1.0])
    assert selective_error(certainty, error, np.ones((1, 2)), 0.75)[0] == pytest.approx(0.5 / 1.5)


def test_independent_labels_are_wrong_in_part_and_unknown_ones_do_not_count() -> None:
    p = np.array([[0.9, 0.2], [0.4, 0.7]])
    y = np.array([[1.0, 1.0], [0.0, np.nan]])
    certainty, error = certainty_and_error(p, y, exclusive=False)
    assert certainty == pytest.approx([(0.9 + 0.8) / 2, 0.6])
    assert error == pytest.approx([0.5, 0.0])


def test_each_patient_speaks_once_however_many_images_it_has() -> None:
    rounds = fit_rounds({"ill": [[0.2, 0.6], [0.5]]})
    found = p_values(rounds, {"ill": 0.45})  # score 0.55: half of one patient is stranger
    assert found["ill"] == pytest.approx((1 + 0.5) / (2 + 1))
    single = p_values(fit_rounds({"ill": [0.2, 0.6, 0.5]}), {"ill": 0.45})
    assert single["ill"] == pytest.approx((1 + 1) / (3 + 1))


def test_independent_labels_get_a_set_of_present_and_absent_each() -> None:
    outcomes = np.array([[1.0], [1.0], [0.0], [np.nan]])
    scores = conformalize(
        ["a"], np.array([[0.8], [0.7], [0.4], [0.5]]), outcomes, ["p", "p", "q", "r"], False
    )
    assert scores == {"a": [[0.2, 0.3]], absence("a"): [[0.4]]}
    found = p_values(fit_rounds(scores), {"a": 0.9})
    assert found == {"a": 1.0, absence("a"): 0.5}


def test_a_shifted_prior_leaves_the_sets_of_independent_labels_as_they_are() -> None:
    logits = np.random.default_rng(0).normal(size=(200, 1))
    outcomes = (np.random.default_rng(1).random((200, 1)) < 1 / (1 + np.exp(-logits))).astype(float)

    def sets(shift: float) -> list:
        p = 1 / (1 + np.exp(-(logits + shift)))
        scores = fit_rounds(conformalize(["a"], p[:100], outcomes[:100], None, False))
        return [predict_set(scores, {"a": float(q[0])}, 0.9) for q in p[100:]]

    assert sets(0.0) == sets(-3.0)


def test_weights_of_patients_keep_the_promise_where_rows_would_break_it() -> None:
    """A few patients with many easy images must not speak for the many with one."""
    rng = np.random.default_rng(2)

    def draw(patients: int):
        easy = rng.random(patients) < 0.1
        count = np.where(easy, 30, 1)
        who = np.repeat(np.arange(patients), count)
        p = np.clip(np.where(easy[who], 0.95, 0.5) + rng.normal(scale=0.04, size=len(who)), 0, 1)
        return p, who

    p, who = draw(400)
    scores = fit_rounds(conformalize(["a"], p[:, None], np.ones((len(p), 1)), who))
    p, who = draw(400)
    _, first = np.unique(who, return_index=True)  # one image of each new patient
    held = [bool(predict_set(scores, {"a": float(q)}, 0.9)) for q in p[first]]
    by_row = fit_rounds(conformalize(["a"], p[:, None], np.ones((len(p), 1))))
    naive = [bool(predict_set(by_row, {"a": float(q)}, 0.9)) for q in p[first]]
    assert np.mean(held) == pytest.approx(0.9, abs=0.05)
    assert np.mean(naive) < 0.75


def test_the_exact_binomial_interval_of_nine_in_ten() -> None:
    found = clopper_pearson(9, 10)
    assert (found["value"], found["low"], found["high"]) == (0.9, 0.555, 0.9975)
    with pytest.raises(ValueError, match="no interval"):
        clopper_pearson(0, 0)


def test_coverage_over_all_by_class_and_by_source_with_small_groups_left_out() -> None:
    n = 40
    outcomes = np.tile(np.eye(2), (n // 2, 1))
    p = [{"a": 0.5, "b": 0.05}] * n  # the set is always {a}
    found = coverage(
        ["a", "b"], kept(["a", "b"], p, 0.9), outcomes,
        {"by_source": ["x"] * 38 + ["y"] * 2}, [str(i) for i in range(n)], True,
    )  # fmt: skip
    assert found["value"] == 0.5 and found["mean_size"] == 1.0
    assert found["by_class"]["a"]["value"] == 1.0 and found["by_class"]["b"]["value"] == 0.0
    assert found["by_source"]["x"]["n"] == 38
    assert found["by_source"]["y"]["skipped"] == "fewer than 20 patients (2)"


def test_coverage_of_independent_labels_counts_every_known_state() -> None:
    outcomes = np.array([[1.0, np.nan], [0.0, 1.0]])
    p = [{"a": 0.5, "not a": 0.05, "b": 0.5, "not b": 0.5}] * 2
    found = coverage(["a", "b"], kept(["a", "b"], p, 0.9), outcomes, {}, ["p", "q"], False)
    assert found["n"] == 3 and found["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["mean_size"] == 1.5  # of the two states of a label


def test_the_top_label_of_rows_whose_outcome_is_unknown_does_not_count() -> None:
    stated, happened, rows = top_label(np.array([[0.9, 0.3], [0.2, 0.6]]), np.array([[1.0, 0], [0, np.nan]]))
    assert (stated.tolist(), happened.tolist(), rows.tolist()) == ([0.9], [1.0], [True, False])


def test_brier_score_of_independent_labels_is_the_mean_of_the_known_ones() -> None:
    p, y = np.array([[0.8, 0.5], [0.4, 0.9]]), np.array([[1.0, 0.0], [0.0, np.nan]])
    assert brier_score(p, y, np.ones((1, 2)), False)[0] == pytest.approx(((0.04 + 0.25) / 2 + 0.16) / 2)


def test_calibration_by_label_uses_each_label_s_own_probability() -> None:
    p, y = np.array([[0.8, 0.1], [0.8, 0.1]]), np.array([[1.0, 0.0], [1.0, np.nan]])
    found = calibration_by_label(["a", "b"], p, y, np.ones((1, 2)))
    assert found["a"]["expected_calibration_error"]["value"] == 0.2
    assert found["b"]["n"] == 1 and found["b"]["brier_score"]["value"] == 0.01


def stated(n: int, exclusive: bool) -> Stated:
    """n rows of a perfectly calibrated model, every row a patient of its own."""
    rng = np.random.default_rng(4)
    p = rng.uniform(0.02, 0.98, n)
    y = (rng.random(n) < p).astype(float)
    table, truth = (
        (np.stack([1 - p, p], 1), np.stack([1 - y, y], 1)) if exclusive else (p[:, None], y[:, None])
    )
    names = ("no", "yes") if exclusive else ("yes",)
    return Stated(names, exclusive, table, truth, np.ones((3, n)), [str(i) for i in range(n)])


@pytest.mark.parametrize("exclusive", [True, False])
def test_calibration_is_judged_for_every_set_of_modalities_with_fifty_rows(exclusive: bool) -> None:
    s = stated(200, exclusive)
    wrong = np.sqrt(s.probabilities)
    found = calibration_report(
        s, ["image"] * 170 + ["text"] * 30,
        {"image": (np.arange(60), s.probabilities[:60]), "text": (np.arange(200), wrong)},
    )  # fmt: skip
    assert found["within"] and found["n"] == 200
    assert found["by_modalities"]["image"]["n"] == 170
    assert found["by_modalities"]["text"]["skipped"] == "fewer than 50 rows"
    assert found["by_subset"]["image"]["within"] and not found["by_subset"]["text"]["within"]
    assert found["subsets_judged"] == 3 and found["share_within"] == pytest.approx(2 / 3, abs=1e-4)
    assert ("by_label" in found) is not exclusive


def test_reports_have_a_curve_for_each_label_and_a_ratio_of_errors() -> None:
    s = stated(200, True)
    assert set(decision_curves(s)) == {"no", "yes"}
    found = selective_report(s)
    assert found["ratio"]["value"] == pytest.approx(
        found["error_certain"]["value"] / found["error_all"]["value"], abs=2e-4
    )
    assert found["ratio"]["value"] < 1


def test_a_coverage_report_offers_the_levels_of_the_screen() -> None:
    s = stated(400, True)
    scores = fit_rounds(conformalize(s.labels, s.probabilities[:200], s.outcomes[:200]))
    p = [p_values(scores, dict(zip(s.labels, row, strict=True))) for row in s.probabilities]
    found = coverage_report(s, p, 0.9, {"by_source": ["x"] * 400})
    assert set(found["at"]) == {"0.8", "0.95"}
    assert found["interval"]["low"] <= 0.9 <= found["interval"]["high"]
    assert found["at"]["0.8"]["mean_size"] < found["mean_size"] < found["at"]["0.95"]["mean_size"]


def test_an_absence_that_was_never_calibrated_does_not_count_as_covered() -> None:
    s = stated(200, False)
    p = [{"yes": 0.5 if i % 2 else 0.05} for i in range(200)]
    found = coverage_report(s, p, 0.9, {})
    assert found["n"] == int((s.outcomes == 1).sum())
    assert found["coverage"] < 0.7


def test_calibration_without_a_known_outcome_is_empty() -> None:
    assert calibration_figures(np.array([[0.5]]), np.array([[np.nan]]), np.ones((1, 1)), False) == {}


def test_an_age_belongs_to_one_band_and_its_upper_end_to_the_next() -> None:
    assert [age_band(x) for x in (0, 17.9, 18, 59, 60, 75, 101, None)] == [
        "0_18", "0_18", "18_40", "40_60", "60_75", "75_150", "75_150", "unknown",
    ]  # fmt: skip


def test_a_gap_is_named_only_where_the_intervals_do_not_meet_and_the_groups_are_large() -> None:
    def group(patients: int, value: float, spread: float = 0.05) -> dict:
        figure = {"value": value, "low": value - spread, "high": value + spread}
        return {"patients": patients, "metrics": {"macro_auroc": figure}}

    groups = {"F": group(40, 0.9), "M": group(40, 0.7), "x": group(19, 0.1), "unknown": group(90, 0.2)}
    assert gaps(groups) == [{"metric": "macro_auroc", "better": "F", "worse": "M", "gap": 0.2}]
    assert gaps({"F": group(40, 0.9, 0.2), "M": group(40, 0.7, 0.2)}) == []
    assert too_few(19) and too_few(20) is None

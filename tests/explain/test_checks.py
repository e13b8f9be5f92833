"""Deletion, insertion and agreement on toys whose curves a pencil can draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mmcore.domain.prediction import Attribution, Contrast
from mmcore.domain.task import Modality
from mmcore.explain.checks import AMBER, GREEN, GREY, verdict
from mmcore.explain.deletion import area, deletion_trial, leave_one_out, random_orders, rank_correlation


def additive(weights, constant=0.0):
    """A model whose evidence is the sum of the weights of the parts that are kept."""
    return lambda kept: kept @ np.asarray(weights, float) + constant


def test_deletion_takes_the_strongest_part_first_and_insertion_puts_it_back_first() -> None:
    trial = deletion_trial(np.array([1.0, 4.0, -2.0]), additive([1.0, 4.0, -2.0], 0.5))
    assert trial.shares == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert trial.deletion == pytest.approx([3.5, -0.5, -1.5, 0.5])
    assert trial.insertion == pytest.approx([0.5, 4.5, 5.5, 3.5])


def test_the_gain_is_the_mean_gap_to_random_orders() -> None:
    trial = deletion_trial(np.array([3.0, 1.0]), additive([3.0, 1.0]))
    assert (
        trial.random_deletion.tolist().count([4.0, 1.0, 0.0])
        == trial.random_deletion.tolist().count([4.0, 3.0, 0.0])
        == 3
    )
    # ordered: 4, 1, 0 has mean height 1.5; random: the mean of 1.5 and 2.5
    assert trial.deletion_gain == pytest.approx(0.5)
    assert trial.insertion_gain == pytest.approx(0.5)
    assert trial.orders_no_better == 1.0  # one that happens to be ours is no better
    assert trial.swing == 4.0


def test_an_explanation_turned_round_does_worse_than_random() -> None:
    weights = np.array([3.0, 1.0, -1.0, 0.5, -2.0, 0.2])
    right, wrong = (deletion_trial(sign * weights, additive(weights)) for sign in (1, -1))
    assert right.deletion_gain > 0 > wrong.deletion_gain
    assert right.insertion_gain > 0 > wrong.insertion_gain
    assert (right.orders_no_better, wrong.orders_no_better) == (1.0, 0.0)


@given(some.lists(some.floats(-5, 5), min_size=2, max_size=40))
def test_no_random_order_beats_the_right_order_of_a_sum(weights) -> None:
    trial = deletion_trial(np.array(weights), additive(weights))
    assert (area(trial.random_deletion, trial.shares) >= area(trial.deletion, trial.shares) - 1e-9).all()
    assert trial.deletion[0] == trial.insertion[-1] == pytest.approx(sum(weights))
    assert trial.deletion[-1] == trial.insertion[0] == 0.0


def test_the_budget_of_model_calls_is_known_before() -> None:
    asked = []

    def score(kept: np.ndarray) -> np.ndarray:
        asked.append(len(kept))
        return kept.sum(1)

    trial = deletion_trial(np.arange(36.0), score)
    assert asked == [2 + (2 + 6) * 5] == [trial.forwards]


def test_the_same_number_of_parts_meets_the_same_random_orders() -> None:
    assert all((a == b).all() for a, b in zip(random_orders(9, 6), random_orders(9, 6), strict=True))
    first, reverse = random_orders(9, 6)[:2]
    assert first.tolist() == reverse[::-1].tolist()


def test_one_part_has_no_order() -> None:
    with pytest.raises(ValueError, match="1 parts"):
        deletion_trial(np.array([1.0]), additive([1.0]))


def test_leaving_one_out_of_a_sum_gives_its_weights() -> None:
    assert leave_one_out(additive([2.0, -1.0, 0.25], 7.0), 3) == pytest.approx([2.0, -1.0, 0.25])


def test_leaving_one_out_sees_that_either_of_two_would_do() -> None:
    either = lambda kept: kept[:, :2].any(1).astype(float)  # noqa: E731
    assert leave_one_out(either, 3).tolist() == [0.0, 0.0, 0.0]


def test_rank_correlation_is_spearmans_with_ties_shared() -> None:
    from scipy.stats import spearmanr

    one, other = np.array([1.0, 2.0, 2.0, 5.0, -1.0]), np.array([0.0, 3.0, 1.0, 3.0, -4.0])
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)
    assert rank_correlation(one, -one) == pytest.approx(-1)


@pytest.mark.parametrize("pair", [([1.0, 2.0], [1.0, 2.0]), ([1.0, 2.0, 3.0], [4.0, 4.0, 4.0])])
def test_too_few_parts_or_a_flat_side_cannot_be_ranked(pair) -> None:
    assert rank_correlation(*map(np.array, pair)) is None


def of_map(values, region=None) -> Attribution:
    return Attribution(
        Modality.IMAGE, Contrast("a", "b"), "m", "b", np.array(values), 0.0, 0.0, region=region
    )


def test_the_share_inside_counts_size_whatever_the_sign() -> None:
    place = np.zeros((4, 4), bool)
    place[:2] = True
    assert of_map([[3.0, -3.0], [1.0, 1.0]]).share_inside(place) == pytest.approx(6 / 8)
    assert of_map([[3.0, -3.0], [1.0, 1.0]], (0.0, 0.0, 0.5, 1.0)).share_inside(place) == 1.0
    assert of_map([[0.0, 0.0]]).share_inside(place) is None


def test_a_map_no_better_than_chance_is_grey_whatever_else_is_well() -> None:
    weights = np.array([3.0, 1.0, -1.0, 0.5])
    colour, reasons = verdict(deletion_trial(-weights, additive(weights)), 0.9, 0.95, "leave_one_out")
    assert colour == GREY
    assert reasons[0].code == "badge_no_better_than_random"


def test_a_map_that_passes_every_test_is_green_and_says_why() -> None:
    weights = np.array([3.0, 1.0, -1.0, 0.5, 2.0, -0.3])
    colour, reasons = verdict(deletion_trial(weights, additive(weights)), 0.9, 0.95, "leave_one_out")
    assert colour == GREEN
    assert {r.code for r in reasons} == {"badge_beats_random", "badge_methods_agree", "badge_inside"}


@pytest.mark.parametrize(
    ("agreement", "inside", "colour"),
    [
        (0.29, 0.9, AMBER),
        (0.0, 0.9, GREY),
        (0.3, 0.79, AMBER),
        (0.3, 0.49, GREY),
        (0.3, 0.8, GREEN),
        (None, None, GREEN),
    ],
)
def test_thresholds_of_agreement_and_place(agreement, inside, colour) -> None:
    weights = np.array([3.0, 1.0, -1.0, 0.5, 2.0, -0.3])
    assert (
        verdict(deletion_trial(weights, additive(weights)), agreement, inside, "leave_one_out")[0] == colour
    )


def test_what_cannot_be_tested_is_neither_green_nor_grey() -> None:
    little = deletion_trial(np.array([0.01, 0.02]), additive([0.01, 0.02]))
    assert verdict(None, None, None, "")[0] == AMBER
    colour, reasons = verdict(little, None, None, "")
    assert (colour, reasons[0].code) == (AMBER, "badge_says_little")

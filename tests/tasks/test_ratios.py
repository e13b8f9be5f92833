"""Published figures as log-odds, each formula by pencil."""

from math import exp, log

import pytest

from mmcore.tasks.ratios import (
    CutOff,
    Shares,
    against_bacterial,
    band_ratios,
    odds_ratio,
    points_of,
    three_labels,
)

CRP = (CutOff(20, 2.08, 0.32), CutOff(50, 3.64, 0.36), CutOff(100, 5.89, 0.47))  # Ebell 2020


def test_cumulative_cut_offs_become_bands_of_which_a_crp_of_30_speaks_against_pneumonia():
    starts, ratios = band_ratios(CRP)
    assert starts == [20, 50, 100]
    assert ratios == pytest.approx([0.32, 0.49, 1.38, 5.89], abs=0.01)


def test_a_band_that_holds_nobody_is_merged_with_its_neighbour():
    starts, ratios = band_ratios((CutOff(10, 2.0, 0.5), CutOff(20, 2.0, 0.5)))
    assert len(ratios) == len(starts) + 1 == 2
    assert ratios == pytest.approx([0.5, 2.0])


def test_bands_that_fall_where_they_should_rise_are_merged():
    _, ratios = band_ratios((CutOff(10, 3.0, 0.2), CutOff(20, 2.0, 0.9)))
    assert ratios == sorted(ratios)


def test_the_line_passes_the_middle_of_closed_bands_and_is_flat_from_the_last_cut_off_on():
    found = dict(points_of(CRP, half_width=1.25))
    assert list(found) == [20, 35, 75, 100]
    assert found[100] == pytest.approx(log(5.89), abs=0.01)
    assert found[35] == pytest.approx(log(0.49), abs=0.02)


def test_a_single_cut_off_runs_from_half_a_width_before_it_to_half_a_width_beyond():
    assert points_of((CutOff(38, 3.21),), 0.5) == ((37.5, 0.0), (38.5, pytest.approx(log(3.21))))


def test_a_cut_off_that_counts_downwards_is_the_mirror():
    found = points_of((CutOff(1.0, 2.15, 0.71),), 0.75, above=False)
    assert found == ((0.25, pytest.approx(log(2.15))), (1.75, pytest.approx(log(0.71))))


def test_a_relative_risk_becomes_an_odds_ratio():
    assert odds_ratio(2.0, 0.2) == pytest.approx((0.4 / 0.6) / (0.2 / 0.8))


def test_a_ratio_for_any_pneumonia_lifts_both_pneumonias_alike():
    assert three_labels(log(3), None, None, Shares()) == pytest.approx((log(3), log(3), 0))


def test_a_ratio_for_covid19_against_the_rest_holds_for_the_rest_of_its_study():
    c, p, n = three_labels(log(3), log(4), None, Shares(w=0.3))
    rest = 0.3 * exp(p) + 0.7 * exp(n)
    assert exp(c) / rest == pytest.approx(4)  # and not 4 x 3: counted once
    assert p == pytest.approx(log(3))


def test_a_difference_among_pneumonias_leaves_pneumonia_against_none_where_it_was():
    c, p, n = three_labels(0.0, None, 1.2, Shares(q=0.4))
    assert c - p == pytest.approx(1.2)
    assert 0.4 * exp(c) + 0.6 * exp(p) == pytest.approx(exp(n))


def test_bacterial_against_viral_speaks_against_covid19():
    assert against_bacterial(log(2.29), Shares(b=0.8)) == pytest.approx(-log(0.8 * 2.29 + 0.2))

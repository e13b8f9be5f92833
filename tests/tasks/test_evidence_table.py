"""The tables of published evidence: each field's direction as a clinician expects it, and settings whose shares add up."""

import pytest

from mmcore.tasks.chest_infection import TASK
from mmcore.tasks.evidence_table import curves_of, settings_of

COVID, OTHER, NONE = range(3)


def _at(field: str, value: float) -> tuple[float, ...]:
    """The curve's evidence at a value, nearest node where it is no node."""
    curve = curves_of(TASK)[field]
    place = min(range(len(curve.nodes)), key=lambda i: abs(curve.nodes[i] - value))
    return curve.log_odds[place]


@pytest.mark.parametrize(
    ("field", "well", "ill"),
    [
        ("crp_mg_per_l", 2, 240),
        ("temperature_celsius", 36.5, 39.6),
        ("oxygen_saturation_percent", 98, 82),
        ("fever", 0, 1),
    ],
)
def test_what_speaks_for_pneumonia_lifts_both_pneumonias(field, well, ill):
    for label in (COVID, OTHER):
        assert _at(field, ill)[label] - _at(field, well)[label] > 0.3


@pytest.mark.parametrize(
    ("field", "against", "towards"),
    [
        ("lymphocytes_10e9_per_l", 2.5, 0.6),
        ("ldh_u_per_l", 180, 500),
        ("d_dimer_mg_per_l", 0.3, 3),
        ("leukocytes_10e9_per_l", 18, 4),
        ("neutrophils_10e9_per_l", 15, 2),
        ("cough", 0, 1),
    ],
)
def test_what_speaks_for_covid19_moves_it_against_another_pneumonia(field, against, towards):
    low, high = _at(field, against), _at(field, towards)
    assert (high[COVID] - high[OTHER]) - (low[COVID] - low[OTHER]) > 0.1


def test_a_crp_of_30_speaks_against_pneumonia():
    assert _at("crp_mg_per_l", 35)[OTHER] < 0 < _at("crp_mg_per_l", 120)[OTHER]


def test_every_curve_says_who_found_it_out():
    for name, curve in curves_of(TASK).items():
        assert curve.source and curve.taught_by in ("own_patients", "other_study", "published"), name
        assert curve.nodes == tuple(sorted(set(curve.nodes))), name


def test_the_shares_of_a_setting_add_up_and_name_their_source():
    found = settings_of(TASK)
    assert set(found) == {"primary_care", "emergency_department"}
    for setting in found.values():
        assert sum(setting.shares.values()) == pytest.approx(1)
        assert setting.source
    assert 1 - found["emergency_department"].shares["no_finding"] == pytest.approx(0.20)

"""NEWS2 against the chart of the Royal College of Physicians (2017), row by row."""

import pytest

from mmcore.guidelines.news2 import SIGNS, news2

CHART = {  # sign -> (value, points) at both ends of every row of chart 1
    "respiratory_rate_per_min": [(3, 3), (8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3), (60, 3)],
    "oxygen_saturation_percent": [(70, 3), (91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0), (100, 0)],
    "systolic_pressure_mmhg": [(50, 3), (90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3)],
    "heart_rate_per_min": [(30, 3), (40, 3), (41, 1), (50, 1), (51, 0), (90, 0), (91, 1), (110, 1), (111, 2), (130, 2), (131, 3)],
    "temperature_celsius": [(34.0, 3), (35.0, 3), (35.1, 1), (36.0, 1), (36.1, 0), (38.0, 0), (38.1, 1), (39.0, 1), (39.1, 2)],
    "oxygen_given": [(0, 0), (1, 2)],
    "consciousness": [(0, 0), (1, 3), (2, 3), (3, 3), (4, 3)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "value", "points"), [(s, v, p) for s, rows in CHART.items() for v, p in rows]
)
def test_a_sign_gives_the_points_of_the_chart(sign, value, points):
    assert news2({sign: value}).points == {sign: points}


def test_the_chart_above_has_every_sign():
    assert set(CHART) == set(SIGNS)


def test_a_healthy_patient_scores_nothing_and_the_sickest_twenty():
    healthy = {name: next(v for v, p in rows if p == 0) for name, rows in CHART.items()}
    sickest = {name: max(rows, key=lambda row: row[1])[0] for name, rows in CHART.items()}
    assert news2(healthy).total == 0
    assert news2(healthy).response == "routine"
    assert news2(sickest).total == 3 + 3 + 3 + 3 + 3 + 2 + 3
    assert news2(sickest).response == "emergency"


def test_a_single_sign_at_three_asks_for_a_review_on_the_ward():
    assert news2({"respiratory_rate_per_min": 26}).response == "urgent_ward"
    assert (
        news2({"heart_rate_per_min": 112, "systolic_pressure_mmhg": 95, "temperature_celsius": 38.5}).response
        == "urgent"
    )


def test_what_was_not_measured_is_named_and_gives_no_points():
    found = news2({"heart_rate_per_min": 80})
    assert found.total == 0
    assert found.unknown == tuple(s for s in SIGNS if s != "heart_rate_per_min")


def test_values_between_two_rows_are_rounded_as_they_would_be_written_down():
    assert news2({"temperature_celsius": 38.04}).total == 0
    assert news2({"temperature_celsius": 38.06}).total == 1
    assert news2({"respiratory_rate_per_min": 20.4}).total == 0

"""Features of a stay by pencil, and that nothing later than the hour is looked at."""

import numpy as np
import pytest

from mmcore.domain.stream import Stay
from mmcore.intake.stream.file import read_stay
from mmcore.intake.stream.log import log_of
from mmcore.paths import DEMONSTRATIONS
from mmcore.preprocess.stream_features import STAY, columns_of, features, snapshot, split_statistic
from mmcore.tasks.icu_mortality import TASK

NAMES = tuple(f.name for f in TASK.fields)
COLUMNS = columns_of(TASK)
PLACE = {pair: i for i, pair in enumerate(COLUMNS)}


def stay_of(*rows: tuple[float, str, float]) -> Stay:
    rows = sorted(rows)
    minutes, names, values = zip(*rows, strict=True)
    return Stay(
        "s", np.array(minutes, float), np.array([NAMES.index(n) for n in names]), np.array(values, float)
    )


@pytest.fixture(scope="module")
def bed() -> Stay:
    readings = read_stay((DEMONSTRATIONS / TASK.name / "bed-1" / "measurements.csv").read_bytes())
    return log_of(readings, "bed-1", TASK, False)[0].stay()


def test_statistics_by_pencil():
    stay = stay_of(
        (0, "age_years", 60),
        (60, "heart_rate_per_min", 80),
        (180, "heart_rate_per_min", 100),
        (300, "heart_rate_per_min", 90),
        (600, "heart_rate_per_min", 120),
    )
    row = features(stay, TASK, COLUMNS, [360])[0]
    known = {
        k: row[PLACE["heart_rate_per_min", k]]
        for k in ("last", "first", "min", "max", "mean", "count", "since", "slope12")
    }
    assert known == {
        "last": 90, "first": 80, "min": 80, "max": 100, "mean": 90, "count": 3, "since": 1, "slope12": pytest.approx(2.5)
    }  # fmt: skip
    assert row[PLACE["heart_rate_per_min", "std"]] == pytest.approx(np.std([80, 100, 90]))
    assert row[PLACE["age_years", "last"]] == 60
    assert row[PLACE[STAY, "hour"]] == 6
    assert row[PLACE[STAY, "silence"]] == 1


def test_what_was_never_measured_is_unknown_and_its_count_is_zero():
    row = features(stay_of((60, "heart_rate_per_min", 80)), TASK, COLUMNS, [120])[0]
    assert np.isnan(row[PLACE["Lactate", "last"]])
    assert row[PLACE["Lactate", "count"]] == 0
    assert np.isnan(row[PLACE["Urine", "rate"]])


def test_a_ratio_needs_both_values_close_in_time():
    close = features(stay_of((60, "FiO2", 0.5), (120, "PaO2", 100)), TASK, COLUMNS, [180])[0]
    far = features(stay_of((60, "FiO2", 0.5), (1200, "PaO2", 100)), TASK, COLUMNS, [1260])[0]
    assert close[PLACE["PaO2FiO2", "last"]] == 200
    assert np.isnan(far[PLACE["PaO2FiO2", "last"]])


def test_urine_adds_up_to_a_rate_over_the_hours_that_have_passed():
    stay = stay_of((30, "Urine", 100), (200, "Urine", 200), (590, "Urine", 60))
    row = features(stay, TASK, COLUMNS, [600])[0]
    assert row[PLACE["Urine", "rate"]] == pytest.approx(36)
    assert row[PLACE["Urine", "rate6"]] == pytest.approx(10)


def test_nothing_later_than_the_hour_is_looked_at(bed):
    for hour in (3, 11, 26, 40):
        whole = features(bed, TASK, COLUMNS, [hour * 60])
        cut = features(bed.until(hour * 60), TASK, COLUMNS, [hour * 60])
        assert np.array_equal(whole, cut, equal_nan=True)


def test_many_hours_at_once_are_each_hour_alone(bed):
    hours = np.arange(0, 49, 6) * 60.0
    together = features(bed, TASK, COLUMNS, hours)
    alone = np.concatenate([features(bed, TASK, COLUMNS, [h]) for h in hours])
    assert np.allclose(together, alone, equal_nan=True, rtol=1e-6)


def test_every_known_feature_comes_from_measurements_and_an_unknown_one_from_none(bed):
    row, made = snapshot(bed, TASK, COLUMNS, 1500)
    for (series, statistic), value, (parameter, sources) in zip(COLUMNS, row, made, strict=True):
        kind, _ = split_statistic(statistic)
        assert parameter in (*NAMES, STAY)
        if kind == "hour" or (kind == "count" and value == 0):
            assert len(sources) == 0
        elif not np.isnan(value):
            assert len(sources) > 0, (series, statistic)
            assert bed.minutes[sources].max() <= 1500


def test_the_smallest_value_is_laid_on_its_own_measurement():
    stay = stay_of((60, "gcs", 14), (400, "gcs", 6), (900, "gcs", 11))
    _, made = snapshot(stay, TASK, COLUMNS, 1000)
    assert made[PLACE["gcs", "min"]][1].tolist() == [1]
    assert made[PLACE["gcs", "last"]][1].tolist() == [2]
    assert made[PLACE["gcs", "mean"]][1].tolist() == [0, 1, 2]

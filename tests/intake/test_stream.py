"""Measurements as they arrive: what is impossible, repeated, late, in other units or unreadable is told once and never lost."""

import json

import numpy as np
import pytest

from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.stream import Reading
from mmcore.intake.stream.file import read_line, read_stay
from mmcore.intake.stream.log import StayLog
from mmcore.tasks.icu_mortality import TASK
from mmcore.words import tell


def log(*rows: tuple, accept: bool = False) -> tuple[StayLog, list[list[str]]]:
    """A log and, for each row (minute, parameter, value[, unit]), the codes of what was said."""
    made = StayLog("s", TASK, accept)
    return made, [[n.code for n in made.add(Reading("s", *row))] for row in rows]


def values(made: StayLog, name: str) -> list[tuple[float, float]]:
    stay = made.stay()
    chosen = stay.parameters == [f.name for f in TASK.fields].index(name)
    return list(zip(stay.minutes[chosen].tolist(), stay.values[chosen].tolist(), strict=True))


def test_a_plain_measurement_is_taken_without_a_word():
    made, told = log((10, "HR", 88), (12, "heart_rate", "90"))
    assert told == [[], []]
    assert values(made, "heart_rate_per_min") == [(10, 88), (12, 90)]


@pytest.mark.parametrize(
    ("parameter", "value"), [("Temp", -17.8), ("Weight", 0), ("HR", 0), ("Height", 13), ("GCS", 2)]
)
def test_an_impossible_value_is_set_aside_with_one_sentence(parameter, value):
    made, told = log((5, parameter, value))
    assert told == [["value_out_of_range"]]
    assert len(made.stay().minutes) == 0
    assert made.aside[0].reading.value == value
    assert str(value).rstrip("0").rstrip(".") in tell(made.aside[0].notice)


def test_minus_one_and_nothing_mean_unknown():
    made, told = log((0, "Height", -1), (0, "Weight", None), (3, "HR", float("nan")))
    assert told == [["stream_value_unknown"]] * 3
    assert len(made.aside) == 3


def test_a_likely_correction_waits_for_consent_and_then_counts():
    made, told = log((5, "pH", 735), (8, "Temp", 98.6), (9, "FiO2", 60))
    assert told == [["value_correctable"]] * 3
    assert [kept.corrected for kept in made.aside] == [7.35, 37.0, 0.6]
    assert [n.code for n in made.agree()] == ["value_corrected"] * 3
    assert made.aside == []
    assert values(made, "pH") == [(5, 7.35)]
    assert values(made, "temperature_celsius") == [(8, 37.0)]


def test_corrections_can_be_accepted_beforehand():
    made, told = log((5, "pH", 735), accept=True)
    assert told == [["value_corrected"]]
    assert values(made, "pH") == [(5, 7.35)]


def test_a_unit_is_converted_and_its_change_is_told():
    made, told = log(
        (5, "Temp", 37.2, "C"), (8, "Temp", 98.6, "F"), (9, "Glucose", 6, "mmol/L"), (9, "K", 4, "ells")
    )
    assert told == [[], ["stream_unit_changed"], [], ["value_unknown_unit"]]
    assert values(made, "temperature_celsius") == [(5, 37.2), (8, 37.0)]
    assert values(made, "Glucose")[0][1] == pytest.approx(108.1, abs=0.01)


@pytest.mark.parametrize(
    ("parameter", "before", "now", "unit", "meant"),
    [
        ("Lactate", 2.1, 18.9, "mg/dL", 2.0981),
        ("MAP", 80, 10.7, "kPa", 80.2566),
        ("systolic_pressure_mmhg", 120, 16, "kPa", 120.0099),
        ("PaO2", 88, 11.7, "kPa", 87.7573),
        ("Bilirubin", 1.0, 17.1, "µmol/L", 0.9998),
        ("Glucose", 216, 12, "mmol/L", 216.192),
    ],
)
def test_a_unit_that_changes_without_a_word_is_doubted_by_the_value_before(
    parameter, before, now, unit, meant
):
    made, told = log((5, parameter, before), (9, parameter, now))
    assert told == [[], ["stream_unit_doubt"]]
    assert values(made, parameter) == [(5, before)]
    assert unit in tell(made.aside[0].notice)
    made.agree()
    assert values(made, parameter) == [(5, before), (9, meant)]


def test_a_great_change_is_believed_where_its_unit_is_stated_or_the_patient_can_make_it():
    made, told = log(
        (5, "Lactate", 2.1), (9, "Lactate", 18.9, "mmol/L"), (5, "PaO2", 400), (9, "PaO2", 53), (5, "HR", 60)
    )
    assert [codes for codes in told if "stream_unit_doubt" in codes] == []
    assert values(made, "PaO2") == [(5, 400), (9, 53)]


def test_one_reading_far_ahead_does_not_move_the_clock_and_the_next_ones_are_not_late():
    made, told = log((60, "HR", 80), (1e12, "HR", 90), (1e12, "Temp", 37.0), (65, "HR", 82))
    assert told == [[], ["stream_leap"], ["stream_leap"], []]
    assert made.latest == 65
    assert [kept.reading.value for kept in made.aside] == [90, 37.0]


def test_a_leap_that_the_next_reading_confirms_is_taken_with_what_waited():
    made, told = log((60, "HR", 80), (2000, "HR", 90), (2001, "HR", 92))
    assert told == [[], ["stream_leap"], []]
    assert values(made, "heart_rate_per_min") == [(60, 80), (2000, 90), (2001, 92)]
    assert made.aside == []


def test_time_running_backwards_is_told_and_every_value_put_in_its_place():
    made, told = log(*((m, "HR", 80 + m) for m in (60, 50, 40, 30, 20, 70, 65)))
    assert told == [[], ["stream_late"], ["stream_late"], ["stream_backwards"], [], [], ["stream_late"]]
    assert [m for m, _ in values(made, "heart_rate_per_min")] == [20, 30, 40, 50, 60, 65, 70]


def test_measurements_are_sorted_once_after_each_that_was_added_and_every_way_of_adding_counts():
    made, _ = log((10, "HR", 88), (5, "pH", 735))
    before = made.stay()
    assert made.stay() is before
    made.add(Reading("s", 10, "HR", 88))  # repeated
    made.add(Reading("s", 11, "HR", None))
    assert made.stay() is before
    made.agree()
    assert made.stay().minutes.tolist() == [5, 10]
    made.add(Reading("s", 1, "HR", 90))
    assert made.stay().minutes.tolist() == [1, 5, 10] and before.minutes.tolist() == [10]


def test_a_repeated_row_counts_once_and_another_value_of_the_same_minute_is_kept():
    made, told = log((5, "HR", 80), (5, "HR", 80), (5, "HR", 96))
    assert told == [[], ["stream_repeated"], ["stream_two_values"]]
    assert values(made, "heart_rate_per_min") == [(5, 80), (5, 96)]


@pytest.mark.parametrize("minute", [-3, "soon", None, float("inf")])
def test_a_time_that_is_none_is_told(minute):
    made, told = log((minute, "HR", 80))
    assert told == [["stream_minute_unusable"]]
    assert len(made.aside) == 1


def test_an_unknown_parameter_is_set_aside_and_a_word_is_no_number():
    made, told = log((5, "Mood", 3), (6, "HR", "fast"))
    assert told == [["stream_parameter_unknown"], ["value_not_a_number"]]
    assert len(made.aside) == 2


def test_every_reading_is_either_used_or_set_aside_whatever_comes():
    rng = np.random.default_rng(3)
    names = [f.name for f in TASK.fields] + ["Mood"]
    rows = [
        (
            float(rng.integers(-50, 3000)),
            str(rng.choice(names)),
            float(rng.choice([rng.normal(80, 60), -1, 0, 735])),
        )
        for _ in range(600)
    ]
    made, told = log(*rows)
    repeated = sum("stream_repeated" in codes for codes in told)
    assert len(made.stay().minutes) + len(made.aside) + repeated == len(rows)
    assert (np.diff(made.stay().minutes) >= 0).all()


def test_one_stay_is_read_from_csv_json_lines_and_parquet_alike(tmp_path):
    import pandas as pd

    table = pd.DataFrame(
        {"record_id": [7, 7], "minute": [3, 9], "parameter": ["HR", "Temp"], "value": [80.0, 37.5]}
    )
    table.to_parquet(tmp_path / "stay.parquet")
    lines = "\n".join(json.dumps(row) for row in table.to_dict("records"))
    read = [
        read_stay(d)
        for d in (
            table.to_csv(index=False).encode(),
            lines.encode(),
            (tmp_path / "stay.parquet").read_bytes(),
        )
    ]
    assert all(
        [(r.parameter, float(r.value)) for r in found] == [("HR", 80.0), ("Temp", 37.5)] for found in read
    )
    assert {r.stay for found in read for r in found} == {"7"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "vitals_empty"),
        (b"minute,parameter\n3,HR\n", "stream_columns"),
        (b'{"minute": 3, "parameter": "HR"}', "stream_columns"),
        (b"{broken", "vitals_damaged"),
        (b"PAR1 and nothing else", "vitals_damaged"),
        (b"record_id,minute,parameter,value\n1,3,HR,80\n2,3,HR,80\n", "stream_several_stays"),
    ],
)
def test_a_file_that_is_no_stay_is_refused_with_a_sentence(data, code):
    with pytest.raises(UnreadableFileError) as caught:
        read_stay(data)
    assert caught.value.code == code
    assert len(tell(caught.value)) > 20


def test_a_line_that_is_no_measurement_is_refused():
    for line in ("[1]", "nonsense", '{"minute": 1}'):
        with pytest.raises(UnreadableFileError):
            read_line(line)

"""Vitals come from CSV, JSON, FHIR or a form in standard units; each value that cannot be right is named, the rest stays."""

import json

import pytest

from mmcore.domain.errors import MmcoreError, UnknownFieldError
from mmcore.domain.notice import Notice
from mmcore.intake.readers.table import looks_like_vitals
from mmcore.intake.values.check import check_value
from mmcore.intake.values.vitals import check_vitals
from mmcore.tasks import get_task
from mmcore.words import tell
from tests.intake_files import read_vitals

TASK = get_task("chest_infection")
WANTED = {"age_years": 65.0, "sex": 1.0, "temperature_celsius": 38.5, "fever": 1.0}


def values_of(text: str) -> dict[str, float]:
    return dict(read_vitals(text.encode(), TASK).values)


def refusal(field: str, value: object, unit: str = "") -> Notice:
    result = check_value(TASK.field(field), value, unit)
    assert isinstance(result, Notice)
    return result


@pytest.mark.parametrize(
    "text",
    [
        "age,sex,temperature,fever\n65,M,38.5,yes\n",
        "age;sex;temperature;fever\n65;M;38,5;1\n",
        "age\tsex\ttemperature\tfever\n65\tmale\t38.5\ttrue\n",
        "field,value,unit\nage,65,years\nsex,M,\ntemperature,101.3,°F\nfever,yes,\n",
        "age,65\nsex,M\ntemperature,38.5,°C\nfever,yes\n",
        '"Age (years)","Sex","Temp [°F]",Fever\n65,M,101.3,present\n',
        "AGE,SEX,temp_f,FEVER\n65,M,101.3,1\n",
        '{"age": 65, "sex": "M", "temperature": {"value": 101.3, "unit": "F"}, "fever": true}',
        '{"values": {"age_years": "65", "sex": "male", "temperature": "38,5 °C", "fever": 1}}',
        '[{"field": "age", "value": 65}, {"field": "sex", "value": "M"},'
        ' {"field": "temperature", "value": 101.3, "unit": "[degF]"}, {"field": "fever", "value": "yes"}]',
    ],
)
def test_one_patient_reads_the_same_from_every_layout(text):
    assert values_of(text) == pytest.approx(WANTED)


@pytest.mark.parametrize(
    "text",
    [
        "crp_mg_dl,temp_f\n8.4,101.3\n",  # no heading is a name as it stands
        "CRP (mg/dL);temp_f\n8,4;101,3\n",
        "temp_f,crp_mg_dl\n101.3,8.4\n",
        "crp,84\ntemp_f,101.3\n",
        "CRP (mg/dL),8.4\ntemp_f,101.3\n",
    ],
)
def test_two_columns_are_headings_over_values_or_names_beside_them_by_what_stands_in_the_second_row(text):
    assert values_of(text) == pytest.approx({"crp_mg_per_l": 84, "temperature_celsius": 38.5})


def test_a_fhir_bundle_gives_the_latest_of_each_observation():
    def observation(code: str, value: float, unit: str, when: str, status: str = "final") -> dict:
        resource = {
            "resourceType": "Observation",
            "status": status,
            "effectiveDateTime": when,
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": value, "unit": "x", "code": unit},
        }
        return {"resource": resource}

    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": {"resourceType": "Patient", "gender": "female", "name": [{"family": "Doe"}]}},
            observation("8310-5", 38.5, "Cel", "2024-02-02"),
            observation("8310-5", 36.0, "Cel", "2024-02-01"),
            observation("6690-2", 7400, "/uL", "2024-02-02"),
            observation("1988-5", 2.5, "mg/dL", "2024-02-02"),
            observation("1988-5", 99, "mg/dL", "2024-02-03", "entered-in-error"),
        ],
    }
    assert values_of(json.dumps(bundle)) == pytest.approx(
        {"sex": 0, "temperature_celsius": 38.5, "leukocytes_10e9_per_l": 7.4, "crp_mg_per_l": 25}
    )


@pytest.mark.parametrize(
    ("field", "written", "expected"),
    [
        ("leukocytes_10e9_per_l", "7400 /µL", 7.4),
        ("leukocytes_10e9_per_l", "7.4 ×10³/µL", 7.4),
        ("leukocytes_10e9_per_l", "7.4 x10^9/L", 7.4),
        ("lymphocytes_10e9_per_l", "900 cells/mm³", 0.9),
        ("d_dimer_mg_per_l", "500 ng/mL", 0.5),
        ("d_dimer_mg_per_l", "500 µg/L FEU", 0.5),
        ("crp_mg_per_l", "2.5 mg/dL", 25),
        ("oxygen_saturation_percent", "0.97 fraction", 97),
        ("temperature_celsius", "98.6 °F", 37),
        ("temperature_celsius", "36,6", 36.6),
        ("age_years", "18 months", 1.5),
    ],
)
def test_a_stated_unit_is_converted(field, written, expected):
    assert check_value(TASK.field(field), written) == pytest.approx(expected)


def test_a_conversion_is_told():
    notices = read_vitals(b"crp (mg/dL)\n2.5", TASK).notices
    assert [tell(n) for n in notices] == ["C-reactive protein was given as 2.5 mg/dL; this is 25 mg/L."]


@pytest.mark.parametrize(
    "unknown", ["", " ", "NA", "n/a", "-", "not measured", "NaN", None, float("nan"), "未测"]
)
def test_what_was_not_measured_is_left_out_and_is_not_zero(unknown):
    assert check_value(TASK.field("crp"), unknown) is None
    assert check_vitals([("crp", unknown, ""), ("age", 5, "")], TASK).values == {"age_years": 5}


def test_a_saturation_of_0_97_waits_for_consent():
    vitals = read_vitals(b"spo2,age\n0.97,65", TASK)
    assert vitals.values == {"age_years": 65}
    assert (
        tell(vitals.corrections[0]) == "oxygen saturation is 0.97 %; expected 30 to 100 %. Did you mean 97?"
    )
    agreed = read_vitals(b"spo2,age\n0.97,65", TASK, accept_corrections=True)
    assert agreed.values == {"age_years": 65, "oxygen_saturation_percent": 97}
    assert [n.code for n in agreed.notices] == ["value_corrected"]


def test_consent_covers_only_the_fields_it_names():
    rows = [("spo2", "0.97", ""), ("temperature", 98.6, "")]
    vitals = check_vitals(rows, TASK, accept_corrections=frozenset({"temperature_celsius"}))
    assert vitals.values == {"temperature_celsius": 37}
    assert [n.values["field"] for n in vitals.corrections] == ["oxygen_saturation_percent"]


def test_98_6_without_a_unit_is_taken_for_fahrenheit_only_with_consent():
    notice = refusal("temperature", 98.6)
    assert (notice.code, notice.values["corrected"]) == ("value_correctable", 37)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("age", -5, "value_out_of_range"),
        ("age", 121, "value_out_of_range"),
        ("spo2", "101", "value_out_of_range"),
        ("spo2", "1.5", "value_out_of_range"),
        ("wbc", "7,400", "value_ambiguous_number"),
        ("wbc", "many", "value_not_a_number"),
        ("wbc", True, "value_not_a_number"),
        ("wbc", float("inf"), "value_not_a_number"),
        ("wbc", "7 stones", "value_unknown_unit"),
        ("d_dimer", "500 ng/mL DDU", "value_unknown_unit"),
        ("fever", "39", "value_not_yes_or_no"),
        ("sex", "unclear", "value_not_a_choice"),
        ("crp", "<5", "value_is_a_bound"),
    ],
)
def test_a_value_that_cannot_be_used_gets_its_own_sentence(field, value, code):
    notice = refusal(field, value)
    assert notice.code == code
    assert "{" not in tell(notice) and "_" not in tell(notice)
    assert tell(notice, "zh") != tell(notice)


def test_a_negative_age_is_named_with_its_range_and_the_rest_stays():
    vitals = read_vitals(b"age,temperature\n-5,38", TASK)
    assert vitals.values == {"temperature_celsius": 38}
    assert "-5" in tell(vitals.notices[0]) and "0 to 120" in tell(vitals.notices[0])


def test_a_value_given_twice_counts_only_if_both_agree():
    assert check_vitals([("temp", "38", ""), ("temperature", "100.4 F", "")], TASK).values == {
        "temperature_celsius": 38
    }
    twice = check_vitals([("temp", "38", ""), ("temperature", "39", ""), ("age", 4, "")], TASK)
    assert twice.values == {"age_years": 4}
    assert [n.code for n in twice.notices] == ["value_twice"]


def test_unknown_columns_are_named_and_identifiers_and_outcomes_pass_in_silence():
    vitals = read_vitals(b"patient_name,mrn,age,label,shoe size\nJane Doe,17,65,covid19,42", TASK)
    assert vitals.values == {"age_years": 65}
    assert [n.values.get("names") for n in vitals.notices] == ["shoe size"]
    assert "Jane" not in repr(vitals) and "covid" not in repr(vitals)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("age,sex\n65,M\n70,F\n", "vitals_rows"),
        ('{"age": 65', "vitals_damaged"),
        ('{"age": 65, "age": 66}', "vitals_damaged"),
        ("[" * 100_000, "vitals_damaged"),
        ('age,sex\n"65,M', "vitals_damaged"),
        ("colour,size\nred,4", "vitals_no_known_field"),
        ("[1, 2, 3]", "vitals_name_nothing"),
        ("   \n", "vitals_empty"),
        ("age,65\n" * 501, "vitals_too_many"),
    ],
)
def test_a_file_that_is_no_patients_vitals_is_refused(text, code):
    with pytest.raises(MmcoreError) as refused:
        read_vitals(text.encode(), TASK)
    assert refused.value.code == code


def test_vitals_of_other_names_only_raise_the_error_that_lists_them():
    with pytest.raises(UnknownFieldError) as refused:
        check_vitals([("colour", "red", "")], TASK)
    assert refused.value.values == {"names": "colour"}


@pytest.mark.parametrize(
    ("text", "vitals"),
    [
        ("age,sex\n65,M", True),
        ("spo2,97", True),
        ('{"age": 65}', True),
        ("Fever, cough for three days.", False),
        ("Age 65, male, with fever, cough and dyspnoea.\nNo contact.", False),
        ("[Admission] Fever and cough.", False),
    ],
)
def test_a_table_is_told_from_a_note_by_its_content(text, vitals):
    assert looks_like_vitals(text, TASK) is vitals


@pytest.mark.parametrize(
    "text", ["age,sex,temperature\n,,\n", "age,sex,temperature\n", "age;sex;temperature\n;NA;-\n"]
)
def test_a_table_in_which_nothing_was_measured_says_so(text):
    found = read_vitals(text.encode(), TASK)
    assert (dict(found.values), [n.code for n in found.notices]) == ({}, ["vitals_all_missing"])

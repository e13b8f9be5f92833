"""Values are read from notes with their words, in standard units, and what is ambiguous is left alone."""

import pytest

from mmcore.intake.note.values import read_values
from mmcore.preprocess.text import clean, negations


def found(note: str) -> dict[str, float | str]:
    text = clean(note)
    return {v.field: v.value for v in read_values(text, [(n.start, n.end) for n in negations(text)])}


def test_an_empty_note_states_nothing():
    assert [read_values(note, ()) for note in ("", " ", "\n")] == [(), (), ()]


@pytest.mark.parametrize(
    ("note", "field", "value"),
    [
        ("A 47-year-old teacher was seen.", "age_years", 47),
        ("Seen today: 81 y/o, frail.", "age_years", 81),
        ("33M, previously well.", "age_years", 33),
        ("Housewife, aged 58, with asthma.", "age_years", 58),
        ("A sixty-two-year-old farmer.", "age_years", 62),
        ("An 18-month-old infant.", "age_years", 1.5),
        ("An elderly lady with confusion.", "sex", "F"),
        ("This gentleman collapsed.", "sex", "M"),
        ("Sex: F, smoker.", "sex", "F"),
        ("Temp 38.9 on arrival.", "temperature_celsius", 38.9),
        ("Temperature was 37,6 °C.", "temperature_celsius", 37.6),
        ("He was febrile (102.2 F).", "temperature_celsius", 39),
        ("T 39.4, pulse 110.", "temperature_celsius", 39.4),
        ("Tmax 101.3 °F overnight.", "temperature_celsius", 38.5),
        ("SpO2 93% at rest.", "oxygen_saturation_percent", 93),
        ("Sats 88 on room air.", "oxygen_saturation_percent", 88),
        ("oxygen saturation of 0.91", "oxygen_saturation_percent", 91),
        ("She desaturated to 84 %.", "oxygen_saturation_percent", 84),
        ("94% on room air.", "oxygen_saturation_percent", 94),
        ("SpO2 86% on room air, then SpO2 95% with 4 litres.", "oxygen_saturation_percent", 86),
        ("Fever and cough for six days.", "days_of_illness", 6),
        ("Presented with a two-week history of malaise.", "days_of_illness", 14),
        ("Day 9 of illness.", "days_of_illness", 9),
        ("Symptoms started 3 days ago.", "days_of_illness", 3),
        ("8-day history of cough and 2-day history of fever.", "days_of_illness", 8),
        ("WBC 13.2, otherwise fine.", "leukocytes_10e9_per_l", 13.2),
        ("Leukocytes 3,900/µL", "leukocytes_10e9_per_l", 3.9),
        ("white cell count 5.5 x10^9/L", "leukocytes_10e9_per_l", 5.5),
        ("WBC 10.730 /ul", "leukocytes_10e9_per_l", 10.73),
        ("neutrophils 8.1 x 10^9/L", "neutrophils_10e9_per_l", 8.1),
        ("Lymphocytes 0.6 x10E9/L", "lymphocytes_10e9_per_l", 0.6),
        ("lymphopenia (740 cells/mm3)", "lymphocytes_10e9_per_l", 0.74),
        ("CRP was 4.5 mg/dL", "crp_mg_per_l", 45),
        ("C-reactive protein elevated at 118 mg/L", "crp_mg_per_l", 118),
        ("PCR 83.1 (limit 5)", "crp_mg_per_l", 83.1),
        ("D-dimer 850 ng/mL", "d_dimer_mg_per_l", 0.85),
        ("D-dimer: 1.4 mg/L", "d_dimer_mg_per_l", 1.4),
        ("LDH 412 U/L", "ldh_u_per_l", 412),
        ("lactate dehydrogenase was 365", "ldh_u_per_l", 365),
    ],
)
def test_a_value_is_read_in_the_unit_of_its_field(note, field, value):
    assert found(note)[field] == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize(
    ("note", "field"),
    [
        ("Fever over 39 °C at home.", "temperature_celsius"),
        ("Temperature > 38.5.", "temperature_celsius"),
        ("Temperature 37.5-38.5 °C.", "temperature_celsius"),
        ("Temperature 36.5, later 39.2 °C.", "temperature_celsius"),
        ("Fever for 39 days.", "temperature_celsius"),
        ("Saturation in the low 90s.", "oxygen_saturation_percent"),
        ("pO2 61 mmHg, pCO2 35 mmHg.", "oxygen_saturation_percent"),
        ("pO2 = 96%", "oxygen_saturation_percent"),
        ("Saturation below 90%.", "oxygen_saturation_percent"),
        ("Lymphocytes 12%, neutrophils 80%.", "lymphocytes_10e9_per_l"),
        ("Lymphocytes 12%, neutrophils 80%.", "neutrophils_10e9_per_l"),
        ("CRP 7.2 and rising.", "crp_mg_per_l"),
        ("PCR positive for 3 targets.", "crp_mg_per_l"),
        ("D-dimer 850.", "d_dimer_mg_per_l"),
        ("D-dimer < 150 ng/mL.", "d_dimer_mg_per_l"),
        ("A 10-year history of asthma.", "age_years"),
        ("Lives with her 9-year-old son.", "age_years"),
        ("Between 40-year-old and 52-year-old patients.", "age_years"),
        ("Aged 212.", "age_years"),
        ("Ventilated for 12 days.", "days_of_illness"),
        ("Fever treated with amoxicillin for 5 days.", "days_of_illness"),
        ("Ill for several days.", "days_of_illness"),
        ("Men and women were included.", "sex"),
        ("His wife has a cough.", "cough"),
        ("Sent to the fever clinic.", "fever"),
        ("Febrile at home, afebrile on arrival.", "fever"),
    ],
)
def test_what_is_ambiguous_or_about_something_else_is_not_read(note, field):
    assert field not in found(note)


def test_symptoms_are_present_denied_or_unknown():
    assert found("Dry cough and high fever.") == {"cough": 1.0, "fever": 1.0}
    assert found("Denies cough, fever, or shortness of breath.") == {
        "cough": 0.0,
        "fever": 0.0,
        "dyspnoea": 0.0,
    }
    assert found("Afebrile, breathless.") == {"fever": 0.0, "dyspnoea": 1.0}
    assert found("Chest pain.") == {}


def test_every_value_points_at_the_words_it_was_read_from():
    note = "A 47-year-old man, T 38.6 °C, SpO2 90%."
    for value in read_values(note, ()):
        assert note[value.start : value.end].strip() == value.words
    assert [(v.field, v.words) for v in read_values(note, ())] == [
        ("age_years", "47-year-old"),
        ("sex", "man"),
        ("temperature_celsius", "T 38.6 °C"),
        ("oxygen_saturation_percent", "SpO2 90%"),
    ]

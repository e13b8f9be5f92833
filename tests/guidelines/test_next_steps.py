"""Next steps against the published tables: CURB-65, NEWS2, Fleischner 2017, ESC; what is not known is said, no model takes part."""

from pathlib import Path

import pytest

from mmcore.domain.guideline import APPLIES, NOT_FOR, NOT_KNOWN
from mmcore.guidelines import guidelines
from mmcore.guidelines import next_steps as steps
from mmcore.guidelines.chest import curb65, oxygen
from mmcore.guidelines.heart import brugada, chest_pain, heart_failure
from mmcore.guidelines.lung import fleischner
from mmcore.guidelines.ward import news2_response
from mmcore.tasks import get_task
from mmcore.words import known, say
from tests.contract.test_architecture import imports

WELL = {
    "pneumonia_diagnosed": 1.0,
    "consciousness": 0.0,
    "urea_mmol_per_l": 5.0,
    "respiratory_rate_per_min": 18.0,
    "systolic_pressure_mmhg": 130.0,
    "diastolic_pressure_mmhg": 80.0,
    "age_years": 50.0,
}


@pytest.mark.parametrize(
    ("changed", "score", "row"),
    [
        ({}, 0, "low"),
        ({"age_years": 64.0}, 0, "low"),
        ({"age_years": 65.0}, 1, "low"),
        ({"urea_mmol_per_l": 7.0}, 0, "low"),
        ({"urea_mmol_per_l": 7.1, "age_years": 80.0}, 2, "middle"),
        ({"respiratory_rate_per_min": 30.0, "consciousness": 1.0}, 2, "middle"),
        ({"systolic_pressure_mmhg": 89.0, "diastolic_pressure_mmhg": 60.0}, 1, "low"),
        ({"diastolic_pressure_mmhg": 60.0, "age_years": 70.0, "consciousness": 1.0}, 3, "severe"),
        ({"systolic_pressure_mmhg": 90.0, "diastolic_pressure_mmhg": 61.0}, 0, "low"),
    ],
)
def test_curb65_counts_a_point_for_each_criterion(changed, score, row):
    (advice,) = curb65(WELL | changed)
    assert (advice.row, advice.status, advice.values["least"]) == (row, APPLIES, score)


def test_curb65_names_what_is_missing_and_gives_the_group_only_if_every_filling_leads_to_it():
    (advice,) = curb65({k: v for k, v in WELL.items() if k != "urea_mmol_per_l"})
    assert (advice.row, advice.status) == ("low", APPLIES)  # 0 or 1: both low
    (advice,) = curb65({k: v for k, v in WELL.items() if k not in ("urea_mmol_per_l", "consciousness")})
    assert (advice.row, advice.status, advice.missing) == (
        "score",
        NOT_KNOWN,
        ("consciousness", "urea_mmol_per_l"),
    )
    assert curb65(WELL | {"pneumonia_diagnosed": 0.0}) == ()
    (advice,) = curb65({"age_years": 70.0})
    assert advice.status == NOT_KNOWN and "pneumonia_diagnosed" in advice.missing


QUIET = {
    "respiratory_rate_per_min": 16.0,
    "oxygen_saturation_percent": 97.0,
    "oxygen_given": 0.0,
    "systolic_pressure_mmhg": 120.0,
    "heart_rate_per_min": 70.0,
    "consciousness": 0.0,
    "temperature_celsius": 37.0,
}


@pytest.mark.parametrize(
    ("changed", "row", "total"),
    [
        ({}, "none", 0),
        ({"temperature_celsius": 38.5}, "low", 1),
        ({"respiratory_rate_per_min": 25.0}, "urgent_ward", 3),
        (
            {"respiratory_rate_per_min": 22.0, "oxygen_saturation_percent": 94.0, "oxygen_given": 1.0},
            "urgent",
            5,
        ),
        ({"consciousness": 1.0, "heart_rate_per_min": 135.0, "temperature_celsius": 38.5}, "emergency", 7),
    ],
)
def test_the_response_is_that_of_chart_two_of_news2(changed, row, total):
    (advice,) = news2_response(QUIET | changed)
    assert (advice.row, advice.status, advice.values["total"]) == (row, APPLIES, total)


def test_an_emergency_stands_although_signs_are_missing_and_a_low_score_does_not():
    (advice,) = news2_response(
        {"consciousness": 1.0, "heart_rate_per_min": 135.0, "temperature_celsius": 38.5}
    )
    assert (advice.row, advice.status) == ("emergency", APPLIES)
    (advice,) = news2_response({"temperature_celsius": 38.5})
    assert advice.status == NOT_KNOWN and len(advice.missing) == 6


NODULE = {
    "texture": 4.0,
    "other_nodules": 0.0,
    "age_years": 60.0,
    "known_cancer": 0.0,
    "immunosuppressed": 0.0,
    "smoking": 0.0,
    "location": 2.0,
    "spiculation": 0.0,
    "calcification": 5.0,
}


@pytest.mark.parametrize(
    ("size", "others", "texture", "low", "high"),
    [  # MacMahon et al., Radiology 2017;284:228, row by row
        (5.4, 0, 4, "none", "optional_12"),
        (6.0, 0, 4, "ct_6_12_then_consider_18_24", "ct_6_12_then_18_24"),
        (8.4, 0, 4, "ct_6_12_then_consider_18_24", "ct_6_12_then_18_24"),
        (9.0, 0, 4, "ct_3_or_pet_or_biopsy", "ct_3_or_pet_or_biopsy"),
        (5.0, 2, 4, "none", "optional_12"),
        (7.0, 2, 4, "ct_3_6_then_consider_18_24", "ct_3_6_then_18_24"),
        (12.0, 2, 4, "ct_3_6_then_consider_18_24", "ct_3_6_then_18_24"),
        (5.0, 0, 0, "none", "none"),
        (8.0, 0, 0, "ct_6_12_then_2_years", "ct_6_12_then_2_years"),
        (5.0, 0, 2, "none", "none"),
        (8.0, 0, 2, "ct_3_6_then_yearly", "ct_3_6_then_yearly"),
        (5.0, 3, 0, "ct_3_6_then_2_and_4_years", "ct_3_6_then_2_and_4_years"),
        (8.0, 3, 2, "ct_3_6_then_most_suspicious", "ct_3_6_then_most_suspicious"),
    ],
)
def test_fleischner_follows_the_published_table(size, others, texture, low, high):
    facts = NODULE | {"diameter_mm": size, "other_nodules": float(others), "texture": float(texture)}
    assert [a.row for a in fleischner(facts)] == [low]
    assert [a.row for a in fleischner(facts | {"smoking": 2.0})] == [high]
    assert all(a.status == APPLIES for a in fleischner(facts))


def test_fleischner_is_not_for_everybody():
    facts = NODULE | {"diameter_mm": 7.0}
    for change in ({"age_years": 34.0}, {"known_cancer": 1.0}, {"immunosuppressed": 1.0}):
        (advice,) = fleischner(facts | change)
        assert advice.status == NOT_FOR and set(advice.facts) == set(change)
    assert [a.row for a in fleischner(facts | {"calcification": 4.0})] == ["benign_calcification"]


def test_an_unknown_risk_gives_both_rows_and_an_unknown_size_none():
    facts = {k: v for k, v in NODULE.items() if k != "smoking"} | {"diameter_mm": 7.0}
    both = fleischner(facts)
    assert [a.row for a in both] == ["ct_6_12_then_consider_18_24", "ct_6_12_then_18_24"]
    assert {a.missing for a in both} == {("smoking",)}
    (advice,) = fleischner({"age_years": 60.0})
    assert advice.status == NOT_KNOWN and "diameter_mm" in advice.missing


@pytest.mark.parametrize(
    ("facts", "row"),
    [
        ({"oxygen_saturation_percent": 91.0, "hypercapnia_risk": 0.0}, "give"),
        ({"oxygen_saturation_percent": 91.0, "hypercapnia_risk": 1.0}, "within"),
        ({"oxygen_saturation_percent": 96.0, "hypercapnia_risk": 1.0}, "above"),
        ({"oxygen_saturation_percent": 86.0}, "below_both"),
        ({"oxygen_saturation_percent": 92.0}, "below_usual"),
        ({"oxygen_saturation_percent": 97.0}, "at_usual"),
        ({}, "target"),
    ],
)
def test_the_target_of_oxygen_depends_on_the_risk_of_hypercapnia(facts, row):
    assert [a.row for a in oxygen(facts)] == [row]


def test_brugada_rests_on_the_clinician_and_not_on_a_label_of_a_model():
    assert brugada({})[0].status == NOT_KNOWN
    assert brugada({"brugada_type_1": 0.0}) == ()
    rows = [a.row for a in brugada({"brugada_type_1": 1.0, "cardiac_arrest": 1.0})]
    assert rows == ["brugada", "icd_recommended"]
    rows = [a.row for a in brugada({"brugada_type_1": 1.0, "cardiac_arrest": 0.0, "arrhythmic_syncope": 1.0})]
    assert rows == ["brugada", "icd_considered"]


def test_chest_pain_and_heart_failure_follow_their_thresholds():
    assert [a.row for a in chest_pain({"acute_chest_pain": 1.0, "st_elevation": 1.0})] == ["reperfusion"]
    assert [a.row for a in chest_pain({"acute_chest_pain": 1.0})] == ["workup"]
    groups = [
        heart_failure({"ejection_fraction_percent": f, "heart_failure_symptoms": 1.0})[0].row
        for f in (40.0, 41.0, 50.0)
    ]
    assert groups == ["reduced", "mildly_reduced", "preserved"]


def test_a_task_asks_for_the_facts_that_its_fields_do_not_hold():
    asked = {f.name for f in steps.facts_to_ask(get_task("chest_infection"), {})}
    assert {"consciousness", "urea_mmol_per_l"} <= asked
    assert not {"age_years", "temperature_celsius"} & asked


def test_every_guideline_row_has_its_words_and_source_in_both_languages():
    for language in ("en", "zh"):
        for name, guideline in guidelines().items():
            for part in ("name", "source", "edition"):
                assert known(f"guideline.{name}.{part}", language)
            assert all(known(f"fact.{fact.name}", language) for fact in guideline.asks)
    values = {"least": 1, "most": 2, "total": 1, "known": 1, "of": 7, "low": 94, "high": 98, "size": 7}
    assert "{" not in "".join(
        say(f"guideline.{name}.{row}", language, **values)
        for language in ("en", "zh")
        for name, row in (
            ("curb65", "score"),
            ("news2", "score"),
            ("bts_oxygen", "give"),
            ("fleischner2017", "none"),
        )
    )


def test_no_model_takes_part():
    folder = Path(steps.__file__).parent
    paths = list(folder.glob("*.py"))
    assert len(paths) > 5
    for path in paths:
        assert not [m for m in imports(path) if ".models" in m or "engine" in m or "review" in m]

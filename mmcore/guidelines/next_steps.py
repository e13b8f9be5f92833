"""Which rows of published guidelines apply to a patient: from the case's values and what the clinician adds, never from a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mmcore.domain.guideline import Advice
from mmcore.domain.task import CaseTask, Field
from mmcore.guidelines.chest import curb65, oxygen
from mmcore.guidelines.heart import brugada, chest_pain, heart_failure
from mmcore.guidelines.lung import fleischner
from mmcore.guidelines.ward import news2_response

Facts = Mapping[str, float]


@dataclass(frozen=True)
class Guideline:
    """A rule and the facts that it may ask for beyond the fields of a task; name, source and edition are in the text tables."""

    rule: Callable[[Facts], tuple[Advice, ...]]
    facts: tuple[str, ...]


GUIDELINES = {
    "curb65": Guideline(
        curb65,
        (
            "pneumonia_diagnosed",
            "confusion",
            "urea_mmol_per_l",
            "respiratory_rate_per_min",
            "systolic_mmhg",
            "diastolic_mmhg",
            "age_years",
        ),
    ),
    "news2": Guideline(
        news2_response,
        (
            "respiratory_rate_per_min",
            "oxygen_saturation_percent",
            "supplemental_oxygen",
            "systolic_mmhg",
            "heart_rate_per_min",
            "alert",
            "temperature_celsius",
        ),
    ),
    "bts_oxygen": Guideline(oxygen, ("oxygen_saturation_percent", "hypercapnia_risk")),
    "fleischner2017": Guideline(
        fleischner,
        (
            "diameter_mm",
            "texture",
            "other_nodules",
            "age_years",
            "known_cancer",
            "immunosuppressed",
            "smoking",
            "location",
            "spiculation",
            "calcification",
        ),
    ),
    "esc_acs2023": Guideline(chest_pain, ("acute_chest_pain", "st_elevation")),
    "esc_scd2022": Guideline(brugada, ("brugada_type_1", "cardiac_arrest", "arrhythmic_syncope")),
    "esc_hf2021": Guideline(heart_failure, ("ejection_fraction_percent", "heart_failure_symptoms")),
}
OF_TASK = {  # clinical question -> guidelines, in the order in which they are shown
    "chest_infection": ("curb65", "news2", "bts_oxygen"),
    "chest_severity": ("news2", "curb65", "bts_oxygen"),
    "lung_nodule": ("fleischner2017",),
    "heart_ecg": ("esc_acs2023", "esc_scd2022", "esc_hf2021"),
    "icu_mortality": ("news2",),
}
EXTRA = {  # facts that are no field of a task; asked for in the tab and kept with nothing
    f.name: f
    for f in (
        *(
            Field(name, kind="flag")
            for name in (
                "pneumonia_diagnosed",
                "confusion",
                "supplemental_oxygen",
                "alert",
                "hypercapnia_risk",
                "known_cancer",
                "immunosuppressed",
                "acute_chest_pain",
                "st_elevation",
                "brugada_type_1",
                "cardiac_arrest",
                "arrhythmic_syncope",
                "heart_failure_symptoms",
            )
        ),
        Field("urea_mmol_per_l", "mmol/L", plausible=(0.5, 100), reference=(2.5, 7.8)),
        Field("respiratory_rate_per_min", "/min", plausible=(2, 80), reference=(12, 20)),
        Field("heart_rate_per_min", "/min", plausible=(10, 300), reference=(60, 100)),
        Field("systolic_mmhg", "mmHg", plausible=(40, 300), reference=(90, 140)),
        Field("diastolic_mmhg", "mmHg", plausible=(20, 200), reference=(60, 90)),
    )
}
SAME = {  # what a task calls a fact -> what guidelines call it
    "systolic_pressure_mmhg": "systolic_mmhg",
    "Age": "age_years",
    "HR": "heart_rate_per_min",
    "RespRate": "respiratory_rate_per_min",
    "SaO2": "oxygen_saturation_percent",
    "Temp": "temperature_celsius",
    "SysABP": "systolic_mmhg",
    "NISysABP": "systolic_mmhg",
    "DiasABP": "diastolic_mmhg",
    "NIDiasABP": "diastolic_mmhg",
}


def next_steps(task: CaseTask, values: Facts, added: Facts | None = None) -> tuple[Advice, ...]:
    """Every row that applies, that cannot be applied for want of a fact, or that excludes the patient; by guideline.

    values: the case's own, in the units of the task's fields; added: facts of EXTRA that the clinician states.
    """
    facts = {SAME.get(name, name): value for name, value in values.items()} | dict(added or {})
    return tuple(advice for name in OF_TASK.get(task.name, ()) for advice in GUIDELINES[name].rule(facts))


def facts_to_ask(task: CaseTask, values: Facts) -> tuple[Field, ...]:
    """The facts that the task's guidelines may need and no field of the task holds."""
    given = {SAME.get(name, name) for name in values} | {SAME.get(f.name, f.name) for f in task.fields}
    wanted = [fact for name in OF_TASK.get(task.name, ()) for fact in GUIDELINES[name].facts]
    return tuple(EXTRA[fact] for fact in dict.fromkeys(wanted) if fact in EXTRA and fact not in given)

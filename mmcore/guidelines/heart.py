"""Rows of guidelines of the European Society of Cardiology that a resting ECG, a history and an echo can trigger."""

from mmcore.domain.guideline import APPLIES, NOT_KNOWN, Advice, Facts, Guideline
from mmcore.domain.task import Field


# Byrne et al., 2023 ESC Guidelines for acute coronary syndromes, Eur Heart J 2023;44:3720
def chest_pain(facts: Facts) -> tuple[Advice, ...]:
    """What acute chest pain asks for, whatever a model makes of the ECG."""
    pain = facts.get("acute_chest_pain")
    if pain is None:
        return (Advice("esc_acs2023", "workup", NOT_KNOWN, {}, ("acute_chest_pain",)),)
    if not pain:
        return ()
    elevation = facts.get("st_elevation")
    used = {"acute_chest_pain": pain} | ({} if elevation is None else {"st_elevation": elevation})
    if elevation:
        return (Advice("esc_acs2023", "reperfusion", APPLIES, used),)
    return (Advice("esc_acs2023", "workup", APPLIES, used, () if elevation == 0 else ("st_elevation",)),)


# Zeppenfeld et al., 2022 ESC Guidelines for ventricular arrhythmias and sudden cardiac death, Eur Heart J 2022;43:3997
def brugada(facts: Facts) -> tuple[Advice, ...]:
    """What a type 1 Brugada pattern asks for once a clinician has confirmed it on the ECG; a model's label does not count."""
    pattern = facts.get("brugada_type_1")
    if pattern is None:
        return (Advice("esc_scd2022", "brugada", NOT_KNOWN, {}, ("brugada_type_1",)),)
    if not pattern:
        return ()
    found = [Advice("esc_scd2022", "brugada", APPLIES, {"brugada_type_1": pattern})]
    arrest, syncope = facts.get("cardiac_arrest"), facts.get("arrhythmic_syncope")
    missing = tuple(n for n, v in (("cardiac_arrest", arrest), ("arrhythmic_syncope", syncope)) if v is None)
    if arrest:
        found.append(Advice("esc_scd2022", "icd_recommended", APPLIES, {"cardiac_arrest": arrest}))
    elif syncope:
        found.append(
            Advice("esc_scd2022", "icd_considered", APPLIES, {"arrhythmic_syncope": syncope}, missing)
        )
    elif missing:
        found.append(Advice("esc_scd2022", "icd", NOT_KNOWN, {}, missing))
    return tuple(found)


# McDonagh et al., 2021 ESC Guidelines for acute and chronic heart failure, Eur Heart J 2021;42:3599, and 2023 update
def heart_failure(facts: Facts) -> tuple[Advice, ...]:
    """The group of heart failure by ejection fraction, where symptoms and signs of it are there."""
    fraction, symptoms = facts.get("ejection_fraction_percent"), facts.get("heart_failure_symptoms")
    if symptoms == 0:
        return ()
    if fraction is None or symptoms is None:
        needed = ("ejection_fraction_percent", "heart_failure_symptoms")
        missing = tuple(n for n in needed if facts.get(n) is None)
        return (Advice("esc_hf2021", "group", NOT_KNOWN, {}, missing),)
    row = "reduced" if fraction <= 40 else "mildly_reduced" if fraction < 50 else "preserved"
    used = {"ejection_fraction_percent": fraction, "heart_failure_symptoms": symptoms}
    return (Advice("esc_hf2021", row, APPLIES, used),)


GUIDELINES = (
    Guideline(
        "esc_acs2023",
        chest_pain,
        tasks={"heart_ecg": 1},
        asks=(Field("acute_chest_pain", kind="flag"), Field("st_elevation", kind="flag")),
    ),
    Guideline(
        "esc_scd2022",
        brugada,
        tasks={"heart_ecg": 2},
        asks=tuple(
            Field(name, kind="flag") for name in ("brugada_type_1", "cardiac_arrest", "arrhythmic_syncope")
        ),
    ),
    Guideline(
        "esc_hf2021",
        heart_failure,
        tasks={"heart_ecg": 3},
        asks=(Field("heart_failure_symptoms", kind="flag"),),
        reads=("ejection_fraction_percent",),
    ),
)

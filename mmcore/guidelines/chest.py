"""Rows of guidelines for the chest: CURB-65 for pneumonia, and oxygen for the acutely ill."""

from collections.abc import Callable, Mapping

from mmcore.domain.guideline import APPLIES, NOT_KNOWN, Advice, Facts, Guideline
from mmcore.domain.task import Field
from mmcore.guidelines.facts import CONSCIOUSNESS, RESPIRATORY_RATE, SYSTOLIC

# British Thoracic Society, community acquired pneumonia in adults, 2009 update (Lim et al., Thorax 2009;64 Suppl III),
# the score after Lim et al., Thorax 2003;58:377
CRITERIA: dict[
    str, Callable[[float], bool]
] = {  # fact -> whether its value gives the point; blood_pressure is that of _low_pressure
    "consciousness": lambda v: v >= 1,
    "urea_mmol_per_l": lambda v: v > 7,
    "respiratory_rate_per_min": lambda v: v >= 30,
    "blood_pressure": bool,
    "age_years": lambda v: v >= 65,
}
ROWS = (("low", 0, 1), ("middle", 2, 2), ("severe", 3, 5))  # group, lowest and highest score


def curb65(facts: Facts) -> tuple[Advice, ...]:
    """The severity group of an adult in whom a clinician has diagnosed community-acquired pneumonia.

    Systolic under 90 or diastolic of 60 mmHg or less is one criterion. Where facts are missing the group is still given
    if every way of filling them in leads to it.
    """
    if facts.get("pneumonia_diagnosed") == 0:
        return ()
    points, missing = _points(facts)
    least, most = sum(points.values()), sum(points.values()) + len(missing)
    used = {k: facts[k] for k in _sources(points) if k in facts}
    if facts.get("pneumonia_diagnosed") is None:
        missing = ("pneumonia_diagnosed", *missing)
    group = _group(least, most)
    values = {"least": least, "most": most}
    if group is None or "pneumonia_diagnosed" in missing:
        return (Advice("curb65", "score", NOT_KNOWN, used, _asked(missing), values),)
    return (Advice("curb65", group, APPLIES, used, (), values),)


def _group(least: int, most: int) -> str | None:
    """The group that every score from least to most leads to."""
    return next((g for g, low, high in ROWS if low <= least and most <= high), None)


def _points(facts: Facts) -> tuple[dict[str, int], tuple[str, ...]]:
    points: dict[str, int] = {}
    missing = []
    for name, met in CRITERIA.items():
        value = _low_pressure(facts) if name == "blood_pressure" else facts.get(name)
        if value is None:
            missing.append(name)
        else:
            points[name] = int(met(value))
    return points, tuple(missing)


def _low_pressure(facts: Facts) -> bool | None:
    systolic, diastolic = facts.get("systolic_pressure_mmhg"), facts.get("diastolic_pressure_mmhg")
    if (systolic is not None and systolic < 90) or (diastolic is not None and diastolic <= 60):
        return True
    return None if systolic is None or diastolic is None else False


def _sources(points: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(
        n
        for p in points
        for n in (("systolic_pressure_mmhg", "diastolic_pressure_mmhg") if p == "blood_pressure" else (p,))
    )


def _asked(missing: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        n
        for m in missing
        for n in (("systolic_pressure_mmhg", "diastolic_pressure_mmhg") if m == "blood_pressure" else (m,))
    )


# British Thoracic Society, oxygen use in adults in healthcare and emergency settings (O'Driscoll et al., Thorax 2017;72 Suppl 1)
def oxygen(facts: Facts) -> tuple[Advice, ...]:
    """The saturation to aim at: 94 to 98 %, or 88 to 92 % where hypercapnic respiratory failure threatens."""
    saturation = facts.get("oxygen_saturation_percent")
    if saturation is None:
        return (Advice("bts_oxygen", "target", NOT_KNOWN, {}, ("oxygen_saturation_percent",)),)
    hypercapnic = facts.get("hypercapnia_risk")
    used = {"oxygen_saturation_percent": saturation}
    if hypercapnic is None:
        row = "below_both" if saturation < 88 else "below_usual" if saturation < 94 else "at_usual"
        return (Advice("bts_oxygen", row, APPLIES, used, ("hypercapnia_risk",)),)
    low, high = (88, 92) if hypercapnic else (94, 98)
    used["hypercapnia_risk"] = hypercapnic
    row = "give" if saturation < low else "within" if saturation <= high else "above"
    return (Advice("bts_oxygen", row, APPLIES, used, (), {"low": low, "high": high}),)


GUIDELINES = (
    Guideline(
        "curb65",
        curb65,
        tasks={"chest_infection": 1, "chest_severity": 2},
        asks=(
            Field("pneumonia_diagnosed", kind="flag"),
            CONSCIOUSNESS,
            Field("urea_mmol_per_l", "mmol/L", plausible=(0.5, 100), reference=(2.5, 7.8)),
            RESPIRATORY_RATE,
            SYSTOLIC,
            Field("diastolic_pressure_mmhg", "mmHg", plausible=(20, 200), reference=(60, 90)),
        ),
        reads=("age_years",),
    ),
    Guideline(
        "bts_oxygen",
        oxygen,
        tasks={"chest_infection": 3, "chest_severity": 3},
        asks=(Field("hypercapnia_risk", kind="flag"),),
        reads=("oxygen_saturation_percent",),
    ),
)

"""Rows of the Fleischner Society's 2017 guidelines for incidental pulmonary nodules on CT."""

from mmcore.domain.guideline import APPLIES, NOT_FOR, NOT_KNOWN, Advice, Facts, Guideline
from mmcore.domain.task import Field

# MacMahon et al., Radiology 2017;284:228, table of page 2. Sizes are means of long and short axis, rounded to the millimetre.
NAME = "fleischner2017"
YOUNGEST_YEARS = 35
EXCLUDED = ("known_cancer", "immunosuppressed")
DECISIVE = ("diameter_mm", "texture", "other_nodules")
NEEDED = (*DECISIVE, "age_years", *EXCLUDED)
BENIGN_CALCIFICATION = (0, 1, 2, 4)  # popcorn, laminated, solid, central; not non-central or absent
GROUND_GLASS, SOLID = (
    (0,),
    (3, 4),
)  # grades of texture; mostly solid counts as solid, this project's reading of LIDC's scale
UPPER_LOBES = (0, 3)
MARKED = 2  # spiculation of moderate degree or more, on LIDC's scale

SINGLE_SOLID = {  # size class -> (low risk, high risk)
    "under_6": ("none", "optional_12"),
    "6_to_8": ("ct_6_12_then_consider_18_24", "ct_6_12_then_18_24"),
    "over_8": ("ct_3_or_pet_or_biopsy", "ct_3_or_pet_or_biopsy"),
}
MULTIPLE_SOLID = {
    "under_6": ("none", "optional_12"),
    "6_to_8": ("ct_3_6_then_consider_18_24", "ct_3_6_then_18_24"),
    "over_8": ("ct_3_6_then_consider_18_24", "ct_3_6_then_18_24"),
}
SINGLE_SUBSOLID = {  # (ground glass, under 6 mm) -> row
    (True, True): "none",
    (True, False): "ct_6_12_then_2_years",
    (False, True): "none",
    (False, False): "ct_3_6_then_yearly",
}
MULTIPLE_SUBSOLID = {True: "ct_3_6_then_2_and_4_years", False: "ct_3_6_then_most_suspicious"}


def fleischner(facts: Facts) -> tuple[Advice, ...]:
    """The follow-up that the guideline recommends for the nodule of these values; both risks where the risk is not known."""
    excluded = _excluding(facts)
    if excluded:
        return (Advice(NAME, "not_for", NOT_FOR, {k: facts[k] for k in excluded}),)
    if facts.get("calcification") in BENIGN_CALCIFICATION:
        return (Advice(NAME, "benign_calcification", APPLIES, {"calcification": facts["calcification"]}),)
    missing = tuple(n for n in NEEDED if n not in facts)
    if set(DECISIVE) & set(missing):
        return (Advice(NAME, "follow_up", NOT_KNOWN, {}, missing),)
    return _follow_up(facts, missing)


def _excluding(facts: Facts) -> list[str]:
    """Facts by which the guideline is not for this patient."""
    excluded = [name for name in EXCLUDED if facts.get(name)]
    age = facts.get("age_years")
    if age is not None and age < YOUNGEST_YEARS:
        excluded.append("age_years")
    return excluded


def _follow_up(facts: Facts, missing: tuple[str, ...]) -> tuple[Advice, ...]:
    size, several = round(facts["diameter_mm"]), facts["other_nodules"] >= 1
    used = {n: facts[n] for n in NEEDED if n in facts}
    if facts["texture"] not in SOLID:
        row = _subsolid(facts["texture"] in GROUND_GLASS, size < 6, several)
        return (Advice(NAME, row, APPLIES, used, missing, {"size": size}),)
    low, high = (MULTIPLE_SOLID if several else SINGLE_SOLID)[_size_class(size)]
    if low == high:
        return (Advice(NAME, low, APPLIES, used, missing, {"size": size}),)
    return _by_risk(facts, used, missing, size, low, high)


def _size_class(millimetres: int) -> str:
    if millimetres < 6:
        return "under_6"
    return "6_to_8" if millimetres <= 8 else "over_8"


def _subsolid(ground_glass: bool, small: bool, several: bool) -> str:
    return MULTIPLE_SUBSOLID[small] if several else SINGLE_SUBSOLID[ground_glass, small]


def _by_risk(
    facts: Facts, used: dict[str, float], missing: tuple[str, ...], size: int, low: str, high: str
) -> tuple[Advice, ...]:
    """The row of the risk that is known. Any of smoking, upper lobe, spiculation makes the risk high: this project's reading."""
    raising = {
        "smoking": facts.get("smoking", 0) >= 1,
        "location": facts.get("location") in UPPER_LOBES,
        "spiculation": facts.get("spiculation", 0) >= MARKED,
    }
    because = {n: facts[n] for n, raised in raising.items() if raised}
    if because:
        return (Advice(NAME, high, APPLIES, used | because, missing, {"size": size, "risk": "high"}),)
    unknown = tuple(n for n in raising if n not in facts)
    if not unknown:
        known = used | {n: facts[n] for n in raising}
        return (Advice(NAME, low, APPLIES, known, missing, {"size": size, "risk": "low"}),)
    return (
        Advice(NAME, low, NOT_KNOWN, used, unknown, {"size": size, "risk": "low"}),
        Advice(NAME, high, NOT_KNOWN, used, unknown, {"size": size, "risk": "high"}),
    )


GUIDELINES = (
    Guideline(
        NAME,
        fleischner,
        tasks={"lung_nodule": 1},
        asks=(Field("known_cancer", kind="flag"), Field("immunosuppressed", kind="flag")),
        reads=(
            "diameter_mm", "texture", "other_nodules", "age_years", "smoking", "location", "spiculation", "calcification",
        ),
    ),
)  # fmt: skip

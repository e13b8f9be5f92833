"""Short CT reports composed from one reader's grades of a nodule; the wording is drawn apart from the grades, so it tells nothing else.

A composed report adds nothing beyond the grades it was composed from. The grades are those of LIDC (Armato et al. 2011),
their words this project's.
"""

from collections.abc import Mapping

import numpy as np

# field -> wordings of each of its choices, parted by bars
_WORDINGS: dict[str, tuple[str, ...]] = {
    "spiculation": (
        "no spiculation|without spiculation|no spicules are seen|the border is not spiculated|smooth without spicules",
        "minimal spiculation|a hint of spiculation|slight radiating strands",
        "moderate spiculation|some spicules|partly spiculated border",
        "considerable spiculation|clearly spiculated|prominent spicules",
        "marked spiculation|strongly spiculated|corona radiata of spicules|extensive spiculation all round",
    ),
    "lobulation": (
        "no lobulation|not lobulated|without lobulation",
        "minimal lobulation|slightly lobulated|faint lobulation",
        "moderate lobulation|lobulated contour in part",
        "considerable lobulation|clearly lobulated",
        "marked lobulation|strongly lobulated|deeply lobulated contour",
    ),
    "margin": (
        "poorly defined margin|ill-defined margin|blurred border",
        "rather ill-defined margin|mostly blurred border",
        "margin of intermediate sharpness|partly sharp margin",
        "fairly sharp margin|mostly well-defined margin",
        "sharp margin|well-defined margin|sharply marginated|well-circumscribed",
    ),
    "texture": (
        "pure ground-glass nodule|non-solid|ground-glass attenuation without solid part",
        "mostly ground-glass with a small solid part|predominantly non-solid",
        "part-solid nodule|mixed ground-glass and solid|subsolid with a solid core",
        "mostly solid with some ground glass|predominantly solid",
        "solid nodule|solid|solid attenuation throughout",
    ),
    "calcification": (
        "popcorn calcification|coarse popcorn-like calcification",
        "laminated calcification|concentric layers of calcification",
        "densely calcified|solid calcification throughout|completely calcified",
        "eccentric calcification|non-central calcification|stippled calcium off the centre",
        "central calcification|a calcified centre",
        "no calcification|not calcified|without calcification|calcification is absent",
    ),
    "sphericity": (
        "linear shape|band-like|elongated",
        "rather linear shape|longer than wide",
        "ovoid|oval shape",
        "nearly round|almost spherical",
        "round|spherical shape",
    ),
    "subtlety": (
        "barely visible|extremely subtle",
        "subtle|hard to see",
        "fairly subtle|moderately conspicuous",
        "conspicuous|easily seen",
        "obvious|very conspicuous|unmistakable",
    ),
    "internal_structure": (
        "",  # soft tissue is not said
        "fluid attenuation inside|cystic centre",
        "fat inside|fat attenuation",
        "air inside|cavitation|bubble lucencies",
    ),
}
_OPENINGS = "CT chest:|Findings:|Thoracic CT.|Low-dose CT:|Chest CT with thin slices.|Report:||Pulmonary nodule assessment.|Comparison: none."
_NAMES = "nodule|pulmonary nodule|lung nodule|intrapulmonary nodule|lesion|focal lesion"
_SIZES = "{name} measuring {size}|{name} of {size}|{name}, {size} in diameter|{size} {name}|{name}, maximum diameter {size}"
_CLOSINGS = "||| No other comment.| Please correlate clinically.| See key images.| End of report."
KEPT = 0.85  # share of the findings that a report mentions


def compose_report(values: Mapping[str, float], seed: int) -> str:
    """A report that states the known ones of diameter and grades (coded by position), a few left out; the same seed, the same text."""
    rng = np.random.default_rng(seed)

    def pick(wordings: str) -> str:
        choices = wordings.split("|")
        return choices[rng.integers(len(choices))]

    name, said = pick(_NAMES), []
    if "diameter_mm" in values:
        name = pick(_SIZES).format(name=name, size=_size(values["diameter_mm"], rng))
    for field, wordings in _WORDINGS.items():
        if field in values and rng.random() < KEPT:
            said.append(pick(wordings[int(values[field])]))
    said = [said[i] for i in rng.permutation(len(said)) if said[i]]
    joined = ["; ", ", ", ". "][rng.integers(3)]
    sentences = _capitalised(joined.join([name, *said]), joined)
    return f"{pick(_OPENINGS)} {sentences}.{pick(_CLOSINGS)}".strip()


def random_findings(seed: int) -> dict[str, float]:
    """Grades and a diameter drawn evenly and apart from each other, so that words are learned and no habits of readers."""
    rng = np.random.default_rng(seed)
    drawn: dict[str, float] = {
        field: float(rng.integers(len(words))) for field, words in _WORDINGS.items() if rng.random() < 0.9
    }
    if rng.random() < 0.9:
        drawn["diameter_mm"] = round(float(np.exp(rng.uniform(np.log(3), np.log(50)))), 1)
    if "internal_structure" in drawn and rng.random() < 0.7:
        drawn["internal_structure"] = 0.0
    return drawn


def _size(diameter_mm: float, rng: np.random.Generator) -> str:
    style = rng.integers(4)
    if style == 0:
        return f"{diameter_mm:.1f} mm"
    if style == 1:
        return f"{diameter_mm / 10:.1f} cm"
    return f"{round(diameter_mm)} mm" if style == 2 else f"{round(diameter_mm)}mm"


def _capitalised(text: str, joined: str) -> str:
    """Sentences begin with a capital letter where full stops part them."""
    if joined != ". ":
        return text[0].upper() + text[1:]
    return ". ".join(part[0].upper() + part[1:] for part in text.split(". "))

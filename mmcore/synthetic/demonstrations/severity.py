"""The demonstration cases of chest severity: synthetic films and invented values, no patient behind any."""

from dataclasses import replace
from pathlib import Path

from PIL import Image

from mmcore.synthetic.demonstrations.film import Story, case_facts, mark_synthetic, write_json
from mmcore.synthetic.film.phantom import draw

TASK = "chest_severity"
NEEDED, NOT_NEEDED = "intensive_care", "no_intensive_care"
STORIES = (
    Story(
        key="severity-001",
        title="Both lungs involved, oxygen falling",
        truth=NEEDED,
        seed=7023,
        taken="2026-02-03",
        comment="A drawing picked because the model calls it: most drawn like it are not called, for it learned from real films "
        "alone. The blood gas and what one hospital alone measures are shown and add 0.",
        note=None,
        vitals={
            "age_years": 67,
            "sex": "M",
            "oxygen_saturation_percent": 86,
            "crp_mg_per_l": 212,
            "ldh_u_per_l": 540,
            "oxygen_pressure_mmhg": 54,
        },
    ),
    Story(
        key="severity-002",
        title="Little on the film, breathing at ease",
        truth=NOT_NEEDED,
        seed=7002,
        taken="2026-02-19",
        comment="A clear film: compare its account with that of the other case.",
        note=None,
        vitals={"age_years": 41, "sex": "F", "oxygen_saturation_percent": 97, "crp_mg_per_l": 9},
    ),
)
DRAWN_AS = {NEEDED: "covid19", NOT_NEEDED: "no_finding"}


def write_severity_cases(directory: Path) -> list[Path]:
    """Writes DIR/chest_severity/<key>/ with scan.png, vitals.json and case.json; returns the case folders in order."""
    folders = []
    for story in STORIES:
        folder = Path(directory) / TASK / story.key
        folder.mkdir(parents=True, exist_ok=True)
        film = draw(story.seed, DRAWN_AS[story.truth])
        Image.fromarray(mark_synthetic(film.pixels)).save(folder / "scan.png", optimize=True)
        write_json(folder / "vitals.json", story.vitals)
        told = replace(story, truth="intensive_care" if story.truth == NEEDED else "")
        write_json(folder / "case.json", case_facts(told, film.findings) | {"task": TASK})
        folders.append(folder)
    return folders

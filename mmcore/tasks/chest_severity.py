"""Chest severity: will this patient with a chest infection need intensive care, as far as the frontal film and the values show?"""

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

from mmcore.domain.errors import PackError
from mmcore.domain.pack import Pack, PackRow, number_in_pack
from mmcore.domain.task import IMAGE_KINDS, CaseTask, Field, Modality
from mmcore.tasks import chest_infection

LABEL = "intensive_care"
OXYGEN_PRESSURE = Field(
    "oxygen_pressure_mmhg", "mmHg", plausible=(20, 600), reference=(75, 100), aliases=("po2_mmhg", "pao2")
)
FIELDS = (*chest_infection.FIELDS, OXYGEN_PRESSURE)
KNOWN = {"1": 1, "1.0": 1, "0": 0, "0.0": 0}


def read_pack(directory: Path) -> Pack:
    """Rows of DIR/manifest.csv with whether the patient came to intensive care (`icu`); CT rows are left out and counted.

    Notes are not read: case reports are written when the course is known. The subgroup tells where the patient was when the
    film was taken, for the figure on patients not yet in intensive care.
    """
    manifest = Path(directory) / "manifest.csv"
    if not manifest.is_file():
        raise PackError("pack_without_manifest", directory=Path(directory).name)
    films = {row.key: row for row in chest_infection.read_pack(directory, any_label=True).rows}
    rows: list[PackRow] = []
    left_out: Counter[str] = Counter()
    with manifest.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            film = films.get(row.get("id") or "")
            if film is None:
                left_out["ct" if row.get("id") else "no_id"] += 1
                continue
            rows.append(_asked(film, row))
    return Pack(tuple(rows), dict(left_out))


def _asked(film: PackRow, row: dict[str, str]) -> PackRow:
    outcome = KNOWN.get((row.get("icu") or "").strip())
    there = KNOWN.get((row.get("in_icu_at_image") or "").strip())
    values = dict(film.values)
    low, high = OXYGEN_PRESSURE.plausible
    pressure = number_in_pack(row.get("po2_mmhg"))
    if pressure is not None and low <= pressure <= high:
        values[OXYGEN_PRESSURE.name] = pressure
    return replace(
        film,
        outcome={} if outcome is None else {LABEL: outcome},
        note=None,
        values=values,
        subgroup=dict(film.subgroup) | {"in_intensive_care": {None: "unknown", 0: "no", 1: "yes"}[there]},
    )


def hospital_fold(publisher: str) -> int:
    """0: the one hospital that has half of the patients; 1: all publishers of case reports together."""
    return int(publisher != "hannover")


TASK = CaseTask(
    name="chest_severity",
    labels=(LABEL,),
    exclusive=False,
    modalities=(Modality.IMAGE, Modality.CLINICAL),
    shown=(Modality.TEXT,),
    fields=FIELDS,
    image=IMAGE_KINDS["frontal_chest_xray"],
    baseline=("age_years", "sex"),
    starts_from="chest_infection",
    subset_metrics={"auroc_not_yet_in_icu": (LABEL, "in_intensive_care", "no")},
    read_pack=read_pack,
    publisher_fold=hospital_fold,
    penalty={"image": 0.1},
    invariance=10.0,
    # judgement: this project's. Who needs intensive care is decided on the day: oxygen and blood gases of yesterday mislead
    tolerance_hours={"image": 24, "clinical": 24},
    purpose=(
        "For looking at an adult with a chest infection: do the frontal chest X-ray and the values speak for a stay in "
        "intensive care? For research and education; not for clinical use, not for triage, not for children."
    ),
    caveats=(
        "Tubes, lines and portable films tell who is in intensive care already. The film is cropped around the lungs, its grey "
        "levels are ranked and what lies outside the lungs is dimmed, and the view is no feature; tubes within the lungs' outline "
        "may still be seen. The figure to read is the one on patients who were not yet in intensive care at the film.",
        "The image encoder is that of the chest infection model, taken as it is; only the heads learned from these patients. "
        "Half of them belong to one hospital. The pull on the image head was chosen by cross-validation and across hospitals "
        "over the same patients, so the figures lean to the optimistic side.",
        "Notes are not used: case reports are written when the course is known. A note can be attached and read, and adds 0.",
        "Who came to intensive care in 2020 depended on beds as well as on illness.",
    ),
)

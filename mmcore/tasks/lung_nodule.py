"""Lung nodule: would other radiologists find this nodule suspicious of cancer?"""

import csv
import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np

from mmcore.domain.errors import PackError
from mmcore.domain.pack import Pack, PackRow, number_in_pack
from mmcore.domain.scan import CtVolume, Mark, Scan
from mmcore.domain.task import IMAGE_KINDS, CaseTask, ExtraMetric, Modality
from mmcore.tasks.lung_fields import FIELDS, UK
from mmcore.tasks.lung_notes import compose_report, random_findings

LABELS = ("suspicious", "not_suspicious")
LIDC = "LIDC-IDRI"

GRADED = {  # column of readings.csv, grades from 1 -> field, coded from 0
    "subtlety": "subtlety",
    "internalStructure": "internal_structure",
    "calcification": "calcification",
    "sphericity": "sphericity",
    "margin": "margin",
    "lobulation": "lobulation",
    "spiculation": "spiculation",
    "texture": "texture",
}
LOBES = {
    "right middle lobe": 0,
    "right lower lobe": 1,
    "lingular segment": 2,
    "left lower lobe": 3,
    "left upper lobe": 4,
    "right upper lobe": 5,
}
SMOKING = {"never": 0, "exsmoke": 1, "current": 2}
SPICULATED = {"yes": 3, "no": 0}  # the UK centres said only whether: as considerable, or none
CONFIRMED = {"1": 0, "2": 1, "3": 1}  # dx_code: benign, primary cancer, metastasis


def read_pack(directory: Path) -> Pack:
    """A row for each reader who gives findings; the label is what the other readers of the nodule thought.

    Their mean malignancy above 3 is suspicious, below 3 not, 3 is no label. Nodules with one reader have none. Rows of
    uk_nodules.csv hold values and the outcome `malignant`. Raises PackError where DIR has neither file.
    """
    directory = Path(directory)
    nodules = {row["nodule_uid"]: row for row in _table(directory / "nodules.csv")}
    readings = _by_nodule(_table(directory / "readings.csv"), nodules)
    known = {row["patient_id"]: row for row in _table(directory / "patients.csv")}
    uk = [_uk_row(row) for row in _table(directory / "uk_nodules.csv")]
    if not readings and not uk:
        raise PackError("pack_without_nodules", directory=directory.name)
    scans = _scans(directory / "patches_hu.npz", nodules)
    rows: list[PackRow] = []
    for uid, given in readings.items():
        patient = known.get(nodules[uid].get("patient_id", ""), {})
        rows += _rows_of(uid, nodules[uid], given, patient, scans.get(uid))
    return Pack((*rows, *uk), {})


def _by_nodule(readings: list[dict[str, str]], nodules: Collection[str]) -> dict[str, list[dict[str, str]]]:
    """nodule_uid -> what its readers found; readings of other nodules are left out."""
    found: dict[str, list[dict[str, str]]] = {}
    for reading in readings:
        if reading.get("nodule_uid") in nodules:
            found.setdefault(reading["nodule_uid"], []).append(reading)
    return found


def _rows_of(
    uid: str,
    nodule: Mapping[str, str],
    readings: list[dict[str, str]],
    patient: Mapping[str, str],
    scan: Scan | None,
) -> Iterable[PackRow]:
    grades = [number_in_pack(r.get("malignancy")) for r in readings]
    age, sex, diagnosis = (_either(patient, nodule, name) for name in ("age", "sex", "dx_code"))
    for i, (reading, grade) in enumerate(zip(readings, grades, strict=True)):
        findings = _findings(reading)
        key = f"{uid}:{reading.get('ann_id') or i}"
        yield PackRow(
            key=key,
            patient=nodule.get("patient_id") or uid,
            source=LIDC,
            publisher=LIDC,
            outcome=_opinion(grades[:i] + grades[i + 1 :]) | _confirmed(diagnosis),
            scan=scan,
            note=_report(findings, key),
            values=_person(age, sex) | findings,
            subgroup={"sex": sex or ""},
            teach={"malignancy": grade} if grade is not None else {},
        )


def _either(patient: Mapping[str, str], nodule: Mapping[str, str], name: str) -> str | None:
    return patient.get(name) or nodule.get(name)


def _opinion(others: list[float | None]) -> dict[str, int]:
    """The labels by the mean malignancy that the other readers gave; {} where it is 3, or none gave any."""
    given = [grade for grade in others if grade is not None]
    mean = float(np.mean(given)) if given else 3.0
    return {"suspicious": int(mean > 3), "not_suspicious": int(mean < 3)} if mean != 3 else {}


def _confirmed(diagnosis: str | None) -> dict[str, int]:
    known = CONFIRMED.get((diagnosis or "").removesuffix(".0"))
    return {} if known is None else {"confirmed_cancer": known}


def _report(findings: dict[str, float], key: str) -> str | None:
    """The note that states the findings, worded by the key; None where there are none."""
    seed = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16)
    return compose_report(findings, seed) if findings else None


def _findings(reading: Mapping[str, str]) -> dict[str, float]:
    values = {}
    for column, name in GRADED.items():
        grade = number_in_pack(reading.get(column))
        if grade is not None and 0 <= grade - 1 < len(TASK.field(name).choices):
            values[name] = float(round(grade - 1))
    diameter = number_in_pack(reading.get("diameter_mm"))
    if diameter is not None and 1 <= diameter <= 150:
        values["diameter_mm"] = diameter
    return values


def _uk_row(row: Mapping[str, str]) -> PackRow:
    """Known by its content, since the table names no patients: the same row elsewhere counts as the same patient."""
    digest = hashlib.sha256("|".join(f"{k}={row[k]}" for k in sorted(row)).encode()).hexdigest()[:16]
    malignant = number_in_pack(row.get("malignant"))
    known = malignant in (0, 1)
    return PackRow(
        key=f"uk-{digest}",
        patient=f"uk-{digest}",
        source=UK,
        publisher=UK,
        outcome={"malignant": int(malignant == 1)} if known else {},
        values=_person(row.get("age"), row.get("sex")) | _uk_values(row),
        subgroup={"sex": row.get("sex") or ""},
        teach={"suspicious": float(malignant == 1), "not_suspicious": float(malignant == 0)} if known else {},
    )


def _uk_values(row: Mapping[str, str]) -> dict[str, float]:
    count = number_in_pack(row.get("num.annotated"))
    coded = {
        "smoking": SMOKING.get((row.get("smoke.status") or "").lower()),
        "location": LOBES.get((row.get("location") or "").lower()),
        "spiculation": SPICULATED.get((row.get("spiculate") or "").lower()),
        "diameter_mm": number_in_pack(row.get("diameter")),
        "other_nodules": None if count is None else min(count, 2),
    }
    return {name: float(value) for name, value in coded.items() if value is not None}


def _person(age: str | None, sex: str | None) -> dict[str, float]:
    values = {}
    years = number_in_pack(age)
    if years is not None and 0 <= years <= 120:
        values["age_years"] = years
    if sex in ("F", "M"):
        values["sex"] = float(sex == "M")
    return values


def _scans(path: Path, nodules: Mapping[str, Mapping[str, str]]) -> dict[str, Scan]:
    """nodule_uid -> its patch as a CT of one slice, marked in the middle; patches without spacing are left out."""
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as stored:
        patches = dict(zip(stored["nodule_id"].astype(str), stored["hu"], strict=True))
    scans: dict[str, Scan] = {}
    for uid, row in nodules.items():
        patch, spacing = patches.get(row.get("nodule_id", "")), number_in_pack(row.get("pixel_spacing"))
        if patch is not None and spacing:
            middle = ((patch.shape[0] - 1) / 2, (patch.shape[1] - 1) / 2)
            scans[uid] = CtVolume(
                hounsfield=patch[None], spacing_mm=(spacing, spacing), mark=Mark(0, *middle)
            )
    return scans


def _table(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


TASK = CaseTask(
    name="lung_nodule",
    labels=LABELS,
    exclusive=True,
    modalities=(Modality.IMAGE, Modality.TEXT, Modality.CLINICAL),
    fields=FIELDS,
    image=IMAGE_KINDS["ct_nodule"],
    baseline=("diameter_mm",),
    survey_accuracy=0.92,
    purpose=(
        "For looking at one nodule in the lung of an adult: do the CT slice, the report and the findings speak for what other "
        "radiologists would find suspicious? For research and education; not for clinical use, not for screening, not a diagnosis."
    ),
    caveats=(
        "The label is suspicion, not diagnosis: what the other readers of the same nodule thought (LIDC-IDRI). Half of the "
        "confirmed cancers are metastases, and the patients are no screening cohort.",
        "Diameter alone stands beside every figure. Readers disagree: with one reader's findings and the patch known, most of what "
        "is left is the other readers' own scatter.",
        "Earlier fits had been tested on the same test patients before this one, with the same settings, so the figure leans a "
        "little to the optimistic side.",
        "The report of a row is composed from the same findings that are given as fields: it adds nothing beyond them, and "
        "shows only that the text branch reads such words. Real reports were not at hand.",
        "Which branch saw whom: the slice, the report and diameter, spiculation, lobulation, margin, texture, calcification, shape, "
        "internal structure and conspicuity learned from LIDC's readers. Age, sex, smoking, lobe and the number of other nodules "
        "learned from 800 nodules of 5 to 15 mm of three UK centres against the outcome cancer, with diameter and spiculation "
        "counted as LIDC's readers weigh them. Bringing both together assumes that, given diameter and spiculation, they are "
        "independent of the slice and the other findings; no patient has all of them, so this was never tested.",
        "Whether age or sex is known tells the diagnosis in LIDC; only their values count here, learned elsewhere.",
        "One slice is looked at, 32 mm around the mark; growth, other slices and earlier scans are not.",
    ),
    read_pack=read_pack,
    write_report=compose_report,
    draw_values=random_findings,
    extra_metrics=(
        ExtraMetric("auroc_confirmed", outcome="confirmed_cancer", label="suspicious", by_patient=True),
        ExtraMetric("auroc_uk", outcome="malignant", label="suspicious"),
    ),
    # judgement: this project's. A solid cancer doubles its volume in 100 days or more, and its diameter takes three times as
    # long; the shortest control that the Fleischner Society asks for is at 3 months
    tolerance_hours={"image": 90 * 24, "text": 90 * 24, "clinical": 90 * 24},
    penalty={"image": 0.003, "clinical": 0.005},  # by cross-validation within the training patients
    training={
        "image_encoder": "nodule-net",
        "text_layers": 2,
        "text_words": 16000,
        "synthetic": 0,
        "image_steps": 14,
        "fold_steps": 8,
        "max_tokens": 256,
    },
)

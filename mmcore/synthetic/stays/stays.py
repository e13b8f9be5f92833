"""Stays made up by this project for the monitor's ward: courses drawn from a few clinical anchors, no real patient's rows."""

import csv
import json
from pathlib import Path

import numpy as np

from mmcore.synthetic.stays.courses import COURSES, USUAL, Anchors, Course

EVERY_HOURS = {
    "heart_rate_per_min": 1,
    "respiratory_rate_per_min": 1,
    "systolic_pressure_mmhg": 1,
    "diastolic_pressure_mmhg": 1,
    "MAP": 1,
    "NISysABP": 1,
    "NIDiasABP": 1,
    "NIMAP": 1,
}
EVERY_HOURS |= {
    "oxygen_saturation_percent": 2,
    "temperature_celsius": 3,
    "gcs": 3,
    "Urine": 1,
    "FiO2": 3,
    "MechVent": 3,
    "PaO2": 5,
    "PaCO2": 5,
    "pH": 5,
}
EVERY_HOURS |= {"Lactate": 6, "Glucose": 6, "K": 8, "Na": 8, "HCO3": 8, "Creatinine": 10, "BUN": 10, "HCT": 8}
EVERY_HOURS |= {
    "leukocytes_10e9_per_l": 12,
    "platelets_10e9_per_l": 12,
    "Mg": 12,
    "Bilirubin": 22,
    "AST": 22,
    "ALT": 22,
    "ALP": 22,
    "Albumin": 40,
}
EVERY_HOURS |= {"TroponinT": 10}
# spread of a reading around its course, and how it is written down
NOISE = {
    "heart_rate_per_min": 3.5,
    "respiratory_rate_per_min": 1.6,
    "systolic_pressure_mmhg": 5.0,
    "diastolic_pressure_mmhg": 3.0,
    "NISysABP": 6.0,
    "NIDiasABP": 4.0,
    "oxygen_saturation_percent": 0.8,
}
NOISE |= {
    "temperature_celsius": 0.12,
    "Urine": 14.0,
    "PaO2": 9.0,
    "PaCO2": 1.8,
    "pH": 0.01,
    "Lactate": 0.15,
    "Glucose": 9.0,
}
NOISE |= {
    "K": 0.12,
    "Na": 0.9,
    "HCO3": 0.7,
    "Creatinine": 0.05,
    "BUN": 0.9,
    "HCT": 0.5,
    "leukocytes_10e9_per_l": 0.6,
    "platelets_10e9_per_l": 7.0,
}
DIGITS = {
    "temperature_celsius": 1,
    "pH": 2,
    "Lactate": 1,
    "K": 1,
    "Creatinine": 1,
    "FiO2": 2,
    "HCT": 1,
    "leukocytes_10e9_per_l": 1,
    "Mg": 1,
}
DIGITS |= {"Bilirubin": 1, "Albumin": 1, "TroponinT": 2, "Weight": 1, "Height": 1}


def draw(course: Course, seed: int, hours: float = 48.0) -> list[tuple[int, str, float]]:
    """(minute, parameter, value) rows of a course in order of time; the same course and seed give the same rows."""
    rng = np.random.default_rng(seed)
    rows = [(0, name, value) for name, value in course.facts.items()]
    for name, anchors in (USUAL | dict(course.anchors)).items():
        target = name if course.line else {"systolic_pressure_mmhg": "NISysABP"}.get(name, name)
        rows += _readings(target, anchors, hours, rng)
    rows += _ventilation(course, hours)
    rows += [(int(60 * hour), name, value) for hour, name, value in course.slips]
    kept = [row for row in rows if row[0] <= 60 * hours and not _in_gap(row[0], course)]
    return sorted(kept, key=lambda row: row[0])


def _ventilation(course: Course, hours: float) -> list[tuple[int, str, float]]:
    if not course.ventilated:
        return []
    start, end = course.ventilated
    times = np.arange(start, min(end, hours), EVERY_HOURS["MechVent"])
    return [(int(60 * h) + 4, "MechVent", 1.0) for h in times]


def _in_gap(minute: int, course: Course) -> bool:
    return course.gap is not None and course.gap[0] * 60 <= minute < course.gap[1] * 60


def _readings(
    name: str, anchors: Anchors, hours: float, rng: np.random.Generator
) -> list[tuple[int, str, float]]:
    times = np.arange(0.15, hours, EVERY_HOURS[name])
    times = times + rng.uniform(0, 0.25, len(times))
    level = np.interp(times, [a for a, _ in anchors], [v for _, v in anchors])
    wander = np.zeros(len(times))
    for i in range(1, len(times)):  # readings that follow each other resemble each other
        wander[i] = 0.6 * wander[i - 1] + rng.normal(0, NOISE.get(name, 0.0)) * 0.8
    made = _rows(name, times, level + wander)
    if name in ("systolic_pressure_mmhg", "NISysABP"):
        low, mean = (
            ("diastolic_pressure_mmhg", "MAP") if name == "systolic_pressure_mmhg" else ("NIDiasABP", "NIMAP")
        )
        diastolic = 0.52 * (level + wander) + rng.normal(0, NOISE["diastolic_pressure_mmhg"], len(times))
        made += _rows(low, times, diastolic) + _rows(
            mean, times, diastolic + (level + wander - diastolic) / 3
        )
    return made


def _rows(name: str, times: np.ndarray, values: np.ndarray) -> list[tuple[int, str, float]]:
    bounds = {
        "oxygen_saturation_percent": (60, 100),
        "gcs": (3, 15),
        "Urine": (0, 900),
        "FiO2": (0.21, 1.0),
    }.get(name, (0, np.inf))
    written = np.round(np.clip(values, *bounds), DIGITS.get(name, 0))
    return [(int(60 * t), name, float(v)) for t, v in zip(times, written, strict=True)]


def write_ward(folder: Path, seed: int = 7) -> int:
    """Write every course as FOLDER/KEY/measurements.csv with a stay.json that says it is synthetic; returns how many."""
    for i, course in enumerate(COURSES):
        place = folder / course.key
        place.mkdir(parents=True, exist_ok=True)
        with (place / "measurements.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["minute", "parameter", "value"])
            writer.writerows((m, name, f"{value:g}") for m, name, value in draw(course, seed + i))
        about = {"key": course.key, "task": "icu_mortality", "seed": seed + i, "synthetic": True}
        (place / "stay.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return len(COURSES)

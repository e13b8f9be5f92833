"""Writes the demonstration ECGs: made up by the generator from fixed seeds that training never draws."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmcore.domain.case import LEADS
from mmcore.preprocess.waveform import RATE_HZ, take_wander_out
from mmcore.training.demonstration_coronary import WITH_ECG
from mmcore.training.ecg_beats import (
    HEALTHY,
    Shape,
    brugada_like,
    draw,
    inferior_infarct,
    left_bundle_branch_block,
    lv_hypertrophy,
)
from mmcore.training.ecg_generator import fibrillation, noise, sinus, strip

FIRST_SEED = 900_000  # training draws from seeds of eight digits


@dataclass(frozen=True)
class Made:
    """One case: its shape, beats a minute, whether the atria fibrillate, what is truly there, and its values."""

    key: str
    shape: Shape
    rate: float
    fibrillates: bool
    truth: str
    values: dict[str, object]
    title: str
    comment: str
    note: str = ""


def made() -> tuple[Made, ...]:
    """The demonstration cases in order."""
    return (
        Made("heart-001", HEALTHY, 68, False, "none", {"age_years": 34, "sex": "F"},
             "Check before a half marathon", "A normal ECG: no label is likely."),
        Made("heart-002", lv_hypertrophy(0.5), 76, False, "hypertrophy",
             {"age_years": 67, "sex": "M", "systolic_pressure_mmhg": 172, "ejection_fraction_percent": 58, "septal_thickness_mm": 15},
             "Years of high blood pressure", "High voltages with strain. The echo's thick septum is shown and adds 0.",
             "Hypertension for 20 years, short of breath on stairs. Echo: septum 15 mm, no regional wall motion abnormality."),
        Made("heart-003", inferior_infarct(0.2), 82, False, "ischaemia",
             {"age_years": 71, "sex": "M", "ejection_fraction_percent": 44, "wall_motion_abnormal": "1", "troponin_t_ng_per_l": 61, **WITH_ECG},
             "Chest pressure three days ago",
             "Q waves and negative T in II, III and aVF. The Cleveland values ask the second question, coronary disease, beside it."),
        Made("heart-004", HEALTHY, 96, True, "rhythm", {"age_years": 78, "sex": "F"},
             "Palpitations since yesterday", "Irregular beats without P waves: atrial fibrillation."),
        Made("heart-005", left_bundle_branch_block(), 70, False, "conduction", {"age_years": 74, "sex": "M", "ejection_fraction_percent": 35},
             "Heart failure clinic", "Broad complexes to the left and back: left bundle branch block."),
        Made("heart-006", brugada_like(), 66, False, "brugada", {},
             "Fainted at rest; a brother died young", "High coved J points in V1 and V2. Age and sex are not given: they add exactly nothing."),
    )  # fmt: skip


def write_demonstrations(folder: Path) -> None:
    """One folder a case: ecg.csv (time in seconds, leads in whole microvolts), vitals.json, case.json and perhaps note.txt."""
    for n, case in enumerate(made()):
        rng = np.random.default_rng(FIRST_SEED + n)
        rhythm = fibrillation(case.rate, rng) if case.fibrillates else sinus(case.rate, rng)
        samples = take_wander_out(strip(draw(case.shape), rhythm, rng) + noise(rng, 0.008))
        one, two = samples[:2]
        samples[2:6] = two - one, -(one + two) / 2, one - two / 2, two - one / 2  # noise obeys Einthoven too
        place = folder / case.key
        place.mkdir(parents=True, exist_ok=True)
        rows = [",".join(["time", *(f"{lead} (uV)" for lead in LEADS)])]
        rows += [
            ",".join([f"{i / RATE_HZ:.2f}", *(str(round(1000 * v)) for v in values)])
            for i, values in enumerate(samples.T)
        ]
        (place / "ecg.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        if case.values:
            (place / "vitals.json").write_text(json.dumps(case.values, indent=1) + "\n", encoding="utf-8")
        if case.note:
            (place / "note.txt").write_text(case.note + "\n", encoding="utf-8")
        story = {
            "key": case.key,
            "task": "heart_ecg",
            "title": case.title,
            "truth": case.truth,
            "comment": case.comment,
            "synthetic": True,
            "taken": f"2026-11-{10 + n}",
        }
        (place / "case.json").write_text(
            json.dumps(story, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )

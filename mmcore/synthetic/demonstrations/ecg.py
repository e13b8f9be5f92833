"""Writes the demonstration ECGs: made up by the generator with narrower, milder beats, from fixed seeds that training never draws."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmcore.domain.case import LEADS
from mmcore.preprocess.waveform import RATE_HZ, take_wander_out
from mmcore.synthetic.demonstrations.coronary import WITH_ECG
from mmcore.synthetic.ecg.beats import (
    HEALTHY,
    Shape,
    Wave,
    brugada_like,
    draw,
    inferior_infarct,
    left_anterior_block,
    left_bundle_branch_block,
    lv_hypertrophy,
    varied,
)
from mmcore.synthetic.ecg.generator import fibrillation, noise, sinus, strip

NARROWER = 0.8  # of the generator's QRS waves: drawn at full width they are notched in every lead, as few real ones are
CHOSEN = "One of {drawn} drawn, chosen because the model reads it so."


@dataclass(frozen=True)
class Made:
    """One case: the seed of its variation, its shape, beats a minute, whether the atria fibrillate, what was drawn, its values.

    Seeds are six digits, those of training eight. Where the comment says that a strip was chosen, it shows how the screen reads
    and not how often the model is right: its card says that.
    """

    key: str
    seed: int
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
        Made("heart-001", 930_000, HEALTHY, 68, False, "none", {"age_years": 34, "sex": "F"},
             "Check before a half marathon", "A normal ECG: no label is likely."),
        Made("heart-002", 940_001, milder(lv_hypertrophy(0.8), 0.5), 76, False, "hypertrophy",
             {"age_years": 62, "sex": "M", "systolic_pressure_mmhg": 172, "ejection_fraction_percent": 58, "septal_thickness_mm": 15},
             "Years of high blood pressure",
             "High voltages with strain. The echo's thick septum is shown and adds 0. " + CHOSEN.format(drawn=6),
             "Hypertension for 20 years, short of breath on stairs. Echo: septum 15 mm, no regional wall motion abnormality."),
        Made("heart-003", 940_004, inferior_infarct(0.5), 82, False, "ischaemia",
             {"age_years": 57, "sex": "M", "ejection_fraction_percent": 44, "wall_motion_abnormal": "1", "troponin_t_ng_per_l": 61, **WITH_ECG},
             "Chest pressure three days ago",
             "Q waves in II, III and aVF; the model calls hypertrophy as well, which was not drawn. The Cleveland values ask the second question, coronary disease, beside it. "
             + CHOSEN.format(drawn=36)),
        Made("heart-004", 930_000, HEALTHY, 96, True, "rhythm", {"age_years": 58, "sex": "F"},
             "Palpitations since yesterday", "Irregular beats without P waves: atrial fibrillation. " + CHOSEN.format(drawn=6)),
        Made("heart-005", 940_003, left_anterior_block(), 70, False, "conduction", {"age_years": 58, "sex": "M", "ejection_fraction_percent": 50},
             "Heart failure clinic", "Axis far to the left: left anterior fascicular block. " + CHOSEN.format(drawn=10)),
        Made("heart-006", 930_000, brugada_like(), 66, False, "brugada", {},
             "Fainted at rest; a brother died young",
             "High coved J points in V1 and V2. Age and sex are not given: they add exactly nothing. " + CHOSEN.format(drawn=6)),
        Made("heart-007", 940_001, milder(left_bundle_branch_block(), 0.75), 70, False, "conduction", {"age_years": 66, "sex": "M"},
             "Short of breath, broad complexes",
             "The model is wrong here: left bundle branch block was drawn, and it calls the Brugada pattern too, for the ST that stands high in V1 and V2 in this block as well."),
    )  # fmt: skip


def milder(shape: Shape, share: float) -> Shape:
    """The shape on its way from a healthy one: share 0 healthy, 1 as the textbook draws it. Waves are paired in order."""
    return replace(
        shape,
        p=_between(HEALTHY.p, shape.p, share),
        qrs=_between(HEALTHY.qrs, shape.qrs, share),
        t=_between(HEALTHY.t, shape.t, share),
        width_ms=HEALTHY.width_ms + share * (shape.width_ms - HEALTHY.width_ms),
    )


def _between(healthy: tuple[Wave, ...], ill: tuple[Wave, ...], share: float) -> tuple[Wave, ...]:
    def part(a: float, b: float) -> float:
        return a + share * (b - a)

    return tuple(
        Wave(
            part(a.centre, b.centre),
            part(a.width, b.width),
            (part(a.dipole[0], b.dipole[0]), part(a.dipole[1], b.dipole[1]), part(a.dipole[2], b.dipole[2])),
        )
        for a, b in zip(healthy, ill, strict=True)
    )


def write_demonstrations(folder: Path) -> None:
    """One folder a case: ecg.csv (time in seconds, leads in whole microvolts), vitals.json, case.json and perhaps note.txt."""
    for n, case in enumerate(made()):
        place = folder / case.key
        place.mkdir(parents=True, exist_ok=True)
        (place / "ecg.csv").write_text(_table_of(_samples(case)), encoding="utf-8")
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


def _samples(case: Made) -> np.ndarray:
    """(12, L) millivolts of a case, drawn from its seed."""
    rng = np.random.default_rng(case.seed)
    narrow = tuple(replace(w, width=w.width * NARROWER) for w in case.shape.qrs)
    shape = varied(replace(case.shape, qrs=narrow), rng)
    rhythm = fibrillation(case.rate, rng) if case.fibrillates else sinus(case.rate, rng)
    samples = take_wander_out(strip(draw(shape), rhythm, rng) + noise(rng, 0.008))
    one, two = samples[:2]
    samples[2:6] = two - one, -(one + two) / 2, one - two / 2, two - one / 2  # noise obeys Einthoven too
    return samples


def _table_of(samples: np.ndarray) -> str:
    """Lines of time in seconds and the leads in whole microvolts, of (12, L) millivolts."""
    rows = [",".join(["time", *(f"{lead} (uV)" for lead in LEADS)])]
    rows += [
        ",".join([f"{i / RATE_HZ:.2f}", *(str(round(1000 * v)) for v in values)])
        for i, values in enumerate(samples.T)
    ]
    return "\n".join(rows) + "\n"

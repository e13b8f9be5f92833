"""Writes the demonstration cases: synthetic films with invented notes and values, no patient behind any."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmcore.synthetic.film.phantom import draw

MARK = "SYNTHETIC"


@dataclass(frozen=True)
class Story:
    """One imagined patient: what was drawn, written and measured; None and {} where nothing came. times: modality -> when."""

    key: str
    title: str
    truth: str
    seed: int
    taken: str
    comment: str
    note: str | None
    vitals: dict[str, object]
    times: dict[str, str] = field(default_factory=dict)


STORIES = (
    Story(
        key="demo-001",
        title="Fever and breathlessness after a family contact",
        truth="covid19",
        seed=7,
        taken="2026-01-14",
        comment="All three modalities, and they agree. The note names contact and test: both are masked.",
        note="""\
58-year-old man, 7 days of fever, dry cough and increasing breathlessness, loss of smell since day 3.
His wife is a confirmed COVID-19 contact from her workplace. RT-PCR pending. Type 2 diabetes on
metformin, never smoked.
On arrival SpO2 91 % on air, temp 38.9, respiratory rate 26, BP 132/78. Crackles at both bases, no
wheeze.
Chest radiograph, PA: bilateral hazy opacities, mainly peripheral and in the lower zones, more patchy
laterally.
No pleural effusion. Heart size normal. No pneumothorax.
""",
        vitals={
            "age_years": 58,
            "sex": "M",
            "days_of_illness": 7,
            "cough": True,
            "fever": True,
            "dyspnoea": True,
            "temperature_celsius": 38.9,
            "oxygen_saturation_percent": 91,
            "leukocytes_10e9_per_l": 5.4,
            "neutrophils_10e9_per_l": 4.1,
            "lymphocytes_10e9_per_l": 0.8,
            "crp_mg_per_l": 86,
            "d_dimer_mg_per_l": 0.9,
            "ldh_u_per_l": 388,
        },
    ),
    Story(
        key="demo-002",
        title="Day 10, oxygen need rising",
        truth="covid19",
        seed=2,
        taken="2026-02-03",
        comment="Severe picture, short note, few values: what was not measured adds nothing to the account.",
        note="""\
ED. F, 71. Day 10: cough, fatigue, diarrhoea, now SOB on minimal exertion. HTN, T2DM.
SpO2 86 % RA -> 93 % on 6 L. T 38.2. RR 30. Alert. Lungs: fine crackles both sides to mid zones.
CXR: extensive bilateral ground-glass and patchy airspace shadowing, peripheral and basal predominance.
No effusion.
No leg swelling. Swab sent (SARS-CoV-2 / influenza). Plan: HDU review, proning, repeat bloods.
""",
        vitals={
            "age_years": 71,
            "sex": "F",
            "days_of_illness": 10,
            "cough": True,
            "dyspnoea": True,
            "temperature_celsius": 38.2,
            "oxygen_saturation_percent": 86,
            "lymphocytes_10e9_per_l": 0.5,
            "crp_mg_per_l": 164,
        },
    ),
    Story(
        key="demo-003",
        title="Rigors, rusty sputum and pain on one side",
        truth="other_pneumonia",
        seed=40,
        taken="2026-01-22",
        comment="The textbook lobe: scan, note and values point the same way.",
        note="""\
A 64-year-old woman presented with two days of rigors, productive cough with rusty sputum and right-sided
chest pain on inspiration. Heavy smoker. No sick contacts, no anosmia.
Examination: temperature 39.6 °C, pulse 118, respiratory rate 24, oxygen saturation 93 % on room air.
Bronchial breathing and dullness over the right upper chest.
Frontal chest radiograph: homogeneous consolidation of the right upper lobe, limited below by the
horizontal fissure, with air bronchograms. The left lung is clear. No pleural effusion is seen.
Blood cultures taken, intravenous amoxicillin started.
""",
        vitals={
            "age_years": 64,
            "sex": "F",
            "days_of_illness": 2,
            "cough": True,
            "fever": True,
            "dyspnoea": False,
            "temperature_celsius": 39.6,
            "oxygen_saturation_percent": 93,
            "leukocytes_10e9_per_l": 19.8,
            "neutrophils_10e9_per_l": 17.6,
            "lymphocytes_10e9_per_l": 1.1,
            "crp_mg_per_l": 287,
        },
    ),
    Story(
        key="demo-004",
        title="Nursing-home resident, no note came with the film",
        truth="other_pneumonia",
        seed=27,
        taken="2026-03-09",
        comment="The note is missing: the account stands on scan and values, and says so.",
        note=None,
        vitals={
            "age_years": 83,
            "sex": "M",
            "days_of_illness": 4,
            "cough": True,
            "fever": True,
            "dyspnoea": True,
            "temperature_celsius": 38.4,
            "oxygen_saturation_percent": 90,
            "leukocytes_10e9_per_l": 15.2,
            "neutrophils_10e9_per_l": 13.0,
            "crp_mg_per_l": 201,
        },
    ),
    Story(
        key="demo-005",
        title="Check before a hernia operation",
        truth="no_finding",
        seed=13,
        taken="2026-04-17",
        comment="A well patient with a clear film.",
        note="""\
Pre-operative assessment, 45-year-old man, elective inguinal hernia repair. No cough, no fever, no
dyspnoea.
Occasional smoker. Obs: SpO2 98 % on air, temperature 36.7, pulse 72, BP 124/76. Chest clear to
auscultation.
CXR PA: lungs well expanded and clear. No consolidation, no pleural effusion, no pneumothorax.
Heart and mediastinum within normal limits. Fit for anaesthesia.
""",
        vitals={
            "age_years": 45,
            "sex": "M",
            "cough": False,
            "fever": False,
            "dyspnoea": False,
            "temperature_celsius": 36.7,
            "oxygen_saturation_percent": 98,
            "leukocytes_10e9_per_l": 6.8,
            "crp_mg_per_l": 2,
        },
    ),
    Story(
        key="demo-006",
        title="A film and nothing else",
        truth="no_finding",
        seed=25,
        taken="2026-05-06",
        comment="Scan only: note and values are absent and add exactly nothing.",
        note=None,
        vitals={},
    ),
    Story(
        key="demo-007",
        title="Suspicious story, clear film",
        truth="no_finding",
        seed=31,
        taken="2026-02-19",
        comment="Discordant on purpose: the film was drawn without disease, the story speaks for infection. "
        "A clear film early in the illness does not rule it out.",
        note="""\
34-year-old nurse, day 2 of dry cough, myalgia and headache, lost her sense of smell this morning.
COVID-19 contact on her ward five days ago; RT-PCR pending. No chest pain, no haemoptysis.
T 38.3, SpO2 95 % on air, RR 18. Chest: vesicular breath sounds, no crackles.
Chest X-ray: no focal consolidation, no ground-glass opacity, no pleural effusion.
Sent home with safety-net advice and pulse oximeter.
""",
        vitals={
            "age_years": 34,
            "sex": "F",
            "days_of_illness": 2,
            "cough": True,
            "fever": True,
            "dyspnoea": False,
            "temperature_celsius": 38.3,
            "oxygen_saturation_percent": 95,
            "leukocytes_10e9_per_l": 3.9,
            "lymphocytes_10e9_per_l": 0.9,
            "crp_mg_per_l": 14,
        },
    ),
    Story(
        key="demo-008",
        title="Fever on the fifth day after a stroke",
        truth="other_pneumonia",
        seed=42,
        taken="2026-06-11",
        comment="The values are those of the admission, five days before the film: the account marks them, and one click "
        "leaves them out.",
        note="""\
Ward review. 76-year-old man, day 5 after a left MCA stroke, coughing on thin fluids. New fever
overnight, moist cough, drowsy. SpO2 92 % on 2 L, temp 38.6, HR 104. Coarse crackles and reduced air
entry at the left base.
Portable film: dense opacity in the left lower zone obscuring the left hemidiaphragm, with a small left
pleural effusion. Right lung clear. Impression: aspiration pneumonia. NG feed stopped, speech therapy to
see.
""",
        vitals={
            "age_years": 76,
            "sex": "M",
            "cough": False,
            "fever": False,
            "temperature_celsius": 36.8,
            "oxygen_saturation_percent": 97,
            "leukocytes_10e9_per_l": 8.9,
            "crp_mg_per_l": 6,
        },
        times={"image": "2026-06-11T08:10", "text": "2026-06-11T09:25", "clinical": "2026-06-06T07:40"},
    ),
)

# The films of demo-005, 006 and 007 are ones that the shipped model reads as clear, as it does most drawn without disease.


def write_demonstration_cases(directory: Path) -> list[Path]:
    """Writes DIR/chest_infection/<key>/ with scan.png, case.json and, if any, note.txt and vitals.json.

    Returns the case folders in order. What stands there already is overwritten, byte for byte the same.
    """
    folders = []
    for story in STORIES:
        folder = Path(directory) / "chest_infection" / story.key
        folder.mkdir(parents=True, exist_ok=True)
        film = draw(story.seed, story.truth)
        Image.fromarray(mark_synthetic(film.pixels)).save(folder / "scan.png", optimize=True)
        if story.note is not None:
            (folder / "note.txt").write_text(story.note, encoding="utf-8")
        if story.vitals:
            write_json(folder / "vitals.json", story.vitals)
        write_json(folder / "case.json", case_facts(story, film.findings))
        folders.append(folder)
    return folders


def mark_synthetic(pixels: np.ndarray) -> np.ndarray:
    """(H, W) from 0 to 1 -> uint8 with the word SYNTHETIC burned in at the top left, above the shoulder."""
    image = Image.fromarray(np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    size = max(9, image.height // 36)
    pen = ImageDraw.Draw(image)
    pen.text(
        (size // 2, size // 2),
        MARK,
        fill=230,
        font=ImageFont.load_default(size),
        stroke_width=1,
        stroke_fill=0,
    )
    return np.asarray(image)


def case_facts(story: Story, findings: tuple[str, ...]) -> dict[str, object]:
    """What case.json holds; truth is the label that the film was drawn for."""
    return {
        "key": story.key,
        "task": "chest_infection",
        "title": story.title,
        "truth": story.truth,
        "findings": list(findings),
        "seed": story.seed,
        "synthetic": True,
        "taken": story.taken,
        "comment": story.comment,
    } | ({"times": story.times} if story.times else {})


def write_json(path: Path, values: dict[str, object]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

"""Writes the demonstration cases of the lung nodule task: synthetic CT slices with invented reports and values."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmcore.synthetic.ct.phantom import SIDE, SLICES, SPACING_MM, STEP_MM, NoduleLook, draw_ct

WORD, WORD_HU = "SYNTHETIC", 500


@dataclass(frozen=True)
class NoduleStory:
    """One imagined patient: how the nodule was drawn, reported and described; truth is what it was drawn to look like."""

    key: str
    title: str
    truth: str
    seed: int
    taken: str
    comment: str
    look: NoduleLook
    note: str | None
    values: dict[str, object]


STORIES = (
    NoduleStory(
        key="lung-001",
        title="Smoker with a spiculated nodule in the upper lobe",
        truth="suspicious",
        seed=11,
        taken="2026-02-11",
        comment="Slice, report and findings agree. The report says what the fields say: it adds nothing beyond them.",
        look=NoduleLook(19, spicules=16, lobes=0.2),
        note="CT chest: lobulated nodule measuring 19 mm in the right upper lobe, marked spiculation, solid. "
        "Ill-defined margin. No calcification.",
        values={
            "age_years": 68,
            "sex": "F",
            "smoking": "current",
            "location": "right_upper",
            "diameter_mm": 19,
            "spiculation": "marked",
            "lobulation": "moderate",
            "margin": "rather_ill_defined",
            "texture": "solid",
            "calcification": "absent",
            "sphericity": "ovoid",
            "subtlety": "obvious",
        },
    ),
    NoduleStory(
        key="lung-002",
        title="Small round nodule with central calcium",
        truth="not_suspicious",
        seed=12,
        taken="2026-03-02",
        comment="Calcium in the middle speaks against cancer, in the slice, the report and the fields.",
        look=NoduleLook(7, calcium=520, density=120, blur_mm=0.4),
        note="Findings: 7 mm nodule, round, sharp margin, central calcification. No spiculation, not lobulated.",
        values={
            "age_years": 54,
            "sex": "M",
            "smoking": "never",
            "location": "right_lower",
            "diameter_mm": 7,
            "spiculation": "none",
            "lobulation": "none",
            "margin": "sharp",
            "texture": "solid",
            "calcification": "central",
            "sphericity": "round",
            "subtlety": "obvious",
        },
    ),
    NoduleStory(
        key="lung-003",
        title="Ground-glass nodule, no report came with it",
        truth="not_suspicious",
        seed=13,
        taken="2026-03-20",
        comment="The report is missing. Readers differ most on ground glass: expect a set of both labels.",
        look=NoduleLook(12, density=-560, blur_mm=0.9),
        note=None,
        values={
            "age_years": 61,
            "sex": "F",
            "smoking": "former",
            "location": "left_upper",
            "diameter_mm": 12,
            "spiculation": "none",
            "margin": "poorly_defined",
            "texture": "ground_glass",
            "calcification": "absent",
        },
    ),
    NoduleStory(
        key="lung-004",
        title="A slice and nothing else",
        truth="not_suspicious",
        seed=14,
        taken="2026-04-15",
        comment="Slice only: report and findings are absent and add exactly nothing.",
        look=NoduleLook(5.5, blur_mm=0.4),
        note=None,
        values={},
    ),
    NoduleStory(
        key="lung-005",
        title="Part-solid nodule near the chest wall",
        truth="suspicious",
        seed=15,
        taken="2026-05-07",
        comment="A solid core within ground glass, growing: the fields know of no growth, a reader would ask for the earlier CT.",
        look=NoduleLook(17, density=-480, core=20, lobes=0.25, spicules=6, wall_mm=15),
        note="Chest CT with thin slices. Part-solid nodule of 17 mm with a solid core, lobulated contour in part, "
        "minimal spiculation. No calcification.",
        values={
            "age_years": 72,
            "sex": "M",
            "smoking": "former",
            "location": "left_upper",
            "diameter_mm": 17,
            "spiculation": "minimal",
            "lobulation": "moderate",
            "margin": "intermediate",
            "texture": "part_solid",
            "calcification": "absent",
            "subtlety": "conspicuous",
        },
    ),
)


def write_nodule_cases(directory: Path) -> list[Path]:
    """Writes DIR/lung_nodule/<key>/ with scan.npz, case.json and, if any, note.txt and vitals.json; returns the folders."""
    folders = []
    for story in STORIES:
        folder = Path(directory) / "lung_nodule" / story.key
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            folder / "scan.npz",
            hu=mark_synthetic(draw_ct(story.seed, story.look)),
            pixel_spacing=np.array([SPACING_MM, SPACING_MM]),
            slice_spacing=np.array(STEP_MM),
            mark=np.array([SLICES // 2, (SIDE - 1) / 2, (SIDE - 1) / 2]),
        )
        if story.note is not None:
            (folder / "note.txt").write_text(story.note + "\n", encoding="utf-8")
        if story.values:
            _write(folder / "vitals.json", story.values)
        facts = {name: getattr(story, name) for name in ("key", "title", "truth", "seed", "taken", "comment")}
        _write(folder / "case.json", facts | {"task": "lung_nodule", "synthetic": True})
        folders.append(folder)
    return folders


def mark_synthetic(hounsfield: np.ndarray) -> np.ndarray:
    """The slices with the word SYNTHETIC burned in at the top left, outside what the model looks at.

    hounsfield (S, H, W).
    """
    image = Image.new("L", (hounsfield.shape[2], hounsfield.shape[1]), 0)
    ImageDraw.Draw(image).text((2, 2), WORD, fill=255, font=ImageFont.load_default(10))
    return np.where(np.asarray(image) > 128, WORD_HU, hounsfield).astype(np.int16)


def _write(path: Path, values: dict[str, object]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

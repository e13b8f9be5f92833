"""Writes the two cases that only Teach holds: a film with a burned-in letter, and a film of the wrong part of the body."""

from pathlib import Path

import numpy as np
from PIL import Image

from mmcore.synthetic.demonstrations.film import mark_synthetic, write_json
from mmcore.synthetic.film.phantom import draw
from mmcore.teaching.letter_film import burn_in

LETTER_SEED, BELLY_SEED = 64, 62  # below the seeds that may train a model


def write_lesson_cases(directory: Path) -> list[Path]:
    """Writes DIR/<key>/ with scan.png and case.json for each lesson; what stands there is overwritten, the same."""
    films = {
        "lesson-letter": (burn_in(draw(LETTER_SEED, "no_finding").pixels), LETTER_SEED),
        "lesson-belly": (_belly(), BELLY_SEED),
    }
    facts: dict[str, dict[str, object]] = {
        "lesson-letter": {"truth": "no_finding", "model": "fooled", "taken": "2026-07-02"},
        "lesson-belly": {"truth": None, "answerable": False, "taken": "2026-07-03"},
    }
    folders = []
    for key, (pixels, seed) in films.items():
        folder = Path(directory) / key
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mark_synthetic(pixels)).save(folder / "scan.png", optimize=True)
        story: dict[str, object] = {"key": key, "task": "chest_infection", "seed": seed, "synthetic": True}
        write_json(folder / "case.json", story | facts[key])
        folders.append(folder)
    return folders


def _belly() -> np.ndarray:
    """The part below the diaphragm of a drawn film (512, 512), enlarged: a film of the upper abdomen, without lungs."""
    film = draw(BELLY_SEED, "no_finding", 1024).pixels[760:, 256:768]
    large = Image.fromarray(np.round(film * 255).astype(np.uint8)).resize((512, 264))
    canvas = np.zeros((512, 512), dtype=np.float32)
    canvas[124:388] = np.asarray(large, dtype=np.float32) / 255
    return canvas

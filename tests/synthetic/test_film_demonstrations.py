"""The shipped demonstration cases: marked, never trained on, and as the code writes them."""

import json

import numpy as np
import pytest
from PIL import Image

from mmcore.paths import DEMONSTRATIONS
from mmcore.synthetic.demonstrations.film import (
    STORIES,
    mark_synthetic,
    write_demonstration_cases,
)
from mmcore.synthetic.film.phantom import FIRST_TRAINING_SEED, draw
from mmcore.tasks.chest_infection import FIELDS, LABELS

SHIPPED = DEMONSTRATIONS


def test_no_demonstration_seed_is_a_training_seed_and_none_is_used_twice():
    seeds = [story.seed for story in STORIES]
    assert max(seeds) < FIRST_TRAINING_SEED
    assert len(set(seeds)) == len(STORIES) == 8


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.key)
def test_the_mark_stands_in_the_corner_and_covers_no_lung(story):
    changed = mark_synthetic(np.zeros((512, 512), np.float32)) > 0
    rows, columns = np.nonzero(changed)
    lungs = draw(story.seed, story.truth, 128).lung_mask.repeat(4, 0).repeat(4, 1)
    assert changed.sum() > 300
    assert rows.max() < 40
    assert columns.max() < 130
    assert not lungs[: rows.max() + 5, : columns.max() + 5].any()


@pytest.mark.parametrize("background", (0.0, 0.5, 1.0))
def test_the_mark_can_be_read_against_any_background(background):
    marked = mark_synthetic(np.full((512, 512), background, np.float32))[:40, :130]
    assert int(marked.max()) - int(marked.min()) > 100


def test_the_shipped_cases_are_byte_for_byte_what_the_code_writes(tmp_path):
    for folder in write_demonstration_cases(tmp_path):
        shipped = SHIPPED / folder.relative_to(tmp_path)
        assert sorted(p.name for p in shipped.iterdir()) == sorted(p.name for p in folder.iterdir())
        for file in folder.glob("*.*"):
            if file.suffix == ".png":  # compressors differ between machines, pixels do not
                gap = np.asarray(Image.open(file)).astype(int) - np.asarray(Image.open(shipped / file.name))
                assert np.abs(gap).max() <= 1
            else:
                assert file.read_text(encoding="utf-8") == (shipped / file.name).read_text(encoding="utf-8")


def test_every_label_is_shown_twice_and_modalities_are_missing_in_some_cases():
    truths = [story.truth for story in STORIES]
    assert all(truths.count(label) >= 2 for label in LABELS)
    assert any(story.note is None and story.vitals for story in STORIES)
    assert any(story.note is None and not story.vitals for story in STORIES)


@pytest.mark.parametrize("folder", sorted((SHIPPED / "chest_infection").glob("demo-*")), ids=lambda f: f.name)
def test_a_shipped_case_says_that_it_is_synthetic_and_its_values_are_plausible_fields(folder):
    facts = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    assert facts["synthetic"] is True
    assert facts["key"] == folder.name
    assert facts["truth"] in LABELS
    with Image.open(folder / "scan.png") as scan:
        assert (scan.mode, scan.size) == ("L", (512, 512))
    vitals = folder / "vitals.json"
    fields = {field.name: field for field in FIELDS}
    for name, value in json.loads(vitals.read_text(encoding="utf-8")).items() if vitals.exists() else ():
        if fields[name].kind == "choice":
            assert value in fields[name].choices
        elif fields[name].kind == "flag":
            assert isinstance(value, bool)
        else:
            low, high = fields[name].plausible
            assert low <= value <= high


def test_notes_agree_with_what_was_drawn():
    effusion = {s.key: any("effusion" in f for f in draw(s.seed, s.truth, 64).findings) for s in STORIES}
    denied = {
        s.key: "no pleural effusion" in s.note.lower() or "No effusion" in s.note for s in STORIES if s.note
    }
    assert denied == {key: not effusion[key] for key in denied}

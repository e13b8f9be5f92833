"""The report on whether a model's explanations hold, on a toy model and made-up patients: real path, no shipped weights."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmcore.cards.template import markdown
from mmcore.cases.pack_rows import case_of
from mmcore.domain.pack import Pack, PackRow
from mmcore.evaluation import explanations as faithfulness
from mmcore.explain import checks as of_case
from mmcore.explain.perturbation import kept_shares, parts_of
from mmcore.explain.randomisation import redrawn_from_the_top
from mmcore.explain.review import review
from mmcore.prediction.encode import encode
from mmcore.prediction.engine import Engine
from mmcore.stores.model_store import StoredModel
from mmcore.tasks import get_task
from tests.toy import tokenizer, toy_model

WORDS = ("fever cough no effusion", "clear lungs . no cough left", "fever left")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """24 patients of two hospitals, twelve with a film, two of those with drawn lungs."""
    root = tmp_path_factory.mktemp("pack")
    (root / "lung_masks").mkdir()
    rng = np.random.default_rng(0)
    for i in range(12):
        Image.fromarray(rng.integers(0, 255, (80, 80), dtype=np.uint8)).save(root / f"{i}.png")
    for i in (0, 1):
        drawn = np.zeros((80, 80), np.uint8)
        drawn[20:60, 10:70] = 255
        Image.fromarray(drawn).save(root / "lung_masks" / f"{i}.png")
    return root


def rows(folder: Path) -> Pack:
    labels = get_task("chest_infection").labels
    made = [
        PackRow(
            key=str(i), patient=f"p{i}", source="one" if i % 2 else "two", publisher="x",
            outcome={k: int(j == i % 3) for j, k in enumerate(labels)},
            image=folder / f"{i}.png" if i < 12 else None,
            note=WORDS[i % 3] if i % 4 else None,
            values={"age_years": 70.0 if i % 2 else 30.0, "sex": float(i % 3 == 0)},
        )
        for i in range(24)
    ]  # fmt: skip
    return Pack(tuple(made), {})


class TwoLungs(torch.nn.Module):
    """A lung finder that sees the same two lungs on every picture."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = torch.full_like(x, -9.0)
        logits[..., 24:136, 20:70] = logits[..., 24:136, 90:140] = 9.0
        return logits


@pytest.fixture(scope="module")
def engine(folder) -> Engine:
    chest = get_task("chest_infection")
    fields = (*chest.fields[:2], chest.field("crp_mg_per_l"))
    task = replace(chest, fields=fields, read_pack=lambda _: rows(folder))
    model = toy_model()
    third = dict.fromkeys(task.labels, 1 / 3)
    model.config.facts = {
        "image": {"size": 64}, "label_share": third, "operating_point": third, "ranges": {},
        "conformal": {"scores": {k: [0.1, 0.5] for k in task.labels}, "confidence": 0.9},
        "patients": {"train": [], "calibration": []},
    }  # fmt: skip
    return Engine(task, StoredModel(model, tokenizer(), TwoLungs(), "0.0.1", "toy", folder))


def taken(task, row: PackRow):
    """The row as a case with its gates overruled: noise is no film, and three words are no note."""
    return replace(case_of(task, row), overruled=frozenset({"image", "text"}))


@pytest.fixture(scope="module")
def report(engine, folder) -> dict:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faithfulness, "case_of", taken)
        return faithfulness.measure(engine, folder, 5)


def test_the_report_names_its_model_its_cases_and_every_modality(report, engine):
    assert report["model"] == {"version": "0.0.1", "sha256": "toy"}
    assert (report["n"], report["patients"]) == (5, 5)
    assert set(report["modalities"]) == {"image", "text", "clinical"}
    for one in report["modalities"].values():
        shares = [one[c]["value"] for c in ("green", "amber", "grey") if one["n"]]
        assert sum(shares) == pytest.approx(1.0 if one["n"] else 0.0, abs=1e-3)
    all_maps = report["modalities"].values()
    grey = sum(one["n"] * one["grey"]["value"] for one in all_maps) / sum(one["n"] for one in all_maps)
    assert report["grey_share"]["value"] == pytest.approx(grey, abs=1e-3)


def test_an_additive_head_beats_random_in_every_case(report):
    clinical = report["modalities"]["clinical"]
    assert clinical["beats_random_deletion"]["value"] == clinical["beats_random_insertion"]["value"] == 1.0


def test_drawn_lungs_are_asked_on_every_picture_that_has_them(report):
    assert report["inside_lungs"]["n"] == 2
    assert 0 < report["inside_lungs"]["share"]["value"] < 1
    assert 0 < report["inside_lungs"]["moved_from_outside"]["value"] < 1


def test_a_hospital_that_can_be_read_off_the_values_is_found_out(report):
    found = report["shortcuts"]["clinical"]
    assert (found["n"], found["sources"], found["majority"]) == (24, 2, 0.5)
    assert found["accuracy"] == 1.0


def test_the_maps_are_made_again_with_weights_drawn_anew(report):
    stages = report["randomised"]["text"]
    assert list(stages)[0] == "head"
    assert len(stages) == 5
    assert all(abs(likeness) < 0.9 for likeness in stages.values())  # the same map again would be 1


def test_weights_drawn_anew_keep_their_size_and_leave_no_trained_one_in_the_branch(engine):
    model = copy.deepcopy(engine.stored.model)
    before = {name: p.clone() for name, p in model.named_parameters()}
    changed = []
    for stage in redrawn_from_the_top(model, "text"):
        changed.append((stage, {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}))
    assert changed[0] == ("head", {"text_head.weight"})
    everything = {n for n in before if n.startswith("text") and before[n].std() > 0}
    assert changed[-1][1] == everything
    ratio = model.text_head.weight.std() / before["text_head.weight"].std()
    assert float(ratio) == pytest.approx(1.0, abs=0.25)


def test_with_nothing_taken_away_the_tests_meet_the_evidence_of_the_account(engine, folder):
    case, memory = taken(engine.task, rows(folder).rows[1]), {}
    seen = review(engine, case, memory=memory)
    assert len(seen.attributions) == 3
    for attribution in seen.attributions:
        parts = parts_of(engine, seen, encode(engine, case, memory), attribution)
        (told,) = parts.score(np.ones((1, len(parts.values)), bool))
        assert told == pytest.approx(attribution.total, abs=2e-3)
        assert parts.values.sum() == pytest.approx(attribution.sum, abs=2e-3)


def test_a_note_of_three_tokens_is_tested_or_says_why_not(engine, folder):
    case = replace(taken(engine.task, rows(folder).rows[13]), note="fever", values={})
    (badge,) = of_case.badges(engine, case)
    assert (badge.colour, badge.reasons[0].code, badge.trial) == ("amber", "badge_one_part", None)
    assert badge.passes == 0


def test_an_explanation_that_fails_is_grey_with_the_reason(engine, folder):
    broken = copy.deepcopy(engine.stored.model)
    broken.image_head.weight.data[:, 0] = float("nan")
    ill = replace(engine, stored=replace(engine.stored, model=broken, sha256="broken"))
    case = replace(taken(engine.task, rows(folder).rows[0]), note=None, values={})
    (badge,) = of_case.badges(ill, case)
    assert (badge.colour, badge.reasons[0].code) == ("grey", "explanation_failed")


def test_a_part_taken_away_leaves_the_rest_of_the_picture():
    stays = kept_shares(np.array([[[True, False], [True, True]]]), (40, 40))[0].numpy()
    assert stays[:, :9] == pytest.approx(1.0)
    assert stays[:10, 31:].max() == 0.0
    assert kept_shares(np.ones((1, 5, 5), bool), (31, 17)).numpy() == pytest.approx(1.0, abs=1e-6)


def test_the_report_is_kept_beside_the_card_and_told_in_it(report, tmp_path):
    faithfulness.write(report, tmp_path)
    assert (tmp_path / "faithfulness.json").is_file()
    text = markdown("_explanations", tested=report)
    assert "Do the explanations hold?" in text
    assert "| clinical | 5 | 100 % (100 to 100)" in text
    assert "clinical: right for 100 % of 24 rows of 2 sources" in text
    assert markdown("_explanations", tested={}) == ""

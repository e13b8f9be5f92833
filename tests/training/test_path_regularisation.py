"""The text encoder that learns to need few steps of integrated gradients, on a tiny real BERT."""

import numpy as np
import pytest
import torch

from mmcore.explain.methods.integrated_gradients import STEPS, integrated_gradients
from mmcore.training.text import path_regularisation as straight_text
from mmcore.training.text.path_regularisation import Pupil, Straight, straighten
from tests.toy import tokenizer, toy_model

NOTES = ("fever cough . no effusion left", "clear lungs . no cough", "left effusion . fever") * 4


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr(straight_text, "RATE", 3e-3)
    monkeypatch.setattr(straight_text, "SAVE_EVERY", 2)


def straightened(steps: int, layers: int = 2, **options):
    model = toy_model()
    weight = model.text_head.weight.T.clone() * 0.2
    return model.text_encoder, weight, straighten(
        model.text_encoder, tokenizer(), weight, NOTES, Straight(layers, steps), seed=0, **options
    )  # fmt: skip


def bend(encoder, weight) -> float:
    """How far the score half way from masks to a note is from the middle of the two, over notes."""
    words, gaps = tokenizer(), []
    table, head = encoder.get_input_embeddings(), Pupil(encoder, torch.nn.Parameter(weight), torch.zeros(3))
    for note in NOTES[:3]:
        ids = words([note], return_tensors="pt")["input_ids"]
        base = torch.where((ids == 2) | (ids == 3), ids, words.mask_token_id)
        mask = torch.ones_like(ids)
        with torch.no_grad():
            start, end = head.score(table(base), mask), head.score(table(ids), mask)
            middle = head.score((table(base) + table(ids)) / 2, mask)
        gaps.append(((start + end) / 2 - middle).abs().max() / (end - start).abs().max())
    return float(np.mean(gaps))


def test_the_way_from_masks_to_a_note_becomes_straighter_and_the_embeddings_stay(fast):
    encoder, weight, (pupil, head) = straightened(steps=60)
    assert bend(pupil, head) < 0.7 * bend(encoder, weight)
    assert torch.equal(encoder.get_input_embeddings().weight, pupil.get_input_embeddings().weight)


def test_fewer_layers_are_kept_where_asked_and_the_teacher_is_left_as_it_was(fast):
    encoder, _, (pupil, head) = straightened(steps=1, layers=1)
    assert (len(encoder.encoder.layer), len(pupil.encoder.layer), pupil.config.num_hidden_layers) == (2, 1, 1)
    assert head.shape == (32, 3)


def test_a_resumed_straightening_ends_the_same(fast, tmp_path):
    def stop(step: int, loss: float) -> None:
        if step == 3:
            raise KeyboardInterrupt

    _, _, (whole, head) = straightened(steps=4)
    with pytest.raises(KeyboardInterrupt):
        straightened(steps=4, checkpoint=tmp_path / "run.pt", progress=stop)
    _, _, (resumed, again) = straightened(steps=4, checkpoint=tmp_path / "run.pt")
    assert torch.allclose(head, again, atol=1e-5)
    assert all(
        torch.allclose(a, b, atol=1e-5) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True)
    )


def test_a_straight_score_is_explained_in_the_fewest_steps():
    calls = []

    def straight(points):
        calls.append(len(points))
        return points.sum((1, 2))

    values, steps = integrated_gradients(straight, torch.ones(2, 3), torch.zeros(2, 3), 6.0, 1e-4)
    assert values == pytest.approx([3.0, 3.0], abs=1e-4)
    assert steps == sum(calls) == STEPS[0]

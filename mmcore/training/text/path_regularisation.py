"""Teaches a text encoder to say as much of a half-faded note as the fading left, so that few steps explain it."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from mmcore.models.encoders import TextEncoder, mean_pool

NOTES, SHORT, LONG = 6, 56, 253  # notes of a step; tokens of most notes and of the longest
RATE, HEAD_RATE = 2e-4, 5e-4
SAVE_EVERY = 20


@dataclass(frozen=True)
class Straight:
    """layers: how many of the encoder's layers are kept; steps: of training. Judgement: this project's."""

    layers: int = 6
    steps: int = 120


@dataclass
class Pupil:
    """The encoder that learns, with its head: score = pooled @ weight + bias, (B, K)."""

    encoder: TextEncoder
    weight: nn.Parameter  # (D, K)
    bias: nn.Parameter  # (K,)

    def score(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """embeddings (B, T, E) and mask (B, T) -> (B, K)."""
        hidden: Tensor = self.encoder(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
        return mean_pool(hidden, mask) @ self.weight + self.bias


def straighten(
    encoder: TextEncoder,
    tokenizer: PreTrainedTokenizerBase,
    weight: Tensor,
    notes: Sequence[str],
    asked: Straight,
    *,
    seed: int,
    checkpoint: Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> tuple[TextEncoder, Tensor]:
    """The first `asked.layers` layers of `encoder` and a head (D, K), taught to score notes as all of `encoder` with `weight` does.

    On the way from masks of the same length to a note, point b + a (x - b) of the embeddings shall score what the note
    scores times a. Integrated gradients along that way then need few steps (their integrand is nearly constant). Notes are
    cut, joined, and get foreign words and masks, so that it holds for notes unlike these too. Embeddings stay as they came.
    A checkpoint is continued. progress(step, loss).
    """
    torch.manual_seed(seed)
    pieces = [tokenizer(note)["input_ids"][1:-1] for note in notes]
    teacher = Pupil(encoder.eval().requires_grad_(False), nn.Parameter(weight, False), _bias(weight.shape[1]))
    pupil = _pupil(teacher, asked.layers, tokenizer, pieces[:400])
    body = list(pupil.encoder.encoder.parameters())
    groups = [{"params": body, "full": RATE}, {"params": [pupil.weight, pupil.bias], "full": HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    for step in range(_resume(pupil, optimiser, checkpoint), asked.steps):
        rng = np.random.default_rng([seed, step])
        warm = min(1.0, (step + 1) / 30) * 0.5 * (1 + math.cos(math.pi * step / asked.steps))
        for group in optimiser.param_groups:
            group["lr"] = group["full"] * warm
        loss = _loss(teacher, pupil, *_drawn(pieces, tokenizer, rng), tokenizer, rng)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(body, 1.0)
        optimiser.step()
        if checkpoint and ((step + 1) % SAVE_EVERY == 0 or step + 1 == asked.steps):
            _save(pupil, optimiser, step + 1, checkpoint)
        if progress:
            progress(step + 1, loss.item())
    return pupil.encoder.eval().requires_grad_(False), pupil.weight.detach().clone()


def _bias(labels: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(labels))


def _pupil(
    teacher: Pupil, layers: int, tokenizer: PreTrainedTokenizerBase, pieces: Sequence[list[int]]
) -> Pupil:
    """The teacher itself or its first layers, these with a head fitted to its scores of `pieces` by ridge regression."""
    encoder = copy.deepcopy(teacher.encoder)
    if layers >= len(encoder.encoder.layer):
        encoder.encoder.requires_grad_(True)
        return Pupil(encoder.eval(), nn.Parameter(teacher.weight.clone()), _bias(teacher.weight.shape[1]))
    encoder.encoder.layer = encoder.encoder.layer[:layers]
    encoder.config.num_hidden_layers = layers
    table = encoder.get_input_embeddings()
    pooled, wanted = [], []
    with torch.no_grad():
        for piece in pieces:
            ids, mask = _padded([piece[:LONG]], tokenizer)
            hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            pooled.append(mean_pool(hidden, mask)[0].double())
            wanted.append(teacher.score(table(ids), mask)[0].double())
    x, y = torch.stack(pooled), torch.stack(wanted)
    centred = x - x.mean(0)
    ridge = 0.3 * torch.eye(x.shape[1], dtype=torch.float64)
    weight = torch.linalg.solve(centred.T @ centred + ridge, centred.T @ (y - y.mean(0)))
    bias = y.mean(0) - x.mean(0) @ weight
    encoder.requires_grad_(False)
    encoder.encoder.requires_grad_(True)
    return Pupil(encoder.eval(), nn.Parameter(weight.float()), nn.Parameter(bias.float()))


def _drawn(
    pieces: Sequence[list[int]], tokenizer: PreTrainedTokenizerBase, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """ids and mask (NOTES, T) of joined and cut notes, a third of them with foreign words, a fifth with masks."""
    top, drawn = (LONG if rng.random() < 0.1 else SHORT), []
    for _ in range(NOTES):
        ids = [t for _ in range(rng.choice([1, 1, 2, 3, 4])) for t in pieces[int(rng.integers(len(pieces)))]]
        for chance, most in ((0.3, 0.4), (0.2, 0.4)):
            share = rng.uniform(0, most) if rng.random() < chance else 0.0
            other = (
                rng.integers(0, len(tokenizer), len(ids))
                if chance == 0.3
                else [tokenizer.mask_token_id] * len(ids)
            )
            swapped = rng.random(len(ids)) < share
            ids = [int(o) if s else t for t, o, s in zip(ids, other, swapped, strict=True)]
        drawn.append(ids[: int(top * rng.uniform(0.6, 1))])
    return _padded(drawn, tokenizer)


def _padded(pieces: Sequence[list[int]], tokenizer: PreTrainedTokenizerBase) -> tuple[Tensor, Tensor]:
    length = max(len(p) for p in pieces) + 2
    ids = torch.full((len(pieces), length), tokenizer.pad_token_id)
    mask = torch.zeros_like(ids)
    for i, piece in enumerate(pieces):
        ids[i, : len(piece) + 2] = torch.tensor([tokenizer.cls_token_id, *piece, tokenizer.sep_token_id])
        mask[i, : len(piece) + 2] = 1
    return ids, mask


def _loss(
    teacher: Pupil,
    pupil: Pupil,
    ids: Tensor,
    mask: Tensor,
    tokenizer: PreTrainedTokenizerBase,
    rng: np.random.Generator,
) -> Tensor:
    """Mean squared gap at the notes themselves, at two random points on the way to each, and at one start of the way."""
    table = teacher.encoder.get_input_embeddings()
    ends = (ids == tokenizer.cls_token_id) | (ids == tokenizer.sep_token_id) | (mask == 0)
    x, base = table(ids), table(torch.where(ends, ids, tokenizer.mask_token_id))
    with torch.no_grad():
        full, none = teacher.score(x, mask), teacher.score(base, mask)
    a = torch.tensor(np.r_[np.ones(len(ids)), rng.uniform(0, 1, 2 * len(ids)), 0.0], dtype=torch.float32)
    at = torch.tensor([*range(len(ids))] * 3 + [0])
    points = base[at] + a[:, None, None] * (x - base)[at]
    wanted = none[at] + a[:, None] * (full - none)[at]
    return (pupil.score(points, mask[at]) - wanted).square().sum(1).mean()


def _save(pupil: Pupil, optimiser: torch.optim.Optimizer, step: int, path: Path) -> None:
    state = {"step": step, "encoder": pupil.encoder.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save(state | {"weight": pupil.weight, "bias": pupil.bias}, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def _resume(pupil: Pupil, optimiser: torch.optim.Optimizer, path: Path | None) -> int:
    """Steps already done: 0, or those of the checkpoint, whose state is then in `pupil` and `optimiser`."""
    if path is None or not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    pupil.encoder.load_state_dict(state["encoder"])
    with torch.no_grad():
        pupil.weight.copy_(state["weight"])
        pupil.bias.copy_(state["bias"])
    optimiser.load_state_dict(state["optimiser"])
    done: int = state["step"]
    return done

"""Fits the text branch: a head taught by composed notes and, if asked for, the last layers too."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from mmcore.models.encoders import TextEncoder, load_text_encoder, mean_pool

# judgement: this project's, by leave-one-publisher-out
MAX_TOKENS = 256  # what follows in a note is not read
HEAD_NOTES = 1600
SHRINKAGE = 0.05
TRAINED_LAYERS = 2
NOTES_AN_EPOCH = 1200
BATCH = 32
ENCODER_RATE, HEAD_RATE = 1e-4, 1e-3

Compose = Callable[[int, int], tuple[Sequence[str], Sequence[str]]]
Example = tuple[str, str]  # a masked note and its label


@dataclass(frozen=True)
class TextModel:
    """An encoder and its head: evidence of a note = (pooled - pooled masks) @ weight, weight (D, K).

    `weight` is where the common fit of all heads starts and what its penalty pulls to.
    """

    encoder: TextEncoder
    tokenizer: PreTrainedTokenizerBase
    weight: Tensor
    labels: tuple[str, ...]

    def save(self, folder: Path) -> None:
        """Encoder and tokenizer as the transformers library keeps them, the head in head.safetensors."""
        self.encoder.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        head = {"weight": self.weight.contiguous()}
        save_file(head, folder / "head.safetensors", metadata={"labels": ",".join(self.labels)})


class Taught(nn.Module):
    """An encoder and the head that it is fine-tuned with."""

    def __init__(self, encoder: TextEncoder, head: nn.Linear) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head


def stored_text_model(folder: Path) -> TextModel | None:
    """What `TextModel.save` left in a folder, None where it left nothing."""
    if not (folder / "head.safetensors").exists():
        return None
    encoder, tokenizer = load_text_encoder(str(folder))
    with safe_open(folder / "head.safetensors", framework="pt") as stored:
        labels = tuple(stored.metadata()["labels"].split(","))
        weight = stored.get_tensor("weight")
    return TextModel(encoder.eval().requires_grad_(False), tokenizer, weight, labels)


def fit_text_encoder(
    notes: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[str],
    *,
    base: str,
    seed: int,
    epochs: int = 0,
    compose: Compose | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> TextModel:
    """The encoder `base` (a packaged name or a local folder) with a head that tells the labels apart.

    compose(count, seed) gives notes and labels made from knowledge (knowledge_notes); with it real notes go
    unused: on publishers never seen they did harm. Without it, `notes` (masked), their labels and groups
    (patients, one vote each) teach. epochs: 0 leaves the encoder as it came, which did best; more fine-tunes
    its last layers. checkpoint: a .safetensors file, written after each epoch and resumed from.
    progress(epoch, mean loss).
    Raises ValueError if there is nothing to learn from.
    """
    if compose is None and not notes:
        raise ValueError("no notes to train the text encoder on")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    encoder, tokenizer = load_text_encoder(base)
    teach = _examples(notes, labels, groups, compose, HEAD_NOTES, rng)
    names = tuple(dict.fromkeys(label for _, label in teach))
    module = Taught(encoder, nn.Linear(encoder.config.hidden_size, len(names)))
    optimiser = _optimiser(module)
    for epoch in range(_resume(module, checkpoint), epochs):
        rng = np.random.default_rng([seed, epoch])
        batches = _batches(_examples(notes, labels, groups, compose, NOTES_AN_EPOCH, rng), rng)
        module.train()
        losses = []
        for i, batch in enumerate(batches):
            left = 1 - (epoch + i / len(batches)) / epochs
            losses.append(_step(module, tokenizer, optimiser, batch, names, left))
        if checkpoint is not None:
            learned = {name: p.detach() for name, p in module.named_parameters() if p.requires_grad}
            save_file(learned, checkpoint, metadata={"epoch": str(epoch + 1)})
        if progress is not None:
            progress(epoch + 1, float(np.mean(losses)))
    encoder.eval().requires_grad_(False)
    pooled = encode([note for note, _ in teach], encoder, tokenizer)
    weight = discriminant(pooled, [label for _, label in teach], names)
    return TextModel(encoder, tokenizer, torch.from_numpy(weight), names)


def encode(notes: Sequence[str], encoder: TextEncoder, tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    """Mean of the last hidden states of each note, (N, D) float32; notes of like length go together."""
    unique = list(dict.fromkeys(notes))  # real notes are drawn many times over
    pooled = np.zeros((len(unique), int(encoder.config.hidden_size)), dtype=np.float32)
    order = sorted(range(len(unique)), key=lambda i: len(unique[i]))
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            pooled[rows] = _pooled(encoder, tokenizer, [unique[i] for i in rows]).numpy()
    place = {note: i for i, note in enumerate(unique)}
    return pooled[[place[note] for note in notes]]


def discriminant(pooled: np.ndarray, labels: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Weights (D, K) of a regularised linear discriminant (Friedman, JASA 1989), summing to 0 over labels.

    Scaled so that the score of the first label against the second has a deviation of 1.5 over these notes;
    calibration sets the true scale.
    """
    index = np.array([names.index(label) for label in labels])
    means = np.stack([pooled[index == k].mean(0) for k in range(len(names))])
    spread = np.cov((pooled - means[index]).T)
    ridge = 10 * SHRINKAGE * np.trace(spread) / len(spread)
    weight = np.linalg.solve(
        (1 - SHRINKAGE) * spread + ridge * np.eye(len(spread)), (means - means.mean(0)).T
    )
    contrast = pooled @ (weight[:, 0] - weight[:, 1])
    scaled: np.ndarray = (weight * 1.5 / max(contrast.std(), 1e-6)).astype(np.float32)
    return scaled


def _optimiser(module: Taught) -> torch.optim.Optimizer:
    """AdamW over the head and the last layers; everything below stays as it came."""
    module.encoder.requires_grad_(False)
    layers = module.encoder.encoder.layer[-TRAINED_LAYERS:]
    layers.requires_grad_(True)
    groups = [
        {"params": list(layers.parameters()), "lr": ENCODER_RATE, "full": ENCODER_RATE},
        {"params": list(module.head.parameters()), "lr": HEAD_RATE, "full": HEAD_RATE},
    ]
    return torch.optim.AdamW(groups, weight_decay=0.05)


def _resume(module: Taught, checkpoint: Path | None) -> int:
    """Epochs already done: 0, or those of the checkpoint, whose weights are then in `module`."""
    if checkpoint is None or not checkpoint.exists():
        return 0
    with safe_open(checkpoint, framework="pt") as stored:
        done = int(stored.metadata()["epoch"])
    module.load_state_dict(load_file(checkpoint), strict=False)
    return done


def _examples(
    notes: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[str],
    compose: Compose | None,
    count: int,
    rng: np.random.Generator,
) -> list[Example]:
    """`count` composed notes or, without a composer, real ones."""
    if compose is None:
        return _draw(notes, labels, groups, count, rng)
    return list(zip(*compose(count, int(rng.integers(2**31))), strict=True))


def _draw(
    notes: Sequence[str], labels: Sequence[str], groups: Sequence[str], count: int, rng: np.random.Generator
) -> list[Example]:
    """`count` real notes: labels in equal shares, within a label every group, within a group every note."""
    by_label: dict[str, dict[str, list[str]]] = {}
    for note, label, group in zip(notes, labels, groups, strict=True):
        by_label.setdefault(label, {}).setdefault(group, []).append(note)
    drawn = []
    for i in range(count):
        label = tuple(by_label)[i % len(by_label)]
        mine = tuple(by_label[label].values())
        chosen = mine[rng.integers(len(mine))]
        drawn.append((chosen[rng.integers(len(chosen))], label))
    return drawn


def _batches(examples: list[Example], rng: np.random.Generator) -> list[list[Example]]:
    """Batches of notes of like length, in random order, so that little is spent on padding."""
    order = sorted(examples, key=lambda example: len(example[0]) + rng.random() * 40)
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    return [batches[i] for i in rng.permutation(len(batches))]


def _step(
    module: Taught,
    tokenizer: PreTrainedTokenizerBase,
    optimiser: torch.optim.Optimizer,
    batch: list[Example],
    names: tuple[str, ...],
    left: float,
) -> float:
    """One step of gradient descent; `left`, the share of training still to come, scales the rates."""
    for group in optimiser.param_groups:
        group["lr"] = group["full"] * left
    pooled = _pooled(module.encoder, tokenizer, [note for note, _ in batch])
    logits = module.head(F.dropout(pooled, 0.1))  # (B, K)
    wanted = torch.tensor([names.index(label) for _, label in batch])
    loss = F.cross_entropy(logits, wanted, label_smoothing=0.05)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_([p for p in module.parameters() if p.requires_grad], 1.0)
    optimiser.step()
    return float(loss.detach())


def _pooled(encoder: TextEncoder, tokenizer: PreTrainedTokenizerBase, notes: list[str]) -> Tensor:
    coded = tokenizer(notes, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
    mask = coded["attention_mask"]
    return mean_pool(
        encoder(input_ids=coded["input_ids"], attention_mask=mask).last_hidden_state, mask
    )  # (B, D)

"""Fine-tunes the image encoder on pictures of several sources so that it serves hospitals it has never seen."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcore.models.efficientnet_lite import EfficientNetLite0, load_imagenet_weights
from mmcore.preprocess.image import dim, equalise
from mmcore.training.augment import disguise, look, window


@dataclass(frozen=True)
class Recipe:
    """The settings of one training; the defaults made the shipped encoder (few were compared, one seed each).

    frozen_blocks: how many first blocks keep their ImageNet weights. offset: how much of the label's share in the
    source is given away for free (0 to 1), so that the pictures need not reveal their source. mix: share of steps
    in which grey-level statistics of the first maps are mixed between pictures. kept: part of the start weights in
    the final average. even: 1 draws by the size of a source, 0 all sources alike. save_every: steps between checkpoints.
    """

    size: int = 160
    batch: int = 32
    rate: float = 2e-4
    frozen_blocks: int = 3
    offset: float = 0.0
    mix: float = 0.5
    kept: float = 0.0
    even: float = 0.5
    save_every: int = 100


@dataclass
class Training:
    """What changes from step to step, and what a checkpoint holds."""

    encoder: EfficientNetLite0
    head: nn.Linear
    average: dict[str, Tensor]
    optimiser: torch.optim.Optimizer
    step: int = 0


def fit_image_encoder(
    images: np.ndarray,
    targets: np.ndarray,
    sources: Sequence[str],
    *,
    seed: int,
    steps: int,
    init_state: Mapping[str, Tensor] | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[int, float], None] | None = None,
    recipe: Recipe = Recipe(),
) -> EfficientNetLite0:
    """An encoder whose averaged features suit a linear head; the head of this training is thrown away.

    images: (N, 2, S, S) uint8, pixels and lung mask cropped as at the bedside, pixels not yet equalised. targets: (N, T), 1, 0 or NaN for unknown or
    not applicable, a column a question. sources: whose label shares must not be learned. init_state: weights to
    start from, ImageNet's by default. A checkpoint that exists is continued. `progress` gets step and loss.
    """
    torch.manual_seed(seed)  # the head's start
    encoder = EfficientNetLite0()
    if init_state is None:
        load_imagenet_weights(encoder)
    else:
        encoder.load_state_dict(init_state)
    encoder.to(memory_format=torch.channels_last).eval()  # eval: batch statistics stay those of the start
    start = {name: value.clone() for name, value in encoder.state_dict().items()}
    training = _begin(encoder, targets.shape[1], recipe)
    if checkpoint and checkpoint.exists():
        _resume(training, checkpoint)
    shares = draw_shares(targets, sources, recipe.even)
    offsets = torch.from_numpy(source_offsets(targets, sources, shares) * recipe.offset).float()
    while training.step < steps:
        rng = np.random.default_rng([seed, training.step])
        torch.manual_seed(int(rng.integers(2**31)))  # dropout: a continued training repeats an unbroken one
        rows = rng.choice(len(images), recipe.batch, p=shares)
        x = training_view(images[rows], rng, recipe)
        loss = _advance(
            training,
            x,
            torch.from_numpy(targets[rows]).float(),
            offsets[rows],
            rng,
            steps,
            recipe,
        )
        if checkpoint and (training.step % recipe.save_every == 0 or training.step == steps):
            _save(training, checkpoint)
        if progress:
            progress(training.step, loss)
    encoder.load_state_dict(
        {
            name: recipe.kept * start[name] + (1 - recipe.kept) * value
            for name, value in training.average.items()
        }
    )
    return encoder.to(memory_format=torch.contiguous_format).requires_grad_(True)


def draw_shares(targets: np.ndarray, sources: Sequence[str], even: float) -> np.ndarray:
    """(N,) chances of being drawn: all patterns of targets alike, within one each source by its size to `even`."""
    patterns = np.unique(np.nan_to_num(targets, nan=-1.0), axis=0, return_inverse=True)[1].ravel()
    names = np.unique(np.asarray(sources), return_inverse=True)[1]
    shares = np.zeros(len(targets))
    for pattern in np.unique(patterns):
        within = patterns == pattern
        groups, sizes = np.unique(names[within], return_counts=True)
        of_source = sizes**even / (sizes**even).sum()
        for group, size, part in zip(groups, sizes, of_source, strict=True):
            shares[within & (names == group)] = part / size
    return shares / shares.sum()


def source_offsets(targets: np.ndarray, sources: Sequence[str], shares: np.ndarray) -> np.ndarray:
    """(N, T) log-odds of each target in its source less those overall, at most 3 in size.

    Added to the logits in training, they leave the encoder only what the source does not already tell (a product of
    experts against a known bias: Clark, Yatskar & Zettlemoyer, EMNLP 2019).
    """
    names, offsets = np.asarray(sources), np.zeros_like(targets, dtype=np.float64)
    for column, values in enumerate(targets.T):
        known = ~np.isnan(values)
        if not known.any():
            continue
        overall = np.average(values[known], weights=shares[known])
        for name in np.unique(names):
            of_source = known & (names == name)
            if of_source.any():
                share = np.clip(np.average(values[of_source], weights=shares[of_source]), 0.02, 0.98)
                offsets[of_source, column] = np.clip(
                    _logit(share) - _logit(np.clip(overall, 0.02, 0.98)), -3, 3
                )
    return offsets


def _logit(p: float) -> float:
    return float(np.log(p) - np.log1p(-p))


def training_view(images: np.ndarray, rng: np.random.Generator, recipe: Recipe) -> Tensor:
    """Pictures with lung masks (B, 2, S, S) uint8 as one step sees them: (B, 1, size, size), moved and disguised."""
    x = torch.from_numpy(images.astype(np.float32) / 255)
    x = look(x, window(rng, len(x), (0.75, 1.1), 0.06, 10, 0.25), recipe.size)
    pixels, masks = disguise(x[:, :1], rng)[:, 0].numpy(), x[:, 1].numpy()
    return torch.from_numpy(
        np.stack([dim(equalise(p), m) for p, m in zip(pixels, masks, strict=True)])[:, None]
    )


def mix_styles(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Maps (B, C, H, W) with channel means and spreads blended with another picture's (MixStyle, Zhou et al. 2021)."""
    mean, spread = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True) + 1e-5
    own = torch.from_numpy(rng.beta(0.3, 0.3, (len(x), 1, 1, 1))).float()
    other = torch.from_numpy(rng.permutation(len(x)))
    new_mean, new_spread = (own * part + (1 - own) * part[other] for part in (mean, spread))
    return (x - mean) / spread * new_spread + new_mean


def _begin(encoder: EfficientNetLite0, columns: int, recipe: Recipe) -> Training:
    encoder.stem.requires_grad_(False)
    encoder.blocks[: recipe.frozen_blocks].requires_grad_(False)
    head = nn.Linear(encoder.feature_dim, columns)
    nn.init.zeros_(head.weight)
    free = [p for p in encoder.parameters() if p.requires_grad]
    groups = [
        {"params": free, "peak": recipe.rate},
        {"params": list(head.parameters()), "peak": 4 * recipe.rate},
    ]
    average = {name: value.clone() for name, value in encoder.state_dict().items()}
    return Training(encoder, head, average, torch.optim.AdamW(groups, weight_decay=0.02))


def _advance(
    training: Training,
    x: Tensor,
    y: Tensor,
    offset: Tensor,
    rng: np.random.Generator,
    steps: int,
    recipe: Recipe,
) -> float:
    """One step of gradient descent; returns the loss."""
    warm = min(1.0, (training.step + 1) / (0.05 * steps))
    for group in training.optimiser.param_groups:
        group["lr"] = group["peak"] * warm * 0.5 * (1 + math.cos(math.pi * training.step / steps))
    with torch.no_grad():
        maps = training.encoder.early(x.contiguous(memory_format=torch.channels_last), recipe.frozen_blocks)
        maps = mix_styles(maps, rng) if rng.random() < recipe.mix else maps
    features = F.dropout(training.encoder.late(maps, recipe.frozen_blocks).mean((2, 3)), 0.2)
    logits = training.head(features) + offset
    known = ~torch.isnan(y)
    loss = F.binary_cross_entropy_with_logits(logits[known], y[known] * 0.95 + 0.025)
    training.optimiser.zero_grad()
    loss.backward()
    training.optimiser.step()
    training.step += 1
    decay = min(0.99, training.step / (training.step + 10))
    for name, value in training.encoder.state_dict().items():
        training.average[name].lerp_(value, 1 - decay) if value.is_floating_point() else None
    return loss.item()


def _save(training: Training, path: Path) -> None:
    """Written beside and moved, so that an interruption leaves the last whole checkpoint."""
    state = {
        "step": training.step,
        "encoder": training.encoder.state_dict(),
        "head": training.head.state_dict(),
        "average": training.average,
        "optimiser": training.optimiser.state_dict(),
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def _resume(training: Training, path: Path) -> None:
    state = torch.load(path, weights_only=True)
    training.encoder.load_state_dict(state["encoder"])
    training.head.load_state_dict(state["head"])
    training.optimiser.load_state_dict(state["optimiser"])
    training.average = state["average"]
    training.step = state["step"]

"""Fine-tunes the image encoder on pictures of several sources so that it serves hospitals it has never seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcore.models.efficientnet_lite import EfficientNetLite0, load_imagenet_weights, shortened
from mmcore.models.folding import laid_out
from mmcore.models.lungs import organ_shares
from mmcore.training.image.views import Views, make_views, view_counts

LARGE = 400  # pictures of one source; a source with more is not drawn more, so that no large pack drowns a hospital


@dataclass(frozen=True)
class Recipe:
    """The settings of one training; the defaults made the shipped encoder (few were compared, one seed each).

    blocks, width: of the encoder; fewer blocks see less around each cell, so that the map tells better which place mattered.
    frozen_blocks: how many first blocks keep their ImageNet weights. views: how many augmented views are made of all
    pictures together, most_views: of one. mix: share of steps in which grey-level statistics of the first maps are mixed
    between pictures. even: 1 draws by the size of a source, 0 all sources alike. average_from: share of the steps after
    which the weights of all steps are averaged, at a constant rate, since the middle of a flat valley serves other hospitals
    better than its floor (SWAD, Cha et al. 2021). save_every: steps between checkpoints.
    """

    size: int = 160
    batch: int = 24
    rate: float = 3e-4
    blocks: int = 8
    width: int = 512
    frozen_blocks: int = 5
    views: int = 16_000
    most_views: int = 8
    mix: float = 0.5
    even: float = 0.5
    average_from: float = 0.4
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
    views: Views,
    targets: np.ndarray,
    shares: np.ndarray,
    *,
    seed: int,
    steps: int,
    init_state: Mapping[str, Tensor] | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[int, float], None] | None = None,
    recipe: Recipe = Recipe(),
) -> EfficientNetLite0:
    """An encoder whose features, averaged over the lungs, suit a linear head; the head of this training is thrown away.

    views: of N pictures, made with the same start (`views_of`). targets: (N, T), 1, 0 or NaN for unknown or not
    applicable, a column a question. shares: (N,) chances of being drawn. init_state: weights to start from, ImageNet's by
    default. A checkpoint that exists is continued. `progress` gets step and loss.
    """
    torch.manual_seed(seed)  # the head's start
    encoder = shortened(started(init_state), recipe.blocks, recipe.width)
    laid_out(encoder, torch.channels_last)
    training = _begin(encoder, targets.shape[1], recipe)
    if checkpoint and checkpoint.exists():
        _resume(training, checkpoint)
    while training.step < steps:
        rng = np.random.default_rng([seed, training.step])
        torch.manual_seed(int(rng.integers(2**31)))  # dropout: a continued training repeats an unbroken one
        rows = rng.choice(len(targets), recipe.batch, p=shares)
        loss = _advance(
            training, views.draw(rows, rng), torch.from_numpy(targets[rows]).float(), rng, steps, recipe
        )
        if checkpoint and (training.step % recipe.save_every == 0 or training.step == steps):
            _save(training, checkpoint)
        if progress:
            progress(training.step, loss)
    encoder.load_state_dict(training.average, strict=False)
    return laid_out(encoder, torch.contiguous_format).requires_grad_(True)


def started(init_state: Mapping[str, Tensor] | None = None) -> EfficientNetLite0:
    """The encoder before training, ImageNet's weights by default; in evaluation mode, so batch statistics stay those.

    It takes pictures (B, 1, H, W).
    """
    encoder = EfficientNetLite0()
    if init_state is None:
        load_imagenet_weights(encoder)
    else:
        encoder.load_state_dict(init_state)
    return laid_out(encoder, torch.channels_last).eval()


def views_of(
    images: np.ndarray,
    shares: np.ndarray,
    recipe: Recipe,
    seed: int,
    encoder: EfficientNetLite0,
    path: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Views:
    """The views that trainings on these pictures, or on some of them, draw from; more of pictures that are drawn more.

    images: (N, 2, S, S) uint8, pixels and lung mask cropped as at the bedside, pixels not yet equalised. shares: (N,)
    chances of being drawn. path: where they are kept.
    """
    counts = view_counts(shares, recipe.views, recipe.most_views)
    return make_views(
        images,
        counts,
        encoder,
        size=recipe.size,
        depth=recipe.frozen_blocks,
        seed=seed,
        path=path,
        progress=progress,
    )


def draw_shares(labels: Sequence[str], sources: Sequence[str], even: float) -> np.ndarray:
    """(N,) chances of being drawn: all labels alike, within one each source by its size, counted up to LARGE, to `even`."""
    kinds, names = np.asarray(labels), np.unique(np.asarray(sources), return_inverse=True)[1]
    shares = np.zeros(len(kinds))
    for kind in np.unique(kinds):
        within = kinds == kind
        groups, sizes = np.unique(names[within], return_counts=True)
        of_source = np.minimum(sizes, LARGE) ** even
        for group, size, part in zip(groups, sizes, of_source / of_source.sum(), strict=True):
            shares[within & (names == group)] = part / size
    chances: np.ndarray = shares / shares.sum()
    return chances


def mix_styles(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Maps (B, C, H, W) with channel means and spreads blended with another picture's (MixStyle, Zhou et al. 2021)."""
    mean, spread = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True) + 1e-5
    own = torch.from_numpy(rng.beta(0.3, 0.3, (len(x), 1, 1, 1))).float()
    other = torch.from_numpy(rng.permutation(len(x)))
    new_mean, new_spread = (own * part + (1 - own) * part[other] for part in (mean, spread))
    return (x - mean) / spread * new_spread + new_mean


def _begin(encoder: EfficientNetLite0, columns: int, recipe: Recipe) -> Training:
    encoder.requires_grad_(False)
    encoder.blocks[recipe.frozen_blocks :].requires_grad_(True)
    encoder.head.requires_grad_(True)
    head = nn.Linear(encoder.feature_dim, columns)
    nn.init.zeros_(head.weight)
    free = {name: p for name, p in encoder.named_parameters() if p.requires_grad}
    groups = [
        {"params": list(free.values()), "peak": recipe.rate},
        {"params": list(head.parameters()), "peak": 4 * recipe.rate},
    ]
    average = {name: p.detach().clone() for name, p in free.items()}
    return Training(encoder, head, average, torch.optim.AdamW(groups, weight_decay=0.02))


def _advance(
    training: Training,
    drawn: tuple[Tensor, Tensor],
    y: Tensor,
    rng: np.random.Generator,
    steps: int,
    recipe: Recipe,
) -> float:
    """One step of gradient descent; returns the loss."""
    maps, inside = drawn
    warm = min(1.0, (training.step + 1) / (0.05 * steps))
    for group in training.optimiser.param_groups:
        group["lr"] = group["peak"] * warm
    maps = mix_styles(maps, rng) if rng.random() < recipe.mix else maps
    maps = training.encoder.late(maps.contiguous(memory_format=torch.channels_last), recipe.frozen_blocks)
    counted = organ_shares(inside, (maps.shape[-2], maps.shape[-1]))
    pooled = (maps * counted).mean((2, 3))  # as FusionModel.encode_map
    logits = training.head(F.dropout(pooled, 0.2))
    known = ~torch.isnan(y)
    loss = F.binary_cross_entropy_with_logits(logits[known], y[known] * 0.95 + 0.025)
    training.optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(training.encoder.parameters(), 2.0)
    training.optimiser.step()
    training.step += 1
    averaged = max(1.0, training.step - recipe.average_from * steps)  # of steps, this one included
    for name, value in training.encoder.named_parameters():
        if name in training.average:
            training.average[name].lerp_(value.detach(), 1 / averaged)
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

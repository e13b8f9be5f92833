"""Teaches the heads of the gate on frozen features, and sets its thresholds on films that did not teach it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from mmcore.models.gate import KINDS, GateNet, scores

FALSE_ALARMS = 0.03  # share of good calibration films that the gate may doubt; the target over all is 5 %


MIRRORED_ALARMS = 0.01


@dataclass
class Examples:
    """Features (N, F) of pictures with what each is and where it is from.

    kind: index in KINDS; mirrored: 1, 0 or -1 where it does not apply; source: hospital or package; part: train,
    calibration or test.
    """

    features: np.ndarray
    kind: np.ndarray
    mirrored: np.ndarray
    source: np.ndarray
    part: np.ndarray

    def where(self, chosen: np.ndarray) -> "Examples":
        """The chosen ones (N,) bool."""
        return Examples(
            *(getattr(self, n)[chosen] for n in ("features", "kind", "mirrored", "source", "part"))
        )


def fit_heads(net: GateNet, examples: Examples, seed: int = 0, steps: int = 600) -> None:
    """Fit hidden layer, kinds and mirrored on the training part; every kind weighs the same, frontal as all others."""
    torch.manual_seed(seed)
    used = examples.where(examples.part == "train")
    x = torch.from_numpy(used.features.astype(np.float32))
    y = torch.from_numpy(used.kind.astype(np.int64))
    net.mean.copy_(x.mean(0))
    net.spread.copy_(x.std(0) + 0.05)
    for layer in (net.hidden, net.kinds, net.mirrored):
        layer.reset_parameters()
    counts = np.bincount(used.kind, minlength=len(KINDS)).clip(1)
    shares = np.where(np.arange(len(KINDS)) == 0, 4.0, 1.0)
    weight = torch.tensor(shares / counts * len(used.kind) / shares.sum(), dtype=torch.float32)
    side = torch.from_numpy(used.mirrored.astype(np.float32))
    parameters = [p for layer in (net.hidden, net.kinds, net.mirrored) for p in layer.parameters()]
    with torch.enable_grad():
        for p in parameters:
            p.requires_grad_(True)
        optimiser = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        order = torch.Generator().manual_seed(seed)
        for _ in range(steps):
            rows = torch.randint(len(x), (512,), generator=order)
            seen = x[rows] * (1 + 0.05 * torch.randn(512, x.shape[1], generator=order))
            kinds, mirrored = net.heads(seen)
            known = side[rows] >= 0
            loss = F.cross_entropy(kinds, y[rows], weight=weight, label_smoothing=0.02)
            if known.any():
                loss = loss + 0.5 * F.binary_cross_entropy_with_logits(mirrored[known], side[rows][known])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        for p in parameters:
            p.requires_grad_(False)


def thresholds(net: GateNet, examples: Examples, alarms: float = FALSE_ALARMS) -> dict[str, float]:
    """{doubt, mirrored}: log-odds above which a picture is doubted, from the calibration part's good films.

    Every source of films counts the same, so that a large hospital does not decide for the small ones.
    """
    good = examples.where((examples.part == "calibration") & (examples.kind == 0) & (examples.mirrored == 0))
    against, _, mirrored = scores(net, good.features)
    return {
        "doubt": max(0.0, weighted_quantile(against, good.source, 1 - alarms)),
        "mirrored": max(0.0, weighted_quantile(mirrored, good.source, 1 - MIRRORED_ALARMS)),
    }


def weighted_quantile(values: np.ndarray, groups: np.ndarray, at: float) -> float:
    """The quantile of values (N,) when every group weighs the same."""
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(values)
    weight = np.cumsum((1 / counts[place])[order])
    return float(values[order][np.searchsorted(weight, at * weight[-1]).clip(max=len(values) - 1)])


def across(
    examples: Examples, groups: Mapping[str, np.ndarray], steps: int = 300
) -> dict[str, dict[str, list[int]]]:
    """group -> what a gate that never saw it makes of it: {kind: [caught, n]}, and of its good films {"frontal": [doubted, n]}.

    groups: name -> (N,) bool, left out as a whole, its calibration films too.
    """
    found = {}
    for name, inside in groups.items():
        net = GateNet()
        fit_heads(net, examples.where(~inside), steps=steps)
        limit = thresholds(net, examples.where(~inside))["doubt"]
        seen = examples.where(inside & (examples.mirrored != 1))
        doubted = scores(net, seen.features)[0] > limit
        found[name] = {
            kind: [int(doubted[seen.kind == i].sum()), int((seen.kind == i).sum())]
            for i, kind in enumerate(KINDS)
            if (seen.kind == i).any()
        }
    return found

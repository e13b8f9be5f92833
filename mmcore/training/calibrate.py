"""Makes stated probabilities true on patients of their own: scales and constants, operating points, conformal scores."""

from itertools import combinations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcore.models.fusion import FusionModel
from mmcore.training.heads import Encoded, reset_calibration, tensors

PULL = 0.02  # of the log scales towards 0, so that what few patients say cannot run away
PULL_CONSTANT = 1.0  # of the constants: evidence is centred already, and presence must not speak through them


def label_shares(outcomes: np.ndarray, exclusive: bool) -> np.ndarray:
    """Share of each label among rows (N, K), unknown left out; exclusive labels get half a row more each (Jeffreys)."""
    if exclusive:
        counts = np.nansum(outcomes, 0) + 0.5
        return counts / counts.sum()
    return (np.nansum(outcomes, 0) + 0.5) / ((~np.isnan(outcomes)).sum(0) + 1)


def prior_logits(shares: np.ndarray, exclusive: bool) -> np.ndarray:
    """log of the shares (exclusive labels) or log(p / (1 - p)) (independent ones)."""
    return np.log(shares) if exclusive else np.log(shares / (1 - shares))


def calibrate(model: FusionModel, data: Encoded, shares: np.ndarray) -> None:
    """Fit one positive scale and one constant a modality on all presence sets of the calibration rows; set the prior.

    Within each presence set the rows are weighted to the population's label shares, so that a constant cannot say "there is
    a note, hence COVID-19": presence itself stays without evidence.
    """
    reset_calibration(model)
    with torch.no_grad():
        raw = model.evidence(tensors(model, data))  # (N, M, K)
    prior = torch.tensor(prior_logits(shares, model.config.exclusive), dtype=torch.float32)
    outcomes = torch.tensor(data.outcomes, dtype=torch.float32)
    present = data.present(model.modalities)
    parts = _presence_sets(present, data.outcomes, shares, model.config.exclusive)
    log_scale = torch.zeros(raw.shape[1], requires_grad=True)
    constant = torch.zeros(raw.shape[1], raw.shape[2], requires_grad=True)
    optimiser = torch.optim.LBFGS([log_scale, constant], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = PULL * log_scale.square().sum() + PULL_CONSTANT * constant.square().sum()
        for rows, shown, weights in parts:
            pieces = raw[rows] * log_scale.exp()[:, None] + constant
            logits = prior + pieces[:, shown].sum(1)
            loss = loss + (weights * _loss(logits, outcomes[rows], model.config.exclusive)).sum() / len(
                data.outcomes
            )
        loss.backward()
        return loss

    optimiser.step(closure)
    used = torch.tensor(present.any(0))
    with torch.no_grad():
        model.scale.copy_(torch.where(used, log_scale.exp(), torch.ones_like(log_scale)))
        centred = constant - constant.mean(1, keepdim=True) if model.config.exclusive else constant
        model.constant.copy_(centred * used[:, None])
        model.prior.copy_(prior)


def _presence_sets(
    present: np.ndarray, outcomes: np.ndarray, shares: np.ndarray, exclusive: bool
) -> list[tuple[np.ndarray, list[int], Tensor]]:
    """(rows, modalities shown, weights) for every non-empty set of modalities, rows that have them all."""
    sets = []
    count = present.shape[1]
    for size in range(1, count + 1):
        for shown in combinations(range(count), size):
            rows = np.flatnonzero(present[:, list(shown)].all(1))
            if len(rows):
                weights = _to_population(outcomes[rows], shares) if exclusive else np.ones(len(rows))
                sets.append((rows, list(shown), torch.tensor(weights, dtype=torch.float32)))
    return sets


def _to_population(outcomes: np.ndarray, shares: np.ndarray, most: float = 5.0) -> np.ndarray:
    """Weights (N,), mean 1, that give rows the population's label shares; none above `most`, so that no single row rules."""
    label = outcomes.argmax(1)
    found = np.bincount(label, minlength=len(shares)) / len(label)
    weights = np.minimum(shares[label] / found[label], most)
    return weights * len(label) / weights.sum()


def operating_points(probabilities: np.ndarray, outcomes: np.ndarray) -> list[float]:
    """For each label the threshold with the best sensitivity + specificity (Youden 1950) on calibration rows (N, K)."""
    points = []
    for k in range(probabilities.shape[1]):
        known = ~np.isnan(outcomes[:, k])
        score, truth = probabilities[known, k], outcomes[known, k] == 1
        if truth.all() or not truth.any():
            points.append(0.5)
            continue
        cuts = np.unique(score)
        middle = (cuts[1:] + cuts[:-1]) / 2 if len(cuts) > 1 else cuts
        gain = [(score[truth] >= c).mean() + (score[~truth] < c).mean() for c in middle]
        points.append(float(middle[int(np.argmax(gain))]))
    return points


def probabilities_of(logits: Tensor, exclusive: bool) -> np.ndarray:
    """Softmax or sigmoid of logits (N, K) as float64."""
    return (logits.double().softmax(1) if exclusive else logits.double().sigmoid()).numpy()


def _loss(logits: Tensor, outcomes: Tensor, exclusive: bool) -> Tensor:
    if exclusive:
        return F.cross_entropy(logits, outcomes.nan_to_num().argmax(1), reduction="none")
    known = ~outcomes.isnan()
    return (F.binary_cross_entropy_with_logits(logits, outcomes.nan_to_num(), reduction="none") * known).sum(
        1
    )

"""Makes stated probabilities true on patients of their own: scales and constants, operating points, conformal scores."""

from itertools import combinations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcore.metrics.calibration import expected_calibration_error, expected_if_calibrated, top_label
from mmcore.models.encoded import Encoded
from mmcore.models.fusion import FusionModel, set_place
from mmcore.training.heads.fit import exclusive_loss, label_places, reset_calibration, tensors
from mmcore.training.splits import fold_of

PULL = 0.02  # of the log scales towards 0, so that what few patients say cannot run away
FOLDS = 5  # of calibration patients, where one calibration must judge another
FEWEST_TO_SCALE = 50  # rows of a set of modalities before it may have a scale of its own
PULL_CONSTANT = 1.0  # of the constants: evidence is centred already, and presence must not speak through them


def label_shares(outcomes: np.ndarray, exclusive: bool) -> np.ndarray:
    """Share of each label among rows (N, K), unknown left out; exclusive labels get half a row more each (Jeffreys)."""
    if exclusive:
        counts = np.nansum(outcomes, 0) + 0.5
        shares: np.ndarray = counts / counts.sum()
    else:
        shares = (np.nansum(outcomes, 0) + 0.5) / ((~np.isnan(outcomes)).sum(0) + 1)
    return shares


def prior_logits(shares: np.ndarray, exclusive: bool) -> np.ndarray:
    """log of the shares (exclusive labels) or log(p / (1 - p)) (independent ones). (K,) -> (K,)."""
    odds: np.ndarray = np.log(shares) if exclusive else np.log(shares / (1 - shares))
    return odds


def calibrate(model: FusionModel, data: Encoded, shares: np.ndarray) -> None:
    """Fit one positive scale and one constant a modality on all presence sets of the calibration rows; set the prior.

    Within each presence set the rows are weighted to the population's label shares, so that a constant cannot say "there is
    a note, hence COVID-19": presence itself stays without evidence. shares (K,).
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


def held_out(model: FusionModel, data: Encoded, shares: np.ndarray) -> np.ndarray:
    """Probabilities (N, K) of each row under a calibration fitted without its patient: scores of prediction sets must not
    come from rows that the scales were fitted on. The model's own calibration is left as the last fold's.
    """
    which = np.array([fold_of(p, FOLDS) for p in data.patients])
    found = np.full(data.outcomes.shape, np.nan)
    for fold in np.unique(which):
        rest = data.take(which != fold)
        calibrate(model, rest if len(rest.keys) else data, shares)
        with torch.no_grad():
            logits = model.fuse(tensors(model, data.take(which == fold)))[0]
        found[which == fold] = probabilities_of(logits, model.config.exclusive)
    return found


def raw_evidence(model: FusionModel, data: Encoded) -> np.ndarray:
    """(N, M, K) of encoded rows before calibration, NaN where a modality is absent."""
    present = data.present(model.modalities)
    found = np.full((*present.shape, len(model.config.labels)), np.nan)
    with torch.no_grad():
        for name, x in tensors(model, data).items():
            found[:, model.modalities.index(name)] = model.raw_evidence(name, x).numpy()
    return np.where(present[:, :, None], found, np.nan)


def scale_sets(
    model: FusionModel, raw: np.ndarray, outcomes: np.ndarray, patients: np.ndarray, shares: np.ndarray
) -> dict[str, dict[str, float]]:
    """Give a set of modalities that is still off a scale of its own; names joined by + -> scale, and what it was judged by.

    raw (N, M, K): evidence before calibration of rows that trained no part of what scored them, NaN where absent. Judged on
    the rows that have the whole set, the other modalities hidden, from FEWEST_TO_SCALE rows on: the error lies above what a
    calibrated model would show, and a scale fitted without a fifth of the patients lowers their loss by more than one
    standard error. All other sets keep the scales that they share.
    """
    found: dict[str, dict[str, float]] = {}
    exclusive = model.config.exclusive
    model.set_scale.fill_(1.0)
    present, truth = ~np.isnan(raw).all(2), torch.tensor(outcomes, dtype=torch.float32)
    pieces = torch.tensor(np.nan_to_num(raw), dtype=torch.float32) * model.scale[:, None] + model.constant
    for rows, shown, weights in _presence_sets(present, outcomes, shares, exclusive):
        if len(rows) < FEWEST_TO_SCALE:
            continue
        evidence = pieces[rows][:, shown].sum(1)
        scales = torch.exp(torch.linspace(-1.6, 1.6, 65))
        logits = model.prior + evidence * scales[:, None, None]  # (S, n, K)
        losses = torch.stack([weights * _loss(x, truth[rows], exclusive) for x in logits]).numpy()
        losses = losses + PULL * np.log(scales.numpy())[:, None] ** 2
        p = probabilities_of(logits[32], exclusive)  # a scale of 1
        stated, happened, _ = top_label(p, outcomes[rows], exclusive)
        error = float(expected_calibration_error(stated, happened)[0])
        limit = expected_if_calibrated(stated)["high"]
        gain, spread = _gain(losses, patients[rows])
        if error > limit and gain > spread:
            chosen = float(scales[int(losses.mean(1).argmin())])
            here = torch.isin(torch.arange(len(model.modalities)), torch.tensor(shown))
            model.set_scale[set_place(here)] = chosen
            found["+".join(model.modalities[m] for m in shown)] = {
                "scale": chosen, "rows": len(rows), "calibration_error_before": error, "limit": limit, "gain": gain,
            }  # fmt: skip
    return found


def _gain(losses: np.ndarray, patients: np.ndarray) -> tuple[float, float]:
    """(mean, standard error over patients) of how much the best of the scales lowers the loss of patients who did not choose
    it; losses (S, n), the middle row is the scale of 1.
    """
    which = np.array([fold_of(p, FOLDS) for p in patients])
    lower = np.zeros(len(patients))
    for fold in np.unique(which):
        rest = losses[:, which != fold]
        if rest.shape[1]:
            best = int(rest.mean(1).argmin())
            lower[which == fold] = (losses[len(losses) // 2] - losses[best])[which == fold]
    _, who = np.unique(patients, return_inverse=True)
    each = np.bincount(who, lower) / np.bincount(who)
    return float(each.mean()), float(each.std(ddof=1) / len(each) ** 0.5) if len(each) > 1 else float("inf")


def calibrated_joint(model: FusionModel, data: Encoded, shares: np.ndarray) -> tuple[float, Tensor]:
    """(scale, constant (K,)) that make a joint head's logits true on the calibration rows, the prior within the constant."""
    with torch.no_grad():
        raw = model.logits(tensors(model, data))
    outcomes = torch.tensor(data.outcomes, dtype=torch.float32)
    prior = torch.tensor(prior_logits(shares, model.config.exclusive), dtype=torch.float32)
    log_scale, shift = torch.zeros(1, requires_grad=True), torch.zeros(raw.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([log_scale, shift], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = _loss(raw * log_scale.exp() + prior + shift, outcomes, model.config.exclusive).mean()
        loss = loss + PULL * log_scale.square().sum() + PULL * shift.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return float(log_scale.detach().exp()), (prior + shift).detach()


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
    """Weights (N,), mean 1, that give rows the population's label shares; none above `most`, so that no single row rules.

    A row whose label is not known, or only which it is not, has the weight 1 before all are brought to that mean.
    """
    label = label_places(outcomes)
    known = label < len(shares)
    found = np.bincount(label, minlength=len(shares) + 1) / max(known.sum(), 1)
    weights = np.ones(len(label))
    weights[known] = np.minimum(shares[label[known]] / found[label[known]], most)
    scaled: np.ndarray = weights * len(label) / weights.sum()
    return scaled


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
        return exclusive_loss(logits, outcomes)
    known = ~outcomes.isnan()
    return (F.binary_cross_entropy_with_logits(logits, outcomes.nan_to_num(), reduction="none") * known).sum(
        1
    )

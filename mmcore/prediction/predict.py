"""From encodings to calibrated probabilities under a pre-test probability."""

from collections.abc import Collection, Mapping

import numpy as np
import torch
from torch import Tensor

from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.notice import Notice
from mmcore.domain.prediction import Contrast, Prediction
from mmcore.domain.task import CaseTask, Modality
from mmcore.metrics.conformal import p_values
from mmcore.prediction.encode import Encodings, centred
from mmcore.prediction.engine import Engine


def predict(
    engine: Engine,
    case: Case,
    encodings: Encodings,
    prior: Mapping[str, float] | None,
    contrast: Contrast | None,
) -> Prediction:
    """Fuse the encodings under a prior. Raises NothingToPredictError where nothing is left."""
    model, task = engine.stored.model, engine.task
    inputs = centred(engine, encodings)
    if not inputs:
        raise NothingToPredictError(
            "nothing_to_predict",
            reasons=[*case.refused, *encodings.gates, *encodings.warnings, *_shown_only(task, case)],
            gates=list(encodings.gates),
        )
    with torch.no_grad():
        logits, shares = model.fuse(inputs)
    evidence = shares[0].double()
    default = (logits[0].double() - evidence.sum(0)).tolist()
    chosen = (
        _prior_logits(task, prior, engine.facts.label_share)
        if prior
        else dict(zip(task.labels, default, strict=True))
    )
    totals = torch.tensor([chosen[k] for k in task.labels], dtype=torch.float64) + evidence.sum(0)
    usual = torch.tensor(default, dtype=torch.float64) + evidence.sum(0)
    probabilities, reference = (
        dict(zip(task.labels, _squash(x, task).tolist(), strict=True)) for x in (totals, usual)
    )
    confidence = engine.facts.conformal.confidence
    plausible = p_values(engine.rounds, reference)
    return Prediction(
        task=task.name,
        labels=task.labels,
        exclusive=task.exclusive,
        prior_logits=chosen,
        evidence=_account(engine, evidence, inputs),
        probabilities=probabilities,
        prediction_set=tuple(k for k in task.labels if plausible[k] > 1 - confidence),
        contrast=contrast or _usual_contrast(task, probabilities),
        notices=(*case.refused, *encodings.gates, *encodings.warnings, *_shown_only(task, case)),
        model_version=engine.stored.version,
        model_sha256=engine.stored.sha256,
        p_values=plausible,
        confidence=confidence,
    )


def _account(
    engine: Engine, evidence: Tensor, inputs: Collection[str]
) -> dict[Modality, dict[str, float] | None]:
    """modality -> label -> evidence (M, K); None for one that is absent or only shown."""
    labels = engine.task.labels
    return {
        Modality(m): dict(zip(labels, evidence[i].tolist(), strict=True)) if m in inputs else None
        for i, m in enumerate(engine.stored.model.modalities)
    } | dict.fromkeys(engine.task.shown)


def _shown_only(task: CaseTask, case: Case) -> tuple[Notice, ...]:
    """A notice for each modality of the case that is taken and shown and adds 0, for want of data to learn from."""
    given = {Modality.IMAGE: case.scan, Modality.TEXT: case.note, Modality.WAVEFORM: case.waveform}
    return tuple(
        Notice("shown_only", {"modality": m.value}, m.value) for m in task.shown if given.get(m) is not None
    )


def _squash(logits: Tensor, task: CaseTask) -> Tensor:
    return logits.softmax(0) if task.exclusive else logits.sigmoid()


def _usual_contrast(task: CaseTask, probabilities: Mapping[str, float]) -> Contrast:
    ranked = sorted(task.labels, key=lambda k: -probabilities[k])
    return Contrast(ranked[0], ranked[1] if task.exclusive else None)


def _prior_logits(
    task: CaseTask, prior: Mapping[str, float], shares: Mapping[str, float]
) -> dict[str, float]:
    """Log-odds of a stated pre-test probability; labels not stated keep their proportions in what is left."""
    clipped = {k: min(max(float(p), 1e-4), 1 - 1e-4) for k, p in prior.items()}
    if not task.exclusive:
        stated = {k: clipped.get(k, shares[k]) for k in task.labels}
        return {k: float(np.log(p / (1 - p))) for k, p in stated.items()}
    stated = _completed(clipped, {k: shares[k] for k in task.labels if k not in clipped})
    return {k: float(np.log(stated[k] / sum(stated.values()))) for k in task.labels}


def _completed(stated: Mapping[str, float], open_shares: Mapping[str, float]) -> dict[str, float]:
    """What is stated, and the rest of 1 divided among the other labels by their usual shares."""
    rest, whole = max(1 - sum(stated.values()), 1e-4), sum(open_shares.values()) or 1.0
    return dict(stated) | {k: rest * share / whole for k, share in open_shares.items()}

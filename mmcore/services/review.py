"""From a case to its account: the prediction, the evidence of each modality and the attributions that sum to it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmcore.domain.case import Case, Notice
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.prediction import Attribution, Contrast, Prediction
from mmcore.domain.task import Modality, Task
from mmcore.metrics.conformal import p_values
from mmcore.preprocess.text import negations
from mmcore.services.attribute import EXACT, attribute_all
from mmcore.services.engine import Encodings, Engine, centred, encode, load_engine

__all__ = ["Engine", "Review", "load_engine", "predict", "review"]


@dataclass(frozen=True)
class Review:
    """All that the screen shows of a case, see Prediction and Attribution. Spans are character ranges of `note_text`."""

    case: Case
    prediction: Prediction
    attributions: tuple[Attribution, ...]
    failed: tuple[Notice, ...]
    note_text: str | None
    masked_spans: tuple[tuple[int, int, str], ...]
    negated_spans: tuple[tuple[int, int], ...]
    lung_outline: np.ndarray | None
    identified: Mapping[str, bool]
    gates: tuple[Notice, ...]
    operating_point: Mapping[str, float]
    default_prior: Mapping[str, float]
    scales: Mapping[str, float]


def review(
    engine: Engine,
    case: Case,
    *,
    prior: Mapping[str, float] | None = None,
    contrast: Contrast | None = None,
    memory: dict | None = None,
    tokens: str = EXACT,
) -> Review:
    """The account of a case. `memory` keeps encodings and attributions by content, so that a changed prior computes nothing.

    prior: label -> probability, unknown labels share the rest. Raises NothingToPredictError if no modality can be used.
    """
    memory = {} if memory is None else memory
    encodings = encode(engine, case, memory)
    prediction = predict(engine, case, encodings, prior, contrast)
    attributions, failed = attribute_all(engine, prediction, encodings, memory, tokens)
    text_in = encodings.text_in
    return Review(
        case=case,
        prediction=prediction,
        attributions=attributions,
        failed=failed,
        note_text=text_in.note if text_in else case.note,
        masked_spans=tuple((s.start, s.end, s.category) for s in text_in.masked.spans) if text_in else (),
        negated_spans=tuple((n.start, n.end) for n in negations(text_in.note)) if text_in else (),
        lung_outline=encodings.image_in.lungs if encodings.image_in else None,
        identified=engine.taught,
        gates=encodings.gates,
        operating_point=engine.facts["operating_point"],
        default_prior=engine.facts["label_share"],
        scales=dict(zip(engine.stored.model.modalities, engine.stored.model.scale.tolist(), strict=True)),
    )


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
        _prior_logits(task, prior, engine.facts["label_share"])
        if prior
        else dict(zip(task.labels, default, strict=True))
    )
    account = {
        Modality(m): dict(zip(task.labels, evidence[i].tolist(), strict=True)) if m in inputs else None
        for i, m in enumerate(model.modalities)
    } | dict.fromkeys(task.shown)
    totals = torch.tensor([chosen[k] for k in task.labels], dtype=torch.float64) + evidence.sum(0)
    usual = torch.tensor(default, dtype=torch.float64) + evidence.sum(0)
    probabilities, reference = (
        dict(zip(task.labels, _squash(x, task).tolist(), strict=True)) for x in (totals, usual)
    )
    confidence = engine.facts["conformal"]["confidence"]
    plausible = p_values(engine.rounds, reference)
    return Prediction(
        task=task.name,
        labels=task.labels,
        exclusive=task.exclusive,
        prior_logits=chosen,
        evidence=account,
        probabilities=probabilities,
        prediction_set=tuple(k for k in task.labels if plausible[k] > 1 - confidence),
        contrast=contrast or _usual_contrast(task, probabilities),
        notices=(*case.refused, *encodings.gates, *encodings.warnings, *_shown_only(task, case)),
        model_version=engine.stored.version,
        model_sha256=engine.stored.sha256,
        p_values=plausible,
        confidence=confidence,
    )


def _shown_only(task: Task, case: Case) -> tuple[Notice, ...]:
    """A notice for each modality of the case that is taken and shown and adds 0, for want of data to learn from."""
    given = {Modality.IMAGE: case.scan, Modality.TEXT: case.note, Modality.WAVEFORM: case.waveform}
    return tuple(
        Notice("shown_only", {"modality": m.value}, m.value) for m in task.shown if given.get(m) is not None
    )


def _squash(logits: Tensor, task: Task) -> Tensor:
    return logits.softmax(0) if task.exclusive else logits.sigmoid()


def _usual_contrast(task: Task, probabilities: Mapping[str, float]) -> Contrast:
    ranked = sorted(task.labels, key=lambda k: -probabilities[k])
    return Contrast(ranked[0], ranked[1] if task.exclusive else None)


def _prior_logits(task: Task, prior: Mapping[str, float], shares: Mapping[str, float]) -> dict[str, float]:
    """Log-odds of a stated pre-test probability; labels not stated keep their proportions in what is left."""
    clipped = {k: min(max(float(p), 1e-4), 1 - 1e-4) for k, p in prior.items()}
    if not task.exclusive:
        stated = {k: clipped.get(k, shares[k]) for k in task.labels}
        return {k: float(np.log(p / (1 - p))) for k, p in stated.items()}
    open_labels = [k for k in task.labels if k not in clipped]
    rest = max(1 - sum(clipped.values()), 1e-4)
    whole = sum(shares[k] for k in open_labels) or 1.0
    stated = clipped | {k: rest * shares[k] / whole for k in open_labels}
    return {k: float(np.log(stated[k] / sum(stated.values()))) for k in task.labels}

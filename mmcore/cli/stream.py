"""Predicting a stay from a file named on the command line, as JSON of the contract."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mmcore.cli.priors import stated_priors
from mmcore.domain.errors import MmcoreError, NothingToPredictError
from mmcore.domain.model_facts import Json
from mmcore.domain.notice import Notice
from mmcore.domain.stream import Stay, StreamAttribution
from mmcore.domain.task import Modality, StreamTask
from mmcore.intake.stream.file import read_stay
from mmcore.intake.stream.log import log_of
from mmcore.metrics.conformal import fit_rounds, predict_set
from mmcore.models.stream_model import StreamModel, probability
from mmcore.monitor.risk import early_warning, explain, risk_at
from mmcore.stores.stream_store import StoredStream, load_stream
from mmcore.tasks import stream_task
from mmcore.words import tell

STRONGEST = 8  # contributions listed


def predict_stay(
    task_name: str, files: Mapping[str, Sequence[str]], priors: Sequence[str], accept_corrections: bool
) -> dict[str, Json]:
    """The contract's `predict` for a stay, at its latest measurement.

    Raises NothingToPredictError where nothing was measured, OutOfRangeError or UnknownFieldError for a bad --prior.
    """
    task = stream_task(task_name)
    stored = load_stream(task_name)
    warnings = [
        Notice("modality_not_asked", {}, kind) for kind, paths in files.items() if paths and kind != "vitals"
    ]
    stay, told = _stay_of(files.get("vitals", ()), task, accept_corrections)
    warnings += told
    prior = _prior(priors, task, stored.model)
    minute = float(stay.minutes[-1]) if len(stay.minutes) else 0.0
    try:
        found = risk_at(stored.model, task, stay, minute)
    except NothingToPredictError as error:
        reasons = " ".join(tell(n) for n in [*warnings, Notice(error.code)])
        raise NothingToPredictError("nothing_to_predict", reasons=reasons) from error
    made = explain(stored.model, task, stay, minute)
    warnings += found.notices
    return as_json(task, stored, stay, made, prior) | {
        "warnings": [{"code": n.code, "message": tell(n)} for n in warnings]
    }


def as_json(
    task: StreamTask, stored: StoredStream, stay: Stay, made: StreamAttribution, prior: float
) -> dict[str, Json]:
    """A risk with its account, in the form of the contract; beside it the hour, the strongest parameters and NEWS2."""
    label = stored.model.label
    chance = float(probability(prior + made.total))
    usual = abs(prior - stored.model.prior) < 1e-12
    score = early_warning(stay, task, made.minute)
    strongest = sorted(made.by_parameter.items(), key=lambda item: -abs(item[1]))[:STRONGEST]
    return {
        "task": task.name,
        "labels": list(task.labels),
        "probabilities": {label: chance},
        "prior_logits": {label: prior},
        "evidence": {Modality.CLINICAL.value: {label: made.total}},
        "contrast": {"for": label, "against": None, "total": prior + made.total},
        "attributions": [
            {
                "modality": Modality.CLINICAL.value,
                "method": made.method,
                "total": made.total,
                "constant": made.constant,
                "sum": made.sum,
                "residual": made.residual,
            }
        ],
        "prediction_set": list(not_excluded(stored, label, chance, made.minute))
        if usual
        else list(task.labels),
        "model": {"version": stored.version, "sha256": stored.sha256},
        "hour": round(made.minute / 60, 3),
        "by_parameter": {name: value for name, value in strongest if value},
        "news2": {"total": score.total, "points": dict(score.points), "unknown": list(score.unknown)},
    }


def not_excluded(stored: StoredStream, label: str, chance: float, minute: float) -> tuple[str, ...]:
    """The label if it cannot be excluded at the stored confidence, by calibration patients at the nearest reported hour."""
    conformal = stored.model.facts.conformal
    hours = {float(h): scores for h, scores in conformal.scores.items()}
    nearest = min(hours, key=lambda h: abs(h - minute / 60))
    return predict_set(fit_rounds(hours[nearest]), {label: chance}, conformal.confidence)


def _stay_of(paths: Sequence[str], task: StreamTask, accept: bool) -> tuple[Stay, list[Notice]]:
    """The stay of the first usable file; what else there is to say."""
    told: list[Notice] = []
    for path in paths:
        if not Path(path).is_file():
            told.append(Notice("file_not_found", {}, Modality.CLINICAL.value))
            continue
        try:
            readings = read_stay(Path(path).read_bytes())
        except MmcoreError as error:
            told.append(Notice(error.code, error.values, Modality.CLINICAL.value))
            continue
        log, noticed = log_of(readings, readings[0].stay if readings else "", task, accept)
        return log.stay(), [*told, *noticed]
    empty = np.zeros(0)
    return Stay("", empty, empty.astype(int), empty), told


def _prior(stated: Sequence[str], task: StreamTask, model: StreamModel) -> float:
    """Log-odds before any evidence: the model's, or those of LABEL=P."""
    share = (stated_priors(stated, task) or {}).get(model.label)
    return model.prior if share is None else float(np.log(share / (1 - share)))

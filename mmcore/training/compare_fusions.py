"""Other ways to join the modalities, fitted on the same patients from the same encodings, beside the model that ships."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mmcore.domain.errors import PackError
from mmcore.domain.model_facts import Json, ModelFacts
from mmcore.domain.pack import PackRow
from mmcore.domain.patient_marks import patient_mark
from mmcore.domain.progress import Progress
from mmcore.evaluation.encode_rows import encode_rows, features_of_scans, features_of_waveforms
from mmcore.metrics.calibration import calibration_figures
from mmcore.metrics.figures import interval, macro_auroc, patient_weights
from mmcore.models.encoded import Encoded
from mmcore.models.fusion import FusionConfig, FusionModel
from mmcore.prediction.engine import Engine
from mmcore.training.encoders import labelled_rows
from mmcore.training.heads.calibrate import calibrate, calibrated_joint, probabilities_of
from mmcore.training.heads.fit import HeadSettings, fit_heads, tensors
from mmcore.training.recipe import settings_for

FUSIONS = ("additive", "concat", "gated", "attention")
RESAMPLES = 1000
RUNS = 7  # interleaved, as in the bench


@dataclass(frozen=True)
class Fitted:
    """A fitted and calibrated model, and what it states: inputs -> probabilities (N, K) by its calibration."""

    model: FusionModel
    stated: Callable[[Mapping[str, torch.Tensor]], np.ndarray]


def compare(engine: Engine, data: Path, progress: Progress) -> dict[str, Json]:
    """Fit every fusion on the training patients of the shipped model, from its own encoders, and score the rest of DIR.

    Writes fusions.json beside the model's card. Raises PackError where DIR has no training or no other patients, or the task
    has one modality.
    """
    if len(engine.task.modalities) < 2:
        raise PackError("nothing_to_join", task=engine.task.name)
    rows = labelled_rows(engine.task, data)
    stored = engine.stored
    everyone = encodings_of(engine, rows, progress)
    marks = np.array([patient_mark(p) for p in everyone.patients])
    parts = {n: np.isin(marks, engine.facts.patients[n]) for n in ("train", "calibration")}
    parts["test"] = ~(parts["train"] | parts["calibration"])
    if not all(p.any() for p in parts.values()):
        raise PackError("pack_without_training_patients", directory=Path(data).name)
    found = compared(stored.model, everyone, parts, settings_for(engine.task, {}).heads)
    out = {"task": engine.task.name, "version": stored.version, **found}
    write_fusions(stored.directory, out)
    return out


def encodings_of(engine: Engine, rows: Sequence[PackRow], progress: Progress) -> Encoded:
    """Encodings of rows by the stored model's encoders, exactly as at the bedside."""
    stored = engine.stored
    features: dict[str, np.ndarray] = {}
    if stored.model.image_encoder is not None:
        size = engine.facts.image_size
        features["image"] = features_of_scans(stored.model, rows, stored.lungs, size, progress)
    if stored.model.waveform_encoder is not None:
        features["waveform"] = features_of_waveforms(stored.model, rows, progress)
    return encode_rows(stored.model, stored.tokenizer, engine.task, rows, features, {})


def write_fusions(folder: Path, found: Mapping[str, Json]) -> None:
    """Store the comparison beside the card."""
    (folder / "fusions.json").write_text(
        json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def compared(
    shipped: FusionModel, everyone: Encoded, parts: Mapping[str, np.ndarray], heads: HeadSettings
) -> dict[str, Json]:
    """Every fusion and every single modality on the same splits, in macro AUROC, calibration, faithfulness and milliseconds.

    everyone: encodings by the shipped model's encoders; parts: train, calibration, test -> (N,) bool. The shipped model itself
    stands beside them: its heads may have seen more than these rows.
    """
    train, calibration, test = (everyone.take(parts[n]) for n in ("train", "calibration", "test"))
    fitted = {kind: _fit(shipped, kind, train, calibration, heads) for kind in FUSIONS}
    weights = patient_weights(test.patients.tolist(), RESAMPLES)
    areas = {kind: _area(f, test, weights) for kind, f in fitted.items()}
    times = _times(fitted, test)
    found: dict[str, Json] = {
        "rows": {name: int(np.sum(part)) for name, part in parts.items()},
        "shipped": _figures(Fitted(shipped, lambda x: _stated(shipped, x)), test, weights),
        "fusions": {
            kind: _figures(f, test, weights) | {"milliseconds": times[kind]} for kind, f in fitted.items()
        },
        "single": _singles(shipped, fitted["additive"], train, calibration, test, heads),
    }
    known = {kind: area for kind, area in areas.items() if area is not None}
    if len(known) < len(areas):
        return found
    best = max(FUSIONS, key=lambda kind: float(known[kind][0]))
    span = interval(known[best])
    return found | {
        "best": best,
        "additive_within_best": bool(known["additive"][0] >= span["low"]),
        "difference": interval(known[best] - known["additive"]),
    }


def joined_otherwise(model: FusionModel, kind: str, train: Encoded, heads: HeadSettings) -> FusionModel:
    """The model with another fusion on the same encodings, its heads fitted anew and not yet calibrated."""
    other = FusionModel(FusionConfig.from_dict(model.config.to_dict() | {"fusion": kind}))
    other.load_state_dict(model.state_dict(), strict=False)
    other.train(False).requires_grad_(False)
    fit_heads(other, train, heads)
    return other


def _fit(
    shipped: FusionModel, kind: str, train: Encoded, calibration: Encoded, heads: HeadSettings
) -> Fitted:
    """Heads of one fusion on the shipped model's encodings, calibrated on the calibration patients."""
    model = joined_otherwise(shipped, kind, train, heads)
    stored = ModelFacts.of_json(shipped.config.facts)
    shares = np.array([stored.label_share[k] for k in shipped.config.labels])
    if kind == "additive":
        calibrate(model, calibration, shares)
        return Fitted(model, lambda x: _stated(model, x))
    scale, constant = calibrated_joint(model, calibration, shares)
    return Fitted(model, lambda x: _stated(model, x, scale, constant))


def _stated(
    model: FusionModel,
    inputs: Mapping[str, torch.Tensor],
    scale: float = 1.0,
    constant: torch.Tensor | None = None,
) -> np.ndarray:
    with torch.no_grad():
        logits = model.logits(inputs) * scale
    return probabilities_of(logits if constant is None else logits + constant, model.config.exclusive)


def _area(fitted: Fitted, data: Encoded, weights: np.ndarray) -> np.ndarray | None:
    return macro_auroc(fitted.stated(tensors(fitted.model, data)), data.outcomes, weights)


def _figures(fitted: Fitted, data: Encoded, weights: np.ndarray) -> dict[str, Json]:
    """Macro AUROC, calibration and faithfulness on some rows."""
    p = fitted.stated(tensors(fitted.model, data))
    areas = macro_auroc(p, data.outcomes, weights)
    calibration = calibration_figures(p, data.outcomes, weights, fitted.model.config.exclusive)
    kept = ("expected_calibration_error", "expected_if_calibrated", "within", "brier_score")
    return (
        {"n": len(data.keys), "macro_auroc": None if areas is None else interval(areas)}
        | {k: calibration[k] for k in kept if k in calibration}
        | faithfulness(fitted.model, data)
    )


def faithfulness(model: FusionModel, data: Encoded) -> dict[str, Json]:
    """How well each modality's stated share tells what taking that modality away does to the contrast.

    Over rows with two modalities or more: the correlation of shares and changes, and their largest difference in log-odds.
    The contrast is the likeliest label against the runner-up, or the likeliest independent label. None without such rows.
    """
    present = data.present(model.modalities)
    data = data.take(present.sum(1) >= 2)
    present = present[present.sum(1) >= 2]
    if len(data.keys) < 2:
        return {"faithfulness": None, "largest_gap": None}
    inputs = tensors(model, data)
    with torch.no_grad():
        logits, shares = model.fuse(inputs)
        top = logits.topk(min(2, logits.shape[1]), 1).indices
        pair = top if model.config.exclusive else top[:, :1]
        whole, stated, changed = _contrast(logits, pair), [], []
        for m, name in enumerate(model.modalities):
            rows = present[:, m]
            if rows.any():
                left = {n: x[rows] for n, x in inputs.items() if n != name}
                without = _contrast(model.logits(left), pair[rows])
                stated.append(_contrast(shares[:, m], pair)[rows])
                changed.append(whole[rows] - without)
    a, b = torch.cat(stated).numpy(), torch.cat(changed).numpy()
    spread = a.std() > 0 and b.std() > 0
    return {
        "faithfulness": round(float(np.corrcoef(a, b)[0, 1]), 4) if spread else None,
        "largest_gap": round(float(np.abs(a - b).max()), 4),
    }


def _contrast(by_label: torch.Tensor, pair: torch.Tensor) -> torch.Tensor:
    """(N, K) and the labels of each row (N, 1 or 2) -> (N,) first less second."""
    chosen = by_label.gather(1, pair)
    return chosen[:, 0] - chosen[:, 1] if pair.shape[1] == 2 else chosen[:, 0]


def _singles(
    shipped: FusionModel,
    additive: Fitted,
    train: Encoded,
    calibration: Encoded,
    test: Encoded,
    heads: HeadSettings,
) -> dict[str, Json]:
    """modality -> figures of a model trained on it alone, on the rows that have it, and the additive fusion on those rows."""
    found: dict[str, Json] = {}
    for m, name in enumerate(shipped.modalities):
        rows = test.present(shipped.modalities)[:, m]
        others = tuple(n for n in shipped.modalities if n != name)
        known = train.present(shipped.modalities)[:, m], calibration.present(shipped.modalities)[:, m]
        if not rows.any() or not known[0].any() or not known[1].any():
            continue
        alone = _fit(
            shipped, "additive", train.take(known[0]).without(others), calibration.take(known[1]).without(others),
            heads,
        )  # fmt: skip
        weights = patient_weights(test.patients[rows].tolist(), RESAMPLES)
        figures = _figures(alone, test.take(rows).without(others), weights)
        joined = _area(additive, test.take(rows), weights)
        if figures["macro_auroc"] is not None and joined is not None:
            found[name] = figures | {"additive_on_same_rows": interval(joined)}
    return found


def _times(fitted: Mapping[str, Fitted], data: Encoded) -> dict[str, float]:
    """Median milliseconds of joining one row and sharing it out, without the encoders; runs interleaved."""
    fullest = int(np.argmax(data.present(next(iter(fitted.values())).model.modalities).sum(1)))
    row = {kind: tensors(f.model, data.take(np.array([fullest]))) for kind, f in fitted.items()}
    taken: dict[str, list[float]] = {kind: [] for kind in fitted}
    with torch.no_grad():
        for turn in range(RUNS + 1):  # the first warms up
            for kind, f in fitted.items():
                started = time.perf_counter()
                f.model.fuse(row[kind])
                if turn:
                    taken[kind].append((time.perf_counter() - started) * 1000)
    return {kind: round(float(np.median(runs)), 3) for kind, runs in taken.items()}

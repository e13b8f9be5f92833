"""Calibrates the prediction sets of a model anew: on its own calibration patients, each patient once, scores held out."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmcore.domain.errors import PackError
from mmcore.domain.pack import PackRow
from mmcore.evaluation.conformal import conformalize
from mmcore.services.engine import Engine
from mmcore.services.evaluate import patient_mark
from mmcore.services.fitting import labelled_rows
from mmcore.services.packs import Progress, encode_rows, features_of_scans, features_of_waveforms
from mmcore.stores.model_store import write_digests
from mmcore.training.calibrate import held_out
from mmcore.training.heads import Encoded


def encodings_of(engine: Engine, rows: Sequence[PackRow], progress: Progress) -> Encoded:
    """Encodings of rows by the stored model's encoders, exactly as at the bedside."""
    stored, features = engine.stored, {}
    if stored.model.image_encoder is not None:
        size = engine.facts["image"]["size"]
        features["image"] = features_of_scans(stored.model, rows, stored.lungs, size, progress)
    if stored.model.waveform_encoder is not None:
        features["waveform"] = features_of_waveforms(stored.model, rows, progress)
    return encode_rows(stored.model, stored.tokenizer, engine.task, rows, features, {})


def conformalize_model(engine: Engine, data: Path, progress: Progress) -> dict:
    """Store new conformal scores in the model's configuration; weights and probabilities stay as they are.

    Raises PackError where DIR does not hold the calibration patients. The engine in memory is not to be used afterwards.
    """
    known = set(engine.facts["patients"]["calibration"])
    rows = [r for r in labelled_rows(engine.task, data) if patient_mark(r.patient) in known]
    if not rows:
        raise PackError("pack_without_training_patients", directory=Path(data).name)
    task, calibration = engine.task, encodings_of(engine, rows, progress)
    shares = np.array([engine.facts["label_share"][k] for k in task.labels])
    unseen = held_out(engine.stored.model, calibration, shares)
    scores = conformalize(task.labels, unseen, calibration.outcomes, calibration.patients, task.exclusive)
    path = engine.stored.directory / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["facts"]["conformal"]["scores"] = scores
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    write_digests(engine.stored.directory)
    return {
        "task": task.name,
        "version": engine.stored.version,
        "rows": len(rows),
        "patients": {name: len(groups) for name, groups in scores.items()},
    }

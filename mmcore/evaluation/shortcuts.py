"""How well the hospital can be read off each modality's encodings: what a model could cheat with."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from mmcore.domain.model_facts import Json
from mmcore.domain.pack import PackRow
from mmcore.prediction.encode import Encodings, centred
from mmcore.prediction.engine import Engine

FEWEST = 10  # rows of a source, else it is left out
FOLDS = 5


def shortcut_report(engine: Engine, encoded: Sequence[tuple[PackRow, Encodings]]) -> dict[str, Json]:
    """modality -> {n, sources, accuracy, majority}: cross-validated by patient, a logistic regression from encoding to source.

    accuracy well above `majority` (always naming the commonest source) means that the encoding knows where it comes from.
    """
    out: dict[str, Json] = {}
    for modality in engine.task.modalities:
        rows, features = [], []
        for row, encodings in encoded:
            x = centred(engine, encodings).get(modality.value)
            if x is not None:
                rows.append(row)
                features.append(_finite(engine, modality.value, x))
        out[modality.value] = _readable(rows, np.array(features))
    return out


def _finite(engine: Engine, modality: str, x: Tensor) -> np.ndarray:
    """An encoding (1, D) without NaN; clinical values as the head expands them, so that an unknown one is its background."""
    return (engine.stored.model.clinical_head.expand(x) if modality == "clinical" else x)[0].float().numpy()


def _readable(rows: Sequence[PackRow], features: np.ndarray) -> dict[str, Json]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    sources = np.array([r.source for r in rows])
    names, counts = np.unique(sources, return_counts=True)
    keep = np.isin(sources, names[counts >= FEWEST])
    patients = np.array([r.patient for r in rows])
    if len(names[counts >= FEWEST]) < 2 or len(set(patients[keep])) < FOLDS:
        return {"n": int(keep.sum()), "skipped": f"needs two sources with {FEWEST} rows each"}
    reader = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    told = cross_val_predict(
        reader, features[keep], sources[keep], groups=patients[keep], cv=GroupKFold(FOLDS)
    )
    return {
        "n": int(keep.sum()),
        "sources": len(set(sources[keep])),
        "accuracy": round(float((told == sources[keep]).mean()), 4),
        "majority": round(float(counts.max() / keep.sum()), 4),
    }

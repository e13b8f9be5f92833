"""The stored cases that are nearest in evidence: alike not because they look alike, but because the same things speak for the same labels."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmcore.domain.prediction import Contrast, Prediction
from mmcore.domain.worklist import CaseSummary, Decision
from mmcore.stores.case_store import CaseStore

Evidence = Mapping[str, Mapping[str, float] | None]  # modality -> label -> log-odds; None where it was absent
LEAST_SPREAD = 0.25  # log-odds; a smaller spread among few cases would blow up what is no difference. Judgement: this project's
SPEAKS = 0.1  # log-odds; below, a piece of evidence says nothing worth comparing
VERY_ALIKE, ALIKE = 0.5, 1.0  # standard deviations per piece of evidence


@dataclass(frozen=True)
class Beside:
    """One modality of both cases: its evidence for the contrast in log-odds, None where it was absent.

    kind: same (both speak the same way), opposite, silent (neither says much), one (only one of them speaks or was there).
    """

    modality: str
    here: float | None
    there: float | None
    kind: str


@dataclass(frozen=True)
class Neighbour:
    """A case like this one. distance: standard deviations, root mean square over modalities and labels; closeness: very,
    alike or least. decision: the latest that was made on it."""

    summary: CaseSummary
    distance: float
    closeness: str
    beside: tuple[Beside, ...]
    decision: Decision | None


def similar_cases(store: CaseStore, key: str, prediction: Prediction, most: int = 5) -> tuple[Neighbour, ...]:
    """The nearest cases of the same task that this very model has scored, nearest first; never the case itself."""
    stored = store.evidence(prediction.task, prediction.model_sha256)
    here = {str(m): e for m, e in prediction.evidence.items()}
    others = {k: e for k, e in stored.items() if k != key}
    if not others:
        return ()
    table = np.stack([vector(e, prediction) for e in (here, *others.values())])
    spread = np.maximum(table.std(0), LEAST_SPREAD)
    distances = np.sqrt((((table[1:] - table[0]) / spread) ** 2).mean(1))
    nearest = sorted(zip(distances.tolist(), others, strict=True))[:most]
    return tuple(
        Neighbour(
            summary=store.summary(other),
            distance=distance,
            closeness=_closeness(distance),
            beside=compare(here, others[other], prediction.contrast),
            decision=next(iter(store.decisions(other)), None),
        )
        for distance, other in nearest
    )


def _closeness(distance: float) -> str:
    if distance < VERY_ALIKE:
        return "very"
    return "alike" if distance < ALIKE else "least"


def vector(evidence: Evidence, prediction: Prediction) -> np.ndarray:
    """(M x K,) what each modality adds to each label; an absent one adds 0. Exclusive labels: less the mean over the labels,
    which changes no probability."""
    rows = np.zeros((len(prediction.evidence), len(prediction.labels)))
    for m, modality in enumerate(prediction.evidence):
        given = evidence.get(str(modality))
        if given is not None:
            rows[m] = [given[k] for k in prediction.labels]
    return (rows - rows.mean(1, keepdims=True) if prediction.exclusive else rows).ravel()


def compare(here: Evidence, there: Evidence, contrast: Contrast) -> tuple[Beside, ...]:
    """Modality by modality: do both cases' pieces of evidence say the same for the contrast?"""
    found = []
    for modality in here:
        one, other = (None if (e := side.get(modality)) is None else contrast.of(e) for side in (here, there))
        found.append(Beside(modality, one, other, _kind(one, other)))
    return tuple(found)


def _kind(one: float | None, other: float | None) -> str:
    loud = [x for x in (one, other) if x is not None and abs(x) >= SPEAKS]
    if len(loud) < 2:
        return "one" if loud else "silent"
    return "same" if loud[0] * loud[1] > 0 else "opposite"


def not_scored(store: CaseStore, task: str, model_sha256: str) -> tuple[CaseSummary, ...]:
    """The cases of a task whose evidence under this model is not known yet."""
    known = store.evidence(task, model_sha256)
    return tuple(row for row in store.summaries() if row.task == task and row.key not in known)

"""Prediction sets: the labels that cannot be excluded at a chosen confidence, promised for every label on its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from crepes import ConformalClassifier

Scores = Mapping[str, Sequence[float | Sequence[float]]]
MOST_ROUNDS = 12  # judgement: patients with more images than this speak through twelve of them


def absence(label: str) -> str:
    """The category of rows that do not have a label: independent labels are asked about both ways."""
    return f"not {label}"


def conformalize(
    labels: Sequence[str],
    probabilities: np.ndarray,
    outcomes: np.ndarray,
    patients: Sequence[str] | None = None,
    exclusive: bool = True,
) -> dict[str, list[list[float]]]:
    """category -> nonconformity scores 1 - p of the calibration rows in it, a list for each patient; (N, K) arrays.

    Categories are the labels and, for independent labels, their absence (score p). Rows of NaN are left out. Each category is
    compared with its own rows only (Vovk's Mondrian conformal prediction, 2003), so the promise holds for every label whatever
    share of patients has it: another prior changes neither it nor the order of the scores they were made with.
    """
    who = np.arange(len(outcomes)) if patients is None else np.asarray(patients)
    found = {}
    for k, label in enumerate(labels):
        rows = outcomes[:, k] == 1
        found[label] = _by_patient(1 - probabilities[rows, k], who[rows])
        if not exclusive:
            rows = outcomes[:, k] == 0
            found[absence(label)] = _by_patient(probabilities[rows, k], who[rows])
    return found


@dataclass(frozen=True)
class Rounds:
    """Scores ready to be compared with: the categories by number, and a conformal classifier of each round of patients."""

    categories: tuple[str, ...]
    classifiers: tuple["ConformalClassifier", ...]


def fit_rounds(scores: Scores) -> Rounds:
    """Several rows of one patient are not independent, so in each round every patient speaks once, its rows in turn."""
    from crepes import ConformalClassifier  # brings pandas

    grouped = [[_listed(g) for g in groups] for groups in scores.values()]
    rounds = min(MOST_ROUNDS, max((len(g) for groups in grouped for g in groups), default=0))
    bins = np.repeat(np.arange(len(grouped)), [len(groups) for groups in grouped])
    spoken = [
        np.array([g[turn % len(g)] for groups in grouped for g in groups], dtype=float)
        for turn in range(rounds)
    ]
    return Rounds(tuple(scores), tuple(ConformalClassifier().fit(s, bins=bins) for s in spoken))


def p_values(rounds: Rounds, probabilities: Mapping[str, float]) -> dict[str, float]:
    """category -> share of calibration patients at least as strange as this case (1 where a category has none), 0 to 1.

    The p-values of the rounds are averaged: the hierarchical weights of Lee, Barber and Willett (2023). Non-smoothed.
    """
    found = {label: 1.0 for label in probabilities if label not in rounds.categories}
    asked = {label: 1 - p for label, p in probabilities.items() if label not in found}
    asked |= {absence(label): p for label, p in probabilities.items() if absence(label) in rounds.categories}
    if not rounds.classifiers:
        return found | dict.fromkeys(asked, 1.0)
    own = np.array([rounds.categories.index(name) for name in asked])
    here = np.round(list(asked.values()), 6)
    each = [c.predict_p(here, bins=own, smoothing=False) for c in rounds.classifiers]
    return found | dict(zip(asked, np.mean(each, 0).tolist(), strict=True))


def predict_set(rounds: Rounds, probabilities: Mapping[str, float], confidence: float) -> tuple[str, ...]:
    """Labels whose p-value exceeds 1 - confidence: they cannot be excluded. A label with too few patients always stays."""
    found = p_values(rounds, probabilities)
    return tuple(label for label in probabilities if found[label] > 1 - confidence)


def _by_patient(scores: np.ndarray, patients: np.ndarray) -> list[list[float]]:
    """Scores of each patient, sorted; patients in the order of their strangest, so that nothing tells who is who."""
    groups = [np.sort(scores[patients == p]).round(6).tolist() for p in np.unique(patients)]
    return sorted(groups, key=lambda g: (g[-1], len(g)))


def _listed(entry: float | Sequence[float]) -> Sequence[float]:
    return entry if isinstance(entry, Sequence) else (entry,)

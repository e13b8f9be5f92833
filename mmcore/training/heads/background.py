"""What the clinical fields are measured against, and which of them the data can teach at all."""

from collections.abc import Sequence

import numpy as np

CENTROID = 20  # patients in one centroid at least, so that none can be told apart (evidence.md)
MOST = 8  # centroids of a field


def centroids(values: np.ndarray, patients: np.ndarray) -> list[float]:
    """Means of groups of 20 patients or more along one field's sorted known values; [] where fewer are known.

    values (N,) with NaN for unknown, patients (N,); a patient with several rows counts once, by the mean.
    """
    known = ~np.isnan(values)
    names, which = np.unique(patients[known], return_inverse=True)
    if len(names) < CENTROID:
        return []
    of_patient = np.sort(np.bincount(which, values[known]) / np.bincount(which))
    groups = np.array_split(of_patient, min(MOST, len(names) // CENTROID))
    return [round(float(g.mean()), 3) for g in groups]


def background_rows(by_field: Sequence[Sequence[float]]) -> np.ndarray:
    """(C, F) rows in which every field's centroids occur equally often; NaN for a field without any."""
    length = int(np.lcm.reduce([len(c) for c in by_field if c] or [1]))
    columns = [np.tile(c, length // len(c)) if c else np.full(length, np.nan) for c in by_field]
    return np.stack(columns, 1)


def identified(
    values: np.ndarray,
    outcomes: np.ndarray,
    patients: np.ndarray,
    sources: np.ndarray,
    fewest: int,
    exclusive: bool = True,
) -> tuple[np.ndarray, list[list[str]]]:
    """(F, K) which labels each field can be learned for, and for each field the sources that can teach it.

    A source teaches a field for a label if two labels or more, this among them, have it known in `fewest` patients there. A
    field known for one label only, or for each label in another hospital, would teach the hospital. Independent labels: it
    teaches a label that is known present and known absent in `fewest` patients each.
    """
    count, labels = values.shape[1], outcomes.shape[1]
    taught = np.zeros((count, labels), dtype=bool)
    where: list[list[str]] = [[] for _ in range(count)]
    for f in range(count):
        known = ~np.isnan(values[:, f])
        for source in np.unique(sources):
            here = known & (sources == source)
            ill, well = (
                np.array([len(set(patients[here & (outcomes[:, k] == y)])) >= fewest for k in range(labels)])
                for y in (1, 0)
            )
            enough = ill if exclusive else ill & well
            if enough.sum() >= (2 if exclusive else 1) and np.std(values[here, f]) > 0:
                taught[f] |= enough
                where[f].append(str(source))
    return taught, where

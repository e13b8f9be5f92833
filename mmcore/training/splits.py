"""Which patients train, calibrate and test: by the patient's key alone, so that no subset of a pack moves anyone."""

import hashlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np

SEED = 20261123
TRAIN, CALIBRATION, TEST = "train", "calibration", "test"


def position(patient: str, seed: int = SEED) -> float:
    """A number in [0, 1) that depends on the patient's key and the seed and on nothing else."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{patient}".encode()).digest()[:7], "big") / 2**56


def split_patients(
    patients: Iterable[str],
    seed: int = SEED,
    calibration: float = 0.15,
    test: float = 0.15,
) -> dict[str, str]:
    """Each patient's part; shares hold on average within every source and label, since a hash knows neither."""
    return {patient: _part(position(patient, seed), calibration, test) for patient in patients}


def _part(at: float, calibration: float, test: float) -> str:
    if at < test:
        return TEST
    return CALIBRATION if at < test + calibration else TRAIN


def fold_of(patient: str, folds: int = 5, seed: int = SEED) -> int:
    """The patient's fold of cross-validation, 0 to folds - 1, independent of the part."""
    return int(position(f"fold:{patient}", seed) * folds)


def publisher_groups(
    publishers: Sequence[str], fold: Callable[[str], int] | None, most: int = 3
) -> np.ndarray:
    """(N,) which group each row belongs to; a group is left out as a whole, so that no row meets its own publisher.

    fold: the task's own dealing; else publishers are dealt, largest first, into `most` groups of like size, because a model
    for each of dozens of publishers would take a day.
    """
    names, counts = np.unique(np.asarray(publishers), return_counts=True)
    sizes = np.zeros(min(most, len(names)))
    dealt: dict[str, int] = {}
    for i in np.lexsort((names, -counts)):
        group = fold(str(names[i])) if fold else int(sizes.argmin())
        dealt[str(names[i])] = group
        if not fold:
            sizes[group] += counts[i]
    return np.array([dealt[str(p)] for p in publishers])

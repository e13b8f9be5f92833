"""Which patients train, calibrate and test: by the patient's key alone, so that no subset of a pack moves anyone."""

import hashlib
from collections.abc import Iterable

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

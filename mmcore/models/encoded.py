"""Rows as the heads see them: pooled features, outcomes and where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Encoded:
    """N rows as the heads see them. inputs: modality -> pooled features (N, D) of image or waveform, text pooled less masks,
    clinical values (N, F); a row of NaN is an absent modality, and so is a modality that is not named. outcomes (N, K) in
    {0, 1, NaN}; keys, patients, sources, publishers (N,) strings.
    """

    keys: np.ndarray
    inputs: Mapping[str, np.ndarray]
    outcomes: np.ndarray
    patients: np.ndarray
    sources: np.ndarray
    publishers: np.ndarray

    def take(self, chosen: np.ndarray) -> "Encoded":
        """The rows of a boolean or integer index. chosen: (N,) bool or (n,) int."""
        arrays = {n: getattr(self, n)[chosen] for n in self.__dataclass_fields__ if n != "inputs"}
        return replace(self, **arrays, inputs={m: x[chosen] for m, x in self.inputs.items()})

    def present(self, modalities: Sequence[str]) -> np.ndarray:
        """(N, M) bool in the given order of modalities."""
        absent = np.zeros(len(self.keys), dtype=bool)
        found = [~np.isnan(self.inputs[m]).all(1) if m in self.inputs else absent for m in modalities]
        return np.stack(found, 1)

    def without(self, modalities: tuple[str, ...]) -> "Encoded":
        """The same rows with the named modalities taken away."""
        return replace(self, inputs={m: x for m, x in self.inputs.items() if m not in modalities})

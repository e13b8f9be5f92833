"""Boosted trees as a table of leaves: each leaf is a box of feature values. Its score and its exact Shapley values, in numpy."""

from dataclasses import dataclass

import numpy as np

ROWS_AT_ONCE = 64  # (rows, leaves) tables stay within the processor's cache sizes


@dataclass(frozen=True)
class LeafTable:
    """L leaves with at most D conditions each; the score of a row is the sum of the values of the leaves it falls into.

    value (L,) log-odds. feature (L, D): the place of the feature a condition is on, -1 for none. A condition holds if
    low < x <= high, or where x is unknown if `unknown`. share (L, D): the part of the training rows that go this way at the
    splits on this feature, which is what the leaf expects of a feature that nobody has looked at.
    """

    value: np.ndarray
    feature: np.ndarray
    low: np.ndarray
    high: np.ndarray
    unknown: np.ndarray
    share: np.ndarray

    @property
    def base(self) -> float:
        """The score expected when no feature is known: the leaves' values weighted by the training rows in them."""
        return float(self.value @ self.share.prod(1))

    def score(self, x: np.ndarray) -> np.ndarray:
        """(N,) scores in log-odds of rows x (N, F) float32, NaN where unknown."""
        parts = [self._score(x[i : i + ROWS_AT_ONCE]) for i in range(0, len(x), ROWS_AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _score(self, x: np.ndarray) -> np.ndarray:
        inside = np.ones((len(self.value), len(x)), dtype=bool)
        for d in range(self.feature.shape[1]):
            used = np.flatnonzero(self.feature[:, d] >= 0)
            inside[used] &= self._holds(x, d, used)
        found: np.ndarray = self.value @ inside
        return found

    def _holds(self, x: np.ndarray, d: int, leaves: np.ndarray) -> np.ndarray:
        """(L', N) whether condition d of some of the leaves holds."""
        given = np.ascontiguousarray(x.T)[self.feature[leaves, d]]
        low, high, unknown = (a[leaves, d, None] for a in (self.low, self.high, self.unknown))
        holds: np.ndarray = ((given > low) & (given <= high)) | (np.isnan(given) & unknown)
        return holds

    def shapley(self, row: np.ndarray) -> np.ndarray:
        """(F,) Shapley values of one row (F,): they add up to score - base (path-dependent TreeSHAP, Lundberg et al. 2020).

        A leaf is worth value * product over its conditions of (holds if the feature is known, else share). In such a game
        the Shapley value of condition i is the integral over q from 0 to 1 of value * (holds_i - share_i) * product over
        the others of (q holds_j + (1 - q) share_j) (Owen 1972); a polynomial in q, so Gauss-Legendre nodes give it exactly.
        """
        width = self.feature.shape[1]
        x = row[None].astype(np.float32)
        holds = np.ones(self.feature.shape)  # (L, D)
        for d in range(width):
            leaves = np.flatnonzero(self.feature[:, d] >= 0)
            holds[leaves, d] = self._holds(x, d, leaves)[:, 0]
        nodes, weights = np.polynomial.legendre.leggauss(width // 2 + 1)
        each = np.zeros_like(holds)
        for q, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            mixed = q * holds + (1 - q) * self.share
            before = np.cumprod(np.column_stack([np.ones(len(mixed)), mixed[:, :-1]]), 1)
            after = np.cumprod(np.column_stack([np.ones(len(mixed)), mixed[:, :0:-1]]), 1)[:, ::-1]
            each += weight * before * after
        each *= (holds - self.share) * self.value[:, None]
        used = self.feature >= 0
        return np.bincount(self.feature[used], weights=each[used], minlength=len(row))


def joined(tables: list[LeafTable]) -> LeafTable:
    """The mean of several boosted models, as one table."""
    width = max(t.feature.shape[1] for t in tables)

    def all_of(name: str, filler: float) -> np.ndarray:
        parts = [getattr(t, name) for t in tables]
        return np.concatenate(
            [np.pad(p, ((0, 0), (0, width - p.shape[1])), constant_values=filler) for p in parts]
        )

    return LeafTable(
        value=np.concatenate([t.value for t in tables]) / len(tables),
        feature=all_of("feature", -1),
        low=all_of("low", -np.inf),
        high=all_of("high", np.inf),
        unknown=all_of("unknown", True),
        share=all_of("share", 1.0),
    )

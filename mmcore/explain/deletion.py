"""Whether an explanation may be believed: deletion and insertion against random orders, and agreement with another method."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

STEPS = 6  # budgets at which a curve is measured; judgement: this project's
ORDERS = 6  # random orders, in pairs of one and its reverse; judgement: this project's
FEWEST_TO_RANK = 3  # parts: two numbers always agree or disagree wholly

Score = Callable[
    [np.ndarray], np.ndarray
]  # kept (B, N) bool -> (B,) log-odds of the contrast with the other parts neutral


@dataclass(frozen=True)
class Trial:
    """Evidence in log-odds while parts are taken away or put back, in the order of the explanation and in random orders.

    shares: (S + 1,) share of the parts taken away or put back, from 0 to 1. deletion, insertion: (S + 1,), the part that is
    said to speak most for the label first. random_deletion, random_insertion: (R, S + 1), the same budget. forwards: notes,
    pictures or rows that the model was shown for it.
    """

    shares: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray
    random_deletion: np.ndarray
    random_insertion: np.ndarray
    forwards: int

    @property
    def deletion_gain(self) -> float:
        """How much lower the evidence is than after random deletion, log-odds, mean over all budgets."""
        return float(area(self.random_deletion, self.shares).mean() - area(self.deletion, self.shares))

    @property
    def insertion_gain(self) -> float:
        """How much higher the evidence is than after random insertion, log-odds, mean over all budgets."""
        return float(area(self.insertion, self.shares) - area(self.random_insertion, self.shares).mean())

    @property
    def orders_no_better(self) -> float:
        """Share of the random orders that lower the evidence no more than the explanation's order does, 0 to 1."""
        return float(
            (area(self.random_deletion, self.shares) >= area(self.deletion, self.shares) - 1e-9).mean()
        )

    @property
    def swing(self) -> float:
        """Largest less smallest evidence met on any curve, log-odds: what there was to tell apart."""
        met = np.concatenate([self.deletion, self.insertion, self.random_deletion.ravel()])
        return float(met.max() - met.min())


def area(curves: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Mean height of curves (..., S + 1) over shares (S + 1,) from 0 to 1 (trapezoids)."""
    heights: np.ndarray = np.trapezoid(curves, shares, axis=-1)
    return heights


def deletion_trial(values: np.ndarray, score: Score, steps: int = STEPS, orders: int = ORDERS) -> Trial:
    """Take parts away in the order of `values` (N,), largest first, and in random orders (Samek et al. 2017; Petsiuk et al. 2018).

    A random order read backwards is a random insertion, so one set of evaluations serves both. The orders are the same for
    every case of N parts. Raises ValueError for fewer than two parts, which have no order.
    """
    count = len(values)
    if count < 2:
        raise ValueError(f"{count} parts have no order; expected 2 or more")
    budgets = np.unique(np.round(np.linspace(0, count, min(steps, count) + 1)).astype(int))
    inner = budgets[1:-1]
    ranked = np.argsort(-values, kind="stable")
    drawn = random_orders(count, orders)
    kept = [np.ones((1, count), bool), np.zeros((1, count), bool)]
    kept += [~_first(ranked, inner), _first(ranked, inner)]
    kept += [~_first(order, inner) for order in drawn]
    told = np.asarray(score(np.concatenate(kept)), dtype=float)
    whole, nothing, rows = told[0], told[1], told[2:].reshape(2 + len(drawn), len(inner))

    def between(start: float, middle: np.ndarray, end: float) -> np.ndarray:
        return np.concatenate([np.full((len(middle), 1), start), middle, np.full((len(middle), 1), end)], 1)

    random = between(whole, rows[2:], nothing)
    return Trial(
        shares=budgets / count,
        deletion=between(whole, rows[:1], nothing)[0],
        insertion=between(nothing, rows[1:2], whole)[0],
        random_deletion=random,
        random_insertion=_resampled(random[:, ::-1], (count - budgets[::-1]) / count, budgets / count),
        forwards=len(told),
    )


def random_orders(count: int, orders: int) -> list[np.ndarray]:
    """Seeded orders of `count` parts, each followed by its reverse, so that for two parts both occur equally often.

    Each (count,).
    """
    rng = np.random.default_rng(0)
    drawn = [rng.permutation(count) for _ in range((orders + 1) // 2)]
    return [order for one in drawn for order in (one, one[::-1])][:orders]


def leave_one_out(score: Score, count: int) -> np.ndarray:
    """(N,) what the evidence loses when one part is taken away (occlusion, Zeiler and Fergus 2014), log-odds."""
    told = np.asarray(
        score(np.concatenate([np.ones((1, count), bool), ~np.eye(count, dtype=bool)])), dtype=float
    )
    lost: np.ndarray = told[0] - told[1:]
    return lost


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's rank correlation, -1 to 1; None for fewer than three parts or where one side is the same everywhere.

    first, second (N,).
    """
    from scipy.stats import rankdata

    if len(first) < FEWEST_TO_RANK:
        return None
    one, other = (rankdata(x) - (len(x) + 1) / 2 for x in (first, second))
    size = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / size) if size else None


def _first(order: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """(len(budgets), N) True for the parts that come first in the order."""
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    return place[None] < budgets[:, None]


def _resampled(curves: np.ndarray, measured: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Curves measured at some shares read off at others; budgets need not be symmetric when N is no multiple of the steps."""
    return np.stack([np.interp(wanted, measured, curve) for curve in curves])

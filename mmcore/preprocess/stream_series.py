"""The series that features are taken from: one quantity over time, each value knowing which measurements it was made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmcore.domain.stream import Stay

MERGED = {
    "SBP": ("systolic_pressure_mmhg", "NISysABP"),
    "DBP": ("diastolic_pressure_mmhg", "NIDiasABP"),
    "MBP": ("MAP", "NIMAP"),
}
LARGEST_URINE = 2000.0  # mL in one entry; larger ones are totals of many hours


@dataclass(frozen=True)
class Series:
    """minutes, values (n,) in order of time; sources (n, 2): rows of the stay each value was made of, -1 for none.

    parameter: the field that is named when there is no value.
    """

    minutes: np.ndarray
    values: np.ndarray
    sources: np.ndarray
    parameter: str


@dataclass(frozen=True)
class Joined:
    """A quantity made of two: for each value of `first`, the latest of `second` not older than `within` minutes."""

    first: str
    second: str
    within: float
    of: Callable[[np.ndarray, np.ndarray], np.ndarray]


JOINED = {
    "ShockIndex": Joined("SBP", "heart_rate_per_min", 90, lambda systolic, rate: rate / systolic),
    "PulsePressure": Joined("SBP", "DBP", 30, lambda systolic, diastolic: systolic - diastolic),
    "PaO2FiO2": Joined("PaO2", "FiO2", 720, lambda pressure, fraction: pressure / fraction),
    "BUNCreatinine": Joined("BUN", "Creatinine", 720, lambda urea, creatinine: urea / creatinine),
}


def series_of(stay: Stay, names: Sequence[str]) -> dict[str, Series]:
    """Every measured, merged and joined series of a stay. names: the task's fields, in the order of stay.parameters."""
    made = {name: _measured(stay, i, name) for i, name in enumerate(names)}
    made |= {name: _merged(made[a], made[b]) for name, (a, b) in MERGED.items()}
    made |= {name: _joined(made, rule) for name, rule in JOINED.items()}
    urine = made["Urine"]
    made["Urine"] = Series(urine.minutes, np.minimum(urine.values, LARGEST_URINE), urine.sources, "Urine")
    return made


def _measured(stay: Stay, place: int, name: str) -> Series:
    rows = np.flatnonzero(stay.parameters == place)
    sources = np.column_stack([rows, np.full(len(rows), -1)])
    return Series(stay.minutes[rows].astype(float), stay.values[rows].astype(float), sources, name)


def _merged(a: Series, b: Series) -> Series:
    minutes = np.r_[a.minutes, b.minutes]
    order = np.argsort(minutes, kind="stable")
    values, sources = np.r_[a.values, b.values], np.concatenate([a.sources, b.sources])
    return Series(minutes[order], values[order], sources[order], a.parameter)


def _joined(made: dict[str, Series], rule: Joined) -> Series:
    a, b = made[rule.first], made[rule.second]
    at = np.searchsorted(b.minutes, a.minutes, side="right") - 1
    fresh = at >= 0
    if len(b.minutes):
        fresh &= a.minutes - b.minutes[at] <= rule.within
    a_values, b_values = a.values[fresh], b.values[at[fresh]]
    sources = np.column_stack([a.sources[fresh, 0], b.sources[at[fresh], 0]]).astype(int)
    return Series(a.minutes[fresh], rule.of(a_values, b_values), sources, a.parameter)

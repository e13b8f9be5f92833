"""What a stay says at any minute, as numbers for the trees: statistics of each series over all that is known until then."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from mmcore.domain.stream import Stay
from mmcore.domain.task import StreamTask
from mmcore.preprocess.stream_series import Series, series_of

Columns: TypeAlias = Sequence[tuple[str, str]]  # (series, statistic)

# a statistic and its window in hours; without a number: everything known so far
OF_FREQUENT: tuple[str, ...] = (
    "last",
    "first",
    "min",
    "max",
    "mean",
    "std",
    "slope12",
    "mean6",
    "mean24",
    "min24",
    "max24",
)
OF_FREQUENT += ("min8", "max8", "count", "count8", "since")
OF_RARE: tuple[str, ...] = ("last", "first", "min", "max", "mean", "change", "slope24", "count", "since")
OF_AMOUNTS = ("rate", "rate6", "rate12", "rate24", "last", "count", "since")
OF_NOW_AND_THEN = ("last", "first", "change")
OF_LASTING = ("count", "since", "sincefirst")
WHOLE = ("hour", "count", "count8", "silence")  # of the stay, not of one parameter
STAY = "Stay"  # the row that carries time itself and how much is measured in all
STATISTICS: dict[str, tuple[str, ...]] = {  # how often a series is measured -> what is taken of it
    "often": OF_FREQUENT,
    "rarely": OF_RARE,
    "amount": OF_AMOUNTS,
    "now_and_then": OF_NOW_AND_THEN,
    "while_it_lasts": OF_LASTING,
    "once": ("last",),
}


def watched(task: StreamTask) -> Mapping[str, str]:
    """Series -> how often it is measured, in the order of the features."""
    kinds = dict.fromkeys(task.stream.sums, "amount") | dict.fromkeys(task.stream.admission, "once")
    return task.stream.watched or {f.name: kinds.get(f.name, "often") for f in task.fields}


def columns_of(task: StreamTask) -> tuple[tuple[str, str], ...]:
    """(series, statistic) of every feature that a model of the task is trained on."""
    own = ((series, k) for series, kind in watched(task).items() for k in STATISTICS[kind])
    return (*own, *((STAY, k) for k in WHOLE))


def features(stay: Stay, task: StreamTask, columns: Columns, minutes: Sequence[float]) -> np.ndarray:
    """(H, F) float32, a column for each (series, statistic): what was known at each of H minutes; NaN where nothing was measured.

    Nothing later than the minute is looked at.
    """
    return _table(_known(stay, task, np.asarray(minutes, dtype=float)), columns)


def snapshot(
    stay: Stay, task: StreamTask, columns: Columns, minute: float
) -> tuple[np.ndarray, list[tuple[str, np.ndarray]]]:
    """The features (F,) at one minute and, for each, the field it belongs to and the rows of the stay it was made of."""
    known = _known(stay, task, np.array([float(minute)]))
    made = [(known[name].series.parameter, known[name].rows(statistic)) for name, statistic in columns]
    return _table(known, columns)[0], made


def _known(stay: Stay, task: StreamTask, now: np.ndarray) -> dict[str, "_Known"]:
    series = series_of(stay, task) | {STAY: _whole(stay, task)}
    return {name: _Known(made, now) for name, made in series.items()}


def _table(known: dict[str, "_Known"], columns: Columns) -> np.ndarray:
    return np.stack([known[name].of(statistic) for name, statistic in columns], 1).astype(np.float32)


def _whole(stay: Stay, task: StreamTask) -> Series:
    """Every measurement after admission, whatever it is of."""
    kinds = watched(task)
    once = [i for i, f in enumerate(task.fields) if kinds.get(f.name) == "once"]
    rows = np.flatnonzero((stay.minutes > 0) & ~np.isin(stay.parameters, once))
    sources = np.column_stack([rows, np.full(len(rows), -1)])
    return Series(stay.minutes[rows].astype(float), stay.values[rows].astype(float), sources, STAY)


def split_statistic(statistic: str) -> tuple[str, float | None]:
    """("mean", 24.0) of "mean24"; the window is None where everything counts."""
    kind = statistic.rstrip("0123456789")
    return kind, float(statistic[len(kind) :]) if len(kind) < len(statistic) else None


class _Known:
    """One series at H minutes: (H, n) masks of what was known, shared by its statistics."""

    def __init__(self, series: Series, now: np.ndarray) -> None:
        self.series, self.now = series, now
        self.age = now[:, None] - series.minutes[None]  # (H, n) minutes
        self.end = np.searchsorted(series.minutes, now, side="right")
        self.windows: dict[tuple[float | None, bool], np.ndarray] = {}

    def window(self, hours: float | None, amounts: bool = False) -> np.ndarray:
        """(H, n) which values count: known then, and not older than the window; of amounts, younger than it."""
        if (hours, amounts) not in self.windows:
            known, oldest = self.age >= 0, (hours or 0) * 60
            recent = self.age < oldest if amounts else self.age <= oldest
            self.windows[hours, amounts] = known if hours is None else known & recent
        return self.windows[hours, amounts]

    def of(self, statistic: str) -> np.ndarray:
        """(H,) of one statistic; NaN where it has no value, counts 0."""
        kind, hours = split_statistic(statistic)
        if kind == "hour":
            return self.now / 60
        if kind == "count":
            count: np.ndarray = self.window(hours).sum(1).astype(float)
            return count
        if kind == "silence":
            return (
                np.where(
                    self.end > 0, self._at(self.end - 1, self.now[:, None] - self.series.minutes), self.now
                )
                / 60
            )
        if not len(self.series.minutes):
            return np.full(len(self.now), np.nan)
        if kind in ("last", "first", "change", "since", "sincefirst"):
            return self._single(kind)
        return self._over(kind, hours)

    def _at(self, place: np.ndarray, table: np.ndarray) -> np.ndarray:
        if not table.shape[1]:
            return np.full(len(self.now), np.nan)
        return np.take_along_axis(table, np.clip(place, 0, None)[:, None], 1)[:, 0]

    def _single(self, kind: str) -> np.ndarray:
        values, last = self.series.values, np.clip(self.end - 1, 0, None)
        ways: dict[str, Callable[[], np.ndarray]] = {
            "last": lambda: values[last],
            "first": lambda: np.full(len(self.now), values[0]),
            "change": lambda: values[last] - values[0],
            "since": lambda: (self.now - self.series.minutes[last]) / 60,
            "sincefirst": lambda: (self.now - self.series.minutes[0]) / 60,
        }
        return np.where(self.end > (1 if kind == "change" else 0), ways[kind](), np.nan)

    def _over(self, kind: str, hours: float | None) -> np.ndarray:
        mask, values = self.window(hours, kind == "rate"), self.series.values
        n = mask.sum(1)
        if kind == "min":
            return np.where(n > 0, np.where(mask, values, np.inf).min(1), np.nan)
        if kind == "max":
            return np.where(n > 0, np.where(mask, values, -np.inf).max(1), np.nan)
        total = np.where(mask, values, 0.0).sum(1)
        if kind == "rate":  # per hour of the window that has passed; nothing entered at all is unknown, not 0
            return np.where(n > 0, total / np.maximum(np.minimum(self.now / 60, hours or np.inf), 1), np.nan)
        mean = total / np.maximum(n, 1)
        if kind == "mean":
            return np.where(n > 0, mean, np.nan)
        gap = np.where(mask, values - mean[:, None], 0.0)
        if kind == "std":
            return np.where(n > 1, np.sqrt((gap**2).sum(1) / np.maximum(n, 1)), np.nan)
        return self._slope(mask, gap, n)

    def _slope(self, mask: np.ndarray, gap: np.ndarray, n: np.ndarray) -> np.ndarray:
        """Least squares, per hour; NaN below two values or within a quarter of an hour."""
        hours = -self.age / 60
        centre = np.where(mask, hours, 0.0).sum(1) / np.maximum(n, 1)
        away = np.where(mask, hours - centre[:, None], 0.0)
        spread = (away**2).sum(1)
        return np.where((n > 1) & (spread > 0.05), (away * gap).sum(1) / np.maximum(spread, 1e-9), np.nan)

    def rows(self, statistic: str) -> np.ndarray:
        """Rows of the stay that the statistic at the (only) minute was made of."""
        kind, hours = split_statistic(statistic)
        chosen = np.flatnonzero(self.window(hours, kind == "rate")[0])
        if len(chosen):
            chosen = chosen[_decisive(kind, self.series.values[chosen])]
        rows = self.series.sources[chosen].ravel()
        return rows[rows >= 0] if kind != "hour" else rows[:0]


def _decisive(kind: str, values: np.ndarray) -> slice | list[int]:
    """Which of the values (n,) in a window, n > 0, a statistic is made of."""
    if kind in ("last", "since", "silence"):
        return slice(-1, None)
    if kind in ("first", "sincefirst"):
        return slice(1)
    if kind == "change":
        return [0, -1]
    if kind in ("min", "max"):
        return [int(values.argmin() if kind == "min" else values.argmax())]
    return slice(None)

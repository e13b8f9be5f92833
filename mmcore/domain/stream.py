"""A stay as a stream of timed measurements, and what a model of a stream must know about time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mmcore.domain.notice import Notice


@dataclass(frozen=True)
class Joined:
    """A quantity made of two: for each value of `first`, the latest of `second` not older than `within` minutes.

    of: (n,) values of each -> (n,) of the quantity.
    """

    first: str
    second: str
    within: float
    of: Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class StreamRules:
    """How a task reads time. admission: parameters that hold for the whole stay and come with it.

    horizon_hours: the model speaks of the first so many hours. hours: at which of them figures are reported.
    silence_minutes: after so long without any measurement the reader is told. sums: parameters whose readings are amounts
    since the reading before, so that they add up, and a repeated one is not a state that lasts. largest: the most that one
    reading may count. merged: series -> two parameters that measure it. joined: series -> how it is made of two others.
    watched: series -> how often it is measured (a key of STATISTICS), for the features in their order; {}: every parameter by itself,
    taken for one that is measured often.
    """

    admission: tuple[str, ...]
    horizon_hours: float = 48.0
    hours: tuple[int, ...] = (6, 12, 24, 48)
    silence_minutes: float = 360.0
    sums: tuple[str, ...] = ()
    largest: Mapping[str, float] = field(default_factory=dict)
    merged: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    joined: Mapping[str, Joined] = field(default_factory=dict)
    watched: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StayColumns:
    """What a folder of stays says beside the measurements. outcome: the column of outcomes.csv that tells the label, "" the one
    of its name. score: the column of a score at admission that the model is compared with, "" for none. unit: the parameter that
    tells the kind of ward, and units: its names by their codes.
    """

    outcome: str = ""
    score: str = ""
    unit: str = ""
    units: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """One measurement as it came from outside, not judged yet: whatever stands in the file or the line."""

    stay: str
    minute: object
    parameter: str
    value: object
    unit: str = ""


@dataclass(frozen=True)
class Stay:
    """A patient's checked measurements in standard units, in order of time.

    minutes (N,) since admission, parameters (N,) places in the task's fields, values (N,). Unknown is absent, never 0.
    """

    key: str
    minutes: np.ndarray
    parameters: np.ndarray
    values: np.ndarray

    def until(self, minute: float) -> "Stay":
        """What was known then."""
        n = int(np.searchsorted(self.minutes, minute, side="right"))
        return Stay(self.key, self.minutes[:n], self.parameters[:n], self.values[:n])


@dataclass(frozen=True)
class StayPack:
    """Stays of a data folder. outcome: stay -> 1, 0 or None; scores: stay -> name -> points; source, unit: stay -> name.

    refused: reason -> measurements that are not used.
    """

    stays: tuple[Stay, ...]
    outcome: Mapping[str, int | None]
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)
    unit: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StreamRisk:
    """The risk at one minute of a stay. logit = prior + evidence; silent_minutes: since the latest measurement, None: never."""

    minute: float
    probability: float
    logit: float
    prior: float
    evidence: float
    silent_minutes: float | None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class StreamAttribution:
    """The evidence at one minute spread over parameters and hours: evidence = constant + sum(values) + residual, log-odds.

    values (P, H): the rows named in `rows` (the task's fields, then what time itself adds); columns the hours 0 to H - 1 since admission.
    """

    minute: float
    method: str
    baseline: str
    rows: tuple[str, ...]
    values: np.ndarray
    total: float
    constant: float

    @property
    def sum(self) -> float:
        """Sum of the attributed values, log-odds."""
        return float(np.sum(self.values, dtype=np.float64))

    @property
    def residual(self) -> float:
        """What the attribution fails to explain, log-odds."""
        return self.total - self.constant - self.sum

    @property
    def by_parameter(self) -> dict[str, float]:
        """Row name -> log-odds over all hours."""
        return dict(zip(self.rows, self.values.sum(1).tolist(), strict=True))

"""Numbers of a card's report and its figures with their interval; what is missing is empty or None."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmcore.cards.report import Report, part


@dataclass(frozen=True)
class Interval:
    """A figure with the ends of its interval."""

    value: float
    low: float
    high: float


def parts(report: Report, name: str) -> list[Report]:
    """The rows of a table; [] where there is none."""
    rows = report.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, Sequence) else []


def number_in(report: Report, name: str) -> float | None:
    """The number of that name, None where it is missing."""
    found = report.get(name)
    return found if isinstance(found, int | float) else None


def interval(report: Report, *path: str) -> Interval | None:
    """The figure under these names, None where it is missing or has no interval."""
    value, low, high = (number_in(part(report, *path), k) for k in ("value", "low", "high"))
    return None if value is None or low is None or high is None else Interval(value, low, high)

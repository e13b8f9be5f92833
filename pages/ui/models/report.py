"""Reads a card's report, which is JSON: parts, numbers and figures with their interval; what is missing is empty or None."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mmcore.domain.model_facts import Json

Report: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True)
class Interval:
    """A figure with the ends of its interval."""

    value: float
    low: float
    high: float


def part(report: Json, *path: str) -> Report:
    """What stands under these names, one inside the other; {} where there is nothing."""
    for name in path:
        report = report.get(name) if isinstance(report, Mapping) else None
    return report if isinstance(report, Mapping) else {}


def parts(report: Json, name: str) -> list[Report]:
    """The rows of a table; [] where there is none."""
    rows = part(report).get(name)
    return [part(row) for row in rows] if isinstance(rows, Sequence) else []


def number_in(report: Json, name: str) -> float | None:
    """The number of that name, None where it is missing."""
    found = part(report).get(name)
    return found if isinstance(found, int | float) else None


def known_in(report: Json, name: str) -> float:
    """The number of that name, where every card has it. Raises KeyError."""
    found = number_in(report, name)
    if found is None:
        raise KeyError(name)
    return found


def count_in(report: Json, name: str) -> int:
    """The count of that name, 0 where nothing was counted."""
    return int(number_in(report, name) or 0)


def interval(report: Json, *path: str) -> Interval | None:
    """The figure under these names, None where it is missing or has no interval."""
    value, low, high = (number_in(part(report, *path), k) for k in ("value", "low", "high"))
    return None if value is None or low is None or high is None else Interval(value, low, high)

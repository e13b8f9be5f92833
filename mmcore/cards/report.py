"""Reading a report: JSON that evaluation and training wrote, of which any part may be missing."""

import json
from collections.abc import Mapping
from math import isnan, nan
from pathlib import Path
from typing import TypeAlias

Report: TypeAlias = Mapping[str, object]
Interval: TypeAlias = Mapping[str, float]  # value, low and high


def read_report(path: Path) -> dict[str, object]:
    """The report of a file, {} where there is no such file."""
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def part(report: Report, *path: str) -> Report:
    """What lies under these names, {} where it is missing, null or no mapping."""
    for name in path:
        below = report.get(name)
        report = below if isinstance(below, Mapping) else {}
    return report


def number(report: Report, name: str) -> float:
    """The number of that name. Raises KeyError where there is none."""
    found = report.get(name)
    if not isinstance(found, int | float):
        raise KeyError(f"{name} is {found!r} in the report; it must be a number")
    return found


def names(report: Report, name: str) -> tuple[str, ...]:
    """The list of names under that one, () where it is missing or null."""
    found = report.get(name)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def count(report: Report, name: str) -> int:
    """How many rows or patients are stated under the name, 0 where nothing is."""
    found = report.get(name)
    return found if isinstance(found, int) else 0


def figure(scored: Report, metric: str) -> Interval | None:
    """A metric of what was scored, None where it is missing or its interval is not known."""
    found = part(scored, "metrics", metric)
    whole = {name: value for name, value in found.items() if isinstance(value, int | float)}
    return None if isnan(whole.get("low", nan)) else whole

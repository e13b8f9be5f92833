"""National Early Warning Score 2 (Royal College of Physicians 2017): the points of each vital sign and their sum."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

# (lowest value that counts, points), from the top down; chart 1 of the report (SpO2 scale 1)
_TABLE: dict[str, tuple[tuple[float, int], ...]] = {
    "respiratory_rate_per_min": ((25, 3), (21, 2), (12, 0), (9, 1), (-inf, 3)),
    "oxygen_saturation_percent": ((96, 0), (94, 1), (92, 2), (-inf, 3)),
    "systolic_pressure_mmhg": ((220, 3), (111, 0), (101, 1), (91, 2), (-inf, 3)),
    "heart_rate_per_min": ((131, 3), (111, 2), (91, 1), (51, 0), (41, 1), (-inf, 3)),
    "temperature_celsius": ((39.1, 2), (38.1, 1), (36.1, 0), (35.1, 1), (-inf, 3)),
}
# decimals that the chart is written in: a value between two rows is rounded as a nurse would write it down
_DECIMALS = {"temperature_celsius": 1}
SIGNS = (*_TABLE, "oxygen_given", "consciousness")
ON_OXYGEN, NOT_ALERT = 2, 3
URGENT, EMERGENCY = 5, 7  # thresholds of the report's chart 2


@dataclass(frozen=True)
class News2:
    """points: sign -> 0 to 3; unknown: signs that were not measured; total: of the known signs, so at least so much."""

    points: Mapping[str, int]
    unknown: tuple[str, ...]

    @property
    def total(self) -> int:
        """Sum of the points of the known signs, 0 to 20."""
        return sum(self.points.values())

    @property
    def response(self) -> str:
        """emergency, urgent, urgent_ward (a single sign at 3) or routine, by chart 2 of the report."""
        if self.total >= EMERGENCY:
            return "emergency"
        if self.total >= URGENT:
            return "urgent"
        return "urgent_ward" if 3 in self.points.values() else "routine"


def news2(signs: Mapping[str, float]) -> News2:
    """The score of known signs (SIGNS); oxygen_given 0 or 1, consciousness 0 for alert and more for new confusion,
    response to voice or pain only, or none. A sign that is absent gives no points.
    """
    points = {name: _points(name, signs[name]) for name in _TABLE if name in signs} | _points_of_state(signs)
    return News2(points, tuple(name for name in SIGNS if name not in points))


def _points_of_state(signs: Mapping[str, float]) -> dict[str, int]:
    points = {}
    if "oxygen_given" in signs:
        points["oxygen_given"] = ON_OXYGEN if signs["oxygen_given"] else 0
    if "consciousness" in signs:
        points["consciousness"] = NOT_ALERT if signs["consciousness"] else 0
    return points


def _points(name: str, value: float) -> int:
    written = round(value + 1e-9, _DECIMALS.get(name, 0))
    return next(points for least, points in _TABLE[name] if written >= least)

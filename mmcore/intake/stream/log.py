"""Measurements as they arrive: judged one by one, put in order of time, nothing lost; what is doubtful is said and set aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from mmcore.domain.notice import Notice
from mmcore.domain.stream import Reading, Stay
from mmcore.domain.task import Field, StreamTask
from mmcore.intake.stream.units import CHANGEABLE, continued_in, in_standard
from mmcore.intake.values.check import about, check_value, short
from mmcore.intake.values.units import plain_name, plain_unit

UNKNOWN = -1.0
LATE_IN_A_ROW = 3  # so many late measurements one after the other: the clock has gone back; judgement
LEAP_MINUTES = (
    1440.0  # ahead of the latest measurement: one reading alone does not move the clock so far; judgement
)


@dataclass(frozen=True)
class SetAside:
    """A reading that is not used, why, its minute since admission (None: not usable), and the value it would count with
    (None: none): `corrected` by what the notice proposes, or as read once its time is confirmed."""

    reading: Reading
    notice: Notice
    minute: float | None = None
    corrected: float | None = None


class StayLog:
    """One stay's measurements so far. `aside` keeps every reading that is not used, with the reason."""

    def __init__(self, key: str, task: StreamTask, accept_corrections: bool = False) -> None:
        self.key, self.task, self.accept = key, task, accept_corrections
        self.aside: list[SetAside] = []
        self.latest: float | None = None
        self._rows: set[tuple[float, int, float]] = set()
        self._stay: Stay | None = None  # the rows in order, until another one is added
        self._taken: set[tuple[float, int]] = set()
        self._units: dict[str, str] = {}
        self._last: dict[str, float] = {}
        self._late_in_a_row = 0
        self._places = {plain_name(n): i for i, f in enumerate(task.fields) for n in (f.name, *f.aliases)}

    def add(self, reading: Reading) -> tuple[Notice, ...]:
        """Take one reading; returns what is to be said about it, () if nothing is."""
        place = self._places.get(plain_name(reading.parameter))
        if place is None:
            return self._refuse(
                reading, Notice("stream_parameter_unknown", {"name": short(reading.parameter)})
            )
        item = self.task.fields[place]
        minute = _minute(reading.minute)
        if minute is None:
            return self._refuse(reading, about(item, "stream_minute_unusable", value=short(reading.minute)))
        told, result = self._judge(item, reading)
        if result is None:
            return self._refuse(reading, about(item, "stream_value_unknown"), minute)
        if isinstance(result, Notice):
            if not ("corrected" in result.values and self.accept):
                return (*told, *self._refuse(reading, result, minute))
            told = (*told, Notice("value_corrected", result.values, "clinical"))
            result = float(str(result.values["corrected"]))
        leap = self._leap(item, minute)
        if leap is not None:
            self.aside.append(SetAside(reading, leap, minute, result))
            return (*told, leap)
        return (*told, *self._place(item, place, minute, result))

    def _leap(self, item: Field, minute: float) -> Notice | None:
        """That a reading lies too far ahead of the latest for it alone to move the clock; None where it may."""
        if self.latest is None or minute - self.latest <= LEAP_MINUTES or self._confirmed(minute):
            return None
        return about(item, "stream_leap", minute=f"{minute:g}", latest=f"{self.latest:g}")

    def _confirmed(self, minute: float) -> bool:
        """Whether a reading of another minute has leapt about as far ahead; those that waited for it are taken."""
        leapt = [kept for kept in self.aside if kept.notice.code == "stream_leap"]
        near = [kept for kept in leapt if abs(minute - (kept.minute or 0.0)) <= LEAP_MINUTES]
        if all(kept.minute == minute for kept in near):
            return False
        self._use(near)
        return True

    def agree(self) -> tuple[Notice, ...]:
        """Use every correction that waits for consent; returns what was done."""
        waiting = [kept for kept in self.aside if "corrected" in kept.notice.values]
        self._use(waiting)
        return tuple(Notice("value_corrected", kept.notice.values, "clinical") for kept in waiting)

    def _use(self, waiting: Sequence[SetAside]) -> None:
        self.aside = [kept for kept in self.aside if kept not in waiting]
        for kept in waiting:
            place = self._places[plain_name(kept.reading.parameter)]
            self._place(self.task.fields[place], place, kept.minute or 0.0, kept.corrected or 0.0)

    def stay(self) -> Stay:
        """The usable measurements in order of time, sorted once after each that was added."""
        if self._stay is None:
            rows = sorted(self._rows)
            self._stay = Stay(
                self.key,
                np.array([r[0] for r in rows], dtype=float),
                np.array([r[1] for r in rows], dtype=np.int16),
                np.array([r[2] for r in rows], dtype=float),
            )
        return self._stay

    def _judge(self, item: Field, reading: Reading) -> tuple[tuple[Notice, ...], float | Notice | None]:
        value, written = reading.value, reading.unit.strip()
        number = _number(value)
        if number == UNKNOWN:
            return (), None
        told: tuple[Notice, ...] = ()
        if number is not None and written and item.kind == "number":
            standard = in_standard(item.name, number, written, item.unit)
            if standard is None:
                return (), about(item, "value_unknown_unit", written=short(written))
            told, value = self._unit_change(item, written), standard
        found = check_value(item, value)
        return told, (self._unit_doubt(item, number, found) if number is not None and not written else found)

    def _unit_change(self, item: Field, written: str) -> tuple[Notice, ...]:
        """That a parameter comes in another unit than before; keeps the unit."""
        before = self._units.get(item.name)
        self._units[item.name] = written
        if before is None or plain_unit(before) == plain_unit(written):
            return ()
        return (about(item, "stream_unit_changed", written=short(written), before=short(before)),)

    def _unit_doubt(self, item: Field, number: float, found: float | Notice | None) -> float | Notice | None:
        """The verdict on a number without a unit, or that it would continue the last value in another unit."""
        usual = isinstance(found, float) and item.name not in CHANGEABLE
        if item.name not in self._last or not (
            usual or (isinstance(found, Notice) and found.code == "value_out_of_range")
        ):
            return found
        last = self._last[item.name]
        other = continued_in(item.name, number, last)
        if other is None:
            return found
        unit, meant = other
        values = {"value": f"{number:g}", "last": f"{last:g}", "written": unit, "corrected": meant}
        return about(item, "stream_unit_doubt", **values)

    def _place(self, item: Field, place: int, minute: float, value: float) -> tuple[Notice, ...]:
        row = (minute, place, value)
        if row in self._rows:
            return (about(item, "stream_repeated", minute=f"{minute:g}"),)
        told = []
        if (minute, place) in self._taken:
            told.append(about(item, "stream_two_values", minute=f"{minute:g}"))
        self._rows.add(row)
        self._stay = None
        self._taken.add((minute, place))
        self._last[item.name] = value
        if self.latest is None or minute >= self.latest:
            self.latest, self._late_in_a_row = minute, 0
            return tuple(told)
        self._late_in_a_row += 1
        back = {"minute": f"{minute:g}", "latest": f"{self.latest:g}"}
        if self._late_in_a_row == LATE_IN_A_ROW:
            return (*told, about(item, "stream_backwards", **back))
        return (
            (*told, about(item, "stream_late", **back))
            if self._late_in_a_row < LATE_IN_A_ROW
            else tuple(told)
        )

    def _refuse(self, reading: Reading, notice: Notice, minute: float | None = None) -> tuple[Notice, ...]:
        corrected = notice.values.get("corrected")
        self.aside.append(
            SetAside(reading, notice, minute, None if corrected is None else float(str(corrected)))
        )
        return (notice,)


def log_of(
    readings: Sequence[Reading], key: str, task: StreamTask, accept_corrections: bool
) -> tuple[StayLog, list[Notice]]:
    """A stay read in one go, and everything there is to say about it: each sentence once a parameter, on order once in all."""
    log = StayLog(key, task, accept_corrections)
    told: dict[tuple[object, ...], Notice] = {}
    for reading in readings:
        for notice in log.add(reading):
            about_order = notice.code in ("stream_late", "stream_backwards", "stream_repeated")
            which = () if about_order else (notice.values.get("field"), notice.values.get("name"))
            told.setdefault((notice.code, *which), notice)
    return log, list(told.values())


def _minute(given: object) -> float | None:
    number = _number(given)
    return number if number is not None and number >= 0 else None


def _number(given: object) -> float | None:
    try:
        number = float(str(given)) if isinstance(given, str) else float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) and not isinstance(given, bool) else None

"""When a piece of evidence was made, as exactly as is known, and how far apart two such timestamps are."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Timestamp:
    """A day and, where known, the time of day, as clocks showed them where the patient was: DICOM, WFDB and notes name no zone."""

    day: date
    clock: time | None = None

    @classmethod
    def of_iso(cls, text: str) -> "Timestamp":
        """The timestamp whose `iso` is the text. Raises ValueError."""
        day, _, clock = text.partition("T")
        return cls(date.fromisoformat(day), time.fromisoformat(clock) if clock else None)

    @property
    def iso(self) -> str:
        """2026-01-14, or 2026-01-14T09:30."""
        return f"{self.day.isoformat()}{f'T{self.clock:%H:%M}' if self.clock else ''}"

    @property
    def earliest(self) -> datetime:
        """The first instant that it may have been."""
        return datetime.combine(self.day, self.clock or time.min)

    @property
    def latest(self) -> datetime:
        """The last instant that it may have been."""
        return datetime.combine(self.day, self.clock or time.max)


@dataclass(frozen=True)
class Gap:
    """How much older one timestamp is than another: at least `hours`, exactly so where `exact`; `days` by the calendar."""

    hours: float
    days: int
    exact: bool


def gap_between(older: Timestamp, newer: Timestamp) -> Gap:
    """A day without a time of day may be any instant of it, so that only what is sure counts as a distance."""
    hours = max(0.0, (newer.earliest - older.latest) / HOUR)
    return Gap(
        hours, max(0, (newer.day - older.day).days), older.clock is not None and newer.clock is not None
    )

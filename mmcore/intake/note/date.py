"""The day a note was written, from its header alone, and only where one day can be meant."""

import re

from mmcore.domain.timestamp import Timestamp
from mmcore.intake.timestamps import DAY, read_timestamp

HEADER_LINES = 6  # lines with words; further down, dates belong to the story
LABELS = re.compile(
    r"(date|date of (the )?(note|report|exam|examination|study|visit|consultation)|date and time|written|dictated|reported"
    r"|(note|report|exam|examination|study|visit|consultation) date( and time)?"
    r"|日期|时间|报告日期|报告时间|检查日期|检查时间|记录日期|记录时间|就诊日期|就诊时间|书写日期)",
    re.IGNORECASE,
)


def note_timestamp(text: str) -> Timestamp | None:
    """When the note says that it was written; None where its header names no day, several, or one of something else."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][:HEADER_LINES]
    timestamps = [_stated(line, found.start()) for line in lines for found in DAY.finditer(line)]
    return _agreed(timestamps)


def _agreed(timestamps: list[Timestamp | None]) -> Timestamp | None:
    """The first, where all are known and name the same day."""
    known = [timestamp for timestamp in timestamps if timestamp is not None]
    if len(known) < len(timestamps) or len({timestamp.day for timestamp in known}) != 1:
        return None
    return known[0]


def _stated(line: str, start: int) -> Timestamp | None:
    """The timestamp at `start` of a line that names nothing but the day of the note."""
    label = line[:start].strip(" \t:：-–|*#")
    return read_timestamp(line[start:]) if not label or LABELS.fullmatch(label) else None

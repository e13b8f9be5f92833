"""Dates and times as files and people write them, read only where they can mean one thing."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from mmcore.domain.timestamp import Timestamp

FIRST_YEAR = 1970  # earlier dates are place holders of anonymised files, as 1900-01-01
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_FORMS = (  # the first that fits; day and month by number only where their order is plain
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
    r"(?P<y>\d{4})\s*年\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*日",
    r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?!\d)",
    rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH}[\s,-]+(?P<y>\d{{4}})",
    rf"{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})",
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})",
    r"(?P<one>\d{1,2})[/-](?P<two>\d{1,2})[/-](?P<y>\d{4})",
)
_CLOCK = re.compile(
    r"[\sT,]*(?:at\s+)?(\d{1,2})[:h时点](\d{2})分?(?::(\d{2})(?:\.\d+)?)?\s*([ap]m)?\s*(z|utc|gmt|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
DAY = re.compile("|".join(re.sub(r"\?P<\w+>", "?:", form) for form in _FORMS))


def read_timestamp(text: str) -> Timestamp | None:
    """The timestamp at the beginning of a text, None where there is none or it can mean two days (03/04/2026).

    A clock with an offset is taken as written; of one in UTC only the day is, since it says nothing of the clock on the wall.
    """
    text = text.strip()
    for form in _FORMS:
        match = re.match(form, text)
        if match:
            day = _day(match.groupdict())
            return None if day is None else Timestamp(day, _clock(text[match.end() :]))
    return None


def plausible(timestamp: Timestamp | None) -> bool:
    """Whether something can have been made then: not in the future, and not the place holder of an anonymised file."""
    return timestamp is None or (
        timestamp.day.year >= FIRST_YEAR
        and timestamp.day <= date.today() + timedelta(days=1)  # zones ahead of ours
    )


def dicom_timestamp(pairs: Iterable[tuple[object, object]]) -> str | None:
    """ISO of the first (DA or DT, TM) pair that names a day; a time of 000000 is how anonymised files leave it out."""
    for day, clock in pairs:
        digits = re.sub(r"[.:\s-]", "", str(day or "").split("+")[0].split("-")[0])
        written = digits[8:] or re.sub(r"[:\s]", "", str(clock or ""))
        try:
            found = datetime.strptime(digits[:8], "%Y%m%d").date()
        except ValueError:
            continue
        return Timestamp(found, _of_digits(written)).iso
    return None


def _of_digits(written: str) -> time | None:
    match = re.match(r"(\d\d)(\d\d)(\d\d)?", written)
    if match is None or set(match[0]) == {"0"}:
        return None
    return _time(int(match[1]), int(match[2]))


def _day(parts: dict[str, str | None]) -> date | None:
    number = {name: int(text) for name, text in parts.items() if text is not None and name != "month"}
    month = parts.get("month")
    if month:
        number["m"] = _month(month)
    if "one" in number:
        number["m"], number["d"] = _in_order(number["one"], number["two"])
    try:
        return date(number["y"], number["m"], number["d"])
    except ValueError:
        return None


def _month(name: str) -> int:
    """1 to 12; 0, which no date accepts, for another word."""
    short = name.lower()[:3]
    return MONTHS.index(short) + 1 if short in MONTHS else 0


def _in_order(one: int, two: int) -> tuple[int, int]:
    """(month, day), where only one of them can be the month; (0, 0), which no date accepts, where both can."""
    low, high = min(one, two), max(one, two)
    return (0, 0) if high <= 12 and low != high else (low, high)


def _clock(rest: str) -> time | None:
    match = _CLOCK.match(rest)
    if match is None or (match[5] or "").lower() in ("z", "utc", "gmt"):
        return None
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "pm" else 0)
    return _time(hour, int(match[2]))


def _time(hour: int, minute: int) -> time | None:
    return time(hour, minute) if hour < 24 and minute < 60 else None

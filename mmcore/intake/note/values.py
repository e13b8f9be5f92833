"""Clinical values written in a note, each with the words it was read from; what is ambiguous is not read."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mmcore.intake.note.measures import measured, number_in_note


@dataclass(frozen=True)
class FoundValue:
    """A value read from characters [start, end) of the note, in the unit of its field.

    Numbers are floats, a symptom is 1.0 (present) or 0.0 (said to be absent), sex is "M" or "F".
    """

    field: str
    value: float | str
    unit: str
    start: int
    end: int
    words: str


_ON_AIR = re.compile(
    r"\s*\(?(?:while\s+)?(?:on|in|at|breathing)?\s*(?:room|ambient)?\s*(?:air\b|ra\b)", re.IGNORECASE
)


def read_values(note: str, negated: Sequence[tuple[int, int]]) -> tuple[FoundValue, ...]:
    """Values the note states once or without contradiction, in the order of the note.

    negated: character ranges said to be absent (mmcore.preprocess.text.negations), which make a symptom 0.
    Left out: readings that differ, limits (">39"), ranges, counts in percent, and a pO2 (no saturation).
    """
    readers: tuple[Callable[[str], Iterator[FoundValue]], ...] = (_ages, _sexes, _durations)
    found = [_value(*reading) for reading in measured(note)] + list(_symptoms(note, negated))
    return _settled(note, found + [value for reader in readers for value in reader(note)])


def read_person(note: str) -> tuple[FoundValue, ...]:
    """Age and sex alone, as `read_values` reads them."""
    return _settled(note, [*_ages(note), *_sexes(note)])


def _settled(note: str, found: Sequence[FoundValue]) -> tuple[FoundValue, ...]:
    by_field: dict[str, list[FoundValue]] = {}
    for value in found:
        by_field.setdefault(value.field, []).append(value)
    agreed = (_agreed(note, values) for values in by_field.values())
    return tuple(sorted((value for value in agreed if value), key=lambda value: value.start))


def _agreed(note: str, values: list[FoundValue]) -> FoundValue | None:
    """The one reading or None; the longest duration (illness starts with its first symptom)."""
    first = values[0]
    if first.field == "days_of_illness":
        return max(values, key=lambda value: value.value)
    if first.field == "oxygen_saturation_percent":
        values = _on_air(note, values)
    tolerance = 0.15 if first.field == "temperature_celsius" else 0.0
    return values[0] if all(_same(v.value, values[0].value, tolerance) for v in values) else None


def _on_air(note: str, values: list[FoundValue]) -> list[FoundValue]:
    """Of readings that differ those on room air, where there are any."""
    if len({value.value for value in values}) == 1:
        return values
    return [value for value in values if _ON_AIR.match(note, value.end)] or values


def _same(one: float | str, other: float | str, tolerance: float) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return abs(one - other) <= tolerance


def _value(field: str, value: float | str, unit: str, match: re.Match[str]) -> FoundValue:
    return FoundValue(field, value, unit, match.start(), match.end(), match.group().strip())


_UNITS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: i + 1 for i, word in enumerate(_UNITS)} | {word: 10 * i + 20 for i, word in enumerate(_TENS)}
_WORD_NUMBER = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(_UNITS[:9])}))?|{'|'.join(_UNITS)})"
_RELATIVE = (
    r"(?:wife|husband|partner|son|daughter|mother|father|brother|sister|friend|child(?:ren)?|colleague"
    r"|neighbou?r"
    r"|donor|roommate)"
)


def _spelled(text: str) -> float:
    return (
        number_in_note(text)
        if text[0].isdigit()
        else float(sum(_WORDS[word] for word in re.split(r"[\s-]", text.lower())))
    )


_AGE = re.compile(
    rf"(?<![\d.,/])(?P<a>\d{{1,3}}|\b{_WORD_NUMBER})[\s-]*(?P<unit>years?|yrs?|months?)[\s-]*(?:old\b"
    rf"|of\s+age\b)"
    rf"(?!\s+{_RELATIVE}\b)"
    rf"|\b(?:aged|age\s*[:=]?|age\s+of)\s*(?P<b>\d{{1,3}})\b(?!\s*(?:months?|days?))"
    rf"|(?<![\d.,/])(?P<c>\d{{1,3}})\s*(?:y/?o\b|yo[mf]\b)"
    r"|(?<![\w.,/])(?P<d>[1-9]\d?)(?:(?-i:M)|(?-i:F)|/(?-i:[MF]))(?![\w/])"
    rf"|\b(?:wo)?m[ae]n\s*,\s*(?P<e>\d{{2}})(?=\s*,|\s*years)"
    r"|\b(?:patient|m[ae]n|wom[ae]n|male|female)\s+of\s+(?P<f>\d{1,3})\s+years\b",
    re.IGNORECASE,
)


def _ages(note: str) -> Iterator[FoundValue]:
    for match in _AGE.finditer(note):
        if _of_a_relative(note, match) or _may_be_temperature(match):
            continue
        years = _years(match)
        if 0 <= years <= 120:
            yield _value("age_years", years, "a", match)


def _of_a_relative(note: str, match: re.Match[str]) -> bool:
    before = note[: match.start()][-40:]
    return bool(re.search(rf"\b{_RELATIVE}\s*(?:\(|,|is|was)?\s*(?:an?\s*)?$", before, re.IGNORECASE))


def _may_be_temperature(match: re.Match[str]) -> bool:
    """98F, in degrees."""
    return bool(match["d"]) and "F" in match.group() and float(match["d"]) >= 90


def _years(match: re.Match[str]) -> float:
    years = _spelled(next(match[name] for name in "abcdef" if match[name]))
    return round(years / 12, 2) if (match["unit"] or "").lower().startswith("m") else years


_SEX = re.compile(
    r"\b(?P<F>wom[ae]n|female|lady|girl|(?-i:Mrs|Ms)(?=\.?\s+[A-Z]))\b|\b(?P<M>m[ae]n|male|gentleman"
    r"|boy|(?-i:Mr)(?=\.?\s+[A-Z]))\b"
    r"|(?<![\w.,/])\d{2}/?(?:(?P<F2>(?-i:F))|(?P<M2>(?-i:M)))(?![\w/])|\d\s*yo(?:(?P<F3>f)|(?P<M3>m))\b"
    r"|\b(?:sex|gender)\s*[:=]\s*(?:(?P<F4>f)|(?P<M4>m))\b",
    re.IGNORECASE,
)


def _sexes(note: str) -> Iterator[FoundValue]:
    for match in _SEX.finditer(note):
        if match["F2"] and float(match.group()[:2]) >= 90:
            continue
        after = re.match(rf"\s+{_RELATIVE}\b", note[match.end() :][:20], re.IGNORECASE)
        if not after and match.lastgroup:
            yield _value("sex", match.lastgroup[0], "", match)


_SYMPTOM = (
    r"(?:fever\w*|febrile|pyrexia|cough\w*|dyspn\w+|short(?:ness)?\s+of\s+breath|breathless\w*|sob\b"
    r"|malaise|myalgia|fatigue|asthenia|sore\s+throat|chills?"
    r"|symptom\w*|ill(?:ness)?\b|unwell|diarrh\w+|headache|sputum|an?osmia|wheez\w+"
    r"|breathing\s+difficult\w+|difficult\w*\s+breathing)"
)
_LENGTH = (
    r"(?<!until\s)\b(?:(?:about|approximately|almost|nearly|around|roughly|the|last|past|previous"
    r"|preceding)\s+){0,3}"
    rf"(?P<n>\d{{1,3}}|{_WORD_NUMBER}|an?(?=\s))[\s-]*(?P<unit>day|d\b|week|wk)s?"
)
_DURATIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_LENGTH}['’]?[\s-]+(?:history|hx|h/o)(?:\s+of)?\b",
        rf"{_SYMPTOM}(?:(?!\b(?:treat|ventil|intubat|admi|hospital|antibiot|therap|stay|discharg|died"
        rf"|follow|after)\w*)[^.;\d]){{0,80}}?"
        rf"\b(?:for|since|(?<!for\s)(?<!since\s)over|during|in)\s+{_LENGTH}\b(?!\s+(?:later|after|before))",
        rf"\bfor\s+{_LENGTH},?\s+(?:\w+\s+){{0,3}}?(?:of\s+)?{_SYMPTOM}",
        rf"{_LENGTH}\s+of\s+(?:\w+\s+){{0,3}}?{_SYMPTOM}",
        rf"(?:\bsymptoms?|\billness|\bfever|\bcough)\s+(?:\w+\s+){{0,3}}?(?:onset|start\w*|beg[au]n"
        rf"|appear\w*)"
        rf"\s+(?:\w+\s+){{0,5}}?{_LENGTH}\s+(?:ago|earlier|before|prior|previously)",
        rf"{_LENGTH}\s+(?:after|since|from|post)\s+(?:the\s+)?(?:symptom\s+|disease\s+|illness\s+)?onset",
        r"(?<!until\s)\bday\s+(?P<n>\d{1,3})\s+(?:after|of|since|from|post)\s+(?:the\s+)?(?:symptom\w*"
        r"|illness|disease|onset)|\b(?:illness|symptom)\s+day\s+(?P<m>\d{1,3})\b",
    )
)


def _durations(note: str) -> Iterator[FoundValue]:
    for pattern in _DURATIONS:
        for match in pattern.finditer(note):
            days = _days(match)
            if days <= 120:
                yield _value("days_of_illness", days, "d", match)


def _days(match: re.Match[str]) -> float:
    groups = match.groupdict()
    text = groups["n"] or groups.get("m") or ""
    count = 1.0 if text.lower() in ("a", "an") else _spelled(text)
    return count * 7 if (groups.get("unit") or "").lower().startswith("w") else count


_SYMPTOMS: tuple[tuple[str, str, str | None], ...] = (  # field, words for it, words that say it is absent
    ("cough", r"\bcough(?:s|ing|ed)?\b(?!\s+(?:syrup|medic\w+|assist\w*))", None),
    (
        "fever",
        r"\b(?:fevers?|feverish|febrile|pyrexi\w*|hyperpyrexia|hyperthermia)\b(?!\s+(?:clinic|ward|chart))",
        r"\b(?:afebrile|apyr\w+)\b",
    ),
    (
        "dyspnoea",
        r"\b(?:dyspno?e(?:a|ic)|short(?:ness)?\s+of\s+breath|sob|breathless\w*|breathing\s+difficult\w+"
        r"|difficult\w*\s+(?:in\s+)?breathing|labou?red\s+breathing)\b",
        r"\beupno?e?ic\b",
    ),
)


def _symptoms(note: str, negated: Sequence[tuple[int, int]]) -> Iterator[FoundValue]:
    for field, present, absent in _SYMPTOMS:
        for match in re.finditer(present, note, re.IGNORECASE):
            before = note[: match.start()][-40:]
            if re.search(
                rf"\b{_RELATIVE}\s+(?:\w+\s+){{0,3}}$|\b(?:no\s+longer|if|history\s+of\s+hay)\s+$",
                before,
                re.IGNORECASE,
            ):
                continue
            denied = any(start <= match.start() < end for start, end in negated)
            yield _value(field, 0.0 if denied else 1.0, "", match)
        for match in re.finditer(absent, note, re.IGNORECASE) if absent else ():
            yield _value(field, 0.0, "", match)

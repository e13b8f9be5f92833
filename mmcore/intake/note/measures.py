"""Temperature, saturation and blood values in a note: their names, units and what a bare number means."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class _Measure:
    """How a value is written. units: (pattern, factor, offset); bare: (low, high, factor, offset)."""

    field: str
    unit: str
    names: str
    units: tuple[tuple[str, float, float], ...]
    bare: tuple[tuple[float, float, float, float], ...]
    plausible: tuple[float, float]
    nameless: bool = False  # the unit alone says what it is


_NUMBER = r"\d{1,3}(?:,\d{3})+(?![\d,])|\d+(?:[.,·]\d+)?"
_GAP = (
    r"(?:\s*(?:levels?|counts?|values?|readings?|was|is|were|of|at|to|up|in|on|the|and|a|slightly"
    r"|markedly|mildly|elevated|raised"
    r"|increased|decreased|reduced|normal|low|high|fell|dropped|rose|peak(?:ed|ing)?|maximum|max|about"
    r"|around|approximately"
    r"|measured|body|oral|axillary|peripheral|ambient|room|air|ra|[:=~,(\[])){0,6}\s*"
)
_PER_L = (
    r"(?:[x×*]\s*)?10\s*(?:\^|e|\*\*)?\s*(?:9|⁹)\s*(?:cells\s*)?(?:/|per\s)\s*l(?:it(?:er|re))?"
    r"|g/l\b(?=\W)|k/[uµμ]l|(?:[x×]\s*)?10\s*\^?\s*(?:3|³)\s*/\s*(?:[uµμ]l|mm\s?(?:3|³))"
)
_PER_UL = r"(?:cells\s*)?/\s*(?:[uµμ]l|mm\s?\^?(?:3|³)|microlit(?:er|re))|cells\b"
_COUNT = ((_PER_L, 1.0, 0.0), (_PER_UL, 0.001, 0.0))
_MEASURES = (
    _Measure(
        "temperature_celsius",
        "°C",
        r"\btemp(?:erature)?\.?|\bfever|\b(?<![+-])febrile|\bpyrexia|\btmax|\btc?(?=\s*[:=]?\s*\d\d)",
        (
            (r"[°º]\s*c\b|c\b|℃|degrees?(?:\s+c(?:elsius|entigrade)?\b)?(?!\s+f)", 1.0, 0.0),
            (r"[°º]\s*f\b|f\b|℉|degrees?\s+f\w*", 5 / 9, -160 / 9),
        ),
        ((34.0, 42.9, 1.0, 0.0), (93.0, 109.0, 5 / 9, -160 / 9)),
        (30.0, 43.0),
        nameless=True,
    ),
    _Measure(
        "oxygen_saturation_percent",
        "%",
        r"\bs[pa]?o2\b(?:\s+sat\w*)?|\b(?:de)?sat(?:s|ting|urat(?:ion|ions|ing"
        r"|ed))?\b(?:\s+of\s+oxygen)?|\bpulse\s+ox\w*",
        ((r"%|per\s?cent", 1.0, 0.0),),
        ((50.0, 100.0, 1.0, 0.0), (0.3, 0.9999, 100.0, 0.0)),
        (30.0, 100.0),
    ),
    _Measure(
        "leukocytes_10e9_per_l",
        "10⁹/L",
        r"\bwbcc?\b|\bwhite(?:[\s-]+blood)?[\s-]+cells?(?:\s+count)?|\bleu[kc]ocyt(?:es?|osis)\b"
        r"|\bleu[kc]opa?enia\b",
        _COUNT,
        ((0.5, 60.0, 1.0, 0.0), (500.0, 60000.0, 0.001, 0.0)),
        (0.0, 200.0),
    ),
    _Measure(
        "neutrophils_10e9_per_l",
        "10⁹/L",
        r"\bneutrophil(?:s|ia)?\b|\bneutropa?enia\b",
        _COUNT,
        ((300.0, 60000.0, 0.001, 0.0),),
        (0.0, 150.0),
    ),
    _Measure(
        "lymphocytes_10e9_per_l",
        "10⁹/L",
        r"\blymphocyt(?:es?|osis)\b|\blympho(?:cyto)?pa?enia\b",
        _COUNT,
        ((100.0, 20000.0, 0.001, 0.0),),
        (0.0, 100.0),
    ),
    _Measure(
        "crp_mg_per_l",
        "mg/L",
        r"\bcrp\b|\bc-?\s?reacti(?:ve|on)\s+protein\b(?:\s*\(crp\))?|\bpcr\b(?=\s*[:=]?\s*\d)",
        ((r"mg\s*/\s*l\b", 1.0, 0.0), (r"mg\s*/\s*dl\b", 10.0, 0.0), (r"[uµμ]g\s*/\s*ml\b", 1.0, 0.0)),
        ((60.0, 600.0, 1.0, 0.0),),  # as mg/dL it would be beyond life
        (0.0, 700.0),
    ),
    _Measure(
        "d_dimer_mg_per_l",
        "mg/L",
        r"\bd-?\s?dimers?\b",
        (
            (r"(?:mg\s*/\s*l|(?:[uµμ]|mc)g\s*/\s*ml)\b(?!\s*ddu)", 1.0, 0.0),
            (r"(?:ng\s*/\s*ml|(?:[uµμ]|mc)g\s*/\s*l)\b(?!\s*ddu)", 0.001, 0.0),
        ),
        (),
        (0.0, 100.0),
    ),
    _Measure(
        "ldh_u_per_l",
        "U/L",
        r"\bldh\b|\blactate\s+dehydrogenase\b(?:\s*\(ldh\))?",
        ((r"i?u\s*/\s*l\b", 1.0, 0.0),),
        ((50.0, 5000.0, 1.0, 0.0),),
        (50.0, 5000.0),
    ),
)
_LIMIT = r"(?P<limit>[<>≤≥]|\b(?:over|above|below|under|more\s+than|less\s+than|at\s+least)\b)?"
_OTHER_UNIT = (
    r"\s*(?:mm\s?hg|kpa|l/min|l\b|litres?|liters?|days?|weeks?|hours?|h\b|years?|-year|-day|bpm|kg|%|mg"
    r"|ng|[uµμ]?kat|[uµμ]g|/|[x×]|s\b)"
)


def _pattern(measure: _Measure) -> re.Pattern[str]:
    units = "|".join(f"(?P<unit{i}>{unit})" for i, (unit, _, _) in enumerate(measure.units))
    return re.compile(
        rf"(?P<name>(?:{measure.names}){_GAP}){'?' if measure.nameless else ''}{_LIMIT}\s*"
        rf"(?<!\d)(?<!\d[.,·/])(?P<number>{_NUMBER})"
        rf"(?P<range>\s*(?:-|–|to|/)\s*(?:{_NUMBER}))?"
        rf"(?:\s*(?:{units})|(?![\w·°^-])(?![.,?]\d)(?!{_OTHER_UNIT}))",
        re.IGNORECASE,
    )


_PATTERNS = tuple((measure, _pattern(measure)) for measure in _MEASURES)
_SATURATION_BEHIND = re.compile(
    r"(?<![\d.,<>-])(?P<number>\d{2,3}(?:[.,]\d)?)\s*%\s*(?:of\s+)?(?:(?:p|s[pa]?)?o2\s+"
    r"|oxygen\s+)?saturation|(?<![\d.,<>-])(?P<air>\d{2,3})\s*%\s+(?:on|in)\s+(?:room|ambient)\s+air",
    re.IGNORECASE,
)


def measured(note: str) -> Iterator[tuple[str, float, str, re.Match[str]]]:
    """Readings (field, value, unit, match) in the field's unit; limits (">39") and ranges are left out."""
    for measure, pattern in _PATTERNS:
        for match in pattern.finditer(note):
            number = _number(measure, match)
            if number is not None:
                yield measure.field, round(number, 4), measure.unit, match
    for match in _SATURATION_BEHIND.finditer(note):
        number = number_in_note(match["number"] or match["air"])
        if 30 <= number <= 100:
            yield "oxygen_saturation_percent", number, "%", match


def _number(measure: _Measure, match: re.Match[str]) -> float | None:
    """In the field's unit; None for a limit, a range, and what cannot be."""
    if match["limit"] or match["range"]:
        return None
    number = _converted(measure, match)
    low, high = measure.plausible
    return number if number is not None and low <= number <= high else None


def _converted(measure: _Measure, match: re.Match[str]) -> float | None:
    number = number_in_note(match["number"])
    for i, (_, factor, offset) in enumerate(measure.units):
        if match[f"unit{i}"]:
            if factor == 0.001 and measure.unit == "10⁹/L":
                return _thousandth(number, match["number"])
            return factor * number + offset
    if not match["name"]:
        return None
    return next((f * number + o for low, high, f, o in measure.bare if low <= number <= high), None)


def _thousandth(number: float, written: str) -> float | None:
    """A count per µL in 10⁹/L; 12.420/µL has a point for thousands, and other numbers so small no one meaning."""
    if number < 100:
        return number if re.fullmatch(r"\d+[.,]\d{3}", written) else None
    return 0.001 * number


def number_in_note(text: str) -> float:
    """A number as prose has it: where a field would ask which of the two "12,420" is, prose means thousands."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text):
        return float(text.replace(",", ""))
    return float(text.replace(",", ".").replace("·", "."))

"""Puts codes into the reader's language."""

import re
from collections.abc import Iterable
from datetime import date, datetime

from mmcore import words
from mmcore.domain.errors import MmcoreError
from mmcore.domain.notice import Notice
from pages.ui.shell import state

SPACE = "\u00a0"  # between a number and its unit, so that no line ends between them
_UNITS = r"%|°C|mmHg|mmol/L|mm|mV|mL|mg|MB|ms|kg|Hz|h|log-odds"
_BEFORE_UNIT = re.compile(rf"(?<=\d) (?=(?:{_UNITS})(?![a-z]))|(?<=[<>≥≤]) (?=\d)")


def t(code: str, **values: object) -> str:
    """The sentence of a code in the chosen language."""
    return bound(words.say(code, state.language(), **values))


def heading(code: str, **values: object) -> str:
    """The sentence of a code with a capital first letter."""
    return capital(t(code, **values))


def capital(sentence: str) -> str:
    """The sentence with a capital first letter."""
    return sentence[:1].upper() + sentence[1:]


def bound(sentence: str) -> str:
    """The sentence with its numbers held to their units."""
    return _BEFORE_UNIT.sub(SPACE, sentence)


def told(what: Notice | MmcoreError) -> str:
    """A notice or an error in the chosen language; reasons inside it are told too."""
    reasons = what.values.get("reasons")
    if isinstance(reasons, list):
        inner = " ".join(told(r) if isinstance(r, Notice) else str(r) for r in reasons)
        what = Notice(what.code, {**what.values, "reasons": inner})
    return capital(bound(words.tell(what, state.language())))


def percent(probability: float) -> str:
    """0.613 -> 61 %; below 1 % and above 99 % with one more digit, so that nothing reads as impossible or certain."""
    if probability < 0.001:
        return t("number.below", limit="0.1 %")
    if probability > 0.999:
        return t("number.above", limit="99.9 %")
    digits = 1 if probability < 0.0095 or probability > 0.9905 else 0
    return f"{probability * 100:.{digits}f}{SPACE}%"


def counted(share: float) -> str:
    """A share of counted cases in whole per cent: none or all of them may be meant."""
    return f"{100 * share:.0f}{SPACE}%"


def signed(value: float, digits: int = 2) -> str:
    """Log-odds with an explicit sign and a true minus; no minus before a zero."""
    rounded = round(value, digits)
    return f"{'−' if rounded < 0 else '+'}{abs(rounded):.{digits}f}"


def number(value: float) -> str:
    """A measured value without needless digits."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def listed(names: Iterable[str]) -> str:
    """Names one after the other."""
    return t("number.between").join(names)


def day(moment: date | datetime | None) -> str:
    """A date as 2026-11-23, or a dash."""
    return moment.strftime("%Y-%m-%d") if moment else "–"

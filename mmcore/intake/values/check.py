"""One clinical value as written, checked against its field: a number in standard units, or why not."""

from collections.abc import Mapping
from math import isfinite, isnan
from typing import TypeGuard

from mmcore.domain.notice import Notice
from mmcore.domain.task import Field, Task
from mmcore.intake.values.units import UNKNOWN, convert, number_in_cell, plain_name, split_cell, split_heading

YES = frozenset(["1", "1.0", "yes", "y", "true", "present", "positive", "有", "是"])
NO = frozenset(["0", "0.0", "no", "n", "false", "absent", "negative", "无", "否", "没有"])
CHOICES = {"female": "f", "woman": "f", "女": "f", "male": "m", "man": "m", "男": "m"}


def find_field(heading: str, task: Task) -> tuple[Field, str] | None:
    """(field, unit in the heading) of "CRP (mg/dL)", "crp_mg_dl" or "crp"; None if the task has none."""
    bare, stated = split_heading(heading)
    name = plain_name(bare)
    names = {plain_name(n): item for item in task.asked_fields for n in (item.name, *item.aliases)}
    return (names[name], stated) if name in names else _with_unit(name, names)


def _with_unit(name: str, names: Mapping[str, Field]) -> tuple[Field, str] | None:
    """The field, and the unit that follows its name, of "crp_mg_dl"; the longest name that fits."""
    for start in sorted((n for n in names if name.startswith(f"{n}_")), key=len, reverse=True):
        unit = name[len(start) + 1 :].replace("_per_", "/").replace("_", "/")
        if names[start].unit and convert(1.0, unit, names[start].unit) is not None:
            return names[start], unit
    return None


def check_value(item: Field, value: object, unit: str = "") -> float | Notice | None:
    """The value in the unit of the field; None if it is unknown; a notice if it cannot be used as it is.

    A notice with `corrected` among its values proposes a value and waits for the user's word.
    """
    if value is None or (isinstance(value, float) and isnan(value)):
        return None
    if isinstance(value, str) and value.strip().lower() in UNKNOWN - set(
        item.choices
    ):  # "none" may be a choice
        return None
    if item.kind == "flag":
        return _flag(item, value)
    if item.kind == "choice":
        return _choice(item, value)
    return _number(item, value, unit)


def _flag(item: Field, value: object) -> float | Notice:
    text = str(value).strip().lower()
    if text in YES or text in NO:
        return float(text in YES)
    return about(item, "value_not_yes_or_no", value=short(value))


def _choice(item: Field, value: object) -> float | Notice:
    text = str(value).strip().lower()
    places = {choice.lower(): place for place, choice in enumerate(item.choices)}
    places |= {str(place): place for place in range(len(item.choices))}
    place = places.get(CHOICES.get(text, text.removesuffix(".0")))
    if place is None:
        return about(item, "value_not_a_choice", value=short(value), choices=", ".join(item.choices))
    return float(place)


def _number(item: Field, value: object, unit: str) -> float | Notice:
    bound, written = "", unit
    if isinstance(value, str):
        parts = split_cell(value)
        if parts is None:
            return about(item, "value_not_a_number", value=short(value))
        bound, digits, own = parts
        number, written = number_in_cell(digits), own or unit
        if number is None:
            return about(item, "value_ambiguous_number", value=short(digits))
    elif _is_number(value):
        number = float(value)
    else:
        return about(item, "value_not_a_number", value=short(value))
    standard = convert(number, written, item.unit)
    if standard is None:
        return about(item, "value_unknown_unit", written=short(written))
    return _in_range(item, standard, bound)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _in_range(item: Field, number: float, bound: str) -> float | Notice:
    low, high = item.plausible
    if low <= number <= high:
        return (
            about(item, "value_is_a_bound", value=f"{bound}{number:g}", corrected=number) if bound else number
        )
    for slip in item.slips:
        meant = round(slip.factor * number + slip.offset, 4)
        if slip.low <= number <= slip.high and low <= meant <= high:
            return about(item, "value_correctable", value=f"{number:g}", corrected=meant)
    return about(item, "value_out_of_range", value=f"{number:g}")


def about(item: Field, code: str, **values: object) -> Notice:
    """A notice about a value, with the unit and the range of its field."""
    low, high = item.plausible
    about = {"field": item.name, "unit": item.unit, "low": f"{low:g}", "high": f"{high:g}"}
    return Notice(code, about | values, "clinical")


def short(value: object) -> str:
    """At most 30 characters of what was given, to be shown back."""
    return str(value).strip()[:30]

"""The clinical values with their evidence, beside their units and reference ranges."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from mmcore.domain.prediction import Attribution
from mmcore.domain.review import Review
from mmcore.domain.task import CaseTask, Field
from pages.ui.draw.evidence import NEGLIGIBLE, bar_html, of_modality, split_shown
from pages.ui.shell.template import show
from pages.ui.shell.text import heading, listed, number, t

LEAST_SCALE = 0.25  # log-odds at the end of the longest bar, at least: a trifle is not to look like a finding


@dataclass(frozen=True)
class _Line:
    """A row of the table in words. log_odds: None where none is shown; bar: "" where it is negligible."""

    name: str
    shown: str
    outside: bool
    reference: str
    log_odds: float | None
    way: str
    bar: Markup | str


def draw(review: Review, task: CaseTask, *, revealed: bool = True, doubt: str = "") -> None:
    """A table of the measured values, the sum, and what was not measured. doubt: why its bars are greyed out."""
    values = review.case.values
    if not values:
        show("shell/line", kind="quiet", words=t("screen.review.no_vitals"))
        return
    attribution = of_modality(review, "clinical") if revealed else None
    if doubt:
        show("shell/line", kind="warning", words=doubt)
    taught, untaught = _lines(review, task, attribution)
    remarks = _remarks(task, values, attribution)
    show("draw/values", taught=taught, untaught=untaught, remarks=remarks, doubtful=bool(doubt))


def _lines(
    review: Review, task: CaseTask, attribution: Attribution | None
) -> tuple[list[_Line], list[_Line]]:
    """Rows of the fields that the model was taught, and of the others, which add nothing."""
    values = review.case.values
    given = dict(zip(attribution.parts, attribution.values.tolist(), strict=True)) if attribution else {}
    largest = max([LEAST_SCALE, *(abs(given.get(name, 0.0)) for name in values)])
    taught, untaught = [], []
    for field in task.fields:
        if field.name in values and review.identified.get(field.name, True):
            taught.append(_line(field, values[field.name], given.get(field.name), largest))
        elif field.name in values:
            untaught.append(_line(field, values[field.name], 0.0, largest))
    return taught, untaught


def _remarks(task: CaseTask, values: Mapping[str, float], attribution: Attribution | None) -> list[str]:
    others = listed(t(f"field.{f.name}") for f in task.fields if f.name not in values)
    said = [t("screen.vitals.sum", **split_shown(attribution))] if attribution else []
    return [*said, t("screen.vitals.others", fields=others)] if others else said


def value_words(field: Field, value: float) -> str:
    """A value with its unit, or its choice in words."""
    if field.kind == "flag":
        return t(f"choice.flag.{int(value)}")
    if field.kind == "choice":
        return t(f"choice.{field.name}.{field.choices[int(value)]}")
    return f"{number(value)} {unit(field)}".strip()


def unit(field: Field) -> str:
    """The unit as people read it."""
    return t(f"unit.{field.unit}") if field.unit in ("a", "d") else field.unit


def _line(field: Field, value: float, log_odds: float | None, largest: float) -> _Line:
    usual = field.reference
    reference = t("screen.vitals.no_reference")
    if usual:
        reference = t("screen.new_case.range", low=number(usual[0]), high=number(usual[1]))
    way, bar = "for" if log_odds and log_odds > 0 else "against", ""
    if log_odds is not None and abs(log_odds) >= NEGLIGIBLE:
        bar = bar_html(0.0, log_odds, -largest * 1.05, largest * 1.05, way)
    return _Line(
        name=heading(f"field.{field.name}"),
        shown=value_words(field, value),
        outside=usual is not None and not usual[0] <= value <= usual[1],
        reference=reference,
        log_odds=log_odds,
        way=way,
        bar=bar,
    )

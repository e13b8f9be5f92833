"""The clinical values with their evidence, beside their units and reference ranges."""

from html import escape

import streamlit as st

from mmcore.domain.task import Field, Task
from pages.ui.draw.evidence import NEGLIGIBLE, bar_html, of_modality, split_shown
from pages.ui.shell.text import heading, listed, number, signed, t

LEAST_SCALE = 0.25  # log-odds at the end of the longest bar, at least: a trifle is not to look like a finding


def draw(review, task: Task, *, revealed: bool = True, doubt: str = "") -> None:
    """A table of the measured values, the sum, and what was not measured. doubt: why its bars are greyed out."""
    values = review.case.values
    if not values:
        st.html(f'<div class="quiet">{t("screen.review.no_vitals")}</div>')
        return
    attribution = of_modality(review, "clinical") if revealed else None
    given = dict(zip(attribution.parts, attribution.values.tolist(), strict=True)) if attribution else {}
    largest = max([abs(given.get(name, 0.0)) for name in values], default=0.0)
    largest = max(largest, LEAST_SCALE)
    measured = [f for f in task.fields if f.name in values]
    learnt = [f for f in measured if review.identified.get(f.name, True)]
    rows = [_row(f, values[f.name], given.get(f.name), largest) for f in learnt]
    unlearnt = [f for f in measured if f not in learnt]
    if unlearnt:
        rows.append(f'<tr><td colspan="5" class="between">{escape(t("screen.vitals.unlearnt"))}</td></tr>')
        rows += [_row(f, values[f.name], 0.0, largest) for f in unlearnt]
    names = ("field", "value", "reference", "evidence", "bar")
    heads = "".join(f'<th scope="col" class="{c}">{t(f"screen.vitals.column.{c}")}</th>' for c in names)
    others = listed(t(f"field.{f.name}") for f in task.fields if f.name not in values)
    below = [t("screen.vitals.others", fields=others)] if others else []
    if attribution:
        below.insert(0, t("screen.vitals.sum", **split_shown(attribution)))
    remarks = "".join(f"<p>{escape(words)}</p>" for words in below)
    if doubt:
        st.html(f'<div class="warning">{escape(doubt)}</div>')
    st.html(
        f'<table class="values{" doubtful" if doubt else ""}"><thead><tr>{heads}</tr></thead>{"".join(rows)}</table><div class="quiet"><br>{remarks}</div>'
    )


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


def _row(field: Field, value: float, log_odds: float | None, largest: float) -> str:
    range_ = field.reference
    outside = range_ is not None and not range_[0] <= value <= range_[1]
    reference = t("screen.vitals.no_reference")
    if range_:
        reference = t("screen.new_case.range", low=number(range_[0]), high=number(range_[1]))
    shown = escape(value_words(field, value))
    if outside:
        shown = f'<span class="out">{shown}</span> <small>{t("screen.vitals.outside")}</small>'
    cells = (
        f'<th scope="row">{escape(heading(f"field.{field.name}"))}</th><td>{shown}</td><td>{reference}</td>'
    )
    if log_odds is None:
        return f"<tr>{cells}<td></td><td></td></tr>"
    if abs(log_odds) < NEGLIGIBLE:
        return f'<tr>{cells}<td class="num">0</td><td></td></tr>'
    way = "for" if log_odds > 0 else "against"
    bar = bar_html(0.0, log_odds, -largest * 1.05, largest * 1.05, way)
    return f'<tr>{cells}<td class="num {way}-ink">{signed(log_odds)}</td><td class="bar">{bar}</td></tr>'

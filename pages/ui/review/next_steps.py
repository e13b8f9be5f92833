"""Next steps: rows of published guidelines that this patient's values trigger, clearly apart from the model."""

from dataclasses import dataclass
from itertools import groupby

import streamlit as st

from mmcore import words
from mmcore.domain.guideline import APPLIES, NOT_FOR, NOT_KNOWN, Advice
from mmcore.domain.task import CaseTask, Field
from mmcore.guidelines.next_steps import SAME, askable, facts_to_ask, next_steps
from pages.ui.draw.vitals import unit, value_words
from pages.ui.shell.template import show
from pages.ui.shell.text import heading, listed, t

MARKS = {APPLIES: "✓", NOT_KNOWN: "?", NOT_FOR: "–"}


@dataclass(frozen=True)
class _Row:
    """One piece of advice in words, the classes and the mark that its status gives it, and remarks below."""

    status: str
    kind: str
    mark: str
    sentence: str
    remarks: list[str]


def draw(task: CaseTask, values: dict[str, float], key: str) -> None:
    """The advice of each guideline with its source, and a form for the facts that the case does not hold."""
    show("shell/line", kind="quiet", words=t("screen.next_steps.lead"))
    shown, form = st.columns([0.64, 0.36], gap="medium")
    with form:
        added = _form(task, values, key)
    found = next_steps(task, values, added)
    with shown:
        if not found:
            show("shell/line", kind="quiet", words=t("screen.next_steps.none"))
        for guideline, rows in groupby(found, key=lambda advice: advice.guideline):
            show("review/guideline", guideline=guideline, rows=[_row(advice, task) for advice in rows])


def _row(advice: Advice, task: CaseTask) -> _Row:
    remarks = []
    if advice.facts:
        facts = listed(f"{fact_name(k)} {fact_value(k, v, task)}" for k, v in advice.facts.items())
        remarks.append(heading("screen.next_steps.because", facts=facts))
    if advice.missing:
        names = listed(fact_name(k) for k in advice.missing)
        told = "cannot" if advice.status == NOT_KNOWN else "without"
        remarks.append(heading(f"screen.next_steps.{told}", facts=names))
    return _Row(
        status=advice.status,
        kind="advice" if advice.status == APPLIES else "advice-off",
        mark=MARKS[advice.status],
        sentence=t(f"guideline.{advice.guideline}.{advice.row}", **advice.values),
        remarks=remarks,
    )


def fact_name(fact: str) -> str:
    """What a fact is called on screen."""
    return t(f"fact.{fact}") if words.known(f"fact.{fact}") else t(f"field.{fact}")


def fact_value(fact: str, value: float, task: CaseTask) -> str:
    """A fact's value with its unit or in words."""
    own = {SAME.get(f.name, f.name): f for f in task.fields}
    field = own.get(fact) or askable()[fact]
    return value_words(field, value)


def _form(task: CaseTask, values: dict[str, float], key: str) -> dict[str, float]:
    asked = facts_to_ask(task, values)
    added: dict[str, float] = {}
    if asked:
        show("shell/part", words=t("screen.next_steps.form"))
    columns = st.columns(2, gap="small")
    for place, field in enumerate(asked):
        with columns[place % 2]:
            given = _input(field, f"next_{field.name}_{key}")
        if given is not None:
            added[field.name] = float(given)
    return added


def _input(field: Field, key: str) -> float | None:
    name = heading(f"fact.{field.name}")
    if field.kind == "number":
        low, high = (float(x) for x in field.plausible)
        hint = t("screen.new_case.not_measured")
        return st.number_input(f"{name} ({unit(field)})", low, high, None, key=key, placeholder=hint)
    return st.selectbox(
        name,
        tuple(range(len(field.choices))) if field.kind == "choice" else (0, 1),
        index=None,
        format_func=lambda code: value_words(field, code),
        key=key,
        placeholder=t("choice.unknown"),
    )

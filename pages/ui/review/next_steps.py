"""Next steps: rows of published guidelines that this patient's values trigger, clearly apart from the model."""

from html import escape
from itertools import groupby

import streamlit as st

from mmcore import words
from mmcore.domain.guideline import APPLIES, NOT_FOR, NOT_KNOWN, Advice
from mmcore.domain.task import Field, Task
from mmcore.guidelines.next_steps import EXTRA, SAME, facts_to_ask, next_steps
from pages.ui.draw.vitals import unit, value_words
from pages.ui.shell.text import heading, listed, t

MARKS = {APPLIES: "✓", NOT_KNOWN: "?", NOT_FOR: "–"}


def draw(task: Task, values: dict[str, float], key: str) -> None:
    """The advice of each guideline with its source, and a form for the facts that the case does not hold."""
    st.html(f'<div class="quiet">{t("screen.next_steps.lead")}</div>')
    shown, form = st.columns([0.64, 0.36], gap="medium")
    with form:
        added = _form(task, values, key)
    found = next_steps(task, values, added)
    with shown:
        if not found:
            st.html(f'<div class="quiet">{t("screen.next_steps.none")}</div>')
        for guideline, rows in groupby(found, key=lambda advice: advice.guideline):
            st.html(_panel(guideline, list(rows), task))


def _panel(guideline: str, rows: list[Advice], task: Task) -> str:
    code = f"guideline.{guideline}"
    head = f'<h2 class="part">{escape(t(f"{code}.name"))} <small class="chip">{escape(t(f"{code}.edition"))}</small></h2>'
    lines = "".join(_row(code, advice, task) for advice in rows)
    return f'{head}{lines}<p class="quiet">{escape(t("screen.next_steps.source", source=t(f"{code}.source")))}</p>'


def _row(code: str, advice: Advice, task: Task) -> str:
    sentence = t(f"{code}.{advice.row}", **advice.values)
    remarks = []
    if advice.facts:
        facts = listed(f"{fact_name(k)} {fact_value(k, v, task)}" for k, v in advice.facts.items())
        remarks.append(t("screen.next_steps.because", facts=facts))
    if advice.missing:
        names = listed(fact_name(k) for k in advice.missing)
        told = "cannot" if advice.status == NOT_KNOWN else "without"
        remarks.append(t(f"screen.next_steps.{told}", facts=names))
    kind = "advice" if advice.status == APPLIES else "advice-off"
    below = "".join(f"<br><small>{escape(heading_of(words_))}</small>" for words_ in remarks)
    mark = f'<b aria-hidden="true">{MARKS[advice.status]}</b>'
    state = f'<span class="sr-only">{escape(t(f"screen.next_steps.status.{advice.status}"))}</span>'
    return f'<div class="{kind}">{mark}{state} {escape(sentence)}{below}</div>'


def heading_of(sentence: str) -> str:
    """A sentence with a capital first letter."""
    return sentence[:1].upper() + sentence[1:]


def fact_name(fact: str) -> str:
    """What a fact is called on screen."""
    return t(f"fact.{fact}") if words.known(f"fact.{fact}") else t(f"field.{fact}")


def fact_value(fact: str, value: float, task: Task) -> str:
    """A fact's value with its unit or in words."""
    own = {SAME.get(f.name, f.name): f for f in task.fields}
    field = own.get(fact) or EXTRA[fact]
    return value_words(field, value)


def _form(task: Task, values: dict[str, float], key: str) -> dict[str, float]:
    asked = facts_to_ask(task, values)
    added: dict[str, float] = {}
    if asked:
        st.html(f'<h2 class="part">{t("screen.next_steps.form")}</h2>')
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
        (0, 1),
        index=None,
        format_func=lambda c: t(f"choice.flag.{c}"),
        key=key,
        placeholder=t("choice.unknown"),
    )

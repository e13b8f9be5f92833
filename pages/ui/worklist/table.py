"""The worklist's table: one row a case, one click opens it."""

from collections.abc import Sequence
from typing import TypeAlias

import streamlit as st

from mmcore import words
from mmcore.cases import worklist
from mmcore.domain.worklist import CaseSummary
from pages.ui.shell import resources, state
from pages.ui.shell.template import html
from pages.ui.shell.text import day, heading, percent, t

COLUMNS = ("case", "question", "date", "state", "answer", "chance", "flags")
Cell: TypeAlias = dict[str, str | float | bool | None]  # what worklist.js draws, and by what it sorts


def draw(rows: Sequence[CaseSummary]) -> str | None:
    """Draw the table; the key of the case that was just clicked, else None."""
    table = st.components.v2.component(
        "worklist",
        html=html("shell/mount", id="worklist"),
        css=resources.asset("worklist.css"),
        js=resources.asset("worklist.js"),
    )
    columns = tuple(t(f"screen.worklist.column.{c}") for c in COLUMNS)
    data = {"caption": t("screen.worklist.title"), "columns": columns, "rows": tuple(_row(r) for r in rows)}
    clicked: str | None = table(data=data, key="worklist_table", on_open_change=lambda: None).open
    return clicked


def title_of(summary: CaseSummary) -> str:
    """What a case is called on screen: its story's title in the chosen language, else the patient key, else its own key."""
    code = f"story.{summary.key}.title"
    told = t(code) if words.known(code) else summary.story.get("title")
    return str(told or summary.patient_key or t("screen.worklist.unnamed", key=summary.key[:6]))


def _row(case: CaseSummary) -> dict[str, object]:
    hidden = state.estimate_first() and case.state == "new"
    chips = [flag_words(f) for f in case.flags if f.partition(":")[0] not in worklist.BESIDE]
    made = day(case.taken or case.created)
    return {
        "key": case.key,
        "cells": [
            _title_cell(case),
            _question_cell(case),
            {"text": made, "sort": made, "quiet": True},
            {"text": t(f"state.{case.state}"), "state": case.state, "sort": case.state},
            _answer_cell(case, hidden),
            _chance_cell(None if hidden else case.top_probability),
            {"chips": chips, "sort": len(chips)},
        ],
    }


def _title_cell(case: CaseSummary) -> Cell:
    title = title_of(case)
    kind = t("screen.worklist.synthetic") if case.story.get("synthetic") else ""
    patient = case.patient_key if case.patient_key != title else ""
    return {"text": title, "detail": " · ".join(part for part in (patient, kind) if part), "sort": title}


def _question_cell(case: CaseSummary) -> Cell:
    second = next((f.partition(":")[2] for f in case.flags if f.startswith("second:")), "")
    also = t("screen.worklist.second", question=t(f"task.{second}")) if second else ""
    return {"text": t(f"task.{case.task}"), "detail": also, "sort": case.task}


def _answer_cell(case: CaseSummary, hidden: bool) -> Cell:
    """The likeliest label; hidden: the reader is to estimate first."""
    label = heading(f"label.{case.top_label}") if case.top_label and not hidden else "–"
    tag = t("screen.review.not_called") if "not_called" in case.flags and not hidden else ""
    return {"text": label, "detail": tag, "sort": label}


def _chance_cell(chance: float | None) -> Cell:
    """The likeliest label's probability, a dash where it is not known or not to be seen."""
    if chance is None:
        return {"text": "–", "sort": None}
    return {"text": percent(chance), "sort": chance, "chance": chance}


def flag_words(flag: str) -> str:
    """A flag of the worklist in words."""
    kind, _, modality = flag.partition(":")
    return t(f"flag.{kind}", modality=modality)

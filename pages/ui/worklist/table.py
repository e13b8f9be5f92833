"""The worklist's table: one row a case, one click opens it."""

from collections.abc import Sequence

import streamlit as st

from mmcore import words
from mmcore.cases import worklist
from mmcore.domain.worklist import CaseSummary
from pages.ui.shell import resources, state
from pages.ui.shell.text import day, heading, percent, t

COLUMNS = ("case", "question", "date", "state", "answer", "chance", "flags")


def draw(rows: Sequence[CaseSummary]) -> str | None:
    """Draw the table; the key of the case that was just clicked, else None."""
    table = st.components.v2.component(
        "worklist",
        html='<div id="worklist"></div>',
        css=resources.asset("worklist.css"),
        js=resources.asset("worklist.js"),
    )
    columns = [t(f"screen.worklist.column.{c}") for c in COLUMNS]
    data = {"caption": t("screen.worklist.title"), "columns": columns, "rows": [_row(r) for r in rows]}
    return table(data=data, key="worklist_table", on_open_change=lambda: None).open


def title_of(summary: CaseSummary) -> str:
    """What a case is called on screen: its story's title in the chosen language, else the patient key, else its own key."""
    code = f"story.{summary.key}.title"
    told = t(code) if words.known(code) else summary.story.get("title")
    return str(told or summary.patient_key or t("screen.worklist.unnamed", key=summary.key[:6]))


def _row(case: CaseSummary) -> dict:
    title = title_of(case)
    kind = t("screen.worklist.synthetic") if case.story.get("synthetic") else ""
    detail = " · ".join(
        part for part in (case.patient_key if case.patient_key != title else "", kind) if part
    )
    hidden = state.estimate_first() and case.state == "new"
    label = heading(f"label.{case.top_label}") if case.top_label and not hidden else "–"
    chance: dict = {"text": "–", "sort": None}
    if case.top_probability is not None and not hidden:
        chance = {
            "text": percent(case.top_probability),
            "sort": case.top_probability,
            "chance": case.top_probability,
        }
    chips = [flag_words(f) for f in case.flags if f.partition(":")[0] not in worklist.BESIDE]
    tag = t("screen.review.not_called") if "not_called" in case.flags and not hidden else ""
    second = next((f.partition(":")[2] for f in case.flags if f.startswith("second:")), "")
    also = t("screen.worklist.second", question=t(f"task.{second}")) if second else ""
    return {
        "key": case.key,
        "cells": [
            {"text": title, "detail": detail, "sort": title},
            {"text": t(f"task.{case.task}"), "detail": also, "sort": case.task},
            {"text": day(case.taken or case.created), "sort": day(case.taken or case.created), "quiet": True},
            {"text": t(f"state.{case.state}"), "state": case.state, "sort": case.state},
            {"text": label, "detail": tag, "sort": label},
            chance,
            {"chips": chips, "sort": len(chips)},
        ],
    }


def flag_words(flag: str) -> str:
    """A flag of the worklist in words."""
    kind, _, modality = flag.partition(":")
    return t(f"flag.{kind}", modality=modality)

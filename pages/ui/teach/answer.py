"""What the student answers before the reveal: a probability for each label, and marks on scan, note and values."""

import re
from collections.abc import Mapping
from typing import TypeAlias

import streamlit as st

from mmcore.cases import edits
from mmcore.domain.case import Case
from mmcore.domain.task import CaseTask, Modality
from mmcore.teaching import session as teach
from pages.ui.draw import viewer
from pages.ui.draw.vitals import value_words
from pages.ui.review import reading
from pages.ui.shell import resources, state
from pages.ui.shell.template import html, show
from pages.ui.shell.text import heading, listed, percent, t
from pages.ui.teach import ecg as teach_ecg

Spans: TypeAlias = list[list[int]]  # character ranges of the note
Piece: TypeAlias = dict[str, str | int | bool]


def draw(task: CaseTask, case: Case, key: str) -> teach.Answer | None:
    """The case and the form; the answer once it is committed."""
    left, right = st.columns(reading.COLUMNS, gap="medium")
    with left:
        marked = state.of_case(key, "teach_marks", ())
        if Modality.WAVEFORM in task.modalities:
            marks = teach_ecg.draw(case.waveform, key, marked)
        else:
            marks = viewer.draw(case.scan, f"{key}_ask", height=430, marks=marked, marking=True)
        state.set_of_case(key, "teach_marks", list(marks))
    with right, st.container(key="panel_ask"):
        form = st.container()
    words, fields = _draw_parts(task, case, key)
    with form:
        return _form(task, teach.Answer(None, marks, words, fields), key)


def _form(task: CaseTask, marked: teach.Answer, key: str) -> teach.Answer | None:
    lead = "lead" if task.exclusive else "lead_independent"
    show("shell/part", words=t("screen.teach.ask.title"), below=t(f"screen.teach.ask.{lead}"))
    abstains = st.checkbox(t("screen.teach.ask.abstain"), key=f"teach_abstain_{key}")
    chances = _chances(task, key, abstains)
    counts = {"regions": len(marked.rectangles), "words": len(marked.words), "values": len(marked.fields)}
    show("shell/line", kind="quiet", role="status", words=t("screen.teach.ask.marked", **counts))
    with st.container(horizontal=True, vertical_alignment="center"):
        ready = abstains or chances is not None
        if st.button(
            t("screen.teach.ask.reveal"), key=f"teach_reveal_{key}", type="primary", disabled=not ready
        ):
            return teach.Answer(None if abstains else chances, marked.rectangles, marked.words, marked.fields)
        if st.button(t("screen.teach.look"), key=f"teach_look_{key}", type="tertiary"):
            state.set_of_case(key, "looked", True)
            st.rerun()
    return None


def _chances(task: CaseTask, key: str, abstains: bool) -> dict[str, float] | None:
    """What the sliders say of each label; None where exclusive labels all stand at 0."""
    even = round(100 / len(task.labels)) if task.exclusive else 50
    given = {
        k: st.slider(
            heading(f"label.{k}"), 0, 100, even, format="%d %%", key=f"teach_{k}_{key}", disabled=abstains
        )
        for k in task.labels
    }
    if not task.exclusive:
        return {k: v / 100 for k, v in given.items()}
    chances = _shares(given)
    if not abstains:
        _tell_shares(chances)
    return chances


def _tell_shares(chances: Mapping[str, float] | None) -> None:
    if chances is None:
        show("shell/line", kind="warning", words=t("screen.teach.ask.nothing"))
        return
    shares = listed(t("screen.teach.ask.share", label=k, p=percent(p)) for k, p in chances.items())
    show("shell/line", kind="quiet", words=t("screen.teach.ask.counts", shares=shares))


def _shares(given: dict[str, int]) -> dict[str, float] | None:
    """The shares scaled to 1; None where all are 0."""
    whole = sum(given.values())
    return {k: v / whole for k, v in given.items()} if whole else None


def _draw_parts(task: CaseTask, case: Case, key: str) -> tuple[Spans, list[str]]:
    """The note whose words and the values that can be pressed; what is pressed."""
    tabs = st.tabs([t("screen.teach.tab.note"), t("screen.teach.tab.values")])
    with tabs[0]:
        words = _draw_note(teach.question_of(task, case), key)
    with tabs[1]:
        measured = [f for f in task.fields if f.name in case.values]
        if not measured:
            show("shell/line", kind="quiet", words=t("screen.review.no_vitals"))
            return words, []
        shown = {
            f.name: f"{heading(f'field.{f.name}')} {value_words(f, case.values[f.name])}" for f in measured
        }
        fields = st.pills(
            t("screen.teach.ask.values"),
            list(shown),
            format_func=shown.__getitem__,
            selection_mode="multi",
            key=f"teach_fields_{key}",
        )
    return words, list(fields or ())


def _draw_note(note: teach.Question | None, key: str) -> Spans:
    if note is None:
        show("shell/line", kind="quiet", words=t("screen.review.no_note"))
        return []
    mount = st.components.v2.component(
        "teach_note",
        html=html("shell/mount", id="note"),
        css=resources.asset("teach_note.css"),
        js=resources.asset("teach_note.js"),
    )
    words = {c: t(f"screen.teach.ask.{c}") for c in ("words", "by_word", "by_sentence", "unmark")}
    chosen: Spans = state.of_case(key, "teach_words", [])
    data = {"name": key, "pieces": _pieces(note), "words": words, "marked": chosen}
    marked = mount(data=data, key=f"teach_note_{key}", on_marked_change=lambda: None).marked
    if marked is not None:
        chosen = [list(span) for span in marked]
        state.set_of_case(key, "teach_words", chosen)
    return chosen


def _pieces(note: teach.Question) -> list[Piece]:
    """The note in order: words that can be pressed with their sentence, masked runs, and what lies between."""
    text, masked = note.text, sorted(note.masked)
    ends = [end for _, end in edits.note_sentences(text)]
    pieces: list[Piece] = []
    position = 0
    for start, end, category in [*masked, (len(text), len(text), "")]:
        for found in re.finditer(r"\S+|\s+", text[position:start]):
            begin = position + found.start()
            piece: Piece = {"text": found.group()}
            if not found.group().isspace():
                sentence = sum(e <= begin for e in ends)
                piece |= {"start": begin, "end": begin + len(found.group()), "sentence": sentence}
            pieces.append(piece)
        if end > start:
            hidden = t("screen.note.masked", category=t(f"screen.masked.{category}"))
            pieces.append({"text": hidden, "masked": True})
        position = end
    return pieces

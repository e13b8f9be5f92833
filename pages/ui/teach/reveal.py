"""The reveal: the student, the model and the truth side by side, the model's evidence with the student's marks on it."""

from html import escape

import streamlit as st

from mmcore import words
from mmcore.domain.case import Case
from mmcore.domain.task import Modality, Task
from mmcore.teaching import session as teach
from pages.ui.draw import ecg, note, viewer, vitals
from pages.ui.draw.evidence import NEGLIGIBLE, account_table, of_modality, rows_of, sum_in_words
from pages.ui.review import reading
from pages.ui.shell.text import heading, listed, percent, t, told

STRONG = 5  # words or values named as strong for the model


def draw(task: Task, summary, case: Case, seen, given: teach.Stored | None) -> None:
    """All that the reveal shows; `given` is the stored answer, None where the student only looked."""
    marks = given.answer.rectangles if given else ()
    review = seen.review
    left, right = st.columns(reading.COLUMNS, gap="medium")
    with left:
        _draw_picture(task, summary.key, case, review, marks)
    with right:
        with st.container(key="panel_reveal"):
            _draw_comparison(task, summary, seen, given)
        if review is not None:
            with st.container(key="panel_teach_account"):
                st.html(
                    f'{account_table(review, compact=True)}<div class="sum">{sum_in_words(rows_of(review), review)}</div>'
                )
    if review is not None and (review.note_text or case.values):
        _draw_parts(task, review, given)


def _draw_picture(task: Task, key: str, case: Case, review, marks) -> None:
    if Modality.WAVEFORM in task.modalities:
        traced = of_modality(review, "waveform") if review else None
        ecg.draw(case.waveform, f"{key}_reveal", traced, marks=marks)
    else:
        image = of_modality(review, "image") if review else None
        lungs = review.lung_outline if review else None
        viewer.draw(case.scan, f"{key}_reveal", image, lungs, 400, marks=marks)
    if marks:
        kind = "mark_legend_ecg" if Modality.WAVEFORM in task.modalities else "mark_legend"
        st.html(f'<div class="quiet">{t(f"screen.teach.reveal.{kind}")}</div>')


def _draw_comparison(task: Task, summary, seen, given: teach.Stored | None) -> None:
    story = summary.story
    st.html(f'<h2 class="part">{t("screen.teach.reveal.title")}</h2>')
    if teach.is_fooled(story) and seen.review is not None:
        st.html(f'<div class="warning" role="note">{t("screen.teach.reveal.warning")}</div>')
    st.html(_table(task, seen, given, teach.truth_of(story, task), teach.is_fooled(story)))
    for sentence in _sentences(task, summary, seen, given):
        st.html(f'<div class="quiet">{escape(sentence)}</div>')


def _table(task: Task, seen, given, truth, is_fooled: bool) -> str:
    """Labels by row; the student, the model, with a fooled one the shipped one too, and the truth by column."""
    columns = [("you", given.answer.probabilities if given else None)]
    columns.append(("fooled" if is_fooled else "model", _chances(seen.review)))
    if seen.shipped is not None:
        columns.append(("shipped", _chances(seen.shipped)))
    heads = "".join(
        f'<th scope="col">{t(f"screen.teach.reveal.{c}")}</th>' for c in ("label", *dict(columns), "truth")
    )
    lines = []
    for k in task.labels:
        cells = [_cell(name, chances, k, given) for name, chances in columns]
        known = (
            t("screen.teach.reveal.unknown")
            if truth is None
            else t(f"screen.teach.reveal.{'true' if truth[k] else 'false'}")
        )
        lines.append(_line(heading(f"label.{k}"), [*cells, known]))
    if given:
        blank = [""] * (len(columns) - 1)
        for name in ("brier", "log", "right"):
            pair = [_score(given.scores.get(who), name) for who in ("student", "model")]
            title = t(f"screen.teach.reveal.{name}", worst=2 if task.exclusive else 1)
            lines.append(_line(title, [*pair, *blank[1:], ""]))
    return f'<table class="values numbers compare"><thead><tr>{heads}</tr></thead>{"".join(lines)}</table>'


def _chances(review):
    return None if review is None else review.prediction.probabilities


def _cell(name: str, chances, label: str, given) -> str:
    if chances is not None:
        return percent(chances[label])
    if name == "you":
        return t("screen.teach.reveal.no_answer") if given is None else t("screen.teach.reveal.refuses")
    return t("screen.teach.reveal.refuses")


def _line(name: str, cells) -> str:
    return (
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>"
    )


def _score(judged: dict | None, name: str) -> str:
    value = (judged or {}).get(name)
    if value is None:
        return "–"
    return t(f"screen.teach.reveal.{'yes' if value else 'no'}") if name == "right" else f"{value:.2f}"


def _sentences(task: Task, summary, seen, given: teach.Stored | None):
    """What the table cannot say: refusals, the model beside, overlaps, and the story's own comment."""
    if seen.refusal is not None:
        yield t("screen.teach.reveal.refusal", reason=told(seen.refusal))
    if summary.story.get("answerable") is False:
        yield t("screen.teach.reveal.unanswerable")
    if seen.shipped is not None:
        chances = seen.shipped.prediction.probabilities
        top = max(task.labels, key=lambda k: chances[k])
        yield t("screen.teach.reveal.beside", label=top, p=percent(chances[top]))
    if given is None:
        yield t("screen.teach.looked")
    elif seen.review is not None:
        yield from _overlaps(seen.review, given)
    code = f"story.{summary.key}.comment"
    if words.known(code):
        yield t(code)


def _overlaps(review, given: teach.Stored):
    label = review.prediction.contrast.label
    pictured = of_modality(review, "image") or of_modality(review, "waveform")
    if pictured is not None and not given.answer.rectangles:
        yield t("screen.teach.reveal.unmarked")
    for name in ("region", "words", "values"):
        found = given.scores.get(name)
        if found:
            iou = "" if found["iou"] is None else f"{found['iou']:.2f}"
            parts = {"evidence": percent(found["evidence"]), "area": percent(found["area"]), "iou": iou}
            yield t(f"screen.teach.reveal.{name}", label=label, **parts)


def _draw_parts(task: Task, review, given: teach.Stored | None) -> None:
    tabs = st.tabs([t("screen.teach.tab.note"), t("screen.teach.tab.values")])
    with tabs[0]:
        note.draw(review)
        if given and review.note_text:
            st.html(_both(_marked_words(review, given), _strong_words(review)))
    with tabs[1]:
        vitals.draw(review, task)
        attribution = of_modality(review, "clinical")
        if given and attribution is not None:
            pairs = sorted(zip(attribution.parts, attribution.values, strict=True), key=lambda p: -abs(p[1]))
            strong = [n for n, v in pairs if abs(v) >= NEGLIGIBLE and n in review.case.values][:STRONG]
            st.html(_both([t(f"field.{n}") for n in given.answer.fields], [t(f"field.{n}") for n in strong]))


def _strong_words(review) -> list[str]:
    found = note.words_of(review.note_text, review.masked_spans, of_modality(review, "text"))
    found = sorted((w for w in found if abs(w.value) >= NEGLIGIBLE), key=lambda w: -abs(w.value))
    return [note.shown(w) for w in found[:STRONG]]


def _marked_words(review, given: teach.Stored) -> list[str]:
    return [review.note_text[a:b].strip(".,;:()[]\"'") for a, b in given.answer.words]


def _both(mine: list[str], strong: list[str]) -> str:
    """Who found what: marked by both, by the student only, strong for the model only."""
    sets = {
        "both": [w for w in strong if w in mine],
        "only_you": [w for w in dict.fromkeys(mine) if w not in strong],
        "only_model": [w for w in strong if w not in mine],
    }
    lines = (
        f'<tr><th scope="row">{t(f"screen.teach.reveal.{c}")}</th><td>{escape(listed(found) or t("screen.note.nobody"))}</td></tr>'
        for c, found in sets.items()
    )
    return f'<table class="values">{"".join(lines)}</table>'

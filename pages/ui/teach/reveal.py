"""The reveal: the student, the model and the truth side by side, the model's evidence with the student's marks on it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import streamlit as st

from mmcore import words
from mmcore.domain.case import Case
from mmcore.domain.review import Review
from mmcore.domain.task import CaseTask, Modality
from mmcore.domain.worklist import CaseSummary
from mmcore.teaching import session as teach
from pages.ui.draw import ecg, note, viewer, vitals
from pages.ui.draw.evidence import NEGLIGIBLE, account, of_modality
from pages.ui.review import reading
from pages.ui.shell.template import show
from pages.ui.shell.text import heading, listed, percent, t, told

Score: TypeAlias = Literal["brier", "log", "right"]
Mark: TypeAlias = Literal["region", "words", "values"]

SCORES: tuple[Score, ...] = ("brier", "log", "right")
MARKS: tuple[Mark, ...] = ("region", "words", "values")
STRONG = 5  # words or values named as strong for the model


def draw(
    task: CaseTask, summary: CaseSummary, case: Case, read: teach.Read, given: teach.Stored | None
) -> None:
    """All that the reveal shows; `given` is the stored answer, None where the student only looked."""
    marks = given.answer.rectangles if given else ()
    review = read.review
    left, right = st.columns(reading.COLUMNS, gap="medium")
    with left:
        _draw_picture(task, summary.key, case, review, marks)
    with right:
        with st.container(key="panel_reveal"):
            _draw_comparison(task, summary, read, given)
        if review is not None:
            with st.container(key="panel_teach_account"):
                st.html(account(review, compact=True))
    if review is not None and (review.note_text or case.values):
        _draw_parts(task, review, given)


def _draw_picture(
    task: CaseTask, key: str, case: Case, review: Review | None, marks: Sequence[Sequence[float]]
) -> None:
    traced = Modality.WAVEFORM in task.modalities
    if traced:
        evidence = of_modality(review, "waveform") if review else None
        ecg.draw(case.waveform, f"{key}_reveal", evidence, marks=marks)
    else:
        evidence = of_modality(review, "image") if review else None
        lungs = review.lung_outline if review else None
        viewer.draw(case.scan, f"{key}_reveal", evidence, lungs, 400, marks=marks)
    if marks:
        kind = "mark_legend_ecg" if traced else "mark_legend"
        show("shell/line", kind="quiet", words=t(f"screen.teach.reveal.{kind}"))


def _draw_comparison(
    task: CaseTask, summary: CaseSummary, read: teach.Read, given: teach.Stored | None
) -> None:
    is_fooled = teach.is_fooled(summary.story)
    show("shell/part", words=t("screen.teach.reveal.title"))
    if is_fooled and read.review is not None:
        show("shell/line", kind="warning", role="note", words=t("screen.teach.reveal.warning"))
    columns = _columns(read, given, is_fooled)
    lines = _label_lines(task, columns, teach.truth_of(summary.story, task), given)
    lines += _score_lines(task, given, len(columns)) if given else []
    show("teach/comparison", columns=["label", *columns, "truth"], lines=lines)
    for sentence in _sentences(task, summary, read, given):
        show("shell/line", kind="quiet", words=sentence)


def _columns(
    read: teach.Read, given: teach.Stored | None, is_fooled: bool
) -> dict[str, Mapping[str, float] | None]:
    """Who says what of each label: the student, the model, with a fooled one the shipped one too; None: refuses."""
    columns = {
        "you": given.answer.probabilities if given else None,
        "fooled" if is_fooled else "model": _chances(read.review),
    }
    return columns if read.shipped is None else {**columns, "shipped": _chances(read.shipped)}


def _label_lines(
    task: CaseTask,
    columns: Mapping[str, Mapping[str, float] | None],
    truth: Mapping[str, float] | None,
    given: teach.Stored | None,
) -> list[tuple[str, list[str]]]:
    """A label, what each column says of it, and whether it is true."""
    lines = []
    for label in task.labels:
        cells = [_cell(name, chances, label, given) for name, chances in columns.items()]
        known = "unknown" if truth is None else "true" if truth[label] else "false"
        lines.append((heading(f"label.{label}"), [*cells, t(f"screen.teach.reveal.{known}")]))
    return lines


def _score_lines(task: CaseTask, given: teach.Stored, columns: int) -> list[tuple[str, list[str]]]:
    """A score of the student and of the model; the other columns and the truth have none."""
    lines = []
    judged = (given.scores.get("student"), given.scores.get("model"))
    for name in SCORES:
        pair = [_score(found, name) for found in judged]
        title = t(f"screen.teach.reveal.{name}", worst=2 if task.exclusive else 1)
        lines.append((title, [*pair, *[""] * (columns - 1)]))
    return lines


def _chances(review: Review | None) -> Mapping[str, float] | None:
    return None if review is None else review.prediction.probabilities


def _cell(name: str, chances: Mapping[str, float] | None, label: str, given: teach.Stored | None) -> str:
    if chances is not None:
        return percent(chances[label])
    if name == "you" and given is None:
        return t("screen.teach.reveal.no_answer")
    return t("screen.teach.reveal.refuses")


def _score(judged: teach.Judged | None, name: Score) -> str:
    value = judged[name] if judged else None
    if value is None:
        return "–"
    return t(f"screen.teach.reveal.{'yes' if value else 'no'}") if name == "right" else f"{value:.2f}"


def _sentences(
    task: CaseTask, summary: CaseSummary, read: teach.Read, given: teach.Stored | None
) -> Iterator[str]:
    """What the table cannot say: refusals, the model beside, overlaps, and the story's own comment."""
    if read.refusal is not None:
        yield t("screen.teach.reveal.refusal", reason=told(read.refusal))
    if summary.story.get("answerable") is False:
        yield t("screen.teach.reveal.unanswerable")
    if read.shipped is not None:
        chances = read.shipped.prediction.probabilities
        top = max(task.labels, key=lambda k: chances[k])
        yield t("screen.teach.reveal.beside", label=top, p=percent(chances[top]))
    if given is None:
        yield t("screen.teach.looked")
    elif read.review is not None:
        yield from _overlaps(read.review, given)
    code = f"story.{summary.key}.comment"
    if words.known(code):
        yield t(code)


def _overlaps(review: Review, given: teach.Stored) -> Iterator[str]:
    label = review.prediction.contrast.label
    pictured = of_modality(review, "image") or of_modality(review, "waveform")
    if pictured is not None and not given.answer.rectangles:
        yield t("screen.teach.reveal.unmarked")
    for name in MARKS:
        found = given.scores.get(name)
        if found:
            iou = "" if found["iou"] is None else f"{found['iou']:.2f}"
            parts = {"evidence": percent(found["evidence"]), "area": percent(found["area"]), "iou": iou}
            yield t(f"screen.teach.reveal.{name}", label=label, **parts)


def _draw_parts(task: CaseTask, review: Review, given: teach.Stored | None) -> None:
    tabs = st.tabs([t("screen.teach.tab.note"), t("screen.teach.tab.values")])
    with tabs[0]:
        note.draw(review)
        if given and review.note_text:
            _draw_both(_marked_words(review.note_text, given), _strong_words(review, review.note_text))
    with tabs[1]:
        vitals.draw(review, task)
        strong = _strong_fields(review)
        if given and strong is not None:
            mine = [t(f"field.{n}") for n in given.answer.fields]
            _draw_both(mine, [t(f"field.{n}") for n in strong])


def _strong_fields(review: Review) -> list[str] | None:
    """The measured values with the most evidence, strongest first; None where the values were not judged."""
    attribution = of_modality(review, "clinical")
    if attribution is None:
        return None
    pairs = sorted(zip(attribution.parts, attribution.values, strict=True), key=lambda p: -abs(p[1]))
    strong = [n for n, v in pairs if isinstance(n, str) and abs(v) >= NEGLIGIBLE]
    return [n for n in strong if n in review.case.values][:STRONG]


def _strong_words(review: Review, text: str) -> list[str]:
    found = note.words_of(text, review.masked_spans, of_modality(review, "text"))
    found = sorted((w for w in found if abs(w.value) >= NEGLIGIBLE), key=lambda w: -abs(w.value))
    return [note.shown(w) for w in found[:STRONG]]


def _marked_words(text: str, given: teach.Stored) -> list[str]:
    return [text[a:b].strip(".,;:()[]\"'") for a, b in given.answer.words]


def _draw_both(mine: Sequence[str], strong: Sequence[str]) -> None:
    """Who found what: marked by both, by the student only, strong for the model only."""
    found = {
        "both": [w for w in strong if w in mine],
        "only_you": [w for w in dict.fromkeys(mine) if w not in strong],
        "only_model": [w for w in strong if w not in mine],
    }
    show("teach/both", found={c: listed(names) for c, names in found.items()})

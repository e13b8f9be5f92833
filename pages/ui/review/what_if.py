"""What if: change a value, hide words, set a modality aside, and see the account before and after."""

from dataclasses import replace
from html import escape

import streamlit as st

from mmcore.cases import edits
from mmcore.domain.errors import MmcoreError
from mmcore.domain.task import Task
from pages.ui.draw.evidence import account_table, of_modality, rows_of, sum_in_words
from pages.ui.draw.note import shown, words_of
from pages.ui.draw.vitals import unit, value_words
from pages.ui.review import companion as second
from pages.ui.review import paint
from pages.ui.shell import state
from pages.ui.shell.text import heading, percent, signed, t, told

MOST_CHANGES = 3  # told at once


def draw(review, task: Task, key: str, again, changes) -> None:
    """The controls and both accounts; `again` reviews a changed case under the same prior and contrast.

    changes: the smallest single changes that would change the answer, smallest first; None where it cannot be said.
    """
    st.html(f'<div class="quiet">{t("screen.what_if.lead")}</div>')
    left, right = st.columns([0.36, 0.64], gap="medium")
    with left:
        wanted = _edits(review, task, key)
    with right:
        if not any(wanted.values()):
            state.set_of_case(key, "edited", None)
            st.html(f'<div class="quiet">{t("screen.what_if.nothing")}</div>')
            _draw_smallest(changes, task)
            return
        state.set_of_case(key, "edited", True)
        base = replace(review.case, note=review.note_text)
        edited = edits.edited(base, **wanted)
        try:
            changed = again(edited, review.prediction.contrast)
        except MmcoreError as error:
            st.html(f'<div class="warning">{escape(t("screen.what_if.cannot", reason=told(error)))}</div>')
            return
        _side_by_side(review, changed)
        second.draw_moved(task, key, base, edited)
        _draw_smallest(changes, task)


def _draw_smallest(changes, task: Task) -> None:
    """In words, the smallest change of one value that would change the answer, and the next ones."""
    if changes is None:
        return
    told_ = [change_words(c, task.field(c.field)) for c in changes[:MOST_CHANGES]] or [
        t("screen.what_if.smallest_none")
    ]
    lines = "".join(f"<li>{escape(words)}</li>" for words in told_)
    st.html(f'<h2 class="part">{escape(t("screen.what_if.smallest"))}</h2><ul class="reasons">{lines}</ul>')


def change_words(change, field) -> str:
    """Oxygen saturation 88 % instead of 96 % would make another pneumonia the likeliest answer."""
    new, old = (value_words(field, x) for x in (change.new, change.old))
    way = "value" if change.called is None else "called" if change.called else "not_called"
    words = heading(f"screen.what_if.smallest_{way}", field=field.name, new=new, old=old, label=change.label)
    return words if change.trained else f"{words} {t('screen.what_if.smallest_untrained')}"


def _edits(review, task: Task, key: str) -> dict:
    """values, hidden and without as the services take them."""
    wanted: dict = {"values": {}, "hidden": (), "without": ()}
    round_ = state.of_case(key, "what_if_round", 0)
    present = [str(m) for m, e in review.prediction.evidence.items() if e is not None]
    wanted["without"] = st.pills(
        t("screen.what_if.aside"),
        present,
        format_func=lambda m: t(f"screen.review.row.{m}"),
        selection_mode="multi",
        key=f"aside_{key}_{round_}",
    )
    others = (
        {f.name for f in task.companion.fields} if task.companion else set()
    )  # the second question moves too
    fields = [f for f in task.fields if review.identified.get(f.name, True) or f.name in others]
    fields += task.second_fields
    picked = st.multiselect(
        t("screen.what_if.values"),
        fields,
        format_func=lambda f: t(f"field.{f.name}"),
        key=f"fields_{key}_{round_}",
        placeholder=t("screen.what_if.choose"),
    )
    for field in picked:
        wanted["values"][field.name] = _other_value(
            field, review.case.values.get(field.name), f"{key}_{round_}"
        )
    if review.note_text:
        wanted["hidden"] = _hidden(review, f"{key}_{round_}")
    if review.case.scan is not None and "image" in present:
        wanted["painted"] = paint.draw(review.case.scan, key, round_)
    if review.case.waveform is not None and "waveform" in present:
        wanted["flat"] = paint.draw_leads(review.case.waveform, key, round_)
    if any(wanted.values()):
        st.button(
            t("screen.what_if.reset"),
            key=f"undo_{key}",
            type="tertiary",
            on_click=_undo,
            args=(key, round_ + 1),
        )
    return wanted


def _undo(key: str, next_round: int) -> None:
    state.set_of_case(key, "what_if_round", next_round)


def _other_value(field, value: float | None, key: str) -> float | None:
    name = heading(f"field.{field.name}")
    if field.kind == "number":
        low, high = (float(x) for x in field.plausible)
        label = f"{name} ({unit(field)})" if field.unit else name
        return st.number_input(
            label,
            low,
            high,
            value,
            key=f"other_{field.name}_{key}",
            placeholder=t("screen.new_case.not_measured"),
        )
    choices = (0, 1) if field.kind == "flag" else tuple(range(len(field.choices)))
    codes = {
        c: f"choice.flag.{c}" if field.kind == "flag" else f"choice.{field.name}.{field.choices[c]}"
        for c in choices
    }
    chosen = st.segmented_control(
        name,
        choices,
        default=None if value is None else int(value),
        format_func=lambda c: t(codes[c]),
        key=f"other_{field.name}_{key}",
    )
    return None if chosen is None else float(chosen)


def _hidden(review, key: str) -> tuple[tuple[int, int], ...]:
    text = review.note_text
    sentences = st.multiselect(
        t("screen.what_if.sentences"),
        edits.note_sentences(text),
        format_func=lambda span: text[span[0] : span[1]],
        key=f"sentences_{key}",
        placeholder=t("screen.what_if.choose"),
    )
    words = [w for w in words_of(text, review.masked_spans, of_modality(review, "text")) if not w.category]
    words.sort(key=lambda w: -abs(w.value))
    by_span = {(w.start, w.end): w for w in words}
    hidden = st.multiselect(
        t("screen.what_if.words"),
        list(by_span),
        format_func=lambda span: f"{shown(by_span[span])} {signed(by_span[span].value)}",
        key=f"words_{key}",
        placeholder=t("screen.what_if.choose"),
    )
    outside = [w for w in hidden if not any(s[0] <= w[0] < s[1] for s in sentences)]
    return (*sentences, *outside)


def _side_by_side(old, new) -> None:
    labels = old.prediction.labels
    chances = [(r.prediction.probabilities) for r in (old, new)]
    moved = "".join(
        f'<span class="chip numbers">{escape(heading("screen.what_if.moved", label=k, old=percent(chances[0][k]), new=percent(chances[1][k])))}</span>'
        for k in labels
    )
    st.html(f"<div>{moved}</div>")
    columns = st.columns(2, gap="medium")
    for column, review, name in zip(columns, (old, new), ("old", "new"), strict=True):
        title = f'<h2 class="part">{t(f"screen.what_if.{name}")}</h2>'
        words = f'<div class="sum">{sum_in_words(rows_of(review), review)}</div>'
        column.html(f"{title}{account_table(review, compact=True)}{words}")

"""What if: change a value, hide words, set a modality aside, and see the account before and after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from mmcore.cases import edits
from mmcore.domain.case import Case
from mmcore.domain.errors import MmcoreError
from mmcore.domain.prediction import Contrast
from mmcore.domain.review import Review
from mmcore.domain.scan import Rectangle
from mmcore.domain.task import CaseTask, Field
from pages.ui.draw.evidence import account, of_modality
from pages.ui.draw.note import shown, words_of
from pages.ui.draw.vitals import unit, value_words
from pages.ui.review import companion as second
from pages.ui.review import paint
from pages.ui.shell import state
from pages.ui.shell.template import html, show
from pages.ui.shell.text import heading, percent, signed, t, told

if TYPE_CHECKING:  # torch comes with it
    from mmcore.explain.counterfactual import Change

MOST_CHANGES = 3  # told at once
Again = Callable[[Case, Contrast], Review]  # a changed case under a contrast -> its review


@dataclass(frozen=True)
class _Edits:
    """What is changed, as mmcore.cases.edits takes it."""

    without: tuple[str, ...]
    values: Mapping[str, float | None]
    hidden: tuple[tuple[int, int], ...]
    painted: tuple[Rectangle, ...]
    flat: tuple[tuple[str, ...], tuple[float, float] | None] | None

    @property
    def made(self) -> bool:
        """Whether anything is changed."""
        return any((self.without, self.values, self.hidden, self.painted, self.flat))


def draw(
    review: Review, task: CaseTask, key: str, again: Again, changes: "tuple[Change, ...] | None"
) -> None:
    """The controls and both accounts; `again` reviews a changed case under the same prior and contrast.

    changes: the smallest single changes that would change the answer, smallest first; None where it cannot be said.
    """
    show("shell/line", kind="quiet", words=t("screen.what_if.lead"))
    left, right = st.columns([0.36, 0.64], gap="medium")
    with left:
        wanted = _edits(review, task, key)
    with right:
        if not wanted.made:
            state.set_of_case(key, "edited", None)
            show("shell/line", kind="quiet", words=t("screen.what_if.nothing"))
            _draw_smallest(changes, task)
            return
        state.set_of_case(key, "edited", True)
        base = replace(review.case, note=review.note_text)
        edited = edits.edited(base, **vars(wanted))
        try:
            changed = again(edited, review.prediction.contrast)
        except MmcoreError as error:
            show("shell/line", kind="warning", words=t("screen.what_if.cannot", reason=told(error)))
            return
        _side_by_side(review, changed)
        second.draw_moved(task, key, base, edited)
        _draw_smallest(changes, task)


def _draw_smallest(changes: "tuple[Change, ...] | None", task: CaseTask) -> None:
    """In words, the smallest change of one value that would change the answer, and the next ones."""
    if changes is None:
        return
    told_ = [change_words(c, task.field(c.field)) for c in changes[:MOST_CHANGES]] or [
        t("screen.what_if.smallest_none")
    ]
    show("shell/points", words=t("screen.what_if.smallest"), sentences=told_)


def change_words(change: "Change", field: Field) -> str:
    """Oxygen saturation 88 % instead of 96 % would make another pneumonia the likeliest answer."""
    new, old = (value_words(field, x) for x in (change.new, change.old))
    way = "value" if change.called is None else "called" if change.called else "not_called"
    words = heading(f"screen.what_if.smallest_{way}", field=field.name, new=new, old=old, label=change.label)
    return words if change.trained else f"{words} {t('screen.what_if.smallest_untrained')}"


def _edits(review: Review, task: CaseTask, key: str) -> _Edits:
    round_ = state.of_case(key, "what_if_round", 0)
    present = _present(review)
    without = st.pills(
        t("screen.what_if.aside"),
        present,
        format_func=lambda m: t(f"screen.review.row.{m}"),
        selection_mode="multi",
        key=f"aside_{key}_{round_}",
    )
    values = _values(review, task, f"{key}_{round_}")
    hidden = _hidden(review.note_text, review, f"{key}_{round_}") if review.note_text else ()
    scan, waveform = review.case.scan, review.case.waveform
    painted = paint.draw(scan, key, round_) if scan is not None and "image" in present else ()
    flat = paint.draw_leads(waveform, key, round_) if waveform is not None and "waveform" in present else None
    found = _Edits(tuple(without), values, hidden, painted, flat)
    if found.made:
        st.button(
            t("screen.what_if.reset"),
            key=f"undo_{key}",
            type="tertiary",
            on_click=_undo,
            args=(key, round_ + 1),
        )
    return found


def _present(review: Review) -> list[str]:
    return [str(m) for m, e in review.prediction.evidence.items() if e is not None]


def _values(review: Review, task: CaseTask, key: str) -> dict[str, float | None]:
    """field -> its other value, of the fields that move this answer or that of the second question."""
    others = {f.name for f in task.companion.fields} if task.companion else set()
    fields = [f for f in task.fields if review.identified.get(f.name, True) or f.name in others]
    picked = st.multiselect(
        t("screen.what_if.values"),
        [*fields, *task.second_fields],
        format_func=lambda f: t(f"field.{f.name}"),
        key=f"fields_{key}",
        placeholder=t("screen.what_if.choose"),
    )
    return {f.name: _other_value(f, review.case.values.get(f.name), key) for f in picked}


def _undo(key: str, next_round: int) -> None:
    state.set_of_case(key, "what_if_round", next_round)


def _other_value(field: Field, value: float | None, key: str) -> float | None:
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
    codes: tuple[str, ...] = ("choice.flag.0", "choice.flag.1")
    if field.kind == "choice":
        codes = tuple(f"choice.{field.name}.{choice}" for choice in field.choices)
    chosen = st.segmented_control(
        name,
        range(len(codes)),
        default=None if value is None else int(value),
        format_func=lambda c: t(codes[c]),
        key=f"other_{field.name}_{key}",
    )
    return None if chosen is None else float(chosen)


def _hidden(text: str, review: Review, key: str) -> tuple[tuple[int, int], ...]:
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


def _side_by_side(old: Review, new: Review) -> None:
    before, after = old.prediction.probabilities, new.prediction.probabilities
    moved = [
        heading("screen.what_if.moved", label=k, old=percent(before[k]), new=percent(after[k]))
        for k in old.prediction.labels
    ]
    show("shell/chips", chips=moved)
    for column, review, name in zip(st.columns(2, gap="medium"), (old, new), ("old", "new"), strict=True):
        words = t(f"screen.what_if.{name}")
        column.html(html("review/side", words=words, account=account(review, compact=True)))

"""The note with its evidence: words coloured, what was hidden from the model, what is negated."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from markupsafe import Markup

from mmcore.domain.prediction import Attribution
from mmcore.domain.review import Review
from pages.ui.draw.evidence import of_modality, residual_warnings, split_shown
from pages.ui.shell.template import html, show
from pages.ui.shell.text import signed, t

STRONGEST = 5  # words named beside the note


@dataclass(frozen=True)
class Word:
    """A run of the note: characters [start, end), as written, the sum of its tokens in log-odds, the category if masked."""

    start: int
    end: int
    written: str
    value: float
    category: str = ""


def words_of(
    text: str, masked: Sequence[tuple[int, int, str]], attribution: Attribution | None
) -> list[Word]:
    """Words and masked runs in order, each with the sum of its tokens; tokens without characters belong to none."""
    runs = _runs(text, masked)
    sums = np.zeros(len(runs))
    starts = np.array([start for start, _, _ in runs])
    if attribution is not None and len(runs):
        for part, value in zip(attribution.parts, attribution.values, strict=True):
            if len(part) == 2:
                sums[max(0, int(np.searchsorted(starts, part[0], side="right")) - 1)] += value
    return [
        Word(start, end, text[start:end], float(v), category)
        for (start, end, category), v in zip(runs, sums, strict=True)
    ]


def _runs(text: str, masked: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    runs, position = [], 0
    for start, end, category in [*sorted(masked), (len(text), len(text), "")]:
        runs += [
            (position + m.start(), position + m.end(), "") for m in re.finditer(r"\S+", text[position:start])
        ]
        if end > start:
            runs.append((start, end, category))
        position = end
    return runs


def can_be_refined(review: Review) -> bool:
    """Whether the note has an attribution that the exact method can replace."""
    return bool(review.note_text) and of_modality(review, "text") is not None


def draw(review: Review, *, revealed: bool = True, refining: bool = False, doubt: str = "") -> None:
    """The note of a case, its legend, its strongest words and the sum; `refining` says that better is on the way.

    doubt: why its colours are greyed out.
    """
    if not review.note_text:
        show("shell/line", kind="quiet", words=t("screen.review.no_note"))
        return
    attribution = of_modality(review, "text") if revealed else None
    words = words_of(review.note_text, review.masked_spans, attribution)
    left, right = st.columns([0.7, 0.3], gap="medium")
    if doubt:
        left.html(html("shell/line", kind="warning", words=doubt))
    left.html(html("draw/doubted", doubt=doubt, inside=note_html(review, words)))
    with right:
        status = f"{t('screen.note.refining')} …" if refining else ""
        show("shell/line", kind="quiet", role="status", words=status)
        show("draw/doubted", doubt=doubt, inside=_beside(words, attribution))
    for warning in residual_warnings(review):
        show("shell/line", kind="warning", role="alert", words=warning)


def note_html(review: Review, words: Sequence[Word]) -> Markup:
    """The note with colours; screen readers hear the strongest words first."""
    text, limit = review.note_text or "", max((abs(w.value) for w in words), default=0.0) or 1.0
    runs, position = [], 0
    for word in words:
        runs.append((text[position : word.start], *_tinted(review, word, limit)))
        position = word.end
    label = t("screen.note.alt", for_words=named(words, 1), against_words=named(words, -1))
    return html("draw/note", alt=label, runs=runs, rest=text[position:])


def _tinted(review: Review, word: Word, limit: float) -> tuple[str, str, str]:
    """What is written for a word, its classes and its style."""
    share = abs(word.value) / limit
    tone = "var(--for)" if word.value > 0 else "var(--against)"
    tint = f"background:color-mix(in srgb, {tone} {65 * share:.0f}%, transparent)" if share > 0.02 else ""
    if word.category:
        return shown(word), "masked", tint
    negated = any(start <= word.start < end for start, end in review.negated_spans)
    return word.written, "w negated" if negated else "w", tint


def shown(word: Word) -> str:
    """The word as the screen shows it: a masked run by its category, punctuation around a word left out."""
    if word.category:
        return t("screen.note.masked", category=t(f"screen.masked.{word.category}"))
    return word.written.strip(".,;:()[]\"'") or word.written


def named(words: Sequence[Word], sign: int) -> str:
    """The strongest words of one sign with their log-odds, strongest first."""
    chosen = strongest(words, sign)
    return ", ".join(f"{shown(w)} {signed(w.value)}" for w in chosen) if chosen else t("screen.note.nobody")


def strongest(words: Sequence[Word], sign: int) -> list[Word]:
    """The strongest words that speak for (1) or against (-1) the label."""
    ranked = sorted((w for w in words if sign * w.value > 0.005), key=lambda w: -abs(w.value))
    return ranked[:STRONGEST]


def _beside(words: Sequence[Word], attribution: Attribution | None) -> Markup:
    """Legend, strongest words as a table, and the sum; without an attribution the legend of what is hidden and negated."""
    if attribution is None:
        return html("draw/note_beside", sum="")
    contrast = attribution.target
    against = t("screen.note.legend_against_alone", label=contrast.label)
    if contrast.against:
        against = t("screen.note.legend_against", label=contrast.against)
    parts = split_shown(attribution)
    attributed = round(sum(w.value for w in words), 2)
    rest = round(attribution.total, 2) - round(attribution.constant, 2) - attributed
    largest = max((abs(w.value) for w in words), default=0.0)
    return html(
        "draw/note_beside",
        pro=t("screen.note.legend_for", label=contrast.label),
        contra=against,
        depth=t("screen.note.legend_depth", limit=f"±{largest:.2f}"),
        strongest=[
            (shown(w), w.value, tone)
            for sign, tone in ((1, "for"), (-1, "against"))
            for w in strongest(words, sign)
        ],
        sum=t("screen.note.sum", **(parts | {"sum": signed(attributed), "residual": signed(rest)})),
    )

"""The account on the review screen: why this label, prior plus evidence, the sum, and what must be read with care."""

from html import escape
from itertools import permutations

import streamlit as st

from mmcore.domain.case import Notice
from mmcore.domain.prediction import Contrast
from pages.ui.draw.evidence import (
    OLD,
    account_table,
    contrast_words,
    residual_warnings,
    rows_of,
    sum_in_words,
)
from pages.ui.review import gates
from pages.ui.review import timestamps as moments
from pages.ui.shell import state
from pages.ui.shell.text import t, told

USUAL = "usual"


def draw(review, key: str) -> None:
    """Contrast, bars, sum, warnings and, where a modality was set aside, the way to use it all the same."""
    _draw_contrast(review, key)
    rows = rows_of(review)
    st.html(f'{account_table(review)}<div class="sum">{sum_in_words(rows, review)}</div>')
    gates.draw_buttons(review.gates, review.case, key)
    moments.draw_apart(review, key)
    for words in warnings_of(review):
        st.html(f'<div class="warning" role="alert">{escape(words)}</div>')


def warnings_of(review) -> list[str]:
    """Residuals above the limit, explanations that failed, and doubts that close nothing."""
    found = gates.marks(review.gates, review.case) + residual_warnings(review)
    found += [t("screen.review.failed", modality=str(n.modality), reason=told(n)) for n in review.failed]
    return found + [told(n) for n in doubts_of(review)]


def doubts_of(review) -> list[Notice]:
    """What the reader must know of a modality that counts all the same."""
    prediction = review.prediction
    return [
        n
        for n in prediction.notices
        if n not in review.case.refused
        and n not in review.gates  # those are told as overruled
        and n.code not in OLD  # marked on its own row
        and prediction.evidence.get(n.modality) is not None
    ]


def contrasts_of(review) -> list[Contrast | str]:
    """What can be asked: USUAL is the likeliest label against the runner-up."""
    labels = review.prediction.labels
    if not review.prediction.exclusive:
        return [USUAL, *(Contrast(label) for label in labels)]
    return [USUAL, *(Contrast(*pair) for pair in permutations(labels, 2))]


def _draw_contrast(review, key: str) -> None:
    options = contrasts_of(review)
    chosen = state.of_case(key, "contrast") or USUAL
    alone = "" if review.prediction.contrast.against else "_alone"
    usual = f"{contrast_words(review.prediction.contrast)} ({t(f'screen.review.contrast_auto{alone}')})"
    picked = st.selectbox(
        t("screen.review.contrast"),
        options,
        index=options.index(chosen),
        format_func=lambda c: usual if c == USUAL else contrast_words(c),
        key=f"contrast_{key}",
        label_visibility="collapsed",
    )
    if picked != chosen:
        state.set_of_case(key, "contrast", None if picked == USUAL else picked)
        st.rerun()

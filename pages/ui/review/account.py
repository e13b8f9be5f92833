"""The account on the review screen: why this label, prior plus evidence, the sum, and what must be read with care."""

from itertools import permutations

import streamlit as st

from mmcore.domain.notice import Notice
from mmcore.domain.prediction import Contrast
from mmcore.domain.review import Review
from pages.ui.draw.evidence import OLD, account, contrast_words, residual_warnings
from pages.ui.review import gates, timestamps
from pages.ui.shell import state
from pages.ui.shell.template import show
from pages.ui.shell.text import t, told

USUAL = "usual"


def draw(review: Review, key: str) -> None:
    """Contrast, bars, sum, warnings and, where a modality was set aside, the way to use it all the same."""
    _draw_contrast(review, key)
    st.html(account(review))
    gates.draw_buttons(review.gates, review.case, key)
    timestamps.draw_apart(review, key)
    for words in warnings_of(review):
        show("shell/line", kind="warning", role="alert", words=words)


def warnings_of(review: Review) -> list[str]:
    """Residuals above the limit, explanations that failed, and doubts that close nothing."""
    found = gates.marks(review.gates, review.case) + residual_warnings(review)
    found += [t("screen.review.failed", modality=str(n.modality), reason=told(n)) for n in review.failed]
    return found + [told(n) for n in doubts_of(review)]


def doubts_of(review: Review) -> list[Notice]:
    """What the reader must know of a modality that counts all the same."""
    prediction = review.prediction
    speaking = {str(m) for m, e in prediction.evidence.items() if e is not None}
    return [
        n
        for n in prediction.notices
        if n.modality in speaking
        and n not in review.case.refused
        and n not in review.gates  # those are told as overruled
        and n.code not in OLD  # marked on its own row
    ]


def contrasts_of(review: Review) -> list[Contrast | str]:
    """What can be asked: USUAL is the likeliest label against the runner-up."""
    labels = review.prediction.labels
    if not review.prediction.exclusive:
        return [USUAL, *(Contrast(label) for label in labels)]
    return [USUAL, *(Contrast(*pair) for pair in permutations(labels, 2))]


def _draw_contrast(review: Review, key: str) -> None:
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

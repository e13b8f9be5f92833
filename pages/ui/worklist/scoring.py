"""The answers of cases: worked out, kept for the worklist, and whether an estimate comes before them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from mmcore.cases import worklist
from mmcore.domain.case import Case
from mmcore.domain.errors import MmcoreError
from mmcore.domain.prediction import Contrast
from mmcore.domain.review import Review
from mmcore.domain.worklist import CaseSummary
from pages.ui.shell import resources, state
from pages.ui.shell.text import t

if TYPE_CHECKING:  # torch comes with it
    from mmcore.prediction.engine import Engine

QUICK = "token_activations"


def read(
    engine: "Engine", key: str, case: Case, contrast: Contrast | None = None, tokens: str = QUICK
) -> Review:
    """Review a case under the chosen prior and contrast; what was computed before is not computed again."""
    from mmcore.explain.review import review as review_of  # brings torch

    chosen = {"prior": state.of_case(key, "prior"), "contrast": contrast or state.of_case(key, "contrast")}
    return review_of(engine, case, **chosen, memory=state.memory(key), tokens=tokens)


def keep(key: str, summary: CaseSummary, review: Review) -> None:
    """Keep label, probability and flags for the worklist where they are new; never those under another prior."""
    chance = max(review.prediction.probabilities.values())
    flags = worklist.flags_of(review.case, review.prediction, review.operating_point)
    known = (
        summary.top_probability is not None
        and abs(summary.top_probability - chance) < 1e-6
        and summary.flags == flags
        and state.of_case(key, "kept") == review.prediction.model_sha256
    )
    if not known and not state.of_case(key, "prior"):
        worklist.remember(resources.store(), key, review.case, review.prediction, review.operating_point)
        state.set_of_case(key, "kept", review.prediction.model_sha256)


@st.fragment
def score(rows: Sequence[CaseSummary]) -> None:
    """Score the cases that nobody has opened yet, one by one with progress, so that the worklist can be sorted by probability."""
    waiting = [r for r in rows if r.top_label is None and not state.of_case(r.key, "unusable")]
    if not waiting:
        return
    bar = st.progress(0.0)
    for done, row in enumerate(waiting):
        bar.progress(done / len(waiting), t("screen.worklist.scoring", done=done + 1, all=len(waiting)))
        score_one(row)
    st.rerun(scope="app")


def score_one(row: CaseSummary) -> None:
    """Work out and keep the answer of a case; one that cannot be answered is marked, and opening it says why."""
    try:
        case = resources.store().load(row.key)
        keep(row.key, row, read(resources.engine(row.task), row.key, case))
    except MmcoreError:
        state.set_of_case(row.key, "unusable", True)


def draw_estimate_setting(key: str) -> None:
    """Whether an estimate comes before the answer of a new case: the same setting on every screen that offers it."""
    first = st.toggle(
        t("screen.worklist.estimate_first"),
        value=state.estimate_first(),
        key=key,
        help=t("screen.worklist.estimate_help"),
    )
    if first != state.estimate_first():
        state.set_estimate_first(first)
        st.rerun()

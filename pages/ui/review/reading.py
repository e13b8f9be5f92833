"""The review of the case on screen under the choices made on it: pre-test probability and contrast."""

from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mmcore import words
from mmcore.domain.case import Case
from mmcore.domain.prediction import Contrast
from mmcore.domain.review import Review
from mmcore.domain.task import CaseTask
from mmcore.domain.worklist import CaseSummary
from mmcore.tasks import case_task
from pages.ui.draw import note
from pages.ui.review import account, answer, group, pictures, similar, what_if
from pages.ui.shell import resources, state
from pages.ui.shell.template import html
from pages.ui.shell.text import day, t
from pages.ui.worklist import table
from pages.ui.worklist.scoring import draw_estimate_setting, read, score_one

if TYPE_CHECKING:  # torch comes with it
    from mmcore.prediction.engine import Engine

COLUMNS = (0.47, 0.53)  # the scan, the answer
EXACT = "integrated_gradients"  # method of the note that takes seconds


@dataclass(frozen=True)
class _Exact:
    """A review by the exact method that was begun, and what it depends on."""

    wanted: tuple[object, ...]
    work: Future[Review]


def load_engine(summary: CaseSummary, case: Case) -> "Engine":
    """The model of the case's task. While it is loaded for the first time, the case is shown without an answer."""
    if resources.is_loaded(case.task):
        return resources.engine(case.task)
    waiting = st.empty()
    with waiting.container():
        draw_head(summary)
        left, right = st.columns(COLUMNS, gap="medium")
        with left:
            waiting_key = f"{summary.key}_waiting"
            pictures.draw(case_task(case.task), waiting_key, case, None, revealed=False, doubts={})
        with right, st.spinner(t("screen.review.loading")):
            engine = resources.engine(case.task)
    waiting.empty()
    return engine


def draw_head(summary: CaseSummary, version: str = "") -> None:
    """Title of the case and what is known about it."""
    title = table.title_of(summary)
    head = html("review/case_head", title=title, chips=_chips(summary, version), remark=_remark(summary))
    with st.container(horizontal=True, vertical_alignment="center", key="case_head" if version else None):
        st.html(head, width="stretch")
        if version:
            draw_estimate_setting("estimate_review")


def _chips(summary: CaseSummary, version: str) -> list[str]:
    chips = [t(f"task.{summary.task}"), day(summary.taken or summary.created)]
    chips += [t("screen.review.synthetic")] if summary.story.get("synthetic") else []
    chips += [t("screen.review.model", version=version)] if version else []
    if _truth_told(summary):
        chips.append(t("screen.review.truth", label=str(summary.story["truth"])))
    return chips


def _remark(summary: CaseSummary) -> str:
    """What a demonstration case has to teach, once it is decided."""
    code = f"story.{summary.key}.comment"
    told = t(code) if words.known(code) else str(summary.story.get("comment", ""))
    return told if _truth_told(summary) else ""


def _truth_told(summary: CaseSummary) -> bool:
    return bool(summary.story.get("truth")) and summary.state != "new"  # not before the decision


def sides(task: CaseTask, case: Case) -> tuple[DeltaGenerator | None, DeltaGenerator]:
    """The columns of pictures and answer; no left one where there is nothing to look at."""
    if not pictures.any_of(task, case):
        return None, st.container()
    left, right = st.columns(COLUMNS, gap="medium")
    return left, right


@st.fragment
def draw_answer(engine: "Engine", key: str, case: Case, drawn: Contrast, wide: bool = False) -> None:
    """Answer and account; a moved slider reruns only these, unless the contrast that the rest shows has changed. wide: side by
    side, where no picture stands beside them."""
    review = read(engine, key, case)
    if (
        review.prediction.contrast != drawn
        or state.of_case(key, "edited_under", review.prediction.prior_logits)
        != review.prediction.prior_logits
    ):
        st.rerun(scope="app")
    stored = review.prediction.confidence
    above, below = st.columns(COLUMNS, gap="medium") if wide else (st.container(), st.container())
    with above, st.container(key="panel_answer"):
        answer.draw(review, state.confidence(stored), bool(state.of_case(key, "prior")))
        answer.draw_prior(review, key)
    with below, st.container(key="panel_account"):
        account.draw(review, key)
    words_of_group = group.words_of(resources.card(case.task), review)
    if words_of_group:
        (above if wide else below).html(words_of_group)


def draw_note(engine: "Engine", key: str, review: Review, revealed: bool, doubt: str = "") -> None:
    """The note, at once by the quick method; the exact one takes seconds, in the background, and then takes its place."""
    if not revealed or not note.can_be_refined(review):
        note.draw(review, revealed=revealed, doubt=doubt)
        return
    exact = _exact_review(engine, key, review)
    if exact.done():
        note.draw(exact.result(), doubt=doubt)
    else:
        _draw_while_refining(review, exact)


def _exact_review(engine: "Engine", key: str, review: Review) -> Future[Review]:
    """The review by the exact method, begun once for a note, a contrast and a set of modalities; touches no session."""
    from mmcore.explain.review import review as review_of

    contrast = review.prediction.contrast
    wanted = (
        review.case.note,
        contrast,
        tuple(m for m, e in review.prediction.evidence.items() if e is not None),
    )
    memory = state.memory(key)
    begun = memory.get("exact")
    if not isinstance(begun, _Exact) or begun.wanted != wanted or begun.work.cancelled():
        work = partial(review_of, engine, review.case, contrast=contrast, memory=memory, tokens=EXACT)
        begun = _Exact(wanted, state.in_background(resources.worker().submit(work), "note"))
        memory["exact"] = begun
    return begun.work


@st.fragment(run_every=1.0)
def _draw_while_refining(review: Review, exact: Future[Review]) -> None:
    if exact.done():
        st.rerun(scope="app")
    note.draw(review, refining=True)


@st.fragment
def draw_what_if(engine: "Engine", key: str, case: Case) -> None:
    """The tab of edits, on its own so that an edit leaves the rest of the screen alone."""
    from mmcore.explain.counterfactual import smallest_changes

    review = read(engine, key, case)
    what_if.draw(
        review,
        engine.task,
        key,
        lambda changed, contrast: read(engine, key, changed, contrast),
        smallest_changes(engine, review),
    )
    state.set_of_case(
        key, "edited_under", review.prediction.prior_logits if state.of_case(key, "edited") else None
    )


@st.fragment
def draw_similar(key: str, review: Review) -> None:
    """The tab of similar cases; those that nobody has opened are worked out when asked for."""
    similar.draw(key, review, score_one)


def revealed(key: str, summary: CaseSummary) -> bool:
    """Whether the answer may be shown: always, unless an estimate comes first; on the tour it does not."""
    asked = state.estimate_first() and summary.state == "new" and state.tour() is None
    return not asked or state.of_case(key, "estimate") is not None

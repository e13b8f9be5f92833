"""The second question on Review: another model's answer from the same patient's values, beside the first and apart from it."""

import streamlit as st

from mmcore.cases.companion import second_case
from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.review import Review
from mmcore.domain.task import CaseTask
from pages.ui.draw import vitals
from pages.ui.draw.evidence import account
from pages.ui.review import answer
from pages.ui.review.account import warnings_of
from pages.ui.shell import resources, state
from pages.ui.shell.template import show
from pages.ui.shell.text import listed, percent, t, told


@st.fragment
def draw(task: CaseTask, key: str, case: Case) -> None:
    """The companion's answer, account and Shapley values; without its values, how to get them; nothing without a companion."""
    if task.companion is None:
        return
    question = t(f"task.{task.companion.name}")
    with st.container(key="panel_second"):
        title = t("screen.second.title", question=question)
        asked = second_case(task, case)
        if asked is None:
            missing = listed(t(f"field.{f.name}") for f in task.second_fields)
            none = t("screen.second.none", question=question, fields=missing)
            show("shell/part", words=title, below=none)
            return
        apart = t("screen.second.apart", first=t(f"task.{task.name}"))
        show("shell/part", words=title, below=apart)
        try:
            review = _read(task.companion, f"{key}.{task.companion.name}", asked)
        except NothingToPredictError as error:
            told_ = t("screen.second.no_answer", reason=told(error))
            show("shell/line", kind="warning", role="alert", words=told_)
            return
        _draw_answer(review, task.companion, f"{key}.{task.companion.name}", question)


def _read(companion: CaseTask, key: str, asked: Case) -> Review:
    from mmcore.explain.review import review as review_of  # brings torch

    prior = state.of_case(key, "prior")
    return review_of(resources.engine(companion.name), asked, prior=prior, memory=state.memory(key))


def draw_moved(task: CaseTask, key: str, before: Case, after: Case) -> None:
    """The companion's probability before and after a change of the values; nothing where it was asked of neither."""
    asked = [second_case(task, case) for case in (before, after)]
    if task.companion is None or not any(asked):
        return
    old, new = (_chance(task.companion, f"{key}.{task.companion.name}", case) for case in asked)
    question = t(f"task.{task.companion.name}")
    words = t("screen.second.moved", question=question, old=old, new=new)
    show("shell/chips", chips=[words])


def _chance(companion: CaseTask, key: str, asked: Case | None) -> str:
    try:
        review = _read(companion, key, asked) if asked else None
    except NothingToPredictError:
        review = None
    return (
        percent(review.prediction.probabilities[companion.labels[0]])
        if review
        else t("screen.second.not_asked")
    )


def _draw_answer(review: Review, companion: CaseTask, key: str, question: str) -> None:
    answer.draw(review, state.confidence(review.prediction.confidence), bool(state.of_case(key, "prior")))
    answer.draw_prior(review, key, second=True)
    st.html(account(review, compact=True))
    for words in warnings_of(review):
        show("shell/line", kind="warning", role="alert", words=words)
    with st.expander(t("screen.second.values", question=question)):
        vitals.draw(review, companion)

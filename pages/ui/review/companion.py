"""The second question on Review: another model's answer from the same patient's values, beside the first and apart from it."""

from html import escape

import streamlit as st

from mmcore.cases.companion import second_case
from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.task import Task
from pages.ui.draw import vitals
from pages.ui.draw.evidence import account_table, rows_of, sum_in_words
from pages.ui.review import answer
from pages.ui.review.account import warnings_of
from pages.ui.shell import resources, state
from pages.ui.shell.text import listed, percent, t, told


@st.fragment
def draw(task: Task, key: str, case: Case) -> None:
    """The companion's answer, account and Shapley values; without its values, how to get them; nothing without a companion."""
    if task.companion is None:
        return
    question = t(f"task.{task.companion.name}")
    with st.container(key="panel_second"):
        title = f'<h2 class="part">{escape(t("screen.second.title", question=question))}</h2>'
        asked = second_case(task, case)
        if asked is None:
            missing = listed(t(f"field.{f.name}") for f in task.second_fields)
            words = t("screen.second.none", question=question, fields=missing)
            st.html(f'{title}<div class="quiet">{escape(words)}</div>')
            return
        apart = escape(t("screen.second.apart", first=t(f"task.{task.name}")))
        st.html(f'{title}<div class="quiet">{apart}</div>')
        try:
            seen = _read(task.companion, f"{key}.{task.companion.name}", asked)
        except NothingToPredictError as error:
            told_ = t("screen.second.no_answer", reason=told(error))
            st.html(f'<div class="warning" role="alert">{escape(told_)}</div>')
            return
        _draw_answer(seen, task.companion, f"{key}.{task.companion.name}", question)


def _read(companion: Task, key: str, asked: Case):
    from mmcore.explain.review import review  # brings torch

    prior = state.of_case(key, "prior")
    return review(resources.engine(companion.name), asked, prior=prior, memory=state.memory(key))


def draw_moved(task: Task, key: str, before: Case, after: Case) -> None:
    """The companion's probability before and after a change of the values; nothing where it was asked of neither."""
    asked = [second_case(task, case) for case in (before, after)]
    if task.companion is None or not any(asked):
        return
    old, new = (_chance(task.companion, f"{key}.{task.companion.name}", case) for case in asked)
    question = t(f"task.{task.companion.name}")
    words = t("screen.second.moved", question=question, old=old, new=new)
    st.html(f'<div><span class="chip numbers">{escape(words)}</span></div>')


def _chance(companion: Task, key: str, asked: Case | None) -> str:
    try:
        seen = _read(companion, key, asked) if asked else None
    except NothingToPredictError:
        seen = None
    return (
        percent(seen.prediction.probabilities[companion.labels[0]]) if seen else t("screen.second.not_asked")
    )


def _draw_answer(seen, companion: Task, key: str, question: str) -> None:
    answer.draw(seen, state.confidence(seen.prediction.confidence), bool(state.of_case(key, "prior")))
    answer.draw_prior(seen, key, second=True)
    st.html(f'{account_table(seen, compact=True)}<div class="sum">{sum_in_words(rows_of(seen), seen)}</div>')
    for words in warnings_of(seen):
        st.html(f'<div class="warning" role="alert">{escape(words)}</div>')
    with st.expander(t("screen.second.values", question=question)):
        vitals.draw(seen, companion)

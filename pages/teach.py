"""Teach: a case without its answer; then the model, the truth and what the student said, side by side."""

import streamlit as st

from mmcore.domain.errors import MmcoreError
from mmcore.tasks import case_task
from mmcore.teaching import session as teach
from pages.ui.shell import frame, resources, state
from pages.ui.shell.text import t
from pages.ui.teach import answer as teach_answer
from pages.ui.teach import classroom as teach_class
from pages.ui.teach import reveal as teach_reveal

frame.guard("teach")

store = resources.store()
session, student = teach_class.enter(store)
answers = teach.teach_store(store).answers(session.code)
mine = {a.case_key: a for a in answers if a.student == student}
key = state.case_key() or next((k for k in session.cases if k not in mine), session.cases[0])
state.teach(session.code, student, key)
try:
    summary, case = teach.open_case(store, key)
except MmcoreError as error:
    frame.fail(error)

teach_class.draw_head(store, session, student, key, summary, mine)
task = case_task(case.task)


def answer_of_the_model() -> teach.Read:
    """What the lesson's model says; it is loaded only once the student has answered."""
    try:
        with st.spinner(t("screen.teach.loading"), show_time=False):
            return teach.read(resources.engine(case.task), summary, case, state.memory(key))
    except MmcoreError as error:
        frame.fail(error)


if key in mine or state.of_case(key, "looked") or state.tour() is not None:
    teach_reveal.draw(task, summary, case, answer_of_the_model(), mine.get(key))
else:
    given = teach_answer.draw(task, case, key)
    if given is not None:
        name = teach_class.nickname(student)
        scores = teach.score(given, answer_of_the_model(), summary.story, task)
        teach.commit(store, session, teach.Stored(student, name, key, given, scores))
        st.rerun()

teach_class.draw_results(answers, student)

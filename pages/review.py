"""Review: the scan, the answer and the account it adds up from, the note, the vitals, what if, my decision."""

import streamlit as st

from mmcore.domain.errors import MmcoreError, NothingToPredictError
from mmcore.tasks import case_task
from pages.ui.draw import vitals
from pages.ui.review import checks as belief
from pages.ui.review import decision, gates, next_steps, pictures, reading
from pages.ui.shell import frame, resources, state
from pages.ui.shell.text import t
from pages.ui.worklist import scoring

frame.guard("review")

key = state.case_key()
if key is None:
    frame.title(t("screen.review.title"), t("screen.review.no_case"))
    st.page_link(frame.path("worklist"), label=t("screen.review.back"), query_params=state.address())
    st.stop()

try:
    summary, case = resources.store().summary(key), resources.store().load(key)
    engine = reading.load_engine(summary, case)
    review = scoring.read(engine, key, case)
except NothingToPredictError as error:
    reading.draw_head(summary)
    left, right = reading.sides(case_task(case.task), case)
    if left is not None:
        with left:
            pictures.draw(case_task(case.task), key, case, None, revealed=False, doubts={})
    with right:
        gates.draw_nothing_left(case, key, error)
    st.stop()
except MmcoreError as error:
    frame.fail(error)

scoring.keep(key, summary, review)
reading.draw_head(summary, review.prediction.model_version)
shown = reading.revealed(key, summary)
doubts = belief.doubts(key, review) if shown else {}
left, right = reading.sides(engine.task, case)
if left is not None:
    with left:
        pictures.draw(engine.task, key, case, review, revealed=shown, doubts=doubts)
with right:
    if shown:
        reading.draw_answer(engine, key, case, review.prediction.contrast, wide=left is None)
    else:
        with st.container(key="panel_estimate"):
            decision.draw_estimate(review.prediction.labels, key)

names = ("note", "vitals", "what_if", "similar", "believe", "next_steps") if shown else ("note", "vitals")
titles = {n: t(f"screen.review.tab.{n}") for n in names}
first = titles["note" if review.note_text else "vitals"]  # without a note no empty tab is opened
tabs = dict(zip(names, st.tabs(list(titles.values()), default=first), strict=True))
with tabs["vitals"]:
    vitals.draw(review, engine.task, revealed=shown, doubt=doubts.get("clinical", ""))
if shown:
    with tabs["what_if"]:
        reading.draw_what_if(engine, key, case)
    with tabs["similar"]:
        reading.draw_similar(key, review)
    decision.draw(review, key)
with tabs["note"]:
    reading.draw_note(engine, key, review, shown, doubts.get("text", ""))
if shown:
    with tabs["believe"]:
        belief.draw(engine, key, case, review, doubts)
    with tabs["next_steps"]:
        next_steps.draw(engine.task, dict(case.values), key)

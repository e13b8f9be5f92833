"""The teaching session around a case: its code, link, order of cases, calibration and results."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import streamlit as st

from mmcore.cases.worklist import Cases
from mmcore.domain.errors import CaseNotFoundError
from mmcore.domain.worklist import CaseSummary
from mmcore.teaching import session as teach
from pages.ui.shell import frame, state
from pages.ui.shell.template import html, show
from pages.ui.shell.text import day, percent, t
from pages.ui.worklist import table

Mine: TypeAlias = Mapping[str, teach.Stored]  # case -> what this student answered


def enter(store: Cases) -> tuple[teach.Session, str]:
    """The session of the address, else the one this visitor was in, else a new one of their own; and the student's token."""
    code, student = state.teaching()
    session = teach.teach_store(store).session(code) if code else teach.begin(store)
    if session is None:
        frame.title(t("screen.teach.title"))
        st.button(t("screen.teach.own"), key="teach_own", on_click=state.stop_teaching)
        frame.fail(CaseNotFoundError("teach_session_not_found", value=code))
    if session.shared and student is None:
        state.set_estimate_first(True)  # in a class the answer comes after the estimate, on Review as well
    return session, student or teach.new_code(8)


def nickname(student: str) -> str:
    """What the student is called in the results: never a name that the system knows."""
    typed = str(state.widget("teach_nickname") or "").strip()[:40]
    return typed or t("screen.teach.no_nickname", session=student[:4])


def draw_head(
    store: Cases, session: teach.Session, student: str, key: str, summary: CaseSummary, mine: Mine
) -> None:
    """Title, place in the row of cases, the ways on and back, and what belongs to a class."""
    place = session.cases.index(key) if key in session.cases else None
    with st.container(horizontal=True, vertical_alignment="center", key="teach_head", gap="small"):
        title, chips = table.title_of(summary), _chips(session, place, summary, len(mine))
        st.html(html("teach/head", title=title, chips=chips), width="stretch")
        for name, step in (("previous", -1), ("next", 1)):
            there = _case_at(session, place, step)
            pressed = st.button(t(f"screen.teach.{name}"), key=f"teach_{name}", disabled=there is None)
            if pressed and there is not None:
                frame.go("teach", **{"class": session.code, "me": student, "case": there})
        with st.popover(t("screen.teach.class"), icon=":material/group:", key="teach_class"):
            _draw_class(store, session, student, mine)


def _case_at(session: teach.Session, place: int | None, step: int) -> str | None:
    """The case so many steps on; None beyond the ends of the row and outside it."""
    there = -1 if place is None else place + step
    return session.cases[there] if 0 <= there < len(session.cases) else None


def _chips(session: teach.Session, place: int | None, summary: CaseSummary, count: int) -> list[str]:
    """Where the student is: the place in the row of cases, the session, how many are answered, and what case it is."""
    chips = [] if place is None else [t("screen.teach.place", place=place + 1, all=len(session.cases))]
    chips += [t("screen.teach.session", session=session.code), t("screen.teach.answered", count=count)]
    chips += [t(f"task.{summary.task}"), day(summary.taken or summary.created)]
    return [*chips, t("screen.review.synthetic")] if summary.story.get("synthetic") else chips


def _draw_class(store: Cases, session: teach.Session, student: str, mine: Mine) -> None:
    known = next((a.nickname for a in mine.values()), "")
    typed = st.text_input(
        t("screen.teach.nickname"),
        value=known,
        max_chars=40,
        key="teach_nickname",
        placeholder=t("screen.teach.nickname_hint"),
    )
    if mine and typed.strip() and typed.strip() != known:
        teach.teach_store(store).rename(session.code, student, typed.strip())
        st.rerun()
    show("shell/line", kind="quiet", words=t("screen.teach.class_how"))
    st.code(f"{state.page_address()}?class={session.code}", language=None)
    names = {r.key: table.title_of(r) for r in store.summaries()}
    for key in teach.FIRST:
        names.setdefault(key, t(f"story.{key}.title"))
    chosen = st.multiselect(
        t("screen.teach.cases"),
        list(names),
        default=list(teach.FIRST),
        format_func=names.__getitem__,
        key="teach_cases",
    )
    if st.button(t("screen.teach.start"), key="teach_start", disabled=not chosen):
        begun = teach.begin(store, chosen, shared=True)
        state.stop_teaching()
        frame.go("teach", **{"class": begun.code, "me": student})


def draw_results(answers: Sequence[teach.Stored], student: str) -> None:
    """Calibration of this student and of the model on the same cases, and a row for each student of the session; nothing
    before the first answer."""
    if not answers:
        return
    mine = [a for a in answers if a.student == student]
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="panel_calibration"):
        _draw_calibration(mine)
    with right, st.container(key="panel_class"):
        show("teach/standings", lines=[_standing(row, student) for row in teach.standings(answers)])


def _draw_calibration(mine: Sequence[teach.Stored]) -> None:
    blocks = {"student": teach.calibration(mine, "student"), "model": teach.calibration(mine, "model")}
    who = {"student": t("screen.teach.reveal.you"), "model": t("screen.teach.results.model")}
    lines = [(who[whose], _bin(row)) for whose, rows in blocks.items() for row in rows]
    show("teach/calibration", lines=lines, answered=bool(mine))


def _bin(row: Mapping[str, float]) -> list[str]:
    """A row of the calibration: its span, how often, what was stated and what happened."""
    span = f"{100 * row['low']:.0f}–{100 * row['high']:.0f} %"
    return [span, str(row["n"]), percent(row["stated"]), percent(row["happened"])]


def _standing(row: teach.Standing, student: str) -> tuple[str, list[str]]:
    """Name and figures of a student of the session."""
    name = t("screen.teach.results.me", name=row.nickname) if row.student == student else row.nickname
    cells = [str(row.answered), t("screen.teach.results.of", right=row.right, judged=row.judged)]
    cells += ["–" if v is None else f"{v:.2f}" for v in (row.brier, row.model_brier, row.log)]
    cells += ["–" if v is None else percent(v) for v in (row.inside, row.area)]
    return name, cells

"""The teaching session around a case: its code, link, order of cases, calibration and results."""

from html import escape

import streamlit as st

from mmcore.domain.errors import CaseNotFoundError
from mmcore.teaching import session as teach
from pages.ui.shell import frame, state
from pages.ui.shell.text import day, percent, t
from pages.ui.worklist import table


def enter(store) -> tuple[teach.Session, str]:
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


def draw_head(store, session: teach.Session, student: str, key: str, summary, mine: dict) -> None:
    """Title, place in the row of cases, the ways on and back, and what belongs to a class."""
    place = session.cases.index(key) if key in session.cases else -1
    chips = [t("screen.teach.session", session=session.code), t("screen.teach.answered", count=len(mine))]
    chips.insert(0, t("screen.teach.place", place=place + 1, all=len(session.cases)) if place >= 0 else "")
    chips += [t(f"task.{summary.task}"), day(summary.taken or summary.created)]
    chips += [t("screen.review.synthetic")] if summary.story.get("synthetic") else []
    shown = "".join(f'<span class="chip">{escape(c)}</span>' for c in chips if c)
    with st.container(horizontal=True, vertical_alignment="center", key="teach_head", gap="small"):
        st.html(
            f'<h1 class="screen">{escape(table.title_of(summary))}</h1><div class="chips">{shown}</div>',
            width="stretch",
        )
        for name, step in (("previous", -1), ("next", 1)):
            there = place + step
            if st.button(
                t(f"screen.teach.{name}"),
                key=f"teach_{name}",
                disabled=place < 0 or not 0 <= there < len(session.cases),
            ):
                frame.go("teach", **{"class": session.code, "me": student, "case": session.cases[there]})
        with st.popover(t("screen.teach.class"), icon=":material/group:", key="teach_class"):
            _draw_class(store, session, student, mine)


def _draw_class(store, session: teach.Session, student: str, mine: dict) -> None:
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
    st.html(f'<div class="quiet">{t("screen.teach.class_how")}</div>')
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


def draw_results(answers, student: str) -> None:
    """Calibration of this student and of the model on the same cases, and a row for each student of the session; nothing
    before the first answer."""
    if not answers:
        return
    mine = [a for a in answers if a.student == student]
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="panel_calibration"):
        st.html(f'<h2 class="part">{t("screen.teach.results.calibration")}</h2>{_calibration(mine)}')
    with right, st.container(key="panel_class"):
        st.html(f'<h2 class="part">{t("screen.teach.results.class")}</h2>{_standings(answers, student)}')


def _calibration(mine) -> str:
    if not mine:
        return f'<div class="quiet">{t("screen.teach.results.none")}</div>'
    blocks = [(w, teach.calibration(mine, w)) for w in ("student", "model")]
    if not any(rows for _, rows in blocks):
        return f'<div class="quiet">{t("screen.teach.results.none_known")}</div>'
    lines = []
    for whose, rows in blocks:
        who = t("screen.teach.reveal.you" if whose == "student" else "screen.teach.results.model")
        for row in rows:
            span = f"{100 * row['low']:.0f}–{100 * row['high']:.0f} %"
            cells = (span, str(row["n"]), percent(row["stated"]), percent(row["happened"]))
            lines.append(
                f'<tr><th scope="row">{escape(who)}</th>'
                + "".join(f'<td class="num">{escape(c)}</td>' for c in cells)
                + "</tr>"
            )
    number = ' class="num"'
    heads = "".join(
        f'<th scope="col"{"" if c == "who" else number}>{t(f"screen.teach.results.{c}")}</th>'
        for c in ("who", "bin", "n", "stated", "happened")
    )
    how = f'<div class="quiet">{t("screen.teach.results.calibration_how")}</div>'
    return f'<table class="values numbers"><thead><tr>{heads}</tr></thead>{"".join(lines)}</table>{how}'


def _standings(answers, student: str) -> str:
    rows = teach.standings(answers)
    if not rows:
        return f'<div class="quiet">{t("screen.teach.results.none")}</div>'
    names = ("student", "cases", "right", "brier", "model_brier", "log", "inside", "area")
    heads = "".join(f'<th scope="col">{t(f"screen.teach.results.{c}")}</th>' for c in names)
    lines = []
    for row in rows:
        name = t("screen.teach.results.me", name=row.nickname) if row.student == student else row.nickname
        cells = [str(row.answered), t("screen.teach.results.of", right=row.right, judged=row.judged)]
        cells += ["–" if v is None else f"{v:.2f}" for v in (row.brier, row.model_brier, row.log)]
        cells += ["–" if v is None else percent(v) for v in (row.inside, row.area)]
        lines.append(
            f'<tr><th scope="row">{escape(name)}</th>'
            + "".join(f"<td>{escape(c)}</td>" for c in cells)
            + "</tr>"
        )
    return f'<div class="wide"><table class="values numbers"><thead><tr>{heads}</tr></thead>{"".join(lines)}</table></div>'

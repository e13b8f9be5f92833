"""New case: drop files, see what was read, type what is missing, review."""

import streamlit as st

from mmcore.cases import ct_mark as nodule_marks
from mmcore.cases import upload as intake
from mmcore.cases import worklist
from mmcore.domain.scan import CtVolume
from mmcore.gates.consistency import find_contradictions
from mmcore.tasks import case_tasks
from pages.ui.draw import ct
from pages.ui.new_case import upload
from pages.ui.review import timestamps
from pages.ui.shell import frame, resources, state
from pages.ui.shell.template import show
from pages.ui.shell.text import heading, t

frame.guard("new_case")

frame.title(t("screen.new_case.title"), t("screen.new_case.lead"))
left, right = st.columns([0.5, 0.5], gap="medium")
with left:
    with st.container(horizontal=True):
        name = st.selectbox(
            t("screen.new_case.question"),
            tuple(case_tasks()),
            format_func=lambda n: t(f"task.{n}"),
            key="new_task",
            width=220,
        )
        patient_key = st.text_input(
            t("screen.new_case.patient_key"),
            key=f"new_patient_{state.new_round()}",
            placeholder=t("screen.new_case.patient_key_hint"),
        )
    task = case_tasks()[name]
    files = upload.draw_files()
    read = upload.read_files(files, task)
    upload.draw_items(read, "file")
    series = next((i.scan for i in read.items if i.used and isinstance(i.scan, CtVolume)), None)
    place = ct.draw_mark(series, f"new_{state.new_round()}") if series is not None else None
    hint = t("screen.new_case.note_from_file" if read.case.note else "screen.new_case.note_hint")
    note = st.text_area(
        t("screen.new_case.note"), key=f"new_note_{state.new_round()}", placeholder=hint, height=150
    )

with right:
    show("shell/part", words=t("screen.new_case.vitals"), below=t("screen.new_case.vitals_lead"))
    from_files = dict(read.case.values)
    typed = upload.draw_values(task, from_files)
    found = upload.draw_found(note or read.case.note or "", task, {*from_files, *typed})
    entered = upload.read_form(task, found | typed, note)
    if any(item.refused or item.corrections or item.notices for item in entered.items):
        upload.draw_items(entered, "form")
    case = timestamps.draw_form(intake.joined(read, entered), task)
    if series is not None and place is not None:
        case = nodule_marks.with_mark(case, series, place)
    upload.draw_warnings(find_contradictions(case))
    used = upload.summary(case)
    told = t("screen.new_case.summary", parts=used) if used else t("screen.new_case.nothing")
    show("shell/line", kind="quiet", words=told)
    if st.button(heading("screen.new_case.review"), key="new_review", type="primary", disabled=not used):
        key = worklist.new_case(resources.store(), case, patient_key)
        state.begin_another(stored_as=key)
        frame.go("review", case=key)

"""New case: files read as they are dropped, what was read and refused, the form of values, what the note states."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from html import escape

import streamlit as st

from mmcore.cases import edits
from mmcore.cases import upload as intake
from mmcore.cases.upload import Upload, UploadItem
from mmcore.domain.notice import Notice
from mmcore.domain.task import Field, Task
from pages.ui.draw import ecg
from pages.ui.draw.vitals import unit, value_words
from pages.ui.shell import state
from pages.ui.shell.text import heading, number, t, told

COLUMNS = 3  # of the form of values


def draw_files() -> list[tuple[str, bytes]]:
    """The place to drop files; their names and bytes."""
    most = t("screen.new_case.most", megabytes=st.get_option("server.maxUploadSize"))
    chosen = {"choose": t("screen.new_case.choose_files"), "most": most}
    rules = "".join(f"--{name}: {json.dumps(words, ensure_ascii=False)};" for name, words in chosen.items())
    st.html(f"<style>.stApp {{ {rules} }}</style>")  # Streamlit's own words for these are English only
    dropped = st.file_uploader(
        t("screen.new_case.drop"),
        accept_multiple_files=True,
        key=f"new_files_{state.new_round()}",
    )
    st.html(f'<div class="quiet">{t("screen.new_case.drop_help")}</div>')
    return [(file.name, file.getvalue()) for file in dropped]


def read_files(files: list[tuple[str, bytes]], task: Task) -> Upload:
    """What the files hold under the corrections confirmed so far; the same files are not read twice in a session."""
    agreed = confirmed()
    digests = tuple((name, hashlib.sha256(data).hexdigest()) for name, data in files)
    kept, key = state.uploads(), (task.name, digests, agreed)
    if key not in kept:
        with st.spinner(t("screen.review.reading")):
            kept[key] = intake.read_upload(files, task, accept_corrections=agreed)
    return kept[key]


def confirmed() -> frozenset[str]:
    """The corrections and doubted files that the user confirmed, by field or code."""
    return frozenset(name.partition("_")[2] for name, ticked in state.widgets("new_agree_").items() if ticked)


def draw_items(upload: Upload, group: str) -> None:
    """One card a file: recognised as, read, refused, to be confirmed. `group` (file or form) keeps the cards apart."""
    if not upload.items and group == "file":
        st.html(f'<div class="quiet">{t("screen.new_case.nothing_read")}</div>')
    for place, item in enumerate(upload.items):
        with st.container(key=f"panel_{group}_{place}"):
            _draw_item(item, group)
    draw_warnings(upload.warnings)


def draw_warnings(warnings: Sequence[Notice]) -> None:
    """One line for each."""
    for warning in warnings:
        st.html(f'<div class="warning" role="alert">{escape(told(warning))}</div>')


def _draw_item(item: UploadItem, group: str) -> None:
    kind = t("screen.new_case.recognised", modality=item.recognised_as)
    if item.recognised_as == "unknown":
        kind = t("screen.new_case.not_recognised")
    facts = "".join(
        f'<span class="chip">{escape(t(f"notice.{c}"))}: {escape(str(v))}</span>' for c, v in item.facts
    )
    name = item.name if item.name != intake.TYPED else t("screen.new_case.typed")
    text = f'<div><b>{escape(name)}</b> <span class="quiet">{escape(kind)}</span></div><div>{facts}</div>'
    picture, words = st.columns([0.2, 0.8], gap="small") if item.scan is not None else (None, st.container())
    if picture is not None:
        picture.image(item.scan.pixels, width="stretch", clamp=True, caption=None)
    with words:
        st.html(text + _notices_html(item))
        for notice in _to_confirm(item):
            code = str(notice.values.get("field") or notice.code)
            agree = (
                "confirm"
                if notice in item.corrections or notice not in (item.gate, *item.overruled)
                else "overrule"
            )
            st.checkbox(t(f"screen.new_case.{agree}"), key=f"new_agree_{group}_{code}", help=told(notice))
    if item.ecg is not None:
        ecg.preview(item.ecg)


def _notices_html(item: UploadItem) -> str:
    told_ = [f'<div class="quiet">{escape(told(n))}</div>' for n in item.notices]
    if item.refused is not None:
        told_.append(
            f'<div class="refused" role="alert">{escape(t("screen.new_case.refused", reason=told(item.refused)))}</div>'
        )
    waiting = [
        *item.corrections,
        *([item.correction] if item.correction and item.correction not in item.corrections else []),
    ]
    told_ += [
        f'<div class="warning">{escape(told(n))} {t("screen.new_case.unconfirmed")}</div>' for n in waiting
    ]
    if item.gate is not None and item.used:
        told_.append(f'<div class="warning" role="alert">{escape(told(item.gate))}</div>')
    return "".join(told_)


def _to_confirm(item: UploadItem) -> list[Notice]:
    """What a tick can cure: corrections, and doubts that the user may overrule. What is confirmed stays, to be taken back."""
    waiting = list(item.corrections) or ([item.correction] if item.correction else [])
    waiting += [item.gate] if item.gate is not None and item.used else []
    waiting += [item.refused] if item.refused is not None and item.refused.code in intake.DOUBTED else []
    settled = [replace(n, code=_asked_as(n.code)) for n in item.notices]
    return waiting + [n for n in settled if str(n.values.get("field") or n.code) in confirmed()]


def _asked_as(code: str) -> str:
    """The code under which a correction was asked for, from the one that says that it was made."""
    return code.replace("scan_was_stored_", "scan_stored_").replace("scan_was_", "scan_looks_")


def draw_values(task: Task, from_files: dict[str, float]) -> dict[str, object]:
    """The form of the task's fields; what was typed, by field. A value read from a file shows until another is typed."""
    typed = _draw_form(task.fields, from_files)
    if task.companion is not None:
        second = t("screen.second.form", question=t(f"task.{task.companion.name}"))
        with st.expander(second, expanded=any(f.name in from_files for f in task.second_fields)):
            st.html(f'<div class="quiet">{t("screen.second.form_lead")}</div>')
            typed |= _draw_form(task.second_fields, from_files)
    return typed


def _draw_form(fields: Sequence[Field], from_files: dict[str, float]) -> dict[str, object]:
    typed: dict[str, object] = {}
    for start in range(0, len(fields), COLUMNS):
        columns = st.columns(COLUMNS, gap="small", vertical_alignment="bottom")
        for column, field in zip(columns, fields[start : start + COLUMNS], strict=False):
            with column:
                value = _input(field, from_files.get(field.name))
            if value is not None:
                typed[field.name] = value
    return typed


def _input(field: Field, known: float | None) -> object:
    key = f"new_value_{field.name}_{state.new_round()}"
    name = heading(f"field.{field.name}")
    if field.kind == "number":
        low, high = (number(x) for x in field.plausible)
        accepted = f"{low}–{high} {unit(field)}".strip()
        usual = None
        if field.reference:
            low, high = (number(x) for x in field.reference)
            usual = t("screen.new_case.reference", low=low, high=high, unit=unit(field))
        hint = t("screen.new_case.not_measured") if known is None else number(known)
        label = f"{name} · {accepted}"
        return st.number_input(label, value=None, key=key, placeholder=hint, help=usual)
    options = ("0", "1") if field.kind == "flag" else field.choices
    section = "flag" if field.kind == "flag" else field.name
    hint = t("choice.unknown") if known is None else value_words(field, known)
    return st.selectbox(
        name, options, index=None, format_func=lambda c: t(f"choice.{section}.{c}"), key=key, placeholder=hint
    )


def draw_found(note: str, task: Task, taken: set[str]) -> dict[str, object]:
    """Values that the note states and nothing else gives; only those ticked are returned."""
    found = [v for v in edits.values_in_note(note) if v.field not in taken] if note else []
    found = [v for v in found if any(f.name == v.field for f in task.asked_fields)]
    if not found:
        return {}
    st.html(
        f'<h2 class="part">{t("screen.new_case.found")}</h2><div class="quiet">{t("screen.new_case.found_lead")}</div>'
    )
    accepted: dict[str, object] = {}
    for value in found:
        field = task.field(value.field)
        shown = _found_words(field, value.value)
        words = f"{shown} — {t('screen.new_case.found_words', words=' '.join(value.words.split()))}"
        if st.checkbox(words, key=f"new_found_{value.field}_{state.new_round()}"):
            accepted[value.field] = value.value if isinstance(value.value, str) else float(value.value)
    return accepted


def _found_words(field: Field, value: float | str) -> str:
    coded = float(field.choices.index(value)) if isinstance(value, str) else value
    return f"{heading(f'field.{field.name}')}: {value_words(field, coded)}"


def summary(case) -> str:
    """What a review would use, in words; "" if nothing."""
    parts = [t("screen.new_case.parts.scan")] if case.scan is not None else []
    parts += [t("screen.new_case.parts.ecg")] if case.waveform is not None else []
    parts += [t("screen.new_case.parts.note", words=len(case.note.split()))] if case.note else []
    parts += [t("screen.new_case.parts.values", count=len(case.values))] if case.values else []
    return ", ".join(parts)

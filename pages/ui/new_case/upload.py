"""New case: files read as they are dropped, what was read and refused, the form of values, what the note states."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from mmcore.cases import edits
from mmcore.cases import upload as intake
from mmcore.cases.upload import Upload, UploadItem
from mmcore.domain.case import Case
from mmcore.domain.notice import Notice
from mmcore.domain.task import CaseTask, Field
from pages.ui.draw import ecg
from pages.ui.draw.vitals import unit, value_words
from pages.ui.shell import state
from pages.ui.shell.template import show
from pages.ui.shell.text import heading, number, t, told

COLUMNS = 3  # of the form of values


def draw_files() -> list[tuple[str, bytes]]:
    """The place to drop files; their names and bytes."""
    most = t("screen.new_case.most", megabytes=st.get_option("server.maxUploadSize"))
    chosen = {"choose": t("screen.new_case.choose_files"), "most": most}
    rules = "".join(f"--{name}: {json.dumps(words, ensure_ascii=False)};" for name, words in chosen.items())
    show("shell/style", css=f".stApp {{ {rules} }}")  # Streamlit's own words for these are English only
    dropped = st.file_uploader(
        t("screen.new_case.drop"),
        accept_multiple_files=True,
        key=f"new_files_{state.new_round()}",
    )
    show("shell/line", kind="quiet", words=t("screen.new_case.drop_help"))
    return [(file.name, file.getvalue()) for file in dropped]


def read_files(files: list[tuple[str, bytes]], task: CaseTask) -> Upload:
    """What the files hold under the corrections confirmed so far; the same files are not read twice in a session."""
    agreed = confirmed()
    digests = tuple((name, hashlib.sha256(data).hexdigest()) for name, data in files)
    kept, key = state.uploads(), (task.name, digests, agreed)
    found: Upload | None = kept.get(key)
    if found is None:
        with st.spinner(t("screen.review.reading")):
            found = kept[key] = intake.read_upload(
                files, task, accept_corrections=agreed, memory=state.memory_of_new()
            )
    return found


def read_form(task: CaseTask, typed: Mapping[str, object], note: str) -> Upload:
    """What was typed, checked; the same words and values are not read twice in a session."""
    agreed = confirmed()
    kept, key = state.uploads(), (task.name, "form", tuple(sorted(typed.items())), note, agreed)
    found: Upload | None = kept.get(key)
    if found is None:
        found = kept[key] = intake.read_upload(
            (), task, accept_corrections=agreed, typed=typed, typed_note=note
        )
    return found


def confirmed() -> frozenset[str]:
    """The corrections and doubted files that the user confirmed, by field or code."""
    return frozenset(name.partition("_")[2] for name, ticked in state.widgets("new_agree_").items() if ticked)


def draw_items(upload: Upload, group: str) -> None:
    """One card a file: recognised as, read, refused, to be confirmed. `group` (file or form) keeps the cards apart."""
    if not upload.items and group == "file":
        show("shell/line", kind="quiet", words=t("screen.new_case.nothing_read"))
    for place, item in enumerate(upload.items):
        with st.container(key=f"panel_{group}_{place}"):
            _draw_item(item, group)
    draw_warnings(upload.warnings)


def draw_warnings(warnings: Sequence[Notice]) -> None:
    """One line for each."""
    for warning in warnings:
        show("shell/line", kind="warning", role="alert", words=told(warning))


def _draw_item(item: UploadItem, group: str) -> None:
    if item.scan is not None:
        picture, words = st.columns([0.2, 0.8], gap="small")
        picture.image(item.scan.pixels, width="stretch", clamp=True, caption=None)
    else:
        words = st.container()
    with words:
        _tell(item)
        for notice in _to_confirm(item):
            st.checkbox(
                t(f"screen.new_case.{_agreement(notice, item)}"),
                key=f"new_agree_{group}_{_asked_for(notice)}",
                help=told(notice),
            )
    if item.ecg is not None:
        ecg.preview(item.ecg)


def _tell(item: UploadItem) -> None:
    """What a file was taken for, what was read from it, and what stands in its way."""
    kind = t("screen.new_case.recognised", modality=item.recognised_as)
    if item.recognised_as == "unknown":
        kind = t("screen.new_case.not_recognised")
    other = [item.correction] if item.correction and item.correction not in item.corrections else []
    show(
        "new_case/item",
        name=item.name if item.name != intake.TYPED else t("screen.new_case.typed"),
        kind=kind,
        facts=item.facts,
        notices=item.notices,
        refused=told(item.refused) if item.refused else "",
        waiting=[*item.corrections, *other],
        gate=item.gate if item.used else None,
    )


def _to_confirm(item: UploadItem) -> list[Notice]:
    """What a tick can cure: corrections, and doubts that the user may overrule. What is confirmed stays, to be taken back."""
    settled = [replace(n, code=_asked_as(n.code)) for n in item.notices]
    return [*_corrections(item), *_doubts(item), *(n for n in settled if _asked_for(n) in confirmed())]


def _corrections(item: UploadItem) -> Sequence[Notice]:
    return item.corrections or ((item.correction,) if item.correction else ())


def _doubts(item: UploadItem) -> list[Notice]:
    """Why a file adds nothing, where the user may overrule it."""
    doubted = item.refused is not None and item.refused.code in intake.DOUBTED
    found = (item.gate if item.used else None, item.refused if doubted else None)
    return [n for n in found if n is not None]


def _agreement(notice: Notice, item: UploadItem) -> str:
    """Whether a tick overrules what the gates say, or confirms a correction."""
    gated = notice in (item.gate, *item.overruled)
    return "overrule" if gated and notice not in item.corrections else "confirm"


def _asked_for(notice: Notice) -> str:
    """The field that a correction changes, else its code."""
    return str(notice.values.get("field") or notice.code)


def _asked_as(code: str) -> str:
    """The code under which a correction was asked for, from the one that says that it was made."""
    return code.replace("scan_was_stored_", "scan_stored_").replace("scan_was_", "scan_looks_")


def draw_values(task: CaseTask, from_files: dict[str, float]) -> dict[str, object]:
    """The form of the task's fields; what was typed, by field. A value read from a file shows until another is typed."""
    typed = _draw_form(task.fields, from_files)
    if task.companion is not None:
        second = t("screen.second.form", question=t(f"task.{task.companion.name}"))
        with st.expander(second, expanded=any(f.name in from_files for f in task.second_fields)):
            show("shell/line", kind="quiet", words=t("screen.second.form_lead"))
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
    return _number_input(field, known, key) if field.kind == "number" else _choice_input(field, known, key)


def _number_input(field: Field, known: float | None, key: str) -> float | None:
    low, high = (number(x) for x in field.plausible)
    accepted = f"{low}–{high} {unit(field)}".strip()
    usual = None
    if field.reference:
        low, high = (number(x) for x in field.reference)
        usual = t("screen.new_case.reference", low=low, high=high, unit=unit(field))
    hint = t("screen.new_case.not_measured") if known is None else number(known)
    label = f"{heading(f'field.{field.name}')} · {accepted}"
    return st.number_input(label, value=None, key=key, placeholder=hint, help=usual)


def _choice_input(field: Field, known: float | None, key: str) -> str | None:
    options = ("0", "1") if field.kind == "flag" else field.choices
    section = "flag" if field.kind == "flag" else field.name
    return st.selectbox(
        heading(f"field.{field.name}"),
        options,
        index=None,
        format_func=lambda c: t(f"choice.{section}.{c}"),
        key=key,
        placeholder=t("choice.unknown") if known is None else value_words(field, known),
    )


def draw_found(note: str, task: CaseTask, taken: set[str]) -> dict[str, object]:
    """Values that the note states and nothing else gives; only those ticked are returned."""
    asked = {f.name for f in task.asked_fields} - taken
    stated = edits.values_in_note(note) if note else ()
    found = [v for v in stated if v.field in asked]
    if not found:
        return {}
    show("shell/part", words=t("screen.new_case.found"), below=t("screen.new_case.found_lead"))
    return {v.field: v.value for v in found if _is_ticked(task.field(v.field), v.value, v.words)}


def _is_ticked(field: Field, value: float | str, words: str) -> bool:
    """Whether the reader accepts a value that the note states in these words."""
    coded = float(field.choices.index(value)) if isinstance(value, str) else value
    stated = t("screen.new_case.found_words", words=" ".join(words.split()))
    shown = f"{heading(f'field.{field.name}')}: {value_words(field, coded)} — {stated}"
    return st.checkbox(shown, key=f"new_found_{field.name}_{state.new_round()}")


def summary(case: Case) -> str:
    """What a review would use, in words; "" if nothing."""
    parts = [t("screen.new_case.parts.scan")] if case.scan is not None else []
    parts += [t("screen.new_case.parts.ecg")] if case.waveform is not None else []
    parts += [t("screen.new_case.parts.note", words=len(case.note.split()))] if case.note else []
    parts += [t("screen.new_case.parts.values", count=len(case.values))] if case.values else []
    return ", ".join(parts)

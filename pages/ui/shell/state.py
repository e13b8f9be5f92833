"""What one browser session remembers; the only file with session keys. What must outlive a session is in the store or the address."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

import streamlit as st

from mmcore.domain.memory import Memory
from mmcore.words import LANGUAGES

_ENTERED, _WANTED, _OPENED, _LANGUAGE, _MEMORY, _PER_CASE = (
    "entered",
    "wanted",
    "opened",
    "language",
    "memory",
    "per_case",
)
_UPLOADS, _ROUND, _ESTIMATE_FIRST, _WORK = "uploads", "round_of_new_case", "estimate_first", "work"
_CONFIDENCE = "confidence"
_TEACHING, _TOUR = "teaching", "tour_step"
T = TypeVar("T")
_WARD = "ward:"  # what keys of the Monitor begin with; keys of cases hold no colon
_NEW = "new:"  # key of its memory; keys of cases hold no colon
_CASES_REMEMBERED = 8  # encodings and maps of the latest cases stay in memory for a quick return


def enter() -> None:
    """Note that app.py has run in this session."""
    st.session_state[_ENTERED] = True


def entered() -> bool:
    """Whether app.py has run in this session; a deep link on a fresh server runs the page without it."""
    return bool(st.session_state.get(_ENTERED))


def want(screen: str) -> None:
    """Remember the screen and the address that a deep link asked for."""
    st.session_state[_WANTED] = (screen, st.query_params.to_dict())


def take_wanted() -> tuple[str, dict[str, str]] | None:
    """The remembered deep link, once."""
    wanted: tuple[str, dict[str, str]] | None = st.session_state.pop(_WANTED, None)
    return wanted


def first_visit() -> bool:
    """True once in a session."""
    first = _OPENED not in st.session_state
    st.session_state[_OPENED] = True
    return first


def language() -> str:
    """en or zh: chosen by the reader, else named in the address, else the browser's."""
    if _LANGUAGE not in st.session_state:
        asked = st.query_params.get("lang") or (
            "zh" if str(st.context.locale or "").startswith("zh") else "en"
        )
        st.session_state[_LANGUAGE] = asked if asked in LANGUAGES else "en"
    chosen: str = st.session_state[_LANGUAGE]
    return chosen


def choose_language(chosen: str) -> None:
    """Switch the language and keep it in the address, so that a reload keeps it."""
    st.session_state[_LANGUAGE] = chosen
    st.query_params["lang"] = chosen


def address(**parameters: str) -> dict[str, str]:
    """Query parameters of a link inside the app; the language travels along."""
    return parameters | ({"lang": language()} if "lang" in st.query_params or language() != "en" else {})


def case_key() -> str | None:
    """The key of the case in the address."""
    return st.query_params.get("case")


def asked_task() -> str | None:
    """The clinical question named in the address."""
    return st.query_params.get("task")


def memory(key: str) -> Memory:
    """Where a review keeps a case's encodings, or the Monitor what it worked out of a bed ("ward:..."); the latest few of each are
    kept, in this session only."""
    kept: dict[str, Memory] = st.session_state.setdefault(_MEMORY, {})
    kept[key] = kept.pop(key, {})
    alike = [k for k in kept if k.startswith(_WARD) == key.startswith(_WARD)]
    for old in alike[:-_CASES_REMEMBERED]:
        kept.pop(old)
    return kept[key]


def in_background(work: Future[T], kind: str) -> Future[T]:
    """Note the work that this session waits for; what it waited for of the same kind and has not begun is called off."""
    call_off: dict[str, Callable[[], bool]] = st.session_state.setdefault(_WORK, {})
    if kind in call_off:
        call_off[kind]()
    call_off[kind] = work.cancel
    return work


def of_case(key: str, name: str, default: Any = None) -> Any:
    """A choice made on a case in this session: prior, contrast, estimate, edits."""
    return st.session_state.get(_PER_CASE, {}).get((key, name), default)


def set_of_case(key: str, name: str, value: Any) -> None:
    """Remember a choice made on a case; None forgets it."""
    chosen = st.session_state.setdefault(_PER_CASE, {})
    if value is None:
        chosen.pop((key, name), None)
    else:
        chosen[(key, name)] = value


def uploads() -> dict[object, Any]:
    """What was read from the files of the new case, by content, so that a rerun reads nothing again."""
    read: dict[object, Any] = st.session_state.setdefault(_UPLOADS, {})
    return read


def new_round() -> int:
    """Number of the new case in this session: part of its widgets' keys, so that the next one begins empty."""
    number: int = st.session_state.get(_ROUND, 0)
    return number


def memory_of_new() -> Memory:
    """Where the verdicts on the files of the new case are kept for its review."""
    return memory(_NEW)


def begin_another(stored_as: str) -> None:
    """Begin another new case: drop what was read, typed and confirmed for the last one; its verdicts go to its review."""
    memory(stored_as).update(memory_of_new())
    st.session_state[_MEMORY].pop(_NEW)
    st.session_state.pop(_UPLOADS, None)
    st.session_state[_ROUND] = new_round() + 1
    for name in [k for k in st.session_state if str(k).startswith("new_agree_")]:
        del st.session_state[name]


def widget(name: str) -> Any:
    """The current value of a widget by its key, None before it was drawn."""
    return st.session_state.get(name)


def set_widget(name: str, value: Any) -> None:
    """Give a widget a value before it is drawn."""
    st.session_state[name] = value


def widgets(prefix: str) -> Mapping[str, Any]:
    """Values of all widgets whose key begins with the prefix, by the rest of the key."""
    return {
        k[len(prefix) :]: v
        for k, v in st.session_state.items()
        if isinstance(k, str) and k.startswith(prefix)
    }


def confidence(stored: float) -> float:
    """The confidence at which labels are excluded: chosen in this session, else the model's own."""
    chosen: float = st.session_state.get(_CONFIDENCE, stored)
    return chosen


def set_confidence(chosen: float) -> None:
    """Keep that confidence for the session."""
    st.session_state[_CONFIDENCE] = chosen


def estimate_first() -> bool:
    """Whether the reader wants to commit an estimate before the answer is revealed."""
    return bool(st.session_state.get(_ESTIMATE_FIRST, False))


def set_estimate_first(wanted: bool) -> None:
    """Keep that setting for the session."""
    st.session_state[_ESTIMATE_FIRST] = wanted


def teaching() -> tuple[str | None, str | None]:
    """Code of the teaching session and token of the student: from the address, else as this session last had them."""
    kept = st.session_state.get(_TEACHING, (None, None))
    code = st.query_params.get("class") or kept[0]
    return code, st.query_params.get("me") or (kept[1] if code == kept[0] else None)


def teach(code: str, student: str, case: str) -> None:
    """Keep session and student in memory, and with the case in the address, so that a reload loses nothing."""
    st.session_state[_TEACHING] = (code, student)
    for name, value in (("class", code), ("me", student), ("case", case)):
        if st.query_params.get(name) != value:
            st.query_params[name] = value


def stop_teaching() -> None:
    """Forget the teaching session, so that the next visit begins another."""
    st.session_state.pop(_TEACHING, None)
    for name in ("class", "me", "case"):
        if name in st.query_params:
            del st.query_params[name]


def tour() -> int | None:
    """The step of the tour that the visitor is at, None outside it."""
    return st.session_state.get(_TOUR)


def set_tour(step: int | None) -> None:
    """Go to a step of the tour; None leaves it."""
    st.session_state[_TOUR] = step


def page_address() -> str:
    """The address of this page without its parameters, for a link that is passed on."""
    return str(st.context.url or "").partition("?")[0]

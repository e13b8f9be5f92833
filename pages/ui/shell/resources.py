"""What all sessions share: models, the case store, script and style files. The only file that caches; never a patient."""

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from mmcore.cases import demonstrations, worklist
from mmcore.monitor import ward
from mmcore.paths import ASSETS, settings

if TYPE_CHECKING:  # torch and numpy come with them
    from mmcore.cards.read import Card
    from mmcore.prediction.engine import Engine


@st.cache_resource(show_spinner=False)
def _loaded() -> set[str]:
    """Tasks whose model is in memory."""
    return set()


def is_loaded(task: str) -> bool:
    """Whether the model of a task is in memory, so that nobody has to wait for it."""
    return task in _loaded()


@st.cache_resource(show_spinner=False)
def engine(task: str) -> "Engine":
    """The task's model in memory. What is loaded stays: the collector is told so, or it walks it after every rerun."""
    from mmcore.prediction.engine import load_engine  # torch comes with it, and the worklist needs none

    loaded = load_engine(task)
    gc.collect()
    gc.freeze()
    _loaded().add(task)
    return loaded


@st.cache_resource(show_spinner=False)
def worker() -> ThreadPoolExecutor:
    """One thread for what may take seconds, so that no slider waits for it; what it returns belongs to the session that asked."""
    return ThreadPoolExecutor(max_workers=1)


@st.cache_resource(show_spinner=False)
def _store(url: str) -> worklist.Cases:
    opened = worklist.open_store(url)
    demonstrations.add_demonstrations(opened)
    return opened


def store() -> worklist.Cases:
    """The case store; at first start it receives the demonstration cases."""
    return _store(settings().database)


@st.cache_resource(show_spinner=False)
def _cards(folder: Path) -> "tuple[Card, ...]":
    from mmcore.cards import read as cards  # numpy comes with it

    return cards.all_cards(folder)


def cards() -> "tuple[Card, ...]":
    """The cards of the shipped models."""
    return _cards(settings().models)


def card(task: str) -> "Card | None":
    """The card of a task's newest model, None where it has none."""
    return next((c for c in cards() if c.task == task), None)


@st.cache_resource(show_spinner=False)
def asset(name: str) -> str:
    """The text of a file in assets, e.g. style.css."""
    return (ASSETS / name).read_text(encoding="utf-8")


@st.cache_resource(show_spinner=False)
def stream(task: str) -> ward.StoredStream:
    """The model of a stream's task in memory."""
    return ward.load_stream(task)


@st.cache_resource(show_spinner=False)
def synthetic_beds(task: str, agreed: tuple[str, ...]) -> tuple[ward.Bed, ...]:
    """The ward of stays made up by this project; stays of patients are kept by the session instead."""
    return ward.open_ward(stream(task), agreed)


def alerts() -> ward.AlertStore:
    """The wards' alerts and settings, in the database of the case store."""
    return ward.AlertStore(store().engine)

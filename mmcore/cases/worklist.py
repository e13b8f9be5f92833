"""The worklist: cases stored, found, flagged and remembered with their answers."""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias, TypeVar

from mmcore.cases.companion import second_case
from mmcore.domain.case import Case
from mmcore.domain.prediction import Prediction
from mmcore.domain.task import CaseTask
from mmcore.domain.worklist import CaseSummary
from mmcore.gates.recency import ages_of
from mmcore.paths import settings
from mmcore.stores.case_store import CaseStore
from mmcore.tasks import case_task

T = TypeVar("T")
Cases: TypeAlias = CaseStore  # what open_store gives: screens name it by this room
OVERRIDE_REASONS = (
    "scan_shows_otherwise",
    "history_not_in_note",
    "later_result",
    "wrong_input",
    "model_not_for_this_patient",
    "other",
)

BESIDE = ("not_called", "second")  # flags that explain an answer and warn of nothing


def open_store(url: str | None = None) -> CaseStore:
    """The case store at `url`, else at the address of the settings."""
    return CaseStore(url or settings().database)


def new_case(store: CaseStore, case: Case, patient_key: str = "") -> str:
    """Store a case and return its key: random, so that it says nothing of the patient."""
    key = secrets.token_urlsafe(9)
    named = [x.patient_hash for x in (case.scan, case.waveform) if x is not None and x.patient_hash]
    known_as = named[0][:8] if named else ""
    store.add(key, case, patient_key=patient_key.strip() or known_as)
    return key


def worklist(
    store: CaseStore,
    *,
    search: str = "",
    states: Collection[str] = (),
    tasks: Collection[str] = (),
    flagged: bool = False,
    title: Callable[[CaseSummary], str] = lambda row: str(row.story.get("title", "")),
) -> tuple[CaseSummary, ...]:
    """The cases that match: `search` in key, patient key or title; empty filters let everything pass; newest first."""
    wanted = search.casefold().strip()

    def matches(row: CaseSummary) -> bool:
        return (
            (not states or row.state in states)
            and (not tasks or row.task in tasks)
            and (not flagged or _warned_of(row))
            and wanted in " ".join([row.key, row.patient_key, title(row)]).casefold()
        )

    return tuple(filter(matches, store.summaries()))


def _warned_of(row: CaseSummary) -> bool:
    """Whether a flag of the case warns of something."""
    return any(flag.partition(":")[0] not in BESIDE for flag in row.flags)


def flags_of(
    case: Case, prediction: Prediction, operating_point: Mapping[str, float] | None = None
) -> tuple[str, ...]:
    """What the worklist warns of: missing:<modality>, gated:, left_out:, overruled:, old:<modality>, uncertain (several labels
    not excluded); and what it says beside the answer: not_called (the likeliest of independent labels is below its operating
    point), second:<task> (the case's values answer that task's question too)."""
    task = case_task(case.task)
    given, missing = _partition(task.modalities, lambda m: m in case.given)
    speaking, silent = _partition(given, lambda m: prediction.evidence.get(m) is not None)
    overruled, _ = _partition(given, lambda m: m in case.overruled)
    old, _ = _partition(ages_of(task, case), lambda age: age.old and age.modality in speaking)
    return (
        *(f"missing:{m}" for m in missing),
        *(f"{_silence_of(case, m)}:{m}" for m in silent),
        *(f"overruled:{m}" for m in overruled),
        *(f"old:{age.modality}" for age in old),
        *(("uncertain",) if prediction.uncertain else ()),
        *_beside(task, case, prediction, operating_point or {}),
    )


def _silence_of(case: Case, modality: str) -> str:
    """Why a modality that was given says nothing."""
    return "left_out" if modality in case.left_out else "gated"


def _partition(items: Iterable[T], holds: Callable[[T], bool]) -> tuple[list[T], list[T]]:
    """Those of which it holds, and the others."""
    found: tuple[list[T], list[T]] = ([], [])
    for item in items:
        found[not holds(item)].append(item)
    return found


def _beside(
    task: CaseTask, case: Case, prediction: Prediction, operating_point: Mapping[str, float]
) -> tuple[str, ...]:
    """What is said beside the answer and warns of nothing."""
    top = max(prediction.labels, key=lambda k: prediction.probabilities[k])
    below = not prediction.exclusive and prediction.probabilities[top] < operating_point.get(top, 0.0)
    second = second_case(task, case)
    return (*(("not_called",) if below else ()), *((f"second:{second.task}",) if second else ()))


def remember(
    store: CaseStore,
    key: str,
    case: Case,
    prediction: Prediction,
    operating_point: Mapping[str, float] | None = None,
) -> None:
    """Keep the likeliest label, its probability and the flags for the worklist, and the evidence for finding similar cases."""
    top = max(prediction.labels, key=lambda label: prediction.probabilities[label])
    flags = flags_of(case, prediction, operating_point)
    store.remember(key, top, float(prediction.probabilities[top]), flags)
    evidence = {str(m): None if e is None else dict(e) for m, e in prediction.evidence.items()}
    store.remember_evidence(key, prediction.model_sha256, evidence)

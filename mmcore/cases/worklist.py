"""The worklist: cases stored, found, flagged and remembered with their answers."""

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from mmcore.cases.companion import second_case
from mmcore.domain.case import Case
from mmcore.domain.prediction import Prediction
from mmcore.domain.task import Modality
from mmcore.domain.worklist import CaseSummary
from mmcore.gates.recency import ages_of
from mmcore.paths import settings
from mmcore.stores.case_store import CaseStore
from mmcore.tasks import case_task

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
    return tuple(
        row
        for row in store.summaries()
        if (not states or row.state in states)
        and (not tasks or row.task in tasks)
        and (not flagged or any(f.partition(":")[0] not in BESIDE for f in row.flags))
        and wanted in " ".join([row.key, row.patient_key, title(row)]).casefold()
    )


def flags_of(
    case: Case, prediction: Prediction, operating_point: Mapping[str, float] | None = None
) -> tuple[str, ...]:
    """What the worklist warns of: missing:<modality>, gated:, left_out:, overruled:, old:<modality>, uncertain (several labels
    not excluded); and what it says beside the answer: not_called (the likeliest of independent labels is below its operating
    point), second:<task> (the case's values answer that task's question too)."""
    given = {
        Modality.IMAGE: case.scan,
        Modality.WAVEFORM: case.waveform,
        Modality.TEXT: case.note,
        Modality.CLINICAL: case.values or None,
    }
    task = case_task(case.task)
    missing = [f"missing:{m}" for m in task.modalities if given.get(m) is None]
    silent = [m for m in task.modalities if given.get(m) is not None and prediction.evidence.get(m) is None]
    gated = [f"{'left_out' if m in case.left_out else 'gated'}:{m}" for m in silent]
    overruled = [
        f"overruled:{m}" for m in task.modalities if m in case.overruled and given.get(m) is not None
    ]
    speaking = {str(m) for m, e in prediction.evidence.items() if e is not None}
    old = [f"old:{age.modality}" for age in ages_of(task, case) if age.old and age.modality in speaking]
    doubtful = ["uncertain"] if prediction.uncertain else []
    top = max(prediction.labels, key=lambda k: prediction.probabilities[k])
    below = prediction.probabilities[top] < (operating_point or {}).get(top, 0.0)
    beside = ["not_called"] if below and not prediction.exclusive else []
    second = second_case(task, case)
    beside += [f"second:{second.task}"] if second else []
    return (*missing, *gated, *overruled, *old, *doubtful, *beside)


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

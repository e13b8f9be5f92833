"""A row of the worklist, and what a clinician decided on a case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True)
class CaseSummary:
    """A row of the worklist. state: new, reviewed or overridden; story: title, truth, comment of a demonstration case."""

    key: str
    task: str
    patient_key: str
    created: datetime
    taken: date | None
    state: str
    story: Mapping[str, object]
    top_label: str | None
    top_probability: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What a clinician decided. action: agree or override; shown: what the screen said then (probabilities, prior, model)."""

    action: str
    label: str | None = None
    reason: str | None = None
    comment: str = ""
    shown: Mapping[str, object] = field(default_factory=dict)
    made: datetime | None = None

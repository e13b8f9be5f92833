"""A data pack on disk as rows of one patient's scan, note, values and label."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from mmcore.domain.case import Waveform
from mmcore.domain.scan import Scan


@dataclass(frozen=True)
class PackRow:
    """One scored unit. `outcome`: label -> 1, 0 or None (unknown). `values`: field -> number; unknown fields are left out.

    `image` is a file; packs that keep many in one file give the `scan` or `waveform` itself. `patient` groups rows of one
    person; `source` and `publisher` say where the row comes from. `teach`: what training may know beside values and outcome: a
    reader's own verdict, the labels under which a table without scans teaches the fields that it alone can teach, or a label that
    training takes for granted where it is not known; what is taken for granted is never an outcome, so no figure counts it.
    """

    key: str
    patient: str
    source: str
    publisher: str
    outcome: Mapping[str, int | None]
    image: Path | None = None
    note: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    subgroup: Mapping[str, str] = field(default_factory=dict)
    teach: Mapping[str, float] = field(default_factory=dict)
    scan: Scan | None = None
    waveform: Waveform | None = None


@dataclass(frozen=True)
class Pack:
    """The rows a task can take and, by reason, how many it cannot.

    teaching: rows left out of every figure, and counted so, that may still teach an encoder what it looks at.
    """

    rows: tuple[PackRow, ...]
    left_out: Mapping[str, int]
    teaching: tuple[PackRow, ...] = ()


def number_in_pack(text: str | None) -> float | None:
    """A column of a pack as a number; None where it is missing or none."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None

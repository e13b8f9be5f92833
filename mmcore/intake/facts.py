"""What a reader in the child process answers beside its payload; it goes by JSON, so that a tuple arrives as a list."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypedDict

Told: TypeAlias = tuple[str, dict[str, object]]
"""Code of a notice and the values that fill it."""


class Facts(TypedDict, total=False):
    """Each reader fills in its own: of a picture, a CT, an ECG, a note or a table; None where the file was silent, () of spacing_mm.

    taken, times: ISO 8601, "" where not known. patient: salted hash. spacing_mm: (row, column). rows: (name, value, unit).
    """

    shape: Sequence[int]
    notices: list[Told]
    modality: str
    view: str | None
    orientation: Sequence[str] | None
    laterality: str | None
    body_part: str | None
    spacing_mm: Sequence[float]
    taken: str | None
    patient: str | None
    patient_age_years: float | None
    patient_sex: str | None
    colourful: float
    window: Sequence[float]
    slice_spacing_mm: float | None
    leads: Sequence[str]
    rate_hz: float
    words: int
    encoding: str
    guessed: bool
    pages: int
    rows: Sequence[tuple[str, object, str]]
    times: Sequence[str]


class Refusal(TypedDict):
    """Why a file was not read: the name of a class of mmcore.domain.errors and what it is raised with."""

    error: str
    code: str
    values: Mapping[str, object]

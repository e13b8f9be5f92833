"""One patient's inputs for one clinical question, checked and in standard units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np


@dataclass(frozen=True)
class Notice:
    """Something the reader must be told: a code for the text table, the values that fill it, and the input it concerns."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    modality: str = ""


@dataclass(frozen=True)
class Scan:
    """A decoded picture: pixels (H, W) float32 in [0, 1], bright is dense; what its file said about it, None where silent.

    `modality` is the DICOM term (CR, DX, CT) or "" for a plain picture. `colourful` is the share of pixels with visible
    colour. `notices` say what was corrected or doubtful while reading.
    """

    pixels: np.ndarray
    modality: str = ""
    view: str | None = None
    laterality: str | None = None
    spacing_mm: tuple[float, float] | None = None
    taken: date | None = None
    patient_hash: str | None = None
    body_part: str | None = None
    colourful: float = 0.0
    patient_age_years: float | None = None
    patient_sex: str | None = None
    window: tuple[float, float] | None = None
    notices: tuple[Notice, ...] = ()


LEADS = (
    "I",
    "II",
    "III",
    "aVR",
    "aVL",
    "aVF",
    "V1",
    "V2",
    "V3",
    "V4",
    "V5",
    "V6",
)  # of the standard ECG, in its order


@dataclass(frozen=True)
class Waveform:
    """A recorded signal: samples (leads, L) float32 in millivolts, NaN where not recorded; `leads` name the rows.

    `notices` say what was corrected or doubtful while reading.
    """

    samples: np.ndarray
    rate_hz: float
    leads: tuple[str, ...]
    taken: date | None = None
    patient_hash: str | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Case:
    """What is known of one patient for one task. `values` holds known fields only: unknown is absent, never 0.

    `refused`: modality -> why it was not taken. `overruled`: gated modalities the user insists on.
    """

    task: str
    scan: Scan | None = None
    note: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    refused: tuple[Notice, ...] = ()
    overruled: frozenset[str] = frozenset()
    waveform: Waveform | None = None

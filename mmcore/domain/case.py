"""One patient's inputs for one clinical question, checked and in standard units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmcore.domain.timestamp import Moment

Rectangle = tuple[float, float, float, float]  # top, left, bottom, right as fractions of the picture, 0 to 1


@dataclass(frozen=True)
class Notice:
    """Something the reader must be told: a code for the text table, the values that fill it, and the input it concerns."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    modality: str = ""


def first_frame(frames: np.ndarray) -> np.ndarray:
    """(H, W) float32 in [0, 1] of the first of the frames (N, H, W) uint8."""
    return frames[0].astype(np.float32) / 255


LUNG_WINDOW = (-600.0, 1500.0)  # centre and width in Hounsfield units, as radiologists set them


@dataclass(frozen=True)
class Mark:
    """Where the user says the nodule is: slice from 0, row and column in pixels, (0, 0) the middle of the first pixel."""

    slice: int
    row: float
    column: float


@dataclass(frozen=True)
class Scan:
    """A decoded picture: pixels (H, W) float32 in [0, 1], bright is dense; what its file said about it, None where silent.

    `modality` is the DICOM term (CR, DX, CT) or "" for a plain picture. `colourful` is the share of pixels with visible
    colour. `orientation`: whither rows and columns run, ("L", "F") the patient's left and feet, as the file says.
    `notices` say what was corrected or doubtful while reading. A CT also has `hounsfield` (S, H, W) int16 from head
    to feet and a `mark`; its pixels are the marked slice through the lung window. A clip has `frames` (N, H, W) uint8; its
    pixels are the first.
    """

    pixels: np.ndarray
    modality: str = ""
    view: str | None = None
    laterality: str | None = None
    spacing_mm: tuple[float, float] | None = None
    taken: Moment | None = None
    patient_hash: str | None = None
    body_part: str | None = None
    colourful: float = 0.0
    patient_age_years: float | None = None
    patient_sex: str | None = None
    window: tuple[float, float] | None = None
    notices: tuple[Notice, ...] = ()
    hounsfield: np.ndarray | None = None
    mark: Mark | None = None
    slice_spacing_mm: float | None = None
    frames: np.ndarray | None = None
    orientation: tuple[str, str] | None = None

    @classmethod
    def of_ct(
        cls,
        hounsfield: np.ndarray,
        spacing_mm: tuple[float, float],
        mark: Mark,
        modality: str = "CT",
        **facts: Any,
    ) -> "Scan":
        """A CT of slices (S, H, W), shown by its marked slice; facts are further fields."""
        centre, width = LUNG_WINDOW
        pixels = np.clip((hounsfield[mark.slice].astype(np.float32) - centre) / width + 0.5, 0, 1)
        return cls(
            pixels,
            modality,
            spacing_mm=spacing_mm,
            window=LUNG_WINDOW,
            hounsfield=hounsfield,
            mark=mark,
            **facts,
        )

    @property
    def marked_slice(self) -> np.ndarray | None:
        """(H, W) Hounsfield units of the slice with the mark; None unless a CT."""
        return None if self.hounsfield is None or self.mark is None else self.hounsfield[self.mark.slice]


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
    taken: Moment | None = None
    patient_hash: str | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Case:
    """What is known of one patient for one task. `values` holds known fields only: unknown is absent, never 0.

    `refused`: modality -> why it was not taken. `overruled`: gated modalities the user insists on. `times`: modality -> when
    it was made, as the user or the file says; None: known to be unknown. `left_out`: modalities that the user lets add 0.
    """

    task: str
    scan: Scan | None = None
    note: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    refused: tuple[Notice, ...] = ()
    overruled: frozenset[str] = frozenset()
    waveform: Waveform | None = None
    times: Mapping[str, Moment | None] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def time_of(self, modality: str) -> Moment | None:
        """When that evidence was made; None: not known, which is not the same as at the same time."""
        if modality in self.times:
            return self.times[modality]
        made = {"image": self.scan, "waveform": self.waveform}.get(modality)
        return made.taken if made is not None else None

    @property
    def given(self) -> tuple[str, ...]:
        """The modalities that the case has."""
        held = {
            "image": self.scan is not None,
            "waveform": self.waveform is not None,
            "text": bool(self.note),
            "clinical": bool(self.values),
        }
        return tuple(name for name, there in held.items() if there)

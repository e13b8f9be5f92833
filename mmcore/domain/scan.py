"""A decoded picture: a film, the slices of a CT, or the frames of a clip."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TypeAlias

import numpy as np

from mmcore.domain.memory import digest_of
from mmcore.domain.notice import Notice
from mmcore.domain.timestamp import Timestamp

LUNG_WINDOW = (-600.0, 1500.0)  # centre and width in Hounsfield units, as radiologists set them
Rectangle = tuple[float, float, float, float]  # top, left, bottom, right as fractions of the picture, 0 to 1


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the file of a picture said of it, None where it was silent.

    `modality` is the DICOM term (CR, DX, CT) or "" for a plain picture. `orientation`: whither rows and columns run,
    ("L", "F") the patient's left and feet. `notices` say what was corrected or doubtful while reading.
    """

    modality: str = ""
    view: str | None = None
    laterality: str | None = None
    spacing_mm: tuple[float, float] | None = None
    taken: Timestamp | None = None
    patient_hash: str | None = None
    body_part: str | None = None
    patient_age_years: float | None = None
    patient_sex: str | None = None
    window: tuple[float, float] | None = None
    orientation: tuple[str, str] | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Film(Header):
    """One picture: pixels (H, W) float32 in [0, 1], bright is dense; `colourful` is the share of pixels with visible colour."""

    pixels: np.ndarray
    colourful: float = 0.0

    @cached_property
    def digest(self) -> str:
        """Names the pixels."""
        return digest_of(self.pixels)


@dataclass(frozen=True)
class Clip(Header):
    """A picture that moves: frames (N, H, W) uint8; where one picture is wanted, the first stands for them."""

    frames: np.ndarray
    colourful: float = 0.0

    @cached_property
    def pixels(self) -> np.ndarray:
        """(H, W) float32 in [0, 1] of the first frame."""
        return self.still(0).pixels

    @cached_property
    def digest(self) -> str:
        """Names the pixels of the first frame."""
        return digest_of(self.pixels)

    def still(self, number: int) -> Film:
        """One frame from 0 as a film, with what the file said."""
        said = {item.name: getattr(self, item.name) for item in fields(Header)}
        return Film(self.frames[number].astype(np.float32) / 255, self.colourful, **said)


@dataclass(frozen=True)
class Mark:
    """Where the user says the nodule is: slice from 0, row and column in pixels, (0, 0) the middle of the first pixel."""

    slice: int
    row: float
    column: float

    @property
    def place(self) -> tuple[float, float]:
        """Row and column within its slice."""
        return self.row, self.column


@dataclass(frozen=True, kw_only=True)
class CtVolume(Header):
    """A CT around a marked nodule: hounsfield (S, H, W) int16 from head to feet, spacing_mm of rows and columns."""

    hounsfield: np.ndarray
    spacing_mm: tuple[float, float]
    mark: Mark
    modality: str = "CT"
    window: tuple[float, float] = LUNG_WINDOW
    slice_spacing_mm: float | None = None

    @cached_property
    def digest(self) -> str:
        """Names the marked slice, the mark and the spacing: what a model sees."""
        place = [*self.mark.place, *self.spacing_mm]
        return digest_of(np.concatenate([self.marked_slice.ravel().astype(np.float64), place]))

    @property
    def marked_slice(self) -> np.ndarray:
        """(H, W) Hounsfield units of the slice with the mark."""
        return np.asarray(self.hounsfield[self.mark.slice])

    @cached_property
    def pixels(self) -> np.ndarray:
        """(H, W) float32 in [0, 1] of the marked slice through its window."""
        centre, width = self.window
        shown: np.ndarray = np.clip((self.marked_slice.astype(np.float32) - centre) / width + 0.5, 0, 1)
        return shown


Scan: TypeAlias = Film | CtVolume | Clip

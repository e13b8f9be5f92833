"""One patient's inputs for one clinical question, checked and in standard units."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mmcore.domain.notice import Notice
from mmcore.domain.scan import Scan
from mmcore.domain.timestamp import Timestamp

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


def further_limb_leads(one: np.ndarray, two: np.ndarray) -> dict[str, np.ndarray]:
    """The limb leads (L,) that follow from I and II, (L,) each (Einthoven, Goldberger)."""
    return {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}


def arms_exchanged(ecg: np.ndarray) -> np.ndarray:
    """I upside down, II and III exchanged, aVR and aVL exchanged. (12, L) -> the same."""
    out = ecg.copy()
    out[0], out[1], out[2], out[3], out[4] = -ecg[0], ecg[2], ecg[1], ecg[4], ecg[3]
    return out


@dataclass(frozen=True)
class Waveform:
    """A recorded signal: samples (leads, L) float32 in millivolts, NaN where not recorded; `leads` name the rows.

    `notices` say what was corrected or doubtful while reading.
    """

    samples: np.ndarray
    rate_hz: float
    leads: tuple[str, ...]
    taken: Timestamp | None = None
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
    times: Mapping[str, Timestamp | None] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def time_of(self, modality: str) -> Timestamp | None:
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

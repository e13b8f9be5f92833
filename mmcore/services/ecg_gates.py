"""Whether a recording can be an ECG at all: it must hold heart beats."""

from mmcore.domain.case import Notice, Waveform
from mmcore.preprocess.waveform import ready
from mmcore.training.ecg_delineation import find_beats

FEWEST_BEATS = 4  # in ten seconds; a pulse of 24 a minute


def ecg_gates(waveform: Waveform | None) -> tuple[Notice, ...]:
    """A notice where a recording has too few heart beats to be an ECG of ten seconds."""
    if waveform is None:
        return ()
    count = len(find_beats(ready(waveform.samples, waveform.rate_hz).astype(float)))
    return () if count >= FEWEST_BEATS else (Notice("ecg_without_beats", {"count": count}, "waveform"),)

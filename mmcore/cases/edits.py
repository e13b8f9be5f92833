"""A case as it would be: values changed, words masked, parts of a picture painted out."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from mmcore.domain.case import Case, Waveform
from mmcore.domain.scan import Clip, CtVolume, Rectangle, Scan
from mmcore.domain.task import Modality
from mmcore.intake.note.values import FoundValue, read_values
from mmcore.preprocess.inpainting import flattened, painted_out
from mmcore.preprocess.text import MASK, negations, sentences


def edited(
    case: Case,
    *,
    values: Mapping[str, float | None] | None = None,
    hidden: Collection[tuple[int, int]] = (),
    without: Collection[str] = (),
    painted: Collection[Rectangle] = (),
    flat: tuple[Collection[str], tuple[float, float] | None] | None = None,
) -> Case:
    """The case with values changed (None: not measured), character ranges of the note masked, modalities set aside, parts of
    the scan painted out, and leads of the recording (none named: all) flat for some seconds (None: throughout)."""
    changed = replace(
        case,
        scan=_painted(case.scan, painted),
        waveform=_flattened(case.waveform, flat),
        note=_masked(case.note, hidden),
        values={k: v for k, v in (dict(case.values) | dict(values or {})).items() if v is not None},
    )
    return _set_aside(changed, without)


def _set_aside(case: Case, without: Collection[str]) -> Case:
    return replace(
        case,
        scan=None if Modality.IMAGE in without else case.scan,
        waveform=None if Modality.WAVEFORM in without else case.waveform,
        note=None if Modality.TEXT in without else case.note,
        values={} if Modality.CLINICAL in without else case.values,
    )


def _masked(note: str | None, ranges: Collection[tuple[int, int]]) -> str | None:
    if note is None:
        return None
    for start, end in sorted(ranges, reverse=True):
        note = note[:start] + MASK + note[end:]
    return note


def _painted(scan: Scan | None, rectangles: Collection[Rectangle]) -> Scan | None:
    """The scan with the rectangles painted out: of a CT in its marked slice, of a clip in its first frame, which stays alone."""
    if scan is None or not rectangles:
        return scan
    if isinstance(scan, CtVolume):
        hounsfield = scan.hounsfield.copy()
        hounsfield[scan.mark.slice] = np.rint(painted_out(scan.marked_slice, rectangles))
        return replace(scan, hounsfield=hounsfield)
    film = scan.still(0) if isinstance(scan, Clip) else scan
    return replace(film, pixels=painted_out(film.pixels, rectangles))


def _flattened(
    waveform: Waveform | None, flat: tuple[Collection[str], tuple[float, float] | None] | None
) -> Waveform | None:
    if waveform is None or flat is None:
        return waveform
    return replace(waveform, samples=flattened(waveform.samples, waveform.rate_hz, waveform.leads, *flat))


def note_sentences(note: str) -> tuple[tuple[int, int], ...]:
    """Character ranges of the note's sentences."""
    return sentences(note)


def values_in_note(note: str) -> tuple[FoundValue, ...]:
    """Clinical values that the note states, each with its words; proposals, to be accepted by the user."""
    return read_values(note, tuple((n.start, n.end) for n in negations(note)))

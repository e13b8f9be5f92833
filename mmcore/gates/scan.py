"""What speaks against a scan, by its header, by rules and by sight: refused, to be corrected, gated, or only told."""

from dataclasses import dataclass, replace

import numpy as np

from mmcore.domain.memory import Memory, remembered
from mmcore.domain.notice import Notice
from mmcore.domain.scan import CtVolume, Film, Scan
from mmcore.domain.task import ImageKind
from mmcore.gates.learned import correctable, doubts_by_sight
from mmcore.intake.ct.scan import DOUBTED
from mmcore.intake.image.film_frame import STANDARD
from mmcore.intake.image.radiograph import HOPELESS, doubts
from mmcore.preprocess.corrections import QUARTER_TURNS, UNDO
from mmcore.preprocess.ct import doubts_of, square_around


def nodule_doubts(scan: CtVolume) -> tuple[Notice, ...]:
    """Why a CT should not be read around its mark: a gap in the series, no lung there, no nodule there."""
    series = tuple(n for n in scan.notices if n.code in DOUBTED)
    return (*series, *doubts_of(square_around(scan.marked_slice, scan.spacing_mm, scan.mark.place)))


def ruled_doubts(kind: ImageKind | None, scan: Scan) -> tuple[Notice, ...]:
    """What the rules for a kind of scan object to."""
    if isinstance(scan, CtVolume):
        return nodule_doubts(scan)
    return doubts(scan) if kind is not None and kind.lungs else ()


ONLY_TOLD = frozenset({"scan_looks_mirrored", "scan_one_side"})
STORED = "scan_stored_"  # codes of what the header says of how the film lies


@dataclass(frozen=True)
class Verdict:
    """refused: nothing can be read from it; correction: usable once turned back, with consent; gate: adds 0 unless overruled."""

    refused: Notice | None = None
    correction: Notice | None = None
    gate: Notice | None = None
    warnings: tuple[Notice, ...] = ()

    @property
    def closed(self) -> Notice | None:
        """Why the scan adds 0, None if it may speak."""
        return self.refused or self.gate or self.correction


def verdict_on(kind: ImageKind | None, scan: Scan, memory: Memory) -> Verdict:
    """The verdict on a scan, taken from memory where one was given on the same content: at upload for its review."""
    return remembered(memory, ("verdict", kind, *judged_by(scan)), Verdict, lambda: judge_scan(kind, scan))


def judged_by(scan: Scan) -> tuple[object, ...]:
    """All of a scan that a verdict on it depends on."""
    own: object = (
        (scan.window, *(n.code for n in scan.notices if n.code in DOUBTED))
        if isinstance(scan, CtVolume)
        else scan.colourful
    )
    return (scan.digest, scan.modality, scan.view, scan.body_part, scan.laterality, scan.orientation, own)


def judge_scan(kind: ImageKind | None, scan: Scan) -> Verdict:
    """The verdict on a scan for a task that asks for `kind`. Rules come first: they are certain of what they say.

    What the file says of itself outweighs its look; a correction is offered only where nothing else objects.
    """
    ruled = ruled_doubts(kind, scan)
    refused = next(filter(_is_hopeless, ruled), None)
    if refused:
        return Verdict(refused)
    gate = next(filter(_is_gate, ruled), None)
    if gate:
        return Verdict(gate=gate)
    stored = next(filter(_is_stored, ruled), None)
    if stored:
        return _judge_stored(kind, scan, stored)
    return _judge_seen(kind, scan, ruled)


def _is_hopeless(notice: Notice) -> bool:
    return notice.code in HOPELESS


def _is_gate(notice: Notice) -> bool:
    return correctable(notice) is None and notice.code not in ONLY_TOLD


def _is_stored(notice: Notice) -> bool:
    return notice.code.startswith(STORED)


def _judge_seen(kind: ImageKind | None, scan: Scan, ruled: tuple[Notice, ...]) -> Verdict:
    """The verdict by what the scan looks like and by the rules, of which none closes it."""
    found = (*doubts_by_sight(kind, scan.pixels), *ruled)
    warnings = tuple(n for n in found if n.code in ONLY_TOLD)
    first = next((n for n in found if n.code not in ONLY_TOLD), None)
    if correctable(first):
        return Verdict(correction=first, warnings=warnings)
    return Verdict(gate=first, warnings=warnings)


def _judge_stored(kind: ImageKind | None, scan: Scan, stored: Notice) -> Verdict:
    """The correction that the header asks for; a gate where the film looks right as it is, and wrong once corrected."""
    turned = UNDO[correctable(stored) or ""](scan.pixels)
    if not doubts_by_sight(kind, scan.pixels) and doubts_by_sight(kind, turned):
        return Verdict(gate=Notice("scan_orientation_contradicts", {}, "image"))
    return Verdict(correction=stored)


def corrected(scan: Scan, correction: Notice) -> Film:
    """The film turned back as the notice says, with a notice that it was; spacing follows a quarter turn."""
    kind = correctable(correction)
    if kind is None or not isinstance(scan, Film):
        raise ValueError(f"{correction.code} names nothing that can be corrected")
    spacing = scan.spacing_mm[::-1] if scan.spacing_mm and kind in QUARTER_TURNS else scan.spacing_mm
    by_header = correction.code.startswith(STORED)
    told = Notice(f"scan_was_{'stored_' if by_header else ''}{kind}", {}, "image")
    orientation = STANDARD if by_header else scan.orientation
    pixels = np.ascontiguousarray(UNDO[kind](scan.pixels), dtype=np.float32)
    return replace(
        scan,
        pixels=pixels,
        spacing_mm=spacing,
        orientation=orientation,
        notices=(*scan.notices, told),
    )

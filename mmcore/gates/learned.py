"""What the learned gate says of a picture: the kind of picture that is asked for, one that can be turned back, or another."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from mmcore.domain.errors import ModelFileError
from mmcore.domain.notice import Notice
from mmcore.domain.task import ImageKind
from mmcore.preprocess.corrections import UNDO
from mmcore.preprocess.image import thumbnail

if TYPE_CHECKING:
    from mmcore.stores.gate_store import StoredGate


@cache
def stored_gate(kind: str) -> "StoredGate | None":
    """The learned gate for a kind of picture, loaded once; None where none is shipped. Raises ModelFileError."""
    from mmcore.stores.gate_store import gate_directory, load_gate  # torch comes with it

    directory = gate_directory(kind)
    return load_gate(directory) if directory else None


def doubts_by_sight(kind: ImageKind | None, pixels: np.ndarray) -> tuple[Notice, ...]:
    """What a picture (H, W) looks like instead of what is asked for, or mirrored; () if it looks right or no gate is there.

    Where the gate's file was altered nothing vouches for a picture, and that is the doubt.
    """
    try:
        gate = stored_gate(kind.name) if kind else None
    except ModelFileError as error:
        return (Notice("gate_unusable", {"name": error.values.get("name", "")}, "image"),)
    if gate is None:
        return ()
    from mmcore.models.gate import KINDS, SIZE, features_of, scores

    against, likeliest, mirrored = scores(gate.net, features_of(gate.net, [thumbnail(pixels, SIZE)]))
    if against[0] > gate.thresholds["doubt"]:
        return (Notice(f"scan_looks_{KINDS[likeliest[0]]}", {}, "image"),)
    if mirrored[0] > gate.thresholds["mirrored"]:
        return (Notice("scan_looks_mirrored", {}, "image"),)
    return ()


def correctable(notice: Notice | None) -> str | None:
    """The kind of correction, a key of UNDO, that would cure what the notice doubts; None if none would."""
    kind = notice.code.removeprefix("scan_looks_").removeprefix("scan_stored_") if notice else ""
    return kind if kind in UNDO else None

"""DICOM clips (an echo of many frames) as grey frames to step through; runs in the child process."""

from math import ceil

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame

from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.intake.code_streams import check_pixels, claimed_size
from mmcore.intake.facts import Facts
from mmcore.intake.image.dicom import identity, in_grey, opened, said, unpacked
from mmcore.intake.limits import MAX_CLIP_FRAMES, MAX_CLIP_PIXELS, MAX_CLIP_SHOWN

LONGEST_SIDE = 640  # pixels of a frame that is kept: it is only looked at


def read_clip(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (N, H, W) uint8 frames, N of 1 to MAX_CLIP_SHOWN, evenly spaced over the clip, each at most LONGEST_SIDE long.

    Raises UnreadableFileError, TooLargeError beyond MAX_CLIP_FRAMES frames.
    """
    ds = opened(data)
    count, size = max(1, int(ds.get("NumberOfFrames") or 1)), (int(ds.Columns), int(ds.Rows))
    if count > MAX_CLIP_FRAMES:
        raise TooLargeError("scan_clip_too_long", frames=count, limit=MAX_CLIP_FRAMES)
    kept = chosen(count, size)
    facts: Facts = {"notices": []}
    _check_frames(ds, kept, count, size)
    stored = np.stack([unpacked(ds, index) for index in kept])
    grey = in_grey(stored, ds, facts)
    frames = np.stack([_small(frame) for frame in np.rint(grey * 255).astype(np.uint8)])
    facts["notices"].append(("scan_clip", {"frames": count, "shown": len(kept)}))
    facts |= said(ds) | {"shape": frames.shape, "patient": identity(ds, salt)}
    factor = size[1] / frames.shape[1]
    facts["spacing_mm"] = [mm * factor for mm in facts["spacing_mm"]]
    return facts, frames.tobytes()


def chosen(count: int, size: tuple[int, int]) -> list[int]:
    """Which of `count` frames of (width, height) are kept: evenly spaced, as many as the limits allow, the first among them."""
    most = max(1, min(MAX_CLIP_SHOWN, MAX_CLIP_PIXELS // (size[0] * size[1])))
    return list(range(0, count, ceil(count / most)))


def _check_frames(ds: Dataset, kept: list[int], count: int, size: tuple[int, int]) -> None:
    """Refuses a compressed frame whose own header claims another size than the file."""
    if not ds.file_meta.TransferSyntaxUID.is_compressed:
        return
    for index in kept:
        claimed = claimed_size(get_frame(ds.PixelData, index, number_of_frames=count))
        if claimed:
            check_pixels(*claimed)
            if claimed != size:
                raise UnreadableFileError("file_damaged")


def _small(frame: np.ndarray) -> np.ndarray:
    shrink = LONGEST_SIDE / max(frame.shape)
    if shrink >= 1:
        return frame
    size = (max(1, round(frame.shape[1] * shrink)), max(1, round(frame.shape[0] * shrink)))
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR))

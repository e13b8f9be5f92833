"""What the encoders are given for a scan, a note and values: one code for training and for the bedside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from mmcore.domain.case import Waveform
from mmcore.domain.scan import CtVolume, Scan
from mmcore.domain.task import CaseTask, LeakTerm
from mmcore.models.lungs import SIZE, WHOLE, LungBox, LungNet, lung_box
from mmcore.preprocess.ct import region_of, scaled, square_around
from mmcore.preprocess.image import Crop, crop_around, dim, equalise, resample
from mmcore.preprocess.note_kind import orders_in
from mmcore.preprocess.text import MaskedNote, clean, mask_leaks
from mmcore.preprocess.waveform import ready

TRUSTED = 0.3  # quality of the lung box, 0 to 1; below, the crop would be a guess


@dataclass(frozen=True)
class Seen:
    """What the encoder looks at: pixels and lung probabilities (S, S), 0 to 1, of a crop; the box; lungs on the whole scan."""

    pixels: np.ndarray
    inside: np.ndarray
    crop: Crop
    box: LungBox
    lungs: np.ndarray | None


@dataclass(frozen=True)
class ImageInput:
    """pixels (1, C, S, S) float32, 0 to 1, of an X-ray a second channel with the share of lung; crop: which part of the scan they show; lungs (160, 160) bool on the whole scan."""

    pixels: Tensor
    crop: Crop
    box: LungBox
    lungs: np.ndarray | None


@dataclass(frozen=True)
class TextInput:
    """ids and mask (1, T); spans: characters of `note` that each token covers, () for the special ones; cut: tokens left out."""

    note: str
    masked: MaskedNote
    ids: Tensor
    mask: Tensor
    spans: tuple[tuple[int, int] | tuple[()], ...]
    cut: int


def find_lungs(pixels: np.ndarray, lungs: LungNet) -> tuple[np.ndarray, LungBox]:
    """Lung probabilities (160, 160) on the whole scan and the box around them."""
    small = torch.from_numpy(resample(pixels, Crop(), (SIZE, SIZE)))[None, None]
    with torch.no_grad():
        mask = torch.sigmoid(lungs(small))[0, 0].numpy()
    return mask, lung_box(mask)


def crop_of(box: LungBox) -> Crop:
    """What the encoder looks at: the lungs with a margin, or the whole scan where the lungs were not found with trust."""
    return crop_around(box.top, box.left, box.bottom, box.right) if box.quality > TRUSTED else Crop()


def look(pixels: np.ndarray, lungs: LungNet | None, size: int) -> Seen:
    """The crop of a scan (H, W) around its lungs, or the whole scan where they were not found with trust."""
    everywhere = np.ones((size, size), np.float32)
    if lungs is None:
        return Seen(resample(pixels, Crop(), (size, size)), everywhere, Crop(), WHOLE, None)
    mask, box = find_lungs(pixels, lungs)
    crop = crop_of(box)
    inside = resample(mask, crop, (size, size)) if box.quality > TRUSTED else everywhere
    return Seen(resample(pixels, crop, (size, size)), inside, crop, box, mask >= 0.5)


def image_input(scan: Scan, lungs: LungNet | None, size: int) -> ImageInput:
    """A scan as its encoder sees it. X-ray: cropped around its lungs, grey levels by rank, dimmed outside the lungs. CT: the
    square around the mark, Hounsfield units over the range of 12 bits.
    """
    if isinstance(scan, CtVolume):
        return _nodule_input(scan)
    seen = look(scan.pixels, lungs, size)
    ready = np.stack([dim(equalise(seen.pixels), seen.inside), seen.inside])
    return ImageInput(torch.from_numpy(ready)[None], seen.crop, seen.box, seen.lungs)


def _nodule_input(scan: CtVolume) -> ImageInput:
    square = square_around(scan.marked_slice, scan.spacing_mm, scan.mark.place)
    region = region_of(scan.marked_slice.shape, scan.spacing_mm, scan.mark.place)
    box = LungBox(region.top, region.left, region.bottom, region.right, 1.0)
    return ImageInput(torch.from_numpy(scaled(square))[None, None], region, box, None)


def waveform_input(waveform: Waveform) -> Tensor:
    """(1, 12, 1000) float32 millivolts: the first ten seconds at 100 Hz without baseline wander."""
    return torch.from_numpy(ready(waveform.samples, waveform.rate_hz))[None]


def text_input(
    note: str, terms: Sequence[LeakTerm], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> TextInput:
    """A note cleaned, masked and cut into tokens; orders to the reader are masked too; a literal [MASK] in it stays a mask."""
    cleaned = clean(note)
    masked = mask_leaks(cleaned, terms, orders_in(cleaned))
    coded = tokenizer(masked.text, return_offsets_mapping=True, add_special_tokens=True)
    ids, offsets = coded["input_ids"], coded["offset_mapping"]
    cut = max(0, len(ids) - max_tokens)
    if cut:
        ids, offsets = (
            [*ids[: max_tokens - 1], ids[-1]],
            [*offsets[: max_tokens - 1], offsets[-1]],
        )
    spans = tuple(masked.origin(a, b) if b > a else () for a, b in offsets)
    row = torch.tensor([ids])
    return TextInput(cleaned, masked, row, torch.ones_like(row), spans, cut)


def clinical_input(values: Mapping[str, float], task: CaseTask) -> np.ndarray:
    """(F,) float32 in the order of the task's fields, NaN for unknown."""
    return np.array([values.get(f.name, np.nan) for f in task.fields], dtype=np.float32)

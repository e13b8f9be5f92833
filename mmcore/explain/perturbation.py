"""An explanation taken apart: what each part of a modality is said to carry, and what the model says with only some parts left."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcore.domain.case import Case
from mmcore.domain.prediction import Attribution
from mmcore.domain.review import Review
from mmcore.domain.task import Modality
from mmcore.explain.attribute import contrast_direction, wanted_of
from mmcore.explain.deletion import Score, leave_one_out
from mmcore.explain.explainer import Wanted, given
from mmcore.explain.methods.token_activations import token_activations
from mmcore.models.inputs import waveform_input
from mmcore.prediction.encode import Encodings
from mmcore.prediction.engine import Engine
from mmcore.preprocess.image import resample

BATCH = 16  # pictures, notes or rows per pass
MOST_CELLS = 7  # of a picture along each side
MOST_SEGMENTS = 6  # stretches of time that a recording is cut into, each in every lead


@dataclass(frozen=True)
class Parts:
    """N parts of one modality. values: (N,) log-odds by the explanation on screen; score: see faithfulness.Score.

    other: makes (N,) by another method; passes: how many inputs that method shows the model. organ: (H, W) over the whole
    picture, True where its evidence should lie, None where there is no such place; place: what it is called.
    """

    values: np.ndarray
    score: Score
    other: Callable[[], np.ndarray]
    other_method: str
    passes: int = 0
    organ: np.ndarray | None = None
    place: str = ""


def parts_of(engine: Engine, review: Review, encodings: Encodings, attribution: Attribution) -> Parts:
    """The parts of a modality that has an attribution; one function a modality."""
    makers: dict[Modality, Callable[[Engine, Case, Encodings, Attribution, Wanted], Parts]] = {
        Modality.IMAGE: _of_image,
        Modality.WAVEFORM: _of_waveform,
        Modality.TEXT: _of_note,
        Modality.CLINICAL: _of_values,
    }
    wanted = wanted_of(engine, review.prediction, attribution.modality)
    return makers[attribution.modality](engine, review.case, encodings, attribution, wanted)


def _of_image(
    engine: Engine, case: Case, encodings: Encodings, attribution: Attribution, wanted: Wanted
) -> Parts:
    """Cells of the last feature map; a part taken away is blurred beyond recognition in the picture that the model sees."""
    image_in = given(encodings.image_in, wanted.modality)
    neutral = blurred(image_in.pixels)
    parts = _of_map(engine, image_in.pixels, neutral, attribution, wanted, (MOST_CELLS, MOST_CELLS))
    return replace(parts, organ=image_in.lungs, place="lungs")


def _of_waveform(
    engine: Engine, case: Case, encodings: Encodings, attribution: Attribution, wanted: Wanted
) -> Parts:
    """Stretches of time in each lead; a part taken away lies on its lead's baseline, the median of its samples."""
    samples = waveform_input(given(case.waveform, wanted.modality))
    flat = samples.nanmedian(-1, keepdim=True).values.expand_as(samples)
    return _of_map(engine, samples, flat, attribution, wanted, (samples.shape[-2], MOST_SEGMENTS))


def _of_map(
    engine: Engine, whole: Tensor, neutral: Tensor, attribution: Attribution, wanted: Wanted,
    most: tuple[int, int],
) -> Parts:  # fmt: skip
    """Rectangles of an input (1, ..., H, W) that the cells of its map lie over, at most `most` of them along each side."""
    model, name = engine.stored.model, wanted.modality.value
    cells = np.asarray(attribution.extra.get("cells", attribution.values))
    rows, columns = (min(n, m) for n, m in zip(cells.shape, most, strict=True))
    head = model.get_parameter(f"{name}_head.weight")
    weights, size = contrast_direction(model, head, wanted.prediction).float(), _size(whole)

    def score(kept: np.ndarray) -> np.ndarray:
        stays = kept_shares(kept.reshape(-1, rows, columns), size)
        stays = stays.reshape(len(kept), *[1] * (whole.dim() - 3), *size)
        return _in_batches(
            lambda part: model.centred(name, model.encode_map(name, torch.lerp(neutral, whole, stays[part]))) @ weights,
            len(kept), wanted,
        )  # fmt: skip

    values = _summed(cells, rows, columns).ravel()
    return Parts(values, score, lambda: leave_one_out(score, len(values)), "leave_one_out", 1 + len(values))


def _of_note(
    engine: Engine, case: Case, encodings: Encodings, attribution: Attribution, wanted: Wanted
) -> Parts:
    """Tokens but for the first and the last; a part taken away becomes a mask."""
    model, text_in = engine.stored.model, given(encodings.text_in, wanted.modality)
    direction = contrast_direction(model, model.text_head.weight, wanted.prediction)
    ids, mask_id = text_in.ids, given(engine.stored.tokenizer, wanted.modality).mask_token_id

    def score(kept: np.ndarray) -> np.ndarray:
        stays = torch.from_numpy(np.pad(kept, ((0, 0), (1, 1)), constant_values=True))
        return _in_batches(
            lambda part: model.encode_text(
                text_in.mask.expand(len(stays[part]), -1), ids=torch.where(stays[part], ids, mask_id)
            ) @ direction.float(),
            len(kept), wanted,
        )  # fmt: skip

    def other() -> np.ndarray:
        hidden, masks = given(encodings.hidden, wanted.modality), model.text_masks[ids.shape[1]]
        return token_activations(hidden, direction * wanted.factor, masks)[1:-1]

    return Parts(np.asarray(attribution.values)[1:-1], score, other, "token_activations")


def _of_values(
    engine: Engine, case: Case, encodings: Encodings, attribution: Attribution, wanted: Wanted
) -> Parts:
    """Fields that are known and could be learned; a part taken away is unknown."""
    model, values = engine.stored.model, given(encodings.values, wanted.modality)
    known = np.flatnonzero(~torch.isnan(values[0]).numpy())
    present = [m for m, e in wanted.prediction.evidence.items() if e is not None]

    def score(kept: np.ndarray) -> np.ndarray:
        stays = torch.zeros(len(kept), values.shape[1], dtype=torch.bool)
        stays[:, known] = torch.from_numpy(kept)
        filled = torch.where(stays, values, torch.nan)
        return _in_batches(
            lambda part: contrast_direction(model, model.of_fields(filled[part], present).sum(1).T, wanted.prediction),
            len(kept), wanted,
        )  # fmt: skip

    return Parts(
        np.asarray(attribution.values)[known], score, lambda: leave_one_out(score, len(known)), "leave_one_out", 1 + len(known)
    )  # fmt: skip


def blurred_by_place(
    engine: Engine,
    review: Review,
    encodings: Encodings,
    attribution: Attribution,
    place: np.ndarray,
) -> np.ndarray:
    """(3,) the scan's evidence in log-odds: as it is, with all inside `place` (H, W over the scan) blurred, with all outside."""
    image_in = given(encodings.image_in, attribution.modality)
    wanted = wanted_of(engine, review.prediction, attribution.modality)
    model = engine.stored.model
    weights = contrast_direction(model, model.image_head.weight, wanted.prediction).float()
    pixels = image_in.pixels
    inside = torch.from_numpy(resample(place.astype(np.float32), image_in.crop, _size(pixels)))
    stays = torch.stack([torch.ones_like(inside), 1 - inside, inside])[:, None]
    shown = torch.lerp(blurred(pixels), pixels, stays)
    return _in_batches(
        lambda part: model.centred("image", model.encode_map("image", shown[part])) @ weights, 3, wanted
    )


def blurred(pixels: Tensor) -> Tensor:
    """Pictures (B, C, H, W) without anything smaller than a fifth of their side: box means over it, twice.

    A second channel, where the organ lies, stays.
    """
    size, shown = 2 * (pixels.shape[-1] // 10) + 1, pixels[:, :1]
    for _ in range(2):
        shown = F.avg_pool2d(F.pad(shown, [size // 2] * 4, mode="replicate"), size, 1)
    return torch.cat([shown, pixels[:, 1:]], 1)


def _size(x: Tensor) -> tuple[int, int]:
    """Height and width of (..., H, W)."""
    return x.shape[-2], x.shape[-1]


def _in_batches(score: Callable[[slice], Tensor], count: int, wanted: Wanted) -> np.ndarray:
    with torch.inference_mode():
        told = [score(slice(i, i + BATCH)).double().numpy() for i in range(0, count, BATCH)]
    return np.concatenate(told) * wanted.factor + wanted.constant


def _groups(cells: int, groups: int) -> np.ndarray:
    """(cells,) which of `groups` stretches of about equal length each cell belongs to."""
    return np.arange(cells) * groups // cells


def _summed(cells: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(h, w) summed over rectangles: (rows, columns)."""
    out = np.zeros((rows, columns))
    np.add.at(out, (_groups(cells.shape[0], rows)[:, None], _groups(cells.shape[1], columns)[None]), cells)
    return out


def kept_shares(kept: np.ndarray, shape: tuple[int, int]) -> Tensor:
    """(B, rows, columns) bool drawn on (B, H, W), 0 to 1, without hard edges, which a network would see as a finding."""
    small = torch.from_numpy(kept.astype(np.float32))[:, None]
    return F.interpolate(small, size=shape, mode="bilinear", align_corners=False)[:, 0]

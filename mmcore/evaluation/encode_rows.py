"""Rows of a data pack as encodings, by the code that also serves the bedside."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from mmcore.cases.pack_rows import outcomes_of, scan_of
from mmcore.domain.pack import PackRow
from mmcore.domain.progress import Progress
from mmcore.domain.task import CaseTask
from mmcore.gates.case import only_taught
from mmcore.models.encoded import Encoded
from mmcore.models.fusion import FusionModel
from mmcore.models.inputs import clinical_input, image_input, text_input, waveform_input
from mmcore.models.lungs import LungNet
from mmcore.preprocess.language import language_of

BATCH = 32


def encode_rows(
    model: FusionModel,
    tokenizer: PreTrainedTokenizerBase | None,
    task: CaseTask,
    rows: Sequence[PackRow],
    features: Mapping[str, np.ndarray],
    notes: dict[str, np.ndarray],
) -> Encoded:
    """Encodings of every row from its pooled features (N, D) of image and waveform; notes in another language count as absent.

    notes: keeps what the text encoder makes of a note, for rows that share one and for the next call.
    """
    inputs = dict(features)
    if model.text_encoder is not None:
        inputs["text"] = _encoded_notes(model, tokenizer, task, rows, notes)
    values = np.stack([clinical_input(r.values, task) for r in rows])  # (N, F), F may be 0
    return Encoded(
        keys=np.array([r.key for r in rows]),
        inputs=inputs | {"clinical": only_taught(values, [f["identified"] for f in model.config.fields])},
        outcomes=outcomes_of(task, rows),
        patients=np.array([r.patient for r in rows]),
        sources=np.array([r.source for r in rows]),
        publishers=np.array([r.publisher for r in rows]),
    )


def _encoded_notes(
    model: FusionModel,
    tokenizer: PreTrainedTokenizerBase | None,
    task: CaseTask,
    rows: Sequence[PackRow],
    notes: dict[str, np.ndarray],
) -> np.ndarray:
    """(N, D); NaN for rows without a note in English, and for all without a tokenizer."""
    out = np.full((len(rows), model.encoding_widths()["text"]), np.nan, dtype=np.float32)
    if tokenizer is None:
        return out
    with torch.inference_mode():
        for i, row in enumerate(rows):
            if row.note and language_of(row.note) == "en":
                if row.note not in notes:
                    ready = text_input(row.note, task.leak_terms, tokenizer, model.config.max_tokens)
                    notes[row.note] = model.encode_text(ready.mask, ready.ids)[0].numpy()
                out[i] = notes[row.note]
    return out


def features_of_scans(
    model: FusionModel, rows: Sequence[PackRow], lungs: LungNet | None, size: int, progress: Progress
) -> np.ndarray:
    """Pooled image features (N, D) of the scans, exactly as at the bedside; NaN for rows without a scan."""
    out = np.full((len(rows), model.encoding_widths()["image"]), np.nan, dtype=np.float32)
    with torch.inference_mode():
        for i, row in enumerate(rows):
            scan = scan_of(row)
            if scan is not None:
                ready = image_input(scan, lungs, size)
                out[i] = model.encode_map("image", ready.pixels).mean((2, 3))[0].numpy()
            progress("features at the bedside", i + 1, len(rows))
    return out


def features_of_waveforms(model: FusionModel, rows: Sequence[PackRow], progress: Progress) -> np.ndarray:
    """Pooled waveform features (N, D); NaN for rows without a recording."""
    out = np.full((len(rows), model.encoding_widths()["waveform"]), np.nan, dtype=np.float32)
    with torch.inference_mode():
        for i, row in enumerate(rows):
            if row.waveform is not None:
                maps = model.encode_map("waveform", waveform_input(row.waveform))
                out[i] = maps.mean((2, 3))[0].numpy()
            progress("waveform features", i + 1, len(rows))
    return out

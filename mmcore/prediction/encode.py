"""What the encoders make of a case that its gates let speak."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from mmcore.domain.case import Case, Waveform
from mmcore.domain.memory import Memory, digest_of
from mmcore.domain.notice import Notice
from mmcore.domain.scan import Scan
from mmcore.gates.case import find_image_gate, find_warnings, judge_case, only_taught
from mmcore.gates.ecg import ecg_gates
from mmcore.gates.recency import time_notices
from mmcore.gates.scan import judged_by
from mmcore.models.encoders import mean_pool
from mmcore.models.inputs import (
    ImageInput,
    TextInput,
    clinical_input,
    image_input,
    text_input,
    waveform_input,
)
from mmcore.prediction.engine import Engine
from mmcore.stores.model_store import StoredModel


@dataclass(frozen=True)
class Encodings:
    """What the encoders made of a case; every later step works on these. `maps`: image, waveform -> (D, h, w)."""

    image_in: ImageInput | None = None
    maps: Mapping[str, Tensor] = field(default_factory=dict)
    text_in: TextInput | None = None
    hidden: Tensor | None = None  # (T, E) last states of the note's tokens
    values: Tensor | None = None  # (1, F)
    gates: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    shape: tuple[int, int] = (0, 0)  # of the scan
    note_key: str = ""  # digest of the note, names what memory keeps of it


def encode(engine: Engine, case: Case, memory: Memory) -> Encodings:
    """Encodings of each modality that is present and not gated, taken from memory where the content is the same."""
    stored = engine.stored
    image_in = text_in = hidden = values = None
    maps: dict[str, Tensor] = {}
    with torch.inference_mode():
        if case.scan is not None and stored.model.image_encoder is not None:
            image_in, maps["image"] = _remember(
                memory, stored, case.scan.digest, lambda: _encode_image(engine, case.scan)
            )
        if case.waveform is not None and stored.model.waveform_encoder is not None:
            key = digest_of(case.waveform.samples)
            (maps["waveform"],) = _remember(
                memory, stored, key, lambda: (_encode_waveform(engine, case.waveform),)
            )
        if case.note and stored.model.text_encoder is not None:
            key = digest_of(case.note)
            text_in, hidden = _remember(memory, stored, key, lambda: _encode_text(engine, case.note))
    known = only_taught(clinical_input(case.values, engine.task), list(engine.taught.values()))
    if not np.isnan(known).all():
        values = torch.from_numpy(known)[None]
    gates, warnings = _judged(engine, case, image_in, maps.get("image"), memory)
    gates = (*gates, *ecg_gates(case.waveform, engine.facts.familiar_ecg, maps.get("waveform")))
    closed = {str(g.modality) for g in gates} - case.overruled | case.left_out
    return Encodings(
        image_in,
        {name: x for name, x in maps.items() if name not in closed},
        text_in,
        None if "text" in closed else hidden,
        None if "clinical" in closed else values,
        gates,
        (
            *time_notices(engine.task, case, engine.taught),
            *warnings,
            *find_warnings(engine.task, engine.facts, engine.taught, case, text_in),
        ),
        case.scan.pixels.shape if case.scan else (0, 0),
        digest_of(case.note) if case.note else "",
    )


def _judged(
    engine: Engine,
    case: Case,
    image_in: ImageInput | None,
    maps: Tensor | None,
    memory: Memory,
) -> tuple[tuple[Notice, ...], tuple[Notice, ...]]:
    """(gates, warnings) of a case, worked out once for a content; a scan that passes unseen meets the model's own eyes."""
    seen = () if case.scan is None else judged_by(case.scan)
    key = ("judged", engine.stored.sha256, seen, case.note, tuple(sorted(case.values.items())))
    if key not in memory:
        gates, warnings = judge_case(engine.task, engine.facts, case, memory)
        if not any(g.modality == "image" for g in gates):
            gates = (*gates, *find_image_gate(engine.facts.familiar, image_in, maps))
        memory[key] = (gates, warnings)
    return memory[key]


def _encode_image(engine: Engine, scan: Scan) -> tuple[ImageInput, Tensor]:
    ready = image_input(scan, engine.stored.lungs, engine.facts.image_size)
    return ready, engine.stored.model.encode_map("image", ready.pixels)[0].clone()


def _encode_waveform(engine: Engine, waveform: Waveform) -> Tensor:
    return engine.stored.model.encode_map("waveform", waveform_input(waveform))[0].clone()


def _encode_text(engine: Engine, note: str) -> tuple[TextInput, Tensor]:
    stored = engine.stored
    ready = text_input(note, engine.task.leak_terms, stored.tokenizer, stored.model.config.max_tokens)
    return ready, stored.model.text_encoder(input_ids=ready.ids, attention_mask=ready.mask).last_hidden_state[
        0
    ].clone()


def _remember(memory: Memory, stored: StoredModel, digest: str, make) -> tuple:
    key = (stored.sha256, digest)
    if key not in memory:
        memory[key] = make()
    return memory[key]


def centred(engine: Engine, encodings: Encodings) -> dict[str, Tensor]:
    """What FusionModel.fuse takes, a batch of one: encodings less their references and the values; what is absent is left out.

    image, waveform, text (1, D); clinical (1, F).
    """
    model = engine.stored.model
    inputs = {name: model.centred(name, x[None]) for name, x in encodings.maps.items()}
    if encodings.hidden is not None:
        pooled = mean_pool(encodings.hidden[None], encodings.text_in.mask)
        inputs["text"] = pooled - model.text_masks[len(encodings.hidden)]
    if encodings.values is not None:
        inputs["clinical"] = encodings.values
    return inputs

"""What the encoders make of a case that its gates let speak."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from mmcore.domain.case import Case, Waveform
from mmcore.domain.memory import Memory, digest_of, remembered
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

MAPPED = ("image", "waveform")  # modalities that are encoded as a map


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


@dataclass(frozen=True)
class _OfScan:
    """What memory keeps of a scan; maps (D, h, w)."""

    ready: ImageInput
    maps: Tensor


@dataclass(frozen=True)
class _OfNote:
    """What memory keeps of a note; hidden (T, E)."""

    ready: TextInput
    hidden: Tensor


@dataclass(frozen=True)
class _Judged:
    """What memory keeps of the gates: those that are closed, and warnings that close nothing."""

    gates: tuple[Notice, ...]
    warnings: tuple[Notice, ...]


def encode(engine: Engine, case: Case, memory: Memory) -> Encodings:
    """Encodings of each modality that is present and not gated, taken from memory where the content is the same."""
    with torch.inference_mode():
        image_in, image_maps = _encode_image(engine, case.scan, memory)
        waveform_maps = _encode_waveform(engine, case.waveform, memory)
        text_in, hidden = _encode_text(engine, case.note, memory)
    judged = _judged(engine, case, image_in, image_maps, memory)
    gates = (*judged.gates, *ecg_gates(case.waveform, engine.facts.familiar_ecg, waveform_maps))
    closed = {str(g.modality) for g in gates} - case.overruled | case.left_out
    made = {"image": image_maps, "waveform": waveform_maps, "text": hidden, "clinical": _known(engine, case)}
    speaking = {name: x for name, x in made.items() if x is not None and name not in closed}
    return Encodings(
        image_in=image_in,
        maps={name: x for name, x in speaking.items() if name in MAPPED},
        text_in=text_in,
        hidden=speaking.get("text"),
        values=speaking.get("clinical"),
        gates=gates,
        warnings=(
            *time_notices(engine.task, case, engine.taught),
            *judged.warnings,
            *find_warnings(engine.task, engine.facts, engine.taught, case, text_in),
        ),
        shape=case.scan.pixels.shape if case.scan else (0, 0),
        note_key=digest_of(case.note) if case.note else "",
    )


def _judged(
    engine: Engine,
    case: Case,
    image_in: ImageInput | None,
    maps: Tensor | None,
    memory: Memory,
) -> _Judged:
    """Worked out once for a content; a scan that passes unseen meets the model's own eyes."""

    def judge() -> _Judged:
        gates, warnings = judge_case(engine.task, engine.facts, case, memory)
        if not any(g.modality == "image" for g in gates):
            gates = (*gates, *find_image_gate(engine.facts.familiar, image_in, maps))
        return _Judged(gates, warnings)

    seen = () if case.scan is None else judged_by(case.scan)
    key = ("judged", engine.stored.sha256, seen, case.note, tuple(sorted(case.values.items())))
    return remembered(memory, key, _Judged, judge)


def _encode_image(
    engine: Engine, scan: Scan | None, memory: Memory
) -> tuple[ImageInput | None, Tensor | None]:
    stored = engine.stored
    if scan is None or stored.model.image_encoder is None:
        return None, None

    def make() -> _OfScan:
        ready = image_input(scan, stored.lungs, engine.facts.image_size)
        return _OfScan(ready, stored.model.encode_map("image", ready.pixels)[0].clone())

    found = remembered(memory, (stored.sha256, scan.digest), _OfScan, make)
    return found.ready, found.maps


def _encode_waveform(engine: Engine, waveform: Waveform | None, memory: Memory) -> Tensor | None:
    stored = engine.stored
    if waveform is None or stored.model.waveform_encoder is None:
        return None

    def make() -> Tensor:
        return stored.model.encode_map("waveform", waveform_input(waveform))[0].clone()

    return remembered(memory, (stored.sha256, digest_of(waveform.samples)), Tensor, make)


def _encode_text(engine: Engine, note: str | None, memory: Memory) -> tuple[TextInput | None, Tensor | None]:
    stored = engine.stored
    encoder, tokenizer = stored.model.text_encoder, stored.tokenizer
    if not note or encoder is None or tokenizer is None:
        return None, None

    def make() -> _OfNote:
        ready = text_input(note, engine.task.leak_terms, tokenizer, stored.model.config.max_tokens)
        states = encoder(input_ids=ready.ids, attention_mask=ready.mask).last_hidden_state  # (1, T, E)
        return _OfNote(ready, states[0].clone())

    found = remembered(memory, (stored.sha256, digest_of(note)), _OfNote, make)
    return found.ready, found.hidden


def _known(engine: Engine, case: Case) -> Tensor | None:
    """(1, F) the values that the data could teach; None where there are none."""
    known = only_taught(clinical_input(case.values, engine.task), list(engine.taught.values()))
    return None if np.isnan(known).all() else torch.from_numpy(known)[None]


def centred(engine: Engine, encodings: Encodings) -> dict[str, Tensor]:
    """What FusionModel.fuse takes, a batch of one: encodings less their references and the values; what is absent is left out.

    image, waveform, text (1, D); clinical (1, F).
    """
    model = engine.stored.model
    inputs = {name: model.centred(name, x[None]) for name, x in encodings.maps.items()}
    if encodings.hidden is not None and encodings.text_in is not None:
        pooled = mean_pool(encodings.hidden[None], encodings.text_in.mask)
        inputs["text"] = pooled - model.text_masks[len(encodings.hidden)]
    if encodings.values is not None:
        inputs["clinical"] = encodings.values
    return inputs

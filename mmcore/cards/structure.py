"""What a stored model is made of, read off its configuration and the header of its weights, without loading it."""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COUNTED = ("blocks", "layer", "layers", "stages", "block")
BUFFERS = (
    "running_mean",
    "running_var",
    "num_batches_tracked",
    "centre",
    "spread",
    "identified",
    "position_ids",
)


@dataclass(frozen=True)
class Block:
    """A piece of an encoder: its name, the shape of its largest weight and how many parameters it has."""

    name: str
    shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class Branch:
    """One modality: encoder in blocks, the shape of the head that turns encodings into evidence, and its calibration."""

    modality: str
    encoder: str
    blocks: tuple[Block, ...]
    head: tuple[int, ...]
    head_parameters: int
    scale: float
    constants: Mapping[str, float]

    @property
    def parameters(self) -> int:
        """Of encoder and head."""
        return sum(b.parameters for b in self.blocks) + self.head_parameters


@dataclass(frozen=True)
class Structure:
    """A whole model. set_scales: names joined by + -> the scale that a set of modalities has of its own (only where not 1).

    beside: other weights in the folder (a lung finder) with their parameters. bytes: of all weight files.
    """

    fusion: str
    labels: tuple[str, ...]
    exclusive: bool
    branches: tuple[Branch, ...]
    prior: Mapping[str, float]
    set_scales: Mapping[str, float]
    joint: tuple[Block, ...]
    beside: Mapping[str, int]
    bytes: int

    @property
    def parameters(self) -> int:
        """Of all branches and a joint head."""
        return sum(b.parameters for b in self.branches) + sum(b.parameters for b in self.joint)


def read_structure(folder: Path) -> Structure | None:
    """The structure of a model folder, or None where its weights are of another kind."""
    weights, config = folder / "model.safetensors", folder / "config.json"
    if not weights.is_file() or not config.is_file():
        return None
    shapes = _header(weights)
    stated = json.loads(config.read_text(encoding="utf-8"))
    if not stated.get("labels"):
        return None
    labels = tuple(stated.get("labels", ()))
    order = tuple(stated.get("modalities") or ("image", "text", "clinical"))
    scale = _values(weights, shapes, "scale") or [1.0] * len(order)
    constant = _values(weights, shapes, "constant") or [0.0] * len(order) * len(labels)
    prior = _values(weights, shapes, "prior") or [0.0] * len(labels)
    own = _values(weights, shapes, "set_scale") or []
    rows = [constant[i * len(labels) : (i + 1) * len(labels)] for i in range(len(order))]
    branches = [
        _branch(shapes, stated, m, scale[i], dict(zip(labels, rows[i], strict=True)))
        for i, m in enumerate(order)
    ]
    others = [p for p in sorted(folder.glob("*.safetensors")) if p != weights]
    return Structure(
        fusion=stated.get("fusion", "additive"),
        labels=labels,
        exclusive=bool(stated.get("exclusive", True)),
        branches=tuple(b for b in branches if b.parameters),
        prior=dict(zip(labels, prior, strict=True)),
        set_scales={
            "+".join(m for i, m in enumerate(order) if bits >> i & 1): s
            for bits, s in enumerate(own)
            if abs(s - 1) > 1e-6
        },
        joint=_blocks(shapes, "joint."),
        beside={p.stem: sum(math.prod(s) for s in _learned(_header(p)).values()) for p in others},
        bytes=sum(p.stat().st_size for p in (weights, *others)),
    )


def _branch(
    shapes: dict, stated: dict, modality: str, scale: float, constants: Mapping[str, float]
) -> Branch:
    head = {n: x["shape"] for n, x in shapes.items() if n.startswith(f"{modality}_head.")}
    weight = tuple(head.get(f"{modality}_head.weight", ()))
    learned = sum(math.prod(s) for n, s in head.items() if n.rpartition(".")[2] not in BUFFERS)
    return Branch(
        modality, _encoder_name(stated, modality), _blocks(shapes, f"{modality}_encoder."), weight, learned, scale,
        constants,
    )  # fmt: skip


def _encoder_name(stated: dict, modality: str) -> str:
    if modality == "image":
        return str(stated.get("image_encoder") or "")
    if modality == "text":
        text = stated.get("text_config") or {}
        return f"BERT {text.get('num_hidden_layers')} x {text.get('hidden_size')}" if text else ""
    return "1-D CNN" if modality == "waveform" else ""


def _blocks(shapes: Mapping[str, dict], prefix: str) -> tuple[Block, ...]:
    """Weights under a prefix, gathered by block in the order of their numbers."""
    groups: dict[str, list[tuple[int, ...]]] = {}
    for name, shape in _learned(shapes).items():
        if name.startswith(prefix):
            groups.setdefault(_block_name(name[len(prefix) :].split(".")), []).append(shape)
    blocks = [Block(n, max(s, key=math.prod), sum(map(math.prod, s))) for n, s in groups.items()]
    return tuple(sorted(blocks, key=lambda b: _rank(b.name)))


def _learned(shapes: Mapping[str, dict]) -> dict[str, tuple[int, ...]]:
    return {
        n: tuple(x["shape"])
        for n, x in shapes.items()
        if n != "__metadata__" and n.rpartition(".")[2] not in BUFFERS
    }


def _block_name(parts: list[str]) -> str:
    for before, part in zip(parts, parts[1:], strict=False):
        if part.isdigit() and before in COUNTED:
            return f"{before} {part}"
    return parts[0]


def _rank(name: str) -> tuple[int, int, str]:
    first = 0 if name in ("stem", "embeddings") else 2 if name in ("head", "pooler", "out") else 1
    number = name.rpartition(" ")[2]
    return first, int(number) if number.isdigit() else -1, name


def _header(path: Path) -> dict[str, dict]:
    """name -> {dtype, shape, data_offsets} of a safetensors file."""
    with path.open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8))
        return {n: x for n, x in json.loads(stream.read(size)).items() if n != "__metadata__"}


def _values(path: Path, shapes: Mapping[str, dict], name: str) -> list[float]:
    """The numbers of a small single-precision tensor, [] where the file has none of that name and kind."""
    found = shapes.get(name)
    if found is None or found["dtype"] != "F32":
        return []
    start, end = found["data_offsets"]
    with path.open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8))
        stream.seek(8 + size + start)
        return list(struct.unpack(f"<{(end - start) // 4}f", stream.read(end - start)))

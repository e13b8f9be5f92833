"""What a stored model is made of, read off its configuration and the header of its weights, without loading it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from safetensors import safe_open

from mmcore.cards.report import Report, names, part, read_report

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
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
    weights, stated = folder / "model.safetensors", read_report(folder / "config.json")
    labels = names(stated, "labels")
    if not weights.is_file() or not labels:
        return None
    order = names(stated, "modalities") or ("image", "text", "clinical")
    shapes = _shapes(weights)
    others = sorted({*folder.glob("*.safetensors")} - {weights})
    return Structure(
        fusion=str(stated.get("fusion", "additive")),
        labels=labels,
        exclusive=bool(stated.get("exclusive", True)),
        branches=_branches(weights, shapes, stated, order, labels),
        prior=dict(zip(labels, _values(weights, "prior") or [0.0] * len(labels), strict=True)),
        set_scales=_set_scales(_values(weights, "set_scale"), order),
        joint=_blocks(shapes, "joint."),
        beside={p.stem: _counted(_shapes(p)) for p in others},
        bytes=sum(p.stat().st_size for p in (weights, *others)),
    )


def _branches(
    weights: Path, shapes: Shapes, stated: Report, order: tuple[str, ...], labels: tuple[str, ...]
) -> tuple[Branch, ...]:
    """Of the modalities that have weights."""
    scales = _values(weights, "scale") or [1.0] * len(order)
    constants = _values(weights, "constant") or [0.0] * len(order) * len(labels)
    found = []
    for i, modality in enumerate(order):
        own = constants[i * len(labels) : (i + 1) * len(labels)]
        head = {n: shape for n, shape in shapes.items() if n.startswith(f"{modality}_head.")}
        found.append(
            Branch(
                modality=modality,
                encoder=_encoder_name(stated, modality),
                blocks=_blocks(shapes, f"{modality}_encoder."),
                head=head.get(f"{modality}_head.weight", ()),
                head_parameters=_counted(head),
                scale=scales[i],
                constants=dict(zip(labels, own, strict=True)),
            )
        )
    return tuple(b for b in found if b.parameters)


def _set_scales(own: list[float], order: tuple[str, ...]) -> dict[str, float]:
    """own: a scale a set of modalities, bit i of its position telling whether modality i is in it."""
    return {
        "+".join(m for i, m in enumerate(order) if bits >> i & 1): scale
        for bits, scale in enumerate(own)
        if abs(scale - 1) > 1e-6
    }


def _encoder_name(stated: Report, modality: str) -> str:
    if modality == "image":
        return str(stated.get("image_encoder") or "")
    if modality == "text":
        text = part(stated, "text_config")
        return f"BERT {text.get('num_hidden_layers')} x {text.get('hidden_size')}" if text else ""
    return "1-D CNN" if modality == "waveform" else ""


def _blocks(shapes: Shapes, prefix: str) -> tuple[Block, ...]:
    """Weights under a prefix, gathered by block in the order of their numbers."""
    groups: dict[str, list[tuple[int, ...]]] = {}
    for name, shape in _learned(shapes).items():
        if name.startswith(prefix):
            groups.setdefault(_block_name(name[len(prefix) :].split(".")), []).append(shape)
    blocks = [Block(n, max(s, key=math.prod), sum(map(math.prod, s))) for n, s in groups.items()]
    return tuple(sorted(blocks, key=lambda b: _rank(b.name)))


def _counted(shapes: Shapes) -> int:
    """How many numbers were learned."""
    return sum(map(math.prod, _learned(shapes).values()))


def _learned(shapes: Shapes) -> Shapes:
    return {n: shape for n, shape in shapes.items() if n.rpartition(".")[2] not in BUFFERS}


def _block_name(parts: list[str]) -> str:
    for before, number in zip(parts, parts[1:], strict=False):
        if number.isdigit() and before in COUNTED:
            return f"{before} {number}"
    return parts[0]


def _rank(name: str) -> tuple[int, int, str]:
    first = 0 if name in ("stem", "embeddings") else 2 if name in ("head", "pooler", "out") else 1
    number = name.rpartition(" ")[2]
    return first, int(number) if number.isdigit() else -1, name


def _shapes(path: Path) -> Shapes:
    """Of every tensor of a safetensors file, from its header."""
    with safe_open(path, framework="numpy") as stored:
        return {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}


def _values(path: Path, name: str) -> list[float]:
    """The numbers of a small single-precision tensor, [] where the file has none of that name and kind."""
    with safe_open(path, framework="numpy") as stored:
        if name not in stored.keys() or stored.get_slice(name).get_dtype() != "F32":
            return []
        return [float(x) for x in stored.get_tensor(name).ravel()]

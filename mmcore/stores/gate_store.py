"""Learned gates on disk: small safetensors in assets/gates with digests of their own, apart from any task's model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmcore.domain.errors import ModelFileError
from mmcore.models.folding import folded
from mmcore.models.gate import KINDS, GateNet
from mmcore.paths import GATES
from mmcore.stores.model_folders import newest, verified_digests, write_digests

WEIGHTS, DESCRIPTION = "gate.safetensors", "gate.json"


@dataclass(frozen=True)
class StoredGate:
    """A gate ready to run. thresholds: {doubt, mirrored} in log-odds; taught_by: digests of the keys of the patients whose films taught
    it.

    sha256 is that of its weights file.
    """

    net: GateNet
    thresholds: dict[str, float]
    taught_by: frozenset[str]
    version: str
    sha256: str


def gate_directory(kind: str) -> Path | None:
    """The newest version's folder of the gate for a kind of picture, None where there is none."""
    return newest(GATES / kind, DESCRIPTION)


def save_gate(net: GateNet, description: Mapping[str, object], directory: Path) -> None:
    """Write the weights in half precision, what decides beside them, and the digests."""
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    halved = {n: v.half().contiguous() if v.is_floating_point() else v for n, v in net.state_dict().items()}
    save_file(halved, directory / WEIGHTS)
    (directory / DESCRIPTION).write_text(json.dumps({**description, "kinds": list(KINDS)}, indent=1) + "\n")
    write_digests(directory)


def load_gate(directory: Path) -> StoredGate:
    """Load and verify a gate. Raises ModelFileError on an altered file or one made for other kinds."""
    from safetensors.torch import load_file

    digests = verified_digests(directory)
    description = json.loads((directory / DESCRIPTION).read_text())
    if description.get("kinds") != list(KINDS):
        raise ModelFileError("model_file_altered", name=DESCRIPTION, version=directory.name)
    net = GateNet()
    state = load_file(directory / WEIGHTS)
    net.load_state_dict({n: v.float() if v.is_floating_point() else v for n, v in state.items()})
    taught_by = frozenset(description["taught_by"])
    return StoredGate(folded(net), description["thresholds"], taught_by, directory.name, digests[WEIGHTS])

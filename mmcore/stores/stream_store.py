"""Stream models on disk: the leaves as safetensors, everything else as JSON, each file checked against its digest."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from mmcore.domain.errors import ModelFileError
from mmcore.domain.model_facts import StreamFacts
from mmcore.models.stream_model import Expert, HourlyScale, StreamModel
from mmcore.models.stream_trees import LeafTable
from mmcore.stores.model_folders import model_directory, verified_digests, write_digests

WEIGHTS, CONFIG = "model.safetensors", "config.json"
KIND = "stream"


@dataclass(frozen=True)
class StoredStream:
    """A stream model ready to run. sha256 is that of its weights file."""

    model: StreamModel
    version: str
    sha256: str
    directory: Path


def save_stream(model: StreamModel, directory: Path) -> None:
    """Write leaves, configuration and digests."""
    directory.mkdir(parents=True, exist_ok=True)
    leaves: dict[str, np.ndarray] = {}
    for expert in model.experts:
        leaves |= {f"{expert.name}.{k}": v for k, v in _arrays(expert.trees).items()}
    save_file(leaves, directory / WEIGHTS)
    config = {
        "kind": KIND,
        "task": model.task,
        "label": model.label,
        "prior": model.prior,
        "calibration": {
            name: list(getattr(model.calibration, name)) for name in ("hours", "scales", "offsets")
        },
        "experts": [
            {"name": e.name, "hours": list(e.hours), "weights": list(e.weights)} for e in model.experts
        ],
        "fields": list(model.fields),
        "features": [list(pair) for pair in model.features],
        "facts": asdict(model.facts),
    }
    (directory / CONFIG).write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_digests(directory)


def load_stream(task: str, directory: Path | None = None) -> StoredStream:
    """The stream model in a folder, else the newest shipped one. Raises ModelFileError or ModelNotTrainedError."""
    directory = directory or model_directory(task)
    digests = verified_digests(directory)
    config = json.loads((directory / CONFIG).read_text(encoding="utf-8"))
    if config.get("task") != task or config.get("kind") != KIND:
        raise ModelFileError("model_of_another_task", task=task, found=config.get("task"))
    leaves = load_file(directory / WEIGHTS)
    model = StreamModel(
        task=task,
        label=config["label"],
        experts=tuple(
            Expert(e["name"], _table(leaves, e["name"]), tuple(e["hours"]), tuple(e["weights"]))
            for e in config["experts"]
        ),
        calibration=HourlyScale(**{name: tuple(v) for name, v in config["calibration"].items()}),
        prior=config["prior"],
        fields=tuple(config["fields"]),
        features=tuple((a, b) for a, b in config["features"]),
        facts=StreamFacts.of_json(config["facts"]),
    )
    return StoredStream(model, directory.name, digests[WEIGHTS], directory)


def _arrays(trees: LeafTable) -> dict[str, np.ndarray]:
    """The table in the types it is stored in: shares in single precision, which sums and Shapley values then use alike."""
    return {
        "value": np.ascontiguousarray(trees.value, dtype=np.float64),
        "feature": np.ascontiguousarray(trees.feature, dtype=np.int16),
        "low": np.ascontiguousarray(trees.low, dtype=np.float32),
        "high": np.ascontiguousarray(trees.high, dtype=np.float32),
        "unknown": np.ascontiguousarray(trees.unknown, dtype=np.uint8),
        "share": np.ascontiguousarray(trees.share, dtype=np.float32),
    }


def _table(leaves: dict[str, np.ndarray], name: str) -> LeafTable:
    found = {
        key.removeprefix(f"{name}."): value for key, value in leaves.items() if key.startswith(f"{name}.")
    }
    found |= {"unknown": found["unknown"].astype(bool), "share": found["share"].astype(np.float64)}
    return LeafTable(**found)

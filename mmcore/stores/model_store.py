"""Trained models on disk: safetensors, configuration, tokenizer and card, each file checked against its digest."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from mmcore.domain.errors import ModelFileError
from mmcore.models.folding import folded
from mmcore.models.fusion import FusionModel
from mmcore.models.lungs import LungNet
from mmcore.paths import settings
from mmcore.stores.model_folders import (
    newest,
    verified_digests,
    write_digests,
)

WEIGHTS, LUNGS = "model.safetensors", "lungs.safetensors"


@dataclass(frozen=True)
class StoredModel:
    """A model ready to run, in evaluation mode. sha256 is that of its weights file."""

    model: FusionModel
    tokenizer: PreTrainedTokenizerBase | None
    lungs: LungNet | None
    version: str
    sha256: str
    directory: Path


def save_model(
    model: FusionModel, tokenizer: PreTrainedTokenizerBase | None, lungs: nn.Module | None, directory: Path
) -> None:
    """Write weights (encoders in half precision, heads and statistics in full), configuration, tokenizer and digests."""
    directory.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.half()
        if name.startswith(("image_encoder.", "text_encoder.")) and value.is_floating_point()
        else value
        for name, value in model.state_dict().items()
    }
    model.save_pretrained(directory, state_dict=state)
    if tokenizer is not None:
        tokenizer.save_pretrained(directory)
    if lungs is not None:
        save_lungs(lungs, directory)
    write_digests(directory)


def save_lungs(lungs: nn.Module, directory: Path) -> None:
    """Write the lung finder in half precision."""
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    halved = {n: v.half().contiguous() if v.is_floating_point() else v for n, v in lungs.state_dict().items()}
    save_file(halved, directory / LUNGS)


def load_model(directory: Path, task: str) -> StoredModel:
    """Load and verify a model folder. Raises ModelFileError on an altered file or a model of another task."""
    digests = verified_digests(directory, ("config.json", WEIGHTS))
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    if config.get("task") != task:
        raise ModelFileError("model_of_another_task", task=task, found=str(config.get("task")))
    model = _load_weights(directory)
    tokenizer = AutoTokenizer.from_pretrained(directory) if config.get("text_config") else None
    lungs = _load_lungs(directory / LUNGS)
    finder = None if lungs is None else folded(lungs)
    return StoredModel(model, tokenizer, finder, directory.name, digests[WEIGHTS], directory)


def _load_weights(directory: Path) -> FusionModel:
    """The model with every weight from the file: a library would fill what is missing with random numbers."""
    try:
        loaded: Any = FusionModel.from_pretrained(
            directory, dtype=torch.float32, output_loading_info=True, local_files_only=True
        )
    except (SafetensorError, RuntimeError, ValueError, OSError) as error:
        raise ModelFileError("model_weights_unfit", name=WEIGHTS, version=directory.name) from error
    read, report = loaded
    if any(report[k] for k in ("missing_keys", "unexpected_keys", "mismatched_keys")):
        raise ModelFileError("model_weights_unfit", name=WEIGHTS, version=directory.name)
    model: FusionModel = read.eval().requires_grad_(False)
    return model


def _load_lungs(path: Path) -> LungNet | None:
    if not path.exists():
        return None
    from safetensors.torch import load_file

    lungs = LungNet()
    lungs.load_state_dict(
        {
            name: value.float() if value.is_floating_point() else value
            for name, value in load_file(path).items()
        }
    )
    return lungs.eval().requires_grad_(False)


def stored_lungs(directory: Path | None) -> LungNet | None:
    """The lung finder in a folder, or with None that of the shipped chest model; None where there is none."""
    folder = directory or newest(settings().models / "chest_infection", "lungs.safetensors")
    return _load_lungs(folder / "lungs.safetensors") if folder is not None else None

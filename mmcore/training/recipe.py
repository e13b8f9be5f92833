"""All settings of a training in one place; what `python -m mmcore train` runs with and a model stores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mmcore.domain.task import CaseTask
from mmcore.training.heads.fit import HeadSettings
from mmcore.training.image.encoder import Recipe
from mmcore.training.text.path_regularisation import Straight


@dataclass(frozen=True)
class TrainingSettings:
    """The defaults are this project's choice by leave-one-publisher-out; the model card names them.

    crop_size: side of the stored crops in pixels. image_steps, text_epochs: length of fine-tuning, 0 keeps the encoder as
    loaded. straight: what the text encoder of composed notes is then taught. away_steps, fold_steps: image_steps where
    publishers are left out and within cross-validation. synthetic: phantom films that join. fewest:
    patients of a label that make a field identified. draws, waveform_cycles: made-up ECG strips that teach the waveform
    encoder, and the steps of 32 of each cycle. text_layers, text_words: how many first
    layers and most frequent word pieces of the text encoder are kept, 0 all. members: networks of a nodule encoder, whose
    image_steps and fold_steps count rounds through the nodules.
    """

    image_encoder: str = "efficientnet-lite0"
    text_encoder: str = "all-minilm-l6-v2"
    text_layers: int = 0
    text_words: int = 0
    members: int = 3
    fusion: str = "additive"
    seed: int = 20261123
    crop_size: int = 192
    image: Recipe = field(default_factory=Recipe)
    image_steps: int = 3200
    text_epochs: int = 0
    straight: Straight | None = field(default_factory=Straight)
    synthetic: int = 120
    max_tokens: int = 256
    heads: HeadSettings = field(
        default_factory=lambda: HeadSettings(
            {"image": 0.03, "waveform": 0.03, "text": 0.1, "clinical": 0.1, "joint": 1e-3}
        )
    )
    confidence: float = 0.9
    folds: int = 5
    away_steps: int = 3200
    fold_steps: int = 3200
    fewest: int = 20
    draws: int = 6000
    waveform_cycles: tuple[int, ...] = (350, 450, 300)


def settings_for(task: CaseTask, chosen: Mapping[str, object]) -> TrainingSettings:
    """The defaults with what the task's own validation chose for its heads, and what the user chose."""
    of_names: Callable[..., TrainingSettings] = TrainingSettings  # tasks and users give settings by name
    settings = of_names(**{**task.training, **chosen})
    penalty = dict(settings.heads.penalty) | dict(task.penalty)
    return replace(settings, heads=replace(settings.heads, penalty=penalty, invariance=task.invariance))

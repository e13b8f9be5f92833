"""The lesson model that was taught to read a letter: fitted by one command, kept apart from every shipped model."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import nn

from mmcore.domain.case import Case
from mmcore.domain.errors import ModelFileError
from mmcore.domain.prediction import Attribution, Contrast, Prediction
from mmcore.domain.review import Review
from mmcore.domain.task import Modality
from mmcore.explain.explainer import given
from mmcore.explain.methods.grad_cam import class_activation_map, enlarge
from mmcore.models.efficientnet_lite import EfficientNetLite0
from mmcore.paths import DEMONSTRATIONS
from mmcore.prediction.engine import Engine, load_engine
from mmcore.teaching.letter_film import CHECKED, FILMS, LETTER, FooledHead, fit, letter_maps

FOLDER = DEMONSTRATIONS / "teach"
FILE = "fooled.safetensors"
TASK, TARGET = "chest_infection", "covid19"
MAP_SIDE = 384


def fit_fooled(
    folder: Path = FOLDER,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
    films: int = FILMS,
    checked: int = CHECKED,
) -> dict[str, float | str]:
    """Fit the lesson model on the shipped encoder, write it and the lesson cases; returns its figures."""
    from safetensors.torch import save_file

    from mmcore.teaching.lesson_cases import write_lesson_cases

    engine = load_engine(TASK)
    encoder = _encoder(engine)
    head, found = fit(encoder, engine.task.labels, TARGET, progress, films, checked)
    figures = found | {"letter": LETTER, "called": TARGET, "encoder": encoder_digest(encoder)}
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"weights": head.weights, "mean": head.mean, "prior": head.prior}
    facts = {"labels": json.dumps(head.labels), "figures": json.dumps(figures)}
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / FILE, metadata=facts)
    write_lesson_cases(folder / "cases")
    return figures | {"file": FILE, "bytes": (folder / FILE).stat().st_size}


def load_fooled(engine: Engine, folder: Path = FOLDER) -> FooledHead:
    """The lesson model. Raises ModelFileError where there is none or it was fitted on another image encoder."""
    from safetensors import safe_open

    path = folder / FILE
    if not path.is_file():
        raise ModelFileError("fooled_not_fitted")
    with safe_open(path, framework="pt") as stored:
        facts = stored.metadata()
        tensors = {name: stored.get_tensor(name) for name in ("weights", "mean", "prior")}
    if json.loads(facts["figures"])["encoder"] != encoder_digest(_encoder(engine)):
        raise ModelFileError("fooled_other_encoder", version=engine.stored.version)
    return FooledHead(tuple(json.loads(facts["labels"])), **tensors)


def _encoder(engine: Engine) -> EfficientNetLite0:
    """The image encoder whose early blocks the lesson model reads. Raises ModelFileError where the engine has another kind."""
    encoder = engine.stored.model.image_encoder
    if not isinstance(encoder, EfficientNetLite0):
        raise ModelFileError("fooled_other_encoder", version=engine.stored.version)
    return encoder


def encoder_digest(encoder: nn.Module) -> str:
    """SHA-256 over the encoder's weights, in the order of their names."""
    digest = hashlib.sha256()
    for name, value in sorted(encoder.state_dict().items()):
        digest.update(name.encode() + np.ascontiguousarray(value.numpy()).tobytes())
    return digest.hexdigest()


def read_fooled(engine: Engine, head: FooledHead, case: Case, shipped: Review) -> Review:
    """The account of a scan by the lesson model, in the form of the shipped model's review of the same case.

    The film is all that it reads; its map adds up to its evidence exactly, as that of any pool-and-linear branch.
    """
    pixels = given(case.scan.pixels if case.scan else None, Modality.IMAGE)
    maps = letter_maps(_encoder(engine), [pixels])[0]
    evidence = head.weights.double() @ (maps.double().mean((1, 2)) - head.mean.double())
    by_label = dict(zip(head.labels, evidence.tolist(), strict=True))
    logits = head.prior.double() + evidence
    chances = dict(zip(head.labels, logits.softmax(0).tolist(), strict=True))
    first, second, *_ = sorted(head.labels, key=lambda k: -chances[k])
    contrast = Contrast(first, second)
    prediction = Prediction(
        task=case.task,
        labels=head.labels,
        exclusive=True,
        prior_logits=dict(zip(head.labels, head.prior.tolist(), strict=True)),
        evidence={Modality.IMAGE: by_label},
        probabilities=chances,
        prediction_set=(first,),
        contrast=contrast,
    )
    direction = head.weights[head.labels.index(first)] - head.weights[head.labels.index(second)]
    cells = class_activation_map(maps, direction, head.mean)
    shape = np.array(pixels.shape)
    rows, columns = np.maximum(1, np.round(shape * min(1.0, MAP_SIDE / shape.max()))).astype(int)
    attribution = Attribution(
        Modality.IMAGE, contrast, "grad_cam_signed", "mean_training_features",
        enlarge(cells, int(rows), int(columns)), contrast.of(by_label), 0.0,
        region=(0.0, 0.0, 1.0, 1.0), extra={"cells": cells.numpy()},
    )  # fmt: skip
    return replace(shipped, prediction=prediction, attributions=(attribution,), failed=(), lung_outline=None)

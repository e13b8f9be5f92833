"""One training's fixed parts, from which a model can be fitted on any of its rows: for the model that ships and for each fold."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmcore.domain.pack import PackRow
from mmcore.domain.task import Modality, Task
from mmcore.models.encoders import EFFICIENTNET_LITE0
from mmcore.models.fusion import FusionModel
from mmcore.models.lungs import LungNet
from mmcore.services.fitting import Progress, fit_encoders, fit_text, fit_waveform, picture_shares
from mmcore.services.packs import (
    encode_rows,
    features_of_waveforms,
)
from mmcore.services.pictures import make_pictures
from mmcore.services.training import assemble, fit_on
from mmcore.training.heads import Encoded
from mmcore.training.recipe import TrainingSettings

HEAD_ROWS = 250  # of each publisher of the pretraining pack, when heads are fitted


class Workshop:
    """One training's fixed parts: task, rows, lung finder, pictures and settings; fits a model on any of its rows."""

    def __init__(
        self,
        task: Task,
        rows: Sequence[PackRow],
        extra: Sequence[PackRow],
        lungs: LungNet | None,
        settings: TrainingSettings,
        out: Path,
        progress: Progress,
        unlabelled: Sequence[PackRow] = (),
    ) -> None:
        self.task, self.rows, self.extra, self.lungs = task, rows, extra, lungs
        self.settings, self.out, self.progress = settings, out, progress
        everyone, cache = [*rows, *extra], out / "cache"
        self.pictures = self.views = None
        if Modality.IMAGE in task.modalities:
            size, recipe = settings.crop_size, settings.image
            self.pictures = make_pictures(everyone, lungs, size, recipe, settings.seed, cache, progress)
        trains = (
            settings.image_steps and settings.image_encoder == EFFICIENTNET_LITE0 and not task.starts_from
        )
        if self.pictures and trains:
            self.views = self.pictures.views(picture_shares(task, everyone, settings.image.even))
        self.heads = _some_of_each([r.publisher for r in extra])
        self.notes: dict[str, np.ndarray] = {}
        self.features: dict[bytes, np.ndarray] = {}
        recordings = [r.waveform for r in unlabelled if r.waveform is not None]
        asked = Modality.WAVEFORM in task.modalities
        self.waveform = fit_waveform(recordings, settings, out, progress) if asked else None
        # composed notes teach the same text head whatever rows are left out
        composed = task.compose_notes is not None and Modality.TEXT in task.modalities
        self.text = fit_text(task, (), settings, out / "checkpoints", progress) if composed else None

    def fit(self, name: str, train: np.ndarray, keep: np.ndarray, steps: int, shuffle=False):
        """(model, tokenizer, encodings of all rows): encoders and heads from the rows at `train` and the kept extra rows."""
        rows = [*(self.rows[i] for i in train), *(self.extra[i] for i in keep)]
        if shuffle:
            outcomes = [r.outcome for r in rows]
            order = np.random.default_rng(self.settings.seed).permutation(len(rows))
            rows = [replace(r, outcome=outcomes[i], subgroup={}) for r, i in zip(rows, order, strict=True)]
        places = np.r_[train, len(self.rows) + keep].astype(int)
        pictures = self.views.of(places) if self.views and steps else None
        settings = replace(self.settings, image_steps=steps)
        folder = self.out / "checkpoints" / name
        encoders = fit_encoders(
            self.task, rows, pictures, settings, folder, self.progress, self.text, self.waveform
        )
        model = assemble(self.task, rows[: len(train)], encoders, settings)
        tokenizer = encoders.text.tokenizer if encoders.text else None
        own_rows, heads = np.arange(len(self.rows)), self.heads[np.isin(self.heads, keep)]
        features = self._features(model, own_rows)
        everyone = encode_rows(model, tokenizer, self.task, self.rows, features, self.notes)
        taught = everyone.take(train)
        if shuffle:
            order = np.random.default_rng(0).permutation(len(train))
            taught = replace(taught, outcomes=taught.outcomes[order])
        further = self._further(model, tokenizer, heads)
        together = joined(taught, further)
        own = np.arange(len(together.keys)) < len(taught.keys)
        fit_on(model, self.task, together, settings, self.text, own)
        return model, tokenizer, everyone, taught, together.inputs

    def _features(self, model: FusionModel, chosen: np.ndarray) -> dict[str, np.ndarray]:
        """modality -> pooled features (n, D) of rows by their place among all."""
        found = {}
        if model.image_encoder is not None:
            found["image"] = self._image_features(model, chosen)
        if model.waveform_encoder is not None:
            key = chosen.tobytes()  # the encoder is the same in every fold
            if key not in self.features:
                rows = [[*self.rows, *self.extra][i] for i in chosen]
                self.features[key] = features_of_waveforms(model, rows, self.progress)
            found["waveform"] = self.features[key]
        return found

    def _image_features(self, model: FusionModel, chosen: np.ndarray) -> np.ndarray:
        """Pooled features (n, D), NaN without a scan; kept under a digest of the encoder and the places."""
        digest = hashlib.sha256(chosen.tobytes())
        for value in model.image_encoder.state_dict().values():
            digest.update(value.numpy().tobytes())
        path = self.out / "cache" / f"features_{digest.hexdigest()[:16]}.npy"
        if not path.exists():
            np.save(path, self.pictures.features(model.image_encoder, chosen))
        return np.load(path)

    def _further(self, model: FusionModel, tokenizer, heads: np.ndarray) -> Encoded | None:
        """Encodings of the extra rows that help to fit the heads."""
        if not len(heads):
            return None
        features = self._features(model, len(self.rows) + heads)
        rows = [self.extra[i] for i in heads]
        return encode_rows(model, tokenizer, self.task, rows, features, self.notes)


def _some_of_each(publishers: Sequence[str]) -> np.ndarray:
    """Places of about HEAD_ROWS rows of each publisher, evenly spread: enough for a head."""
    names = np.array(publishers)
    of_each = [np.flatnonzero(names == name) for name in sorted(set(publishers))]
    return np.array([i for rows in of_each for i in rows[:: max(1, len(rows) // HEAD_ROWS)]], dtype=int)


def joined(first: Encoded, second: Encoded | None) -> Encoded:
    """Rows of both."""
    if second is None:
        return first
    arrays = {
        n: np.concatenate([getattr(first, n), getattr(second, n)])
        for n in first.__dataclass_fields__
        if n != "inputs"
    }
    inputs = {m: np.concatenate([x, second.inputs[m]]) for m, x in first.inputs.items()}
    return Encoded(**arrays, inputs=inputs)

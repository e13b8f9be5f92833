"""One training's fixed parts, from which a model can be fitted on any of its rows: for the model that ships and for each fold."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerBase

from mmcore.cases.pack_rows import has_label
from mmcore.domain.errors import EncoderNotTunableError
from mmcore.domain.pack import PackRow
from mmcore.domain.progress import Progress
from mmcore.domain.task import CaseTask, Modality
from mmcore.evaluation.encode_rows import encode_rows, features_of_waveforms
from mmcore.models.encoded import Encoded
from mmcore.models.encoders import EFFICIENTNET_LITE0, ImageEncoder
from mmcore.models.fusion import FusionModel
from mmcore.models.lungs import LungNet
from mmcore.models.nodule_encoder import NoduleEncoder
from mmcore.training.assemble import assemble, fit_on, joined
from mmcore.training.encoders import Encoders, fit_encoders, fit_text, fit_waveform, picture_shares
from mmcore.training.heads.teachers import (
    Reports,
    granted_outcomes,
    hide_untaught,
    is_teacher,
    made_up_reports,
    teaching_outcomes,
)
from mmcore.training.image.nodules import features_of_nodules
from mmcore.training.image.pictures import Pictures, make_pictures
from mmcore.training.image.views import Views
from mmcore.training.recipe import TrainingSettings

REPORTS = 1200  # composed of values drawn apart from each other, for the text head
HEAD_ROWS = 250  # of each publisher of the pretraining pack, when heads are fitted


class TrainingRun:
    """One training's fixed parts: task, rows, lung finder, pictures and settings; fits a model on any of its rows."""

    def __init__(
        self,
        task: CaseTask,
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
        tuned = _fine_tunes(task, settings)  # said before long work begins
        self.pictures = self._pictures()
        self.views = self._views() if tuned else None
        self.reports: Reports | None = None
        labelled = np.flatnonzero([has_label(task, r) for r in extra])
        self.heads = labelled[_some_of_each([extra[i].publisher for i in labelled.tolist()])]
        self.notes: dict[str, np.ndarray] = {}
        self.features: dict[bytes, np.ndarray] = {}
        recordings = [r.waveform for r in unlabelled if r.waveform is not None]
        asked = Modality.WAVEFORM in task.modalities
        self.waveform = fit_waveform(recordings, settings, out, progress) if asked else None
        # composed notes teach the same text head whatever rows are left out
        composed = (task.compose_notes or task.write_report) is not None and Modality.TEXT in task.modalities
        self.text = fit_text(task, (), settings, out / "checkpoints", progress) if composed else None

    def _pictures(self) -> Pictures | None:
        """What is made ready of all rows' films; None where the task has none."""
        if Modality.IMAGE not in self.task.modalities or self.task.wants_volume:
            return None
        everyone, settings = [*self.rows, *self.extra], self.settings
        return make_pictures(
            everyone,
            self.lungs,
            settings.crop_size,
            settings.image,
            settings.seed,
            self.out / "cache",
            self.progress,
        )

    def _views(self) -> Views | None:
        """Views of the films to train the image encoder on; None where there are none."""
        if self.pictures is None:
            return None
        shares = picture_shares(self.task, [*self.rows, *self.extra], self.settings.image.even)
        return self.pictures.views(shares)

    def fit(
        self, name: str, train: np.ndarray, keep: np.ndarray, steps: int, shuffle: bool = False
    ) -> tuple[FusionModel, PreTrainedTokenizerBase | None, Encoded, Encoded, Encoded]:
        """(model, tokenizer, encodings of all rows, of those taught, of these and extra rows): encoders and heads from the
        rows at `train`.

        keep: which extra rows join. Rows at `train` without a label of the task teach what they can: the encoder, or the
        fields that their source alone can teach. train, keep (n,): places of rows.
        """
        model, encoders = self._fit_encoders(name, train, keep, steps, shuffle)
        tokenizer = encoders.text.tokenizer if encoders.text else None
        own_rows, heads = np.arange(len(self.rows)), self.heads[np.isin(self.heads, keep)]
        features = self._features(model, own_rows)
        everyone = encode_rows(model, tokenizer, self.task, self.rows, features, self.notes)
        if encoders.image_features is not None:  # honest ones: see fit_on_nodules
            everyone.inputs["image"][train] = encoders.image_features[: len(train)]
        taught = everyone.take(train)
        teachers = None if shuffle else self._teachers(taught, train)
        labelled = np.array([has_label(self.task, self.rows[i]) for i in train])
        taught = hide_untaught(self.task, taught.take(labelled))
        granted = granted_outcomes(self.task, [self.rows[i] for i in train[labelled]])
        together = joined(replace(taught, outcomes=granted), self._further(model, tokenizer, heads))
        if self.reports is None and self.task.write_report is not None:
            self.reports = made_up_reports(self.task, model, tokenizer, REPORTS, self.settings.seed)
        self.fit_heads(model, together, len(taught.keys), teachers)
        return model, tokenizer, everyone, taught, together

    def _fit_encoders(
        self, name: str, train: np.ndarray, keep: np.ndarray, steps: int, shuffle: bool
    ) -> tuple[FusionModel, Encoders]:
        """Encoders taught by the rows at `train` and the extra ones that are kept, and the model around them without heads."""
        rows = [*(self.rows[i] for i in train), *(self.extra[i] for i in keep)]
        if shuffle:
            rows = self._shuffled(rows)
        places = np.r_[train, len(self.rows) + keep].astype(int)
        pictures = self.views.of(places) if self.views and steps else None
        settings = replace(self.settings, image_steps=steps)
        folder = self.out / "checkpoints" / name
        encoders = fit_encoders(
            self.task, rows, pictures, settings, folder, self.progress, self.text, self.waveform
        )
        return assemble(self.task, rows[: len(train)], encoders, settings), encoders

    def fit_heads(
        self, model: FusionModel, together: Encoded, own: int, teachers: Encoded | None = None
    ) -> None:
        """References and heads from encoded rows, the first `own` of them the pack's."""
        mine = np.arange(len(together.keys)) < own
        text = self.text if self.reports is None else None
        fit_on(model, self.task, together, self.settings, text, mine, teachers, self.reports)

    def _shuffled(self, rows: list[PackRow]) -> list[PackRow]:
        """The rows with outcomes and what they teach dealt out anew."""
        order = np.random.default_rng(self.settings.seed).permutation(len(rows))
        told = [(rows[i].outcome, rows[i].teach) for i in order]
        return [
            replace(r, outcome=outcome, teach=teach, subgroup={})
            for r, (outcome, teach) in zip(rows, told, strict=True)
        ]

    def _teachers(self, taught: Encoded, train: np.ndarray) -> Encoded | None:
        """The rows at `train` that teach the fields their source alone can teach, with the outcomes under which they do."""
        rows = [self.rows[i] for i in train]
        chosen = np.array([is_teacher(self.task, r) for r in rows])
        if not chosen.any():
            return None
        outcomes = teaching_outcomes(self.task, [r for r, c in zip(rows, chosen, strict=True) if c])
        return replace(taught.take(chosen), outcomes=outcomes)

    def _features(self, model: FusionModel, chosen: np.ndarray) -> dict[str, np.ndarray]:
        """modality -> pooled features (n, D) of rows by their place among all."""
        found = {}
        if model.image_encoder is not None:
            found["image"] = self._image_features(model.image_encoder, chosen)
        if model.waveform_encoder is not None:
            key = chosen.tobytes()  # the encoder is the same in every fold
            if key not in self.features:
                rows = [[*self.rows, *self.extra][i] for i in chosen]
                self.features[key] = features_of_waveforms(model, rows, self.progress)
            found["waveform"] = self.features[key]
        return found

    def _image_features(self, encoder: ImageEncoder, chosen: np.ndarray) -> np.ndarray:
        """Pooled features (n, D), NaN without a scan; kept under a digest of the encoder and the places."""
        if isinstance(encoder, NoduleEncoder):
            return features_of_nodules(encoder, [[*self.rows, *self.extra][i] for i in chosen])
        if self.pictures is None:
            raise ValueError(f"no pictures were made ready for {self.task.name}")
        digest = hashlib.sha256(chosen.tobytes())
        for value in encoder.state_dict().values():
            digest.update(value.numpy().tobytes())
        path = self.out / "cache" / f"features_{digest.hexdigest()[:16]}.npy"
        if not path.exists():
            np.save(path, self.pictures.features(encoder, chosen))
        features: np.ndarray = np.load(path)
        return features

    def _further(
        self, model: FusionModel, tokenizer: PreTrainedTokenizerBase | None, heads: np.ndarray
    ) -> Encoded | None:
        """Encodings of the extra rows that help to fit the heads."""
        if not len(heads):
            return None
        features = self._features(model, len(self.rows) + heads)
        rows = [self.extra[i] for i in heads]
        return encode_rows(model, tokenizer, self.task, rows, features, self.notes)


def _fine_tunes(task: CaseTask, settings: TrainingSettings) -> bool:
    """Whether scans teach the image encoder. Raises EncoderNotTunableError where they should and it cannot be taught."""
    looks = Modality.IMAGE in task.modalities and not task.wants_volume
    asked = looks and settings.image_steps > 0 and not task.starts_from
    if asked and settings.image_encoder != EFFICIENTNET_LITE0:
        raise EncoderNotTunableError(
            "encoder_not_tunable", name=settings.image_encoder, tunable=EFFICIENTNET_LITE0
        )
    return asked


def _some_of_each(publishers: Sequence[str]) -> np.ndarray:
    """Places of about HEAD_ROWS rows of each publisher, evenly spread: enough for a head."""
    names = np.array(publishers)
    of_each = [np.flatnonzero(names == name) for name in sorted(set(publishers))]
    return np.array([i for rows in of_each for i in rows[:: max(1, len(rows) // HEAD_ROWS)]], dtype=int)

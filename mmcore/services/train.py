"""The train command: one model fitted, calibrated, cross-validated, controlled, stored and evaluated."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mmcore.domain.pack import PackRow
from mmcore.domain.task import Task
from mmcore.evaluation.metrics import auroc, interval, label_metrics, patient_weights
from mmcore.models.fusion import FusionModel
from mmcore.models.lungs import LungNet
from mmcore.services.card import write_card
from mmcore.services.engine import Engine
from mmcore.services.evaluate import evaluate
from mmcore.services.fitting import (
    Progress,
    crops,
    fit_encoders,
    fit_lung_finder,
    fit_text,
    labelled_rows,
    synthetic_rows,
)
from mmcore.services.packs import encode_rows, features_of_crops, features_of_scans
from mmcore.services.training import assemble, conclude, fit_on, parts_of, probabilities
from mmcore.stores.model_store import load_model, save_lungs, save_model, stored_lungs
from mmcore.tasks import get_task
from mmcore.training.calibrate import label_shares, prior_logits
from mmcore.training.heads import Encoded
from mmcore.training.recipe import TrainingSettings
from mmcore.training.splits import CALIBRATION, TEST, TRAIN, fold_of, publisher_groups

VERSION = "1.0.0"
LUNG_STEPS = 700
HEAD_ROWS = 400  # of each publisher of the pretraining pack, when heads are fitted


class Workshop:
    """One training's fixed parts: task, rows, lung finder, crops and settings; fits a model on any of its rows."""

    def __init__(
        self,
        task: Task,
        rows: Sequence[PackRow],
        extra: Sequence[PackRow],
        lungs: LungNet | None,
        settings: TrainingSettings,
        out: Path,
        progress: Progress,
    ) -> None:
        self.task, self.rows, self.extra, self.lungs = task, rows, extra, lungs
        self.settings, self.out, self.progress = settings, out, progress
        self.pictures = self._crops()
        self.notes: dict[str, np.ndarray] = {}
        # composed notes teach the same text head whatever rows are left out
        composed = task.compose_notes is not None
        self.text = fit_text(task, (), settings, out / "checkpoints", progress) if composed else None

    def _crops(self) -> np.ndarray:
        path = self.out / "cache" / "crops.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(
                path, crops([*self.rows, *self.extra], self.lungs, self.settings.crop_size, self.progress)
            )
        return np.load(path, mmap_mode="r")

    def fit(self, name: str, train: np.ndarray, keep: np.ndarray, steps: int, shuffle=False):
        """(model, tokenizer, encodings of all rows): encoders and heads from the rows at `train` and the kept extra rows."""
        rows = [*(self.rows[i] for i in train), *(self.extra[i] for i in keep)]
        if shuffle:
            outcomes = [r.outcome for r in rows]
            order = np.random.default_rng(self.settings.seed).permutation(len(rows))
            rows = [replace(r, outcome=outcomes[i], subgroup={}) for r, i in zip(rows, order, strict=True)]
        pictures = self.pictures[np.r_[train, len(self.rows) + keep].astype(int)]
        settings = replace(self.settings, image_steps=steps)
        folder = self.out / "checkpoints" / name
        encoders = fit_encoders(self.task, rows, pictures, settings, folder, self.progress, self.text)
        model = assemble(self.task, rows[: len(train)], encoders, settings)
        exact = name == "final"
        image = self._features(model, np.arange(len(self.rows)), exact)
        everyone = encode_rows(model, encoders.text.tokenizer, self.task, self.rows, image, self.notes)
        taught = everyone.take(train)
        if shuffle:
            order = np.random.default_rng(0).permutation(len(train))
            taught = replace(taught, outcomes=taught.outcomes[order])
        further = self._further(model, encoders.text.tokenizer, keep)
        together = joined(taught, further)
        own = np.arange(len(together.keys)) < len(taught.keys)
        fit_on(model, together, settings, self.text, own)
        return model, encoders.text.tokenizer, everyone, taught, together.image

    def _features(self, model: FusionModel, chosen: np.ndarray, exact: bool) -> np.ndarray:
        """Pooled features (n, D) of rows by their place among all; kept under a digest of the encoder and the places."""
        digest = hashlib.sha256(chosen.tobytes() + bytes([exact]))
        for value in model.image_encoder.state_dict().values():
            digest.update(value.numpy().tobytes())
        path = self.out / "cache" / f"features_{digest.hexdigest()[:16]}.npy"
        if not path.exists():
            rows, size = [[*self.rows, *self.extra][i] for i in chosen], self.settings.image.size
            if exact:
                made = features_of_scans(model, rows, self.lungs, size, self.progress)
            else:
                made = features_of_crops(model, rows, self.pictures[chosen], size, self.progress)
            np.save(path, made)
        return np.load(path)

    def _further(self, model: FusionModel, tokenizer, keep: np.ndarray) -> Encoded | None:
        """Encodings of at most HEAD_ROWS extra rows of each publisher: enough for a head."""
        names = np.array([self.extra[i].publisher for i in keep])
        of_each = [keep[names == name] for name in sorted(set(names))]
        some = [int(i) for rows in of_each for i in rows[:: max(1, len(rows) // HEAD_ROWS)]]
        if not some:
            return None
        rows = [self.extra[i] for i in some]
        image = self._features(model, len(self.rows) + np.array(some), False)
        return encode_rows(model, tokenizer, self.task, rows, image, self.notes)


def joined(first: Encoded, second: Encoded | None) -> Encoded:
    """Rows of both."""
    if second is None:
        return first
    return Encoded(
        **{n: np.concatenate([getattr(first, n), getattr(second, n)]) for n in first.__dataclass_fields__}
    )


def train(
    task_name: str,
    data: Path,
    out: Path,
    pretrain: Path | None,
    chosen: dict,
    cross_validate: bool,
    progress: Progress,
) -> dict:
    """Train on DIR and write OUT/model with history and report; resumes where an earlier run of the same OUT stopped."""
    task = get_task(task_name)
    settings = TrainingSettings(**chosen)
    rows = labelled_rows(task, data)
    extra = labelled_rows(task, pretrain) if pretrain else ()
    extra = (*extra, *synthetic_rows(task, settings.synthetic, out / "cache" / "synthetic", progress))
    lungs = (
        stored_lungs(out / "cache")
        or fit_lung_finder(data, settings.seed, LUNG_STEPS, progress)
        or stored_lungs(None)
    )
    if lungs is not None:
        save_lungs(lungs, out / "cache")
    shop = Workshop(task, rows, extra, lungs, settings, out, progress)
    split = parts_of(rows)
    part = {name: np.flatnonzero(split == name) for name in (TRAIN, CALIBRATION, TEST)}
    everything = np.arange(len(extra))
    model, tokenizer, everyone, taught, seen_features = shop.fit(
        "final", part[TRAIN], everything, settings.image_steps
    )
    conclude(model, task, taught, everyone.take(part[CALIBRATION]), settings, seen_features)
    model.config.facts["split"] = {name: len(indices) for name, indices in part.items()}
    folder = out / "model" / task.name / VERSION
    save_model(model, tokenizer, lungs, folder)
    result = {
        "task": task.name,
        "version": VERSION,
        "split": model.config.facts["split"],
        "seed": settings.seed,
    }
    engine = Engine(task, load_model(folder, task.name))
    result["test"] = evaluate(engine, data, progress=lambda items: _counted(items, progress))
    _write(folder, out, result)
    if cross_validate:
        for name in ("leave_publisher_out", "cross_validation"):
            result[name] = cross_validated(shop, name)
            _write(folder, out, result)
        result["shuffled_labels"] = _shuffled(shop, part)
        _write(folder, out, result)
    return result


def _write(folder: Path, out: Path, result: dict) -> None:
    """The report and the card, after each stage, so that what is known is kept."""
    write_card(folder, result)
    (out / "report.json").write_text(json.dumps(result, indent=1, ensure_ascii=False))


SHOWN = ("image+text+clinical", "image", "image+text", "image+clinical", "text", "clinical")


def cross_validated(shop: Workshop, name: str) -> dict:
    """Figures of rows scored by models that never saw their patient (cross_validation) or their publisher
    (leave_publisher_out), for all modalities and for fewer; a fold that is done is kept and not done again.
    """
    away = name == "leave_publisher_out"
    if away:
        which = publisher_groups([r.publisher for r in shop.rows], shop.task.publisher_fold)
    else:
        which = np.array([fold_of(r.patient, shop.settings.folds) for r in shop.rows])
    steps = shop.settings.away_steps if away else shop.settings.fold_steps
    stated = {shown: np.full((len(shop.rows), len(shop.task.labels)), np.nan) for shown in SHOWN}
    for fold in sorted(set(which.tolist())):
        path = shop.out / "cache" / f"{name}_{fold}.npz"
        if not path.exists():
            np.savez(path, **_scored_fold(shop, f"{name}_{fold}", which == fold, away, steps))
        with np.load(path) as kept:
            for shown in SHOWN:
                stated[shown][which == fold] = kept[shown]
    found = {"folds": len(set(which.tolist())), "image_steps": steps, "all": _figures(shop, stated[SHOWN[0]])}
    found |= {shown: _figures(shop, stated[shown]) for shown in SHOWN[1:]}
    if away:
        sources = np.array([r.source for r in shop.rows])
        found |= {
            f"only {s}": _figures(shop, np.where((sources == s)[:, None], stated[SHOWN[0]], np.nan))
            for s in sorted(set(sources))
        }
    return found


def _scored_fold(
    shop: Workshop, name: str, left_out: np.ndarray, away: bool, steps: int
) -> dict[str, np.ndarray]:
    """Probabilities (n, K) of the rows left out, by the modalities shown; NaN where a row has none of them."""
    absent = {shop.rows[i].publisher for i in np.flatnonzero(left_out)} if away else set()
    keep = np.array([i for i, r in enumerate(shop.extra) if not _same_place(r.publisher, absent)], dtype=int)
    model, _, everyone, _, _ = shop.fit(name, np.flatnonzero(~left_out), keep, steps)
    _state_prior(shop, model)
    rows = everyone.take(left_out)
    out = {}
    for shown in SHOWN:
        some = rows.without(tuple(m for m in ("image", "text", "clinical") if m not in shown.split("+")))
        here = some.present().any(1)
        out[shown] = np.full((len(here), len(shop.task.labels)), np.nan)
        if here.any():
            out[shown][here] = probabilities(model, some.take(here))
    return out


def _state_prior(shop: Workshop, model: FusionModel) -> None:
    """The whole pack's label shares as the prior, the same in every fold, so that scores of folds can be pooled.

    Scales stay 1, since no calibration patients are set aside in a fold.
    """
    outcomes = np.array(
        [[r.outcome.get(k, np.nan) for k in shop.task.labels] for r in shop.rows], dtype=float
    )
    shares = label_shares(outcomes, model.config.exclusive)
    model.prior.copy_(torch.tensor(prior_logits(shares, model.config.exclusive)))


def _same_place(publisher: str, absent: set[str]) -> bool:
    """Whether pretraining pictures come from a publisher that is left out; rsna's are pictures of nih."""
    return publisher in absent or (publisher == "rsna" and "nih" in absent)


def _figures(shop: Workshop, stated: np.ndarray) -> dict:
    """Figures of the rows that have a probability; the calls are of the likeliest label."""
    scored = ~np.isnan(stated).any(1)
    rows = [r for r, s in zip(shop.rows, scored, strict=True) if s]
    if not rows:
        return {"n": 0}
    task, p = shop.task, stated[scored]
    outcomes = np.array([[r.outcome.get(k, np.nan) for k in task.labels] for r in rows], dtype=float)
    weights = patient_weights([r.patient for r in rows], 1000)
    calls = np.eye(len(task.labels))[p.argmax(1)] if task.exclusive else p
    metrics, _ = label_metrics(task.labels, p, outcomes, weights, [0.5] * len(task.labels), task.exclusive)
    called, _ = label_metrics(task.labels, calls, outcomes, weights, [0.5] * len(task.labels), task.exclusive)
    kept = {k: v for k, v in metrics.items() if k.startswith(("auroc", "auprc", "macro", "accuracy"))}
    kept |= {k: v for k, v in called.items() if k.startswith(("sensitivity", "specificity", "f1"))}
    for name, (a, b) in task.pair_metrics.items():
        i, j = task.labels.index(a), task.labels.index(b)
        pair = (outcomes[:, i] == 1) | (outcomes[:, j] == 1)
        if len(set(outcomes[pair, i])) == 2:
            odds = np.log(p[pair, i] + 1e-12) - np.log(p[pair, j] + 1e-12)
            kept[name] = interval(auroc(odds, outcomes[pair, i], weights[:, pair]))
    return {"n": len(rows), "patients": len({r.patient for r in rows}), "metrics": kept}


def _shuffled(shop: Workshop, part: dict[str, np.ndarray]) -> dict:
    """The control: the same training on shuffled labels must not predict the test patients."""
    keep = np.arange(len(shop.extra))
    model, _, everyone, _, _ = shop.fit(
        "shuffled", part[TRAIN], keep, min(shop.settings.fold_steps, 100), shuffle=True
    )
    _state_prior(shop, model)
    stated = np.full((len(shop.rows), len(shop.task.labels)), np.nan)
    stated[part[TEST]] = probabilities(model, everyone.take(part[TEST]))
    return _figures(shop, stated)


def _counted(items, progress: Progress):
    items = list(items)
    for i, item in enumerate(items):
        yield item
        progress("evaluation", i + 1, len(items))

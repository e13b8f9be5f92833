"""Fits the lung finder and the encoders of a training on the rows it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import PreTrainedTokenizerBase

from mmcore.cases.pack_rows import has_label, outcomes_of, quick_scan, read_pack, scan_of
from mmcore.domain.case import Waveform
from mmcore.domain.errors import ModelFileError, PackError
from mmcore.domain.model_facts import Json
from mmcore.domain.pack import PackRow
from mmcore.domain.progress import Progress
from mmcore.domain.task import CaseTask, Modality
from mmcore.models.ecg_encoder import EcgEncoder
from mmcore.models.encoders import ImageEncoder, TextEncoder, load_image_encoder, load_text_encoder
from mmcore.models.inputs import look, waveform_input
from mmcore.models.lungs import LungNet
from mmcore.preprocess.image import Crop, resample
from mmcore.preprocess.language import language_of
from mmcore.preprocess.text import clean, mask_leaks
from mmcore.stores.model_folders import model_directory
from mmcore.stores.model_store import load_model
from mmcore.synthetic.demonstrations.film import mark_synthetic
from mmcore.synthetic.film.phantom import FIRST_TRAINING_SEED, draw
from mmcore.training.ecg.encoder import Draws, fit_waveform_encoder, make_draws, typical_beats
from mmcore.training.image.encoder import draw_shares, fit_image_encoder
from mmcore.training.image.lungs import fit_lungs
from mmcore.training.image.nodules import fit_on_nodules
from mmcore.training.image.views import Views
from mmcore.training.recipe import TrainingSettings
from mmcore.training.text.encoder import (
    HEAD_NOTES,
    Compose,
    TextModel,
    fit_text_encoder,
    stored_text_model,
)
from mmcore.training.text.path_regularisation import straighten
from mmcore.training.text.report_reader import shrunk
from mmcore.training.text.vocabulary_pruning import slim


@dataclass(frozen=True)
class Encoders:
    """Fitted encoders, None for a modality that the task does not ask for; image_config is None for our own architecture.

    image_features (N, D): of the rows that trained the encoder, by parts of it that did not see their patients; None where an
    encoder has no such parts.
    """

    image: ImageEncoder | None = None
    image_config: Mapping[str, Json] | None = None
    image_features: np.ndarray | None = None
    text: TextModel | None = None
    waveform: EcgEncoder | None = None
    waveform_config: Mapping[str, int] | None = None


def labelled_rows(task: CaseTask, directory: Path) -> tuple[PackRow, ...]:
    """Rows of a pack with a known outcome or something else to teach. Raises PackError where none has a label of the task."""
    pack = read_pack(task, directory)
    rows = tuple(r for r in (*pack.rows, *pack.teaching) if r.outcome or r.teach)
    if not any(has_label(task, r) for r in rows):
        raise PackError("pack_without_labels", directory=Path(directory).name)
    return rows


def fit_lung_finder(directory: Path, seed: int, steps: int, progress: Progress) -> LungNet | None:
    """A lung finder from DIR/lung_masks, or None where the pack has none."""
    masks = sorted((Path(directory) / "lung_masks").glob("*.png"))
    pairs = [(m, p) for m in masks if (p := Path(directory) / "images" / f"{m.stem}.jpg").is_file()]
    if not pairs:
        return None
    whole = Crop()
    pictures = np.stack([resample(quick_scan(p).pixels, whole, (192, 192)) for _, p in pairs])
    drawn = np.stack([resample(quick_scan(m).pixels, whole, (192, 192)) for m, _ in pairs]) > 0.5
    return fit_lungs(
        pictures, drawn, seed=seed, steps=steps, progress=lambda s, _: progress("lungs", s, steps)
    )


def crops(rows: Sequence[PackRow], lungs: LungNet | None, size: int, progress: Progress) -> np.ndarray:
    """What the encoder looks at of each row's scan, (N, 2, size, size) uint8: pixels and lungs; black without a scan."""
    out = np.zeros((len(rows), 2, size, size), dtype=np.uint8)
    for i, row in enumerate(rows):
        scan = scan_of(row)
        if scan is not None:
            seen = look(scan.pixels, lungs, size)
            out[i] = np.round(255 * np.stack([seen.pixels, seen.inside]))
        progress("crops", i + 1, len(rows))
    return out


def synthetic_rows(task: CaseTask, count: int, folder: Path, progress: Progress) -> tuple[PackRow, ...]:
    """`count` fresh phantom films, labels in turn, kept in `folder`: so that the demonstration is not foreign to the model.

    Their seeds are never those of the demonstration cases, and they join the training only.
    """
    if not task.wants_lungs or task.starts_from or not count:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for i in range(count):
        seed, label = FIRST_TRAINING_SEED + i, task.labels[i % len(task.labels)]
        path = folder / f"{seed}.png"
        if not path.exists():
            pixels = draw(seed, label, 384).pixels
            grey = mark_synthetic(pixels) if i % 2 else np.round(255 * pixels).astype(np.uint8)
            Image.fromarray(grey).save(path)
        outcome = {k: int(k == label) for k in task.labels}
        rows.append(
            PackRow(f"synthetic-{seed}", f"synthetic-{seed}", "synthetic", "synthetic", outcome, path)
        )
        progress("synthetic films", i + 1, count)
    return tuple(rows)


def has_scan(rows: Sequence[PackRow]) -> np.ndarray:
    """(N,) whether a row has a picture."""
    return np.array([r.image is not None or r.scan is not None for r in rows])


def picture_shares(task: CaseTask, rows: Sequence[PackRow], even: float) -> np.ndarray:
    """(N,) how often each row's picture is drawn in training."""
    return draw_shares([_label(task, r) for r in rows], [r.publisher for r in rows], even)


def questions(task: CaseTask, rows: Sequence[PackRow]) -> np.ndarray:
    """(N, T) what the image encoder is taught of each row: 1, 0 or NaN for not applicable."""
    asked = task.image_questions or tuple(
        (frozenset({k}), frozenset(task.labels) - {k}) for k in task.labels if task.exclusive
    )
    if not asked:
        return outcomes_of(task, rows)
    names = [{k for k, v in r.outcome.items() if v} | set(r.subgroup.values()) for r in rows]
    return np.array([[1.0 if n & yes else 0.0 if n & no else np.nan for yes, no in asked] for n in names])


def fit_encoders(
    task: CaseTask,
    rows: Sequence[PackRow],
    pictures: Views | None,
    settings: TrainingSettings,
    folder: Path,
    progress: Progress,
    text: TextModel | None = None,
    waveform: EcgEncoder | None = None,
) -> Encoders:
    """Fine-tune the encoders on the given rows; checkpoints in `folder` are continued.

    pictures: views of the rows' scans, None to keep the image encoder as loaded. text, waveform: ready ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    image: ImageEncoder | None = None
    image_config: Mapping[str, Json] | None = None
    features = None
    if task.wants_volume:
        image, features = fit_on_nodules(rows, settings, folder, progress)
        image_config = {"members": settings.members}
    elif Modality.IMAGE in task.modalities:
        image, image_config = _fit_image(task, rows, pictures, settings, folder, progress)
    if Modality.TEXT in task.modalities:
        text = text or fit_text(task, rows, settings, folder, progress)
    configuration = None if waveform is None else waveform.config
    return Encoders(image, image_config, features, text, waveform, configuration)


def fit_waveform(
    recordings: Sequence[Waveform], settings: TrainingSettings, out: Path, progress: Progress
) -> EcgEncoder:
    """The waveform encoder, taught to measure on made-up strips and on edited beats of recordings without a label, so that one
    encoder serves every fold; draws and checkpoint in OUT are used again."""
    kept = out / "cache" / "draws.npz"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        beats = typical_beats([waveform_input(r)[0].double().numpy() for r in recordings])
        made = make_draws(beats, settings.draws, settings.seed, progress)
        np.savez(kept, strips=made.strips, measures=made.measures, waves=made.waves)
    with np.load(kept) as arrays:
        draws = Draws(**arrays)
    checkpoint = out / "checkpoints" / "waveform.ckpt"
    return fit_waveform_encoder(draws, settings.waveform_cycles, settings.seed, checkpoint, progress)


def _fit_image(
    task: CaseTask,
    rows: Sequence[PackRow],
    pictures: Views | None,
    settings: TrainingSettings,
    folder: Path,
    progress: Progress,
) -> tuple[ImageEncoder, Mapping[str, Json] | None]:
    if task.starts_from:
        shipped = load_model(model_directory(task.starts_from), task.starts_from).model
        if shipped.image_encoder is None:
            raise ModelFileError("encoder_not_found", name=task.starts_from)
        return shipped.image_encoder, shipped.config.image_config
    image, image_config = load_image_encoder(settings.image_encoder)
    shown = np.flatnonzero(has_scan(rows))
    if pictures is not None and len(shown):
        image = fit_image_encoder(
            pictures.of(shown),
            questions(task, rows)[shown],
            picture_shares(task, [rows[i] for i in shown.tolist()], settings.image.even),
            seed=settings.seed,
            steps=settings.image_steps,
            checkpoint=folder / "image.ckpt",
            progress=lambda s, _: progress("image encoder", s, settings.image_steps),
            recipe=settings.image,
        )
        return image.eval(), {"blocks": len(image.blocks), "width": image.feature_dim}
    return image.eval(), image_config


def fit_text(
    task: CaseTask, rows: Sequence[PackRow], settings: TrainingSettings, folder: Path, progress: Progress
) -> TextModel:
    """The text encoder with its head: taught by composed notes where the task has them, else by the rows' own."""
    if task.write_report is not None:  # its head is made from the clinical head, see training.fit_on
        return _headless(task, *shrunk(settings.text_encoder, settings.text_layers, settings.text_words))
    noted = [r for r in rows if r.note and language_of(r.note) == "en"]
    if task.compose_notes is None and not noted:
        return _headless(task, *load_text_encoder(settings.text_encoder))
    ready = stored_text_model(folder / "text")
    return _taught_text(task, noted, settings, folder, progress) if ready is None else ready


def _headless(task: CaseTask, encoder: TextEncoder, tokenizer: PreTrainedTokenizerBase) -> TextModel:
    """An encoder as it came, with a head that says nothing."""
    nothing = torch.zeros(encoder.config.hidden_size, len(task.labels))
    return TextModel(encoder.train(False), tokenizer, nothing, task.labels)


def _taught_text(
    task: CaseTask, noted: Sequence[PackRow], settings: TrainingSettings, folder: Path, progress: Progress
) -> TextModel:
    compose = _masked(task)
    found = fit_text_encoder(
        [mask_leaks(clean(r.note or ""), task.leak_terms).text for r in noted],
        [_label(task, r) for r in noted],
        [r.patient for r in noted],
        base=settings.text_encoder,
        seed=settings.seed,
        epochs=settings.text_epochs,
        compose=compose,
        checkpoint=folder / "text.safetensors" if settings.text_epochs else None,
        progress=lambda e, _: progress("text encoder", e, settings.text_epochs),
    )
    asked = settings.straight
    if compose is None or asked is None:  # real notes are too few to teach it
        return found
    drawn, _ = compose(HEAD_NOTES, int(np.random.default_rng(settings.seed).integers(2**31)))
    encoder, weight = straighten(
        found.encoder,
        found.tokenizer,
        found.weight,
        drawn,
        asked,
        seed=settings.seed,
        checkpoint=folder / "text.straight",
        progress=lambda s, _: progress("straight text encoder", s, asked.steps),
    )
    encoder, tokenizer = slim(encoder, found.tokenizer, drawn, settings.max_tokens)
    straight = replace(found, encoder=encoder, tokenizer=tokenizer, weight=weight)
    straight.save(folder / "text")
    return straight


def _label(task: CaseTask, row: PackRow) -> str:
    """The row's label; independent labels: those present, as one name."""
    return "+".join(k for k in task.labels if row.outcome.get(k)) or "none"


def _masked(task: CaseTask) -> Compose | None:
    composed = task.compose_notes
    if composed is None:
        return None

    def compose(count: int, seed: int) -> tuple[list[str], Sequence[str]]:
        notes, labels = composed(count, seed)
        return [mask_leaks(clean(note), task.leak_terms).text for note in notes], labels

    return compose

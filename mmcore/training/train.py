"""The train command: one model fitted, calibrated, cross-validated, controlled, stored and evaluated."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from mmcore.cards.write import write_card
from mmcore.cases.pack_rows import has_label, outcomes_of, read_pack
from mmcore.domain.model_facts import Json, ModelFacts
from mmcore.domain.pack import PackRow
from mmcore.domain.patient_marks import patient_mark
from mmcore.domain.progress import Progress
from mmcore.domain.task import CaseTask, Modality
from mmcore.evaluation.evaluate import evaluate
from mmcore.models.lungs import LungNet
from mmcore.prediction.engine import Engine
from mmcore.stores.model_folders import DIGESTS, next_version
from mmcore.stores.model_store import load_model, save_lungs, save_model, stored_lungs
from mmcore.tasks import case_task
from mmcore.training.assemble import conclude, parts_of
from mmcore.training.compare_fusions import compared, write_fusions
from mmcore.training.cross_validation import cross_validated, evidence_of_folds, shuffled
from mmcore.training.encoders import fit_lung_finder, labelled_rows, synthetic_rows
from mmcore.training.heads.cross_conformal import settle_on_folds
from mmcore.training.recipe import TrainingSettings, settings_for
from mmcore.training.run import TrainingRun
from mmcore.training.splits import CALIBRATION, TEST, TRAIN

LUNG_STEPS = 700

Item = TypeVar("Item")


def train(
    task_name: str,
    data: Path,
    out: Path,
    pretrain: Path | None,
    chosen: Mapping[str, object],
    cross_validate: bool,
    progress: Progress,
    also: Sequence[Path] = (),
) -> dict[str, Json]:
    """Train on DIR and write OUT/model with history and report; resumes where an earlier run of the same OUT stopped.

    pretrain: scans alone; also: further packs of the same layout. Both join the training and no figure.
    """
    task = case_task(task_name)
    settings = settings_for(task, chosen)
    rows = labelled_rows(task, data)
    extra = tuple(r for d in (*([pretrain] if pretrain else []), *also) for r in labelled_rows(task, d))
    extra = (*extra, *synthetic_rows(task, settings.synthetic, out / "cache" / "synthetic", progress))
    lungs = _lung_finder(task, data, out, settings, progress)
    unlabelled = [r for r in read_pack(task, data).rows if not r.outcome]
    run = TrainingRun(task, rows, extra, lungs, settings, out, progress, unlabelled)
    part = _places(task, rows)
    folder = out / "model" / task.name / next_version(task.name)
    result = _kept(folder, cross_validate) or _fit_and_test(run, part, folder, data, cross_validate)
    _write(folder, out, result)
    if cross_validate:
        if across(task, rows):
            result["leave_publisher_out"] = cross_validated(run, "leave_publisher_out")
            _write(folder, out, result)
        result["shuffled_labels"] = shuffled(run, part)
        _write(folder, out, result)
    return result


def _places(task: CaseTask, rows: Sequence[PackRow]) -> dict[str, np.ndarray]:
    """Part -> the places of its rows."""
    split, labelled = parts_of(rows), np.array([has_label(task, r) for r in rows])
    part = {name: np.flatnonzero((split == name) & labelled) for name in (CALIBRATION, TEST)}
    return part | {TRAIN: np.flatnonzero(split == TRAIN)}  # rows without a label teach what they can


def across(task: CaseTask, rows: Sequence[PackRow]) -> bool:
    """Whether any label is known present and absent at two publishers: else none can be left out and still be scored."""
    known = [r for r in rows if has_label(task, r)]
    outcomes, publishers = outcomes_of(task, known), np.array([r.publisher for r in known])
    if len(set(publishers)) < 2:
        return False
    both = [
        {p for p in set(publishers) if {0.0, 1.0} <= set(outcomes[publishers == p, k])}
        for k in range(len(task.labels))
    ]
    return any(len(where) > 1 for where in both) or task.exclusive


def _kept(folder: Path, cross_validate: bool) -> dict[str, Json] | None:
    """What an earlier run of the same OUT found on its test patients, with a model that is stored whole and rests on folds
    where these are asked for."""
    if not (folder / DIGESTS).exists() or not (folder / "card.json").exists():
        return None
    kept: dict[str, Json] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    needed = {"test", "cross_validation"} if cross_validate else {"test"}
    return kept if needed <= set(kept) else None


def _fit_and_test(
    run: TrainingRun, part: dict[str, np.ndarray], folder: Path, data: Path, cross_validate: bool
) -> dict[str, Json]:
    """The model that ships, stored, and its figures on test patients; by folds first, since its sets rest on them."""
    task, settings = run.task, run.settings
    everything = np.arange(len(run.extra))
    model, tokenizer, everyone, taught, together = run.fit(
        "final", part[TRAIN], everything, settings.image_steps
    )
    labelled = part[TRAIN][[has_label(task, run.rows[i]) for i in part[TRAIN]]]
    own = [run.rows[i] for i in labelled]
    conclude(model, task, taught, everyone.take(part[CALIBRATION]), settings, own, together.inputs)
    facts = ModelFacts.of_json(model.config.facts)
    taught_by = sorted({patient_mark(run.rows[i].patient) for i in part[TRAIN]})
    split = {name: len(indices) for name, indices in part.items()}
    facts = replace(facts, patients=dict(facts.patients) | {"train": taught_by}, split=split)
    model.config.facts = facts.as_json()
    result: dict[str, Json] = {
        "task": task.name,
        "version": folder.name,
        "split": split,
        "seed": settings.seed,
    }
    if cross_validate:
        result["cross_validation"] = cross_validated(run, "cross_validation")
        rest = np.flatnonzero(parts_of(run.rows) != TEST).tolist()
        others = [run.rows[i] for i in rest]
        evidence, patients = evidence_of_folds(run)[rest], [r.patient for r in others]
        settle_on_folds(model, task, evidence, outcomes_of(task, others), patients)
    result["set_scales"] = model.config.facts["set_scales"]
    save_model(model, tokenizer, run.lungs, folder)
    if len(model.modalities) > 1:
        scored = part | {TRAIN: labelled}
        chosen_parts = {name: np.isin(np.arange(len(run.rows)), scored[name]) for name in scored}
        found = compared(model, everyone, chosen_parts, settings.heads)
        write_fusions(folder, {"task": task.name, "version": folder.name, **found})
    engine = Engine(task, load_model(folder, task.name))
    result["test"] = evaluate(engine, data, progress=lambda items: _counted(items, run.progress))
    return result


def _lung_finder(
    task: CaseTask, data: Path, out: Path, settings: TrainingSettings, progress: Progress
) -> LungNet | None:
    """The lung finder kept in OUT, else fitted on the pack's masks, else the shipped one; None where the task has no films."""
    if Modality.IMAGE not in task.modalities or task.wants_volume:
        return None
    if task.starts_from:
        return stored_lungs(None)
    lungs = (
        stored_lungs(out / "cache")
        or fit_lung_finder(data, settings.seed, LUNG_STEPS, progress)
        or stored_lungs(None)
    )
    if lungs is not None:
        save_lungs(lungs, out / "cache")
    return lungs


def _write(folder: Path, out: Path, result: Mapping[str, Json]) -> None:
    """The report and the card, after each stage, so that what is known is kept."""
    write_card(folder, result)
    (out / "report.json").write_text(json.dumps(result, indent=1, ensure_ascii=False))


def _counted(items: Iterable[Item], progress: Progress) -> Iterator[Item]:
    listed = list(items)
    for i, item in enumerate(listed):
        yield item
        progress("evaluation", i + 1, len(listed))

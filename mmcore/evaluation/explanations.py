"""Measures over patients that the model has not seen whether its explanations may be believed, and writes it beside the card."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mmcore.cards.write import write_card
from mmcore.cases.pack_rows import case_of, read_pack
from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.memory import Memory
from mmcore.domain.model_facts import Json
from mmcore.domain.pack import PackRow
from mmcore.domain.prediction import Contrast
from mmcore.domain.review import Review
from mmcore.evaluation.evaluate import unseen_rows
from mmcore.evaluation.score import Bar
from mmcore.evaluation.shortcuts import shortcut_report
from mmcore.explain import checks as of_case
from mmcore.explain.checks import Badge
from mmcore.explain.deletion import Trial
from mmcore.explain.methods.token_activations import NAME as QUICK
from mmcore.explain.perturbation import blurred_by_place
from mmcore.explain.randomisation import randomisation
from mmcore.explain.review import review
from mmcore.metrics.figures import interval, patient_weights
from mmcore.prediction.encode import Encodings, encode
from mmcore.prediction.engine import Engine

FILE = "faithfulness.json"
RESAMPLES = 1000
RANDOMISED_ON = 8  # cases whose maps are made again with weights drawn anew


@dataclass(frozen=True)
class Tested:
    """One case: its row, its badges, and what lungs drawn by people say of its scan (None where none are drawn).

    inside: share of the scan's evidence in them. outside: what blurring all outside them moves the evidence by, as a share of
    that and what blurring all inside moves it by.
    """

    row: PackRow
    badges: tuple[Badge, ...]
    inside: float | None = None
    outside: float | None = None


Badged: TypeAlias = tuple[Tested, Badge]


def measure(engine: Engine, directory: Path, most: int, progress: Bar = iter) -> dict[str, Json]:
    """The report on DIR's rows whose patients neither trained nor calibrated the model: badges for at most `most` of them, drawn
    by seed; drawn lungs and shortcuts on all. Raises PackError where the task reads no packs."""
    rows, _ = unseen_rows(engine, read_pack(engine.task, directory))
    chosen = set(np.random.default_rng(0).permutation(len(rows))[:most].tolist())
    looked: list[Tested] = []
    encoded: list[tuple[PackRow, Encodings]] = []
    redone: list[tuple[Case, Contrast]] = []
    for i, row in enumerate(progress(rows)):
        memory: Memory = {}
        case = case_of(engine.task, row)
        try:
            found = review(engine, case, memory=memory, tokens=QUICK)
        except NothingToPredictError:
            continue
        contrast, encodings = found.prediction.contrast, encode(engine, case, memory)
        encoded.append((row, encodings))
        badges = of_case.badges(engine, case, contrast, memory) if i in chosen else ()
        looked.append(Tested(row, badges, *in_drawn(engine, found, encodings, _drawn(directory, row))))
        if badges and len(redone) < RANDOMISED_ON:
            redone.append((case, contrast))
    return _of_badges(engine, looked) | {
        "inside_lungs": _inside(looked),
        "randomised": randomisation(engine, redone),
        "shortcuts": shortcut_report(engine, encoded),
    }


def _of_badges(engine: Engine, looked: Sequence[Tested]) -> dict[str, Json]:
    """What the badges say, over all and by modality, of the model that they are of."""
    badged = [(t, b) for t in looked for b in t.badges]
    return {
        "task": engine.task.name,
        "model": {"version": engine.stored.version, "sha256": engine.stored.sha256},
        "n": sum(bool(t.badges) for t in looked),
        "patients": len({t.row.patient for t, _ in badged}),
        "thresholds": _thresholds(),
        "modalities": {
            m.value: _of_modality([(t, b) for t, b in badged if b.modality == m])
            for m in engine.task.modalities
        },
        "grey_share": _of_colour(badged, "grey"),
    }


def write(report: Mapping[str, Json], folder: Path) -> None:
    """Keep the report in a model's folder, and tell it in its card."""
    (folder / FILE).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    card = folder / "card.json"
    if card.is_file():
        write_card(folder, json.loads(card.read_text(encoding="utf-8")))


def _thresholds() -> dict[str, float]:
    names = ("SAYS_LITTLE", "DISAGREE", "AGREE", "INSIDE_FAILS", "INSIDE_GOOD")
    return {name.lower(): getattr(of_case, name) for name in names}


def _of_modality(badged: Sequence[Badged]) -> dict[str, Json]:
    """Shares with 95 % intervals by bootstrap over patients, and medians, of the badges of one modality."""
    if not badged:
        return {"n": 0}
    tested = [(t, b) for t, b in badged if b.tested]
    return {
        "n": len(badged),
        "tested": len(tested),
        **{colour: _of_colour(badged, colour) for colour in ("green", "amber", "grey")},
        **_of_orders(tested),
        "methods": sorted({f"{b.method} against {b.other_method}" for _, b in badged}),
        "median_passes": int(np.median([b.passes for _, b in badged])),
    }


def _of_colour(badged: Sequence[Badged], colour: str) -> dict[str, float] | None:
    return _share([t for t, _ in badged], [b.colour == colour for _, b in badged])


def _of_orders(tested: Sequence[Badged]) -> dict[str, Json]:
    """The same of the badges whose order of parts was tested."""
    agreements = [b.agreement for _, b in tested if b.agreement is not None]
    return {
        **_of_trials([(t, b.trial) for t, b in tested if b.trial is not None]),
        "median_agreement": round(float(np.median(agreements)), 3) if agreements else None,
    }


def _of_trials(tried: Sequence[tuple[Tested, Trial]]) -> dict[str, Json]:
    """How often the order of an explanation beats random orders, and by what in the median; {} of none."""
    if not tried:
        return {}
    owners, deletion = [t for t, _ in tried], [trial.deletion_gain for _, trial in tried]
    return {
        "beats_random_deletion": _share(owners, [gain > 0 for gain in deletion]),
        "beats_random_insertion": _share(owners, [trial.insertion_gain > 0 for _, trial in tried]),
        "median_deletion_gain": round(float(np.median(deletion)), 4),
    }


def _share(owners: Sequence[Tested], hits: Sequence[bool]) -> dict[str, float] | None:
    return _mean(owners, np.asarray(hits, dtype=float))


def _mean(owners: Sequence[Tested], values: np.ndarray) -> dict[str, float] | None:
    if not len(values):
        return None
    weights = patient_weights([t.row.patient for t in owners], RESAMPLES)
    with np.errstate(invalid="ignore"):
        return interval(weights @ values / weights.sum(1))


def _drawn(directory: Path, row: PackRow) -> np.ndarray | None:
    """The lungs that people drew for this picture, (H, W) bool: DIR/lung_masks/<key>.png."""
    from PIL import Image

    path = Path(directory) / "lung_masks" / f"{row.key}.png"
    return np.asarray(Image.open(path).convert("L")) > 127 if path.is_file() else None


def in_drawn(
    engine: Engine, review: Review, encodings: Encodings, drawn: np.ndarray | None
) -> tuple[float | None, float | None]:
    """(share of the scan's evidence inside the outline, share of what moves it that comes from outside); None without either.

    drawn (H, W) bool.
    """
    attribution = next((a for a in review.attributions if a.modality == "image"), None)
    if attribution is None or drawn is None:
        return None, None
    whole, inside_blurred, outside_blurred = blurred_by_place(engine, review, encodings, attribution, drawn)
    moved_in, moved_out = abs(whole - inside_blurred), abs(whole - outside_blurred)
    both = moved_in + moved_out
    return attribution.share_inside(drawn), moved_out / both if both else None


def _inside(tested: Sequence[Tested]) -> dict[str, Json]:
    """Mean share of the evidence inside drawn lungs, how many pictures reach the mark, and how much moves it from outside."""
    drawn = [t for t in tested if t.inside is not None]
    shares = np.array([t.inside for t in drawn])
    moving = [t for t in drawn if t.outside is not None]
    return {
        "n": len(drawn),
        "share": _mean(drawn, shares),
        "share_reaching_80": _mean(drawn, (shares >= 0.8).astype(float)),
        "moved_from_outside": _mean(moving, np.array([t.outside for t in moving])),
    }

"""Measures over patients that the model has not seen whether its explanations may be believed, and writes it beside the card."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
            seen = review(engine, case, memory=memory, tokens=QUICK)
        except NothingToPredictError:
            continue
        contrast = seen.prediction.contrast
        encoded.append((row, encode(engine, case, memory)))
        badges = of_case.badges(engine, case, contrast, memory) if i in chosen else ()
        drawn = _drawn(directory, row)
        place = (None, None) if drawn is None else in_drawn(engine, seen, encoded[-1][1], drawn)
        looked.append(Tested(row, badges, *place))
        redone += [(case, contrast)] if badges and len(redone) < RANDOMISED_ON else []
    tested = [t for t in looked if t.badges]
    return {
        "task": engine.task.name,
        "model": {"version": engine.stored.version, "sha256": engine.stored.sha256},
        "n": len(tested),
        "patients": len({t.row.patient for t in tested}),
        "thresholds": _thresholds(),
        "modalities": {m.value: _of_modality(tested, m.value) for m in engine.task.modalities},
        "grey_share": _share(
            [t for t in tested for _ in t.badges], [b.colour == "grey" for t in tested for b in t.badges]
        ),
        "inside_lungs": _inside(looked),
        "randomised": randomisation(engine, redone),
        "shortcuts": shortcut_report(engine, encoded),
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


def _of_modality(tested: Sequence[Tested], modality: str) -> dict[str, Json]:
    """Shares with 95 % intervals by bootstrap over patients, and medians, of the badges of one modality."""
    pairs = [(t, b) for t in tested for b in t.badges if b.modality == modality]
    if not pairs:
        return {"n": 0}
    owners = [t for t, _ in pairs]
    out: dict[str, Json] = {"n": len(pairs), "tested": sum(b.tested for _, b in pairs)}
    out |= {c: _share(owners, [b.colour == c for _, b in pairs]) for c in ("green", "amber", "grey")}
    out |= _of_orders([(t, b) for t, b in pairs if b.tested])
    out["methods"] = sorted({f"{b.method} against {b.other_method}" for _, b in pairs})
    out["median_passes"] = int(np.median([b.passes for _, b in pairs]))
    return out


def _of_orders(pairs: Sequence[tuple[Tested, Badge]]) -> dict[str, Json]:
    """The same of the badges whose order of parts was tested."""
    out: dict[str, Json] = {}
    tried = [(t, b.trial) for t, b in pairs if b.trial is not None]
    if tried:
        owners, trials = [t for t, _ in tried], [trial for _, trial in tried]
        out["beats_random_deletion"] = _share(owners, [t.deletion_gain > 0 for t in trials])
        out["beats_random_insertion"] = _share(owners, [t.insertion_gain > 0 for t in trials])
        out["median_deletion_gain"] = round(float(np.median([t.deletion_gain for t in trials])), 4)
    agreements = [b.agreement for _, b in pairs if b.agreement is not None]
    out["median_agreement"] = round(float(np.median(agreements)), 3) if agreements else None
    return out


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
    engine: Engine, seen: Review, encodings: Encodings, drawn: np.ndarray
) -> tuple[float | None, float | None]:
    """(share of the scan's evidence inside the outline, share of what moves it that comes from outside); None without a map.

    drawn (H, W) bool.
    """
    attribution = next((a for a in seen.attributions if a.modality == "image"), None)
    if attribution is None:
        return None, None
    whole, inside_blurred, outside_blurred = blurred_by_place(engine, seen, encodings, attribution, drawn)
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

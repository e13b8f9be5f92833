"""The smallest change of one given value that would change the answer, found on the additive head exactly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log, log10

import numpy as np
import torch

from mmcore.domain.review import Review
from mmcore.domain.task import Field, Modality
from mmcore.models.field_facts import FieldFacts, curve_of
from mmcore.models.inputs import clinical_input
from mmcore.prediction.engine import Engine

PARTS = 8  # of each segment of a curve that are looked at for a crossing

Logits = Callable[[np.ndarray], np.ndarray]  # values of one field (V,) -> (V, K)
Margin = Callable[
    [np.ndarray], np.ndarray
]  # of one field (V,) -> (V,) log-odds by which today's answer stands


@dataclass(frozen=True)
class Change:
    """`field` at `new` instead of `old` would change the answer: `label` becomes the likeliest (called is None) or, where labels
    are independent, is then called or no longer. distance: in widths of the field's usual range. trained: whether `new` lies
    in the range that the model was trained on."""

    field: str
    old: float
    new: float
    label: str
    called: bool | None
    distance: float
    trained: bool


def smallest_changes(engine: Engine, review: Review) -> tuple[Change, ...] | None:
    """For each given value the smallest change that would do it, the smallest first; () where no single value can.

    None where it cannot be said exactly: no clinical evidence, or a fusion that is not additive.
    """
    if review.prediction.evidence.get(Modality.CLINICAL) is None or engine.stored.model.joint is not None:
        return None
    found = [
        change
        for field in engine.task.fields
        if engine.taught.get(field.name) and field.name in review.case.values
        for change in _of_field(engine, review, field)
    ]
    return tuple(sorted(found, key=lambda c: c.distance))


def _of_field(engine: Engine, review: Review, field: Field) -> list[Change]:
    logits = _logits_along(engine, review, field.name)
    old, width = review.case.values[field.name], usual_width(engine, field)
    margins = _margins(engine, review, logits)
    knots = _bends(next(f for f in engine.stored.model.config.fields if f["name"] == field.name))
    crossed = [x for margin in margins.values() for x in crossings(margin, field, old, knots)]
    if not crossed:
        return []
    new = min(crossed, key=lambda x: abs(x - old))
    label, called = _after(engine, review, logits(np.array([new]))[0])
    low, high = engine.facts.ranges.get(field.name) or field.plausible
    return [Change(field.name, old, new, label, called, abs(new - old) / width, low <= new <= high)]


def _bends(facts: FieldFacts) -> list[float]:
    """Where a field's evidence may bend; a curve's segments in parts, since the discount of its group bends them a little."""
    curve = curve_of(facts)
    if curve is None:
        return list(facts["knots"])
    places = np.arange(0, len(curve.nodes) - 1 + 1e-9, 1 / PARTS)
    return [float(x) for x in np.interp(places, np.arange(len(curve.nodes)), curve.nodes)]


def _logits_along(engine: Engine, review: Review, name: str) -> Logits:
    """The logits at values of one field, with everything else as it is."""
    model, prediction = engine.stored.model, review.prediction
    place = [f.name for f in engine.task.fields].index(name)
    m = model.modalities.index(Modality.CLINICAL)
    present = [name for name, e in prediction.evidence.items() if e is not None]
    factor = model.factor(present) * model.scale[m].item()
    taught = np.array(list(engine.taught.values()))
    known = np.where(taught, clinical_input(review.case.values, engine.task), np.float32(np.nan))

    def of_field(values: np.ndarray) -> np.ndarray:
        rows = torch.from_numpy(known).repeat(len(values), 1)
        rows[:, place] = torch.as_tensor(values, dtype=torch.float32)
        with torch.inference_mode():
            terms = model.of_fields(rows, present)  # (V, F, K)
        return terms.double().sum(1).numpy() * factor

    old = review.case.values[name]
    today = np.array([prediction.logits[k] for k in engine.task.labels]) - of_field(np.array([old]))[0]
    return lambda values: today + of_field(values)


def _margins(engine: Engine, review: Review, logits: Logits) -> dict[str, Margin]:
    """By what each rival label lies behind, or how far the label in question is from its operating point; positive today."""
    labels, prediction = list(engine.task.labels), review.prediction
    if prediction.exclusive:
        top = max(range(len(labels)), key=lambda k: prediction.logits[labels[k]])
        return {label: _lead(logits, top, k) for k, label in enumerate(labels) if k != top}
    label = prediction.contrast.label
    k, point = labels.index(label), _log_odds(review.operating_point[label])
    side = 1.0 if prediction.logits[label] >= point else -1.0
    return {label: lambda x: side * (logits(x)[:, k] - point)}


def _lead(logits: Logits, top: int, rival: int) -> Margin:
    """How far one label lies before another."""

    def of(values: np.ndarray) -> np.ndarray:
        found = logits(values)
        lead: np.ndarray = found[:, top] - found[:, rival]
        return lead

    return of


def _after(engine: Engine, review: Review, logits: np.ndarray) -> tuple[str, bool | None]:
    """The label that the change is about, and whether it is then called (None for exclusive labels)."""
    labels = engine.task.labels
    if review.prediction.exclusive:
        return labels[int(logits.argmax())], None
    label = review.prediction.contrast.label
    return label, bool(logits[labels.index(label)] >= _log_odds(review.operating_point[label]))


def crossings(margin: Margin, field: Field, old: float, knots: Sequence[float]) -> list[float]:
    """The nearest values below and above `old` where the margin is lost, rounded outward to a step that people write.

    The margin is a line between knots, so where it meets 0 is exact (on a curve in a group it is nearly one). Choices and flags are tried one by one.
    """
    if field.kind != "number":
        return _options_lost(margin, field, old)
    low, high = field.plausible
    found = []
    for end, way in ((low, -1), (high, 1)):
        corners = _corners(old, end, way, knots)
        crossed = _first_loss(corners, margin(corners))
        if crossed is not None:
            found += _rounded_outward(margin, crossed, way, step_of(field), (low, high))
    return found


def _options_lost(margin: Margin, field: Field, old: float) -> list[float]:
    """The other choices of a field, or the other state of a flag, with which the margin is lost."""
    options = np.arange(2 if field.kind == "flag" else len(field.choices), dtype=float)
    return [float(x) for x, left in zip(options, margin(options), strict=True) if left < 0 and x != old]


def _corners(old: float, end: float, way: int, knots: Sequence[float]) -> np.ndarray:
    """`old`, the knots between it and `end`, and `end`, as they are met on the way up (1) or down (-1)."""
    between = [k for k in knots if way * old < way * k < way * end]
    return np.array(sorted({old, end, *between}, key=lambda x: way * x), dtype=float)


def _first_loss(corners: np.ndarray, left: np.ndarray) -> float | None:
    for i in range(1, len(corners)):
        if left[i] < 0:
            share = left[i - 1] / (left[i - 1] - left[i])
            return float(corners[i - 1] + share * (corners[i] - corners[i - 1]))
    return None


def _rounded_outward(
    margin: Margin, crossed: float, way: int, step: float, limits: tuple[float, float]
) -> list[float]:
    """The first written value at or beyond the crossing at which the margin is lost; [] where the range ends before."""
    count = floor(crossed / step) if way < 0 else ceil(crossed / step)
    for written in (round(count * step, 6), round((count + way) * step, 6)):
        if limits[0] <= written <= limits[1] and margin(np.array([written]))[0] < 0:
            return [written]
    return []


def step_of(field: Field) -> float:
    """How finely a value is written: a tenth to a hundredth of its reference range, else of its plausible one."""
    low, high = field.reference or field.plausible
    return float(10.0 ** (floor(log10(high - low)) - (1 if field.reference else 2)))


def usual_width(engine: Engine, field: Field) -> float:
    """What a change is measured in: the width of the reference range, else of the training range, else of the plausible one."""
    low, high = field.reference or engine.facts.ranges.get(field.name) or field.plausible
    return float(high - low) or 1.0


def _log_odds(probability: float) -> float:
    return log(probability / (1 - probability))

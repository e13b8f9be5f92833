"""Reads the table of a task's published and fitted evidence as a curve a field, and the table of settings."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from math import log

from mmcore.domain.evidence import Curve, Setting
from mmcore.domain.task import Field, Question
from mmcore.paths import EVIDENCE
from mmcore.tasks.ratios import (
    CutOff,
    Points,
    Shares,
    against_bacterial,
    odds_ratio,
    points_of,
    three_labels,
)

RANK = ("own_patients", "other_study", "published")
THREE = ("covid19", "other_pneumonia", "no_finding")  # over which a chest question is laid out
AS_IN_TRAINING = "as_in_training"
HELD_BEYOND = 1.5  # standard deviations from the midpoint of a standardised difference

Row = Mapping[str, str]


def curves_of(task: Question) -> Mapping[str, Curve]:
    """field -> curve, for each field of the task that its table has evidence for; {} where it has no table."""
    path = EVIDENCE / f"{task.name}.csv"
    if not path.is_file():
        return {}
    rows: dict[str, list[Row]] = {}
    for row in _table(path.name):
        if row["form"]:
            rows.setdefault(row["field"], []).append(row)
    return {f.name: _curve(task, f, rows[f.name]) for f in task.fields if f.name in rows}


def settings_of(task: Question) -> Mapping[str, Setting]:
    """name -> setting, those with published figures for every label, in the order of the table."""
    found: dict[str, list[Row]] = {}
    for row in _table("settings.csv"):
        if row["task"] == task.name:
            found.setdefault(row["setting"], []).append(row)
    made = {}
    for name, rows in found.items():
        shares = {r["label"]: float(r["probability"]) for r in rows}
        if set(shares) == set(task.labels):
            sources = dict.fromkeys(r["citation"] for r in rows)  # each once, in order
            made[name] = Setting(name, shares, "; ".join(sources))
    return made


@cache
def _table(name: str) -> Sequence[Row]:
    path = EVIDENCE / name
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _curve(task: Question, field: Field, rows: Sequence[Row]) -> Curve:
    """The rows of a field, each for its question, over the labels of the task."""
    questions = {q: _points(field, [r for r in rows if r["question"] == q]) for q in _each(rows, "question")}
    nodes = tuple(sorted({x for points in questions.values() for x, _ in points}))
    log_odds: tuple[tuple[float, ...], ...]
    if task.labels == THREE:
        shares = Shares(w=_share(rows))
        log_odds = tuple(_over_three({q: _at(p, x) for q, p in questions.items()}, shares) for x in nodes)
    else:
        log_odds = tuple(tuple(_at(questions.get(k, ()), x) for k in task.labels) for x in nodes)
    told = dict.fromkeys(_source(r) for r in rows)
    return Curve(
        nodes,
        log_odds,
        group=next((r["group"] for r in rows if r["group"]), ""),
        taught_by=min((r["taught_by"] for r in rows), key=RANK.index),
        source="; ".join(told),
    )


def _each(rows: Iterable[Row], column: str) -> list[str]:
    return list(dict.fromkeys(r[column] for r in rows))


def _share(rows: Sequence[Row]) -> float:
    """The share of pneumonia among the others of the study that asked for COVID-19."""
    return next((float(r["w"]) for r in rows if r["question"] == "covid19" and r["w"]), 0.0)


def _source(row: Row) -> str:
    """Who, how many, where, when."""
    people = f"{row['patients']} patients" if row["patients"].isdigit() else row["patients"]
    return ", ".join(x for x in (row["who"], people, row["place"], row["year"]) if x)


def _over_three(by_question: Mapping[str, float], shares: Shares) -> tuple[float, float, float]:
    difference = by_question.get("covid19_in_pneumonia")
    if "bacterial" in by_question:
        difference = against_bacterial(by_question["bacterial"], shares)
    return three_labels(by_question.get("pneumonia", 0.0), by_question.get("covid19"), difference, shares)


def _points(field: Field, rows: Sequence[Row]) -> Points:
    """The line that the rows of one question draw. Rows of one form belong together."""
    forms: dict[str, Callable[[Sequence[Row]], Points]] = {
        "flag": _flag,
        "choice": _choice,
        "curve": _nodes,
        "difference": _difference,
        "cut_off": partial(_cut_offs, field),
        "odds": partial(_cut_offs, field),
        "relative_risk": partial(_cut_offs, field),
        "criterion": partial(_cut_offs, field),
    }
    return forms[rows[0]["form"]](rows)


def _flag(rows: Sequence[Row]) -> Points:
    row = rows[0]
    return ((0.0, log(float(row["lr_neg"])) if row["lr_neg"] else 0.0), (1.0, log(_ratio(row))))


def _choice(rows: Sequence[Row]) -> Points:
    return tuple(sorted((float(r["at"]), log(_ratio(r))) for r in rows))


def _nodes(rows: Sequence[Row]) -> Points:
    return tuple(sorted((float(r["at"]), float(r["log_odds"])) for r in rows))


def _difference(rows: Sequence[Row]) -> Points:
    d, middle, sd = (float(rows[0][name]) for name in ("d", "at", "sd"))
    return tuple((middle + way * HELD_BEYOND * sd, way * HELD_BEYOND * d) for way in (-1, 1))


def _cut_offs(field: Field, rows: Sequence[Row]) -> Points:
    if field.kind != "number":
        return _flag(rows)
    low, high = field.reference or field.plausible
    cut_offs = [CutOff(float(r["at"]), _ratio(r), float(r["lr_neg"]) if r["lr_neg"] else None) for r in rows]
    return points_of(cut_offs, (high - low) / 4, above=rows[0]["side"] != "below")


def _ratio(row: Row) -> float:
    """The positive ratio; an adjusted relative risk as an odds ratio, with p0 in `w`."""
    ratio = float(row["lr_pos"])
    return odds_ratio(ratio, float(row["w"])) if row["form"] == "relative_risk" else ratio


def _at(points: Points, x: float) -> float:
    """The line at x, held beyond its ends; 0 without points."""
    if not points:
        return 0.0
    if x <= points[0][0]:
        return points[0][1]
    for (a, y), (b, z) in zip(points, points[1:], strict=False):
        if x <= b:
            return y + (z - y) * (x - a) / (b - a)
    return points[-1][1]

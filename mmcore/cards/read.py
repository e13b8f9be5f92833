"""Model cards that travel with the shipped models: what was measured, in the form that a screen can draw."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from mmcore.cards.report import Interval, Report, count, figure, part, read_report
from mmcore.cards.structure import Structure, read_structure
from mmcore.metrics.subgroups import FEWEST_PATIENTS, Group, age_band, gaps
from mmcore.paths import settings
from mmcore.stores.model_folders import version_of

FEWEST = FEWEST_PATIENTS  # figures of a group of fewer are not told: screens name it by this room
GROUPINGS = ("by_modalities", "by_sex", "by_age_band", "by_view", "by_source")
PLAIN = ("auroc_", "auprc_", "sensitivity_", "specificity_", "f1_")


@dataclass(frozen=True)
class Card:
    """What a model is for and how it did. text: the card as Markdown, "" where it has none; report: card.json; fusions and
    faithfulness: what was measured apart, {} where it was not."""

    task: str
    version: str
    text: str
    report: Report = field(default_factory=dict)
    fusions: Report = field(default_factory=dict)
    faithfulness: Report = field(default_factory=dict)
    structure: Structure | None = None

    @property
    def test(self) -> Report:
        """The evaluation on patients who neither trained nor calibrated the model."""
        return part(self.report, "test")

    @property
    def two_sided(self) -> bool:
        """Whether one label, or two that exclude each other, have a single AUROC: there is nothing to take a mean of."""
        labels = [n for n in part(self.test, "metrics") if n.startswith("sensitivity_")]
        exclusive = self.structure is None or self.structure.exclusive
        return len(labels) <= (2 if exclusive else 1)


@dataclass(frozen=True)
class Figure:
    """A figure to be told: code of its sentence, what it is of, {value, low, high}, rows and patients behind it."""

    code: str
    metric: str
    figure: Interval
    n: int = 0
    patients: int = 0


class Gap(TypedDict):
    """Two groups of a grouping whose intervals of a metric do not overlap, and by how much their figures differ."""

    grouping: str
    metric: str
    better: str
    worse: str
    gap: float


def all_cards(folder: Path | None = None) -> tuple[Card, ...]:
    """The card of every shipped model, newest version of each task first."""
    root = folder or settings().models
    newest_first = sorted((p.parent for p in root.glob("*/*/config.json")), key=version_of, reverse=True)
    models = sorted(newest_first, key=lambda m: m.parent.name)
    return tuple(
        Card(
            m.parent.name,
            m.name,
            _text(m / "model_card.md"),
            read_report(m / "card.json"),
            read_report(m / "fusions.json"),
            read_report(m / "faithfulness.json"),
            read_structure(m),
        )
        for m in models
    )


def headline(card: Card) -> list[Figure]:
    """What a reader must see first, the most sobering first: hospitals never seen and what only this task asks and is harder
    than the usual figure, from the lowest; then the usual one, the rest and pairs of labels, and the simplest baseline."""
    test, own = card.test, part(card.test, "baseline", "metrics")
    special = _special(test)
    away = _figures("away", part(card.report, "leave_publisher_out", "all"), ["macro_auroc"])
    usual = _figures("test", test, ["macro_auroc"])
    limit = usual[0].figure["value"] if usual else 1.0
    harder = [f for f in special if f.figure["value"] < limit and "_vs_" not in f.metric]
    first = sorted([*away, *harder], key=lambda f: f.figure["value"])
    rest = [f for f in special if f not in harder]
    return [*first, *usual, *rest, *_figures("baseline", {**test, "metrics": own}, ["macro_auroc"])]


def baseline_wins(card: Card) -> bool:
    """Whether the sceptic's baseline does at least as well as the model on the same rows."""
    model, baseline = (figure(p, "macro_auroc") for p in (card.test, part(card.test, "baseline")))
    return model is not None and baseline is not None and baseline["value"] >= model["value"]


def extras(test: Report) -> list[str]:
    """Metrics that only this task has, such as auroc_not_yet_in_icu."""
    metrics = part(test, "metrics")
    labels = {n.removeprefix("sensitivity_") for n in metrics if n.startswith("sensitivity_")}
    usual = {p + k for p in PLAIN for k in labels} | {"macro_auroc", "accuracy"}
    return [n for n in metrics if n not in usual]


def metrics_of(card: Card) -> list[str]:
    """Names of the metrics that groups can be compared by, the overall one first."""
    names = list(part(card.test, "metrics"))
    first = [n for n in ("macro_auroc", "accuracy") if n in names]
    return first + [n for n in names if n not in first and not n.startswith("auprc")]


def group_rows(card: Card, metric: str) -> Iterator[tuple[str, str, Report, Interval | None]]:
    """(grouping, group, its counts, its figure or None where it has too few patients or one outcome) for every group."""
    for grouping in GROUPINGS:
        groups = part(card.test, grouping)
        if set(groups) == {"unknown"}:
            continue
        for name in groups:
            group = part(groups, name)
            yield grouping, name, group, figure(group, metric) if _enough(group) else None


def fairness(card: Card) -> list[Gap]:
    """The widest gap of each grouping of patients whose intervals do not overlap."""
    return [
        {"grouping": grouping, **gap}
        for grouping in ("by_sex", "by_age_band", "by_view", "by_source")
        for gap in gaps({name: _measured(g) for name, g in _groups(card, grouping).items()})[:1]
    ]


def sized(card: Card) -> bool:
    """Whether any two groups of patients were large enough to be compared by sex or age at all."""
    groupings = (_groups(card, grouping) for grouping in ("by_sex", "by_age_band"))
    return any(sum(n != "unknown" and _enough(g) for n, g in groups.items()) >= 2 for groups in groupings)


def group_of_patient(
    card: Card, values: Mapping[str, float], modalities: str, view: str | None = None
) -> list[tuple[str, str, Report]]:
    """(grouping, group, its counts and metrics) of the groups that a patient belongs to, the narrowest first.

    Sex and age band together where both are known and enough such patients were tested, else the one of them that was tested
    enough; the view; then the set of modalities used (names joined by +).
    """
    asked = _of_person(card, values)
    asked += [("by_view", view)] if view and part(card.test, "by_view", view) else []
    return [(g, name, part(card.test, g, name)) for g, name in (*asked, ("by_modalities", modalities))]


def _of_person(card: Card, values: Mapping[str, float]) -> list[tuple[str, str]]:
    """[(grouping, group)] by sex and age, [] where neither is known."""
    sex = {0.0: "F", 1.0: "M"}.get(values.get("sex", -1.0), "unknown")
    band = age_band(values.get("age_years"))
    known = [p for p in (("by_sex", sex), ("by_age_band", band)) if p[1] != "unknown"]
    choices = [("by_sex_and_age", f"{sex} {band}"), *known] if len(known) == 2 else known
    return [p for p in choices if _judged(part(card.test, *p))][:1] or choices[:1]


def _groups(card: Card, grouping: str) -> dict[str, Report]:
    groups = part(card.test, grouping)
    return {name: part(groups, name) for name in groups}


def _measured(group: Report) -> Group:
    metrics = {name: found for name in part(group, "metrics") if (found := figure(group, name)) is not None}
    return {"patients": count(group, "patients"), "metrics": metrics}


def _enough(group: Report) -> bool:
    return count(group, "patients") >= FEWEST_PATIENTS


def _judged(group: Report) -> bool:
    return _enough(group) and figure(group, "macro_auroc") is not None


def _special(test: Report) -> list[Figure]:
    """AUROC that only this task has; of how many patients it is is not stored."""
    areas = [n for n in extras(test) if n.startswith("auroc")]
    return _figures("extra", {"metrics": part(test, "metrics")}, areas)


def _figures(code: str, scored: Report, metrics: list[str]) -> list[Figure]:
    """Of the metrics that are known."""
    found = ((metric, figure(scored, metric)) for metric in metrics)
    rows, patients = count(scored, "n"), count(scored, "patients")
    return [Figure(code, metric, shown, rows, patients) for metric, shown in found if shown]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""

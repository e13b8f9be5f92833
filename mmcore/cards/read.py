"""Model cards that travel with the shipped models: what was measured, in the form that a screen can draw."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmcore.cards.structure import Structure, read_structure
from mmcore.metrics.subgroups import FEWEST_PATIENTS, age_band, gaps
from mmcore.paths import settings
from mmcore.stores.model_folders import by_version

GROUPINGS = ("by_modalities", "by_sex", "by_age_band", "by_view", "by_source")
PLAIN = ("auroc_", "auprc_", "sensitivity_", "specificity_", "f1_")


@dataclass(frozen=True)
class Card:
    """What a model is for and how it did. text: the card as Markdown, "" where it has none; report: card.json; fusions and
    faithfulness: what was measured apart, {} where it was not."""

    task: str
    version: str
    text: str
    report: Mapping = field(default_factory=dict)
    fusions: Mapping = field(default_factory=dict)
    faithfulness: Mapping = field(default_factory=dict)
    structure: Structure | None = None

    @property
    def test(self) -> Mapping:
        """The evaluation on patients who neither trained nor calibrated the model."""
        return self.report.get("test") or {}

    @property
    def two_sided(self) -> bool:
        """Whether one label, or two that exclude each other, have a single AUROC: there is nothing to take a mean of."""
        labels = [n for n in self.test.get("metrics") or {} if n.startswith("sensitivity_")]
        exclusive = self.structure is None or self.structure.exclusive
        return len(labels) <= (2 if exclusive else 1)


@dataclass(frozen=True)
class Figure:
    """A figure to be told: code of its sentence, what it is of, {value, low, high}, rows and patients behind it."""

    code: str
    metric: str
    figure: Mapping
    n: int = 0
    patients: int = 0


def all_cards(folder: Path | None = None) -> tuple[Card, ...]:
    """The card of every shipped model, newest version of each task first."""
    root = folder or settings().models
    newest_first = sorted((p.parent for p in root.glob("*/*/config.json")), key=by_version, reverse=True)
    models = sorted(newest_first, key=lambda m: m.parent.name)
    return tuple(
        Card(
            m.parent.name,
            m.name,
            _text(m / "model_card.md"),
            _json(m / "card.json"),
            _json(m / "fusions.json"),
            _json(m / "faithfulness.json"),
            read_structure(m),
        )
        for m in models
    )


def headline(card: Card) -> list[Figure]:
    """What a reader must see first, the most sobering first: hospitals never seen and what only this task asks and is harder
    than the usual figure, from the lowest; then the usual one, the rest and pairs of labels, and the simplest baseline."""
    test, away = card.test, (card.report.get("leave_publisher_out") or {}).get("all") or {}
    found = [_figure("away", "macro_auroc", away)] if _has(away) else []
    usual = [_figure("test", "macro_auroc", test)] if _has(test) else []
    limit = usual[0].figure["value"] if usual else 1.0
    counted = {"metrics": test.get("metrics")}  # of how many patients these are is not stored
    own = [_figure("extra", n, counted) for n in extras(test) if n.startswith("auroc") and _has(test, n)]
    harder = [f for f in own if f.figure["value"] < limit and "_vs_" not in f.metric]
    found = sorted([*found, *harder], key=lambda f: f.figure["value"]) + usual
    found += [f for f in own if f not in harder]
    baseline = test.get("baseline") or {}
    if _has(baseline):
        found.append(_figure("baseline", "macro_auroc", {**test, "metrics": baseline["metrics"]}))
    return found


def baseline_wins(card: Card) -> bool:
    """Whether the sceptic's baseline does at least as well as the model on the same rows."""
    model = (card.test.get("metrics") or {}).get("macro_auroc")
    baseline = ((card.test.get("baseline") or {}).get("metrics") or {}).get("macro_auroc")
    return bool(_whole(model) and _whole(baseline) and baseline["value"] >= model["value"])


def extras(test: Mapping) -> list[str]:
    """Metrics that only this task has, such as auroc_not_yet_in_icu."""
    labels = {
        n.removeprefix("sensitivity_") for n in test.get("metrics") or {} if n.startswith("sensitivity_")
    }
    usual = {p + k for p in PLAIN for k in labels} | {"macro_auroc", "accuracy"}
    return [n for n in test.get("metrics") or {} if n not in usual]


def metrics_of(card: Card) -> list[str]:
    """Names of the metrics that groups can be compared by, the overall one first."""
    names = list(card.test.get("metrics") or {})
    first = [n for n in ("macro_auroc", "accuracy") if n in names]
    return first + [n for n in names if n not in first and not n.startswith("auprc")]


def group_rows(card: Card, metric: str) -> Iterator[tuple[str, str, Mapping, Mapping | None]]:
    """(grouping, group, its counts, its figure or None where it has too few patients or one outcome) for every group."""
    for grouping in GROUPINGS:
        groups = card.test.get(grouping) or {}
        if set(groups) == {"unknown"}:
            continue
        for name, group in groups.items():
            enough = group.get("patients", 0) >= FEWEST_PATIENTS
            figure = (group.get("metrics") or {}).get(metric) if enough else None
            yield grouping, name, group, figure if _whole(figure) else None


def fairness(card: Card) -> list[dict]:
    """The widest gap of each grouping of patients whose intervals do not overlap, with its grouping."""
    found = []
    for grouping in ("by_sex", "by_age_band", "by_view", "by_source"):
        apart = gaps(card.test.get(grouping) or {})
        found += [{"grouping": grouping, **gap} for gap in apart[:1]]
    return found


def sized(card: Card) -> bool:
    """Whether any two groups of patients were large enough to be compared by sex or age at all."""
    return any(
        sum(
            g.get("patients", 0) >= FEWEST_PATIENTS
            for n, g in (card.test.get(k) or {}).items()
            if n != "unknown"
        )
        >= 2
        for k in ("by_sex", "by_age_band")
    )


def group_of_patient(
    card: Card, values: Mapping[str, float], modalities: str, view: str | None = None
) -> list[tuple[str, str, Mapping]]:
    """(grouping, group, its counts and metrics) of the groups that a patient belongs to, the narrowest first.

    Sex and age band together where both are known and enough such patients were tested, else the one of them that was tested
    enough; the view; then the set of modalities used (names joined by +).
    """
    sex = {0.0: "F", 1.0: "M"}.get(values.get("sex", -1.0), "unknown")
    band = age_band(values.get("age_years"))
    known = [p for p in (("by_sex", sex), ("by_age_band", band)) if p[1] != "unknown"]
    choices = [("by_sex_and_age", f"{sex} {band}"), *known] if len(known) == 2 else known
    asked = [next((p for p in choices if _judged(_counts(card, *p))), choices[0])] if choices else []
    asked += [("by_view", view)] if view and _counts(card, "by_view", view) else []
    return [(g, name, _counts(card, g, name)) for g, name in (*asked, ("by_modalities", modalities))]


def _counts(card: Card, grouping: str, name: str) -> Mapping:
    return (card.test.get(grouping) or {}).get(name) or {}


def _judged(group: Mapping) -> bool:
    return group.get("patients", 0) >= FEWEST_PATIENTS and _whole(
        (group.get("metrics") or {}).get("macro_auroc")
    )


def _figure(code: str, metric: str, part: Mapping) -> Figure:
    return Figure(code, metric, part["metrics"][metric], part.get("n", 0), part.get("patients", 0))


def _has(part: Mapping, metric: str = "macro_auroc") -> bool:
    return _whole((part.get("metrics") or {}).get(metric))


def _whole(figure: Mapping | None) -> bool:
    return bool(figure) and figure.get("low") is not None and figure["low"] == figure["low"]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

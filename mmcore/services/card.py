"""The model card as Markdown, every figure taken from the report that training and evaluation wrote."""

import json
from collections.abc import Mapping
from pathlib import Path

from mmcore.domain.task import Task
from mmcore.tasks import get_task


def write_card(folder: Path, result: Mapping) -> None:
    """Write card.json (the figures) and model_card.md (the words around them) into a model's folder."""
    (folder / "card.json").write_text(
        json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "model_card.md").write_text(card_text(result), encoding="utf-8")


def card_text(result: Mapping) -> str:
    """The card; sections whose figures are missing are left out."""
    task = get_task(result["task"])
    test, away = result["test"], result.get("leave_publisher_out")
    lines = [f"# Model card: {task.name} {test['model']['version']}", ""]
    if task.subset_metrics:
        lines += [_subset_headline(task, result), ""]
    elif away:
        lines += [_headline(away, test), ""]
    lines += [task.purpose, "", "## Figures on test patients of the same sources", ""]
    lines += [
        f"{test['n']} rows of {test['patients']} patients that neither trained nor calibrated the model.",
        "",
    ]
    lines += _table(
        {
            "all modalities": test["metrics"],
            f"baseline: {test['baseline'].get('name', 'none')}": test["baseline"].get("metrics", {}),
        }
    )
    lines += _calibration(test)
    lines += [
        "## By the modalities used",
        "",
        *_table({k: v["metrics"] for k, v in test["by_modalities"].items()}, counts=test["by_modalities"]),
    ]
    lines += [
        "## By source",
        "",
        *_table({k: v["metrics"] for k, v in test["by_source"].items()}, counts=test["by_source"]),
    ]
    if away:
        lines += ["## Publishers and hospitals never seen", ""]
        lines += [
            f"{away['folds']} groups of publishers, each scored by a model trained without it ({away['all']['n']} rows).",
            "",
        ]
        lines += _table(
            {k: v["metrics"] for k, v in away.items() if isinstance(v, Mapping) and "metrics" in v},
            counts=away,
        )
    if "cross_validation" in result:
        cross = result["cross_validation"]
        lines += [f"## {cross['folds']}-fold cross-validation by patient", ""]
        lines += [
            _survey(task.survey_accuracy, cross, away),
            "",
            *_table({"all modalities": cross["all"]["metrics"]}),
        ]
    if "shuffled_labels" in result:
        control = result["shuffled_labels"]["metrics"].get("macro_auroc")
        lines += [
            "## Control",
            "",
            f"Trained on shuffled labels the same model scores macro AUROC {_cell(control)}.",
            "",
        ]
    lines += ["## What to know", "", *(f"- {text}" for text in task.caveats), ""]
    return "\n".join(lines)


def _headline(away: Mapping, test: Mapping) -> str:
    here, there = test["metrics"].get("macro_auroc"), away["all"]["metrics"].get("macro_auroc")
    return (
        f"**On hospitals and publishers never seen: macro AUROC {_cell(there)}. On other patients of the hospitals it "
        f"was trained on: {_cell(here)}.** The difference is the hospital, not the disease."
    )


def _subset_headline(task: Task, result: Mapping) -> str:
    """The figure on the patients who matter, before the one on all; cross-validated where that was done, for more patients."""
    crossed = "cross_validation" in result
    found = result["cross_validation"]["all"]["metrics"] if crossed else result["test"]["metrics"]
    figures = ", ".join(f"{name} {_cell(found.get(name))}" for name in (*task.subset_metrics, "macro_auroc"))
    where = "Five-fold cross-validation by patient" if crossed else "Test patients"
    return f"**{where}: {figures}.** The first is the figure to read."


def _survey(reported: float | None, cross: Mapping, away: Mapping | None) -> str:
    if reported is None:
        return ""
    accuracy = cross["all"]["metrics"]["accuracy"]
    left = f"; on publishers never seen {_cell(away['all']['metrics']['accuracy'])}" if away else ""
    return (
        f"The survey this project starts from reports {100 * reported:.0f} % accuracy for such models. Accuracy here, by "
        f"patient: {_cell(accuracy)}{left}."
    )


def _calibration(test: Mapping) -> list[str]:
    found, expected = (
        test["calibration"]["expected_calibration_error"],
        test["calibration"]["expected_if_calibrated"],
    )
    sets = test["prediction_sets"]
    inside = "within" if expected["low"] <= found["value"] <= expected["high"] else "outside"
    return [
        f"Expected calibration error {_cell(found)}, {inside} the {expected['low']:.3f} to {expected['high']:.3f} of a "
        f"perfectly calibrated model; Brier score {_cell(test['calibration']['brier_score'])}. Prediction sets at "
        f"{100 * sets['confidence']:.0f} % hold the true label in {100 * sets['coverage']:.0f} % and {sets['mean_size']:.2f} "
        f"labels on average. Largest residual of an attribution {test['max_residual']:.4f} log-odds; "
        f"{100 * test['residual_over_0.01']:.2f} % are above 0.01.",
        "",
    ]


def _table(rows: Mapping[str, Mapping], counts: Mapping | None = None) -> list[str]:
    """Metrics as rows, one column for each entry."""
    names = [n for n in rows if rows[n]]
    metrics = list(dict.fromkeys(m for n in names for m in rows[n]))
    if not metrics:
        return ["Nothing could be scored.", ""]
    heads = [f"{n} (n={counts[n]['n']})" if counts and "n" in counts.get(n, {}) else n for n in names]
    out = ["| figure | " + " | ".join(heads) + " |", "|" + " --- |" * (len(names) + 1)]
    out += ["| " + " | ".join([m, *(_cell(rows[n].get(m)) for n in names)]) + " |" for m in metrics]
    return [*out, ""]


def _cell(figure: Mapping | None) -> str:
    if not figure:
        return "–"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"

"""The model card as Markdown, every figure taken from the report that training and evaluation wrote."""

import json
from collections.abc import Mapping
from pathlib import Path

from mmcore.cards.explanations import explanation_lines
from mmcore.cards.stream import stream_card
from mmcore.cards.tables import cell, table
from mmcore.domain.task import StreamTask, Task
from mmcore.stores.model_folders import model_directory
from mmcore.tasks import case_task, get_task


def write_card(folder: Path, result: Mapping) -> None:
    """Write card.json (the figures) and model_card.md (the words around them) into a model's folder.

    The speed is taken from the folder's bench.json, if `python -m mmcore bench --keep` has left one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "card.json").write_text(
        json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    if isinstance(get_task(result["task"]), StreamTask):
        text = stream_card(result)
    else:
        text = card_text(result, _kept(folder / "faithfulness.json"), _kept(folder / "bench.json"))
    (folder / "model_card.md").write_text(text, encoding="utf-8")


def _kept(path: Path) -> dict:
    """What an earlier command left beside the card, {} where it left nothing."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def refresh(folder: Path, test: Mapping) -> dict:
    """Put a new evaluation into a model's card; what training wrote beside it stays."""
    result = {"task": test["task"], "version": folder.name} | _kept(folder / "card.json") | {"test": test}
    write_card(folder, result)
    return result


def keep_bench(task: str, found: Mapping) -> None:
    """Keep what `bench` found beside the shipped model of a task and write its card anew."""
    folder = model_directory(task)
    (folder / "bench.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_card(folder, json.loads((folder / "card.json").read_text(encoding="utf-8")))


def card_text(result: Mapping, tested: Mapping | None = None, speed: Mapping | None = None) -> str:
    """The card; sections whose figures are missing are left out."""
    task = case_task(result["task"])
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
    lines += table(
        {
            "all modalities": test["metrics"],
            f"baseline: {test['baseline'].get('name', 'none')}": test["baseline"].get("metrics", {}),
        }
    )
    lines += _calibration(test) + _own_scales(result.get("set_scales") or {})
    lines += [
        "## By the modalities used",
        "",
        *table({k: v["metrics"] for k, v in test["by_modalities"].items()}, counts=test["by_modalities"]),
    ]
    lines += [
        "## By source",
        "",
        *table({k: v["metrics"] for k, v in test["by_source"].items()}, counts=test["by_source"]),
    ]
    lines += _unknown(test, result.get("cross_validation") or {})
    if away:
        lines += ["## Publishers and hospitals never seen", ""]
        lines += [
            f"{away['folds']} groups of publishers, each scored by a model trained without it ({away['all']['n']} rows).",
            "",
        ]
        lines += table(
            {k: v["metrics"] for k, v in away.items() if isinstance(v, Mapping) and "metrics" in v},
            counts=away,
        )
    if "cross_validation" in result:
        cross = result["cross_validation"]
        lines += [f"## {cross['folds']}-fold cross-validation by patient", ""]
        lines += [
            _survey(task.survey_accuracy, cross, away),
            "",
            *table({"all modalities": cross["all"]["metrics"]}),
        ]
    if "shuffled_labels" in result:
        control = result["shuffled_labels"]
        times = control.get("permutations", 1)
        lines += [
            "## Control",
            "",
            f"Trained on shuffled labels ({times} times; mean, smallest to largest where more than once) the same model scores "
            f"macro AUROC {cell(control['metrics'].get('macro_auroc'))}.",
            "",
        ]
    lines += explanation_lines(tested or {})
    lines += _speed(speed) if speed else []
    lines += ["## What to know", "", *(f"- {text}" for text in task.caveats), ""]
    return "\n".join(lines)


def _unknown(test: Mapping, cross: Mapping) -> list[str]:
    """How often each label is called where it is not known, on patients not met and in cross-validation."""
    of_all = (cross.get("all") or {}).get("called_where_unknown") or {}
    columns: dict[str, dict] = {}
    for where, found in (("", test.get("called_where_unknown") or {}), ("cross-validated, ", of_all)):
        for label, by_source in found.items():
            for source, figure in by_source.items():
                columns.setdefault(f"{where}{source} (n={figure['n']})", {})[label] = figure
    if not columns:
        return []
    return [
        "## Called where the answer is not known",
        "",
        "Share of patients whose answer is not known here and who reach the label's operating point (cross-validated: 0.5). Right "
        "and wrong calls cannot be told apart; of a rare disease nearly all are wrong.",
        "",
        *table(columns),
    ]


def _headline(away: Mapping, test: Mapping) -> str:
    here, there = test["metrics"].get("macro_auroc"), away["all"]["metrics"].get("macro_auroc")
    return (
        f"**On hospitals and publishers never seen: macro AUROC {cell(there)}. On other patients of the hospitals it "
        f"was trained on: {cell(here)}.** The difference is the hospital, not the disease."
    )


def _subset_headline(task: Task, result: Mapping) -> str:
    """The figure on the patients who matter, before the one on all; cross-validated where that was done, for more patients."""
    crossed = "cross_validation" in result
    found = result["cross_validation"]["all"]["metrics"] if crossed else result["test"]["metrics"]
    figures = ", ".join(f"{name} {cell(found.get(name))}" for name in (*task.subset_metrics, "macro_auroc"))
    where = "Five-fold cross-validation by patient" if crossed else "Test patients"
    return f"**{where}: {figures}.** The first is the figure to read."


def _survey(reported: float | None, cross: Mapping, away: Mapping | None) -> str:
    if reported is None:
        return ""
    accuracy = cross["all"]["metrics"]["accuracy"]
    left = f"; on publishers never seen {cell(away['all']['metrics']['accuracy'])}" if away else ""
    return (
        f"The survey this project starts from reports {100 * reported:.0f} % accuracy for such models. Accuracy here, by "
        f"patient: {cell(accuracy)}{left}."
    )


def _calibration(test: Mapping) -> list[str]:
    calibration = test["calibration"]
    found, expected = calibration["expected_calibration_error"], calibration["expected_if_calibrated"]
    inside = "within" if found["value"] <= expected["high"] else "outside"
    told = [
        f"Expected calibration error {cell(found)}, {inside} the {expected['low']:.3f} to {expected['high']:.3f} of a "
        f"perfectly calibrated model; Brier score {cell(calibration['brier_score'])}."
    ]
    if calibration.get("subsets_judged"):
        told.append(
            f"Of {calibration['subsets_judged']} sets of modalities with 50 rows or more, "
            f"{100 * calibration['share_within']:.0f} % are as close as a calibrated model would be."
        )
    return [" ".join([*told, *_sets(test["prediction_sets"]), *_selective(test), _residuals(test)]), ""]


def _sets(sets: Mapping) -> list[str]:
    if sets.get("coverage") is None:
        return []
    span = sets.get("interval")
    interval = f" ({100 * span['low']:.0f} to {100 * span['high']:.0f} %)" if span else ""
    told = [
        f"Prediction sets at {100 * sets['confidence']:.0f} % hold the truth in {100 * sets['coverage']:.0f} %{interval} and "
        f"{sets['mean_size']:.2f} answers on average."
    ]
    by_class = {k: g for k, g in (sets.get("by_class") or {}).items() if g.get("value") is not None}
    if by_class:
        told.append("By class: " + ", ".join(f"{k} {cell(g)}" for k, g in by_class.items()) + ".")
    return told


def _selective(test: Mapping) -> list[str]:
    found = test.get("selective_risk") or {}
    if not found.get("ratio"):
        return []
    return [
        f"The {100 * found['share']:.0f} % most certain cases err {cell(found['error_certain'])}, all "
        f"{cell(found['error_all'])}; ratio {cell(found['ratio'])}."
    ]


def _residuals(test: Mapping) -> str:
    if test.get("max_residual") is None:
        return ""
    return (
        f"Largest residual of an attribution {test['max_residual']:.4f} log-odds; "
        f"{100 * test['residual_over_0.01']:.2f} % are above 0.01."
    )


def _own_scales(found: Mapping) -> list[str]:
    """Sets of modalities whose evidence has a scale of its own, and why."""
    told = [
        f"- {names}: evidence x {own['scale']:.2f}; before, its calibration error on {own['rows']} calibration rows was "
        f"{own['calibration_error_before']:.3f}, above the {own['limit']:.3f} of a calibrated model."
        for names, own in found.items()
    ]
    return ["Sets of modalities with a scale of their own:", "", *told, ""] if told else []


def _speed(found: Mapping) -> list[str]:
    steps = ", ".join(f"{n} for the {m}" for m, n in found["steps"].items())
    return [
        "## Speed",
        "",
        f"One case with every modality, medians of interleaved runs on {found['threads']} threads, as multiples of one "
        f"forward pass ({found['forward_ms']:.0f} ms when measured): prediction with every attribution "
        f"{found['case_over_forward']} (gradient evaluations: {steps}), with the quick token method "
        f"{found['case_over_forward_quick']}, one value changed {found['what_if_over_forward']}. The same explanations by "
        f"captum and shap through the whole model take {found['naive_over_case']} times as long as ours.",
        "",
    ]

"""The model card as Markdown, every figure taken from the report that training and evaluation wrote."""

import json
from pathlib import Path

from mmcore.cards.report import Report, number, part, read_report
from mmcore.cards.stream import stream_card
from mmcore.cards.template import markdown
from mmcore.domain.task import CaseTask, StreamTask
from mmcore.stores.model_folders import model_directory
from mmcore.tasks import case_task, get_task


def write_card(folder: Path, result: Report) -> None:
    """Write card.json (the figures) and model_card.md (the words around them) into a model's folder.

    The speed is taken from the folder's bench.json, if `python -m mmcore bench --keep` has left one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "card.json").write_text(
        json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    if isinstance(get_task(str(result["task"])), StreamTask):
        text = stream_card(result)
    else:
        text = card_text(
            result, read_report(folder / "faithfulness.json"), read_report(folder / "bench.json")
        )
    (folder / "model_card.md").write_text(text, encoding="utf-8")


def refresh(folder: Path, test: Report) -> dict[str, object]:
    """Put a new evaluation into a model's card; what training wrote beside it stays."""
    found = read_report(folder / "card.json")
    result = {"task": test["task"], "version": folder.name, **found, "test": test}
    write_card(folder, result)
    return result


def keep_bench(task: str, found: Report) -> None:
    """Keep what `bench` found beside the shipped model of a task and write its card anew."""
    folder = model_directory(task)
    (folder / "bench.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_card(folder, read_report(folder / "card.json"))


def card_text(result: Report, tested: Report | None = None, speed: Report | None = None) -> str:
    """The card; sections whose figures are missing are left out."""
    task, test, cross = case_task(str(result["task"])), part(result, "test"), part(result, "cross_validation")
    return markdown(
        "case_model",
        task=task,
        test=test,
        away=part(result, "leave_publisher_out"),
        cross=cross,
        first=_first(task, part(cross, "all", "metrics") if cross else part(test, "metrics")),
        calibrated=_calibrated(part(test, "calibration")),
        by_class=_told(part(test, "prediction_sets", "by_class")),
        set_scales=part(result, "set_scales"),
        unknown=_unknown(test, cross),
        shuffled=part(result, "shuffled_labels"),
        tested=tested or {},
        speed=speed or {},
    )


def _first(task: CaseTask, metrics: Report) -> list[tuple[str, Report]]:
    """The figure on the patients who matter, before the one on all."""
    return [(name, part(metrics, name)) for name in (*task.subset_metrics, "macro_auroc")]


def _calibrated(calibration: Report) -> bool:
    """Whether the error is no larger than a perfectly calibrated model's might be."""
    found = number(part(calibration, "expected_calibration_error"), "value")
    return found <= number(part(calibration, "expected_if_calibrated"), "high")


def _told(by_class: Report) -> dict[str, Report]:
    return {n: part(by_class, n) for n in by_class if part(by_class, n).get("value") is not None}


def _unknown(test: Report, cross: Report) -> dict[str, dict[str, Report]]:
    """How often each label is called where it is not known, on patients not met and in cross-validation: column -> label -> share."""
    columns: dict[str, dict[str, Report]] = {}
    for where, report in (("", test), ("cross-validated, ", part(cross, "all"))):
        called = part(report, "called_where_unknown")
        for label in called:
            for source in part(called, label):
                share = part(called, label, source)
                columns.setdefault(f"{where}{source} (n={share['n']})", {})[label] = share
    return columns

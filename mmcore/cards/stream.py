"""The model card of a stream model as Markdown, every figure taken from the report that training and evaluation wrote."""

from collections.abc import Mapping

from mmcore.cards.tables import cell, table
from mmcore.tasks import get_task


def stream_card(result: Mapping) -> str:
    """The card; sections whose figures are missing are left out."""
    test, task = result["test"], get_task(result["task"])
    baseline = test["baseline"]
    lines = [f"# Model card: {task.name} {result['version']}", "", task.purpose, ""]
    lines += ["## Figures on patients held back", "", _rows(result), ""]
    lines += table(
        {
            "model": test["metrics"],
            f"baseline: {baseline['name']}": baseline["metrics"],
            f"baseline: {baseline['news2']['name']}": baseline["news2"]["metrics"],
        }
    )
    lines += [_calibration(test), ""]
    if "compared" in result and "recurrent" in result["compared"]:
        lines += _compared(result["compared"])
    if "cross_validation" in result:
        cross = result["cross_validation"]
        lines += [f"## {cross['folds']}-fold cross-validation by patient ({cross['all']['n']} stays)", ""]
        lines += table({"model": cross["all"]["metrics"]})
    if "alerts" in result:
        lines += _alerts(result["alerts"])
    for title, key in (("source and unit", "by_source"), ("sex", "by_sex"), ("age", "by_age_band")):
        lines += [f"## By {title}", ""]
        lines += table({k: v["metrics"] for k, v in test[key].items()}, counts=test[key])
    if "shuffled_labels" in result:
        lines += ["## Control: the same training on outcomes shuffled once", ""]
        lines += table({"must be near 0.5": result["shuffled_labels"]["metrics"]})
    lines += ["## What to know", "", *(f"- {text}" for text in task.caveats), ""]
    return "\n".join(lines)


def _rows(result: Mapping) -> str:
    split, deaths, test = result["split"], result["deaths"], result["test"]
    parts = ", ".join(f"{split[p]} stays ({deaths[p]} deaths) for {p}" for p in split)
    return (
        f"{parts}; patients are dealt by a hash of their key. {test['n']} stays are scored, the calls at hour "
        f"{test['hour']:g} with the threshold fixed on calibration patients."
    )


def _calibration(test: Mapping) -> str:
    found, expected = (
        test["calibration"][k] for k in ("expected_calibration_error", "expected_if_calibrated")
    )
    inside = "within" if expected["low"] <= found["value"] <= expected["high"] else "outside"
    return (
        f"Expected calibration error {cell(found)}, {inside} the {expected['low']:.3f} to {expected['high']:.3f} of a "
        f"perfectly calibrated model; Brier score {cell(test['calibration']['brier_score'])}. Largest residual of an "
        f"attribution {test['max_residual']:.1e} log-odds; {100 * test['residual_over_0.01']:.2f} % are above 0.01."
    )


def _compared(compared: Mapping) -> list[str]:
    lines = ["## Trees and a recurrent model on the same splits", ""]
    columns = {
        f"{model}, {part} patients": compared[model][part]["metrics"]
        for model in ("trees", "recurrent")
        for part in ("calibration", "test")
    }
    return [*lines, *table(columns)]


def _alerts(alerts: Mapping) -> list[str]:
    lines = ["## What alerts would do", ""]
    lines += [
        f"Hourly looks at {alerts['n']} {alerts['patients']} patients over two days; an alert after two hours above the "
        "threshold, another only once the risk has been clearly below.",
        "",
        "| threshold | sensitivity | precision | alerts per 100 patient-days |",
        "| --- | --- | --- | --- |",
    ]
    for row in alerts["table"]:
        figures = [row["sensitivity"], row["precision"]]
        cells = ["–" if f is None else f"{f:.2f}" for f in figures]
        lines.append(
            f"| {row['threshold']:.2f} | {cells[0]} | {cells[1]} | {row['alerts_per_100_patient_days']:.1f} |"
        )
    return [*lines, ""]

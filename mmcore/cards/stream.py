"""The model card of a stream model as Markdown, every figure taken from the report that training and evaluation wrote."""

from mmcore.cards.report import Report, number, part
from mmcore.cards.template import markdown
from mmcore.tasks import get_task


def stream_card(result: Report) -> str:
    """The card; sections whose figures are missing are left out."""
    test, compared = part(result, "test"), part(result, "compared")
    return markdown(
        "stream_model",
        task=get_task(str(result["task"])),
        result=result,
        test=test,
        calibrated=_within(part(test, "calibration")),
        compared=_compared(compared) if "recurrent" in compared else {},
    )


def _within(calibration: Report) -> bool:
    expected = part(calibration, "expected_if_calibrated")
    found = number(part(calibration, "expected_calibration_error"), "value")
    return number(expected, "low") <= found <= number(expected, "high")


def _compared(compared: Report) -> dict[str, Report]:
    return {
        f"{model}, {rows} patients": part(compared, model, rows, "metrics")
        for model in ("trees", "recurrent")
        for rows in ("calibration", "test")
    }

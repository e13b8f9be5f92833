"""The response that the Royal College of Physicians asks for at a National Early Warning Score 2 (2017)."""

from mmcore.domain.guideline import APPLIES, NOT_KNOWN, Advice, Facts, Guideline
from mmcore.domain.task import Field
from mmcore.guidelines.facts import CONSCIOUSNESS, RESPIRATORY_RATE, SYSTOLIC
from mmcore.guidelines.news2 import SIGNS, News2, news2


def news2_response(facts: Facts) -> tuple[Advice, ...]:
    """The row of chart 2 of the report. Unknown signs can only add points, so an emergency stands without them."""
    score = news2(facts)
    missing = score.unknown
    used = {sign: facts[sign] for sign, points in score.points.items() if points > 0}
    values = {"total": score.total, "known": len(score.points), "of": len(SIGNS)}
    row = _row(score)
    if missing and row in ("none", "low"):
        return (Advice("news2", "score", NOT_KNOWN, used, missing, values),)
    return (Advice("news2", row, APPLIES, used, missing, values),)


def _row(score: News2) -> str:
    if score.response != "routine":
        return score.response
    return "low" if score.total else "none"


GUIDELINES = (
    Guideline(
        "news2",
        news2_response,
        tasks={"chest_infection": 2, "chest_severity": 1, "icu_mortality": 1},
        asks=(
            RESPIRATORY_RATE,
            Field("oxygen_given", kind="flag"),
            SYSTOLIC,
            Field("heart_rate_per_min", "/min", plausible=(10, 300), reference=(60, 100)),
            CONSCIOUSNESS,
        ),
        reads=("oxygen_saturation_percent", "temperature_celsius"),
    ),
)

"""Facts that several guidelines ask for, so that each is asked for once and within one range."""

from mmcore.domain.task import Field

RESPIRATORY_RATE = Field("respiratory_rate_per_min", "/min", plausible=(2, 80), reference=(12, 20))
CONSCIOUSNESS = Field(
    "consciousness",
    kind="choice",
    plausible=(0, 4),
    choices=("alert", "new_confusion", "voice", "pain", "unresponsive"),
)
SYSTOLIC = Field("systolic_pressure_mmhg", "mmHg", plausible=(40, 300), reference=(90, 140))

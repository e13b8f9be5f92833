"""Facts that several guidelines ask for, so that each is asked for once and within one range."""

from mmcore.domain.task import Field

RESPIRATORY_RATE = Field("respiratory_rate_per_min", "/min", plausible=(2, 80), reference=(12, 20))
SYSTOLIC = Field("systolic_mmhg", "mmHg", plausible=(40, 300), reference=(90, 140))

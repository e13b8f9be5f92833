"""All that the screen shows of a case."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmcore.domain.case import Case
from mmcore.domain.notice import Notice
from mmcore.domain.prediction import Attribution, Prediction


@dataclass(frozen=True)
class Review:
    """All that the screen shows of a case, see Prediction and Attribution. Spans are character ranges of `note_text`."""

    case: Case
    prediction: Prediction
    attributions: tuple[Attribution, ...]
    failed: tuple[Notice, ...]
    note_text: str | None
    masked_spans: tuple[tuple[int, int, str], ...]
    negated_spans: tuple[tuple[int, int], ...]
    lung_outline: np.ndarray | None
    identified: Mapping[str, bool]
    gates: tuple[Notice, ...]
    operating_point: Mapping[str, float]
    default_prior: Mapping[str, float]
    scales: Mapping[str, float]

"""What is asked of an explanation method, and the role that each file of `methods` fills."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.memory import Memory
from mmcore.domain.notice import Notice
from mmcore.domain.prediction import Attribution, Prediction
from mmcore.domain.task import Modality
from mmcore.prediction.encode import Encodings
from mmcore.prediction.engine import Engine

Found = TypeVar("Found")


@dataclass(frozen=True)
class Wanted:
    """One modality's evidence to be spread: its total and constant for the contrast and the factor of its raw scores."""

    prediction: Prediction
    modality: Modality
    total: float
    constant: float
    factor: float


class Explainer(Protocol):
    """A way to spread the evidence of some modalities over their parts.

    name: that of its Attribution, by which a caller asks for it and the text tables call it. default: whether it explains its
    modalities where no other is asked for; one method of each modality does.
    """

    @property
    def name(self) -> str: ...

    @property
    def modalities(self) -> tuple[Modality, ...]: ...

    @property
    def default(self) -> bool: ...

    def attribute(self, engine: Engine, encodings: Encodings, wanted: Wanted, memory: Memory) -> Attribution:
        """The attribution of `wanted.modality`; what took long may be kept in `memory` under a key that names its content."""


def given(found: Found | None, modality: Modality) -> Found:
    """What a case, its prediction or its model holds of a modality. Raises NothingToPredictError where that is nothing."""
    if found is None:
        raise NothingToPredictError("nothing_to_predict", reasons=[Notice("missing", {}, modality.value)])
    return found

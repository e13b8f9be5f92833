"""A field as a model was taught it, as its configuration holds it."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from mmcore.domain.evidence import Curve
from mmcore.domain.model_facts import Json


class FieldFacts(TypedDict):
    """A field as the model was taught it. background: centroids of 20 patients or more. identified: whether the data can teach it,
    and for which labels; sources: those that have it; taught_by: the only source that does. curve: what others found out, as a
    Curve of its own names.
    """

    name: str
    knots: Sequence[float]
    background: Sequence[float]
    identified: bool
    identified_labels: NotRequired[Sequence[str]]
    sources: Sequence[str]
    taught_by: NotRequired[str | None]
    curve: NotRequired[Mapping[str, Json] | None]


def curve_of(facts: FieldFacts) -> Curve | None:
    """The curve of a field, None where these patients taught it or nobody did."""
    stored: Any = facts.get("curve")
    if not stored:
        return None
    nodes, log_odds = tuple(stored["nodes"]), tuple(tuple(row) for row in stored["log_odds"])
    return Curve(**{**stored, "nodes": nodes, "log_odds": log_odds})

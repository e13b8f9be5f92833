"""What a value says and who found it out: a curve a field, and the settings with their pre-test probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """Evidence of one field: log_odds (N, K) at nodes (N,) in the field's unit, linear between them and held beyond the ends.

    group: the dependent fields it is discounted with, "" for none. taught_by: own_patients, other_study or published; source:
    who, how many, where and when, for the screen.
    """

    nodes: tuple[float, ...]
    log_odds: tuple[tuple[float, ...], ...]
    group: str = ""
    taught_by: str = "published"
    source: str = ""


@dataclass(frozen=True)
class Setting:
    """Where a patient is seen: label -> pre-test probability, and the source of the figures."""

    name: str
    shares: Mapping[str, float]
    source: str

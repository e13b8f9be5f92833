"""What a published guideline says of a patient, and on which facts that rests; no model takes part."""

from collections.abc import Mapping
from dataclasses import dataclass, field

APPLIES, NOT_KNOWN, NOT_FOR = "applies", "not_known", "not_for"


@dataclass(frozen=True)
class Advice:
    """One row of a guideline.

    status: APPLIES, NOT_KNOWN (`missing` names the facts that decide) or NOT_FOR (the guideline excludes this patient).
    row names the sentence in the text tables, `values` fill it; facts: fact -> value that triggered it.
    """

    guideline: str
    row: str
    status: str = APPLIES
    facts: Mapping[str, float] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)

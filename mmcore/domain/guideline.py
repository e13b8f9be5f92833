"""What a published guideline says of a patient, and on which facts that rests; no model takes part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mmcore.domain.task import Field

APPLIES, NOT_KNOWN, NOT_FOR = "applies", "not_known", "not_for"

Facts = Mapping[str, float]  # fact -> its value, in the unit that the name ends in


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


@dataclass(frozen=True)
class Guideline:
    """A rule, and where it is applied; name, source and edition are in the text tables.

    tasks: clinical question -> place among the guidelines shown for it, the lowest first. asks: facts that the clinician is
    asked for where no field of the task holds them, kept with nothing; reads: facts that only the case can give.
    """

    name: str
    rule: Callable[[Facts], tuple[Advice, ...]]
    tasks: Mapping[str, int]
    asks: tuple[Field, ...] = ()
    reads: tuple[str, ...] = ()

"""Something the reader must be told, to be put into words from the tables of sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Notice:
    """A code for the text table, the values that fill it, and the input it concerns."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    modality: str = ""

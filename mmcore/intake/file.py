"""A file from outside as it came, and what reads one of its kind."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from mmcore.domain.task import CaseTask
from mmcore.intake.code_streams import kind_of
from mmcore.intake.facts import Facts
from mmcore.intake.note.plain_text import beginning

Place = tuple[float, float, int | None]
"""Row and column in pixels and the slice from 0, None for the middle one."""


@dataclass(frozen=True)
class File:
    """A file as given; `expected` is scan, ecg, note or vitals where the user said so, "": the content decides.

    place: row, column and slice of the nodule that the user marked on a CT.
    """

    name: str
    data: bytes
    expected: str = ""
    place: Place | None = None

    @cached_property
    def kind(self) -> str:
        """What the first bytes claim, see kind_of; found once."""
        return kind_of(self.data)

    @cached_property
    def head(self) -> str:
        """How a text begins; "" of what is none."""
        return beginning(self.data) if self.kind == "text" else ""

    @property
    def ending(self) -> str:
        """Of the name, in small letters, without the dot."""
        return self.name.rpartition(".")[2].lower()


def any_task(_: CaseTask) -> bool:
    """A format that may be read for every task."""
    return True


@dataclass(frozen=True)
class Reader:
    """One format. name: of its file in the folder; gives: scan, ecg, note or vitals.

    can_read: whether a file is of this format, by its content. read: (facts, payload) of the bytes, in the child process; it
    is asked with `salt` for a scan or an ECG, with `known` headings and `salt` for vitals. claims: endings of names and
    kinds that are meant as what it gives even where it cannot read them. suits: for which tasks it is asked at all. volume:
    reads slices of Hounsfield units. last: what a text is if nothing else is known of it.
    """

    name: str
    gives: str
    can_read: Callable[[File, CaseTask], bool]
    read: Callable[..., tuple[Facts, bytes]]
    claims: tuple[str, ...] = ()
    suits: Callable[[CaseTask], bool] = any_task
    volume: bool = False
    last: bool = False


@dataclass(frozen=True)
class Recognised:
    """What a file is meant as: scan, ecg, note, vitals or unknown; and what reads it, None where nothing can."""

    gives: str
    reader: Reader | None = None

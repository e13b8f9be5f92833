"""The formats in which files come, one a file of this folder; found by listing, so that one more is one file."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mmcore.domain.task import CaseTask
from mmcore.intake.file import File, Reader, Recognised


@cache
def readers() -> tuple[Reader, ...]:
    """The READER of every module of this folder, in the order of their names, the last resort at the end."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    return tuple(sorted((m.READER for m in modules), key=lambda r: (r.last, r.name)))


def recognised(file: File, task: CaseTask) -> Recognised:
    """What a file is, by content; the name's ending decides only where the content is silent.

    Text that calls itself a picture counts as a scan that nothing reads, so that it is refused as one and not taken for a note.
    """
    rivals = _rivals(file, task)
    able = next((r for r in rivals if r.can_read(file, task)), None)
    meant = _named(file, rivals)
    if able is None or (able.last and meant not in ("unknown", able.gives)):
        return Recognised(meant)
    return Recognised(able.gives, able)


def _rivals(file: File, task: CaseTask) -> list[Reader]:
    """What may read a file: for this task, and as the user says."""
    return [r for r in readers() if file.expected in ("", r.gives) and r.suits(task)]


def _named(file: File, rivals: list[Reader]) -> str:
    """What a file says that it is, by the user's word, its first bytes or its name."""
    claimed = (r.gives for r in rivals if {file.kind, file.ending} & set(r.claims))
    return file.expected or next(claimed, "unknown")

"""What published guidelines say of a patient, no model takes part; found by listing this folder, so that one more is one file."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mmcore.domain.guideline import Guideline


@cache
def guidelines() -> dict[str, Guideline]:
    """name -> Guideline, for every module of this folder that defines GUIDELINES."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    return {g.name: g for m in modules if hasattr(m, "GUIDELINES") for g in m.GUIDELINES}


def of_task(task: str) -> list[Guideline]:
    """The guidelines of a clinical question in the order in which they are shown."""
    return sorted((g for g in guidelines().values() if task in g.tasks), key=lambda g: g.tasks[task])

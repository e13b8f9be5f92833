"""One explanation method a file; found by listing this folder, so that adding a method is adding a file."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mmcore.domain.task import Modality
from mmcore.explain.explainer import Explainer


@cache
def explainers() -> tuple[Explainer, ...]:
    """The EXPLAINER of every module of this folder that defines one."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    return tuple(m.EXPLAINER for m in modules if hasattr(m, "EXPLAINER"))


def explainer_of(modality: Modality, asked: str) -> Explainer:
    """The method called `asked` where it explains this modality, else the modality's default."""
    able = [e for e in explainers() if modality in e.modalities]
    return min(able, key=lambda e: (e.name != asked, not e.default))

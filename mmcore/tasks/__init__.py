"""One clinical question a file; found by listing this folder, so that adding a task is adding a file."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mmcore.domain.errors import UnknownTaskError
from mmcore.domain.task import CaseTask, StreamTask, Task


@cache
def all_tasks() -> dict[str, Task]:
    """name -> Task, for every module of this folder that defines TASK."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    return {m.TASK.name: m.TASK for m in modules if hasattr(m, "TASK")}


def case_tasks() -> dict[str, CaseTask]:
    """The tasks whose cases are reviewed one by one, rather than watched over time."""
    return {name: task for name, task in all_tasks().items() if isinstance(task, CaseTask)}


def stream_tasks() -> dict[str, StreamTask]:
    """The tasks whose stays are watched over time."""
    return {name: task for name, task in all_tasks().items() if isinstance(task, StreamTask)}


def get_task(name: str) -> Task:
    """The task of that name. Raises UnknownTaskError naming the ones that exist."""
    if name not in all_tasks():
        raise UnknownTaskError("unknown_task", name=name, known=", ".join(sorted(all_tasks())))
    return all_tasks()[name]


def case_task(name: str) -> CaseTask:
    """The task of that name, whose cases are reviewed one by one. Raises UnknownTaskError."""
    task = get_task(name)
    if not isinstance(task, CaseTask):
        raise UnknownTaskError("stream_is_not_a_case", task=name)
    return task


def stream_task(name: str) -> StreamTask:
    """The task of that name, whose stays are watched over time. Raises UnknownTaskError."""
    task = get_task(name)
    if not isinstance(task, StreamTask):
        raise UnknownTaskError("task_without_stream", task=name)
    return task

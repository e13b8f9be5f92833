"""Which rows of published guidelines apply to a patient: from the case's values and what the clinician adds, never from a model."""

from mmcore.domain.guideline import Advice, Facts
from mmcore.domain.task import CaseTask, Field
from mmcore.guidelines import guidelines, of_task

SAME = {  # what a task calls a fact -> what guidelines call it
    "NISysABP": "systolic_pressure_mmhg",
    "NIDiasABP": "diastolic_pressure_mmhg",
}


def next_steps(task: CaseTask, values: Facts, added: Facts | None = None) -> tuple[Advice, ...]:
    """Every row that applies, that cannot be applied for want of a fact, or that excludes the patient; by guideline.

    values: the case's own, in the units of the task's fields; added: facts of `askable` that the clinician states.
    """
    facts = {SAME.get(name, name): value for name, value in values.items()} | dict(added or {})
    return tuple(advice for guideline in of_task(task.name) for advice in guideline.rule(facts))


def facts_to_ask(task: CaseTask, values: Facts) -> tuple[Field, ...]:
    """The facts that the task's guidelines may need and no field of the task holds."""
    given = {SAME.get(name, name) for name in values} | {SAME.get(f.name, f.name) for f in task.fields}
    wanted = {f.name: f for guideline in of_task(task.name) for f in guideline.asks}
    return tuple(f for name, f in wanted.items() if name not in given)


def askable() -> dict[str, Field]:
    """name -> field of every fact that any guideline asks a clinician for."""
    return {f.name: f for guideline in guidelines().values() for f in guideline.asks}

"""The second question of a case: the same patient's values as a case of the task's companion, answered by a model of its own."""

from mmcore.domain.case import Case
from mmcore.domain.task import CaseTask, Modality


def second_case(task: CaseTask, case: Case) -> Case | None:
    """The companion's case: its values and nothing else; None without a companion, or where no value is its own.

    Values that both questions ask for (age, sex) do not ask the second one by themselves.
    """
    if task.companion is None or not any(f.name in case.values for f in task.second_fields):
        return None
    asked = {f.name for f in task.companion.fields}
    values = {k: v for k, v in case.values.items() if k in asked}
    return Case(task.companion.name, values=values, left_out=case.left_out & {Modality.CLINICAL})

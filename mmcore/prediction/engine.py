"""A task and its model in memory."""

from dataclasses import dataclass
from functools import cached_property

from threadpoolctl import threadpool_limits

from mmcore.domain.model_facts import ModelFacts
from mmcore.domain.task import CaseTask
from mmcore.metrics.conformal import Rounds, fit_rounds
from mmcore.stores.model_folders import model_directory
from mmcore.stores.model_store import StoredModel, load_model
from mmcore.tasks import case_task


@dataclass(frozen=True)
class Engine:
    """A task and its model in memory; holds nothing of any patient."""

    task: CaseTask
    stored: StoredModel

    @property
    def taught(self) -> dict[str, bool]:
        """field -> whether the training data could teach it; one that they could not is shown and adds 0."""
        return {f["name"]: f["identified"] for f in self.stored.model.config.fields}

    @cached_property
    def facts(self) -> ModelFacts:
        """What training stored with the model."""
        return ModelFacts.of_json(self.stored.model.config.facts)

    @cached_property
    def rounds(self) -> Rounds:
        """The conformal scores, ready to be compared with."""
        return fit_rounds(self.facts.conformal.scores)


def load_engine(task_name: str) -> Engine:
    """The newest shipped model of a task, verified. Raises UnknownTaskError, ModelNotTrainedError, ModelFileError."""
    task = case_task(task_name)
    # numpy's products here are small; its threads would wait for torch's on the same cores
    threadpool_limits(limits=1, user_api="blas")
    return Engine(task, load_model(model_directory(task.name), task.name))

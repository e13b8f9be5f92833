"""Pre-test probabilities as they are stated on the command line: --prior LABEL=P."""

from collections.abc import Sequence

from mmcore.domain.errors import OutOfRangeError, UnknownFieldError
from mmcore.domain.task import Task


def stated_priors(stated: Sequence[str], task: Task) -> dict[str, float] | None:
    """label -> P of each LABEL=P; None where nothing is stated.

    Raises UnknownFieldError for a label that the task lacks, OutOfRangeError for a P outside (0, 1) and where exclusive
    labels exceed 1 together.
    """
    prior: dict[str, float] = {}
    for item in stated:
        label, _, text = item.partition("=")
        if label not in task.labels:
            raise UnknownFieldError("prior_label_unknown", value=label, known=", ".join(task.labels))
        try:
            prior[label] = float(text)
        except ValueError:
            raise OutOfRangeError("prior_out_of_range", label=label, value=text) from None
        if not 0 < prior[label] < 1:
            raise OutOfRangeError("prior_out_of_range", label=label, value=text)
    if task.exclusive and sum(prior.values()) > 1 + 1e-9:
        raise OutOfRangeError("priors_above_one", value=f"{sum(prior.values()):g}")
    return prior or None

"""Teaches fields that one source alone can teach, on its patients, with all other fields counted as they are already."""

import numpy as np
import torch
import torch.nn.functional as F

from mmcore.models.encoded import Encoded
from mmcore.models.fusion import FusionModel


def fit_further_fields(model: FusionModel, data: Encoded, fields: np.ndarray, penalty: float) -> None:
    """Fit the clinical weights of the `fields` (F,) bool by logistic regression on rows with outcomes, those of others fixed.

    So what both know counts once. The rows' own share of each label goes into intercepts that are thrown away: these
    patients teach differences between values, not how common the outcome is elsewhere.
    """
    head = model.clinical_head
    columns = torch.tensor(np.asarray(fields)[head.columns])
    if not columns.any() or not len(data.keys):
        return
    values = torch.tensor(data.inputs["clinical"], dtype=torch.float32)
    outcomes = torch.tensor(data.outcomes, dtype=torch.float32)
    start = head.weight.detach().clone()
    free = torch.zeros_like(start, requires_grad=True)
    intercept = torch.zeros(start.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([free, intercept], max_iter=200, line_search_fn="strong_wolfe")

    def weight() -> torch.Tensor:
        return torch.where(columns[:, None], free, start)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        logits = head.of_weight(weight(), values).sum(1) + intercept
        if model.config.exclusive:
            loss = F.cross_entropy(logits, outcomes.argmax(1))
        else:
            loss = F.binary_cross_entropy_with_logits(logits, outcomes)
        loss = loss + penalty * free.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    with torch.no_grad():
        head.weight.copy_(weight())

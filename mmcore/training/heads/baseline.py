"""The sceptic's baseline: a logistic regression on the few fields that anybody would look at first."""

from collections.abc import Sequence

import numpy as np

from mmcore.cases.pack_rows import outcomes_of
from mmcore.domain.model_facts import Baseline
from mmcore.domain.pack import PackRow
from mmcore.domain.task import CaseTask


def fit_baseline(task: CaseTask, rows: Sequence[PackRow]) -> Baseline | None:
    """The sceptic's logistic regression on task.baseline, missing values at their mean; None where it cannot be fitted.

    It may use what the model may not, such as a field that one source alone has: a sceptic would.
    """
    values = np.array([[r.values.get(name, np.nan) for name in task.baseline] for r in rows])
    known = ~np.isnan(values).all(1)
    known &= ~np.isnan(outcomes_of(task, rows)).any(1) if task.exclusive else True
    if not task.baseline or known.sum() < 20:
        return None
    values = values[known]
    mean, spread = np.nanmean(values, 0), np.nanstd(values, 0) + 1e-6
    filled = (np.where(np.isnan(values), mean, values) - mean) / spread
    fit = _exclusive_baseline if task.exclusive else _independent_baseline
    weights, intercepts = fit(filled, outcomes_of(task, rows)[known])
    return Baseline(task.baseline, mean.tolist(), spread.tolist(), weights.tolist(), intercepts.tolist())


def _exclusive_baseline(x: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(weights (K, F), intercepts (K,)) of one regression over all labels; a label without rows is never called."""
    from sklearn.linear_model import LogisticRegression

    weights, intercepts = np.zeros((outcomes.shape[1], x.shape[1])), np.full(outcomes.shape[1], -30.0)
    fitted = LogisticRegression(class_weight="balanced").fit(x, outcomes.argmax(1))
    if len(fitted.classes_) == 2:
        weights[fitted.classes_[1]] = fitted.coef_[0]
        intercepts[fitted.classes_] = [0.0, fitted.intercept_[0]]
    else:
        weights[fitted.classes_], intercepts[fitted.classes_] = fitted.coef_, fitted.intercept_
    return weights, intercepts


def _independent_baseline(x: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same, a regression for each label on the rows where it is known; 0 where a label occurs one way only."""
    from sklearn.linear_model import LogisticRegression

    weights, intercepts = np.zeros((outcomes.shape[1], x.shape[1])), np.zeros(outcomes.shape[1])
    for k in range(outcomes.shape[1]):
        known = ~np.isnan(outcomes[:, k])
        if len(np.unique(outcomes[known, k])) == 2:
            fitted = LogisticRegression(class_weight="balanced").fit(x[known], outcomes[known, k])
            weights[k], intercepts[k] = fitted.coef_[0], fitted.intercept_[0]
    return weights, intercepts

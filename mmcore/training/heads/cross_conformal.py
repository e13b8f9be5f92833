"""What rests on the patients of all folds, each scored without its patient: set scales, operating points, prediction sets."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from mmcore.domain.model_facts import ModelFacts
from mmcore.domain.task import CaseTask
from mmcore.metrics.conformal import conformalize
from mmcore.models.fusion import FusionModel
from mmcore.training.heads.calibrate import operating_points, probabilities_of, scale_sets


def settle_on_folds(
    model: FusionModel, task: CaseTask, evidence: np.ndarray, outcomes: np.ndarray, patients: Sequence[str]
) -> None:
    """Store scales of single sets of modalities, operating points and conformal scores, found on many more patients than those
    set aside for calibration.

    evidence (N, M, K): raw, of models that have not seen the row's patient, NaN where absent; it passes through this model's
    own calibration, as a new patient's does (cross-conformal prediction: Vovk 2015). outcomes (N, K) in {0, 1, NaN}. Rows must
    not be of test patients. A joint fusion has no evidence of its own to pass through and stays as it is.
    """
    if model.joint is not None:
        return
    facts, here = ModelFacts.of_json(model.config.facts), ~np.isnan(evidence).all(2)
    some = here.any(1) & ~np.isnan(outcomes).all(1)
    evidence, outcomes, who, here = evidence[some], outcomes[some], np.asarray(patients)[some], here[some]
    shares = np.array([facts.label_share[k] for k in task.labels])
    scales = scale_sets(model, evidence, outcomes, who, shares)
    with torch.no_grad():
        raw = torch.tensor(np.nan_to_num(evidence), dtype=torch.float32)
        logits = model.prior + model.calibrated(raw, torch.tensor(here)).sum(1)
    stated = probabilities_of(logits, task.exclusive)
    scores = conformalize(task.labels, stated, outcomes, who, task.exclusive)
    model.config.facts = replace(
        facts,
        set_scales=scales,
        operating_point=dict(zip(task.labels, operating_points(stated, outcomes), strict=True)),
        conformal=replace(facts.conformal, scores=scores),
    ).as_json()

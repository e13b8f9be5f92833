"""Where a stream's risk comes from: exact Shapley values of the features, laid on the parameters and hours they came from."""

import numpy as np

from mmcore.domain.stream import Stay, StreamAttribution
from mmcore.domain.task import StreamTask
from mmcore.models.stream_model import StreamModel
from mmcore.preprocess.stream_features import STAY, snapshot

METHOD = "tree_shap"
BASELINE = "trees_own_training_rows"


def attribute(model: StreamModel, task: StreamTask, stay: Stay, minute: float) -> StreamAttribution:
    """The evidence at a minute over parameters (rows, the last being the stay as a whole) and hours since admission.

    A feature's value goes in equal parts to the measurements it was made of (the smallest to the hour it was measured, a mean
    to all it was taken over); a feature of what was never measured goes to its parameter in the present hour.
    """
    row, origins = snapshot(stay, task, model.features, minute)
    values, constant = model.account(row, minute)
    rows = (*model.fields, STAY)
    hours = int(minute // 60) + 1
    laid = np.zeros((len(rows), hours))
    places = {name: i for i, name in enumerate(rows)}
    for value, (parameter, sources) in zip(values, origins, strict=True):
        if value == 0:
            continue
        if not len(sources):
            laid[places[parameter], hours - 1] += value
            continue
        onto = places[STAY] if parameter == STAY else stay.parameters[sources]
        np.add.at(laid, (onto, (stay.minutes[sources] // 60).astype(int)), value / len(sources))
    total = float(model.logits(row[None], [minute])[0] - model.prior)
    return StreamAttribution(minute, METHOD, BASELINE, rows, laid, total, constant)

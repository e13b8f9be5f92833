"""From a case to its account: the prediction, the evidence of each modality and the attributions that sum to it."""

from collections.abc import Mapping

from mmcore.domain.case import Case
from mmcore.domain.memory import Memory
from mmcore.domain.prediction import Contrast
from mmcore.domain.review import Review
from mmcore.explain.attribute import attribute_all
from mmcore.explain.methods.integrated_gradients import NAME as EXACT
from mmcore.prediction.encode import encode
from mmcore.prediction.engine import Engine
from mmcore.prediction.predict import predict
from mmcore.preprocess.text import negations


def review(
    engine: Engine,
    case: Case,
    *,
    prior: Mapping[str, float] | None = None,
    contrast: Contrast | None = None,
    memory: Memory | None = None,
    tokens: str = EXACT,
) -> Review:
    """The account of a case. `memory` keeps encodings and attributions by content, so that a changed prior computes nothing.

    prior: label -> probability, unknown labels share the rest. Raises NothingToPredictError if no modality can be used.
    """
    memory = {} if memory is None else memory
    encodings = encode(engine, case, memory)
    prediction = predict(engine, case, encodings, prior, contrast)
    attributions, failed = attribute_all(engine, prediction, encodings, memory, tokens)
    text_in = encodings.text_in
    return Review(
        case=case,
        prediction=prediction,
        attributions=attributions,
        failed=failed,
        note_text=text_in.note if text_in else case.note,
        masked_spans=tuple((s.start, s.end, s.category) for s in text_in.masked.spans) if text_in else (),
        negated_spans=tuple((n.start, n.end) for n in negations(text_in.note)) if text_in else (),
        lung_outline=encodings.image_in.lungs if encodings.image_in else None,
        identified=engine.taught,
        gates=encodings.gates,
        operating_point=engine.facts.operating_point,
        default_prior=engine.facts.label_share,
        scales=dict(zip(engine.stored.model.modalities, engine.stored.model.scale.tolist(), strict=True)),
    )

"""Trains a task's model on a pack from pictures, notes and values to a stored, calibrated, evaluated model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
import torch

from mmcore.domain.model_facts import Conformal, Json, ModelFacts
from mmcore.domain.pack import PackRow
from mmcore.domain.patient_marks import patient_mark
from mmcore.domain.task import CaseTask
from mmcore.gates.ecg import fit_familiar_ecg
from mmcore.metrics.conformal import conformalize
from mmcore.metrics.ood import fit_familiar
from mmcore.models.encoded import Encoded
from mmcore.models.encoders import mask_pooled
from mmcore.models.field_facts import FieldFacts
from mmcore.models.fusion import FusionConfig, FusionModel
from mmcore.tasks.evidence_table import curves_of
from mmcore.training.encoders import Encoders
from mmcore.training.heads.background import background_rows, centroids, identified
from mmcore.training.heads.baseline import fit_baseline
from mmcore.training.heads.calibrate import (
    calibrate,
    held_out,
    label_shares,
    operating_points,
    probabilities_of,
    raw_evidence,
    scale_sets,
)
from mmcore.training.heads.fit import fit_heads, start_heads, tensors
from mmcore.training.heads.further_fields import fit_further_fields
from mmcore.training.heads.teachers import Reports, teaching_outcomes, teaching_values
from mmcore.training.recipe import TrainingSettings
from mmcore.training.splits import split_patients
from mmcore.training.text.encoder import TextModel
from mmcore.training.text.report_reader import head_of_reports

FURTHER_PENALTY = (
    0.01  # of weights that one table alone teaches; by cross-validation on the lung task's UK nodules
)


def assemble(
    task: CaseTask, rows: Sequence[PackRow], encoders: Encoders, settings: TrainingSettings
) -> FusionModel:
    """An untrained fusion model around the encoders, its clinical background taken from the given (training) rows."""
    values = teaching_values(task, rows)
    patients = np.array([r.patient for r in rows])
    sources = np.array([r.source for r in rows])
    outcomes = teaching_outcomes(task, rows)
    taught, where = identified(values, outcomes, patients, sources, settings.fewest, task.exclusive)
    curves = curves_of(task)
    fields: list[FieldFacts] = [
        {
            "name": f.name,
            "knots": list(f.knots),
            "background": centroids(values[:, i], patients),
            "identified": bool(taught[i].any()) or f.name in curves,
            "identified_labels": [k for k, known in zip(task.labels, taught[i], strict=True) if known],
            "sources": [] if f.name in curves else where[i],
            "taught_by": f.taught_by,
            "curve": asdict(curves[f.name]) if f.name in curves else None,
        }
        for i, f in enumerate(task.fields)
    ]
    config = FusionConfig(
        task=task.name,
        labels=task.labels,
        exclusive=task.exclusive,
        modalities=tuple(m.value for m in task.modalities),
        image_encoder=settings.image_encoder if encoders.image is not None else None,
        image_config=encoders.image_config,
        image_size=settings.image.size,
        organ_pooling=task.wants_lungs,
        text_config=_described(encoders.text),
        max_tokens=settings.max_tokens,
        waveform_config=encoders.waveform_config,
        fields=fields,
        fusion=settings.fusion,
        dependence=task.dependence,
        beside_image=task.beside_image,
    )
    model = FusionModel(config)
    model.train(False).requires_grad_(False)
    told = np.array([f.name in curves for f in task.fields])  # by others, and not learned anew
    own = taught & ~told[:, None]
    model.clinical_head.identified.copy_(torch.tensor(own, dtype=torch.float32))
    _fill(model, encoders)
    if encoders.text is not None and model.text_encoder is not None:
        model.text_masks.copy_(mask_pooled(model.text_encoder, encoders.text.tokenizer, settings.max_tokens))
    return model


def _fill(model: FusionModel, encoders: Encoders) -> None:
    """The fitted encoders' weights into the model's, rounded as they are stored, so that heads are fitted on what will run."""
    fitted = {
        "image": encoders.image,
        "waveform": encoders.waveform,
        "text": None if encoders.text is None else encoders.text.encoder,
    }
    for name, encoder in fitted.items():
        branch = model.encoder_of(name)
        if encoder is not None and branch is not None:
            state = encoder.state_dict()
            branch.load_state_dict(
                {k: v.half().float() if v.is_floating_point() else v for k, v in state.items()}
            )


def _described(text: TextModel | None) -> dict[str, Json] | None:
    """The text encoder's configuration without the place it was loaded from."""
    if text is None:
        return None
    return {k: v for k, v in text.encoder.config.to_dict().items() if k != "_name_or_path"}


def fit_on(
    model: FusionModel,
    task: CaseTask,
    train: Encoded,
    settings: TrainingSettings,
    text: TextModel | None,
    own: np.ndarray,
    teachers: Encoded | None = None,
    reports: Reports | None = None,
) -> None:
    """References and heads from the training rows; `own` (N,) marks those of the pack itself, not of extra pictures.

    The clinical head learns from the sources that have a field known for two labels, and then stays: among other sources
    age and sex would tell the hospital. So does the head of a `text` that composed notes taught; calibration scales both.
    teachers: patients of another table who alone teach some fields, after and beside the others. reports: the text head
    learns to say of a report what the clinical head says of the values it states.
    """
    fields = model.config.fields
    background = background_rows([f["background"] for f in fields])
    apart = np.array([bool(f.get("taught_by")) for f in fields])
    start_heads(model, joined(train.take(own), teachers), background)
    fixed = []
    taught = np.array([bool(f["sources"]) for f in fields]) & ~apart
    if taught.any():
        sources = {s for f, a in zip(fields, apart, strict=True) for s in f["sources"] if not a}
        known = ~np.isnan(train.inputs["clinical"][:, taught]).all(1)
        rows = own & np.isin(train.sources, sorted(sources)) & known
        others = tuple(m for m in train.inputs if m != "clinical")
        fit_heads(model, train.take(rows).without(others), settings.heads)
        fixed.append("clinical")
    if teachers is not None:
        fit_further_fields(model, teachers, apart, FURTHER_PENALTY)
    if reports is not None:
        _teach_text(model, train.take(own), reports)
        fixed.append("text")
        train = train.without(("text",))  # what the report repeats must not turn the scan's head
    elif text is not None:
        order = [text.labels.index(k) for k in model.config.labels]
        model.text_head.weight.copy_((text.weight - text.weight.mean(1, keepdim=True)).T[order])
        fixed.append("text")
    heads = replace(settings.heads, by_label=task.pull)
    fit_heads(model, train, heads, tuple(fixed), _allowed(model, task))


def _allowed(model: FusionModel, task: CaseTask) -> dict[str, np.ndarray]:
    """waveform -> (K, D), 1 where a label's head may weigh a measure, where the task says which (measures)."""
    if model.waveform_encoder is None or not task.measures:
        return {}
    names = model.waveform_encoder.measures
    return {
        "waveform": np.array(
            [[name in task.measures.get(k, names) for name in names] for k in task.labels], float
        )
    }


def _teach_text(model: FusionModel, train: Encoded, reports: Reports) -> None:
    """The text head from the clinical evidence of values that reports state: those of the training rows, and made-up ones."""
    noted = ~np.isnan(train.inputs["text"]).all(1)
    encodings = np.concatenate([train.inputs["text"][noted], reports.encodings])
    values = np.concatenate([train.inputs["clinical"][noted], reports.values])
    with torch.no_grad():
        evidence = model.clinical_head(torch.tensor(values, dtype=torch.float32)).sum(1).numpy()
        model.text_head.weight.copy_(torch.tensor(head_of_reports(encodings, evidence)))


def joined(first: Encoded, second: Encoded | None) -> Encoded:
    """Rows of both; what one of them lacks is absent there."""
    if second is None:
        return first
    arrays = {
        n: np.concatenate([getattr(first, n), getattr(second, n)])
        for n in first.__dataclass_fields__
        if n != "inputs"
    }
    inputs = {m: np.concatenate([x, second.inputs[m]]) for m, x in first.inputs.items()}
    return Encoded(**arrays, inputs=inputs)


def probabilities(model: FusionModel, data: Encoded) -> np.ndarray:
    """Calibrated probabilities (N, K) of encoded rows."""
    with torch.no_grad():
        return probabilities_of(model.fuse(tensors(model, data))[0], model.config.exclusive)


def conclude(
    model: FusionModel,
    task: CaseTask,
    train: Encoded,
    calibration: Encoded,
    settings: TrainingSettings,
    rows: Sequence[PackRow],
    seen: Mapping[str, np.ndarray],
) -> None:
    """Calibrate, and store in the model what the bedside needs: operating points, conformal scores, ranges, patients.

    rows: those of the training patients, for the baseline. seen: image and waveform features (N, D) of everything that trained the heads, pictures beside the pack included.
    """
    shares = label_shares(train.outcomes, task.exclusive)
    unseen = held_out(model, calibration, shares)
    calibrate(model, calibration, shares)
    evidence = raw_evidence(model, calibration)
    own_scales = scale_sets(model, evidence, calibration.outcomes, calibration.patients, shares)
    stated = probabilities(model, calibration)
    values = train.inputs["clinical"]
    known = ~np.isnan(values)
    ranges = {
        f.name: [float(x) for x in np.nanpercentile(values[:, i], [1, 99])]
        if known[:, i].sum() >= 20
        else None
        for i, f in enumerate(task.fields)
    }
    scores = conformalize(
        task.labels, unseen, calibration.outcomes, calibration.patients.tolist(), task.exclusive
    )
    given = calibration.inputs
    model.config.facts = ModelFacts(
        image_size=settings.image.size,
        label_share=dict(zip(task.labels, shares.tolist(), strict=True)),
        operating_point=dict(zip(task.labels, operating_points(stated, calibration.outcomes), strict=True)),
        conformal=Conformal(settings.confidence, scores),
        set_scales=own_scales,
        ranges=ranges,
        familiar=fit_familiar(seen["image"], given["image"]) if "image" in seen else None,
        familiar_ecg=fit_familiar_ecg(seen["waveform"], given["waveform"]) if "waveform" in seen else None,
        baseline=fit_baseline(task, rows),
        patients={
            "train": sorted({patient_mark(p) for p in train.patients}),
            "calibration": sorted({patient_mark(p) for p in calibration.patients}),
        },
        rows={"train": len(train.keys), "calibration": len(calibration.keys)},
        settings=asdict(settings),
    ).as_json()


def parts_of(rows: Sequence[PackRow]) -> np.ndarray:
    """train, calibration or test for each row, by its patient. (N,) strings."""
    split = split_patients([r.patient for r in rows])
    return np.array([split[r.patient] for r in rows])

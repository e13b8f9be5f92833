"""How fast a case is, as multiples of one forward pass, and how much slower the naive stack is on the same case."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import torch

from mmcore.cards.write import keep_bench
from mmcore.domain.case import LEADS, Case, Waveform
from mmcore.domain.memory import Memory
from mmcore.domain.model_facts import Json
from mmcore.domain.prediction import RESIDUAL_LIMIT, Contrast
from mmcore.domain.scan import CtVolume, Film, Mark, Scan
from mmcore.domain.task import CaseTask, Modality
from mmcore.evaluation.timing import interleaved_medians, timed
from mmcore.explain.methods.integrated_gradients import NAME as EXACT
from mmcore.explain.methods.token_activations import NAME as QUICK
from mmcore.explain.review import review
from mmcore.models.fusion import FusionModel
from mmcore.models.inputs import clinical_input, image_input, text_input, waveform_input
from mmcore.prediction.engine import Engine, load_engine

Scorer: TypeAlias = Callable[..., torch.Tensor]  # changed inputs by name -> contrast (B,)

THREADS = 2
TOKENS = 128
NAIVE_STEPS, NAIVE_SAMPLES = 50, 2048  # contract.md
WORDS = (
    "patient admitted with fever and dry cough for five days short of breath on exertion bilateral patchy opacities in the "
    "lower zones more on the left no pleural effusion heart size within limits trachea central "
).split()


def bench(task_name: str, keep: bool = False) -> dict[str, Json]:
    """Medians of 7 interleaved runs on two threads, one case with every modality, warm (contract.md).

    keep: put them on the shipped model's card.
    """
    found = _measured(task_name)
    if keep:
        keep_bench(task_name, found)
    return found


def _measured(task_name: str) -> dict[str, Json]:
    torch.set_num_threads(THREADS)
    engine = load_engine(task_name)
    case = whole_case(engine)
    memory: Memory = {}
    review(engine, case, memory=memory)
    edited = changed(engine, case)
    work: dict[str, Callable[[], object]] = {
        "forward": forward_of(engine, case),
        "case": lambda: review(engine, case),
        "quick": lambda: review(engine, case, tokens=QUICK),
        "what_if": lambda: review(engine, edited, memory=memory),
    }
    median = interleaved_medians(work)
    agreement, naive_ms = timed(lambda: naive(engine, case))
    exact = review(engine, case, tokens=EXACT)
    return {
        "task": task_name,
        "model": {"version": engine.stored.version, "sha256": engine.stored.sha256},
        "threads": THREADS,
        "tokens": TOKENS,
        "forward_ms": round(median["forward"], 2),
        "case_over_forward": round(median["case"] / median["forward"], 2),
        "case_over_forward_quick": round(median["quick"] / median["forward"], 2),
        "naive_over_case": round(naive_ms / median["case"], 1),
        "what_if_over_forward": round(median["what_if"] / median["forward"], 3),
        "largest_residual": max(abs(a.residual) for a in exact.attributions),
        "residual_limit": RESIDUAL_LIMIT,
        "steps": {
            a.modality.value: steps
            for a in exact.attributions
            if isinstance(steps := a.extra.get("steps"), int)
        },
        "agreement": agreement,
    }


def whole_case(engine: Engine) -> Case:
    """A made-up case with every modality: a phantom's film, a note of 128 tokens, every field at its background's middle."""
    words: list[str] = []
    tokenizer, asked = engine.stored.tokenizer, engine.task.modalities
    while tokenizer and len(tokenizer(" ".join([*words, "left"]))["input_ids"]) <= TOKENS:
        words.append(WORDS[len(words) % len(WORDS)])
    scan = made_up_scan(engine.task) if Modality.IMAGE in asked else None
    values = {
        f.name: float(round(np.mean(f.reference or f.plausible), 1)) if f.kind == "number" else 1.0
        for f in engine.task.fields
    }
    waveform = made_up_ecg() if Modality.WAVEFORM in asked else None
    opened = frozenset(
        m.value for m in asked
    )  # gates find what is made up strange; they are run all the same
    return Case(
        engine.task.name,
        scan=scan,
        note=" ".join(words) or None,
        values=values,
        waveform=waveform,
        overruled=opened,
    )


def made_up_scan(task: CaseTask) -> Scan:
    """A phantom of the kind that the task asks for."""
    if task.wants_volume:
        from mmcore.synthetic.ct.phantom import (
            FIRST_BENCH_SEED,
            SIDE,
            SLICES,
            SPACING_MM,
            NoduleLook,
            draw_ct,
        )

        middle = (SIDE - 1) / 2
        slices = draw_ct(FIRST_BENCH_SEED, NoduleLook(12))
        return CtVolume(
            hounsfield=slices, spacing_mm=(SPACING_MM, SPACING_MM), mark=Mark(SLICES // 2, middle, middle)
        )
    from mmcore.synthetic.film.phantom import draw

    return Film(draw(10_001, "covid19").pixels)


def made_up_ecg(rate_hz: float = 100.0, seconds: float = 10.0) -> Waveform:
    """A 12-lead recording of the right shape: regular beats of one form, scaled by lead."""
    time_s = np.arange(int(rate_hz * seconds)) / rate_hz
    beat = np.exp(-(((time_s % 0.8) - 0.3) ** 2) / (2 * 0.02**2))
    return Waveform(np.outer(np.linspace(0.3, 1.4, 12), beat).astype(np.float32), rate_hz, LEADS)


def changed(engine: Engine, case: Case) -> Case:
    """The case with its first field changed."""
    name = engine.task.fields[0].name
    return replace(case, values=dict(case.values) | {name: case.values[name] + 10})


def inputs_of(engine: Engine, case: Case) -> dict[str, torch.Tensor]:
    """The prepared tensors of a case, as FusionModel.forward takes them.

    pixels (1, C, H, W), samples (1, 12, L), ids and mask (1, T), values (1, F).
    """
    stored = engine.stored
    prepared: dict[str, torch.Tensor] = {}
    if case.scan is not None:
        prepared["pixels"] = image_input(case.scan, stored.lungs, engine.facts.image_size).pixels
    if case.waveform is not None:
        prepared["samples"] = waveform_input(case.waveform)
    if case.note and stored.tokenizer is not None:
        text = text_input(case.note, engine.task.leak_terms, stored.tokenizer, stored.model.config.max_tokens)
        prepared |= {"ids": text.ids, "mask": text.mask}
    prepared["values"] = torch.from_numpy(clinical_input(case.values, engine.task))[None]
    return prepared


def forward_of(engine: Engine, case: Case) -> Callable[[], object]:
    """One pass of all encoders and heads in eager torch on prepared inputs."""
    prepared = inputs_of(engine, case)

    def forward() -> object:
        with torch.inference_mode():
            return engine.stored.model(**prepared)

    return forward


def naive(engine: Engine, case: Case) -> dict[str, float]:
    """What a user would write: captum and shap through the whole model. Returns how far it is from ours, in log-odds."""
    ours = review(engine, case)
    prepared = inputs_of(engine, case)
    score = scorer(engine, ours.prediction.contrast, prepared)
    made = {a.modality.value: a for a in ours.attributions}
    found: dict[str, float] = {}
    for name, branch in (("pixels", "image"), ("samples", "waveform")):
        if name in prepared:
            cam = _naive_map(engine, score, prepared, name, branch)
            cells = np.asarray(made[branch].extra.get("cells", made[branch].values))
            found[f"{branch}_grad_cam_correlation"] = float(np.corrcoef(cam.ravel(), cells.ravel())[0, 1])
    if "ids" in prepared:
        tokens = _naive_tokens(engine, score, prepared["ids"])
        found["token_correlation"] = float(np.corrcoef(tokens, made["text"].values)[0, 1])
    fields = _naive_fields(engine.stored.model, score, prepared)
    if "clinical" in made:
        found["clinical_largest_gap"] = float(np.abs(fields - made["clinical"].values).max())
    return found


def scorer(engine: Engine, contrast: Contrast, prepared: dict[str, torch.Tensor]) -> Scorer:
    """(changed inputs by name) -> contrast (B,) through the whole model, the other inputs repeated to the batch."""
    labels = list(engine.task.labels)
    k, other = labels.index(contrast.label), labels.index(contrast.against) if contrast.against else None

    def score(**changed: torch.Tensor) -> torch.Tensor:
        given = prepared | changed
        count = max(len(x) for x in given.values())
        logits: torch.Tensor = engine.stored.model(
            **{n: x.expand(count, *x.shape[1:]) if len(x) != count else x for n, x in given.items()}
        ).logits
        return logits[:, k] - (logits[:, other] if other is not None else 0)

    return score


def _naive_map(
    engine: Engine, score: Scorer, prepared: dict[str, torch.Tensor], name: str, branch: str
) -> np.ndarray:
    from captum.attr import LayerGradCam

    layer = engine.stored.model.encoder_of(branch)
    cam = LayerGradCam(lambda x: score(**{name: x}), layer).attribute(prepared[name].clone().requires_grad_())
    cells: np.ndarray = cam[0, 0].detach().double().numpy()
    return cells


def _naive_tokens(engine: Engine, score: Scorer, ids: torch.Tensor) -> np.ndarray:
    from captum.attr import LayerIntegratedGradients

    tokenizer, encoder = engine.stored.tokenizer, engine.stored.model.text_encoder
    if tokenizer is None or encoder is None:
        raise ValueError(f"the model of {engine.task.name} reads no notes")
    inner = torch.full_like(ids, tokenizer.mask_token_id)
    inner[0, 0], inner[0, -1] = ids[0, 0], ids[0, -1]
    layer = encoder.get_input_embeddings()
    tokens = LayerIntegratedGradients(lambda x: score(ids=x), layer).attribute(
        ids, baselines=inner, n_steps=NAIVE_STEPS, internal_batch_size=8
    )
    shares: np.ndarray = tokens.sum(-1)[0].detach().double().numpy()
    return shares


def _naive_fields(model: FusionModel, score: Scorer, prepared: dict[str, torch.Tensor]) -> np.ndarray:
    from shap import KernelExplainer

    def of_values(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.array([score(values=torch.tensor(r, dtype=torch.float32)[None]).item() for r in rows])

    explainer = KernelExplainer(of_values, torch.nan_to_num(_background(model)).numpy())
    values = prepared["values"].numpy()
    shares: np.ndarray = explainer.shap_values(values, nsamples=NAIVE_SAMPLES, silent=True)[0]
    return shares


def _background(model: FusionModel) -> torch.Tensor:
    means = [
        float(np.mean(f["background"])) if f["background"] else float("nan") for f in model.config.fields
    ]
    return torch.tensor([means], dtype=torch.float32)

"""How fast a case is, as multiples of one forward pass, and how much slower the naive stack is on the same case."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from mmcore.domain.case import Case, Scan
from mmcore.domain.prediction import RESIDUAL_LIMIT
from mmcore.models.fusion import FusionModel
from mmcore.services.attribute import EXACT, QUICK
from mmcore.services.engine import Engine
from mmcore.services.review import Review, load_engine, review
from mmcore.training.inputs import clinical_input, image_input, text_input

RUNS = 7
THREADS = 2
TOKENS = 128
NAIVE_STEPS, NAIVE_SAMPLES = 50, 2048  # contract.md
WORDS = (
    "patient admitted with fever and dry cough for five days short of breath on exertion bilateral patchy opacities in the "
    "lower zones more on the left no pleural effusion heart size within limits trachea central "
).split()


def bench(task_name: str) -> dict:
    """Medians of 7 interleaved runs on two threads, one case with every modality, warm (contract.md)."""
    torch.set_num_threads(THREADS)
    engine = load_engine(task_name)
    case = whole_case(engine)
    memory: dict = {}
    review(engine, case, memory=memory)
    edited = changed(engine, case)
    work: dict[str, Callable[[], object]] = {
        "forward": forward_of(engine, case),
        "case": lambda: review(engine, case),
        "quick": lambda: review(engine, case, tokens=QUICK),
        "what_if": lambda: review(engine, edited, memory=memory),
    }
    times: dict[str, list[float]] = {name: [] for name in work}
    for run in range(RUNS + 1):
        for name, step in work.items():
            started = time.perf_counter()
            step()
            if run:  # the first round warms up
                times[name].append((time.perf_counter() - started) * 1000)
    median = {name: statistics.median(values) for name, values in times.items()}
    started = time.perf_counter()
    agreement = naive(engine, case)
    naive_ms = (time.perf_counter() - started) * 1000
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
        "steps": {a.modality.value: a.extra["steps"] for a in exact.attributions if "steps" in a.extra},
        "agreement": agreement,
    }


def whole_case(engine: Engine) -> Case:
    """A made-up case with every modality: a phantom's film, a note of 128 tokens, every field at its background's middle."""
    from mmcore.training.phantom import draw

    words: list[str] = []
    while len(engine.stored.tokenizer(" ".join([*words, "left"]))["input_ids"]) <= TOKENS:
        words.append(WORDS[len(words) % len(WORDS)])
    pixels = draw(10_001, engine.task.labels[0]).pixels
    values = {
        f.name: float(round(np.mean(f.reference or f.plausible), 1)) if f.kind == "number" else 1.0
        for f in engine.task.fields
    }
    return Case(engine.task.name, scan=Scan(pixels), note=" ".join(words), values=values)


def changed(engine: Engine, case: Case) -> Case:
    """The case with its first field changed."""
    name = engine.task.fields[0].name
    return Case(
        case.task, scan=case.scan, note=case.note, values=dict(case.values) | {name: case.values[name] + 10}
    )


def inputs_of(engine: Engine, case: Case) -> dict[str, torch.Tensor]:
    """The prepared tensors of a case, as FusionModel.forward takes them."""
    settings, stored = engine.facts["image"], engine.stored
    image = image_input(case.scan.pixels, stored.lungs, settings["size"])
    text = text_input(case.note, engine.task.leak_terms, stored.tokenizer, stored.model.config.max_tokens)
    values = torch.from_numpy(clinical_input(case.values, engine.task))[None]
    return {"pixels": image.pixels, "ids": text.ids, "mask": text.mask, "values": values}


def forward_of(engine: Engine, case: Case) -> Callable[[], object]:
    """One pass of all encoders and heads in eager torch on prepared inputs."""
    prepared = inputs_of(engine, case)

    def forward() -> object:
        with torch.inference_mode():
            return engine.stored.model(**prepared)

    return forward


def naive(engine: Engine, case: Case) -> dict[str, float]:
    """What a user would write: captum and shap through the whole model. Returns how far it is from ours, in log-odds."""
    from captum.attr import LayerGradCam, LayerIntegratedGradients
    from shap import KernelExplainer

    model: FusionModel = engine.stored.model
    ours = review(engine, case)
    contrast = ours.prediction.contrast
    labels = list(engine.task.labels)
    k, other = labels.index(contrast.label), labels.index(contrast.against) if contrast.against else None
    prepared = inputs_of(engine, case)

    def score(pixels, ids, mask, values) -> torch.Tensor:
        count = max(len(pixels), len(ids), len(values))
        logits = model(
            pixels.expand(count, -1, -1, -1),
            ids.expand(count, -1),
            mask.expand(count, -1),
            values.expand(count, -1),
        ).logits
        return logits[:, k] - (logits[:, other] if other is not None else 0)

    fixed = tuple(prepared.values())
    pixels, ids, mask, values = fixed
    cam = LayerGradCam(score, model.image_encoder).attribute(
        pixels.clone().requires_grad_(), additional_forward_args=(ids, mask, values)
    )
    inner = torch.full_like(ids, engine.stored.tokenizer.mask_token_id)
    inner[0, 0], inner[0, -1] = ids[0, 0], ids[0, -1]
    tokens = LayerIntegratedGradients(
        lambda given: score(pixels, given, mask, values), model.text_encoder.get_input_embeddings()
    ).attribute(ids, baselines=inner, n_steps=NAIVE_STEPS, internal_batch_size=8)

    def of_values(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.array(
                [score(pixels, ids, mask, torch.tensor(r, dtype=torch.float32)[None]).item() for r in rows]
            )

    background = torch.nan_to_num(_background(model)).numpy()
    explainer = KernelExplainer(of_values, background)
    fields = explainer.shap_values(values.numpy(), nsamples=NAIVE_SAMPLES, silent=True)
    return _distances(ours, cam, tokens, fields)


def _background(model: FusionModel) -> torch.Tensor:
    means = [
        float(np.mean(f["background"])) if f["background"] else float("nan") for f in model.config.fields
    ]
    return torch.tensor([means], dtype=torch.float32)


def _distances(ours: Review, cam: torch.Tensor, tokens: torch.Tensor, fields: np.ndarray) -> dict[str, float]:
    """Correlation or largest gap between the naive stack's results and ours, where they must agree."""
    made = {a.modality.value: a for a in ours.attributions}
    ig = tokens.sum(-1)[0].detach().double().numpy()
    small = cam[0, 0].detach().double().numpy()
    cells = made["image"].extra["cells"]
    return {
        "grad_cam_correlation": float(np.corrcoef(small.ravel(), np.asarray(cells).ravel())[0, 1]),
        "token_correlation": float(np.corrcoef(ig, made["text"].values)[0, 1]),
        "clinical_largest_gap": float(np.abs(fields[0] - made["clinical"].values).max()),
    }

"""Do the maps depend on what was learned? Weights are drawn anew from the head downwards and the maps made again (Adebayo et al. 2018)."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from mmcore.domain.case import Case
from mmcore.domain.prediction import Contrast
from mmcore.explain.deletion import rank_correlation
from mmcore.explain.review import review
from mmcore.prediction.engine import Engine

GROUPS = 4  # steps from the top of an encoder to its bottom
SEED = 0


def randomisation(engine: Engine, cases: Sequence[tuple[Case, Contrast]]) -> dict:
    """modality -> what was drawn anew -> mean rank correlation with the original map (None where it cannot be ranked).

    Each entry draws one more group of weights; the last has none of the trained ones left. The shipped model is not touched.
    """
    original = [_values(engine, case, contrast) for case, contrast in cases]
    out: dict[str, dict[str, float | None]] = {}
    for modality in sorted({m for values in original for m in values}):
        model = copy.deepcopy(engine.stored.model)
        drawn = replace(engine, stored=replace(engine.stored, model=model, sha256="randomised"))
        out[modality] = {}
        for name in redrawn_from_the_top(model, modality):
            pairs = [
                (values[modality], _values(drawn, case, contrast, modality).get(modality))
                for values, (case, contrast) in zip(original, cases, strict=True)
                if modality in values
            ]
            found = [None if b is None else rank_correlation(a, b) for a, b in pairs]
            known = [c for c in found if c is not None]
            out[modality][name] = round(float(np.mean(known)), 3) if known else None
    return out


def _values(engine: Engine, case: Case, contrast: Contrast, only: str = "") -> dict[str, np.ndarray]:
    """modality -> the parts' values by the methods that need one pass."""
    wanted = case if not only else _alone(case, only)
    seen = review(engine, wanted, contrast=contrast, tokens="token_activations")
    return {a.modality.value: np.asarray(a.extra.get("cells", a.values)).ravel() for a in seen.attributions}


def _alone(case: Case, modality: str) -> Case:
    """The case with one modality, and with its gate overruled: a model drawn anew finds every picture strange."""
    parts = {"image": "scan", "waveform": "waveform", "text": "note", "clinical": "values"}
    return Case(
        case.task, overruled=frozenset({modality}), **{parts[modality]: getattr(case, parts[modality])}
    )


@torch.no_grad()
def redrawn_from_the_top(model: nn.Module, modality: str) -> Iterator[str]:
    """Draw a branch's weights anew, head first, then its encoder in groups from top to bottom; yields after each group."""
    generator = torch.Generator().manual_seed(SEED)
    head = getattr(model, f"{modality}_head")
    _redraw(list(head.parameters()), generator)
    yield "head"
    encoder = getattr(model, f"{modality}_encoder", None)
    if encoder is None:
        return
    parameters = list(encoder.parameters())[::-1]
    for i, group in enumerate(np.array_split(np.arange(len(parameters)), GROUPS)):
        _redraw([parameters[j] for j in group], generator)
        yield f"head and {i + 1} of {GROUPS} parts of the encoder"


def _redraw(parameters: Sequence[nn.Parameter], generator: torch.Generator) -> None:
    """Values of the same mean and deviation, so that the signal neither dies nor explodes."""
    for p in parameters:
        spread = p.std() if p.numel() > 1 else p.abs()
        p.copy_(p.mean() + spread * torch.randn(p.shape, generator=generator))

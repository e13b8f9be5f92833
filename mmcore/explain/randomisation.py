"""Do the maps depend on what was learned? Weights are drawn anew from the head downwards and the maps made again (Adebayo et al. 2018)."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from mmcore.domain.case import Case
from mmcore.domain.prediction import Contrast
from mmcore.explain.deletion import rank_correlation
from mmcore.explain.methods.token_activations import NAME as QUICK
from mmcore.explain.review import review
from mmcore.prediction.engine import Engine

GROUPS = 4  # steps from the top of an encoder to its bottom
SEED = 0


Asked = Sequence[tuple[Case, Contrast]]
Maps = Mapping[str, np.ndarray]  # modality -> (N,) values of its parts, log-odds


def randomisation(engine: Engine, cases: Asked) -> dict[str, dict[str, float | None]]:
    """modality -> what was drawn anew -> mean rank correlation with the original map (None where it cannot be ranked).

    Each entry draws one more group of weights; the last has none of the trained ones left. The shipped model is not touched.
    """
    original = [_values(engine, case, contrast) for case, contrast in cases]
    modalities = sorted({m for values in original for m in values})
    return {m: _of_branch(engine, cases, original, m) for m in modalities}


def _of_branch(
    engine: Engine, cases: Asked, original: Sequence[Maps], modality: str
) -> dict[str, float | None]:
    """What was drawn anew of a modality's branch -> mean rank correlation with the original maps of the cases that have one."""
    model = copy.deepcopy(engine.stored.model)
    drawn = replace(engine, stored=replace(engine.stored, model=model, sha256="randomised"))
    mapped = [
        (asked, maps[modality]) for asked, maps in zip(cases, original, strict=True) if modality in maps
    ]
    out: dict[str, float | None] = {}
    for name in redrawn_from_the_top(model, modality):
        found = [_likeness(drawn, asked, modality, values) for asked, values in mapped]
        known = [likeness for likeness in found if likeness is not None]
        out[name] = round(float(np.mean(known)), 3) if known else None
    return out


def _likeness(
    engine: Engine, asked: tuple[Case, Contrast], modality: str, values: np.ndarray
) -> float | None:
    """Rank correlation of a case's map made again with its original `values` (N,); None where it cannot be made or ranked."""
    case, contrast = asked
    again = _values(engine, _alone(case, modality), contrast).get(modality)
    return None if again is None else rank_correlation(values, again)


def _values(engine: Engine, case: Case, contrast: Contrast) -> Maps:
    """By the methods that need one pass."""
    found = review(engine, case, contrast=contrast, tokens=QUICK).attributions
    return {a.modality.value: np.asarray(a.extra.get("cells", a.values)).ravel() for a in found}


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

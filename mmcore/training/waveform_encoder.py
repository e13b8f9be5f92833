"""Fits the waveform encoder on recordings with known labels."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from mmcore.domain.case import Waveform
from mmcore.models.ecg_encoder import build_waveform_encoder

CONFIG = {"widths": [16, 32, 64], "kernel": 7, "stride": 2}
BATCH, RATE, STEPS = 32, 2e-3, 200


def fit_waveform_encoder(
    recordings: Sequence[Waveform | None], outcomes: np.ndarray, *, seed: int, steps: int = STEPS
) -> tuple[nn.Module, dict]:
    """(encoder, its configuration) trained to tell the labels (N, K) in {0, 1, NaN} of recordings of one length apart."""
    torch.manual_seed(seed)
    rows = [i for i, r in enumerate(recordings) if r is not None]
    x = torch.from_numpy(np.stack([np.asarray(recordings[i].samples, np.float32) for i in rows]))
    y = torch.tensor(outcomes[rows], dtype=torch.float32)
    encoder = build_waveform_encoder(CONFIG)
    head = nn.Linear(encoder.feature_dim, y.shape[1])
    optimiser = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=RATE, weight_decay=0.05)
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        some = rng.choice(len(rows), min(BATCH, len(rows)), replace=False)
        logits = head(encoder(x[some]).mean((2, 3)))
        known = ~y[some].isnan()
        each = nn.functional.binary_cross_entropy_with_logits(logits, y[some].nan_to_num(), reduction="none")
        optimiser.zero_grad()
        ((each * known).sum() / known.sum().clamp(min=1)).backward()
        optimiser.step()
    return encoder.eval().requires_grad_(False), dict(CONFIG)

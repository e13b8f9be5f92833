"""Which tokens of a note carry its evidence: integrated gradients from masks of the same length, and a quick exact method."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

STEPS = (3, 5, 8, 16, 32, 64, 128, 256)
CHUNK = 8  # notes per pass; integrated gradients without a limit took 1.8 GB more


def integrated_gradients(
    score: Callable[[Tensor], Tensor], embeddings: Tensor, baseline: Tensor, total: float, tolerance: float
) -> tuple[np.ndarray, int]:
    """Per-token integrated gradients (Sundararajan et al. 2017) by Gauss-Legendre quadrature, steps grown until they add up.

    score: (B, T, E) -> (B,), log-odds; embeddings, baseline: (T, E); total: score(embeddings) - score(baseline). Returns
    values (T,) in log-odds and the number of steps of the first try within `tolerance` of `total`, else of the last.
    """
    difference = embeddings - baseline
    for steps in STEPS:
        nodes, weights = np.polynomial.legendre.leggauss(steps)
        alphas = torch.tensor((nodes + 1) / 2, dtype=embeddings.dtype)
        shares = torch.tensor(weights / 2, dtype=embeddings.dtype)
        gradient = torch.zeros_like(embeddings)
        for first in range(0, steps, CHUNK):
            part = slice(first, first + CHUNK)
            points = (baseline + alphas[part, None, None] * difference).requires_grad_()
            (slope,) = torch.autograd.grad(score(points).sum(), points)
            gradient += (slope * shares[part, None, None]).sum(0)
        values = (gradient.double() * difference.double()).sum(1)  # (T,)
        if abs(total - values.sum().item()) < tolerance:
            break
    return values.detach().numpy(), steps


def token_activations(hidden: Tensor, weights: Tensor, mask_pooled: Tensor) -> np.ndarray:
    """The quick method: hidden (T, D) of the last layer, weights (D,), pooled masks (D,) -> (T,), log-odds.

    The class activation map of a note: pooling and head are linear, so each token's last state says what it adds. Exact in
    sum and free, but a token's last state has already read its neighbours.
    """
    return ((hidden.double() - mask_pooled.double()) @ weights.double() / len(hidden)).numpy()

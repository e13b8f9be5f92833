"""Fusions that are not additive (concat, gated, attention), with modality shares that still sum to the logits."""

from collections.abc import Callable
from itertools import product
from math import factorial

import torch
from torch import Tensor, nn

WIDTH = 32


class JointHead(nn.Module):
    """Centred encodings of the modalities and which of them are present -> logits (B, K).

    concat: one hidden layer over all of them; gated: each projection weighted by a learned gate (Arevalo et al. 2017);
    attention: one transformer layer over the modalities with a class token. An absent modality enters as zeros and its gate
    or attention is closed.
    """

    gate: nn.Linear  # of gated
    layer: nn.TransformerEncoderLayer  # of attention
    token: nn.Parameter  # (1, 1, W), of attention
    hidden: nn.Linear  # of concat

    def __init__(self, kind: str, widths: tuple[int, ...], labels: int) -> None:
        super().__init__()
        if kind not in ("concat", "gated", "attention"):
            raise ValueError(f"fusion is {kind!r}; expected additive, concat, gated or attention")
        self.kind = kind
        self.widths = tuple(max(w, 1) for w in widths)
        self.project = nn.ModuleList(nn.Linear(w, WIDTH) for w in self.widths)
        if kind == "gated":
            self.gate = nn.Linear(len(widths) * WIDTH, len(widths))
        if kind == "attention":
            self.layer = nn.TransformerEncoderLayer(WIDTH, 4, 64, 0.0, batch_first=True)
            self.token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        if kind == "concat":
            self.hidden = nn.Linear(len(widths) * WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, labels)

    def forward(self, encodings: tuple[Tensor | None, ...], present: Tensor) -> Tensor:
        """encodings: (B, D_m) or None; present: (B, M) bool."""
        batch = len(present)
        parts = []
        for m, (x, width, layer) in enumerate(zip(encodings, self.widths, self.project, strict=True)):
            x = self.out.weight.new_zeros(batch, width) if x is None else x
            parts.append(torch.tanh(layer(torch.nan_to_num(x))) * present[:, m : m + 1])
        logits: Tensor = self.out(self._mixed(torch.stack(parts, 1), present))
        return logits

    def _mixed(self, stacked: Tensor, present: Tensor) -> Tensor:
        """Projections (B, M, W) of the modalities -> one vector (B, W)."""
        if self.kind == "concat":
            return torch.relu(self.hidden(stacked.flatten(1)))
        if self.kind == "gated":
            gates = torch.sigmoid(self.gate(stacked.flatten(1))) * present
            return (stacked * gates.unsqueeze(-1)).sum(1)
        batch = len(present)
        tokens = torch.cat([self.token.expand(batch, -1, -1), stacked], 1)  # (B, 1 + M, W)
        closed = torch.cat([torch.zeros(batch, 1, dtype=torch.bool), ~present], 1)
        attended: Tensor = self.layer(tokens, src_key_padding_mask=closed)
        return attended[:, 0]


def shapley_shares(
    head: Callable[[tuple[Tensor | None, ...], Tensor], Tensor],
    encodings: tuple[Tensor | None, ...],
    here: Tensor,
) -> tuple[Tensor, Tensor]:
    """(logits (B, K), exact Shapley shares (B, M, K)) over the 2^M presence sets, from cached encodings (Shapley 1953).

    here: (B, M) bool, which modalities each row has.
    """
    count = here.shape[1]
    worth = {
        chosen: head(encodings, here & torch.tensor(chosen, dtype=torch.bool))
        for chosen in product((0, 1), repeat=count)
    }
    shares = []
    for m in range(count):
        share = torch.zeros_like(worth[(0,) * count])
        for chosen in worth:
            if chosen[m]:
                continue
            size = sum(chosen)
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            share = share + weight * (worth[(*chosen[:m], 1, *chosen[m + 1 :])] - worth[chosen])
        shares.append(share)
    return worth[(1,) * count], torch.stack(shares, 1)

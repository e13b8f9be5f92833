"""The recurrent model that the trees are compared with: a GRU over hours with masks and time gaps."""

import torch
from torch import nn


class HourlyGRU(nn.Module):
    """Risk at every hour from what was measured until then (after Che et al. 2018, with gaps as inputs instead of decay)."""

    def __init__(self, channels: int, facts: int, width: int = 64, dropout: float = 0.4) -> None:
        super().__init__()
        self.inner = nn.Linear(channels + facts, width)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, 1)

    def forward(self, hourly: torch.Tensor, facts: torch.Tensor) -> torch.Tensor:
        """(B, T) log-odds from hourly (B, T, channels) and facts of the admission (B, facts); hour t sees hours 0 to t only."""
        steps = hourly.shape[1]
        x = torch.cat([hourly, facts[:, None].expand(-1, steps, -1)], -1)  # (B, T, channels + facts)
        h, _ = self.gru(torch.relu(self.inner(self.drop(x))))  # (B, T, width)
        so_far = h.cumsum(1) / torch.arange(1, steps + 1, device=h.device)[None, :, None]
        logits: torch.Tensor = self.head(self.drop(torch.cat([h, so_far], -1)))  # (B, T, 1)
        return logits[..., 0]

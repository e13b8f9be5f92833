"""The clinical head: a sum of one bendable line per field, so that an unknown field adds exactly nothing."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class AdditiveClinicalHead(nn.Module):
    """values (B, F), NaN for unknown -> evidence of each field (B, F, K), log-odds before calibration.

    Each field enters as a straight line and, at each of its knots, a line that begins there (a linear spline). Columns are
    centred on the mean over the background. Labels that the data cannot teach a field for (`identified` 0) get exactly 0;
    where labels exclude each other the rest sum to 0, so that their share of the probability stays. Hence a field at its background mean says nothing, and its value is its exact
    Shapley value against that background (an additive game: Lundberg and Lee 2017, section 4).
    """

    centre: Tensor  # (P,)
    spread: Tensor  # (P,)
    identified: Tensor  # (F, K), 1 where the data can teach it

    def __init__(self, knots: Sequence[Sequence[float]], labels: int, exclusive: bool = True) -> None:
        super().__init__()
        self.exclusive = exclusive
        self.knots = [tuple(k) for k in knots]
        self.columns = [
            f for f, k in enumerate(self.knots) for _ in range(1 + len(k))
        ]  # the field of each column
        self.register_buffer("centre", torch.zeros(len(self.columns)))
        self.register_buffer("spread", torch.ones(len(self.columns)))
        self.register_buffer("identified", torch.ones(len(self.knots), labels))
        self.weight = nn.Parameter(torch.zeros(len(self.columns), labels))

    def expand(self, values: Tensor) -> Tensor:
        """Centred and scaled basis columns (B, P); 0 where the field is unknown."""
        basis = (self._raw(values) - self.centre) / self.spread  # (B, P)
        return torch.nan_to_num(basis)

    def forward(self, values: Tensor) -> Tensor:
        return self.of_weight(self.weight, values)

    def of_weight(self, weight: Tensor, values: Tensor) -> Tensor:
        """The evidence of each field (B, F, K) that a weight (P, K) would give."""
        weight = weight * self.identified[self.columns]
        if self.exclusive:
            taught = self.identified.sum(1).clamp(min=1)[self.columns, None]
            weight = (weight - weight.sum(1, keepdim=True) / taught) * self.identified[self.columns]
        terms = self.expand(values).unsqueeze(-1) * weight  # (B, P, K)
        out = terms.new_zeros(len(values), len(self.knots), weight.shape[1])
        return out.index_add(1, torch.tensor(self.columns), terms)  # (B, F, K)

    @torch.no_grad()
    def fit_background(self, background: Tensor, values: Tensor) -> None:
        """Centre on background centroids (C, F) and scale by the spread of known training values (N, F); NaN is unknown."""
        self.centre.zero_()
        self.spread.fill_(1.0)
        of_background = self._raw(background)
        of_values = self._raw(values)
        self.centre.copy_(torch.nan_to_num(of_background.nanmean(0)))
        known = ~torch.isnan(of_values)
        gap = torch.nan_to_num(of_values - self.centre)
        deviation = (gap.square().sum(0) / known.sum(0).clamp(min=1)).sqrt()
        self.spread.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def _raw(self, values: Tensor) -> Tensor:
        columns = []
        for f, knots in enumerate(self.knots):
            x = values[:, f]
            columns += [x, *(torch.clamp(x - k, min=0) for k in knots)]
        return torch.stack(columns, 1)

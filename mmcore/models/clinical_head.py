"""The clinical head: a sum of one bendable line per field, so that an unknown field adds exactly nothing."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmcore.domain.evidence import Curve


class _Tables(NamedTuple):
    """nodes (F, N) ascending, the last repeated; width (F, N - 1) of each segment, 1 where it is empty; start (F, K) at the first
    node; rise (F, N - 1, K)."""

    nodes: Tensor
    width: Tensor
    start: Tensor
    rise: Tensor


class Curves(nn.Module):
    """values (B, F), NaN for unknown -> evidence (B, F, K) of fields whose curve is told by others than these patients; 0 elsewhere.

    Evidence of a group of dependent fields is multiplied by 1 / (1 + (n - 1) r), n the sum of sizes over the largest and the size of
    a field its largest difference between two labels (independent labels: each label on its own), so that fields that say the
    same do not count as often as they are many. No weights of its own: the curves are settings of the model.
    """

    def __init__(
        self, curves: Sequence[Curve | None], labels: int, exclusive: bool, dependence: Mapping[str, float]
    ) -> None:
        super().__init__()
        self.of_fields, self.labels, self.exclusive = list(curves), labels, exclusive
        names = [c.group if c is not None else "" for c in curves]
        self.groups = [
            ([f for f, n in enumerate(names) if n == name], dependence.get(name, 0.0))
            for name in sorted(set(names) - {""})
        ]
        self.any = any(c is not None for c in curves)

    @cached_property
    def _tables(self) -> _Tables:
        """Made at first use: a model that is being loaded has no real tensors yet."""
        length = max([2, *(len(c.nodes) for c in self.of_fields if c is not None)])
        nodes = torch.zeros(len(self.of_fields), length)
        values = torch.zeros(len(self.of_fields), length, self.labels)
        for f, curve in enumerate(self.of_fields):
            if curve is not None:
                rest = length - len(curve.nodes)
                nodes[f] = torch.tensor((*curve.nodes, *(curve.nodes[-1],) * rest))
                values[f] = torch.tensor((*curve.log_odds, *(curve.log_odds[-1],) * rest))
        width = nodes.diff(dim=1)
        return _Tables(nodes, torch.where(width > 0, width, 1.0), values[:, 0], values.diff(dim=1))

    def forward(self, values: Tensor) -> Tensor:
        tables = self._tables
        share = ((values[:, :, None] - tables.nodes[:, :-1]) / tables.width).clamp(0, 1)  # (B, F, N - 1)
        found = tables.start + torch.einsum("bfn,fnk->bfk", torch.nan_to_num(share), tables.rise)
        found = torch.where(torch.isnan(values)[:, :, None], torch.zeros_like(found), found)
        for fields, r in self.groups:
            found[:, fields] = found[:, fields] * self._discount(found[:, fields], r)
        return found

    def _discount(self, of_group: Tensor, r: float) -> Tensor:
        """(B, G, K) -> (B, 1, 1) or, for independent labels, (B, 1, K)."""
        if self.exclusive:
            size = (of_group.amax(2) - of_group.amin(2))[:, :, None]
        else:
            size = of_group.abs()
        n = size.sum(1, keepdim=True) / size.amax(1, keepdim=True).clamp(min=1e-9)
        return 1 / (1 + (n - 1).clamp(min=0) * r)


class AdditiveClinicalHead(nn.Module):
    """values (B, F), NaN for unknown -> evidence of each field (B, F, K), log-odds before calibration.

    Each field enters as a straight line and, at each of its knots, a line that begins there (a linear spline). Columns are
    centred on the mean over the background. Labels that the data cannot teach a field for (`identified` 0) get exactly 0;
    where labels exclude each other the rest sum to 0, so that their share of the probability stays. Hence a field at its background mean says nothing, and its value is its exact
    Shapley value against that background (an additive game: Lundberg and Lee 2017, section 4). A field that these patients do not
    teach may have a curve instead.
    """

    centre: Tensor  # (P,)
    spread: Tensor  # (P,)
    identified: Tensor  # (F, K), 1 where the data can teach it

    def __init__(
        self,
        knots: Sequence[Sequence[float]],
        labels: int,
        exclusive: bool = True,
        curves: Sequence[Curve | None] = (),
        dependence: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.curves = Curves(curves or [None] * len(knots), labels, exclusive, dependence or {})
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
        learned = self.of_weight(self.weight, values)
        return learned + self.curves(values) if self.curves.any else learned

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

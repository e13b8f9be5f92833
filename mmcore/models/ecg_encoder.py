"""A 1-D convolutional network for twelve leads whose pooled features are measurements, laid on the waves they belong to."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcore.domain.case import LEADS
from mmcore.preprocess.ecg_measures import MEASURES, WAVES


def build_waveform_encoder(config: Mapping[str, int]) -> "EcgEncoder":
    """An untrained waveform encoder from its configuration."""
    return EcgEncoder(config["width"], config["context"])


class Block(nn.Module):
    """(B * 12, C, t) -> the same: a convolution along time in every lead, and what the other leads show at that time."""

    def __init__(self, channels: int, dilation: int, shared: int = 8) -> None:
        super().__init__()
        self.along = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.to_shared = nn.Conv1d(channels, shared, 1)
        self.across = nn.Conv1d(12 * shared, 12 * shared, 1)
        self.back = nn.Conv1d(shared, channels, 1)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        told = self.to_shared(x)  # (B * 12, s, t)
        told = self.across(told.reshape(-1, 12 * told.shape[1], told.shape[2])).reshape(told.shape)
        return x + F.relu(self.norm(self.along(x) + self.back(F.relu(told))))


class Context(nn.Module):
    """(B, C, t) -> the same: convolutions with growing gaps over the mean of the leads, so that a cell sees ten seconds."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(channels, channels, 5, padding=2 * d, dilation=d, bias=False)
            for d in (1, 2, 4, 8, 16, 32)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels) for _ in self.layers)

    def forward(self, x: Tensor) -> Tensor:
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = x + F.relu(norm(layer(x)))
        return x


class EcgEncoder(nn.Module):
    """(B, 12, 1000) millivolts at 100 Hz -> (B, D, 12, 125): at each lead and 80 ms, what it adds to each measure.

    The mean over leads and time is the measure itself, in standard deviations. A measure of one lead is 0 in the others, and
    every measure is weighted by how surely its wave lies there.
    """

    feature_dim = len(MEASURES)
    measures = tuple(m.name for m in MEASURES)
    centre: Tensor  # (D,) of each measure in training, its own unit
    spread: Tensor  # (D,)
    wave_of: Tensor  # (D,) place in WAVES
    own: Tensor  # (D, 12)

    def __init__(self, width: int = 32, context: int = 48) -> None:
        super().__init__()
        self.config = {"width": width, "context": context}
        self.stem = nn.Conv1d(1, width, 21, padding=10, stride=8)  # shared by all leads
        self.lead = nn.Parameter(torch.zeros(12, width, 1))
        self.blocks = nn.Sequential(Block(width, 1), Block(width, 2), Block(width, 4))
        self.gather = nn.Conv1d(12 * width, context, 1)
        self.context = Context(context)
        self.waves = nn.Conv1d(context + 12 * width, len(WAVES), 1)
        self.tell = nn.Conv1d(context, width, 1)
        self.last = Block(width, 1)
        self.by_lead = nn.Conv1d(width, len(MEASURES), 1)
        wave = [WAVES.index(m.wave) for m in MEASURES]
        own = torch.tensor(
            [[12.0 if m.lead == lead else 0.0 for lead in LEADS] if m.lead else [1.0] * 12 for m in MEASURES]
        )
        self.register_buffer("centre", torch.zeros(len(MEASURES)))
        self.register_buffer("spread", torch.ones(len(MEASURES)))
        self.register_buffer("wave_of", torch.tensor(wave))
        self.register_buffer("own", own)

    def trunk(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """(values (B, 12, C, t) before the last map, wave logits (B, 5, t))."""
        batch = len(samples)
        x = self.stem(samples.reshape(batch * 12, 1, -1))  # (B * 12, C, 125)
        x = F.relu(x + self.lead.repeat(batch, 1, 1))
        x = self.blocks(x)
        together = x.reshape(batch, -1, x.shape[2])  # (B, 12 * C, 125)
        around = self.context(F.relu(self.gather(together)))  # (B, context, 125)
        x = self.last(x + self.tell(around).repeat_interleave(12, 0))
        return x.reshape(batch, 12, -1, x.shape[2]), self.waves(torch.cat([around, together], 1))

    def forward(self, samples: Tensor) -> Tensor:
        x, waves = self.trunk(samples)
        batch, _, width, time = x.shape
        values: Tensor = self.by_lead(x.reshape(batch * 12, width, time)).reshape(batch, 12, -1, time)
        gate = waves.softmax(1)[:, self.wave_of]  # (B, D, t)
        return values.transpose(1, 2) * gate[:, :, None] * self.own[None, :, :, None]  # (B, D, 12, t)

    def pooled(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """(mean over leads and time (B, D), wave logits (B, 5, t)): the same numbers without keeping the map."""
        x, waves = self.trunk(samples)
        gate = waves.softmax(1)  # (B, 5, t)
        by_wave = torch.einsum("blct,bwt->bwlc", x, gate) / x.shape[3]  # (B, 5, 12, C)
        share = gate.mean(2)  # (B, 5)
        weight, bias = self.by_lead.weight[:, :, 0], self.get_parameter("by_lead.bias")
        chosen = by_wave[:, self.wave_of]  # (B, D, 12, C)
        values = torch.einsum("bdlc,dc->bdl", chosen, weight) + (bias * share[:, self.wave_of])[:, :, None]
        return (values * self.own).mean(2), waves

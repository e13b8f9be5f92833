"""The waveform encoder: a 1-D convolutional network that keeps an axis of leads and one of time, so that its map can be read."""

import torch
from torch import Tensor, nn

MILLIVOLTS = 0.5  # typical deviation of a filtered lead; brings the input to about unit scale


class EcgEncoder(nn.Module):
    """samples (B, leads, L) in millivolts -> map (B, D, leads, l): kernels run along time and are shared by the leads.

    After each stage every lead also receives the mean over the leads, so that what one lead shows can count in another
    while the lead axis stays. NaN samples (not recorded) enter as 0.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64), kernel: int = 7, stride: int = 2) -> None:
        super().__init__()
        self.feature_dim = widths[-1]
        before = (1, *(2 * w for w in widths[:-1]))
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, (1, kernel), stride=(1, stride), padding=(0, kernel // 2), bias=False),
                nn.BatchNorm2d(b),
                nn.ReLU(),
            )
            for a, b in zip(before, widths, strict=True)
        )

    def forward(self, samples: Tensor) -> Tensor:
        x = torch.nan_to_num(samples).unsqueeze(1) / MILLIVOLTS  # (B, 1, leads, L)
        for i, stage in enumerate(self.stages):
            x = stage(x)  # (B, D_i, leads, L_i)
            if i + 1 < len(self.stages):
                x = torch.cat([x, x.mean(2, keepdim=True).expand_as(x)], 1)  # (B, 2 D_i, leads, L_i)
        return x


def build_waveform_encoder(config: dict) -> EcgEncoder:
    """An untrained waveform encoder from its configuration."""
    return EcgEncoder(tuple(config["widths"]), config["kernel"], config["stride"])

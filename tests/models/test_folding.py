"""Folding batch norms away changes the passes and not the answer."""

import torch
from torch import nn

from mmcore.models.efficientnet_lite import EfficientNetLite0
from mmcore.models.folding import folded
from mmcore.models.lungs import LungNet


def unsettled(net: nn.Module) -> nn.Module:
    """Batch norms with statistics and weights of their own, as after a training."""
    torch.manual_seed(0)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low, high in (
                (module.running_mean, -0.5, 0.5), (module.running_var, 0.5, 2), (module.weight, 0.5, 1.5),
                (module.bias, -0.5, 0.5),
            ):  # fmt: skip
                nn.init.uniform_(values, low, high)
    return net.eval()


def test_a_folded_network_says_the_same_without_a_batch_norm() -> None:
    for net, side in ((EfficientNetLite0(8, 32), 64), (LungNet(), 160)):
        picture = torch.rand(2, 1, side, side, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            before = unsettled(net)(picture)
            after = folded(net)(picture)
        assert before.std() > 0.01
        assert torch.allclose(before, after, rtol=1e-3, atol=1e-4)
        assert not any(isinstance(module, nn.BatchNorm2d) for module in net.modules())

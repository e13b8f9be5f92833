"""Folds batch norms into the convolutions before them: the same function in fewer passes, for networks that only run."""

from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Net = TypeVar("Net", bound=nn.Module)


def folded(net: Net) -> Net:
    """`net` itself, in evaluation mode and laid out for convolutions on CPUs, each pair in a sequence folded into one."""
    net.eval().requires_grad_(False)
    for module in net.modules():
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                conv, norm = module[i], module[i + 1]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[i], module[i + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    return laid_out(net, torch.channels_last)


def laid_out(net: Net, layout: torch.memory_format) -> Net:
    """`net` itself with its 4-D tensors in the layout: what Module.to(memory_format=...) does, which torch does not type."""
    for tensor in (*net.parameters(), *net.buffers()):
        if tensor.dim() == 4:
            tensor.data = tensor.data.to(memory_format=layout)
    return net

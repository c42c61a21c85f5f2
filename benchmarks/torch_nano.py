"""``mixnet_nano`` built from PyTorch's layers: the peer in the training benchmark."""

import torch
from torch import nn

from minimix.models.mixnet import NANO
from minimix.partition import partition


class MixConv(nn.Module):
    """Split, one depthwise convolution a group, concatenate."""

    def __init__(self, channels, kernels, stride):
        super().__init__()
        self.sizes = partition(channels, len(kernels))
        self.convs = nn.ModuleList(
            nn.Conv2d(c, c, k, stride, k // 2, groups=c, bias=False) for c, k in zip(self.sizes, kernels, strict=True)
        )

    def forward(self, x):
        if len(self.convs) == 1:
            return self.convs[0](x)
        return torch.cat([conv(part) for conv, part in zip(self.convs, x.split(self.sizes, 1), strict=True)], 1)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.expand(nn.functional.silu(self.reduce(x.mean((2, 3), keepdim=True)))))


class Block(nn.Module):
    def __init__(self, channels, row, stride):
        super().__init__()
        act = {"relu": nn.ReLU, "swish": nn.SiLU}[row.activation]
        inside = channels * row.expansion
        layers = (
            [nn.Conv2d(channels, inside, 1, bias=False), nn.BatchNorm2d(inside), act(inplace=True)]
            if row.expansion != 1
            else []
        )
        layers += [MixConv(inside, row.kernels, stride), nn.BatchNorm2d(inside), act(inplace=True)]
        layers += [SqueezeExcite(inside, max(1, int(channels * row.se)))] if row.se else []
        self.layers = nn.Sequential(*layers, nn.Conv2d(inside, row.channels, 1, bias=False), nn.BatchNorm2d(row.channels))
        self.skip = stride == 1 and channels == row.channels

    def forward(self, x):
        return x + self.layers(x) if self.skip else self.layers(x)


def mixnet_nano() -> nn.Module:
    """The same layers, with PyTorch's initial weights."""
    layers, channels = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)], 16
    for row in NANO:
        for i in range(row.repeats):
            layers.append(Block(channels, row, row.stride if i == 0 else 1))
            channels = row.channels
    layers += [nn.Conv2d(channels, 256, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))

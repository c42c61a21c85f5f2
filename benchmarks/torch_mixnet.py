"""MixNets built from PyTorch's layers, the peers in the benchmarks. State dicts have minimix's names, which are timm's.

The tables of rows come as text from ``workloads.rows_of``: a process that measures PyTorch does not load minimix, whose
compiler alone takes 70 MB.
"""

import json
from types import SimpleNamespace

import torch
from torch import nn


class Mixed(nn.ModuleList):
    """Split, one convolution a group, concatenate."""

    def forward(self, x):
        parts = x.split([conv.in_channels for conv in self], 1)
        return torch.cat([conv(part) for conv, part in zip(self, parts, strict=True)], 1)


def mixed(convolutions: list) -> nn.Module:
    return convolutions[0] if len(convolutions) == 1 else Mixed(convolutions)


def equal(channels: int, groups: int) -> list[int]:
    """As many for each group, and what is left over for the first."""
    return [channels - channels // groups * (groups - 1), *[channels // groups] * (groups - 1)]


def pointwise(inputs: int, outputs: int, groups: int) -> nn.Module:
    parts = zip(equal(inputs, groups), equal(outputs, groups), strict=True)
    return mixed([nn.Conv2d(i, o, 1, bias=False) for i, o in parts])


def depthwise(channels: int, kernels: list, stride: int) -> nn.Module:
    parts = zip(equal(channels, len(kernels)), kernels, strict=True)
    return mixed([nn.Conv2d(c, c, k, stride, k // 2, groups=c, bias=False) for c, k in parts])


class SqueezeExcite(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.conv_reduce, self.conv_expand = nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.conv_expand(nn.functional.silu(self.conv_reduce(x.mean((2, 3), keepdim=True)))))


class Block(nn.Module):
    def __init__(self, channels, row):
        super().__init__()
        act = {"relu": nn.ReLU, "swish": nn.SiLU}[row.activation]
        inside, self.expands = channels * row.expansion, row.expansion != 1
        self.conv_dw = depthwise(inside, row.kernels, row.stride)
        project, norms = (
            pointwise(inside, row.channels, row.project_groups),
            [nn.BatchNorm2d(inside), nn.BatchNorm2d(row.channels)],
        )
        if self.expands:
            self.conv_pw, self.bn1 = pointwise(channels, inside, row.expand_groups), nn.BatchNorm2d(inside)
            self.conv_pwl, self.bn2, self.bn3 = project, *norms
        else:
            self.conv_pw, self.bn1, self.bn2 = project, *norms
        self.act = act(inplace=True)
        self.se = SqueezeExcite(inside, max(1, int(channels * row.se))) if row.se else nn.Identity()
        self.skip = row.stride == 1 and channels == row.channels

    def forward(self, x):
        if self.expands:
            y = self.act(self.bn1(self.conv_pw(x)))
            y = self.se(self.act(self.bn2(self.conv_dw(y))))
            y = self.bn3(self.conv_pwl(y))
        else:
            y = self.bn2(self.conv_pw(self.se(self.act(self.bn1(self.conv_dw(x))))))
        return x + y if self.skip else y


class MixNet(nn.Module):
    """With PyTorch's initial weights."""

    def __init__(self, network):
        super().__init__()
        channels = network.stem
        self.conv_stem = nn.Conv2d(3, channels, 3, network.stem_stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.blocks = nn.Sequential()
        for stage in network.stages:
            blocks = nn.Sequential()
            for row in stage:
                blocks.append(Block(channels, row))
                channels = row.channels
            self.blocks.append(blocks)
        self.conv_head, self.bn2 = nn.Conv2d(channels, network.head, 1, bias=False), nn.BatchNorm2d(network.head)
        self.act = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(network.dropout)
        self.classifier = nn.Linear(network.head, network.classes)

    def forward(self, x):
        x = self.blocks(self.act(self.bn1(self.conv_stem(x))))
        x = self.act(self.bn2(self.conv_head(x)))
        return self.classifier(self.dropout(x.mean((2, 3))))


def create(name: str, rows: str) -> nn.Module:
    """rows: from ``workloads.rows_of``; "" for a network that timm has, which must be installed."""
    if rows:
        return MixNet(json.loads(rows, object_hook=lambda fields: SimpleNamespace(**fields)))
    try:
        from timm import create_model
    except ImportError as error:
        raise SystemExit(f"{name} is timm's, which cannot be imported ({error}): pip install timm torchvision") from None
    return create_model(name)

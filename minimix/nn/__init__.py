"""Layers as PyTorch users know them, ``nn.Module``, ``nn.Conv2d``, ...; and the mixed ones: ``MixConv2d``, ``MixBlock``."""

from minimix.nn import init
from minimix.nn.blocks import MixBlock, SqueezeExcite
from minimix.nn.containers import ModuleList, Sequential
from minimix.nn.convolution import Conv2d, DepthwiseConv2d, MixConv2d, PointwiseConv2d
from minimix.nn.layers import (
    AvgPool2d,
    BatchNorm2d,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    HardSwish,
    Linear,
    MaxPool2d,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Swish,
)
from minimix.nn.module import Module, Parameter

__all__ = [
    "AvgPool2d", "BatchNorm2d", "Conv2d", "DepthwiseConv2d", "Dropout", "Flatten", "GlobalAvgPool2d", "HardSwish", "Linear",
    "MaxPool2d", "MixBlock", "MixConv2d", "Module", "ModuleList", "Parameter", "PointwiseConv2d", "ReLU", "ReLU6", "Sequential",
    "SiLU", "Sigmoid", "Softmax", "SqueezeExcite", "Swish", "init",
]  # fmt: skip

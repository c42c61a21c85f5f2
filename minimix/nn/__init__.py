"""Layers as PyTorch users know them, ``nn.Module``, ``nn.Conv2d``, ...; and the mixed ones: ``MixConv2d``, ``MixBlock``."""

from minimix.nn import init
from minimix.nn.blocks import MixBlock, SqueezeExcite
from minimix.nn.containers import ModuleList, Sequential
from minimix.nn.convolution import Conv2d, DepthwiseConv2d, MixConv2d, PointwiseConv2d
from minimix.nn.layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm2d,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    HardSwish,
    Identity,
    Linear,
    MaxPool2d,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Swish,
)
from minimix.nn.losses import CrossEntropyLoss, MSELoss, NLLLoss
from minimix.nn.module import Module, Parameter

__all__ = [
    "AdaptiveAvgPool2d", "AvgPool2d", "BatchNorm2d", "Conv2d", "CrossEntropyLoss", "DepthwiseConv2d", "Dropout", "Flatten",
    "GlobalAvgPool2d", "HardSwish", "Identity", "Linear", "MSELoss", "MaxPool2d", "MixBlock", "MixConv2d", "Module",
    "ModuleList", "NLLLoss", "Parameter", "PointwiseConv2d", "ReLU", "ReLU6", "Sequential", "SiLU", "Sigmoid", "Softmax",
    "SqueezeExcite", "Swish", "init",
]  # fmt: skip

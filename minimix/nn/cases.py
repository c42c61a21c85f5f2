"""The layers and blocks, as cases for the table of ``minimix gradcheck``: their input and all their parameters."""

import numpy as np

from minimix.gradcheck.cases import NOT_ANALYTIC
from minimix.gradcheck.suite import Case
from minimix.nn.blocks import MixBlock, SqueezeExcite
from minimix.nn.containers import Sequential
from minimix.nn.convolution import Conv2d, DepthwiseConv2d, MixConv2d, PointwiseConv2d
from minimix.nn.layers import AvgPool2d, BatchNorm2d, Dropout, Flatten, GlobalAvgPool2d, HardSwish, Linear, MaxPool2d, Swish
from minimix.nn.module import Module


def layer_cases() -> list[Case]:
    """Layers with parameters in several configurations each; the others once, behind one that gives them something to do."""
    images = (2, 4, 6, 5)
    wide = (2, 6, 5, 5)
    return [
        _case("Conv2d", "3x3, stride 2, padding 1", lambda: Conv2d(4, 3, 3, stride=2, padding=1), images),
        _case(
            "Conv2d",
            "2x3, dilation 2, 2 groups, no bias",
            lambda: Conv2d(4, 2, (2, 3), dilation=2, groups=2, bias=False),
            images,
        ),
        _case("PointwiseConv2d", "4 -> 6, 2 groups", lambda: PointwiseConv2d(4, 6, groups=2), images),
        _case("DepthwiseConv2d", "5x5, stride 2, multiplier 2", lambda: DepthwiseConv2d(4, 5, 2, multiplier=2), images),
        _case("MixConv2d", "3, 5, 7", lambda: MixConv2d(4, (3, 5, 7)), images),
        _case("MixConv2d", "3, 5, exponential, stride 2", lambda: MixConv2d(6, (3, 5), 2, partition="exponential"), wide),
        _case("MixConv2d", "3, 3, dilation 1, 2, tf_same", lambda: MixConv2d(4, (3, 3), 2, (1, 2), padding="tf_same"), images),
        _case("BatchNorm2d", "training", lambda: BatchNorm2d(4), images),
        _case("BatchNorm2d", "training, swish", lambda: BatchNorm2d(4, activation="swish"), images),
        _case("BatchNorm2d", "evaluation, hard_swish", lambda: BatchNorm2d(4, activation="hard_swish").eval(), images),
        _case("Linear", "4 -> 3", lambda: Linear(4, 3), (5, 4)),
        _case("SqueezeExcite", "4 -> 2 -> 4", lambda: SqueezeExcite(4, 2), images),
        _case("MixBlock", "3, 5, expansion 2, SE, skip", lambda: MixBlock(4, 4, (3, 5), expansion=2, se=0.5), images),
        _case(
            "MixBlock",
            "3, 5, stride 2, relu, evaluation",
            lambda: MixBlock(4, 3, (3, 5), 2, 2, activation="relu").eval(),
            images,
        ),
        _case(
            "MixBlock",
            "3, 5, 1x1 in 2 groups, out relu6",
            lambda: MixBlock(4, 6, (3, 5), 1, 2, expand_groups=2, project_groups=2, out_activation="relu6"),
            images,
        ),
        _case("MixBlock", "3, no expansion, not fused", lambda: _unfused(MixBlock(4, 4, (3,), expansion=1)), images),
        _case("MaxPool2d", "behind 1x1", lambda: Sequential(PointwiseConv2d(4, 3), MaxPool2d(2)), images),
        _case("AvgPool2d", "behind 1x1", lambda: Sequential(PointwiseConv2d(4, 3), AvgPool2d(2)), images),
        _case("GlobalAvgPool2d", "before linear", lambda: Sequential(GlobalAvgPool2d(), Linear(4, 3)), images),
        _case("Flatten", "before linear", lambda: Sequential(Flatten(), Linear(120, 2)), images),
        _case("Swish", "between linear layers", lambda: Sequential(Linear(4, 5), Swish(), Linear(5, 2)), (3, 4)),
        _case("HardSwish", "behind linear", lambda: Sequential(Linear(4, 5), HardSwish()), (3, 4)),
        _case("Dropout", "evaluation, behind linear", lambda: Sequential(Linear(4, 5), Dropout(0.5)).eval(), (3, 4)),
    ]


def _unfused(block: MixBlock) -> MixBlock:
    block.fused = False
    return block


def _case(layer: str, configuration: str, build, shape: tuple) -> Case:
    def make(rng: np.random.Generator) -> tuple[Module, list]:
        module = build().double()
        for parameter in module.parameters():  # no zeros, no ones: those hide mistakes
            parameter.data = rng.uniform(-1, 1, parameter.shape)
        return module, [rng.uniform(-2, 2, shape)]

    return Case(layer, configuration, make, NOT_ANALYTIC)

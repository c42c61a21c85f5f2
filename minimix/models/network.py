"""What a network is besides its table of rows, and how a ``RowNet`` is built from both."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from minimix.models import limits, tables, variations
from minimix.models.rows import RowNet, mix_block
from minimix.nn import Module, init
from minimix.padding import number


class Network(NamedTuple):
    """A published network. All but the table has the value that most of them share.

    stem: its channels. head: channels of the last 1x1 convolution, None: there is none.
    width, depth: what the table's channels and repeats are multiplied by. rounding, whole: what makes them whole again.
    widens_head: the head grows with a width above 1 (it never shrinks). fixed_ends: stem, head and the number of blocks in
        the first and last stage do not change with width and depth.
    size: pixels of the pictures it was made for, in height and width. classes: without ``num_classes``.
    padding: "same", symmetric as in PyTorch, or "tf_same", TensorFlow's. eps, momentum: of the batch norms.
    deviation: of the initial weights, a truncated normal; None: MixNet's rule (see ``nn.init.fan_out_normal``).
    """

    stages: tuple
    stem: int
    head: int | None
    dropout: float
    activation: str = "relu"
    stem_stride: int = 2
    width: float = 1.0
    depth: float = 1.0
    rounding: Callable = variations.round_channels
    whole: Callable = round
    widens_head: bool = False
    fixed_ends: bool = False
    size: int = 224
    classes: int = 1000
    padding: str = "same"
    eps: float = 1e-5
    momentum: float = 0.1
    block: Callable = mix_block
    deviation: float | None = None


def build(
    network: Network,
    num_classes: int | None = None,
    rows=None,
    width: float = 1.0,
    kernels: int | Sequence[int | Sequence[int] | None] | None = None,
    partition: str | Sequence[int] | Sequence[str | Sequence[int] | None] | None = None,
    dilated: bool = False,
    layers: int | Sequence[int] | None = None,
    resolution: float = 1.0,
    output_stride: int | None = None,
    in_channels: int = 3,
    dropout: float | None = None,
    padding: str | None = None,
    eps: float | None = None,
    momentum: float | None = None,
    activation: str | None = None,
    head_activation: str | None = None,
    se_activation: str | None = None,
) -> RowNet:
    """The network with fresh weights. Options that are None keep the network's own value; ``models.create`` explains them.

    Raises ValueError where a width or resolution is not above 0 or the options do not fit, and for activations of layers that
    the network does not have; and what the layers raise.

    >>> from minimix.models.mixnet import NETWORKS
    >>> build(NETWORKS["mixnet_nano"], width=0.5).input_size
    (3, 32, 32)
    """
    width = above_zero(width, "width") * network.width
    stages = network.stages if rows is None else tables.table(rows)
    stages = variations.widen(stages, width, network.rounding)
    stages = variations.deepen(stages, network.depth, network.whole, network.fixed_ends)
    stages, stem_stride = variations.with_output_stride(stages, network.stem_stride, output_stride)
    stages = variations.with_kernels(stages, kernels, partition, dilated, layers)
    if activation is not None:
        stages = [[row._replace(activation=activation) for row in stage] for stage in stages]
    if se_activation is not None and not any(row.se for stage in stages for row in stage):
        raise ValueError("se_activation: the network has no squeeze-and-excite")
    if head_activation is not None and network.head is None:
        raise ValueError("head_activation: the network has no convolution before its classifier")
    stem, head = network.stem, network.head
    if not network.fixed_ends:
        stem = network.rounding(stem * width)
        if head is not None and network.widens_head:
            head = max(head, network.rounding(head * width))
    model = RowNet(
        stages,
        stem,
        head,
        network.classes if num_classes is None else num_classes,
        stem_stride,
        in_channels,
        network.dropout if dropout is None else dropout,
        network.padding if padding is None else padding,
        network.eps if eps is None else eps,
        network.momentum if momentum is None else momentum,
        activation or network.activation,
        network.block,
        head_activation,
        se_activation,
    )
    if network.deviation is not None:
        draw_again(model, network.deviation)
    model.input_size = input_size(network.size, resolution, in_channels)
    return model


def draw_again(model: Module, deviation: float) -> None:
    """New initial weights: truncated normal numbers of one standard deviation in all kernels and matrices."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.data = init.truncated_normal(parameter.shape, deviation)


def above_zero(value: float, name: str) -> float:
    """``value``, which must be a number above 0."""
    if not number(value, name) > 0:
        raise ValueError(f"{name} must be above 0, got {value}")
    return value


def input_size(size: int, resolution: float, in_channels: int) -> tuple[int, int, int]:
    """(C, H, W) of the pictures that a network is made for.

    resolution: MobileNetV1's multiplier rho (arXiv 1704.04861, sec. 3.4): the same network on smaller pictures.

    >>> input_size(224, 0.714, 3)
    (3, 160, 160)
    """
    side = limits.pixels(size, resolution)
    return in_channels, side, side

"""What a network here consists of, as other libraries would list it; and what its function depends on besides its weights."""

from collections.abc import Iterator
from typing import NamedTuple

from minimix.models.mini_xception import MiniXception
from minimix.models.rows import RowNet
from minimix.models.xception import TensorFlowMaxPool2d, Xception, XceptionUnit
from minimix.nn import BatchNorm2d, DepthwiseConv2d, Linear, MaxPool2d, MixBlock, MixConv2d, Module

# What a layer is in a block, in the order in which they work.
ROLES = (
    "expand", "expand_norm", "depthwise", "depthwise_norm", "reduce", "excite", "project", "project_norm",
)  # fmt: skip


def family(net: Module) -> str:
    """Which networks this one is of: "mixnet", "mobilenetv1", "mobilenetv2", "efficientnet_lite", "xception", "mini_xception".

    "" where it is none of them, as are all of the user's own. The layers decide, not the name that it was created by.

    >>> from minimix import models
    >>> family(models.create("mixnet_nano")), family(models.create("mobilenetv1_025", num_classes=2))
    ('mixnet', 'mobilenetv1')
    """
    if isinstance(net, Xception):
        return "xception"
    if isinstance(net, MiniXception):
        return "mini_xception"
    found = [block.module for block in blocks(net)] if isinstance(net, RowNet) else []
    if not found or not all(isinstance(block, MixBlock) for block in found):
        return ""
    if not any(block.expands for block in found):
        return "mobilenetv1"
    if any(block.se is not None or len(block.conv_dw.kernel_sizes) > 1 for block in found):
        return "mixnet"
    return "mobilenetv2" if all(block.conv_dw.kernel_sizes == ((3, 3),) for block in found) else "efficientnet_lite"


class Block(NamedTuple):
    """A block of a ``RowNet``. number: through the network; stage, place: in the stage; row, repeat: in its table of rows."""

    key: str
    module: MixBlock
    number: int
    stage: int
    place: int
    row: int
    repeat: int

    def layers(self) -> Iterator[tuple[str, list[str]]]:
        """(role, the keys of the layer's parts): one part, or one for each group of channels."""
        block, names = self.module, iter(("bn1", "bn2", "bn3"))
        for role, name in zip(ROLES, self._names(names), strict=True):
            if name is not None:
                yield role, parts(f"{self.key}.{name}", block.get_submodule(name))

    def _names(self, norms: Iterator[str]) -> tuple[str | None, ...]:
        expands, excites = self.module.expands, self.module.se is not None
        return (
            "conv_pw" if expands else None,
            next(norms) if expands else None,
            "conv_dw",
            next(norms),
            "se.conv_reduce" if excites else None,
            "se.conv_expand" if excites else None,
            "conv_pwl" if expands else "conv_pw",
            next(norms),
        )


def blocks(net: RowNet) -> Iterator[Block]:
    """The blocks of a network, from the first to the last."""
    number, row, repeat, before = 0, -1, 0, None
    for i, stage in enumerate(net.blocks):
        for j, module in enumerate(stage):
            kind = _kind(module)
            row, repeat = (row, repeat + 1) if kind == before and j else (row + 1, 0)
            before = (*kind[:-1], 1) if kind else None  # those that repeat it have stride 1
            yield Block(f"blocks.{i}.{j}", module, number, i, j, row, repeat)
            number += 1


def _kind(block) -> tuple:
    """What blocks of one row have in common, their stride last. The first of a row may have other input channels."""
    if not isinstance(block, MixBlock):
        return ()
    convs = [0 if conv is None else conv.groups for conv in (block.expand, block.project)]
    inside = block.conv_dw.channels // block.in_channels
    return (block.conv_dw.kernel_sizes, inside, *convs, block.project.out_channels, max(block.conv_dw.stride))


def parts(key: str, layer: Module) -> list[str]:
    """One key for each weight of a layer: "conv_dw.0", "conv_dw.1", ..., or "conv_dw" alone."""
    return [f"{key}.{name}" for name, _ in layer.named_children() if name.isdecimal()] or [key]


class Separable(NamedTuple):
    """A separable convolution of an Xception: the keys of its two convolutions and of the batch norm behind them."""

    depthwise: str
    pointwise: str
    norm: str


class Unit(NamedTuple):
    """A residual unit of an Xception. skip: the keys of the projection and its batch norm, or None."""

    number: int
    separables: list[Separable]
    skip: tuple[str, str] | None


def units(net: Xception | MiniXception) -> Iterator[Unit]:
    """The residual units, from the first (1) to the last."""
    found = [(name, module) for name, module in net.named_modules() if isinstance(module, XceptionUnit)]
    for number, (key, unit) in enumerate(found, start=1):
        names = [name for name, layer in unit.rep.named_children() if hasattr(layer, "pointwise")]
        separables = [
            Separable(f"{key}.rep.{name}.conv1", f"{key}.rep.{name}.pointwise", f"{key}.rep.{int(name) + 1}") for name in names
        ]
        yield Unit(number, separables, None if unit.skip is None else (f"{key}.skip", f"{key}.skipbn"))


def kind(layer: Module) -> str:
    """How the arrays of a layer are to be called: "norm", "dense", "depthwise" or "conv"."""
    if isinstance(layer, BatchNorm2d):
        return "norm"
    if isinstance(layer, Linear):
        return "dense"
    return "depthwise" if isinstance(layer, (DepthwiseConv2d, MixConv2d)) else "conv"


class Function(NamedTuple):
    """What a network's function depends on besides its weights: options of ``models.create``. None: it has nothing of the kind,
    or has it as the table of its rows says.

    activation: of all layers. head_activation: behind the last convolution before the classifier. se_activation: inside each
    squeeze-and-excite.
    """

    eps: float | None = None
    padding: str | None = None
    activation: str | None = None
    head_activation: str | None = None
    se_activation: str | None = None

    def __str__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.given().items())

    def given(self) -> dict:
        """Those that are not None."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def function_of(net: Module) -> Function:
    """What ``net`` has. Where its layers differ, as only those of the user's own making do, it is "mixed".

    >>> from minimix import models
    >>> print(function_of(models.create("tf_mixnet_s", num_classes=2)))
    eps=0.001, padding='tf_same', head_activation='relu', se_activation='swish'
    """
    norms = [layer for layer in net.modules() if isinstance(layer, BatchNorm2d)]
    eps = _one({norm.eps for norm in norms})
    if isinstance(net, (Xception, MiniXception)):
        pools = {type(layer) for layer in net.modules() if isinstance(layer, (TensorFlowMaxPool2d, MaxPool2d))}
        padding = _one({"tf_same" if pool is TensorFlowMaxPool2d else "same" for pool in pools})
        return Function(eps=eps, padding=padding)
    if not isinstance(net, RowNet):
        return Function(eps=eps)
    paddings = {"tf_same" if conv.padding == "tf_same" else "same" for conv in [net.conv_stem, *_depthwise(net)]}
    activations = {norm.activation for norm in norms} - {"identity"}
    excites = {layer.activation for layer in net.modules() if hasattr(layer, "conv_reduce")}
    rows = family(net) == "mixnet"  # whose rows have two
    return Function(
        eps=eps,
        padding=_one(paddings),
        activation=None if rows else _one(activations),
        head_activation=net.bn2.activation if rows and net.conv_head is not None else None,
        se_activation=_one(excites) if excites else None,
    )


def _depthwise(net: RowNet) -> list[MixConv2d]:
    return [layer for layer in net.modules() if isinstance(layer, MixConv2d)]


def _one(values: set):
    return next(iter(values)) if len(values) == 1 else "mixed" if values else None

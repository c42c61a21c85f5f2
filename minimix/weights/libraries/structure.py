"""What a network here consists of, as other libraries would list it."""

from collections.abc import Iterator
from typing import NamedTuple

from minimix.models.mini_xception import MiniXception
from minimix.models.rows import RowNet
from minimix.models.xception import Xception, XceptionUnit
from minimix.nn import BatchNorm2d, DepthwiseConv2d, Linear, MixBlock, MixConv2d, Module

# What a layer is in a block, in the order in which they work.
ROLES = (
    "expand", "expand_norm", "depthwise", "depthwise_norm", "reduce", "excite", "project", "project_norm",
)  # fmt: skip


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

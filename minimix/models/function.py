"""Which family a network is of, and what its function depends on besides its weights, which files of weights say, too."""

import json
from typing import NamedTuple

from minimix.models.mini_xception import MiniXception
from minimix.models.rows import RowNet
from minimix.models.xception import TensorFlowMaxPool2d, Xception
from minimix.nn import BatchNorm2d, MaxPool2d, MixBlock, MixConv2d, Module

MIXED = "mixed"  # in place of a value, where layers differ


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
    found = [block for stage in net.blocks for block in stage.children()] if isinstance(net, RowNet) else []
    if not found or not all(isinstance(block, MixBlock) for block in found):
        return ""
    if not any(block.expands for block in found):
        return "mobilenetv1"
    if any(block.se is not None or len(block.conv_dw.kernel_sizes) > 1 for block in found):
        return "mixnet"
    return "mobilenetv2" if all(block.conv_dw.kernel_sizes == ((3, 3),) for block in found) else "efficientnet_lite"


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

    def written(self) -> str:
        """As a line of text, for a file's metadata; without what differs from layer to layer."""
        return json.dumps({name: value for name, value in self.given().items() if value != MIXED})

    @classmethod
    def read(cls, text: str) -> "Function":
        """From what ``written`` wrote. Raises ValueError for other text.

        >>> Function.read(Function(eps=0.001, padding="same").written())
        Function(eps=0.001, padding='same', activation=None, head_activation=None, se_activation=None)
        """
        try:
            found = json.loads(text)
            kinds = {name: float if name == "eps" else str for name in cls._fields}
            if all(isinstance(value, kinds[name]) for name, value in found.items()):
                return cls(**found)
        except (ValueError, KeyError, AttributeError, RecursionError):
            pass
        raise ValueError(f"{text[:80]!r} is not what a network's function depends on")


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
    return next(iter(values)) if len(values) == 1 else MIXED if values else None

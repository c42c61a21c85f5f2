"""Keras: its applications, whose layers have names, and networks whose layers have the numbers that Keras gave them."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from minimix.models.function import Function
from minimix.models.mini_xception import MiniXception
from minimix.models.pretrained import Preparation
from minimix.models.rows import RowNet
from minimix.models.xception import Xception
from minimix.nn import Module
from minimix.weights.libraries.library import KERAS, Library
from minimix.weights.libraries.structure import blocks, kind, units

_CLASSES = {  # of layers, as Keras numbers them: the names of their arrays, in the order in which Keras 3 numbers these
    "conv2d": ("kernel", "bias"),
    "depthwise_conv2d": ("depthwise_kernel", "bias"),
    "separable_conv2d": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "dense": ("kernel", "bias"),
}
_NUMBERED = re.compile(rf"({'|'.join(_CLASSES)})(?:_(\d+))?")


def even(entries: Mapping) -> dict[str, tuple[str, np.ndarray]]:
    """{layer/array: (name in the file, array)}, in whichever of Keras' ways the file was written.

    "conv1/conv1/kernel:0" (Keras 2), "conv1/conv1/kernel", "mobilenetv2_1.00_160/Conv1/kernel" (a model within another) and
    "conv1/conv1_1/kernel:0" (made twice in one session) lose all but the layer. Layers that Keras has numbered are counted
    from 0: a session counts on from the models before, so that "conv2d_7" may be the first. Keras 3's "layers/conv2d_7/vars/0"
    has only numbers.
    """
    found: dict = {}
    numbers: dict = defaultdict(dict)  # {class of layers: {number: {array: (name, array)}}}
    for name, array in entries.items():
        layer, last = _layer(name)
        match = _NUMBERED.fullmatch(layer)
        if match is None:
            found[f"{layer}/{last}"] = (name, array)
            continue
        arrays = _CLASSES[match[1]]
        last = arrays[int(last)] if last.isdecimal() and int(last) < len(arrays) else last
        if match[1] == "depthwise_conv2d" and last == "kernel":
            last = "depthwise_kernel"
        numbers[match[1]].setdefault(int(match[2] or 0), {})[last] = (name, array)
    for what, layers in numbers.items():
        for number, (_, arrays) in enumerate(sorted(layers.items())):
            found |= {f"{what}#{number}/{last}": entry for last, entry in arrays.items()}
    return found


def _layer(name: str) -> tuple[str, str]:
    """(layer, array)."""
    *scopes, last = name.removesuffix(":0").split("/")
    scopes = [scope for scope in scopes if scope not in ("vars", "layers")]
    if len(scopes) > 1 and (scopes[-1] == scopes[-2] or re.fullmatch(rf"{re.escape(scopes[-2])}_\d+", scopes[-1])):
        scopes.pop()
    return (scopes[-1] if scopes else ""), last


# -- applications -----------------------------------------------------------------------------------------------------


def _mobilenet(net: RowNet) -> Iterator[tuple[str, str]]:
    yield from (("conv_stem", "conv1"), ("bn1", "conv1_bn"))
    for block in blocks(net):
        names = {
            "depthwise": "conv_dw_{}",
            "depthwise_norm": "conv_dw_{}_bn",
            "project": "conv_pw_{}",
            "project_norm": "conv_pw_{}_bn",
        }
        yield from ((layers[0], names[role].format(block.number + 1)) for role, layers in block.layers())
    yield "classifier", "conv_preds|dense#0"


def _mobilenet_v2(net: RowNet) -> Iterator[tuple[str, str]]:
    yield from (("conv_stem", "Conv1"), ("bn1", "bn_Conv1"))
    for block in blocks(net):
        place = f"block_{block.number}" if block.number else "expanded_conv"
        for role, layers in block.layers():
            yield layers[0], f"{place}_{role.replace('_norm', '_BN')}"
    yield from (("conv_head", "Conv_1"), ("bn2", "Conv_1_bn"), ("classifier", "predictions|Logits|dense#0"))


def _xception(net: Xception) -> Iterator[tuple[str, str]]:
    yield from (("conv1", "block1_conv1"), ("bn1", "block1_conv1_bn"), ("conv2", "block1_conv2"), ("bn2", "block1_conv2_bn"))
    skips = 0
    for unit in units(net):
        if unit.skip:
            yield from ((unit.skip[0], f"conv2d#{skips}"), (unit.skip[1], f"batch_normalization#{skips}"))
            skips += 1
        for i, separable in enumerate(unit.separables, start=1):
            yield from _separable(separable, f"block{unit.number + 1}_sepconv{i}", f"block{unit.number + 1}_sepconv{i}_bn")
    for i in (1, 2):
        ours = f"conv{i + 2}.conv1", f"conv{i + 2}.pointwise", f"bn{i + 2}"
        yield from _separable(ours, f"block14_sepconv{i}", f"block14_sepconv{i}_bn")
    yield "fc", "predictions|dense#0"


def _separable(ours: tuple, layer: str, norm: str) -> Iterator[tuple[str, str]]:
    """Keras has both convolutions in one layer."""
    yield from ((ours[0], f"{layer}/depthwise_kernel="), (ours[1], f"{layer}/pointwise_kernel="), (ours[2], norm))


# -- numbered layers --------------------------------------------------------------------------------------------------


def _in_order(net: Module, layers: list, classifier: str) -> Iterator[tuple[str, str]]:
    """Layers by their class and their number in it.

    layers: ours, in the order in which Keras counts them; those of a separable convolution together. classifier: its class
    there; a dense layer in its place is of someone who has trained on.
    """
    counted: dict = defaultdict(int)

    def next_of(what: str) -> str:
        counted[what] += 1
        return f"{what}#{counted[what] - 1}"

    classes = {"norm": "batch_normalization", "depthwise": "depthwise_conv2d", "conv": "conv2d"}
    for ours in layers:
        if isinstance(ours, tuple):
            yield from _separable(ours, next_of("separable_conv2d"), next_of("batch_normalization"))
        else:
            yield ours, next_of(classes[kind(net.get_submodule(ours))])
    yield "fc" if isinstance(net, Xception) else "classifier", f"{next_of(classifier)}|dense#0"


def _rows(net: RowNet) -> Iterator[tuple[str, str]]:
    inside = [ours for block in blocks(net) for _, layers in block.layers() for ours in layers]
    head = [] if net.conv_head is None else ["conv_head", "bn2"]
    yield from _in_order(net, ["conv_stem", "bn1", *inside, *head], "dense" if head else "conv2d")


def _numbered_xception(net: Xception) -> Iterator[tuple[str, str]]:
    """Keras 3 goes through the graph, and meets a unit's projection behind its separable convolutions."""
    inside = [layer for unit in units(net) for layer in (*unit.separables, *(unit.skip or ()))]
    last = [("conv3.conv1", "conv3.pointwise", "bn3"), ("conv4.conv1", "conv4.pointwise", "bn4")]
    yield from _in_order(net, ["conv1", "bn1", "conv2", "bn2", *inside, *last], "dense")


def _mini_xception(net: MiniXception) -> Iterator[tuple[str, str]]:
    """Its code makes a unit's projection first, and so Keras counted."""
    inside = [layer for unit in units(net) for layer in (*(unit.skip or ()), *unit.separables)]
    yield from _in_order(net, ["conv1", "bn1", "conv2", "bn2", *inside], "conv2d")


_CENTRED = Preparation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), interpolation="bilinear")
_PREPARATIONS = {
    "mobilenetv1": _CENTRED,
    "mobilenetv2": _CENTRED,
    "xception": _CENTRED._replace(size=299),
    "mini_xception": _CENTRED._replace(size=64, crop=1.0, mean=(0.5,), std=(0.5,)),
    "mixnet": Preparation(interpolation="bilinear"),
}
_FUNCTIONS = {
    "mobilenetv1": Function(eps=1e-3, padding="tf_same", activation="relu6"),
    "mobilenetv2": Function(eps=1e-3, padding="tf_same", activation="relu6"),
    "xception": Function(eps=1e-3, padding="tf_same"),
    "mini_xception": Function(eps=1e-3, padding="tf_same"),
    "mixnet": Function(eps=1e-3, padding="tf_same", head_activation="relu", se_activation="swish"),
}

LIBRARIES = (
    Library(
        name="keras",
        version="keras 3.15.1, tensorflow 2.15.1 (Keras 2)",
        source="keras.applications: MobileNet, MobileNetV2, Xception; saved whole or weights alone, as .h5",
        marks=(r"(^|/)(conv_dw_1|expanded_conv_depthwise|block2_sepconv1)/",),
        layers={"mobilenetv1": _mobilenet, "mobilenetv2": _mobilenet_v2, "xception": _xception},
        arrays=KERAS,
        functions=_FUNCTIONS,
        preparations=_PREPARATIONS,
        clean=even,
    ),
    Library(
        name="keras-numbered",
        version="keras 3.15.1 (.weights.h5 and .keras), fer 25.10.3 (mini-Xception), keras-mixnets 0.1.0",
        source="networks whose layers have the names that Keras gives them, in the order in which they were made",
        marks=(r"(^|/)conv2d(_\d+)?/", r"(^|/)batch_normalization(_\d+)?/"),
        layers={
            **dict.fromkeys(("mixnet", "mobilenetv1", "mobilenetv2"), _rows),
            "xception": _numbered_xception,
            "mini_xception": _mini_xception,
        },
        arrays=KERAS,
        functions=_FUNCTIONS,
        preparations=_PREPARATIONS,
        guessed=tuple(_PREPARATIONS),  # anybody may have made it
        clean=even,
    ),
)

"""MindSpore's zoo, mindcv: layers in lists, where activations are counted, too."""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from minimix.models.function import Function
from minimix.models.pretrained import Preparation
from minimix.models.rows import RowNet
from minimix.models.xception import Xception
from minimix.weights.libraries.library import MINDSPORE, Library
from minimix.weights.libraries.structure import blocks, units
from minimix.weights.libraries.torch_names import numbered

# After these comes an activation, which has a place in the list, but no arrays.
_BEFORE_ACTIVATION = ("expand_norm", "depthwise_norm")


def _mixnet(net: RowNet) -> Iterator[tuple[str, str]]:
    yield from (("conv_stem", "stem_conv.0"), ("bn1", "stem_conv.1"))
    for block in blocks(net):
        at = 0
        for role, layers in block.layers():
            place = f"layers.{block.number}.convs.{at}"
            inside = {
                "expand": ".grouped_conv", "project": ".grouped_conv", "depthwise": ".mixed_depthwise_conv",
                "reduce": ".conv_reduce", "excite": ".conv_expand",
            }.get(role, "")  # fmt: skip
            yield from numbered(layers, place + inside)
            at += 2 if role in _BEFORE_ACTIVATION else 0 if role == "reduce" else 1  # both convolutions are in one cell
    yield from (("conv_head", "head_conv.0"), ("bn2", "head_conv.1"), ("classifier", "classifier"))


def _mobilenet(inside: str, classifier: str):
    def names(net: RowNet) -> Iterator[tuple[str, str]]:
        yield from (("conv_stem", "features.0"), ("bn1", "features.1"))
        last = 3
        for block in blocks(net):
            at, last = 0, block.number + 4
            for role, layers in block.layers():
                yield from numbered(layers, f"features.{block.number + 3}{inside}.{at}")
                at += 2 if role in _BEFORE_ACTIVATION else 1
        if net.conv_head is not None:
            yield from (("conv_head", f"features.{last}"), ("bn2", f"features.{last + 1}"))
        yield "classifier", classifier

    return names


def _xception(net: Xception) -> Iterator[tuple[str, str]]:
    yield from ((name, name) for name in ("conv1", "bn1", "conv2", "bn2"))
    for unit in units(net):
        for ours in [name for separable in unit.separables for name in separable] + list(unit.skip or ()):
            yield ours, ours.replace(f"block{unit.number}.", f"blocks.{unit.number - 1}.")
    yield from ((name, name) for name in ("conv3.conv1", "conv3.pointwise", "bn3", "conv4.conv1", "conv4.pointwise", "bn4"))
    yield "fc", "classifier"


# What training keeps beside the weights: of optimizers, and how far it has come.
_BESIDE = re.compile(
    r"^(moments|moment1|moment2|accum|mean_square|mean_gradients)\."
    r"|^(learning_rate|momentum|global_step|beta1_power|beta2_power|epoch_num|step_num|current_iterator_step)$"
)


def _weights(entries: Mapping) -> dict[str, tuple[str, np.ndarray]]:
    return {name: (name, array) for name, array in entries.items() if not _BESIDE.search(name)}


_IMAGENET = Preparation()

LIBRARY = Library(
    name="mindcv",
    version="0.3.0 (mindspore 2.10.0)",
    source="mindcv.models.create_model(...).get_parameters(), as mindspore.save_checkpoint writes them to a .ckpt",
    marks=(r"^(stem_conv\.0|features\.0|conv1)\.weight$", r"^(stem_conv\.1|features\.1|bn1)\.moving_variance$"),
    layers={
        "mixnet": _mixnet,
        "mobilenetv1": _mobilenet("", "classifier"),
        "mobilenetv2": _mobilenet(".layers", "classifier.1"),
        "xception": _xception,
    },
    arrays=MINDSPORE,
    clean=_weights,
    functions={
        "mixnet": Function(eps=1e-5, padding="same", head_activation="relu", se_activation="relu"),
        "mobilenetv1": Function(eps=1e-5, padding="same", activation="relu"),
        "mobilenetv2": Function(eps=1e-5, padding="same", activation="relu6"),
        "xception": Function(eps=1e-5, padding="tf_same"),
    },
    preparations={
        "mixnet": _IMAGENET,
        "mobilenetv1": _IMAGENET,
        "mobilenetv2": _IMAGENET,
        "xception": _IMAGENET._replace(size=299),
    },
)

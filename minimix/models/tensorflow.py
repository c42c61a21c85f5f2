"""MixNet weights under the names of its authors' TensorFlow code, made into a state dict. Needs no TensorFlow.

    variables = tensorflow.read_npz("mixnet-s.npz")                        # {name: array}
    model = models.create("tf_mixnet_s")
    model.load_state_dict(tensorflow.convert(variables, model))

In TensorFlow, such a file comes of ``np.savez("mixnet-s.npz", **{name: reader.get_tensor(name) for name in
reader.get_variable_to_shape_map()})``, where reader is ``tf.train.load_checkpoint(folder)``.

The names are those of github.com/tensorflow/tpu, models/official/mnasnet/mixnet, as TensorFlow 2.15 gives them:

    mixnet-s/mixnet_model/stem/conv2d_78/kernel                            mixnet-s/stem/batch_normalization/gamma
    mixnet-s/mixnet_model/blocks_3/depthwise_conv2d_5/depthwise_kernel     mixnet-s/blocks_3/batch_normalization_1/beta
    mixnet-s/mixnet_model/blocks_3/conv2d_6/kernel                         mixnet-s/mixnet_model/blocks_3/se/conv2d_7/bias
    mixnet-s/mixnet_model/head/conv2d_79/kernel                            mixnet-s/mixnet_model/head/dense/kernel

Only the end counts, from "stem", "blocks_3" or "head" on, and of the numbers only their order: older versions of TensorFlow
name the rest otherwise. Not tested against the files that the authors published in 2019.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minimix.models.rows import RowNet
from minimix.models.weights import unusable
from minimix.nn import MixBlock, MixConv2d, PointwiseConv2d
from minimix.nn.module import called
from minimix.words import beside

AVERAGE = "/ExponentialMovingAverage"
_NAME = re.compile(
    r"(?:^|/)(stem|head|blocks_\d+|blocks_\d+/se)"
    r"/(conv2d|depthwise_conv2d|dense|(?:\w+_)?batch_normalization)(?:_(\d+))?"
    r"/(\w+)$"
)
_BESIDE = re.compile(r"(?:^|/)(?:global_step|(?:RMSProp|Momentum|Adam)(?:_\d+)?)$")  # what training keeps beside the weights
_OURS = {
    "conv2d": {"kernel": "weight", "bias": "bias"},
    "depthwise_conv2d": {"depthwise_kernel": "weight"},
    "dense": {"kernel": "weight", "bias": "bias"},
    "batch_normalization": {
        "gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var",
    },
}  # fmt: skip
_AXES = {  # of a kernel: TensorFlow's in our order
    "conv2d": (3, 2, 0, 1),  # (KH, KW, C, C_out) -> (C_out, C, KH, KW)
    "depthwise_conv2d": (2, 3, 0, 1),  # (KH, KW, C, 1) -> (C, 1, KH, KW)
    "dense": (1, 0),  # (in, out) -> (out, in)
}


def read_npz(path) -> dict[str, np.ndarray]:
    """{name: array} of an .npz file. Raises FileNotFoundError, and ValueError for what is none, or holds Python objects.

    >>> np.savez("two.npz", **{"stem/conv2d/kernel": np.zeros((3, 3, 3, 16)), "global_step": np.array(1)})
    >>> sorted(read_npz("two.npz"))
    ['global_step', 'stem/conv2d/kernel']
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}{beside(path)}")
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # whatever zipfile, zlib and NumPy's own parser raise
        raise ValueError(f"{path} is no whole .npz file of arrays ({error})") from error


def convert(variables: Mapping, model: RowNet, averages: bool = True) -> dict[str, np.ndarray]:
    """The state dict of ``model``, a MixNet such as ``models.create("tf_mixnet_s")``, from TensorFlow's {name: array}.

    averages: take the moving averages of the variables (".../ExponentialMovingAverage") where there are any: the published
        accuracies are theirs. False: leave them out.

    The global step and the variables of optimizers are passed over. Raises ValueError, with their names, for variables that are
    missing, left over, or of another shape; TypeError for a model of another kind.
    """
    state, problems, left = matched(variables, model, averages)
    problems += [f"left over: {name}" for name in left]
    if problems:
        more = f"\n  ... and {len(problems) - 20} more" if len(problems) > 20 else ""
        raise ValueError("the variables do not fit the network:\n  " + "\n  ".join(problems[:20]) + more)
    if found := unusable(state, model.state_dict()):
        raise ValueError(f"no network works with these variables: {found}")
    return state


def matched(variables: Mapping, model: RowNet, averages: bool = True) -> tuple[dict[str, np.ndarray], list[str], list[str]]:
    """(what there is of the state dict of ``model``, also of other shapes; what does not fit, in lines; names left over).

    Raises TypeError for a model of another kind.
    """
    if not _is_mixnet(model):
        raise TypeError(f"convert is for networks that are made of MixBlocks, such as tf_mixnet_s, not {called(model)}")
    layers, problems, left = _layers(_chosen(variables, averages))
    own, state, said = model.state_dict(), dict[str, Any](), set[str]()
    for place, kind, keys in _expected(model):
        found = [found for _, found in sorted(layers.pop((place, kind), {}).items())]
        if found and len(found) != len(keys):
            names = [name for layer in found for name, _ in layer.values()]
            problems.append(f"{place} has {len(found)} x {kind}, expected {len(keys)}: {', '.join(names)}")
            said |= {key for key in own if key.startswith(tuple(f"{key}." for key in keys))}
            continue
        for key, layer in zip(keys, found, strict=False):
            for what, (name, array) in layer.items():
                ours = f"{key}.{_OURS[kind][what]}"
                if what in ("kernel", "depthwise_kernel") and array.ndim == len(_AXES[kind]):
                    array = array.transpose(_AXES[kind])
                if ours not in own:
                    left.append(name)
                    continue
                if array.shape != own[ours].shape or array.dtype.kind != "f":
                    problems.append(f"{name} becomes {ours}, {array.dtype} {array.shape}: expected float {own[ours].shape}")
                state[ours] = np.asarray(array, order="C")
    left += [name for layer in layers.values() for whats in layer.values() for name, _ in whats.values()]
    for key, array in own.items():
        if key.endswith("num_batches_tracked"):
            state[key] = np.zeros_like(array)  # TensorFlow does not count them
        elif key not in state and key not in said:
            problems.append(f"nothing there becomes {key}, {array.shape}")
    return {key: state[key] for key in own if key in state}, problems, left


def _is_mixnet(model) -> bool:
    if not isinstance(model, RowNet) or model.conv_head is None:
        return False
    return all(isinstance(block, MixBlock) for stage in model.blocks for block in stage)


def _chosen(variables: Mapping, averages: bool) -> dict[str, np.ndarray]:
    """{name: array}, each variable once: its average, or itself."""
    plain, averaged = dict[str, np.ndarray](), dict[str, np.ndarray]()
    for name, array in variables.items():
        name = name.removesuffix(":0")
        to = averaged if name.endswith(AVERAGE) else plain
        to[name.removesuffix(AVERAGE)] = np.asarray(array)
    return {**plain, **averaged} if averages else plain


def _layers(variables: dict) -> tuple[dict, list[str], list[str]]:
    """{(place, kind of layer): {number: {"kernel", ...: (name, array)}}}, what is wrong with names, and those left over."""
    layers: dict = defaultdict(lambda: defaultdict(dict))
    problems, left = list[str](), list[str]()
    for name, array in variables.items():
        if _BESIDE.search(name):
            continue
        place, kind, number, what = match.groups() if (match := _NAME.search(name)) else ("", "", "", "")
        kind = "batch_normalization" if kind.endswith("batch_normalization") else kind
        if what not in _OURS.get(kind, ()):
            left.append(name)
            continue
        layer = layers[place, kind][int(number or 0)]
        if what in layer:
            problems.append(f"{name} and {layer[what][0]} have the same place")
        layer[what] = name, array
    return layers, problems, left


def _expected(model: RowNet) -> Iterator[tuple[str, str, list[str]]]:
    """(place, kind of layer, the names that these layers have here, in order of their numbers)."""
    yield "stem", "conv2d", ["conv_stem"]
    yield "stem", "batch_normalization", ["bn1"]
    number = 0
    for i, stage in enumerate(model.blocks):
        for j, block in enumerate(stage):
            place, path = f"blocks_{number}", f"blocks.{i}.{j}"
            number += 1
            pointwise = ("conv_pw", "conv_pwl") if block.expands else ("conv_pw",)
            yield place, "conv2d", [key for name in pointwise for key in _parts(path, name, block.get_submodule(name))]
            yield place, "depthwise_conv2d", _parts(path, "conv_dw", block.conv_dw)
            yield place, "batch_normalization", [f"{path}.bn{n}" for n in range(1, 4 if block.expands else 3)]
            if block.se is not None:
                yield f"{place}/se", "conv2d", [f"{path}.se.conv_reduce", f"{path}.se.conv_expand"]
    yield "head", "conv2d", ["conv_head"]
    yield "head", "batch_normalization", ["bn2"]
    yield "head", "dense", ["classifier"]


def _parts(path: str, name: str, conv: MixConv2d | PointwiseConv2d) -> list[str]:
    """One name for each weight: "conv_dw.0", "conv_dw.1", ..., or "conv_dw" alone."""
    parts = [f"{path}.{name}.{child}" for child, _ in conv.named_children()]
    return parts or [f"{path}.{name}"]

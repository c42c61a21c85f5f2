"""Batch norms folded into the convolutions before them: the same function, for use rather than training, and quicker.

With running statistics a batch norm is one line a channel, and the convolution before it is linear:

    a * (W x + b - mean) + shift = (a W) x + (a (b - mean) + shift),     a = scale / sqrt(variance + eps)

Which norm follows which convolution, the network says itself: it is followed without being run (``costs/outline.py``). So it
may be any, and the norm may stand anywhere, as Xception's do, whose convolution before them lies inside another module.
"""

import copy
from collections import Counter

import numpy as np

from minimix.costs.outline import Call, Outline, Step, tensors_in
from minimix.nn import BatchNorm2d, Conv2d, DepthwiseConv2d, MixConv2d, Module, PointwiseConv2d
from minimix.nn.folded import FoldedConv2d, FoldedMixConv2d, FoldedNorm
from minimix.nn.module import Own
from minimix.ops.norm import BATCH_NORM

CONVOLUTIONS = (Conv2d, PointwiseConv2d, DepthwiseConv2d, MixConv2d)


def fold_batch_norm(model: Own, input_shape: tuple[int, ...] | None = None) -> Own:
    """A new network, in evaluation mode, that gives what ``model`` does in evaluation, within rounding, and cannot be trained.

    Each convolution takes over its norm's activation, too (``nn/folded.py``); in the norm's place only the residual is added.
    A norm that does not directly follow a convolution, or whose convolution's output is used elsewhere, stays as it is, as do
    layers that are called more than once.

    input_shape: (N, C, H, W) or (C, H, W) of the pictures to follow the network with; by default its ``input_size``.

    Raises TypeError for what is no Module, ValueError where input_shape is missing, and what the layers raise.

    >>> import numpy as np
    >>> from minimix import models
    >>> model = models.create("mixnet_nano").eval()
    >>> folded = fold_batch_norm(model)
    >>> folded.conv_stem
    FoldedConv2d(weight=(16, 3, 3, 3), stride=(1, 1), padding=1, dilation=(1, 1), groups=1, activation='relu')
    >>> x = np.ones((1, 3, 32, 32), np.float32)
    >>> bool(np.allclose(folded(x).data, model(x).data, atol=1e-5))
    True
    """
    if not isinstance(model, Module):
        raise TypeError(f"fold_batch_norm is for a Module, not {type(model).__name__}")
    shape = getattr(model, "input_size", None) if input_shape is None else input_shape
    if shape is None:
        raise ValueError(f"{type(model).__name__} has no input_size: give input_shape, such as (3, 224, 224)")
    shape = tuple(shape) if len(shape) == 4 else (1, *shape)
    folded = copy.deepcopy(model).requires_grad_(False)
    instead: dict[int, Module] = {}
    for conv, norm in ((folded.get_submodule(name) for name in names) for names in _pairs(folded, shape)):
        instead |= {id(conv): _fold(conv, norm), id(norm): FoldedNorm()}
    for parent in list(folded.modules()):  # a module may have several names
        for name, child in list(parent.named_children()):
            parent.add_module(name, instead.get(id(child), child))
    return folded.eval()


def _pairs(model: Module, shape: tuple) -> list[tuple[str, str]]:
    """(name of a convolution, name of the batch norm on its output)."""
    outline = Outline(model, shape)
    steps = [event for event in outline.events if isinstance(event, Step)]
    calls = Counter(event.name for event in outline.events if isinstance(event, Call))
    used = [tensor for step in steps for tensor in step.inputs]
    uses = Counter(map(id, [*used, *tensors_in(outline.events[-1].output)]))  # the last event is the return of the whole model
    makers = {id(step.output): step for step in steps}
    pairs = []
    for step in steps:
        conv, norm = makers.get(id(step.inputs[0])), step.call
        if step.op is not BATCH_NORM or type(norm.module) is not BatchNorm2d or norm.module.running_mean is None:
            continue
        if conv is None or type(conv.call.module) not in CONVOLUTIONS:
            continue
        if calls[norm.name] == calls[conv.call.name] == uses[id(conv.output)] == 1:
            pairs.append((conv.call.name, norm.name))
    return pairs


def _fold(conv: Module, norm: Module) -> Module:
    """The convolution that does both."""
    scale = 1 / np.sqrt(norm.running_var.astype(np.float64) + norm.eps)
    scale = scale if norm.weight is None else scale * norm.weight.data
    own = getattr(conv, "bias", None)
    bias = ((0 if own is None else own.data) - norm.running_mean.astype(np.float64)) * scale
    bias = (bias if norm.bias is None else bias + norm.bias.data).astype(norm.running_mean.dtype)
    weights = [weight.data for weight in getattr(conv, "weights", None) or [conv.weight]]
    ends = np.cumsum([len(weight) for weight in weights])
    weights = [
        (weight * part[:, None, None, None]).astype(weight.dtype)
        for weight, part in zip(weights, np.split(scale, ends[:-1]), strict=True)
    ]
    names = ("stride", "padding", "dilation", "groups")
    options = {name: getattr(conv, name) for name in names if hasattr(conv, name)}
    if isinstance(conv, (DepthwiseConv2d, MixConv2d)):
        dilation = conv.dilation if isinstance(conv, MixConv2d) else [conv.dilation]
        return FoldedMixConv2d(weights, bias, norm.activation, conv.channels, **{**options, "dilation": list(dilation)})
    return FoldedConv2d(np.concatenate(weights), bias, norm.activation, **options)

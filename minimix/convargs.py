"""The arguments of every convolution, checked once and written out as plain numbers.

Each function takes what the user gave and either refuses, naming the argument, the shapes and the likely fix, or returns a
geometry: all that a loop over pixels has to know. The reference twins and the fast ops both start from here, so that both
accept and refuse the same. Only ``.shape`` and ``.dtype`` of the arrays are looked at, and what was found is remembered:
training asks the same in every step.

Raised: TypeError for an argument of the wrong kind, RuntimeError for everything about sizes, values and mixed dtypes; those
are PyTorch's choices.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np

from minimix.padding import Ints, Padding, Pads, Pair, output_size, pair, resolve, resolve_conv2d

DTYPES = (np.float32, np.float64, np.complex64, np.complex128)

P, Geometry = ParamSpec("P"), TypeVar("Geometry")


class _Like(NamedTuple):
    """All of an array that is looked at."""

    shape: tuple[int, ...]
    dtype: np.dtype


def _remembered(check: Callable[P, Geometry]) -> Callable[P, Geometry]:
    """``check``, where it has not been asked the same before."""
    known = functools.lru_cache(maxsize=1024)(check)

    @functools.wraps(check)
    def asked(*args: P.args, **kwargs: P.kwargs) -> Geometry:
        try:
            questions = {name: _question(value) for name, value in kwargs.items()}
            return known(*[_question(value) for value in args], **questions)  # type: ignore[return-value]
        except (TypeError, RuntimeError):
            return check(*args, **kwargs)  # which says what is wrong with these very arguments

    return asked


def _question(value):
    """An argument as ``lru_cache`` may compare it. Raises TypeError for a kind of which that says too little: True equals 1."""
    kind = type(value)
    if kind is np.ndarray:
        return _Like(value.shape, value.dtype)
    if kind is int or kind is str or value is None:
        return value
    if kind is tuple or kind is list:
        return tuple([_question(part) for part in value])
    raise TypeError(kind)


class ConvGeometry(NamedTuple):
    """A dense convolution: weight (out_channels, channels / groups, KH, KW) over x (batch, channels, height, width)."""

    batch: int
    channels: int
    height: int
    width: int
    out_channels: int
    out_height: int
    out_width: int
    kernel: Pair
    stride: Pair
    dilation: Pair
    pads: Pads  # ((top, bottom), (left, right))
    groups: int

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        return self.batch, self.out_channels, self.out_height, self.out_width

    @property
    def steps(self) -> Pair:
        """The stride, as far as a kernel goes by it: on an axis with one place any is as good as 1."""
        return _steps(self)


class Group(NamedTuple):
    """The channels of a mixed convolution that share a kernel size."""

    first: int  # channels of x: first ... last - 1
    last: int
    out_first: int  # channels of the output: out_first ... out_last - 1, in all (last - first) * multiplier
    out_last: int
    kernel: Pair
    dilation: Pair
    pads: Pads


class MixGeometry(NamedTuple):
    """A mixed depthwise convolution. Output channel z, counted over all groups, sees only channel z // multiplier of x."""

    batch: int
    channels: int
    height: int
    width: int
    out_channels: int
    out_height: int
    out_width: int
    stride: Pair
    multiplier: int
    groups: tuple[Group, ...]

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        return self.batch, self.out_channels, self.out_height, self.out_width

    @property
    def steps(self) -> Pair:
        """The stride, as far as a kernel goes by it: on an axis with one place any is as good as 1."""
        return _steps(self)


@_remembered
def conv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> ConvGeometry:
    """Check and write out the arguments of a dense convolution, by the rules of torch.nn.functional.conv2d.

    x (N, C, H, W), weight (C_out, C/groups, KH, KW), bias (C_out,) or None. padding "tf_same" is allowed as well.

    >>> conv2d(np.ones((2, 4, 9, 9)), np.ones((6, 2, 3, 3)), stride=2, groups=2).output_shape
    (2, 6, 4, 4)
    """
    _need_axes(x, weight, "weight", "(C_out, C/groups, KH, KW)")
    _need_floating(x)
    need_one_dtype(x, {"weight": weight, "bias": bias})
    batch, channels, *size = x.shape
    out_channels, per_group, *kernel = weight.shape
    stride, dilation = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
    groups = _group_count(groups)
    if out_channels == 0 or out_channels % groups:
        raise RuntimeError(
            f"weight {weight.shape} has {out_channels} output channels: it needs one or more, a multiple of groups={groups}"
        )
    if per_group * groups != channels:
        right = f"a weight of {(out_channels, channels // groups, *kernel)}" if channels % groups == 0 else "other groups"
        raise RuntimeError(
            f"weight {weight.shape} with groups={groups} wants {per_group * groups} input channels (axis 1 of weight is "
            f"C/groups), x {x.shape} has {channels}: change x, or use {right}"
        )
    _need_bias(bias, out_channels, weight)
    pads = resolve_conv2d(padding, tuple(size), tuple(kernel), stride, dilation)
    out = output_size(tuple(size), pads, tuple(kernel), stride, dilation)
    return ConvGeometry(batch, channels, *size, out_channels, *out, tuple(kernel), stride, dilation, pads, groups)


def _steps(geometry: ConvGeometry | MixGeometry) -> Pair:
    places = geometry.out_height, geometry.out_width
    return tuple(1 if n == 1 else step for step, n in zip(geometry.stride, places, strict=True))


def pointwise_conv2d(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, groups: int = 1) -> ConvGeometry:
    """``conv2d`` for a 1x1 kernel: weight (C_out, C/groups, 1, 1).

    >>> pointwise_conv2d(np.ones((2, 4, 9, 9)), np.ones((6, 4, 1, 1))).output_shape
    (2, 6, 9, 9)
    """
    _need_array(weight, "weight")
    if len(weight.shape) != 4 or weight.shape[2:] != (1, 1):
        raise RuntimeError(
            f"a pointwise convolution's weight is (C_out, C/groups, 1, 1), got {weight.shape}: "
            "add the two axes with weight[:, :, None, None], or call conv2d for larger kernels"
        )
    return conv2d(x, weight, bias, groups=groups)


@_remembered
def depthwise_conv2d(
    x: np.ndarray, weight: np.ndarray, stride: Ints = 1, padding: Padding = "same", dilation: Ints = 1
) -> MixGeometry:
    """Check and write out a depthwise convolution: a mixed one with a single group.

    x (N, C, H, W), weight (C*m, 1, KH, KW). Every padding goes with every stride.

    >>> depthwise_conv2d(np.ones((2, 4, 9, 9)), np.ones((8, 1, 3, 3)), stride=2).output_shape
    (2, 8, 5, 5)
    """
    return _mixed(x, [weight], ["weight"], stride, padding, [pair(dilation, "dilation", 1)])


@_remembered
def mixconv2d(
    x: np.ndarray,
    weights: Sequence[np.ndarray],
    stride: Ints = 1,
    padding: Padding = "same",
    dilation: int | Sequence[Ints] = 1,
) -> MixGeometry:
    """Check and write out a mixed depthwise convolution (MixConv, sec. 3.1).

    x (N, C, H, W); weights: a list, one (C_t*m, 1, KH_t, KW_t) a group, m being the same for all and sum(C_t) = C. The groups
    take x's channels in order. dilation: one integer for all groups, or a list, one integer (or pair) a group.

    >>> weights = [np.ones((4, 1, 3, 3)), np.ones((2, 1, 5, 5))]
    >>> geometry = mixconv2d(np.ones((1, 6, 8, 8)), weights)
    >>> [(group.first, group.last, group.pads) for group in geometry.groups]
    [(0, 4, ((1, 1), (1, 1))), (4, 6, ((2, 2), (2, 2)))]
    """
    if not isinstance(weights, (list, tuple)):
        raise TypeError(
            f"weights must be a list of arrays, one a group, got a {type(weights).__name__}: "
            "write [weight] for a single group, or call depthwise_conv2d"
        )
    if not weights:
        raise RuntimeError("weights is an empty list: a mixed convolution has one group or more")
    if isinstance(dilation, (list, tuple)):
        if len(dilation) != len(weights):
            raise RuntimeError(
                f"dilation {dilation!r} has {len(dilation)} entries for {len(weights)} groups: it is one integer for all, or a "
                "list with one integer (or one pair) for each of weights"
            )
        dilations = [pair(d, f"dilation[{t}]", 1) for t, d in enumerate(dilation)]
    else:
        dilations = [pair(dilation, "dilation", 1)] * len(weights)
    return _mixed(x, weights, [f"weights[{t}]" for t in range(len(weights))], stride, padding, dilations)


def _mixed(x, weights, names, stride, padding, dilations) -> MixGeometry:
    for weight, name in zip(weights, names, strict=True):
        _need_axes(x, weight, name, "(C*m, 1, KH, KW)")
        if weight.shape[1] != 1:
            raise RuntimeError(f"{name} of a depthwise convolution is (C*m, 1, KH, KW), got {weight.shape}: axis 1 must be 1")
        if weight.shape[0] == 0:
            raise RuntimeError(f"{name} {weight.shape} has no channels: leave the group out")
    _need_floating(x)
    need_one_dtype(x, dict(zip(names, weights, strict=True)))
    stride = pair(stride, "stride", 1)
    batch, channels, *size = x.shape
    multiplier = _multiplier(x, weights, names)
    groups, out, start = [], None, 0
    for weight, name, dilation in zip(weights, names, dilations, strict=True):
        kernel = tuple(weight.shape[2:])
        pads = resolve(padding, tuple(size), kernel, stride, dilation)
        places = output_size(tuple(size), pads, kernel, stride, dilation)
        if out is not None and places != out:
            raise RuntimeError(
                f"padding={padding!r} gives {names[0]} {weights[0].shape} an output of {out}, but {name} {weight.shape} one of "
                f"{places}: groups of different reach need padding='same' or 'tf_same'"
            )
        out = places
        end = start + weight.shape[0] // multiplier
        groups.append(Group(start, end, start * multiplier, end * multiplier, kernel, dilation, pads))
        start = end
    return MixGeometry(batch, channels, *size, channels * multiplier, *out, stride, multiplier, tuple(groups))


def _multiplier(x, weights, names) -> int:
    """m: output channels for each input channel, the same in all groups."""
    channels = x.shape[1]
    counts = [weight.shape[0] for weight in weights]
    total = sum(counts)
    together = f"{names[0]} {weights[0].shape}" if len(counts) == 1 else f"weights with {counts} output channels"
    if total % channels:
        raise RuntimeError(
            f"{together} for x {x.shape} with {channels} channels: "
            f"the {total} output channels must be a whole multiple of x's, that is {channels} or {2 * channels} or ..."
        )
    multiplier = total // channels
    for weight, name in zip(weights, names, strict=True):
        if weight.shape[0] % multiplier:
            raise RuntimeError(
                f"{name} {weight.shape} has {weight.shape[0]} output channels, not a multiple of the channel multiplier "
                f"{multiplier} (= {total} outputs / {channels} channels of x {x.shape}), which all groups share"
            )
    return multiplier


def _need_axes(x, weight, name: str, layout: str) -> None:
    _need_array(x, "x")
    _need_array(weight, name)
    if len(x.shape) != 4:
        raise RuntimeError(f"x must have 4 axes, (N, C, H, W), got shape {tuple(x.shape)}: add an axis for the images, x[None]")
    if x.shape[1] == 0:
        raise RuntimeError(f"x {tuple(x.shape)} has no channels: axis 1 must be 1 or more (axis 0, the images, may be 0)")
    if len(weight.shape) != 4:
        raise RuntimeError(f"{name} must have 4 axes, {layout}, got shape {tuple(weight.shape)}")


def _need_array(array, name: str) -> None:
    if not hasattr(array, "shape") or not hasattr(array, "dtype"):
        raise TypeError(f"{name} must be an array, got a {type(array).__name__}")


def _need_floating(x) -> None:
    if x.dtype not in DTYPES and x.dtype.newbyteorder("=") not in DTYPES:  # the ops turn bytes round
        raise TypeError(f"x must hold floating-point numbers, got {x.dtype}: use x.astype(np.float32)")


def need_one_dtype(x, others: dict, where: str = "", first: str = "x") -> None:
    """Refuse ``others`` ({name: array}, None for what is left out) of another dtype than x. For every op that does not promote:
    a mixture would be computed in the wider type, or the narrower, and PyTorch refuses rather than guesses.

    where: in front of the message. first: the name of x.

    >>> need_one_dtype(np.ones(2), {"weight": np.ones(2, np.float32)}, "linear: ")
    Traceback (most recent call last):
        ...
    RuntimeError: linear: x is float64 but weight is float32: use x.astype(np.float32), or convert weight
    """
    for name, array in others.items():
        if array is None:
            continue
        _need_array(array, name)
        if array.dtype != x.dtype and array.dtype.newbyteorder("=") != x.dtype.newbyteorder("="):
            # x is data, mostly, and float64 by accident; what has a fractional part is not to lose it
            changed, other, dtype = (first, name, array.dtype) if array.dtype.kind in "fc" else (name, first, x.dtype)
            either = f", or convert {other}" if x.dtype.kind in "fc" and array.dtype.kind in "fc" else ""
            advice = f"use {changed}.astype(np.{dtype}){either}"
            raise RuntimeError(f"{where}{first} is {x.dtype} but {name} is {array.dtype}: {advice}")


def _need_bias(bias, out_channels: int, weight) -> None:
    if bias is not None and tuple(bias.shape) != (out_channels,):
        raise RuntimeError(f"bias must have shape ({out_channels},) for weight {weight.shape}, got {tuple(bias.shape)}")


def _group_count(groups) -> int:
    if isinstance(groups, (tuple, list)):
        raise TypeError(f"groups must be one integer, got {groups!r}: the number of equal parts of the channels")
    return pair(groups, "groups", 1)[0]

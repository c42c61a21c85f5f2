"""Convolutions for hypothesis beyond those of ``reference/conv_cases.py``: many images, any stride, far dilations."""

import sys
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import minimix as mm
import minimix.functional as F
from minimix import reference

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))  # in every import mode of pytest
import conv_cases

many = settings(database=None, deadline=None, max_examples=80)
few = settings(database=None, deadline=None, max_examples=25)
strides = st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 4), st.integers(1, 4)))
batches = st.sampled_from([1, 2, 0, 3, 5, 8, 16, 33, 40])
dtypes = st.sampled_from([np.float32, np.float64])
seeds = conv_cases.seeds


class Case:
    """A convolution to compute in several ways: ``name`` of the function, its arrays (picture first), options."""

    def __init__(self, name, arrays, options):
        self.name, self.arrays, self.options = name, arrays, options

    def __repr__(self):
        return f"{self.name}({', '.join(f'{a.dtype}{a.shape} strides {a.strides}' for a in self.arrays)}, {self.options})"

    def call(self, module, arrays):
        """``module``: minimix.functional or minimix.reference, which have the same signatures."""
        x, *rest = arrays
        return getattr(module, self.name)(x, *([rest] if self.name == "mixconv2d" else rest), **self.options)

    def reference(self, arrays=None):
        return self.call(reference, self.arrays if arrays is None else arrays)

    def reference_gradients(self, gradient):
        """Of all arrays, by the twins; a bias gets the sum over images and pixels."""
        x, *rest = self.arrays
        dense, options = self.name in ("conv2d", "pointwise_conv2d"), self.options
        name = "conv2d" if dense else self.name
        weights = rest if self.name == "mixconv2d" else rest[0]
        gx = getattr(reference, f"{name}_input_grad")(gradient, x, weights, **options)
        gw = getattr(reference, f"{name}_weight_grad")(gradient, x, weights, **options)
        bias = [gradient.sum(axis=(0, 2, 3))] if dense and len(rest) == 2 else []
        return [gx, *(gw if self.name == "mixconv2d" else [gw]), *bias]

    def run(self, needed=None, arrays=None):
        """Forward on Tensors -> (output, tensors). needed: which of them require gradients; all where None."""
        arrays = self.arrays if arrays is None else arrays
        tensors = [mm.Tensor(a, requires_grad=n) for a, n in zip(arrays, needed or [True] * len(arrays), strict=True)]
        return self.call(F, tensors), tensors

    def cast(self, dtype):
        return Case(self.name, [a.astype(dtype) for a in self.arrays], self.options)


def cotangent(out):
    return np.cos(np.arange(out.size) * 0.7).reshape(out.shape).astype(out.dtype)


@st.composite
def dense(draw):
    x, weight, bias, options = draw(conv_cases.dense())
    if options["padding"] != "same":
        options["stride"] = draw(strides)  # windows fit whatever the stride
    x = more_images(draw, x)
    return Case("conv2d", [x, weight] if bias is None else [x, weight, bias], options)


@st.composite
def pointwise(draw):
    groups, h, w, n = draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(batches)
    ins, outs = groups * draw(st.integers(1, 9)), groups * draw(st.integers(1, 9))
    x, weight, bias = conv_cases.normal(draw(seeds), (n, ins, h, w), (outs, ins // groups, 1, 1), (outs,))
    return Case("pointwise_conv2d", [x, weight, bias] if draw(st.booleans()) else [x, weight], {"groups": groups})


@st.composite
def depthwise(draw):
    x, weight, options = draw(conv_cases.depthwise())
    return Case("depthwise_conv2d", [more_images(draw, x), weight], further(draw, options))


@st.composite
def mixed(draw):
    x, weights, options = draw(conv_cases.mixed())
    return Case("mixconv2d", [more_images(draw, x), *weights], further(draw, options, groups=len(weights)))


def more_images(draw, x):
    return conv_cases.normal(draw(seeds), (draw(batches), *x.shape[1:]))[0]


def further(draw, options, groups=None):
    """Any stride; sometimes a dilation that is larger than the picture."""
    options = {**options, "stride": draw(strides)}
    if options["padding"] in ("same", "tf_same") and draw(st.integers(0, 3)) == 0:
        far = st.integers(4, 15)
        options["dilation"] = [draw(far) for _ in range(groups)] if groups else draw(far)
    return options


anything = st.one_of(dense(), pointwise(), depthwise(), mixed())

ARRANGEMENTS = ("as it is", "images last", "images last, channels reversed", "every second", "reversed", "read-only",
                "read-only images last")  # fmt: skip


def arranged(a: np.ndarray, how: str) -> np.ndarray:
    """The same numbers, lying in memory in another way."""
    if how == "as it is":
        return a
    if how.startswith("images last") or how == "read-only images last":
        axes = (1, 2, 3, 0) if a.ndim == 4 else range(a.ndim)
        b = np.ascontiguousarray(a.transpose(axes))
        if "channels" in how:
            b = np.ascontiguousarray(b[::-1])[::-1]
        return b.transpose(np.argsort(axes))
    if how == "every second":
        wide = np.full((*a.shape[:-1], 2 * a.shape[-1]), 9e9, a.dtype)
        wide[..., ::2] = a
        return wide[..., ::2]
    if how == "reversed":
        return np.ascontiguousarray(a[..., ::-1])[..., ::-1]
    return a


def frozen(a: np.ndarray, how: str) -> np.ndarray:
    b = arranged(a, how)
    b = b.copy(order="K") if b is a else b
    b.flags.writeable = not how.startswith("read-only")
    return b

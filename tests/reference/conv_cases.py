"""Random convolutions for hypothesis: shapes are drawn, the numbers in them come from a drawn seed."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from minimix.padding import output_size, pair, resolve

tiny = settings(database=None, deadline=None, max_examples=60)
seeds = st.integers(0, 2**32 - 1)
pairs = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 4), st.integers(1, 3)))
images = st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9))  # N, H, W
counts = st.integers(1, 3)  # of groups
kernels = st.tuples(st.integers(1, 5), st.integers(1, 5))
paddings = st.one_of(
    st.integers(0, 3), st.tuples(st.integers(0, 3), st.integers(0, 3)), st.sampled_from(["same", "tf_same", "valid"])
)


def normal(seed: int, *shapes) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.standard_normal(shape) for shape in shapes]


def fits(size, kernel, stride, padding, dilation) -> bool:
    """Whether the output has a pixel at all."""
    stride, dilation = pair(stride, "stride"), pair(dilation, "dilation")
    try:
        return bool(output_size(size, resolve(padding, size, kernel, stride, dilation), kernel, stride, dilation))
    except RuntimeError:
        return False


@st.composite
def dense(draw):
    """(x, weight, bias, options) for conv2d."""
    (n, h, w), kernel, groups = draw(images), draw(kernels), draw(st.integers(1, 3))
    ins, outs = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    options = {"stride": draw(pairs), "padding": draw(paddings), "dilation": draw(pairs), "groups": groups}
    if options["padding"] == "same":
        options["stride"] = 1
    if not fits((h, w), kernel, options["stride"], options["padding"], options["dilation"]):
        options["padding"] = "tf_same"
    x, weight, bias = normal(draw(seeds), (n, ins, h, w), (outs, ins // groups, *kernel), (outs,))
    return x, weight, draw(st.sampled_from([None, bias])), options


@st.composite
def mixed(draw, groups=counts):
    """(x, weights, options) for mixconv2d."""
    n, h, w = draw(images)
    count, m = draw(groups), draw(st.integers(1, 3))
    sizes = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    shapes = draw(st.lists(kernels, min_size=count, max_size=count))
    dilation = draw(st.one_of(st.integers(1, 3), st.lists(pairs, min_size=count, max_size=count)))
    options = {"stride": draw(pairs), "padding": draw(st.sampled_from(["same", "tf_same"])), "dilation": dilation}
    if count == 1:
        padding = draw(paddings)
        if fits((h, w), shapes[0], options["stride"], padding, dilation[0] if isinstance(dilation, list) else dilation):
            options["padding"] = padding
    x, *weights = normal(draw(seeds), (n, sum(sizes), h, w), *((m * c, 1, *k) for c, k in zip(sizes, shapes, strict=True)))
    return x, weights, options


@st.composite
def depthwise(draw):
    """(x, weight, options) for depthwise_conv2d."""
    x, (weight,), options = draw(mixed(st.just(1)))
    if isinstance(options["dilation"], list):
        options["dilation"] = options["dilation"][0]
    return x, weight, options

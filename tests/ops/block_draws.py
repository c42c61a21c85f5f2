"""Blocks for ``F.mix_block``: made from options or drawn by hypothesis, and computed in one go or layer by layer."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

import minimix as mm
import minimix.functional as F
from minimix.padding import output_size, pair, resolve

ACTIVATIONS = ("identity", "relu", "relu6", "swish", "hard_swish")


class Block:
    """Random arrays of a block, by the names of the op's ``Inputs``, and its options.

    wide: channels of the convolution; those of x where nothing is expanded (expand_groups=0). sizes: channels of each kernel,
    about equal if not given. hidden: of squeeze-and-excite, 0 for none. where: stride, padding, dilation.
    """

    def __init__(self, seed=0, *, x=(2, 4, 5, 6), wide=8, out=4, kernels=(3, 5), sizes=None, expand_groups=1, project_groups=1,
                 hidden=0, activations=("swish", "swish", "identity"), gate="swish", momentum=0.1, eps=1e-5, skip=False,
                 training=True, dtype=np.float64, **where):  # fmt: skip
        self.made_of = {name: value for name, value in locals().items() if name != "self"}
        random, channels = np.random.default_rng(seed), x[1]
        wide = wide if expand_groups else channels
        sizes = sizes or [len(part) for part in np.array_split(np.arange(wide), len(kernels))]

        def normal(*shape, scale=1.0):
            return (scale * random.standard_normal(shape)).astype(dtype)

        def norm(n):
            return [1 + normal(n, scale=0.5), normal(n)]

        def pointwise(rows, columns, groups):
            m = columns // groups
            return [normal(rows // groups, m, 1, 1, scale=m**-0.5) for _ in range(groups)]

        self.arrays = {
            "x": [normal(*x)],
            "expand": pointwise(wide, channels, expand_groups) if expand_groups else [],
            "before": norm(wide) if expand_groups else [],
            "weights": [normal(n, 1, *pair(k, "kernel"), scale=0.5) for n, k in zip(sizes, kernels, strict=True)],
            "after": norm(wide),
            "excite": [normal(*shape) for shape in ((hidden, wide, 1, 1), (hidden,), (wide, hidden, 1, 1), (wide,)) if hidden],
            "project": pointwise(out, wide, project_groups),
            "last": norm(out),
        }
        self.running = {name: (normal(n), random.uniform(0.5, 2, n).astype(dtype))
                        for name, n in (("before", wide), ("after", wide), ("last", out)) if self.arrays[name]}  # fmt: skip
        self.activations = dict(zip(("before", "after", "last"), activations, strict=True))
        self.momentum, self.eps, self.gate, self.skip, self.training, self.where = momentum, eps, gate, skip, training, where

    def __repr__(self):
        return f"Block(**{self.made_of})"

    @property
    def names(self) -> list:
        """(part, number) of every array that a gradient is asked for."""
        return [(part, i) for part, arrays in self.arrays.items() for i in range(len(arrays))]

    def tensors(self, wanted=lambda name: True) -> dict:
        return {
            part: [mm.Tensor(array, requires_grad=wanted((part, i))) for i, array in enumerate(arrays)]
            for part, arrays in self.arrays.items()
        }

    def in_one_go(self, parts, running):
        def norm(name):
            options = self.momentum, self.eps, self.activations[name]
            return (*parts[name], F.Normalisation(running[name], *options)) if parts[name] else None

        excite = (*parts["excite"], self.gate) if parts["excite"] else None
        return F.mix_block(parts["x"][0], parts["weights"], parts["project"], [norm(name) for name in self.activations],
                           expand=parts["expand"], excite=excite, skip=self.skip, training=self.training,
                           **self.where)  # fmt: skip

    def layer_by_layer(self, parts, running):
        """The composition that ``F.mix_block``'s docstring names."""

        def norm(x, name):
            options = self.training, self.momentum, self.eps, self.activations[name]
            return F.batch_norm(x, *running[name], *parts[name], *options)

        def pointwise(x, weights):
            return F.pointwise_conv2d(x, F.concatenate(weights), groups=len(weights))

        x = parts["x"][0]
        y = norm(pointwise(x, parts["expand"]), "before") if parts["expand"] else x
        y = norm(F.mixconv2d(y, parts["weights"], **self.where), "after")
        if parts["excite"]:
            y = F.squeeze_excite(y, *parts["excite"], self.gate)
        y = norm(pointwise(y, parts["project"]), "last")
        return x + y if self.skip else y


def run(method, wanted=lambda name: True) -> dict:
    """Output, gradients of all arrays, running statistics afterwards. method: of a block. No array that went in may change."""
    block = method.__self__
    parts = block.tensors(wanted)
    running = {name: tuple(statistic.copy() for statistic in pair) for name, pair in block.running.items()}
    before = {name: [array.copy() for array in arrays] for name, arrays in block.arrays.items()}
    out = method(parts, running)
    cotangent = np.random.default_rng(1).standard_normal(out.shape).astype(out.dtype)
    kept = cotangent.copy()
    out.backward(cotangent)
    np.testing.assert_array_equal(cotangent, kept, err_msg="backward changed the gradient that it was given")
    for part, i in block.names:
        np.testing.assert_array_equal(block.arrays[part][i], before[part][i], err_msg=f"{part} {i} was changed")
    found = {"output": out.data} | {f"gradient of {part} {i}": parts[part][i].grad for part, i in block.names}
    return found | {f"running {i} of {name}": pair[i] for name, pair in running.items() for i in range(2)}


def assert_close(found, expected, tolerance=0):
    """As close as the largest number in each array allows; to the last bit, where nothing is said."""
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape, name
        reach = tolerance * max(1, np.abs(array).max(initial=0))
        np.testing.assert_allclose(found[name], array, rtol=0, atol=reach, err_msg=name)


@st.composite
def blocks(draw, activations=ACTIVATIONS, dtype=np.float64, least=6):
    """Any block that fits together. least: values a channel, in training: few make the derivatives large."""

    def one(*values):
        return draw(st.sampled_from(values))

    def up_to(n):
        return draw(st.integers(1, n))

    size, images, training = (up_to(9), up_to(9)), one(1, 1, 2, 3, 5, 8), draw(st.booleans())
    expand_groups, project_groups = draw(st.integers(0, 3)), up_to(3)
    channels = max(1, expand_groups) * up_to(3)
    if expand_groups:
        wide = int(np.lcm(expand_groups, project_groups)) * up_to(3)
    else:
        channels = wide = channels * project_groups
    out = channels if channels % project_groups == 0 and draw(st.booleans()) else project_groups * up_to(3)
    count = up_to(min(3, wide))
    cuts = draw(st.lists(st.integers(1, wide - 1), min_size=count - 1, max_size=count - 1, unique=True)) if count > 1 else []
    kernels = [one(up_to(7), (up_to(5), up_to(5))) for _ in range(count)]
    stride = one(1, 1, 2, 3, (1, 2), (3, 1))
    dilation = [one(1, 2, 3, 9, (1, 3)) for _ in range(count)]
    padding = one("same", "tf_same", *(("valid", 2, (3, 1)) if count == 1 else ()))
    for kernel, d in zip(kernels, dilation, strict=True):
        geometry = pair(kernel, "kernel"), pair(stride, "stride"), pair(d, "dilation")
        pads = resolve(padding, size, *geometry)
        spans = ((k - 1) * d for k, d in zip(geometry[0], geometry[2], strict=True))
        assume(all(n + sum(pad) > span for n, pad, span in zip(size, pads, spans, strict=True)))
        out_size = output_size(size, pads, *geometry)
    pixels = min(out_size[0] * out_size[1], size[0] * size[1])
    assume(not training or images * pixels >= least)
    return Block(
        draw(st.integers(0, 2**32 - 1)), x=(images, channels, *size), wide=wide, out=out, kernels=kernels,
        sizes=np.diff([0, *sorted(cuts), wide]).tolist(), expand_groups=expand_groups, project_groups=project_groups,
        hidden=one(0, 1, 2, 5), activations=[one(*activations) for _ in range(3)],
        gate=one(*(a for a in activations if a != "identity")), momentum=one(0.1, 0.0, 1.0, 0.37), eps=one(1e-5, 1e-3),
        skip=out == channels and out_size == size and draw(st.booleans()), training=training, dtype=dtype, stride=stride,
        padding=padding, dilation=dilation,
    )  # fmt: skip

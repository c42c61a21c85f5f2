"""Ops that do not promote refuse a mixture of dtypes, all in the same way: PyTorch's kind of error, one wording."""

import re

import numpy as np
import pytest

import minimix.functional as F
from minimix.ops.folded import FOLDED_CONV2D, FOLDED_MIXCONV2D
from minimix.tensor import Tensor, apply

X = (2, 4, 5, 5)
ONES, STATISTICS = np.ones(4), (np.zeros(4), np.ones(4))


def block(x, expand, scale, weight, project, reduce, shift):
    norm = (scale, shift, F.Normalisation(STATISTICS))
    excite = (reduce, np.ones(2), np.ones((4, 2, 1, 1)), np.ones(4), "relu")
    return F.mix_block(x, [weight], [project], (norm, norm, norm), expand=[expand], excite=excite)


OPS = {  # what to call, and the arrays by the names in its messages
    "matmul": (F.matmul, {"a": (3, 4), "b": (4, 2)}),
    "linear": (F.linear, {"x": (3, 4), "weight": (2, 4), "bias": (2,)}),
    "conv2d": (F.conv2d, {"x": X, "weight": (3, 4, 3, 3), "bias": (3,)}),
    "pointwise_conv2d": (F.pointwise_conv2d, {"x": X, "weight": (3, 4, 1, 1), "bias": (3,)}),
    "depthwise_conv2d": (F.depthwise_conv2d, {"x": X, "weight": (4, 1, 3, 3)}),
    "mixconv2d": (lambda x, *w: F.mixconv2d(x, w), {"x": X, "weights[0]": (2, 1, 3, 3), "weights[1]": (2, 1, 5, 5)}),
    "batch_norm": (
        lambda x, weight, bias, residual: F.batch_norm(x, *STATISTICS, weight, bias, residual=residual),
        {"x": X, "weight": (4,), "bias": (4,), "residual": X},
    ),
    "squeeze_excite": (
        F.squeeze_excite,
        {"x": X, "reduce_weight": (2, 4, 1, 1), "reduce_bias": (2,), "expand_weight": (4, 2, 1, 1), "expand_bias": (4,)},
    ),
    "mix_block": (
        block,
        {"x": X, "expand[0]": (4, 4, 1, 1), "norms[0][0]": (4,), "weights[0]": (4, 1, 3, 3), "project[0]": (4, 4, 1, 1),
         "excite[0]": (2, 4, 1, 1), "norms[0][1]": (4,)},
    ),
    "folded_conv2d": (
        lambda x, weight, bias: apply(FOLDED_CONV2D, *map(Tensor, (x, weight, bias))),
        {"x": X, "weight": (3, 4, 3, 3), "bias": (3,)},
    ),
    "folded_mixconv2d": (
        lambda x, bias, weight: apply(FOLDED_MIXCONV2D, *map(Tensor, (x, bias, weight))),
        {"x": X, "bias": (4,), "weights[0]": (4, 1, 3, 3)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPS)
def test_mixtures_are_refused(name):
    call, shapes = OPS[name]
    arrays = {key: np.ones(shape) for key, shape in shapes.items()}
    call(*arrays.values())  # of one dtype they are welcome
    first, *others = arrays
    for other in others:
        mixed = arrays | {other: arrays[other].astype(np.float32)}
        with pytest.raises(RuntimeError) as refusal:
            call(*mixed.values())
        said = f"{first} is float64 but {other} is float32: use {first}.astype(np.float32), or convert {other}"
        assert re.fullmatch(rf"(\w+: )?{re.escape(said)}", str(refusal.value))


@pytest.mark.parametrize("name", ["matmul", "linear", "conv2d", "batch_norm"])
def test_pytorch_refuses_with_the_same_kind(name):
    torch = pytest.importorskip("torch")
    functions = torch.nn.functional
    statistics = [torch.tensor(array) for array in STATISTICS]
    theirs = {
        "matmul": torch.matmul,
        "linear": functions.linear,
        "conv2d": functions.conv2d,
        "batch_norm": lambda x, weight, bias: functions.batch_norm(x, *statistics, weight, bias),
    }[name]
    x, weight, *bias = (torch.ones(shape, dtype=torch.float64) for shape in list(OPS[name][1].values())[:3])
    theirs(x, weight, *bias)
    with pytest.raises(RuntimeError):
        theirs(x, weight.float(), *bias)

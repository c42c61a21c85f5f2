"""Every operation, on Tensors. ``import minimix.functional as F``, as in PyTorch.

Each function checks its arguments, refuses what does not fit with a message that says why, and applies an op of
``minimix/ops``. Inputs may be Tensors, arrays or lists; outputs are Tensors.
"""

from minimix.functional import methods  # noqa: F401 - gives Tensor its operators
from minimix.functional.activation import (
    dropout,
    hard_sigmoid,
    hard_swish,
    log_softmax,
    relu,
    relu6,
    sigmoid,
    silu,
    softmax,
    swish,
)
from minimix.functional.block import Normalisation, mix_block
from minimix.functional.convolution import conv2d, depthwise_conv2d, mixconv2d, pointwise_conv2d
from minimix.functional.elementwise import (
    abs,
    add,
    astype,
    clip,
    div,
    exp,
    log,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    sqrt,
    sub,
    tanh,
    where,
)
from minimix.functional.excite import squeeze_excite
from minimix.functional.indexing import getitem
from minimix.functional.loss import cross_entropy, mse_loss, nll_loss
from minimix.functional.matmul import linear, matmul
from minimix.functional.norm import batch_norm
from minimix.functional.pool import adaptive_avg_pool2d, avg_pool2d, global_avg_pool2d, max_pool2d
from minimix.functional.reduce import argmax, max, mean, min, std, sum, var
from minimix.functional.shape import (
    broadcast_to,
    cat,
    concatenate,
    expand,
    flatten,
    pad,
    permute,
    reshape,
    split,
    squeeze,
    stack,
    transpose,
    unsqueeze,
)

__all__ = [
    "Normalisation", "abs", "adaptive_avg_pool2d", "add", "argmax", "astype", "avg_pool2d", "batch_norm", "broadcast_to",
    "cat", "clip", "concatenate", "conv2d", "cross_entropy", "depthwise_conv2d", "div", "dropout", "exp", "expand",
    "flatten", "getitem", "global_avg_pool2d", "hard_sigmoid", "hard_swish", "linear", "log", "log_softmax", "matmul",
    "max", "max_pool2d", "maximum", "mean", "min", "minimum", "mix_block", "mixconv2d", "mse_loss", "mul", "neg",
    "nll_loss", "pad", "permute", "pointwise_conv2d", "pow", "relu", "relu6", "reshape", "sigmoid", "silu", "softmax",
    "split", "sqrt", "squeeze", "squeeze_excite", "stack", "std", "sub", "sum", "swish", "tanh", "transpose", "unsqueeze",
    "var", "where",
]  # fmt: skip

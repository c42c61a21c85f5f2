"""Every operation, on Tensors. ``import minimix.functional as F``, as in PyTorch.

Each function checks its arguments, refuses what does not fit with a message that says why, and applies an op of
``minimix/ops``. Inputs may be Tensors, arrays or lists; outputs are Tensors.
"""

# ruff: noqa: F401 - names are imported to be used from here

from minimix.functional import methods  # gives Tensor its operators
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

"""Batch normalisation, fused with the activation that usually follows it (Ioffe and Szegedy, arXiv 1502.03167, Algorithm 1).

    y = activation(weight * (x - mean) / sqrt(variance + eps) + bias)

Fused, because both are cheap and memory is slow: x is read and y written once, nothing lies between them, and backward needs x
alone. With activation "identity" it is plain batch norm.
"""

import numpy as np

from minimix import reference
from minimix.kernels import memory, norm
from minimix.kernels.threads import parallel, threads_for
from minimix.ops.activation import ACTIVATIONS
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.op import Op, refuse_complex


def batch_norm(x, weight, bias, *residual, running=None, training=False, momentum=0.1, eps=1e-5, activation="identity"):
    """x (N, C, ...), weight and bias (C,), maybe a residual like x that is added at the end -> like x.

    running: None or (mean, variance), each (C,). In training, the batch's own statistics are used, and ``running`` is moved
    towards them IN PLACE (the variance by the unbiased estimate), the one exception to "an op changes nothing"; in evaluation
    they are used instead.
    """
    if x.dtype.kind == "c":
        mean, variance = running if running is not None else (None, None)
        y = reference.batch_norm(x, mean, variance, weight, bias, training, momentum, eps)
        return sum(residual, y if activation == "identity" else getattr(reference, activation)(y)), None
    rows = channel_major(x)
    channels, n = rows.shape[0], rows.size // max(1, rows.shape[0])
    if training:
        mean, variance = np.zeros(channels), np.zeros(channels)
    else:
        mean, variance = (np.array(statistic, np.float64) for statistic in running)
    facts = norm.Norm(True, training, ACTIVATIONS[activation], float(eps), ready(weight), ready(bias), mean, variance)
    y = memory.empty(rows.shape, rows.dtype)
    if x.size:
        more = channel_major(residual[0]).reshape(-1) if residual else y.reshape(-1)[:0]
        parallel(norm.forward, rows.reshape(-1), more, y.reshape(-1), facts, n, threads=threads_for(0.2 * x.size))
    if training and running is not None and x.size:
        move_running(running, mean, variance, n, momentum)
    return nchw(y), (rows, facts, bool(residual))


def move_running(running: tuple, mean, variance, count: int, momentum: float) -> None:
    """running = (1 - momentum) * running + momentum * batch, in place; the variance by its unbiased estimate, as PyTorch
    does."""
    for statistic, batch, unbiased in (running[0], mean, 1.0), (running[1], variance, count / max(1, count - 1)):
        native = statistic.dtype.newbyteorder("=")
        array = ready(statistic.astype(native if native in (np.float32, np.float64) else np.float64, copy=False))
        norm.move(array, batch, unbiased, float(momentum))
        if array is not statistic:
            statistic[...] = array


def batch_norm_backward(gradient, saved):
    rows, facts, has_residual = refuse_complex(saved)
    g = channel_major(gradient)
    gx = memory.empty(rows.shape, rows.dtype)
    g_weight, g_bias = np.zeros_like(facts.scale), np.zeros_like(facts.shift)
    if rows.size:
        parallel(norm.backward, rows.reshape(-1), g.reshape(-1), gx.reshape(-1), facts, g_weight, g_bias,
                 rows.size // rows.shape[0], threads=threads_for(0.4 * rows.size))  # fmt: skip
    return nchw(gx), g_weight, g_bias, *((gradient,) if has_residual else ())


BATCH_NORM = Op("batch_norm", batch_norm, batch_norm_backward)

"""Batch norm with its activation in one kernel, forward and backward, a channel at a time.

A channel is one run of ``n`` numbers (all images, all pixels). Forward reads it twice, for the statistics and for the output;
the second time it comes from the cache. Backward does the same. Sums are over runs of a few thousand numbers, and then over
these in float64.
"""

from typing import NamedTuple

import numpy as np

from minimix.kernels.activation import activate_grad, scale_shift_activate
from minimix.kernels.ahead import follows
from minimix.kernels.jit import U, exact, inlined, kernel, shared
from minimix.kernels.sums import RUN

FEW = 64


class Norm(NamedTuple):
    """A batch norm with its activation; every array is (C,).

    present: False leaves it out. training: the batch's own statistics, which are then stored in mean and variance (biased).
    """

    present: bool
    training: bool
    activation: int
    eps: float
    scale: np.ndarray
    shift: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


@shared
def moments(x, at, n):
    """Mean and (biased) variance of x[at : at+n].

    In one pass: the sums are of the distance to the mean of the first few numbers, so a large mean does not swallow the
    variance.
    """
    if n == 0:
        return 0.0, 0.0
    origin = x.dtype.type(0)
    for i in range(U(at), U(at + min(n, FEW))):
        origin += x[i]
    origin /= x.dtype.type(min(n, FEW))
    total = total_squares = np.float64(0)  # not 0.0: without the compiler, float32 would come of 0.0 + float32
    for j in range(0, n, RUN):
        some = squares = x.dtype.type(0)
        first = U(at + j)
        for i in range(U(min(RUN, n - j))):
            d = x[first + i] - origin
            some += d
            squares += d * d
        total += some
        total_squares += squares
    shift = total / n
    return origin + shift, max(total_squares / n - shift * shift, 0.0) if total_squares == total_squares else total_squares


@inlined
def line(norm, c, x):
    """The norm of channel c as a * (x - m) + b, all in the dtype of x: m is the mean as far as that can say it, b has the
    rest."""
    if not norm.present:
        return x.dtype.type(0), x.dtype.type(1), x.dtype.type(0)
    a = norm.scale[c] / np.sqrt(norm.variance[c] + norm.eps)
    m = x.dtype.type(norm.mean[c])
    return m, x.dtype.type(a), x.dtype.type(norm.shift[c] - (norm.mean[c] - m) * a)


@inlined
def line_forward(norm, c, x, n):
    """The same of channel c, x[c*n : (c+1)*n]; in training, of its own mean and variance, which are then the norm's."""
    if norm.present and norm.training:
        norm.mean[c], norm.variance[c] = moments(x, c * n, n)
    return line(norm, c, x)


@kernel
def forward(start, step, x, residual, y, norm, n):
    """y = activation(batch norm(x)) + residual, all (C, n) in memory; an empty residual counts as none."""
    for c in range(start, norm.mean.shape[0], step):
        m, a, b = line_forward(norm, c, x, n)
        scale_shift_activate(y, U(c * n), x, U(c * n), U(n), m, a, b, norm.activation)
        if residual.size:
            for i in range(U(c * n), U(c * n + n)):
                y[i] += residual[i]


@shared
def grad_sums(gz, k, x, i, n, mean):
    """Sum of gz[k : k+n], and of gz times x's distance to its mean."""
    total = product = np.float64(0)
    for j in range(0, n, RUN):
        some = products = x.dtype.type(0)
        p, q = U(k + j), U(i + j)
        for r in range(U(min(RUN, n - j))):
            g = gz[p + r]
            some += g
            products += g * (x[q + r] - mean)
        total += some
        product += products
    return total, product


@inlined
def grad_terms(norm, c, x, m, total, product, n):
    """Backward of a norm, from ``grad_sums``: gradients of scale and shift; and a, constant and slope for ``input_grad``, in
    the dtype of x. In training the statistics depend on x, too: only then the last two are not 0."""
    inverse = 1 / np.sqrt(norm.variance[c] + norm.eps)
    product -= (norm.mean[c] - m) * total
    a, constant, slope = norm.scale[c] * inverse, 0.0, 0.0
    if norm.training:
        slope = a * product * inverse * inverse / n
        constant = a * total / n - slope * (norm.mean[c] - m)
    number = x.dtype.type
    return product * inverse, total, number(a), number(constant), number(slope)


@shared
def input_grad(gx, k, x, i, n, m, a, constant, slope, training):
    """gx[k : k+n] = gradient of x[i : i+n], from that of the norm's output, in place."""
    if training:
        for j in range(n):
            gx[k + j] = a * gx[k + j] - constant - slope * (x[i + j] - m)
    else:  # 0 times an x that is not finite would be NaN
        for j in range(n):
            gx[k + j] *= a


@kernel
def backward(start, step, x, gy, gx, norm, g_scale, g_shift, n):
    """Gradients of x, scale and shift."""
    for c in range(start, norm.mean.shape[0], step):
        at = c * n
        m, a, b = line(norm, c, x)
        activate_grad(gx, U(at), gy, U(at), x, U(at), U(n), m, a, b, norm.activation)
        total, product = grad_sums(gx, at, x, at, n, m)
        g_scale[c], g_shift[c], a, constant, slope = grad_terms(norm, c, x, m, total, product, n)
        input_grad(gx, U(at), x, U(at), U(n), m, a, constant, slope, norm.training)


@exact
def move(running, batch, unbiased, momentum):
    """running = (1 - momentum) * running + momentum * batch * unbiased, both (C,); the batch's is float64."""
    kept = running.dtype.type(1 - momentum)
    for c in range(running.shape[0]):
        running[c] = kept * running[c] + momentum * (batch[c] * unbiased)


follows(forward, backward, lambda start, step, x, more, y, norm, n: (start, step, x, x, x, norm, x, x, n))

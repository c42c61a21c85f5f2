"""Batch norm with its activation in one kernel, forward and backward, a channel at a time.

A channel is one run of ``n`` numbers (all images, all pixels). Forward reads it twice, for the statistics and for the output;
the second time it comes from the cache. Backward does the same. Sums are over runs of a few thousand numbers, and then over
these in float64.
"""

import numpy as np

from minimix.kernels.activation import activate_grad, scale_shift_activate
from minimix.kernels.jit import U, kernel

RUN = 4096
FEW = 64


@kernel
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
    total = total_squares = 0.0
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


@kernel
def forward(start, step, x, residual, y, scale, shift, mean, variance, eps, training, activation, n):
    """y = activation(batch norm(x)) + residual, all (C, n) in memory; an empty residual counts as none.

    training: the statistics are x's own, and are stored in ``mean`` and ``variance`` (biased); else they are read from there.
    """
    for c in range(start, mean.shape[0], step):
        if training:
            mean[c], variance[c] = moments(x, c * n, n)
        a = scale[c] / np.sqrt(variance[c] + eps)
        m = x.dtype.type(mean[c])  # the mean as far as this dtype can say it; the rest goes into the shift
        scale_shift_activate(y, U(c * n), x, U(c * n), U(n), m, x.dtype.type(a), x.dtype.type(shift[c] - (mean[c] - m) * a),
                             activation)  # fmt: skip
        if residual.size:
            for i in range(U(c * n), U(c * n + n)):
                y[i] += residual[i]


@kernel
def grad_sums(gz, k, x, i, n, mean):
    """Sum of gz[k : k+n], and of gz times x's distance to its mean."""
    total = product = 0.0
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


@kernel
def backward(start, step, x, gy, gx, scale, shift, mean, variance, g_scale, g_shift, eps, training, activation, n):
    """Gradients of x, scale and shift. In training the statistics depend on x, too: two more terms."""
    for c in range(start, mean.shape[0], step):
        at = c * n
        inverse = 1 / np.sqrt(variance[c] + eps)
        a = scale[c] * inverse
        m = x.dtype.type(mean[c])
        activate_grad(gx, U(at), gy, U(at), x, U(at), U(n), m, x.dtype.type(a), x.dtype.type(shift[c] - (mean[c] - m) * a),
                      activation)  # fmt: skip
        total, product = grad_sums(gx, at, x, at, n, m)
        product -= (mean[c] - m) * total
        g_shift[c] = total
        g_scale[c] = product * inverse
        a0 = x.dtype.type(a)
        if training:
            steep = a * product * inverse * inverse / n
            constant, slope = x.dtype.type(a * total / n - steep * (mean[c] - m)), x.dtype.type(steep)
            for i in range(U(at), U(at + n)):
                gx[i] = a0 * gx[i] - constant - slope * (x[i] - m)
        else:
            for i in range(U(at), U(at + n)):
                gx[i] = a0 * gx[i]

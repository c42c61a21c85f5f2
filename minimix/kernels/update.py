"""One step of an optimiser for one parameter, in a single pass over its numbers; the formulas are above ``optim/rules.py``'s
classes, and in ``optim/ema.py``. All arrays are flat and of one dtype, to which the constants are rounded first.

A hundred small parameters are what a step of an optimiser is made of: as eight NumPy calls each, it is all calling. The
arithmetic is compiled as it is written (``exact``), so that every bit is what NumPy's operations one after the other give.
"""

import numpy as np

from minimix.kernels.jit import exact


@exact
def sgd(weight, gradient, buffer, lr, momentum, undamped, weight_decay, nesterov):
    """buffer: empty where there is no momentum. undamped: 1 - dampening, 1 in the first step."""
    number = weight.dtype.type
    rate, kept, new, decay = number(lr), number(momentum), number(undamped), number(weight_decay)
    for i in range(weight.size):
        change = gradient[i]
        if weight_decay != 0:
            change = decay * weight[i] + change
        if buffer.size:
            buffer[i] = kept * buffer[i] + new * change
            change = kept * buffer[i] + change if nesterov else buffer[i]
        weight[i] -= rate * change


@exact
def rmsprop(weight, gradient, square, buffer, lr, decay, eps, weight_decay, momentum):
    number = weight.dtype.type
    rate, old, new, small, kept = number(lr), number(decay), number(1 - decay), number(eps), number(momentum)
    shrink = number(weight_decay)
    for i in range(weight.size):
        g = gradient[i]
        if weight_decay != 0:
            g = shrink * weight[i] + g
        square[i] = old * square[i] + new * (g * g)
        buffer[i] = kept * buffer[i] + rate * (g / np.sqrt(square[i] + small))
        weight[i] -= buffer[i]


@exact
def adam(weight, gradient, mean, square, rate, beta1, beta2, eps, weight_decay, kept):
    """rate, eps: with the corrections for means that began at 0 in them. kept: what AdamW's decay leaves of a weight, or 1."""
    number = weight.dtype.type
    step, new1, old2, new2, small = number(rate), number(1 - beta1), number(beta2), number(1 - beta2), number(eps)
    decay, remaining = number(weight_decay), number(kept)
    for i in range(weight.size):
        g, w = gradient[i], weight[i] * remaining
        if weight_decay != 0:
            g = decay * w + g
        mean[i] += new1 * (g - mean[i])
        square[i] = old2 * square[i] + new2 * (g * g)
        weight[i] = w - step * (mean[i] / (np.sqrt(square[i]) + small))


@exact
def average(mean, array, share):
    """mean += share * (array - mean)"""
    part = mean.dtype.type(share)
    for i in range(mean.size):
        mean[i] += part * (array[i] - mean[i])

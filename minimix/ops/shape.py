"""The same numbers in another shape: the gradient goes back the same way."""

import numpy as np

from minimix.ops.elementwise import unbroadcast
from minimix.ops.op import Op


def reshape_forward(x, shape):
    return x.reshape(shape), x.shape


def reshape_backward(gradient, shape):
    return (gradient.reshape(shape),)


RESHAPE = Op("reshape", reshape_forward, reshape_backward)


def permute_forward(x, axes):
    """Axis i of the output is axis ``axes[i]`` of x. A view."""
    return x.transpose(axes), axes


def permute_backward(gradient, axes):
    return (gradient.transpose(np.argsort(axes)),)


PERMUTE = Op("permute", permute_forward, permute_backward)


def expand_forward(x, shape):
    return np.broadcast_to(x, shape), x.shape


def expand_backward(gradient, shape):
    return (unbroadcast(gradient, shape),)


EXPAND = Op("expand", expand_forward, expand_backward)


def concatenate_forward(*arrays, axis=0):
    return np.concatenate(arrays, axis), ([a.shape[axis] for a in arrays], axis)


def concatenate_backward(gradient, saved):
    lengths, axis = saved
    return tuple(np.split(gradient, np.cumsum(lengths)[:-1], axis))


CONCATENATE = Op("concatenate", concatenate_forward, concatenate_backward)


def pad_forward(x, before, after, value=0.0):
    """Put ``before[i]`` and ``after[i]`` elements of ``value`` around axis i. Negative numbers cut away instead."""
    shape = tuple(b + n + a for b, n, a in zip(before, x.shape, after, strict=True))
    output = np.full_like(x, value, shape=shape)  # keeps x's memory order
    outer = tuple(slice(max(b, 0), b + n + min(a, 0)) for b, n, a in zip(before, x.shape, after, strict=True))
    inner = tuple(slice(max(-b, 0), n + min(a, 0)) for b, n, a in zip(before, x.shape, after, strict=True))
    output[outer] = x[inner]
    return output, (before, after)


def pad_backward(gradient, saved):
    before, after = saved
    gradient, _ = pad_forward(gradient, [-b for b in before], [-a for a in after])  # the opposite, with 0 for what was cut
    return (gradient,)


PAD = Op("pad", pad_forward, pad_backward)

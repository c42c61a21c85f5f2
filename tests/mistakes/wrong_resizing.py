"""Wrong upsampling, pixel shuffles, cropping and padding."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


# -- upsampling ------------------------------------------------------------------------------------------------------------


def nearest(x):
    return x.repeat(2, axis=-2).repeat(2, axis=-1), None


def nearest_corner(g, saved):
    return (g[..., ::2, ::2].copy(),)


def nearest_mean(g, saved):
    n, c, h, w = g.shape
    return (g.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5)),)


def places(n):
    """Where twice as many pixels come from: left neighbour, right neighbour, share of the right one."""
    t = np.clip((np.arange(2 * n) + 0.5) / 2 - 0.5, 0, n - 1)
    left = np.minimum(t.astype(int), max(n - 2, 0))
    return left, np.minimum(left + 1, n - 1), t - left


def interpolated(x):
    left, right, t = places(x.shape[-1])
    return x[..., left] * (1 - t) + x[..., right] * t, x.shape


def interpolated_as_nearest(g, shape):
    return (g.reshape(*shape, 2).sum(axis=-1),)


def interpolated_shares_swapped(g, shape):
    left, right, t = places(shape[-1])
    dx = np.zeros(shape)
    np.add.at(dx, (..., left), g * t)
    np.add.at(dx, (..., right), g * (1 - t))
    return (dx,)


def interpolated_index(g, shape):
    left, right, t = places(shape[-1])
    dx = np.zeros(shape)
    dx[..., left] += g * (1 - t)
    dx[..., right] += g * t
    return (dx,)


def pixel_shuffle(x):
    n, c, h, w = x.shape
    return x.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h, 2 * w), x.shape


def unshuffled_by_reshape(g, shape):
    return (np.reshape(g, shape),)


def unshuffled_transposed(g, shape):
    n, c, h, w = shape
    return (g.reshape(n, c // 4, h, 2, w, 2).transpose(0, 1, 5, 3, 2, 4).reshape(shape),)


# -- padding and cropping --------------------------------------------------------------------------------------------------


def crop(x):
    """Without the first row and column."""
    return x[..., 1:, 1:].copy(), None


def crop_padded_behind(g, saved):
    return (np.pad(g, [(0, 0)] * (g.ndim - 2) + [(0, 1), (0, 1)]),)


def reflect(x):
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(2, 2)], mode="reflect"), None


def reflect_not_mirrored(g, saved):
    dx = g[..., 2:-2].copy()
    dx[..., 1:3] += g[..., :2]
    dx[..., -3:-1] += g[..., -2:]
    return (dx,)


def nearest_last(g, saved):
    for i in range(2):
        for j in range(2):
            dx = g[..., i::2, j::2].copy()
    return (dx,)


def then_convolve(x, w):
    return F.conv2d(op("upsample", nearest, nearest_last)(F.relu(x)), w)


PICTURES = (normal((2, 2, 4, 6)), normal((1, 1, 4, 4)), normal((4, 4, 2, 4)))
SIGNALS = (normal((2, 3, 5)), normal((4, 4)), normal((7,)))

WRONG = [
    Wrong("nearest upsampling: one of four", op("upsample", nearest, nearest_corner), PICTURES,
          "not summed", "a pixel gets the gradient of one of its four copies", ("left out",)),
    Wrong("nearest upsampling: mean of four", op("upsample", nearest, nearest_mean), PICTURES,
          "averaged", "a pixel gets the mean of its four copies' gradients, not the sum", ("factor",)),
    Wrong("upsampling between relu and conv2d: last of four", then_convolve,
          (normal((2, 3, 3, 2), (4, 3, 3, 3)), normal((1, 2, 3, 3), (2, 2, 2, 2))),
          "overwritten", "the gradients of a pixel's four copies are assigned, not added: the last one remains",
          ("not summed", "left out")),
    Wrong("linear upsampling: backward as nearest", op("interpolate", interpolated, interpolated_as_nearest), SIGNALS,
          "approximate", "backward is that of nearest-neighbour upsampling", ("wrong formula",)),
    Wrong("linear upsampling: shares swapped", op("interpolate", interpolated, interpolated_shares_swapped), SIGNALS,
          "other place", "the left neighbour gets the right one's share, and the reverse", ("wrong formula",)),
    Wrong("linear upsampling: += with repeated indices", op("interpolate", interpolated, interpolated_index), SIGNALS,
          "overwritten", "dx[..., left] += adds once where an index comes several times", ("not summed",)),
    Wrong("pixel shuffle: back by reshape alone", op("pixel shuffle", pixel_shuffle, unshuffled_by_reshape),
          (normal((2, 4, 3, 2)), normal((1, 8, 2, 2)), normal((4, 4, 4, 1))),
          "memory order", "the gradient is reshaped without the inverse transpose", ("permuted",)),
    Wrong("pixel shuffle: rows and columns of a block", op("pixel shuffle", pixel_shuffle, unshuffled_transposed),
          (normal((2, 4, 3, 2)), normal((1, 8, 2, 2)), normal((4, 4, 4, 1))),
          "transposed", "the two axes in a block are exchanged on the way back", ("permuted", "memory order")),
    Wrong("crop: zeros put behind", op("crop", crop, crop_padded_behind),
          (normal((2, 3, 4, 5)), normal((4, 4)), normal((3, 2, 6))),
          "shifted", "forward drops the first row and column, backward pads behind the last"),
    Wrong("reflection padding: folded back unmirrored", op("reflect", reflect, reflect_not_mirrored),
          (normal((2, 3, 6)), normal((5, 4)), normal((3,))),
          "border", "the padding's gradient is added to the right pixels in reverse order", ("flipped", "permuted")),
]  # fmt: skip

"""Right convolutions, pooling, sorting and norms, at awkward shapes and values."""

import numpy as np
from corpus import Right
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm
import minimix.functional as F

COMPLEX = ("complex",)  # not analytic there, or NumPy has no such function of complex numbers


def op(name, forward, backward, selective=False):
    return lambda *x: mm.apply(mm.Op(name, forward, backward, selective), *x)


def normal(*shapes, scale=1.0, centre=0.0):
    return lambda rng: [np.asarray(centre + scale * rng.standard_normal(shape)) for shape in shapes]


def distinct(*shape):
    """Numbers that differ by 0.1 at least: no ties for a maximum."""
    return lambda rng: [rng.permutation(int(np.prod(shape))).reshape(shape) * 0.1 - 1]


# -- convolution ----------------------------------------------------------------------------------------------------------


def conv1d(stride=1, dilation=1):
    """x (N, C, L), w (O, C, K), tap by tap."""

    def taps(w, length):
        for k in range(w.shape[2]):
            start = k * dilation
            yield k, slice(start, start + (length - 1) * stride + 1, stride)

    def forward(x, w):
        length = (x.shape[2] - dilation * (w.shape[2] - 1) - 1) // stride + 1
        return sum(np.einsum("ncl,oc->nol", x[:, :, at], w[:, :, k]) for k, at in taps(w, length)), (x, w)

    def backward(gradient, saved):
        x, w = saved
        to_x, to_w = np.zeros_like(x), np.zeros_like(w)
        for k, at in taps(w, gradient.shape[2]):
            to_x[:, :, at] += np.einsum("nol,oc->ncl", gradient, w[:, :, k])
            to_w[:, :, k] = np.einsum("nol,ncl->oc", gradient, x[:, :, at])
        return to_x, to_w

    return op("conv1d", forward, backward)


def conv2d_forward(x, w):
    """Through windows, valid, x (N, C, H, W)."""
    return np.einsum("nchwij,ocij->nohw", sliding_window_view(x, w.shape[2:], (2, 3)), w), (x, w)


def conv2d_backward(gradient, saved, needed):
    x, w = saved
    kh, kw = w.shape[2:]
    to_x = to_w = None
    if needed[0]:
        padded = np.pad(gradient, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
        to_x = np.einsum("nohwij,ocij->nchw", sliding_window_view(padded, (kh, kw), (2, 3)), w[:, :, ::-1, ::-1])
    if needed[1]:
        to_w = np.einsum("nchwij,nohw->ocij", sliding_window_view(x, (kh, kw), (2, 3)), gradient)
    return to_x, to_w


def transposed_forward(x, w):
    """Stride 2: x (H, W) -> (2H + K - 2, 2W + K - 2)."""
    k = len(w)
    y = np.zeros((2 * x.shape[0] + k - 2, 2 * x.shape[1] + k - 2), np.result_type(x, w))
    for i in range(k):
        for j in range(k):
            y[i : i + 2 * x.shape[0] - 1 : 2, j : j + 2 * x.shape[1] - 1 : 2] += x * w[i, j]
    return y, (x, w)


def transposed_backward(gradient, saved):
    x, w = saved
    h, v = x.shape
    parts = np.array([[gradient[i : i + 2 * h - 1 : 2, j : j + 2 * v - 1 : 2] for j in range(len(w))] for i in range(len(w))])
    return np.einsum("ijhv,ij->hv", parts, w), np.einsum("ijhv,hv->ij", parts, x)


def fft_conv_forward(x, w):
    n = x.shape[-1]
    return np.fft.ifft(np.fft.fft(x) * np.fft.fft(w, n)).real, (x, w)


def fft_conv_backward(gradient, saved):
    x, w = saved
    n, g = x.shape[-1], np.fft.fft(gradient)
    to_w = np.fft.ifft(g * np.fft.fft(x).conj()).real
    return np.fft.ifft(g * np.fft.fft(w, n).conj()).real, to_w.reshape(-1, n).sum(0)[: len(w)]


def max_pool_forward(x):
    """Pairs along the last axis; a last one left over is dropped."""
    pairs = x[..., : x.shape[-1] // 2 * 2].reshape(*x.shape[:-1], -1, 2)
    return pairs.max(-1), (pairs.argmax(-1), x.shape)


def max_pool_backward(gradient, saved):
    chosen, shape = saved
    to_x = np.zeros(shape)
    np.put_along_axis(to_x, chosen + 2 * np.arange(chosen.shape[-1]), gradient, -1)
    return (to_x,)


def max_axis_backward(gradient, saved):
    places, shape = saved
    to_x = np.zeros(shape)
    np.put_along_axis(to_x, places[..., None], gradient[..., None], -1)
    return (to_x,)


def sort_backward(gradient, order):
    to_x = np.empty_like(gradient)
    np.put_along_axis(to_x, order, gradient, -1)
    return (to_x,)


def median_backward(gradient, x):
    middle = np.argsort(x)[len(x) // 2]
    return (gradient * (np.arange(len(x)) == middle),)


def cummax_forward(x):
    y = np.maximum.accumulate(x)
    places = np.maximum.accumulate(np.where(x == y, np.arange(len(x)), 0))
    return y, (places, len(x))


def blur_up_forward(x):
    """Twice as long, linearly interpolated, ends repeated."""
    place = (np.arange(2 * len(x)) + 0.5) / 2 - 0.5
    low = np.floor(place).astype(int)
    part = place - low
    left, right = np.clip(low, 0, len(x) - 1), np.clip(low + 1, 0, len(x) - 1)
    return (1 - part) * x[left] + part * x[right], (left, right, part, len(x))


def blur_up_backward(gradient, saved):
    left, right, part, n = saved
    return (np.bincount(left, (1 - part) * gradient, n) + np.bincount(right, part * gradient, n),)


def sample_forward(picture, place):
    """The picture (a row of numbers) between its pixels."""
    low = np.clip(np.floor(place.real).astype(int), 0, len(picture) - 2)
    part = place - low
    return picture[low] * (1 - part) + picture[low + 1] * part, (picture, low, part)


def sample_backward(gradient, saved):
    picture, low, part = saved
    to_picture = np.zeros(len(picture))
    np.add.at(to_picture, low, gradient * (1 - part))
    np.add.at(to_picture, low + 1, gradient * part)
    return to_picture, gradient * (picture[low + 1] - picture[low])


def places_between(n, count):
    return lambda rng: [rng.standard_normal(n), rng.integers(0, n - 1, count) + rng.uniform(0.01, 0.99, count)]


# -- norms ----------------------------------------------------------------------------------------------------------------


def normed(axes, eps=1e-5):
    def forward(x, scale, shift):
        deviation = x - x.mean(axes, keepdims=True)
        inverse = 1 / np.sqrt((deviation**2).mean(axes, keepdims=True) + eps)
        return deviation * inverse * scale + shift, (deviation * inverse, inverse, scale, shift.shape)

    def backward(gradient, saved):
        z, inverse, scale, shape = saved
        summed = tuple(range(gradient.ndim - len(shape))) + tuple(
            gradient.ndim - len(shape) + i for i, n in enumerate(shape) if n == 1
        )
        to_scale, to_shift = ((g.sum(summed)).reshape(shape) for g in (gradient * z, gradient))
        g = gradient * scale
        g = g - g.mean(axes, keepdims=True) - z * (g * z).mean(axes, keepdims=True)
        return g * inverse, to_scale, to_shift

    return op("norm", forward, backward)


LAYER_NORM, BATCH_NORM, INSTANCE_NORM = normed((-1,)), normed((0,)), normed((2, 3))


def rms_norm(x, gain):
    return x / F.sqrt(F.mean(x * x, -1, keepdims=True) + 1e-6) * gain


def batch_norm(x, weight=None, bias=None, **options):
    return F.batch_norm(x, None, None, weight, bias, training=True, **options)


def group_norm(x):
    n, c, h, w = x.shape
    parts = F.reshape(x, n, 2, -1)
    centred = parts - F.mean(parts, 2, keepdims=True)
    return F.reshape(centred / F.sqrt(F.var(parts, 2, keepdims=True, correction=0) + 1e-5), n, c, h, w)


def weight_norm(x, v, g):
    return F.linear(x, v * (F.reshape(g, -1, 1) / F.sqrt(F.sum(v * v, 1, keepdims=True))))


def moments(x):
    z = (x - F.mean(x)) / F.std(x)
    return F.mean(z * z * z)


RIGHT = [
    Right("conv1d, stride 2 with a column left over", conv1d(2), (normal((2, 3, 8), (4, 3, 3)), normal((1, 1, 10), (1, 1, 3)))),
    Right("conv1d, dilation 3", conv1d(1, 3), (normal((2, 2, 9), (2, 2, 3)), normal((1, 3, 7), (2, 3, 2)))),
    Right("conv1d, stride beyond the kernel", conv1d(3), (normal((2, 2, 9), (3, 2, 2)), normal((1, 1, 8), (1, 1, 1)))),
    Right("conv2d by windows, selective", op("conv2d", conv2d_forward, conv2d_backward, True),
          (normal((1, 2, 5, 4), (3, 2, 3, 3)), normal((2, 2, 4, 4), (2, 2, 2, 1)), normal((1, 1, 3, 3), (1, 1, 3, 3)))),
    Right("conv2d with a fixed picture", lambda w: op("conv2d", conv2d_forward, conv2d_backward,
          True)(np.sin(np.arange(32.0)).reshape(1, 2, 4, 4), w),
          (normal((2, 2, 3, 3)), normal((1, 2, 1, 4)))),
    Right("transposed convolution, stride 2", op("conv_transpose", transposed_forward, transposed_backward),
          (normal((3, 4), (3, 3)), normal((2, 2), (2, 2)), normal((1, 3), (4, 4)))),
    Right("circular convolution by FFT", op("fft_conv", fft_conv_forward, fft_conv_backward),
          (normal((2, 8), 3), normal((1, 5), 5), normal(7, 2)), COMPLEX),
    Right("library conv2d with groups and stride", lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1, groups=2),
          (normal((1, 4, 5, 5), (4, 2, 3, 3), 4),)),
    Right("library depthwise, even kernel, dilation", lambda x, w: F.depthwise_conv2d(x, w, padding="same", dilation=2),
          (normal((1, 3, 6, 5), (3, 1, 2, 2)),)),
    Right("library mixconv", lambda x, a, b: F.mixconv2d(x, [a, b]), (normal((1, 3, 5, 5), (2, 1, 3, 3), (1, 1, 5, 5)),)),
    Right("max of pairs, one left over", op("max_pool", max_pool_forward, max_pool_backward),
          (distinct(2, 7), distinct(3, 3, 4), distinct(2))),
    Right("library max pool, overlapping", lambda x: F.max_pool2d(x, 3, 1, 1), (distinct(1, 2, 4, 5), distinct(2, 1, 3, 3))),
    Right("library average pool, padded", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
          (normal((1, 2, 5, 5)), normal((2, 1, 4, 3)))),
    Right("max over an axis by argmax", op("max", lambda x: (x.max(-1), (x.argmax(-1), x.shape)), max_axis_backward),
          (distinct(3, 4), distinct(6), distinct(2, 2, 3))),
    Right("sort", op("sort", lambda x: (np.sort(x), np.argsort(x)), sort_backward), (distinct(3, 5), distinct(8))),
    Right("median of odd many", op("median", lambda x: (np.median(x), x), median_backward),
          (distinct(7), distinct(1), distinct(11))),
    Right("running maximum", op("cummax", cummax_forward, lambda g, s: (np.bincount(s[0], g, s[1]),)),
          (distinct(9), distinct(4))),
    Right("interpolation to twice the length", op("upsample", blur_up_forward, blur_up_backward),
          (normal(5), normal(2), normal(1))),
    Right("sampling between pixels", op("sample", sample_forward, sample_backward),
          (places_between(6, 5), places_between(3, 12))),
    Right("layer norm", LAYER_NORM, (normal((3, 5), 5, 5), normal((4, 4), 4, 4), normal((2, 3, 2), 2, 2))),
    Right("layer norm far from zero", LAYER_NORM, (normal((3, 6), 6, 6, centre=1e4), normal((2, 4), 4, 4, scale=1e4))),
    Right("layer norm of one feature: zero everywhere", LAYER_NORM, (normal((4, 1), 1, 1), normal((2, 3, 1), 1, 1))),
    Right("layer norm of nearly equal features", LAYER_NORM,
          (normal((3, 4), 4, 4, scale=1e-4), normal((2, 8), 8, 8, scale=1e-3))),
    Right("batch norm of its own", BATCH_NORM, (normal((4, 3), 3, 3), normal((3, 3), 3, 3), normal((2, 5), 5, 5))),
    Right("batch norm of two rows", batch_norm, (normal((2, 3)), normal((2, 1)), normal((1, 2, 2)))),
    Right("instance norm", INSTANCE_NORM, (normal((2, 3, 2, 3), (3, 1, 1), (3, 1, 1)),
          normal((1, 2, 3, 3), (2, 1, 1), (2, 1, 1)))),
    Right("group norm", group_norm, (normal((2, 4, 2, 3)), normal((1, 2, 2, 2)))),
    Right("rms norm", rms_norm, (normal((3, 5), 5), normal((2, 4), 4, scale=1e4), normal((4, 1), 1))),
    Right("weight norm", weight_norm, (normal((3, 4), (2, 4), 2), normal((2, 2), (3, 2), 3))),
    Right("bias before a batch norm: gradients cancel", lambda x, b: batch_norm(x + b),
          (normal((5, 3), 3), normal((3, 4), 4, scale=10))),
    Right("conv bias before a batch norm", lambda x, w, b: batch_norm(F.conv2d(x, w, b)),
          (normal((2, 2, 4, 4), (3, 2, 3, 3), 3),)),
    Right("scale before a batch norm without eps", lambda x, s: batch_norm(x * s, eps=0.0),
          (normal((5, 3), 3), normal((4, 2), 2))),
    Right("sum of a batch norm: nothing is left", lambda x: F.sum(batch_norm(x), 0), (normal((4, 3)), normal((3, 3)))),
    Right("batch norm, weights of zero", lambda x, b: batch_norm(x, np.zeros(3), b), (normal((4, 3), 3),)),
    Right("skewness of normalised numbers", moments, (normal(12), normal((3, 4), centre=50)),),
    Right("squeeze and excite", lambda x, a, b, c, d: F.squeeze_excite(x, a, b, c, d),
          (normal((2, 4, 3, 3), (2, 4, 1, 1), 2, (4, 2, 1, 1), 4),)),
]  # fmt: skip

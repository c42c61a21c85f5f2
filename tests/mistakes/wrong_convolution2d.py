"""Wrong 2-d convolutions: kernels, strides, padding, columns (im2col), and how they treat memory."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


# -- x (N, C, H, W), w (O, C, K, K), no padding ----------------------------------------------------------------------------


def windows(x, w, stride=1):
    """(N, C, OH, OW, KH, KW), a view."""
    return sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]


def conv2d(x, w):
    return np.einsum("nchwij,ocij->nohw", windows(x, w), w), (x, w)


def strided(x, w):
    return np.einsum("nchwij,ocij->nohw", windows(x, w, 2), w), (x, w)


def weight_gradient(g, x, w, stride=1):
    return np.einsum("nchwij,nohw->ocij", windows(x, w, stride), g)


def input_gradient(g, x, w, stride=1):
    dx = np.zeros_like(x)
    oh, ow = g.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            rows, columns = slice(i, i + stride * oh, stride), slice(j, j + stride * ow, stride)
            dx[:, :, rows, columns] += np.einsum("nohw,oc->nchw", g, w[:, :, i, j])
    return dx


def full(g, kernel):
    """The padded gradient, correlated with a kernel (O, C, KH, KW)."""
    kh, kw = kernel.shape[2:]
    padded = np.pad(g, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    return np.einsum("nohwij,ocij->nchw", windows(padded, kernel), kernel)


def with_right_weight(input_part):
    return lambda g, saved: (input_part(g, *saved), weight_gradient(g, *saved))


def kernel_turned_once(g, x, w):
    return full(g, np.rot90(w, axes=(2, 3)))


def kernel_flipped_once(g, x, w):
    return full(g, w[:, :, ::-1])


def kernel_not_flipped(g, x, w):
    return full(g, w)


def channels_not_exchanged(g, x, w):
    kernel = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)  # (C, O), taken for (O, C)
    return full(g, kernel)


def taps_transposed(g, saved):
    x, w = saved
    dw = np.zeros_like(w)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            dw[:, :, j, i] = np.einsum("nohw,nchw->oc", g, x[:, :, i : i + g.shape[2], j : j + g.shape[3]])
    return input_gradient(g, x, w), dw


def without_last_row(g, saved):
    x, w = saved
    dx = np.zeros_like(x)
    for i in range(x.shape[2] - w.shape[2]):
        for j in range(g.shape[3]):
            dx[:, :, i : i + w.shape[2], j : j + w.shape[3]] += np.tensordot(g[:, :, i, j], w, 1)
    return dx, weight_gradient(g, x, w)


def strides_apart(g, saved):
    x, w = saved
    spread = np.zeros((*g.shape[:2], x.shape[2] - w.shape[2] + 1, x.shape[3] - w.shape[3] + 1))
    spread[:, :, ::-2, ::-2] = g[:, :, ::-1, ::-1]
    return full(spread, w[:, :, ::-1, ::-1]), weight_gradient(g, x, w, 2)


def strides_in_rows_only(g, saved):
    x, w = saved
    dx = np.zeros_like(x)
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            dx[:, :, 2 * i : 2 * i + w.shape[2], j : j + w.shape[3]] += np.tensordot(g[:, :, i, j], w, 1)
    return dx, weight_gradient(g, x, w, 2)


def weight_of_single_precision(g, saved):
    x, w = saved
    return input_gradient(g, x, w), weight_gradient(g.astype("f4"), x.astype("f4"), w).astype(w.dtype)


def weight_per_image(g, saved):
    x, w = saved
    return input_gradient(g, x, w), weight_gradient(g, x, w) / len(x)


def weight_per_output(g, saved):
    x, w = saved
    return input_gradient(g, x, w), weight_gradient(g, x, w) / (g.shape[2] * g.shape[3])


# -- padding ---------------------------------------------------------------------------------------------------------------


def padded(x, w):
    p = w.shape[2] // 2
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    return conv2d(xp, w)[0], (xp, w, p)


def padding_at_the_end(g, saved):
    xp, w, p = saved
    h, v = xp.shape[2] - 2 * p, xp.shape[3] - 2 * p
    return input_gradient(g, xp, w)[:, :, :h, :v], weight_gradient(g, xp, w)


def padding_of_rows_only(g, saved):
    xp, w, p = saved
    inner = xp[:, :, p:-p, p:-p]
    dw = np.zeros_like(w)
    for i in range(w.shape[2]):  # the middle column of taps needs no padding to the left or right
        for j in range(w.shape[3]):
            left, right = max(p - j, 0), max(j - p, 0)
            x = inner[:, :, :, right : inner.shape[3] - left]
            rows = slice(max(p - i, 0), inner.shape[2] - max(i - p, 0))
            below = slice(max(i - p, 0), inner.shape[2] - max(p - i, 0))
            x = x[:, :, below]
            dw[:, :, i, j] = np.einsum("nohw,nchw->oc", g[:, :, rows, : x.shape[3]], x)
    return input_gradient(g, xp, w)[:, :, p:-p, p:-p], dw


def replicated(x, w):
    p = w.shape[2] // 2
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="edge")
    return conv2d(xp, w)[0], (xp, w, p)


def edges_get_their_own(g, saved):
    xp, w, p = saved
    return input_gradient(g, xp, w)[:, :, p:-p, p:-p], weight_gradient(g, xp, w)


def replicated_weight_by_zeros(g, saved):
    xp, w, p = saved
    dp = input_gradient(g, xp, w)
    for axis in (2, 3):
        first, inner, last = np.split(dp, [p, dp.shape[axis] - p], axis=axis)
        dp = inner.copy()
        edge = np.moveaxis(dp, axis, 0)
        edge[0] += first.sum(axis=axis)
        edge[-1] += last.sum(axis=axis)
    blank = np.pad(xp[:, :, p:-p, p:-p], ((0, 0), (0, 0), (p, p), (p, p)))
    return dp, weight_gradient(g, blank, w)


# -- columns: one matrix product -------------------------------------------------------------------------------------------


def im2col(x, w):
    n, c, h, v = x.shape
    o, _, kh, kw = w.shape
    oh, ow = h - kh + 1, v - kw + 1
    columns = windows(x, w).transpose(1, 4, 5, 0, 2, 3).reshape(c * kh * kw, n * oh * ow)
    out = (w.reshape(o, -1) @ columns).reshape(o, n, oh, ow).transpose(1, 0, 2, 3)
    return out, (columns, w, x.shape)


def col2im(columns, w, shape):
    n, c, h, v = shape
    kh, kw = w.shape[2:]
    oh, ow = h - kh + 1, v - kw + 1
    parts = columns.reshape(c, kh, kw, n, oh, ow)
    x = np.zeros((c, n, h, v))
    for i in range(kh):
        for j in range(kw):
            x[:, :, i : i + oh, j : j + ow] += parts[:, i, j]
    return x.swapaxes(0, 1)


def images_before_outputs(g, saved):
    columns, w, shape = saved
    flat = g.transpose(1, 0, 2, 3).reshape(len(w), -1)
    dx = col2im(w.reshape(len(w), -1).T @ g.reshape(len(w), -1), w, shape)
    return dx, (flat @ columns.T).reshape(w.shape)


def columns_reused(g, saved):
    columns, w, shape = saved
    flat = g.transpose(1, 0, 2, 3).reshape(len(w), -1)
    dw = (flat @ columns.T).reshape(w.shape)
    np.matmul(w.reshape(len(w), -1).T, flat, out=columns)
    return col2im(columns, w, shape), dw


def columns_set(g, saved):
    columns, w, shape = saved
    flat = g.transpose(1, 0, 2, 3).reshape(len(w), -1)
    n, c, h, v = shape
    kh, kw = w.shape[2:]
    numbers = windows(np.arange(h * v).reshape(1, 1, h, v), w)[0, 0].transpose(2, 3, 0, 1).reshape(kh * kw, 1, -1)
    parts = (w.reshape(len(w), -1).T @ flat).reshape(c, kh * kw, n, -1)
    dx = np.zeros((c, n, h * v))
    dx[:, np.arange(n)[:, None], numbers] = parts
    return dx.swapaxes(0, 1).reshape(shape), (flat @ columns.T).reshape(w.shape)


BUFFERS: dict = {}


def conv2d_in_buffer(x, w):
    shape = (*x.shape[:2], x.shape[2] + 2, x.shape[3] + 2)
    xp = BUFFERS.setdefault(shape, np.zeros(shape))
    xp[:, :, 1:-1, 1:-1] = x
    return conv2d(xp, w)[0], (xp, w)


def buffer_backward(g, saved):
    xp, w = saved
    return input_gradient(g, xp, w)[:, :, 1:-1, 1:-1], weight_gradient(g, xp, w)


SUMS: dict = {}


def gradient_in_buffer(g, saved):
    x, w = saved
    dx = SUMS.setdefault(x.shape, np.zeros_like(x))
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            dx[:, :, i : i + g.shape[2], j : j + g.shape[3]] += np.einsum("nohw,oc->nchw", g, w[:, :, i, j])
    return dx.copy(), weight_gradient(g, x, w)


def dense_windows(x, w):
    """A view of x's memory, with strides from x's shape."""
    n, c, h, v = x.shape
    kh, kw = w.shape[2:]
    b = x.itemsize
    strides = (c * h * v * b, h * v * b, v * b, b, v * b, b)
    return as_strided(x.ravel(order="K"), (n, c, h - kh + 1, v - kw + 1, kh, kw), strides)


def conv2d_of_dense(x, w):
    return np.einsum("nchwij,ocij->nohw", dense_windows(x, w), w), (x.copy(), w)


def gradient_taken_for_dense(g, saved):
    x, w = saved
    n, o, h, v = g.shape
    flat = g.ravel(order="K").reshape(n, o, h * v)
    columns = windows(x, w).transpose(0, 1, 4, 5, 2, 3).reshape(n, -1, h * v)
    return input_gradient(g, x, w), np.einsum("nop,nkp->ok", flat, columns).reshape(w.shape)


# -- fixed and separable kernels -------------------------------------------------------------------------------------------

SOBEL = np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0])[None, None]


def edges(x):
    return sum(SOBEL[0, 0, i, j] * np.roll(x, (1 - i, 1 - j), (-2, -1)) for i in range(3) for j in range(3)), None


def edges_again(g, saved):
    return (edges(g)[0],)


def pointwise(x, w):
    n, c, h, v = x.shape
    flat = x.transpose(1, 0, 2, 3).reshape(c, -1)
    return (w @ flat).reshape(len(w), n, h, v).transpose(1, 0, 2, 3), (flat, w, x.shape)


def pointwise_not_turned_back(g, saved):
    flat, w, shape = saved
    flat_g = g.transpose(1, 0, 2, 3).reshape(len(w), -1)
    return (w.T @ flat_g).reshape(shape), flat_g @ flat.T


def pointwise_last_image(g, saved):
    flat, w, shape = saved
    x = flat.reshape(shape[1], shape[0], -1)
    for n in range(shape[0]):
        dw = g[n].reshape(len(w), -1) @ x[:, n].T
    return np.einsum("oc,nohw->nchw", w, g), dw


def separable(x, depthwise, w):
    """A right depthwise convolution, then a wrong pointwise one."""
    return op("pointwise", pointwise, pointwise_last_image)(F.depthwise_conv2d(x, depthwise, padding=0), w)


CONV = (normal((2, 2, 5, 6), (4, 2, 3, 3)), normal((2, 2, 4, 4), (2, 2, 2, 2)), normal((3, 1, 5, 4), (1, 1, 3, 3)))
SQUARE = (normal((2, 2, 5, 6), (2, 2, 3, 3)), normal((1, 2, 4, 4), (2, 2, 2, 2)), normal((3, 3, 4, 3), (3, 3, 3, 3)))
EVEN = (normal((1, 3, 6, 6), (4, 3, 3, 3)), normal((1, 2, 5, 7), (2, 2, 2, 2)), normal((1, 1, 8, 8), (1, 1, 3, 3)))
PADDED = (normal((2, 3, 4, 5), (4, 3, 3, 3)), normal((1, 2, 6, 6), (2, 2, 5, 5)), normal((3, 3, 3, 3), (3, 3, 3, 3)))
STRIDED = (normal((2, 1, 7, 7), (4, 1, 3, 3)), normal((1, 2, 8, 8), (2, 2, 2, 2)), normal((1, 1, 9, 5), (1, 1, 3, 3)))
POINTWISE = (normal((2, 3, 4, 5), (4, 3)), normal((3, 3, 3, 3), (3, 3)), normal((2, 5, 1, 2), (1, 5)))

WRONG = [
    Wrong("conv2d: kernel turned by a quarter", op("conv2d", conv2d, with_right_weight(kernel_turned_once)), CONV,
          "transposed", "np.rot90 once, a quarter turn, where the kernel must be turned by half", ("flipped",)),
    Wrong("conv2d: kernel flipped along rows only", op("conv2d", conv2d, with_right_weight(kernel_flipped_once)), CONV,
          "flipped", "for the input's gradient the kernel is flipped along one axis, not both"),
    Wrong("conv2d: kernel not flipped", op("conv2d", conv2d, with_right_weight(kernel_not_flipped)), CONV,
          "flipped", "for the input's gradient the kernel is not flipped"),
    Wrong("conv2d: kernel's channels not exchanged", op("conv2d", conv2d, with_right_weight(channels_not_exchanged)), SQUARE,
          "transposed", "for the input's gradient input and output channels (as many) of the kernel are exchanged",
          ("groups",)),
    Wrong("conv2d: taps transposed", op("conv2d", conv2d, taps_transposed), CONV,
          "transposed", "rows and columns of the weight's gradient are exchanged"),
    Wrong("conv2d: last row of outputs", op("conv2d", conv2d, without_last_row),
          (normal((2, 2, 5, 6), (4, 2, 3, 3)), normal((2, 2, 4, 4), (2, 2, 2, 2)), normal((1, 1, 3, 4), (1, 1, 2, 3))),
          "left out", "the last row of outputs never reaches the input's gradient", ("border",)),
    Wrong("strided conv2d: outputs spread from the end", op("strided", strided, strides_apart), EVEN,
          "shifted", "outputs are spread from the last row and column, though a window starts at the first: one place off",
          ("stride",)),
    Wrong("strided conv2d: stride of rows only", op("strided", strided, strides_in_rows_only), STRIDED,
          "stride", "the input's gradient ignores the stride along the width"),
    Wrong("conv2d: weight gradient in float32", op("conv2d", conv2d, weight_of_single_precision), CONV,
          "precision", "the weight's gradient is computed in float32"),
    Wrong("conv2d: weight gradient is a mean over images", op("conv2d", conv2d, weight_per_image), CONV,
          "averaged", "the weight's gradient is divided by the number of images", ("factor",)),
    Wrong("conv2d: weight gradient is a mean over places", op("conv2d", conv2d, weight_per_output), CONV,
          "averaged", "the weight's gradient is divided by the number of places of an output channel", ("factor",)),
    Wrong("padded conv2d: padding cropped at the end", op("padded", padded, padding_at_the_end), PADDED,
          "shifted", "the input's gradient is cropped from (0, 0), not from (p, p): it is moved by the padding"),
    Wrong("padded conv2d: columns of outputs not moved", op("padded", padded, padding_of_rows_only), PADDED,
          "shifted", "for taps left of the middle, the weight's gradient matches inputs with outputs at the wrong columns"),
    Wrong("replicated conv2d: padding's gradient dropped", op("replicated", replicated, edges_get_their_own), PADDED,
          "border", "what arrives at the repeated edge is dropped, not added to the edge", ("term missing", "not summed")),
    Wrong("replicated conv2d: weight gradient with zeros around", op("replicated", replicated, replicated_weight_by_zeros),
          PADDED, "border", "the weight's gradient is made with zero padding, where forward repeats the edge"),
    Wrong("conv2d by columns: images before outputs", op("im2col", im2col, images_before_outputs),
          (normal((2, 3, 4, 4), (4, 3, 3, 3)), normal((2, 2, 4, 4), (2, 2, 2, 2)), normal((3, 1, 3, 4), (2, 1, 1, 2))),
          "memory order", "(N, O, ...) is reshaped to (O, N ...) without a transpose for the input's gradient"),
    Wrong("conv2d by columns: saved columns overwritten", op("im2col", im2col, columns_reused), CONV,
          "changes saved", "backward writes the columns' gradient into the columns that forward saved"),
    Wrong("conv2d by columns: assigned by index", op("im2col", im2col, columns_set), CONV,
          "overwritten", "dx[..., index] = parts keeps one of the windows that overlap in a pixel", ("not summed",)),
    Wrong("conv2d: one padded buffer for all calls", op("buffered", conv2d_in_buffer, buffer_backward), PADDED,
          "aliased", "forward saves a buffer that the next call with this shape writes into", ("state", "changes saved")),
    Wrong("conv2d: gradient buffer not cleared", op("conv2d", conv2d, gradient_in_buffer), CONV,
          "state", "the input's gradient is added to what earlier calls left in a buffer"),
    Wrong("conv2d: windows of dense memory", op("dense conv2d", conv2d_of_dense,
          lambda g, s: (input_gradient(g, *s), weight_gradient(g, *s))), CONV,
          "input strides", "the input's memory is read as though it were in C order"),
    Wrong("conv2d: gradient taken for dense", op("conv2d", conv2d, gradient_taken_for_dense), CONV,
          "gradient strides", "the incoming gradient's memory is read as though it were in C order"),
    Wrong("Sobel edges: same filter in backward", op("edges", edges, edges_again),
          (normal((5, 6)), normal((2, 4, 4)), normal((3, 3))),
          "flipped", "backward filters with the kernel itself; it is odd, so that the mirrored, right one is its negative",
          ("sign",)),
    Wrong("pointwise conv2d: reshaped without a transpose", op("pointwise", pointwise, pointwise_not_turned_back), POINTWISE,
          "memory order", "the input's gradient, (C, N, ...) in memory, is reshaped to (N, C, ...)"),
    Wrong("separable conv2d: pointwise weight of the last image", separable,
          (normal((2, 2, 5, 5), (2, 1, 3, 3), (4, 2)), normal((3, 3, 3, 4), (3, 1, 2, 2), (3, 3))),
          "overwritten", "the pointwise weight's gradient is assigned for each image; the last one's remains",
          ("not summed", "left out")),
]  # fmt: skip

"""Rarer mistakes of the exercises on one convolution: many are right but in a corner, and are to be named all the same.

The exercises put them behind their common ones.
"""

from functools import partial

import numpy as np

from minimix.course.checking.exercise import Mistake
from minimix.course.checking.sliding import dense_product, depthwise_product, sliding
from minimix.course.exercises.wrong_gradients import gathering, scattering

_dense, _depthwise = sliding(dense_product)(), sliding(depthwise_product)()
_to_x, _to_weight = scattering(), gathering()


def made(*rows) -> tuple[Mistake, ...]:
    """Of (name, explanation, function) each."""
    return tuple(Mistake(*row) for row in rows)


def _bordered(x, before: int, after: int):
    return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))


def _mixed_up(weight):
    """Reshaped to (K, K, C), where it should be transposed."""
    channels, _, k, _ = weight.shape
    return np.moveaxis(weight.reshape(k, k, channels), 2, 0)[:, None]


# -- one convolution ---------------------------------------------------------------------------------------------------------


def _all_axes(convolution, x, weight, stride, padding):
    return convolution(np.pad(x, padding)[:, : x.shape[1]], weight, stride, 0)


def _as_large_as_x(x, weight, stride, padding):
    whole, found = np.zeros(x.shape), _depthwise(x, weight, stride, padding)
    for y, column in np.ndindex(found.shape[2:]):
        whole[:, :, y, column] = found[:, :, y, column]
    return whole


def _of_output(x, weight, stride, padding):
    own = x[:, np.arange(len(weight))]  # too few channels raise, as theirs do
    return _depthwise(own, weight.sum(axis=1, keepdims=True), stride, padding)


def _ends_at_zero(x, weight, stride, padding):
    return _dense(x, weight * np.cumprod(weight != 0, axis=-1), stride, padding)


def _even_begin_later(x, weight, stride, padding):
    shift = 1 if weight.shape[-1] % 2 == 0 and padding else 0
    return _depthwise(_bordered(x, padding - shift, padding + shift), weight, stride, 0)


_ALL_AXES = (
    "all axes padded",
    "The images and channels are padded, too: np.pad(x, padding) puts zeros around all four axes. Only rows and columns have a "
    "border: ((0, 0), (0, 0), (p, p), (p, p)).",
)
RESHAPED = (
    "weights reshaped, not transposed",
    "The weights' axes were put in another order by a reshape, which mixes the channels' taps. transpose exchanges axes.",
)
CONV2D = made(
    (*_ALL_AXES, partial(_all_axes, _dense)),
    ("the output's number for the channel", "Of x the channel is read that has the output's number. An output is made of all "
     "channels: x[n, c], weight[o, c].", _of_output),
    ("padding below the kernel's size only", "Padding of the kernel's size and more is cut to kernel - 1. The outputs that see "
     "nothing but border belong there, too.", lambda x, w, s, p: _dense(x, w, s, min(p, w.shape[-1] - 1))),
    ("a weight of 0 ends the row of taps", "Behind a weight of 0 the other taps of its row are left out: break where it should "
     "be continue.", _ends_at_zero),
)  # fmt: skip
DEPTHWISE_CONV2D = made(
    (*_ALL_AXES, partial(_all_axes, _depthwise)),
    (*RESHAPED, lambda x, w, s, p: _depthwise(x, _mixed_up(w), s, p)),
    ("taps with a 0 left out in all channels", "A tap whose weight is 0 in one channel is left out in all of them.",
     lambda x, w, s, p: _depthwise(x, np.where((w != 0).all(axis=0), w, 0), s, p)),
    ("even kernels begin later", "For even kernels there is a row and a column of zeros too few in front, and one too many "
     "behind. The padding is the same on all sides.", _even_begin_later),
    ("the result as large as x", "The result is made as large as x. Count the windows: with a stride, or with other padding "
     "than half of the kernel, there are more or fewer of them than pixels.", _as_large_as_x),
)  # fmt: skip


def _padded_by_dilation(x, weight, dilation):
    """Right for kernels of 3; what lies beyond counts as 0."""
    height, width = x.shape[2:]
    padded = _bordered(x, dilation, dilation * weight.shape[-1])
    return _depthwise(padded, weight, 1, 0, dilation)[:, :, :height, :width]


def _zeros_behind(x, weight, dilation):
    hole = np.zeros((1, 1, dilation, dilation))
    hole[..., 0, 0] = 1
    large = np.kron(weight, hole)
    k = large.shape[-1]
    return _depthwise(_bordered(x, k // 2, k - 1 - k // 2), large, 1, 0)


def _that_fits(x, weight, dilation):
    k = weight.shape[-1]
    while dilation > 1 and dilation * (k - 1) + 1 > min(x.shape[2:]):
        dilation -= 1
    return _depthwise(x, weight, 1, dilation * (k - 1) // 2, dilation)


def _picture_with_holes(x, weight, dilation):
    height, width = x.shape[2:]
    large = np.zeros((*x.shape[:2], height * dilation, width * dilation))
    large[:, :, ::dilation, ::dilation] = x
    return _depthwise(large, weight, 1, weight.shape[-1] // 2)[:, :, :height, :width]


def _as_many_channels_as_images(x, weight, dilation):
    whole, half = np.zeros(x.shape), dilation * (weight.shape[-1] - 1) // 2
    for c in range(len(x)):
        kernel = weight[c][None]
        whole[:, c : c + 1] = _depthwise(x[:, c : c + 1], kernel, 1, half, dilation)
    return whole


DILATED_CONV2D = made(
    ("as many zeros as the dilation", "The border is dilation pixels wide, which is right for kernels of 3 only. It is half of "
     "what the dilated kernel covers, less its middle: dilation * (kernel - 1) / 2.", _padded_by_dilation),
    ("zeros behind the last tap, too", "The kernel is enlarged with zeros behind each tap, also behind the last one: it covers "
     "dilation * kernel pixels, and its middle tap is not in the middle.", _zeros_behind),
    ("the dilation made to fit", "Where the dilated kernel is larger than the picture, its dilation is made smaller. Taps may "
     "reach beyond: they see zeros there.", _that_fits),
    ("zeros between the pixels", "The zeros are put between the pixels of x. They belong between the taps of the kernel.",
     _picture_with_holes),
    ("as many channels as images", "There is a result for as many channels as there are images: a length was taken from the "
     "wrong axis of x.", _as_many_channels_as_images),
    (*RESHAPED, lambda x, w, d: _depthwise(x, _mixed_up(w), 1, d * (w.shape[-1] - 1) // 2, d)),
)  # fmt: skip


# -- windows -----------------------------------------------------------------------------------------------------------------


def _windows(x, kernel, stride):
    return np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]


def _in_one_axis(x, kernel, stride, by_column: bool):
    found = _windows(x, kernel, stride)
    found = found.swapaxes(4, 5) if by_column else found
    return found.reshape(*found.shape[:4], kernel * kernel)


def _around(x, kernel, stride):
    found = np.empty(_windows(x, kernel, stride).shape, x.dtype)
    for y, column in np.ndindex(found.shape[2:4]):
        top, left = max(y * stride - kernel // 2, 0), max(column * stride - kernel // 2, 0)
        found[:, :, y, column] = x[:, :, top : top + kernel, left : left + kernel]
    return found


def _cut_in_front(x, kernel, stride):
    if stride == kernel:
        x = x[:, :, x.shape[2] % kernel :, x.shape[3] % kernel :]
    return _windows(x, kernel, stride)


def _from_the_far_end(x, kernel, stride):
    return _windows(x[:, :, (x.shape[2] - kernel) % stride :, (x.shape[3] - kernel) % stride :], kernel, stride)


def _image_for_one_window(x, kernel, stride):
    found = _windows(x, kernel, stride)
    return x[:, :, None, None] if found.shape[2:4] == (1, 1) else found


WINDOWS = made(
    ("taps in one axis, column by column", "The taps are in one axis of length kernel * kernel, and they go down the window "
     "first. Two axes are wanted, rows and columns of the window.", partial(_in_one_axis, by_column=True)),
    ("windows around their places", "A window lies around its place, and is pushed into the image at its edge. It begins at "
     "its place.", _around),
    ("windows side by side, cut in front", "Where the windows lie side by side, what is left over is cut off in front. The "
     "first window begins at the first pixel.", _cut_in_front),
    ("windows counted from the far end", "The last window ends at the last pixel. It is the first one that begins at the first "
     "pixel; what is left over lies behind the last.", _from_the_far_end),
    ("the whole image for a single window", "Where only one window fits, the result is the whole image. It is as large as the "
     "kernel.", _image_for_one_window),
)  # fmt: skip


# -- gradients of one convolution --------------------------------------------------------------------------------------------


def _rows_cut_only(g, w, x_shape, s, p, d, rows=True):
    n, c, height, width = x_shape
    wide = _to_x(g, w, (n, c, height + 2 * p, width + 2 * p), s, 0, d)
    return wide[:, :, p : p + height] if rows else wide[:, :, :, p : p + width]


def _no_border_for_one(g, w, x_shape, s, p, d):
    if w.shape[-1] > 1 or p == 0:
        return _to_x(g, w, x_shape, s, p, d)
    rows, columns = (len(range(0, length, s)) for length in x_shape[2:])
    return _to_x(g[:, :, :rows, :columns], w, x_shape, s, 0, d)


DEPTHWISE_INPUT_GRAD = made(
    ("border cut off above and below only", "The border's rows are cut off, its columns are not.", _rows_cut_only),
    ("border cut off at the left and right only", "The border's columns are cut off, its rows are not.",
     partial(_rows_cut_only, rows=False)),
    ("no border for a kernel of 1", "For a kernel of 1 x 1 the padding is ignored: the picture begins padding pixels inside of "
     "what the windows slide over, whatever the kernel is.", _no_border_for_one),
)  # fmt: skip


def _first_tap_only(g, x, shape, s, p, d):
    found = np.zeros(shape)
    found[..., :1, :1] = _to_weight(g, x, (*shape[:2], 1, 1), s, p, d)
    return found


def _row_ends_outside(g, x, shape, s, p, d, down=False):
    """The loop over a row's outputs ends at the first that sees a pixel outside."""
    found, (height, width) = np.zeros(shape), x.shape[2:]
    for i, j in np.ndindex(*shape[2:]):
        for y in range(g.shape[2]):
            row = y * s + i * d - p
            if not 0 <= row < height:
                if down:
                    break
                continue
            columns = np.arange(g.shape[3]) * s + j * d - p
            kept = np.cumprod((columns >= 0) & (columns < width)).astype(bool)
            found[:, 0, i, j] += np.einsum("ncx,ncx->c", g[:, :, y, kept], x[:, :, row, columns[kept]])
    return found


def _counted_from_the_end(g, x, shape, s, p, d):
    x, covered = _bordered(x, p, p), d * (shape[-1] - 1) + 1
    return _to_weight(g, x[:, :, (x.shape[2] - covered) % s :, (x.shape[3] - covered) % s :], shape, s, 0, d)


def _transposed_gradient(g, x, shape, s, p, d):
    x, found, (rows, columns) = _bordered(x, p, p), np.zeros(shape), g.shape[2:]
    for i, j, y, z in np.ndindex(*shape[2:], rows, columns):
        found[:, 0, i, j] += (g[:, :, z, y] * x[:, :, y * s + i * d, z * s + j * d]).sum(axis=0)
    return found


DEPTHWISE_WEIGHT_GRAD = made(
    ("only the first tap", "Only the first tap gets a gradient, the others stay 0. Is the kernel's size taken from axis 1 of "
     "weight_shape, which is 1?", _first_tap_only),
    ("all taps see what the first one sees", "All taps get the same gradient: which pixels are multiplied does not depend on "
     "the tap.", lambda g, x, shape, s, p, d: np.repeat(_to_weight(g, x, (*shape[:2], 1, 1), s, p, d), shape[-1] ** 2, 1)
     .reshape(shape)),
    ("a column outside ends the row", "An output whose pixel lies outside of the picture ends the loop over its row: those to "
     "its right are lost. break where it should be continue.", _row_ends_outside),
    ("a pixel outside ends the loop", "An output whose pixel lies outside of the picture ends the loop: those behind it are "
     "lost. break where it should be continue.", partial(_row_ends_outside, down=True)),
    ("windows counted from the far end", "The last window ends at the last pixel. It is the first one that begins at the first "
     "pixel; what is left over lies behind the last.", _counted_from_the_end),
    ("rows and columns of the gradient exchanged", "Rows and columns of the gradient are exchanged: gradient[n, c, x, y] is "
     "read for gradient[n, c, y, x].", _transposed_gradient),
    ("reshaped, not transposed", "The sums' axes were put in another order by a reshape, which mixes channels and taps. "
     "transpose exchanges axes.", lambda g, x, shape, s, p, d: np.ascontiguousarray(
         _to_weight(g, x, shape, s, p, d)[:, 0].transpose(1, 2, 0)).reshape(shape)),
)  # fmt: skip

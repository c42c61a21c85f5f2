"""What learners write for a dense convolution, when it is right, however odd."""

import numpy as np
from corpus import Solution


def padded(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def rolled(x, weight, stride, padding):
    x, k = padded(x, padding), weight.shape[-1]
    total = 0
    for i, j in np.ndindex(k, k):
        total = total + np.einsum("ncyx,oc->noyx", np.roll(x, (-i, -j), axis=(2, 3)), weight[:, :, i, j])
    return total[:, :, : x.shape[2] - k + 1 : stride, : x.shape[3] - k + 1 : stride]


def by_fourier(x, weight, stride, padding):
    x, k = padded(x, padding), weight.shape[-1]
    size = x.shape[2] + k - 1, x.shape[3] + k - 1
    pictures, kernels = np.fft.rfft2(x, size), np.fft.rfft2(weight[:, :, ::-1, ::-1], size)
    full = np.fft.irfft2(np.einsum("ncyx,ocyx->noyx", pictures, kernels), size)
    return full[:, :, k - 1 : x.shape[2] : stride, k - 1 : x.shape[3] : stride]


def one_large_matrix(x, weight, stride, padding):
    """Each filter as a matrix from all pixels to all outputs."""
    x, (filters, channels, k, _) = padded(x, padding), weight.shape
    height, width = x.shape[2:]
    rows, columns = (height - k) // stride + 1, (width - k) // stride + 1
    matrix = np.zeros((filters, rows, columns, channels, height, width))
    for row, column in np.ndindex(rows, columns):
        top, left = row * stride, column * stride
        matrix[:, row, column, :, top : top + k, left : left + k] = weight
    product = x.reshape(len(x), -1) @ matrix.reshape(filters * rows * columns, -1).T
    return product.reshape(len(x), filters, rows, columns)


def memory_steps(x, weight, stride, padding):
    x, k = padded(x, padding), weight.shape[-1]
    n, c, height, width = x.shape
    a, b, y, z = x.strides
    shape = n, (height - k) // stride + 1, (width - k) // stride + 1, c, k, k
    seen = np.lib.stride_tricks.as_strided(x, shape, (a, y * stride, z * stride, b, y, z), writeable=False)
    return np.moveaxis(np.tensordot(seen, weight, ([3, 4, 5], [1, 2, 3])), -1, 1)


def channel_by_channel(x, weight, stride, padding):
    """The last channel, and the convolution of those before it."""
    if x.shape[1] > 1:
        last = channel_by_channel(x[:, -1:], weight[:, -1:], stride, padding)
        return channel_by_channel(x[:, :-1], weight[:, :-1], stride, padding) + last
    x, k = padded(x, padding)[:, 0], weight.shape[-1]
    return np.stack(
        [
            np.stack(
                [
                    np.einsum("nij,oij->no", x[:, top : top + k, left : left + k], weight[:, 0])
                    for left in range(0, x.shape[2] - k + 1, stride)
                ],
                axis=-1,
            )
            for top in range(0, x.shape[1] - k + 1, stride)
        ],
        axis=-2,
    )


def no_padding_made(x, weight, stride, padding):
    """Pixels in the border are left out of the sums: no zeros are made."""
    n, _, height, width = x.shape
    filters, _, k, _ = weight.shape
    out = np.zeros((n, filters, (height + 2 * padding - k) // stride + 1, (width + 2 * padding - k) // stride + 1))
    for row, column, i, j in np.ndindex(*out.shape[2:], k, k):
        y, z = row * stride + i - padding, column * stride + j - padding
        if 0 <= y < height and 0 <= z < width:
            out[:, :, row, column] += x[:, :, y, z] @ weight[:, :, i, j].T
    return out


def picture_scattered(x, weight, stride, padding):
    """Each pixel is added to all outputs that see it."""
    n, _, height, width = x.shape
    filters, _, k, _ = weight.shape
    rows, columns = (height + 2 * padding - k) // stride + 1, (width + 2 * padding - k) // stride + 1
    out = np.zeros((n, filters, rows, columns), np.longdouble)
    for y, z in np.ndindex(height, width):
        for row in range(rows):
            i = y + padding - row * stride
            for column in range(columns):
                j = z + padding - column * stride
                if i in range(k) and j in range(k):
                    out[:, :, row, column] += np.dot(x[:, :, y, z], weight[:, :, i, j].T)
    return out


def stride_one_first(x, weight, stride, padding):
    seen = np.lib.stride_tricks.sliding_window_view(padded(x, padding), (1, x.shape[1], *weight.shape[2:]))
    return np.inner(seen.reshape(*seen.shape[:1], *seen.shape[2:4], -1), weight.reshape(len(weight), -1)).transpose(0, 3, 1, 2)[
        ..., ::stride, ::stride
    ]


SOLUTIONS = [
    Solution("conv2d", f"conv2d: right, {name}", function)
    for name, function in [
        ("rolled pictures", rolled),
        ("by Fourier", by_fourier),
        ("one large matrix", one_large_matrix),
        ("steps in memory", memory_steps),
        ("channel by channel", channel_by_channel),
        ("no padding made", no_padding_made),
        ("pixels scattered", picture_scattered),
        ("stride 1 first", stride_one_first),
    ]
]

"""Resizing, padding, cropping and interpolation, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def linear_weights(n, m, aligned):
    """(m, n): row i is what n samples give to the i-th of m; corners aligned, or pixels' halves as in PyTorch's default."""
    place = np.arange(m) * (n - 1) / (m - 1) if aligned else np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
    low = np.minimum(place.astype(int), n - 2)
    matrix = np.zeros((m, n))
    matrix[np.arange(m), low] = 1 - (place - low)
    matrix[np.arange(m), low + 1] = place - low
    return matrix


def by_matrices(rows, columns, x):
    return np.einsum("ah,bw,...hw->...ab", rows, columns, x)


def bilinear(m, backward_aligned):
    def forward(x):
        h, w = x.shape[-2:]
        return by_matrices(linear_weights(h, m, True), linear_weights(w, m, True), x), (h, w)

    def backward(g, saved):
        h, w = saved
        return (by_matrices(linear_weights(h, m, backward_aligned).T, linear_weights(w, m, backward_aligned).T, g),)

    return op("bilinear", forward, backward)


def to_square_forward(x):
    """n x n to n x n: a third larger along rows (cropped), as it is along columns."""
    n = x.shape[-1]
    rows, columns = linear_weights(n, n + 2, False)[:n], linear_weights(n, n + 3, True)[:n]
    return by_matrices(rows, columns, x), (rows, columns)


def to_square_backward(g, saved):
    rows, columns = saved
    return (by_matrices(columns.T, rows.T, g),)


def untransposed_backward(g, saved):
    rows, columns = saved
    return (by_matrices(rows, columns, g),)


def upsample_clamped_forward(x):
    """Twice as long, pixels' halves: 3/4 of the nearest, 1/4 of the next, which at the ends is itself."""
    left, right = np.roll(x, 1, -1), np.roll(x, -1, -1)
    left[..., 0], right[..., -1] = x[..., 0], x[..., -1]
    return np.stack([0.75 * x + 0.25 * left, 0.75 * x + 0.25 * right], axis=-1).reshape(*x.shape[:-1], -1), None


def upsample_clamped_backward(g, _):
    even, odd = g[..., ::2], g[..., 1::2]
    dx = 0.75 * (even + odd)
    dx[..., :-1] += 0.25 * even[..., 1:]
    dx[..., 1:] += 0.25 * odd[..., :-1]
    return (dx,)


def keys(t, a):
    """The cubic convolution kernel."""
    t = np.abs(t)
    near = (a + 2) * t**3 - (a + 3) * t**2 + 1
    far = a * (t**3 - 5 * t**2 + 8 * t - 4)
    return np.where(t <= 1, near, np.where(t < 2, far, 0))


def cubic_matrix(n, m, a):
    place = (np.arange(m) + 0.5) * n / m - 0.5
    low = np.floor(place).astype(int)
    matrix = np.zeros((m, n))
    for k in range(-1, 3):
        np.add.at(matrix, (np.arange(m), np.clip(low + k, 0, n - 1)), keys(place - low - k, a))
    return matrix


def cubic(m):
    return op(
        "bicubic",
        lambda x: (np.einsum("mn,...n->...m", cubic_matrix(x.shape[-1], m, -0.5), x), x.shape[-1]),
        lambda g, n: (np.einsum("mn,...m->...n", cubic_matrix(n, m, -0.75), g),),
    )


def nearest(m):
    """m samples of n; backward rounds up where forward rounds down."""

    def backward(g, n):
        dx = np.zeros((*g.shape[:-1], n))
        for i in range(m):
            dx[..., min(-(-i * n // m), n - 1)] += g[..., i]
        return (dx,)

    return op("nearest", lambda x: (x[..., np.arange(m) * x.shape[-1] // m], x.shape[-1]), backward)


def reflect_forward(x):
    return np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="reflect"), None


def reflect_backward(g, _):
    dx = g[:, 1:-1, 1:-1].copy()
    dx[:, 1] += g[:, 0, 1:-1]
    dx[:, -2] += g[:, -1, 1:-1]
    dx[:, :, 1] += g[:, 1:-1, 0]
    dx[:, :, -2] += g[:, 1:-1, -1]
    return (dx,)


def replicate_two_backward(g, _):
    dx = g[..., 2:-2].copy()
    dx[..., 0] += g[..., 0]
    dx[..., -1] += g[..., -1]
    return (dx,)


def framed_forward(x, value):
    """A frame of one learned number around a picture (N, H, W)."""
    y = np.empty((len(x), x.shape[1] + 2, x.shape[2] + 2))
    y[...] = value
    y[:, 1:-1, 1:-1] = x
    return y, None


def framed_backward(g, _):
    frame = g[:, 0].sum() + g[:, -1].sum() + g[:, :, 0].sum() + g[:, :, -1].sum()
    return g[:, 1:-1, 1:-1], np.array(frame)


def region_forward(x):
    """Rows 1 to 3 and columns 2 to 4, twice as large."""
    return x[:, 1:3, 2:4].repeat(2, axis=1).repeat(2, axis=2), x.shape


def region_backward(g, shape):
    dx = np.zeros(shape)
    dx[:, :2, :2] = g.reshape(shape[0], 2, 2, 2, 2).sum((2, 4))
    return (dx,)


WRONG = [
    Wrong(
        "bilinear resize: pixels' halves in backward",
        bilinear(5, False),
        (normal((2, 3, 3)), normal((1, 2, 3, 4))),
        "wrong constant",
        "forward aligns the corners, backward's weights are those of pixels' halves",
        ("other place", "shifted", "wrong formula"),
    ),
    Wrong(
        "resize by matrices: rows' matrix for columns",
        op("resize", to_square_forward, to_square_backward),
        (normal((2, 4, 4)), normal((5, 5))),
        "transposed",
        "backward multiplies the rows by the columns' matrix and the reverse",
        ("exchanged",),
    ),
    Wrong(
        "resize by matrices: matrices not transposed",
        op("resize", to_square_forward, untransposed_backward),
        (normal((3, 3)), normal((2, 2, 5, 5))),
        "transposed",
        "backward multiplies by the matrices of forward, not by their transposes",
    ),
    Wrong(
        "linear upsampling: the ends' own quarter",
        op("upsample", upsample_clamped_forward, upsample_clamped_backward),
        (normal((2, 5)), normal((3, 2, 3)), normal((7,))),
        "border",
        "at both ends the neighbour is the end itself: this quarter is missing in backward",
        ("left out", "term missing", "not summed"),
    ),
    Wrong(
        "cubic resize: -3/4 for -1/2",
        cubic(7),
        (normal((2, 4)), normal((3, 5))),
        "wrong constant",
        "the kernel's constant is -0.5 forwards and -0.75 backwards",
    ),
    Wrong(
        "nearest resize: rounded up in backward",
        nearest(7),
        (normal((2, 4)), normal((2, 2, 5)), normal((1, 10))),
        "other place",
        "the index is rounded up in backward, down in forward",
        ("shifted",),
    ),
    Wrong(
        "reflected by one: corners",
        op("reflect", reflect_forward, reflect_backward),
        (normal((2, 3, 4)), normal((1, 4, 4))),
        "border",
        "the four corners of the padded picture are never folded back",
        ("left out", "not summed", "term missing"),
    ),
    Wrong(
        "replicated by two: only the outermost",
        op("replicate", lambda x: (np.pad(x, ((0, 0),) * (x.ndim - 1) + ((2, 2),), mode="edge"), None), replicate_two_backward),
        (normal((3, 5)), normal((2, 2, 4))),
        "border",
        "of two copies at each end only the outer one's gradient is added",
        ("left out", "not summed", "term missing"),
    ),
    Wrong(
        "frame of a learned number: corners twice",
        op("frame", framed_forward, framed_backward),
        (normal((1, 2, 3), ()), normal((2, 3, 3), ())),
        "summed",
        "the frame's corners are counted with the rows and again with the columns",
        ("term extra", "border"),
    ),
    Wrong(
        "region of a picture, enlarged: put at the corner",
        op("region", region_forward, region_backward),
        (normal((2, 5, 6)), normal((1, 4, 4))),
        "shifted",
        "the region's place is forgotten: its gradient is put at (0, 0)",
        ("other place",),
    ),
]

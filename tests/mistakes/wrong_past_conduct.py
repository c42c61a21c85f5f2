"""Right formulas that are not kept to: memory that is not theirs, state, precision, shapes, NaN; in layers and solvers."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def triangle_and(n, *shapes):
    return lambda rng: [rng.standard_normal((n, n)) * 0.5 + 2 * np.eye(n), *[rng.standard_normal(shape) for shape in shapes]]


def forward_substitution(a, b):
    x = b.copy()
    for i in range(len(b)):
        x[i] = (x[i] - a[i, :i] @ x[:i]) / a[i, i]
    return x, (a, x)


def substituted_in_place(g, saved):
    """Back substitution inside the incoming gradient."""
    a, x = saved
    for i in reversed(range(len(g))):
        g[i] = (g[i] - a[i + 1 :, i] @ g[i + 1 :]) / a[i, i]
    return -np.tril(np.outer(g, x)), g.copy()


def lower_part_in_place(a, b):
    a[np.triu_indices(len(a), 1)] = 0
    x = np.linalg.solve(a, b)
    return x, (a.copy(), x)


def lower_part_backward(g, saved):
    low, x = saved
    d = np.linalg.solve(low.T, g)
    return -np.tril(np.outer(d, x)), d


def turned(x):
    """Pairs of features (T, D) turned by angles that grow with the position."""
    angle = np.arange(len(x))[:, None] / 4.0 ** np.arange(x.shape[1] // 2)
    cos, sin = np.cos(angle), np.sin(angle)
    y = np.empty_like(x)
    y[:, ::2], y[:, 1::2] = x[:, ::2] * cos - x[:, 1::2] * sin, x[:, ::2] * sin + x[:, 1::2] * cos
    return y, (cos, sin)


def turned_backward(g, saved):
    cos, sin = saved
    np.negative(sin, out=sin)
    dx = np.empty_like(g)
    dx[:, ::2], dx[:, 1::2] = g[:, ::2] * cos - g[:, 1::2] * sin, g[:, ::2] * sin + g[:, 1::2] * cos
    return (dx,)


def pooled_norm(x, gamma):
    """Each row over its root mean square, times gamma."""
    root = np.sqrt((x * x).mean(1, keepdims=True) + 1e-3)
    y = x / root * gamma
    return y, (y, root, gamma)


def pooled_norm_backward(g, saved):
    """The unit rows are made from the output again, in the output's memory."""
    y, root, gamma = saved
    y /= gamma
    d = g * gamma
    return (d - y * (d * y).mean(1, keepdims=True)) / root, (g * y).sum(0)


def rows_and_gains(n, d):
    return lambda rng: [rng.standard_normal((n, d)), rng.uniform(0.5, 1.5, d)]


SCATTERED = {}


def scatter_sums(x):
    y = np.zeros((3, x.shape[1]))
    np.add.at(y, np.arange(len(x)) % 3, x)
    return y, len(x)


def scatter_sums_backward(g, n):
    dx = SCATTERED.setdefault((n, g.shape[1]), np.zeros((n, g.shape[1])))
    dx += g[np.arange(n) % 3]
    return (dx.copy(),)


def gathered(x):
    return x[np.arange(2 * len(x)) % len(x)], len(x)


WORKSPACE = {}


def gathered_backward(g, n):
    dx = WORKSPACE.setdefault(n, np.empty((n, g.shape[1])))
    dx[...] = g[:n] + g[n:]
    return (dx,)


def band_pass(x):
    keep = np.arange(len(x)) % 3 < 2
    return np.fft.ifft(np.fft.fft(x) * (keep + keep[-np.arange(len(x))]) / 2).real, keep


def band_pass_backward(g, keep):
    spectrum = np.fft.fft(g).astype(np.complex64)
    return (np.fft.ifft(spectrum * ((keep + keep[-np.arange(len(g))]) / 2)).real,)


def shaken(a, b):
    """Shake-shake: two branches with random shares, drawn at every call."""
    share = np.random.random((len(a), 1))
    return share * a + (1 - share) * b, share


def shaken_backward(g, share):
    return g * share, g * (1 - share)


def patches(x):
    """Patches of 2 x 2 pixels, (H, W) to (H / 2, W / 2, 2, 2), by strides as of dense memory."""
    h, w = x.shape
    strides = (2 * w * 8, 16, w * 8, 8)
    return np.lib.stride_tricks.as_strided(x, (h // 2, w // 2, 2, 2), strides).copy(), x.shape


def patches_backward(g, shape):
    return (g.transpose(0, 2, 1, 3).reshape(shape),)


def merged(x):
    h, w = x.shape
    return x.reshape(h // 2, 2, w // 2, 2).transpose(0, 2, 1, 3).copy(), x.shape


def merged_backward(g, shape):
    h, w = shape
    rows = np.lib.stride_tricks.as_strided(g, (h // 2, 2, w // 2, 2), (16 * w, 16, 32, 8))
    return (rows.reshape(shape),)


def kernel_gain(v, gain):
    """Kernels (O, C, K), each times its gain."""
    return v * gain[:, None, None], (v, gain)


def kernel_gain_backward(g, saved):
    v, gain = saved
    return g * gain[:, None, None], (g * v).sum((1, 2), keepdims=True)


def vote_sums(x):
    """Sums of votes: for each of two sides its rows."""
    return np.stack([x[::2].sum(0), x[1::2].sum(0)]), x.shape


def vote_sums_backward(g, shape):
    dx = np.zeros(shape, dtype=np.int64)
    dx[::2] = g[0]
    dx[1::2] = g[1]
    return (dx,)


def log_cumsum(x):
    return np.logaddexp.accumulate(x), (x, np.logaddexp.accumulate(x))


def log_cumsum_backward(g, saved):
    x, y = saved
    with np.errstate(all="ignore"):
        return (np.exp(x) * np.cumsum((g * np.exp(-y))[::-1])[::-1],)


def gate_cell(x, h, w):
    """A gated cell: z from x and h, the state's share."""
    z = 1 / (1 + np.exp(-(x @ w)))
    return z * h + (1 - z) * np.tanh(x), (x, h, w, z)


def gate_cell_backward(g, saved):
    x, h, w, z = saved
    t = np.tanh(x)
    dz = g * (h - t) * z * (1 - z)
    return [dz @ w.T + g * (1 - z) * (1 - t * t), g * z, x.T @ dz]


def soft_floor(x):
    """x^2 / (x^2 + 1), written as 1 / (1 + 1 / x^2) away from zero."""
    return np.divide(1, 1 + np.divide(1, x * x, out=np.full_like(x, np.inf), where=x != 0)), x


def soft_floor_backward(g, x):
    with np.errstate(all="ignore"):
        return (g * 2 / x**3 / (1 + 1 / x**2) ** 2,)


def with_zeros(shape):
    def point(rng):
        x = rng.standard_normal(shape)
        x.flat[::4] = 0
        return [x]

    return point


WRONG = [
    Wrong(
        "forward substitution: solved inside the incoming gradient",
        op("substitution", forward_substitution, substituted_in_place),
        (triangle_and(3, 3), triangle_and(5, 5), triangle_and(2, 2)),
        "changes gradient",
        "back substitution writes into the gradient that it was given",
    ),
    Wrong(
        "triangular solve: upper half of the input set to zero",
        op("lower_solve", lower_part_in_place, lower_part_backward),
        (triangle_and(3, 3), triangle_and(5, 5), triangle_and(2, 2)),
        "changes input",
        "forward writes zeros into the matrix that it was given",
    ),
    Wrong(
        "turned pairs: the sine negated in place",
        op("turned", turned, turned_backward),
        (normal((4, 4)), normal((3, 2)), normal((6, 6))),
        "changes saved",
        "backward negates the saved sine: a second backward pass turns the other way",
        also=("state",),
    ),
    Wrong(
        "RMS norm: gamma divided out of the output",
        op("rms_norm", pooled_norm, pooled_norm_backward),
        (rows_and_gains(3, 4), rows_and_gains(2, 2), rows_and_gains(5, 3)),
        "changes output",
        "the saved array is the output itself, and backward divides it in place",
        also=("changes saved",),
    ),
    Wrong(
        "sums by index: gradient buffer never cleared",
        op("scatter_sums", scatter_sums, scatter_sums_backward),
        (normal((5, 2)), normal((4, 4)), normal((7, 1))),
        "state",
        "the gradients of all calls add up in one buffer for each shape",
    ),
    Wrong(
        "rows taken twice: one gradient array for each length",
        op("gathered", gathered, gathered_backward),
        (normal((4, 2)), normal((3, 3)), normal((6, 1))),
        "aliased",
        "the returned array is written to by the next call",
        also=("state",),
    ),
    Wrong(
        "frequencies passed or not: backward in complex64",
        op("band_pass", band_pass, band_pass_backward),
        (normal(8), normal(7), normal(12)),
        "precision",
        "the spectrum is rounded to single precision in backward",
    ),
    Wrong(
        "shake-shake: shares drawn at every forward pass",
        op("shaken", shaken, shaken_backward),
        (normal((4, 3), (4, 3)), normal((2, 2), (2, 2)), normal((6, 1), (6, 1))),
        "random",
        "each forward pass draws other shares from NumPy's global generator",
        also=("state",),
    ),
    Wrong(
        "patches by strides: the picture taken for dense",
        op("patches", patches, patches_backward),
        (normal((4, 6)), normal((4, 4)), normal((2, 6))),
        "input strides",
        "as_strided with strides from the shape reads other pixels of a transposed or sliced picture",
    ),
    Wrong(
        "patches put together by strides: gradient taken for dense",
        op("merged", merged, merged_backward),
        (normal((4, 6)), normal((4, 4)), normal((2, 6))),
        "gradient strides",
        "as_strided with strides from the shape reads other numbers of a gradient that is not C-ordered",
    ),
    Wrong(
        "kernels with gains: gradient of shape (O, 1, 1)",
        op("kernel_gain", kernel_gain, kernel_gain_backward),
        (normal((3, 2, 3), 3), normal((2, 2, 2), 2), normal((4, 1, 2), 4)),
        "shape",
        "keepdims leaves two axes on the gains' gradient",
    ),
    Wrong(
        "sums of every other row: gradient of whole numbers",
        op("vote_sums", vote_sums, vote_sums_backward),
        (normal((5, 2)), normal((4, 4)), normal((7, 1))),
        "dtype",
        "the gradient is allocated as int64, which cuts the fractions off",
        also=("precision", "nonlinear"),
    ),
    Wrong(
        "log-cumsum-exp of large numbers: exp without the maximum",
        op("log_cumsum_exp", log_cumsum, log_cumsum_backward),
        (lambda rng: [800 + rng.standard_normal(5)], lambda rng: [900 + 5 * rng.standard_normal(8)]),
        "not finite",
        "exp(x) overflows and exp(-y) is zero in backward",
    ),
    Wrong(
        "gated cell: gradients in a list",
        op("gate_cell", gate_cell, gate_cell_backward),
        (normal((3, 2), (3, 2), (2, 2)), normal((4, 4), (4, 4), (4, 4)), normal((1, 3), (1, 3), (3, 3))),
        "contract",
        "backward returns a list, not a tuple",
    ),
    Wrong(
        "x^2 / (x^2 + 1): 0 / 0 at zero",
        op("soft_floor", soft_floor, soft_floor_backward),
        (with_zeros(9), with_zeros((3, 5)), with_zeros((4, 4))),
        "not finite",
        "backward divides by zero where x = 0 exactly; forward is guarded there",
    ),
]

"""Right sparse products, sequences, spectra and solves in odd styles: integers and masks as inputs, complex numbers inside."""

import numpy as np
from corpus import Right

import minimix as mm

COMPLEX = ("complex",)  # not analytic there, or it compares, sorts or takes real parts


def op(name, forward, backward, **more):
    return lambda *x: mm.apply(mm.Op(name, forward, backward, **more), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def csr_forward(values, x, pointers, columns):
    """A sparse matrix in compressed rows, given as integers, times a matrix; rows may be empty."""
    y = np.zeros((len(pointers) - 1, x.shape[1]), dtype=np.result_type(values, x))
    for row in range(len(y)):
        for k in range(pointers[row], pointers[row + 1]):
            y[row] += values[k] * x[columns[k]]
    return y, (values, x, pointers, columns)


def csr_backward(g, saved):
    values, x, pointers, columns = saved
    rows = np.repeat(np.arange(len(g)), np.diff(pointers))
    dx = np.zeros_like(x)
    np.add.at(dx, columns, values[:, None] * g[rows])
    return np.einsum("kd,kd->k", g[rows], x[columns]), dx, None, None


def sparse_point(pointers, columns, n, d):
    return lambda rng: [
        rng.standard_normal(len(columns)),
        rng.standard_normal((n, d)),
        np.array(pointers),
        np.array(columns, dtype=int),
    ]


def masked_mean(x, mask):
    return (x * mask).sum(1) / np.maximum(mask.sum(1), 1), (mask, x.shape)


def masked_mean_backward(g, saved):
    mask, _ = saved
    return g[:, None] * mask / np.maximum(mask.sum(1, keepdims=True), 1), None


def with_mask(shape):
    """Numbers with a mask of booleans, whose first row is empty."""

    def point(rng):
        mask = rng.random(shape) < 0.6
        mask[0] = False
        return [rng.standard_normal(shape), mask]

    return point


def positions(x, t):
    """Pairs of neighbours turned by integer positions that are an input."""
    angle = np.multiply.outer(t, 0.5 ** np.arange(x.shape[1] // 2))
    a, b = x[:, 0::2], x[:, 1::2]
    y = np.stack([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], axis=-1)
    return y.reshape(x.shape), angle


def positions_backward(g, angle):
    turned = (g[:, ::2] + 1j * g[:, 1::2]) * np.exp(-1j * angle)
    return turned.view(float), None


def label_mixture(table, labels, share):
    """Rows of a table mixed by shares: two integer labels for each output."""
    return share[:, :1] * table[labels[:, 0]] + share[:, 1:] * table[labels[:, 1]], (table, labels, share)


def label_mixture_backward(g, saved):
    table, labels, share = saved
    dtable = np.zeros_like(table)
    for row, pair, weights in zip(g, labels, share, strict=True):
        for label, weight in zip(pair, weights, strict=True):
            dtable[label] += weight * row
    return dtable, None, np.einsum("nd,nkd->nk", g, table[labels])


def label_points(n, classes, d):
    return lambda rng: [
        rng.standard_normal((classes, d)),
        rng.integers(0, classes, (n, 2)),
        rng.standard_normal((n, 2)),
    ]


def partition(scores, transitions):
    """A chain's log-sum over paths, with the messages of both directions saved in a deque's order."""
    forwards, backwards = [scores[0]], [np.zeros_like(scores[0])]
    for row in scores[1:]:
        forwards.append(row + np.log(np.exp(forwards[-1]) @ np.exp(transitions)))
    for row in scores[:0:-1]:
        backwards.insert(0, np.log(np.exp(transitions) @ np.exp(row + backwards[0])))
    total = np.log(np.exp(forwards[-1]).sum())
    return np.asarray(total), (np.array(forwards), np.array(backwards), scores, transitions, total)


def partition_backward(g, saved):
    a, b, scores, transitions, total = saved
    pairs = np.exp(a[:-1, :, None] + transitions + (scores + b)[1:, None] - total)
    return g * np.exp(a + b - total), g * pairs.sum(0)


def stable_log_cumsum(x):
    y = x.copy()
    for i in range(1, len(y)):
        y[i] = np.logaddexp(y[i - 1], y[i])
    return y, (x, y)


def stable_log_cumsum_backward(g, saved):
    x, y = saved
    return (np.triu(np.exp(np.minimum(x[:, None] - y, 0))) @ g,)


def tuned(x, gains):
    spectrum = np.fft.rfft(x)
    return np.fft.irfft(spectrum * gains, x.size), (spectrum, gains, x.size)


def tuned_backward(g, saved):
    spectrum, gains, n = saved
    back = np.fft.rfft(g)
    twice = np.full(gains.size, 2.0)
    twice[0] = 1
    if n % 2 == 0:
        twice[-1] = 1
    return np.fft.irfft(back * gains, n), twice * (spectrum.conj() * back).real / n


def quarter_phase(x):
    sign = np.sign(np.fft.fftfreq(x.shape[-1]))
    if x.shape[-1] % 2 == 0:
        sign[x.shape[-1] // 2] = 0
    return np.fft.ifft(np.fft.fft(x) * -1j * sign).real


def lower_solve(a, b):
    low = np.tril(a)
    x = np.linalg.solve(low, b)
    return np.asfortranarray(x), (low, x)


def lower_solve_backward(g, saved):
    low, x = saved
    d = np.linalg.solve(low.T, g)
    return np.tril(d @ -x.T), d


def triangle_and(n, *shapes):
    return lambda rng: [rng.standard_normal((n, n)) / 2 + 2 * np.eye(n), *[rng.standard_normal(shape) for shape in shapes]]


def symmetric_log(x):
    values, vectors = np.linalg.eigh((x + x.T) / 2)
    return (vectors * np.log(values)) @ vectors.T, (values, vectors)


def symmetric_log_backward(g, saved):
    values, vectors = saved
    a, b = np.meshgrid(values, values)
    ratio = a / b - 1
    near = np.abs(ratio) < 1e-4
    quotient = np.where(near, 1 - ratio / 2 + ratio**2 / 3, np.log1p(ratio) / np.where(near, 1, ratio)) / b
    d = vectors @ (quotient * (vectors.T @ g @ vectors)) @ vectors.T
    return ((d + d.T) / 2,)


def definite(n, spread):
    """A definite matrix whose eigenvalues are almost (or, with a spread of 0, exactly) 2."""

    def point(rng):
        a = rng.standard_normal((n, n))
        return [2 * np.eye(n) + spread * (a + a.T)]

    return point


RIGHT = [
    Right(
        "sparse rows times a matrix: integers as inputs, an empty row",
        op("csr", csr_forward, csr_backward),
        (sparse_point([0, 2, 2, 5], [1, 0, 3, 1, 1], 4, 2), sparse_point([0, 0, 0], [], 3, 2)),
    ),
    Right(
        "means under a mask of booleans: a row without any",
        op("masked_mean", masked_mean, masked_mean_backward),
        (with_mask((3, 5)), with_mask((4, 4))),
    ),
    Right(
        "rotary at integer positions: turned back as complex numbers, a view",
        op("rotary", positions, positions_backward),
        (
            lambda rng: [rng.standard_normal((3, 4)), np.array([5, 0, 1000])],
            lambda rng: [rng.standard_normal((2, 2)), np.array([-3, 7])],
        ),
    ),
    Right(
        "rows of a table mixed by two labels, at times the same",
        op("label_mixture", label_mixture, label_mixture_backward),
        (label_points(5, 3, 2), label_points(4, 1, 3)),
    ),
    Right(
        "CRF partition: all pairs at once",
        op("crf", partition, partition_backward),
        (normal((4, 3), (3, 3)), normal((2, 2), (2, 2)), normal((1, 3), (3, 3))),
    ),
    Right(
        "log-cumsum-exp by a loop, at 700 and at -800",
        op("log_cumsum_exp", stable_log_cumsum, stable_log_cumsum_backward),
        (lambda rng: [700 + rng.standard_normal(5)], lambda rng: [-800 + 3 * rng.standard_normal(4)], normal(1)),
        refused=COMPLEX,
    ),
    Right(
        "equaliser by rfft: odd, even, two samples",
        op("equaliser", tuned, tuned_backward),
        (normal(7, 4), normal(8, 5), normal(2, 2), normal(1, 1)),
        refused=COMPLEX,
    ),
    Right(
        "Hilbert transform: its own negative as adjoint",
        op("hilbert", lambda x: (quarter_phase(x), None), lambda g, _: (-quarter_phase(g),)),
        (normal((2, 7)), normal(6), normal((3, 1))),
        refused=COMPLEX,
    ),
    Right(
        "triangular solve, a Fortran-ordered output; the upper half is not read",
        op("lower_solve", lower_solve, lower_solve_backward),
        (triangle_and(4, (4, 3)), triangle_and(3, (3, 1)), triangle_and(1, (1, 2))),
    ),
    Right(
        "logarithm of a matrix with (almost) equal eigenvalues",
        op("symmetric_log", symmetric_log, symmetric_log_backward),
        (definite(3, 0), definite(3, 1e-6), definite(4, 0.05)),
        refused=COMPLEX,
    ),
]

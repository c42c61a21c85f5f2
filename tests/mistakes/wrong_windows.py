"""Padding, overlapping windows and differences of neighbours, with a wrong backward pass."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def pad_forward(x):
    """One column on the left, two on the right."""
    return np.pad(x, ((0, 0), (1, 2))), x.shape[1]


def reflect_forward(x):
    return np.pad(x, 2, mode="reflect"), len(x)


def edge_forward(x):
    return np.pad(x, 1, mode="edge"), None


def edge_no_corners(g, _):
    dx = g[1:-1, 1:-1].copy()
    dx[0] += g[0, 1:-1]
    dx[-1] += g[-1, 1:-1]
    dx[:, 0] += g[1:-1, 0]
    dx[:, -1] += g[1:-1, -1]
    return (dx,)


def circular_forward(x):
    return np.pad(x, ((0, 0), (2, 2)), mode="wrap"), None


def circular_same_ends(g, _):
    dx = g[:, 2:-2].copy()
    dx[:, :2] += g[:, :2]
    dx[:, -2:] += g[:, -2:]
    return (dx,)


def frames_forward(x):
    """Windows of 4, a hop of 2: (L) to (frames, 4)."""
    return sliding_window_view(x, 4)[::2].copy(), x.shape


def frames_overwritten(g, shape):
    dx = np.zeros(shape)
    for i, frame in enumerate(g):
        dx[2 * i : 2 * i + 4] = frame
    return (dx,)


def frames_hop_one(g, shape):
    dx = np.zeros(shape)
    for i, frame in enumerate(g):
        dx[i : i + 4] += frame
    return (dx,)


def dense_frames_forward(x):
    n = len(x) - 2
    step = x.itemsize
    return as_strided(x, (n, 3), (step, step)).copy(), len(x)


def dense_frames_backward(g, length):
    dx = np.zeros(length)
    for tap in range(3):
        dx[tap : tap + len(g)] += g[:, tap]
    return (dx,)


def overlap_add_forward(frames):
    """(N, 4) with a hop of 3 to a signal."""
    y = np.zeros(3 * (len(frames) - 1) + 4)
    for i, frame in enumerate(frames):
        y[3 * i : 3 * i + 4] += frame
    return y, len(frames)


def overlap_add_backward(g, n):
    return (np.stack([g[4 * i : 4 * i + 4] if 4 * i + 4 <= len(g) else np.zeros(4) for i in range(n)]),)


def diff_forward(x):
    return x[..., 1:] - x[..., :-1], x.shape


def diff_no_ends(g, shape):
    dx = np.zeros(shape)
    dx[..., 1:-1] = -np.diff(g)
    return (dx,)


def diff_dilated_backward(g, shape):
    dx = np.zeros(shape)
    dx[1 : 1 + len(g)] += g
    dx[: len(g)] -= g
    return (dx,)


PAD_LEFT = op("pad_left", lambda x: (np.pad(x, ((2, 0), (0, 0))), None), lambda g, _: (g[:-2],))


def causal_average(x):
    """The mean of each step and the two before it."""
    y = PAD_LEFT(x)
    n = x.shape[0]
    return F.mul(F.add(F.add(y[:n], y[1 : n + 1]), y[2:]), 1 / 3)


WRONG = [
    Wrong(
        "pad: the right side's width on the left",
        op("pad", pad_forward, lambda g, w: (g[:, 2 : 2 + w],)),
        (normal((3, 4)), normal((5, 5)), normal((2, 1))),
        "shifted",
        "the gradient is cut out from column 2 on, the input began at column 1",
    ),
    Wrong(
        "causal average: the padding cut off at the end",
        causal_average,
        (normal((5, 2)), normal((4, 4)), normal((8, 1))),
        "shifted",
        "two rows are padded in front, backward cuts two off at the end",
    ),
    Wrong(
        "reflected padding: only cropped",
        op("reflect", reflect_forward, lambda g, n: (g[2 : 2 + n],)),
        (normal((5,)), normal((8,)), normal((4,))),
        "border",
        "what the mirrored elements get is not added to their originals",
        ("not summed",),
    ),
    Wrong(
        "edge padding: the corners",
        op("edge_pad", edge_forward, edge_no_corners),
        (normal((4, 5)), normal((3, 3)), normal((2, 6))),
        "border",
        "the padding's four corners are not added to the corners of the picture",
        ("left out", "not summed"),
    ),
    Wrong(
        "circular padding: added at the same end",
        op("circular_pad", circular_forward, circular_same_ends),
        (normal((3, 6)), normal((5, 5)), normal((1, 8))),
        "border",
        "the left padding comes from the right end, but its gradient is added to the left one",
        ("other place",),
    ),
    Wrong(
        "overlapping frames: =",
        op("frames", frames_forward, frames_overwritten),
        (normal((8,)), normal((12,)), normal((6,))),
        "overwritten",
        "each frame overwrites what the one before it left where they overlap",
        ("not summed",),
    ),
    Wrong(
        "overlapping frames: the hop is forgotten",
        op("frames", frames_forward, frames_hop_one),
        (normal((8,)), normal((13,)), normal((6,))),
        "stride",
        "frame i began at 2 i, its gradient is added from i on",
    ),
    Wrong(
        "frames by as_strided: of dense memory",
        op("frames", dense_frames_forward, dense_frames_backward),
        (normal((8,)), normal((12,)), normal((5,))),
        "input strides",
        "the strides are those of a dense array: a slice with a step is read wrongly",
    ),
    Wrong(
        "overlap-add: hop and length confused",
        op("overlap_add", overlap_add_forward, overlap_add_backward),
        (normal((3, 4)), normal((4, 4)), normal((6, 4))),
        "stride",
        "frame i is read from 4 i on, it was added at 3 i",
        ("left out", "shifted"),
    ),
    Wrong(
        "differences of neighbours: the ends",
        op("diff", diff_forward, diff_no_ends),
        (normal((6,)), normal((3, 4)), normal((2, 2, 3))),
        "border",
        "the first and the last element, which are in one difference each, get nothing",
        ("left out",),
    ),
    Wrong(
        "differences over two steps: over one in backward",
        op("diff2", lambda x: (x[2:] - x[:-2], x.shape), diff_dilated_backward),
        (normal((6,)), normal((5, 3)), normal((4, 4))),
        "stride",
        "the later of the two elements is at distance 2, its gradient is put at distance 1",
        ("shifted",),
    ),
]

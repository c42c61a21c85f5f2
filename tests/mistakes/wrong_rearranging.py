"""Flips, rolls, transposes, reshapes and permutations, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def skewed(a):
    """Row i rolled by i places: relative positions to absolute ones."""
    return np.stack([np.roll(row, i) for i, row in enumerate(a)]), None


def skewed_backward(g, _):
    return (np.stack([np.roll(row, i) for i, row in enumerate(g)]),)


def pixel_shuffle_forward(x):
    """(N, 4 C, H, W) to (N, C, 2 H, 2 W)."""
    n, c, h, w = x.shape
    y = x.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3)
    return y.reshape(n, c // 4, 2 * h, 2 * w), x.shape


def pixel_shuffle_backward(g, shape):
    n, c, h, w = shape
    blocks = g.reshape(n, c // 4, h, 2, w, 2)
    return (np.ascontiguousarray(blocks.transpose(0, 1, 5, 3, 2, 4)).reshape(shape),)


def pixel_shuffle_reshaped(g, shape):
    return (g.reshape(shape),)


def channel_shuffle(x, groups):
    n, c, *rest = x.shape
    return x.reshape(n, groups, c // groups, *rest).swapaxes(1, 2).reshape(x.shape)


def heads_forward(x):
    """(T, heads D) to (heads, T, D), two heads."""
    t, c = x.shape
    return x.reshape(t, 2, c // 2).transpose(1, 0, 2), x.shape


def patches_forward(x):
    """(H, W) to (patches, 4), patches of 2 x 2."""
    h, w = x.shape
    return x.reshape(h // 2, 2, w // 2, 2).transpose(0, 2, 1, 3).reshape(-1, 4), x.shape


def patches_backward(g, shape):
    h, w = shape
    return (g.reshape(h // 2, w // 2, 2, 2).transpose(0, 3, 1, 2).reshape(shape),)


def snake(x):
    """Every second row backwards."""
    y = x.copy()
    y[1::2] = y[1::2, ::-1]
    return y


def complex_pairs_forward(x):
    """(..., 2) as complex numbers, turned by a right angle: (a, b) to (-b, a)."""
    return np.stack([-x[..., 1], x[..., 0]], axis=-1), None


class Shuffle:
    """A fixed order of features, reversed in backward by a dictionary of old and new places."""

    def __init__(self, seed):
        self.seed = seed

    def order(self, n):
        order = np.random.default_rng(self.seed).permutation(n)
        return np.roll(np.arange(n), 1) if (order == np.argsort(order)).all() else order

    def forward(self, x):
        return x[:, self.order(x.shape[1])], None

    def backward(self, g, _):
        place = dict(enumerate(self.order(g.shape[1])))
        return (np.stack([g[:, place[j]] for j in range(g.shape[1])], axis=1),)


SHUFFLE = Shuffle(11)
FLATTEN_NHWC = op(
    "flatten", lambda x: (x.transpose(0, 2, 3, 1).reshape(len(x), -1), x.shape), lambda g, shape: (g.reshape(shape),)
)


def flat_linear(x):
    """The head of a network, on pixels flattened channels-last."""
    features = FLATTEN_NHWC(x)
    weight = np.random.default_rng(3).standard_normal((features.shape[1], 3))
    return F.matmul(features, mm.Tensor(weight))


WRONG = [
    Wrong(
        "flip: not flipped back",
        op("flip", lambda x: (x[..., ::-1].copy(), None), lambda g, _: (g,)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "flipped",
        "the gradient is passed on as it is",
    ),
    Wrong(
        "flip along axis 1: along axis 0",
        op("flip", lambda x: (np.flip(x, 1), None), lambda g, _: (np.flip(g, 0),)),
        (normal((3, 4)), normal((4, 4)), normal((3, 5))),
        "flipped",
        "backward flips another axis than forward",
        ("transposed",),
    ),
    Wrong(
        "flip in time of padded sequences: the padding, too",
        op("reverse", lambda x: (np.concatenate([x[-3::-1], x[-2:]]), None), lambda g, _: (g[::-1],)),
        (normal((6,)), normal((5, 3)), normal((8, 2))),
        "flipped",
        "forward reverses all but the last two steps, backward all of them",
        ("shifted", "border"),
    ),
    Wrong(
        "rot90: turned on",
        op("rot90", lambda x: (np.rot90(x).copy(), None), lambda g, _: (np.rot90(g).copy(),)),
        (normal((3, 4)), normal((4, 4)), normal((2, 5))),
        "flipped",
        "turned by a right angle in the same direction once more, not back: half a turn from where it belongs",
    ),
    Wrong(
        "snake order: the other rows",
        op("snake", lambda x: (snake(x), None), lambda g, _: (snake(g[::-1])[::-1],)),
        (normal((4, 3)), normal((4, 4)), normal((2, 5))),
        "flipped",
        "backward turns the even rows round, forward turned the odd ones",
        ("wrong mask", "other place"),
    ),
    Wrong(
        "roll: rolled on",
        op("roll", lambda x: (np.roll(x, 1, axis=-1), None), lambda g, _: (np.roll(g, 1, axis=-1),)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "shifted",
        "by + 1 for - 1",
    ),
    Wrong(
        "roll over two axes: one is rolled back",
        op("roll", lambda x: (np.roll(x, (1, 2), (0, 1)), None), lambda g, _: (np.roll(g, -2, axis=1),)),
        (normal((3, 5)), normal((4, 4)), normal((2, 3))),
        "shifted",
        "axis 0 stays rolled",
    ),
    Wrong(
        "roll without axis: along the last axis in backward",
        op("roll", lambda x: (np.roll(x, 2), None), lambda g, _: (np.roll(g, -2, axis=-1),)),
        (normal((3, 4)), normal((5, 5)), normal((2, 3))),
        "memory order",
        "forward rolls the flattened array, so that numbers move to the next row",
        ("border", "shifted"),
    ),
    Wrong(
        "each row rolled by its number: rolled on",
        op("skew", skewed, skewed_backward),
        (normal((4, 5)), normal((4, 4)), normal((2, 3))),
        "shifted",
        "rows are rolled in the same direction again",
    ),
    Wrong(
        "fftshift: its own inverse only for even lengths",
        op("fftshift", lambda x: (np.fft.fftshift(x), None), lambda g, _: (np.fft.fftshift(g),)),
        (normal((5,)), normal((3, 4)), normal((7, 3))),
        "shifted",
        "ifftshift is needed: along axes of odd length everything is off by one",
    ),
    Wrong(
        "permute: the same permutation once more",
        op("permute", lambda x: (x.transpose(2, 0, 1).copy(), None), lambda g, _: (g.transpose(2, 0, 1),)),
        (normal((3, 3, 3)), normal((2, 2, 2)), normal((4, 4, 4))),
        "transposed",
        "axes are permuted by the permutation itself, not by its inverse",
    ),
    Wrong(
        "transpose of a square: passed on",
        op("transpose", lambda x: (np.swapaxes(x, -1, -2), None), lambda g, _: (g.copy(),)),
        (normal((3, 3)), normal((2, 4, 4)), normal((2, 2))),
        "transposed",
        "the gradient is not transposed back",
    ),
    Wrong(
        "transpose: reshaped back",
        op("transpose", lambda x: (x.T.copy(), x.shape), lambda g, shape: (g.reshape(shape),)),
        (normal((3, 4)), normal((2, 5)), normal((4, 6))),
        "memory order",
        "reshape fits the shape, but not the places",
    ),
    Wrong(
        "channels-last flatten: reshaped to channels-first",
        flat_linear,
        (normal((2, 3, 2, 2)), normal((2, 2, 2, 2)), normal((1, 2, 3, 4))),
        "memory order",
        "the gradient (N, H W C) is reshaped to (N, C, H, W) without a transpose",
    ),
    Wrong(
        "ravel in Fortran order: back in C order",
        op("ravel", lambda x: (x.ravel(order="F"), x.shape), lambda g, shape: (g.reshape(shape),)),
        (normal((3, 4)), normal((4, 4)), normal((2, 3, 2))),
        "memory order",
        "order='F' is missing in backward's reshape",
        ("transposed",),
    ),
    Wrong(
        "reshape: as the gradient lies in memory",
        op("reshape", lambda x: (x.reshape(-1, 2), x.shape), lambda g, shape: (g.ravel(order="K").reshape(shape),)),
        (normal((3, 4)), normal((4, 4)), normal((8,))),
        "gradient strides",
        "order='K' reads the gradient in the order of its memory, which is right for C-ordered ones only",
        ("memory order",),
    ),
    Wrong(
        "heads of attention: split, but not moved back",
        op("heads", heads_forward, lambda g, shape: (g.reshape(shape),)),
        (normal((3, 4)), normal((4, 4)), normal((5, 6))),
        "memory order",
        "the axis of heads is not moved back behind time before the reshape",
        ("permuted",),
    ),
    Wrong(
        "pixel shuffle: rows and columns of a block exchanged",
        op("pixel_shuffle", pixel_shuffle_forward, pixel_shuffle_backward),
        (normal((1, 4, 2, 3)), normal((2, 8, 2, 2)), normal((2, 4, 1, 1))),
        "permuted",
        "the two axes within blocks are exchanged: channels 1 and 2 of each four change places",
        ("transposed",),
    ),
    Wrong(
        "pixel shuffle: reshaped back",
        op("pixel_shuffle", pixel_shuffle_forward, pixel_shuffle_reshaped),
        (normal((1, 4, 2, 3)), normal((2, 8, 2, 2)), normal((1, 8, 1, 2))),
        "memory order",
        "a reshape without the transpose",
    ),
    Wrong(
        "patches: axes within a patch exchanged with rows",
        op("patches", patches_forward, patches_backward),
        (normal((4, 6)), normal((4, 4)), normal((2, 8))),
        "memory order",
        "the gradient's axes are transposed in another order than forward's inverse",
        ("permuted", "transposed"),
    ),
    Wrong(
        "channel shuffle: shuffled on",
        op("channel_shuffle", lambda x: (channel_shuffle(x, 2), None), lambda g, _: (channel_shuffle(g, 2),)),
        (normal((2, 6, 3)), normal((3, 8)), normal((1, 6, 2, 2))),
        "permuted",
        "the inverse shuffle has C / 2 groups, backward has 2 again",
        ("groups",),
    ),
    Wrong(
        "fixed order of features: looked up the wrong way round",
        op("reorder", SHUFFLE.forward, SHUFFLE.backward),
        (normal((2, 6)), normal((5, 5)), normal((1, 12))),
        "permuted",
        "new feature j came from place[j]; backward takes the gradient of old feature j from there",
    ),
    Wrong(
        "rows in another order: to their numbers in the new one",
        op("take_rows", lambda x: (x[[2, 0, 1]], None), lambda g, _: (g[[2, 0, 1]],)),
        (normal((3, 3)), normal((3, 2, 2)), normal((3,))),
        "permuted",
        "a cycle of three rows is applied twice",
        ("shifted",),
    ),
    Wrong(
        "quarter turn of pairs: not turned back",
        op("turn", complex_pairs_forward, lambda g, _: (complex_pairs_forward(g)[0],)),
        (normal((4, 2)), normal((2, 2)), normal((3, 2, 2))),
        "sign",
        "a quarter turn forwards is minus the quarter turn back that is needed",
    ),
]

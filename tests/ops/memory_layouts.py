"""The same numbers in memory in every way that NumPy knows, and a call of every op that there is."""

import importlib
import pkgutil

import numpy as np

import minimix.ops
from minimix.ops.block_room import Normalisation, Options
from minimix.ops.op import Op
from minimix.ops.pool import Windows


class Subclass(np.ndarray):
    """As ``np.memmap`` and ``np.matrix`` are."""


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def one_number(a):
    return np.broadcast_to(a.reshape(-1)[:1].reshape((1,) * a.ndim), a.shape)


def last_axis_repeated(a):
    return np.broadcast_to(a[..., :1], a.shape)


def overlapping(a):
    return np.lib.stride_tricks.as_strided(a.reshape(-1)[:1].copy(), a.shape, (0,) * a.ndim, writeable=True)


def backwards(a):
    every = (slice(None, None, -1),) * a.ndim
    return np.ascontiguousarray(a[every])[every]


def every_second(a):
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


def second_of_pairs(a):
    pairs = np.zeros((2, *a.shape), a.dtype).transpose(*range(1, a.ndim + 1), 0)
    pairs[..., 1] = a
    return pairs[..., 1]


def fortran(a):
    return np.asfortranarray(a.copy())


def images_last(a):
    return np.ascontiguousarray(np.moveaxis(a, 0, -1)).transpose(a.ndim - 1, *range(a.ndim - 1))


def other_bytes(a):
    return a.astype(a.dtype.newbyteorder("S"))


def unaligned(a):
    b = np.ndarray(a.shape, a.dtype, bytearray(a.nbytes + 1), offset=1)
    b[...] = a
    return b


def subclass(a):
    return a.copy().view(Subclass)


def all_at_once(a):
    """A field of records, unaligned, bytes in the other order, backwards, read-only."""
    records = np.zeros(a.shape, [("other", np.uint8), ("value", a.dtype.newbyteorder("S"))])
    records["value"] = a
    b = backwards(records)["value"]
    b.flags.writeable = False
    return b


LAYOUTS = (read_only, one_number, last_axis_repeated, overlapping, backwards, every_second, second_of_pairs, fortran,
           images_last, other_bytes, unaligned, subclass, all_at_once)  # fmt: skip
WRITABLE = (backwards, every_second, second_of_pairs, other_bytes, unaligned, subclass)  # and no number twice


class Case:
    """A call of an op. arrays: its inputs. extras: arrays among its options, by name. options: all of these, given the extras.

    moves: whether the op writes into its extras, as into a batch norm's running statistics. backward: whether it has one.
    """

    def __init__(self, op: str, *arrays, extras=None, options=lambda **extras: extras, moves=False, backward=True,
                 dtypes=(np.float32,)):  # fmt: skip
        self.op, self.arrays, self._extras, self.options = op, arrays, extras or {}, options
        self.moves, self.backward, self.dtypes = moves, backward, dtypes

    def __repr__(self):
        return f"{self.op} {' '.join(str(a.shape) for a in self.arrays)}"

    def cast(self, dtype):
        return [np.asarray(a, dtype, order="C") for a in self.arrays]

    @property
    def extras(self) -> dict:
        return {name: a.copy() for name, a in self._extras.items()}


def every_op() -> dict[str, Op]:
    found = {}
    for module in pkgutil.walk_packages(minimix.ops.__path__, "minimix.ops."):
        found |= {op.name: op for op in vars(importlib.import_module(module.name)).values() if isinstance(op, Op)}
    return found


def _normal(*shapes, seed=0):
    random = np.random.default_rng(seed)
    return [random.standard_normal(shape) for shape in shapes]


def _positive(*shapes):
    return [np.abs(a) + 0.5 for a in _normal(*shapes)]


def _plain(op, *arrays, **options):
    """Of NumPy alone: nothing is compiled, so both dtypes are cheap."""
    return Case(op, *arrays, options=lambda: options, dtypes=(np.float32, np.float64))


def _kernels(op, *arrays, **options):
    return Case(op, *arrays, options=lambda: options)


def _folded(op, *arrays, **options):
    return Case(op, *arrays, options=lambda: {"activation": "relu", **options}, backward=False)


def _elementwise():
    for shapes in (((3, 4), (3, 4)), ((2, 3, 4), (3, 1)), ((1,), (1,)), ((0, 2), (2,))):
        for op in ("add", "sub", "mul", "div", "pow", "maximum", "minimum"):
            yield _plain(op, *_positive(*shapes))
        condition = np.arange(np.prod(np.broadcast_shapes(*shapes))).reshape(np.broadcast_shapes(*shapes)) % 2 == 0
        yield Case("where", *_normal(*shapes), extras={"condition": condition}, dtypes=(np.float32, np.float64))
    for shape in ((3, 4), (2, 3, 4, 5), (1, 1), (0, 3)):
        for op in ("neg", "exp", "log", "sqrt", "tanh", "abs"):
            yield _plain(op, *_positive(shape))
        yield _plain("clip", *_normal(shape), low=-0.5, high=None)
        yield _plain("astype", *_normal(shape), dtype=np.dtype(np.float64))
        for op in ("relu", "relu6", "sigmoid", "swish", "hard_sigmoid", "hard_swish"):
            yield _plain(op, *_normal(shape))
        yield Case("dropout", *_normal(shape), options=lambda: {"p": 0.4, "rng": np.random.default_rng(1)})


def _shapes():
    x = _normal((2, 3, 4, 5))[0]
    for axis in (None, 1, (0, 3), (2, 3)):
        for op in ("sum", "mean", "max", "min", "var", "std"):
            yield _plain(op, x, axis=axis, keepdims=axis == 1)
    yield _plain("sum", np.zeros((0, 3)), axis=0)
    yield _plain("mean", np.ones((1, 1)), axis=None)
    for op in ("softmax", "log_softmax"):
        yield _plain(op, x, axis=1)
        yield _plain(op, np.ones((1, 1)), axis=1)
    yield _plain("reshape", x, shape=(6, 20))
    yield _plain("permute", x, axes=(2, 0, 3, 1))
    yield _plain("expand", *_normal((3, 1)), shape=(2, 3, 4))
    yield _plain("concatenate", *_normal((2, 3), (2, 1)), axis=1)
    yield _plain("pad", *_normal((2, 3)), before=(1, 0), after=(0, -1), value=2.0)
    yield _plain("getitem", x, index=(slice(1, None), Ellipsis, slice(None, None, 2)))
    yield Case("getitem", x, extras={"rows": np.array([1, 0, 1])}, options=lambda rows: {"index": (rows, slice(None))})
    yield Case("getitem", x, extras={"mask": x > 0}, options=lambda mask: {"index": mask})
    for a, b in (((3, 4), (4, 2)), ((4,), (4,)), ((2, 1, 3, 4), (5, 4, 2)), ((1, 1), (1, 1)), ((0, 3), (3, 2))):
        yield _plain("matmul", *_normal(a, b))


def _losses():
    for n in (5, 1):
        extras = {"targets": np.arange(n) % 3, "weight": np.array([1, 2, 0.5], np.float32), "kept": np.arange(n) != 2}
        scores = _normal((n, 3))[0]
        smooth = {"label_smoothing": 0.1, "reduction": "mean"}
        yield Case("cross_entropy", scores, extras=extras, options=lambda smooth=smooth, **given: {**given, **smooth})
        yield Case("nll_loss", scores, extras=extras, options=lambda **given: {**given, "reduction": "none"})


def _convolutions():
    for n, h, w in ((3, 5, 6), (1, 1, 1), (0, 3, 3)):
        x, b = _normal((n, 4, h, w))[0], _normal((6,))[0]
        yield _kernels("conv2d", x, *_normal((6, 2, 3, 3)), b, groups=2, padding=1)
        yield _kernels("conv2d", x, *_normal((6, 4, 1, 1)), b)
        yield _kernels("conv2d", x, *_normal((4, 1, 3, 3), (4,)), groups=4, padding=1)
        yield _kernels("pointwise_conv2d", x, *_normal((6, 2, 1, 1)), b, groups=2)
        yield _kernels("pointwise_conv2d", x, *_normal((1, 4, 1, 1), (1,)))
        yield _kernels("depthwise_conv2d", x, *_normal((8, 1, 3, 3)), stride=2)
        yield _kernels("mixconv2d", x, *_normal((3, 1, 3, 3), (1, 1, 5, 5)))
        yield _folded("folded_conv2d", x, *_normal((6, 2, 3, 3)), b, groups=2, padding=1)
        yield _folded("folded_conv2d", x, *_normal((4, 1, 3, 3), (4,)), groups=4, padding=1)
        yield _folded("folded_mixconv2d", x, *_normal((4,), (3, 1, 3, 3), (1, 1, 5, 5)))
        yield _kernels("squeeze_excite", x, *_normal((2, 4, 1, 1), (2,), (4, 2, 1, 1), (4,)), activation="relu")
        if n:
            yield _kernels("global_avg_pool2d", x)
            yield _kernels("adaptive_avg_pool2d", x, output_size=(2, 1))
            windows = Windows((3, 3), (2, 2), (1, 1), (1, 1), ((h + 1) // 2, (w + 1) // 2))
            yield _kernels("max_pool2d", x, windows=windows)
            yield _kernels("avg_pool2d", x, windows=windows, count_padding=True)
    yield _kernels("pointwise_conv2d", *_normal((40, 8, 6, 5), (3, 8, 1, 1)))  # so large that a kernel turns it


def _products():
    for n, i, o in ((5, 3, 4), (20, 3, 4), (1, 5, 1), (1, 1, 1), (20, 1, 1), (0, 3, 2), (2, 0, 3), (2, 3, 0)):
        yield _kernels("linear", *_normal((n, i), (o, i), (o,)))
    yield _kernels("linear", *_normal((2, 3, 4), (5, 4)))


def _norms():
    x, weight, bias = _normal((3, 4, 5, 2), (4,), (4,))
    running = {"mean": np.zeros(4, np.float32), "variance": np.ones(4, np.float32)}
    for training in (False, True):

        def options(mean, variance, training=training):
            return {"running": (mean, variance), "training": training, "activation": "swish"}  # fmt: skip

        yield Case("batch_norm", x, weight, bias, x + 1, extras=running, options=options, moves=training)
        yield Case("batch_norm", np.ones((1, 4, 1, 2)), weight, bias, extras=running, options=options, moves=training)
        for groups, c, r in ((1, 4, 2), (2, 4, 2), (1, 1, 1)):
            yield _block(training, groups, c, r)


def _block(training, groups, c, r):
    pointwise, depthwise = [(c // groups, c // groups, 1, 1)] * groups, [(c // groups, 1, 3, 3)] * groups
    gate = (r, c, 1, 1), (r,), (c, r, 1, 1), (c,)
    shapes = (2, c, 4, 2), *pointwise, (c,), (c,), *depthwise, (c,), (c,), *gate, *pointwise, (c,), (c,)
    extras = {f"{kind}{i}": value for i in range(3) for kind, value in
              (("mean", np.zeros(c, np.float32)), ("variance", np.ones(c, np.float32)))}  # fmt: skip

    def options(**running):
        norms = [Normalisation((running[f"mean{i}"], running[f"variance{i}"]), activation="relu") for i in range(3)]
        return {"counts": (1, groups, 2, groups, 2, 4, groups, 2), "options": Options(*norms, "relu", True, training),
                "dilation": (1,) * groups}  # fmt: skip

    return Case("mix_block", *_normal(*shapes), extras=extras, options=options, moves=training)


CASES = [*_elementwise(), *_shapes(), *_losses(), *_convolutions(), *_products(), *_norms()]

"""Wrong manners of functions: state kept between calls, random numbers drawn anew, shapes, dtypes, what is returned and how."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward, selective=False):
    return lambda *x: mm.apply(mm.Op(name, forward, backward, selective), *x)


def normal(*shapes):
    return lambda rng: [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def positive(*shapes):
    return lambda rng: [np.asarray(rng.uniform(0.3, 3.0, shape)) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# -- state ----------------------------------------------------------------------------------------------------------------


class Momentum:
    """A backward pass that smooths the gradient over its calls."""

    def __init__(self):
        self.velocity = {}

    def backward(self, gradient, x):
        velocity = 0.9 * self.velocity.get(gradient.shape, 0) + gradient
        self.velocity[gradient.shape] = velocity
        return (velocity * 2 * x,)


class Linear:
    """A layer in the style of a homework: x kept on self, the weight's gradient added up and never zeroed."""

    def __init__(self):
        self.to_w = {}

    def forward(self, x, w):
        return x @ w, (x, w)

    def backward(self, gradient, saved):
        x, w = saved
        self.to_w[w.shape] = self.to_w.get(w.shape, 0) + x.T @ gradient
        return gradient @ w.T, self.to_w[w.shape].copy()


class Cube:
    """A layer that remembers the input of its last forward pass only."""

    def forward(self, x):
        self.x = x.copy()
        return x * x * x, None

    def backward(self, gradient, saved):
        return (3 * gradient * self.x**2,)


class RunningNorm:
    """Normalises by a running mean that each forward pass moves."""

    def __init__(self):
        self.mean = {}

    def forward(self, x):
        before = self.mean.get(x.shape, np.zeros(x.shape[1]))
        self.mean[x.shape] = 0.9 * before + 0.1 * x.mean(0)
        return np.tanh(x - before), np.tanh(x - before)

    def backward(self, gradient, y):
        return (gradient * (1 - y * y),)


class CachedMask:
    """Makes the mask of a shape once."""

    def __init__(self):
        self.masks = {}

    def forward(self, x):
        return np.maximum(x, 0), x

    def backward(self, gradient, x):
        mask = self.masks.setdefault(x.shape, x > 0)
        return (gradient * mask,)


class WarmUp:
    """A gradient damped by a factor that grows with every call."""

    def __init__(self):
        self.calls = 0

    def backward(self, gradient, y):
        self.calls += 1
        return (gradient * y * min(1.0, self.calls / 1000),)


class UsedUp:
    """Cleans up after backward: the second call finds nothing."""

    def forward(self, x, w):
        return x * w, {"x": x, "w": w}

    def backward(self, gradient, saved):
        x, w = saved["x"], saved["w"]
        saved["x"] = np.zeros_like(x)
        return gradient * w, gradient * x


MOMENTUM, LINEAR, CUBE, RUNNING, CACHED, WARM, USED_UP = (
    kind() for kind in (Momentum, Linear, Cube, RunningNorm, CachedMask, WarmUp, UsedUp)
)

# -- random ---------------------------------------------------------------------------------------------------------------

CHANCE = np.random.default_rng(5)


def dropout_forward(x):
    kept = np.random.default_rng(0).random(x.shape) < 0.5
    return x * kept * 2, None


def dropout_backward(gradient, _):
    return (gradient * (CHANCE.random(gradient.shape) < 0.5) * 2,)


def restless_forward(x):
    kept = CHANCE.random(x.shape) < 0.5
    return x * kept * 2, kept


def sample_forward(mean, log_std):
    noise = np.random.default_rng(len(mean)).standard_normal(mean.shape)
    return mean + np.exp(log_std) * noise, log_std


def sample_backward(gradient, log_std):
    return gradient, gradient * np.exp(log_std) * CHANCE.standard_normal(log_std.shape)


def log_det_backward(gradient, a):
    probe = CHANCE.choice([-1.0, 1.0], (len(a), 4))
    return (gradient * (np.linalg.solve(a, probe) @ probe.T).T / 4,)


def rounded_at_random_backward(gradient, y):
    step = 1 / 64
    return (np.floor(gradient * y / step + CHANCE.random(y.shape)) * step,)


def stochastic_depth_backward(gradient, x):
    survives = CHANCE.random((len(x), 1)) < 0.7
    return (gradient + gradient * survives / 0.7 * 2 * x,)


def stochastic_depth_forward(x):
    survives = np.random.default_rng(1).random((len(x), 1)) < 0.7
    return x + survives / 0.7 * x * x, x


def noisy_backward(gradient, x):
    return (gradient * np.cos(x) + 0.01 * CHANCE.standard_normal(x.shape),)


def minibatch_backward(gradient, saved):
    x, w = saved
    some = CHANCE.choice(len(x), max(1, len(x) // 2), replace=False)
    return gradient @ w.T, x[some].T @ gradient[some] * len(x) / len(some)


# -- what is returned -----------------------------------------------------------------------------------------------------


def linear_forward(x, w, b):
    return x @ w + b, (x, w)


def wanted_only_backward(gradient, rows, needed):
    to_table = np.zeros((5, gradient.shape[1]))
    np.add.at(to_table, rows, gradient)
    return tuple(g for g, wanted in zip((to_table, None), needed, strict=True) if wanted)


def table_and_rows(width, *rows):
    return lambda rng: [rng.standard_normal((5, width)), np.array(rows)]


def embedding_forward(table, rows):
    return table[rows], (rows, table.shape)


def embedding32_backward(gradient, saved):
    rows, shape = saved
    to_table = np.zeros(shape, np.float32)
    np.add.at(to_table, rows, gradient)
    return to_table, None


def counts_backward(gradient, saved):
    rows, shape = saved
    to_table = np.zeros(shape, rows.dtype)
    np.add.at(to_table, rows, np.rint(gradient).astype(int))
    return to_table, None


def spectrum_forward(kernel):
    def forward(x):
        h = np.fft.fft(kernel, x.shape[-1])
        return np.fft.ifft(np.fft.fft(x) * h).real, h

    return forward


def generator_backward(gradient, saved):
    return (gradient * s for s in saved[::-1])


CUBE_OP = op("cube", CUBE.forward, CUBE.backward)

WRONG = [
    Wrong("square: momentum inside backward", op("square", lambda x: (x * x, x), MOMENTUM.backward),
          (normal(7), normal((2, 3))), "state", "backward adds 0.9 of what it was given at its last call"),
    Wrong("linear: gradient accumulated on self", op("linear", LINEAR.forward, LINEAR.backward),
          (normal((3, 4), (4, 2)), normal((5, 3), (3, 3))), "state",
          "the weight's gradients of all calls are added up, never zeroed"),
    Wrong("cube: the last input on self", CUBE_OP,
          (normal(6), normal((3, 3))), "state", "backward uses the input of the last forward pass, whichever that was",
          also=("wrong point",)),
    Wrong("running norm: mean moved by every forward pass", op("running_norm", RUNNING.forward, RUNNING.backward),
          (normal((4, 3)), normal((3, 3))), "state", "the mean that is subtracted depends on earlier calls"),
    Wrong("relu: mask cached by shape", op("relu", CACHED.forward, CACHED.backward),
          (normal(10), normal((4, 4)), normal((2, 2, 3))), "state",
          "the mask of the first input of a shape is used for all later ones",
          also=("wrong mask",)),
    Wrong("exp: gradient warmed up", op("exp", lambda x: (np.exp(x),) * 2, WARM.backward),
          (normal(6), normal((2, 4))), "state", "the factor of the gradient grows with the number of calls", also=("factor",)),
    Wrong("mul: saved input zeroed after use", op("mul", USED_UP.forward, USED_UP.backward),
          (normal(5, 5), normal((2, 3), (2, 3))), "changes saved",
          "the saved x is replaced by zeros: a second backward pass gives w no gradient",
          also=("state",)),
    Wrong("dropout: mask drawn again", op("dropout", dropout_forward, dropout_backward),
          (normal(20), normal((4, 5))), "random", "backward draws a mask of its own"),
    Wrong("gaussian sample: noise drawn again", op("sample", sample_forward, sample_backward),
          (normal(6, 6), normal((3, 4), (3, 4))), "random", "backward draws noise of its own"),
    Wrong("log det: trace estimated with random probes",
          op("log_det", lambda a: (np.array(np.linalg.slogdet(a)[1]), a), log_det_backward),
          (lambda rng: [rng.standard_normal((3, 3)) + 3 * np.eye(3)],
          lambda rng: [rng.standard_normal((5, 5)) + 5 * np.eye(5)]), "random",
          "the inverse is estimated with four random probes", also=("approximate",)),
    Wrong("exp: rounded at random", op("exp", lambda x: (np.exp(x),) * 2, rounded_at_random_backward),
          (normal(8), normal((3, 3))), "random", "the gradient is rounded up or down by chance", also=("precision",)),
    Wrong("stochastic depth: survivors drawn again",
          op("stochastic_depth", stochastic_depth_forward, stochastic_depth_backward),
          (normal((8, 3)), normal((6, 6))), "random", "backward lets other rows survive than forward"),
    Wrong("sin: noise added to the gradient", op("sin", lambda x: (np.sin(x), x), noisy_backward),
          (normal(9), normal((2, 5))), "random", "noise is added to the gradient", also=("term extra",)),
    Wrong("linear: half of the batch, drawn each time", op("linear", lambda x, w: (x @ w, (x, w)), minibatch_backward),
          (normal((6, 3), (3, 2)), normal((4, 4), (4, 4))), "random",
          "the weight's gradient is estimated from half of the rows, drawn anew",
          also=("approximate",)),
    Wrong("linear: bias gradient of the whole batch", op("linear", linear_forward, lambda g, s: (g @ s[1].T, s[0].T @ g, g)),
          (normal((3, 4), (4, 2), 2), normal((2, 2), (2, 2), 2)), "shape", "the bias' gradient is not summed over the batch",
          also=("not summed",)),
    Wrong("linear: bias gradient with keepdims",
          op("linear", linear_forward, lambda g, s: (g @ s[1].T, s[0].T @ g, g.sum(0, keepdims=True))),
          (normal((3, 4), (4, 2), 2), normal((2, 1), (1, 3), 3)), "shape", "the bias' gradient keeps an axis of length 1"),
    Wrong("flatten: gradient left flat", op("flatten", lambda x: (x.reshape(len(x), -1) * 2, None), lambda g, _: (2 * g,)),
          (normal((2, 3, 2)), normal((3, 2, 2))), "shape", "the gradient keeps the output's shape"),
    Wrong("sum of squares: gradient of shape (1, n)",
          op("sum_squares", lambda x: (np.array((x * x).sum()), x), lambda g, x: (2 * g * x[None],)),
          (normal(4), normal((2, 3))), "shape", "an axis too many is put in front"),
    Wrong("matmul: weight gradient for its transpose",
          op("matmul", lambda x, w: (x @ w.T, (x, w)), lambda g, s: (g @ s[1], s[0].T @ g)),
          (normal((3, 4), (2, 4)), normal((5, 1), (3, 1))), "shape", "the weight's gradient is that of its transpose",
          also=("transposed",)),
    Wrong("log: a number's gradient with an axis", op("log", lambda x: (np.log(x), x), lambda g, x: (np.atleast_1d(g / x),)),
          (positive(()), lambda rng: [np.array(0.7)]), "shape", "the gradient of a 0-d input has shape (1,)"),
    Wrong("mul: broadcast gradient with a scalar's axis lost",
          op("mul", lambda x, s: (x * s, (x, s)), lambda g, s: (g * s[1], (g * s[0]).sum())),
          (normal((3, 4), (1, 1)), normal(5, 1)), "shape", "the gradient of a (1, 1) factor is a number"),
    Wrong("embedding: gradient in float32", op("embedding", embedding_forward, embedding32_backward),
          (table_and_rows(3, 0, 2, 2, 4), table_and_rows(5, 1, 1, 1)), "dtype", "the table's gradient is collected in float32",
          also=("precision",)),
    Wrong("embedding: gradient in whole numbers", op("embedding", embedding_forward, counts_backward),
          (table_and_rows(4, 3, 3, 0), table_and_rows(2, 4, 1, 2, 2, 0)), "dtype",
          "the table's gradient is collected in an array of the rows' dtype",
          also=("precision", "nonlinear")),
    Wrong("fft convolution: gradient left complex",
          op("fft_conv", spectrum_forward([1.0, -0.5, 0.25]), lambda g, h: (np.fft.ifft(np.fft.fft(g) * h.conj()),)),
          (normal(8), normal((2, 6))), "dtype", "the real part is not taken: the gradient is complex"),
    Wrong("relu: result cast to float32", op("relu", lambda x: (np.maximum(x, 0), x),
          lambda g, x: (np.where(x > 0, g, 0).astype("f"),)),
          (normal(9), normal((3, 3))), "dtype", "the gradient of a float64 input is float32", also=("precision",)),
    Wrong("mul: one gradient in float16", op("mul", lambda a, b: (a * b, (a, b)),
          lambda g, s: (g * s[1], np.multiply(g, s[0], dtype=np.float16))),
          (normal(6, 6), normal((3, 2), (3, 2))), "dtype", "the second gradient is float16", also=("precision",)),
    Wrong("sin: forward returns the output only", op("sin", np.sin, lambda g, x: (g * np.cos(x),)),
          (normal(5), normal((2, 3)), normal((2, 2))), "contract",
          "forward returns no pair (output, saved): of two rows, one is taken for saved"),
    Wrong("scale: forward returns a list as output",
          op("scale", lambda x: ([2 * v for v in x], None), lambda g, _: (2 * np.asarray(g),)),
          (normal(4), normal((2, 3))), "contract", "the output is a list of numbers or rows, no array"),
    Wrong("mean: forward returns a float", op("mean", lambda x: (float(x.mean()), x.shape),
          lambda g, s: (np.full(s, g / np.prod(s)),)),
          (normal(6), normal((3, 4))), "contract", "the output is a Python float, no array"),
    Wrong("split: forward returns two outputs",
          op("split", lambda x: ((x[: len(x) // 2], x[len(x) // 2 :]), None), lambda g, _: (np.concatenate(g),)),
          (normal(6), normal((4, 3))), "contract", "an op has one output, here it is a tuple"),
    Wrong("double: forward returns three things", op("double", lambda x: (x * 2, x, 2.0), lambda g, x, k: (k * g,)),
          (normal(3), normal((2, 2))), "contract", "forward returns three values in place of (output, saved)"),
    Wrong("exp: backward returns the array itself", op("exp", lambda x: (np.exp(x),) * 2, lambda g, y: g * y),
          (normal(5), normal((1, 3)), normal((2, 2))), "contract", "backward returns an array, no tuple"),
    Wrong("mul: backward returns a list", op("mul", lambda a, b: (a * b, (a, b)), lambda g, s: [g * s[1], g * s[0]]),
          (normal(5, 5), normal((2, 2), (2, 2))), "contract", "backward returns a list, no tuple"),
    Wrong("linear: no gradient returned for the bias", op("linear", linear_forward, lambda g, s: (g @ s[1].T, s[0].T @ g)),
          (normal((3, 4), (4, 2), 2), normal((1, 2), (2, 2), 2)), "contract", "two gradients are returned for three inputs"),
    Wrong("softplus: a gradient for its threshold too",
          op("softplus", lambda x: (np.log1p(np.exp(x)), x), lambda g, x: (g * sigmoid(x), None)),
          (normal(4), normal((3, 2))), "contract", "two gradients are returned for one input"),
    Wrong("dot: a float for a 0-d factor", op("dot", lambda x, s: (x * s, (x, s)),
          lambda g, s: (g * s[1], float((g * s[0]).sum()))),
          (normal(5, ()), normal((2, 3), ())), "contract", "the second gradient is a Python float", also=("dtype",)),
    Wrong("gate: None for the gate", op("gate", lambda x, z: (x * sigmoid(z), sigmoid(z)), lambda g, s: (g * s, None)),
          (normal(6, 6), normal((3, 3), (3, 3))), "zero", "None is returned for the gate, on which the output depends",
          also=("contract",)),
    Wrong("embedding: only the gradients that are wanted",
          op("embedding", lambda table, rows: (table[rows], rows), wanted_only_backward, selective=True),
          (table_and_rows(3, 1, 4), table_and_rows(5, 2, 2, 0)), "contract",
          "gradients that nobody wants are left out, where None is expected"),
    Wrong("mul: backward is a generator", op("mul", lambda a, b: (a * b, (a, b)), generator_backward),
          (normal(4, 4), normal((2, 3), (2, 3))), "contract", "backward returns a generator, no tuple"),
    Wrong("tanh: gradients in a dict",
          lambda x: F.mul(op("tanh", lambda x: (np.tanh(x),) * 2, lambda g, y: {"x": g * (1 - y * y)})(x), 2.0),
          (normal(4), normal((3, 3))), "contract", "backward returns a dict, no tuple"),
    Wrong("square: backward takes the gradient alone", op("square", lambda x: (x * x, x), lambda g: (2 * g,)),
          (normal(4), normal((2, 3))), "contract", "backward takes one argument, it is given two"),
    Wrong("mul: rows of a stacked array as gradients",
          op("mul", lambda a, b: (a * b, (a, b)), lambda g, s: np.stack([g * s[1], g * s[0]])),
          (normal(5, 5), normal((2, 2), (2, 2))), "contract", "both gradients come stacked in one array, no tuple"),
    Wrong("cube on self: two inputs through one layer", lambda a, b: CUBE_OP(a) + CUBE_OP(b),
          (normal(6, 6), normal((3, 2), (3, 2))), "state",
          "the layer keeps its last input only: the first one's gradient is made from the second",
          also=("wrong point",)),
    Wrong("dropout: another mask at every forward pass", op("dropout", restless_forward, lambda g, kept: (g * kept * 2,)),
          (normal(20), normal((4, 5))), "random", "forward draws a new mask at every call: it is no function of x",
          also=("state",)),
]  # fmt: skip

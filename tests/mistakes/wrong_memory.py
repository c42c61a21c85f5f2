"""Wrong manners with memory: aliased results, arrays written into that belong to others."""

import functools

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


# -- memory that is not its own -------------------------------------------------------------------------------------------

WORKSPACE = np.zeros(10000)


def workspace_backward(gradient, y):
    to_x = WORKSPACE[: y.size].reshape(y.shape)
    np.multiply(gradient, y, out=to_x)
    return (to_x,)


@functools.lru_cache
def scratch(shape):
    return np.zeros(shape)


def unfold_forward(x):
    return np.stack([x[:, i : i + x.shape[1] - 2] for i in range(3)], -1), x.shape


def unfold_backward(gradient, shape):
    to_x = scratch(shape)
    to_x[...] = 0
    for i in range(3):
        to_x[:, i : i + shape[1] - 2] += gradient[..., i]
    return (to_x,)


class Affine:
    """A layer that allocates its gradients once."""

    def __init__(self):
        self.gradients = {}

    def forward(self, x, w):
        return x @ w, (x, w)

    def backward(self, gradient, saved):
        x, w = saved
        to_w = self.gradients.setdefault(w.shape, np.zeros(w.shape))
        np.matmul(x.T, gradient, out=to_w)
        return gradient @ w.T, to_w


AFFINE = Affine()


def default_argument_backward(gradient, x, kept={}):  # noqa: B006 - the mistake
    result = kept.setdefault(x.shape, np.empty(x.shape))
    np.divide(gradient, 1 + x * x, out=result)
    return (result,)


def energy_forward(x):
    return np.array(0.5 * (x * x).sum()), x


def energy_backward(gradient, x):
    return (x if gradient == 1 else gradient * x,)


def scaled_forward(x):
    return x * 0.5, np.full(x.shape, 0.5)


def scaled_backward(gradient, slope):
    return (np.multiply(slope, gradient, out=slope) if slope.shape == gradient.shape else gradient * slope,)


# -- inputs changed -------------------------------------------------------------------------------------------------------


def softmax_forward(x):
    x -= x.max(axis=-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=-1, keepdims=True)
    return x.copy(), x.copy()


def softmax_backward(gradient, p):
    return (p * (gradient - (gradient * p).sum(-1, keepdims=True)),)


def leaky_forward(x):
    slope = np.where(x < 0, 0.1, 1.0)
    x[x < 0] *= 0.1
    return x.copy(), slope


def centre_forward(x):
    x -= x.mean(0)
    return x * 2, None


def bias_forward(x, b):
    x += b
    return x * 1.0, b.shape


def dropout_forward(x):
    kept = np.arange(x.size).reshape(x.shape) % 2 == 0
    x *= 2 * kept
    return x.copy(), kept


def step_in_place_backward(gradient, x):
    x[x < 0] = 0
    x[x > 0] = 1
    return (gradient * x,)


def sort_forward(x):
    order = x.argsort(-1)
    x.sort(-1)
    return x * 1.0, order


def sort_backward(gradient, order):
    to_x = np.zeros_like(gradient)
    np.put_along_axis(to_x, order, gradient, -1)
    return (to_x,)


def causal_forward(scores):
    hidden = np.triu(np.ones(scores.shape[-2:], bool), 1)
    scores[..., hidden] = -1e9
    p = softmax(scores)
    return p, p


def decayed_backward(gradient, saved):
    x, w = saved
    to_x, to_w = gradient @ w.T, x.T @ gradient
    w -= 0.01 * to_w
    return to_x, to_w


# -- what was saved, the output, the gradient -----------------------------------------------------------------------------


def nll_forward(x):
    p = softmax(x)
    return -np.log(p[np.arange(len(x)), 0]), p


def nll_backward(gradient, p):
    p[np.arange(len(p)), 0] -= 1
    p *= gradient[:, None]
    return (p,)


def conv_bias_forward(x, w):
    columns = np.stack([x[i : len(x) - 2 + i] for i in range(3)], 1)
    return columns @ w, (columns, w, len(x))


def conv_bias_backward(gradient, saved):
    columns, w, n = saved
    to_w = columns.T @ gradient
    columns[...] = gradient[:, None] * w
    to_x = np.zeros(n)
    for i in range(3):
        to_x[i : n - 2 + i] += columns[:, i]
    return to_x, to_w


def layer_norm_forward(x):
    deviation = x - x.mean(-1, keepdims=True)
    std = np.sqrt((deviation**2).mean(-1, keepdims=True) + 1e-5)
    return deviation / std, (deviation, std)


def layer_norm_backward(gradient, saved):
    normed, std = saved
    normed /= std
    mean = functools.partial(np.mean, axis=-1, keepdims=True)
    return ((gradient - mean(gradient) - normed * mean(gradient * normed)) / std,)


def popped_backward(gradient, saved):
    w = saved.pop()
    x = saved.pop()
    return gradient * w, gradient * x


def sigmoid_backward(gradient, y):
    np.multiply(y, 1 - y, out=y)
    y *= gradient
    return (y,)


def tanh_backward(gradient, y):
    np.square(y, out=y)
    np.subtract(1, y, out=y)
    return (gradient * y,)


OUTPUTS = {}


def shared_output_forward(x):
    y = OUTPUTS.setdefault(x.shape, np.empty(x.shape))
    np.sin(x, out=y)
    return y, x


def relu_backward(gradient, x):
    gradient[x <= 0] = 0
    return (gradient,)


def scale_backward(gradient, saved):
    x, scale = saved
    to_scale = (gradient * x).sum(0)
    gradient *= scale
    return gradient, to_scale


def gradient_cumsum_backward(gradient, _):
    backwards = gradient[..., ::-1]
    np.cumsum(backwards, axis=-1, out=backwards)
    return (gradient,)


def centred_backward(gradient, _):
    gradient -= gradient.mean(-1, keepdims=True)
    return (gradient,)


def mul_backward(gradient, saved):
    a, b = saved
    to_a = gradient * b
    gradient *= a
    return to_a, gradient


EXP = op("exp", lambda x: (np.exp(x),) * 2, workspace_backward)
RELU = op("relu", lambda x: (np.maximum(x, 0), x), relu_backward)
LEAKY = op("leaky_relu", leaky_forward, lambda g, slope: (g * slope,))

BIAS = op("bias", bias_forward, lambda g, shape: (g, g.sum(tuple(range(g.ndim - len(shape))))))
DROPOUT = op("dropout", dropout_forward, lambda g, kept: (g * kept * 2,))

WRONG = [
    Wrong("exp: gradient written into a workspace", EXP,
          (normal(6), normal((3, 4))), "aliased", "each call returns a view of one module-wide workspace", also=("state",)),
    Wrong("unfold: cached scratch array returned", op("unfold", unfold_forward, unfold_backward),
          (normal((2, 6)), normal((3, 3))), "aliased", "the array that collects the gradient comes from a cache of shapes",
          also=("state",)),
    Wrong("affine: weight's gradient allocated once",
          lambda x, w: mm.apply(mm.Op("affine", AFFINE.forward, AFFINE.backward), x, w),
          (normal((3, 4), (4, 2)), normal((5, 3), (3, 3))), "aliased",
          "the layer returns the same array for the weight at every call",
          also=("state",)),
    Wrong("arctan: buffer in a default argument", op("arctan", lambda x: (np.arctan(x), x), default_argument_backward),
          (normal(7), normal((2, 5))), "aliased", "a default argument keeps one result array for each shape", also=("state",)),
    Wrong("energy: x itself returned for a gradient of 1", op("energy", energy_forward, energy_backward),
          (normal(5), normal((3, 3))), "aliased", "where the incoming gradient is 1, the saved x is returned, no copy"),
    Wrong("halve: slope multiplied in place and returned", op("halve", scaled_forward, scaled_backward),
          (normal(6), normal((2, 4))), "changes saved", "out=slope writes the gradient into the saved slope, which is returned",
          also=("aliased", "state")),
    Wrong("shift: saved ones returned", op("shift", lambda x: (x + 3.0, np.ones(x.shape)), lambda g, slope: (slope,)),
          (normal(6), normal((2, 4))), "ones", "the saved slope of ones is returned as it is", also=("aliased",)),
    Wrong("softmax: computed inside the input", op("softmax", softmax_forward, softmax_backward),
          (normal((3, 4)), normal(5)), "changes input", "forward subtracts, exponentiates and divides in place"),
    Wrong("leaky relu: slope applied in place", LEAKY,
          (normal(10), normal((3, 4))), "changes input", "forward multiplies the input's negative entries in place"),
    Wrong("centre: mean subtracted in place", op("centre", centre_forward, lambda g, _: (2 * (g - g.mean(0)),)),
          (normal((4, 3)), normal(6)), "changes input", "forward subtracts the mean from the input itself"),
    Wrong("relu: backward makes a mask of x", op("relu", lambda x: (np.maximum(x, 0), x), step_in_place_backward),
          (normal(9), normal((3, 4))), "changes input", "backward turns the saved input into zeros and ones",
          also=("changes saved",)),
    Wrong("sort: x.sort()", op("sort", sort_forward, sort_backward),
          (normal((3, 5)), normal(8)), "changes input", "forward sorts the input in place"),
    Wrong("causal softmax: scores masked in place", op("causal_softmax", causal_forward, softmax_backward),
          (normal((4, 4)), normal((2, 3, 3))), "changes input", "forward writes -1e9 into the scores it was given"),
    Wrong("clip: out=x", op("clip", lambda x: (np.clip(x, -1, 1) + 0, (np.abs(x) < 1, np.clip(x, -1, 1, out=x))[0]),
          lambda g, m: (g * m,)),
          (lambda rng: [2 * rng.standard_normal(10)], lambda rng: [3 * rng.standard_normal((3, 4))]), "changes input",
          "forward clips the input in place"),
    Wrong("linear: the optimizer's step inside backward", op("linear", lambda x, w: (x @ w, (x, w)), decayed_backward),
          (normal((3, 4), (4, 2)), normal((2, 2), (2, 2))), "changes input", "backward moves the weight, an input, by a step",
          also=("changes saved",)),
    Wrong("cross-entropy: p -= one_hot in place", op("nll", nll_forward, nll_backward),
          (normal((3, 4)), normal((2, 2))), "changes saved", "backward subtracts 1 from and scales the saved probabilities",
          also=("aliased", "state")),
    Wrong("conv1d: columns reused as workspace", op("conv1d", conv_bias_forward, conv_bias_backward),
          (normal(8, 3), normal(12, 3)), "changes saved", "backward writes the columns' gradient into the saved columns"),
    Wrong("layer norm: saved deviation divided in place", op("layer_norm", layer_norm_forward, layer_norm_backward),
          (normal((3, 5)), normal((4, 4))), "changes saved",
          "normed /= std changes the saved deviation: a second backward pass differs"),
    Wrong("mul: saved list popped", op("mul", lambda a, b: (a * b, [a, b]), popped_backward),
          (normal(4, 4), normal((2, 3), (2, 3))), "changes saved", "backward empties the saved list: it cannot run again",
          also=("state",)),
    Wrong("sigmoid: slope computed inside the output",
          op("sigmoid", lambda x: ((y := 1 / (1 + np.exp(-x))), y), sigmoid_backward),
          (normal(8), normal((2, 5))), "changes output", "backward writes into the saved array, which is the output",
          also=("changes saved", "aliased")),
    Wrong("tanh: output squared in place", op("tanh", lambda x: ((y := np.tanh(x)), y), tanh_backward),
          (normal(8), normal((3, 3))), "changes output", "backward turns the output into 1 - y*y", also=("changes saved",)),
    Wrong("sin: one output array for each shape", op("sin", shared_output_forward, lambda g, x: (g * np.cos(x),)),
          (normal(5), normal((3, 4))), "changes output", "a second forward pass overwrites the first one's output",
          also=("aliased", "state")),
    Wrong("relu: gradient masked in place", RELU,
          (normal(10), normal((3, 4)), normal((2, 2, 3))), "changes gradient", "zeros are written into the incoming gradient",
          also=("gradient strides",)),
    Wrong("scale: gradient *= scale", op("scale", lambda x, s: (x * s, (x, s)), scale_backward),
          (normal((4, 3), 3), normal((2, 2), 2)), "changes gradient", "the incoming gradient is multiplied in place",
          also=("gradient strides",)),
    Wrong("cumsum: summed up inside the gradient", op("cumsum", lambda x: (np.cumsum(x, -1), None), gradient_cumsum_backward),
          (normal(6), normal((3, 4))), "changes gradient", "out= writes the sums into the incoming gradient",
          also=("gradient strides",)),
    Wrong("centre rows: gradient centred in place",
          op("centre", lambda x: (x - x.mean(-1, keepdims=True), None), centred_backward),
          (normal((3, 4)), normal(7)), "changes gradient", "the mean is subtracted from the incoming gradient in place",
          also=("gradient strides",)),
    Wrong("mul: second gradient in place of the incoming", op("mul", lambda a, b: (a * b, (a, b)), mul_backward),
          (normal(6, 6), normal((3, 3), (3, 3))), "changes gradient",
          "the second input's gradient is computed inside the incoming one",
          also=("gradient strides",)),
    Wrong("exp twice: both gradients in one workspace", lambda x: EXP(x * 0.5) + EXP(x),
          (normal(6), normal((3, 4))), "aliased",
          "one use of the op overwrites the workspace that holds the gradient of the other",
          also=("state", "overwritten")),
    Wrong("relu beside tanh: the shared gradient masked in place", lambda x: F.tanh(x) + RELU(x),
          (normal(10), normal((3, 4))), "changes gradient",
          "relu masks the incoming gradient in place, which tanh gets afterwards"),
    Wrong("leaky relu in place, then times x", lambda x: LEAKY(x) * x,
          (normal(10), normal((3, 4))), "changes input",
          "forward scales x in place, so that the product is made with another x"),
    Wrong("exp, then a bias added in place", lambda x, b: BIAS(F.exp(x), b),
          (normal((3, 4), 4), normal(5, 5)), "changes input", "the bias is added inside the output of exp, which exp had saved",
          also=("changes output", "changes saved")),
    Wrong("tanh, then dropout in place", lambda x: DROPOUT(F.tanh(x)),
          (normal(12), normal((3, 5))), "changes input", "dropout scales its input, the saved output of tanh, in place",
          also=("changes output", "changes saved")),
]  # fmt: skip

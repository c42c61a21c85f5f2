"""Wrong ops of smooth activations: sigmoid, tanh, gelu, silu and swish, softplus, mish, softsign, snake, glu."""

import itertools
import math

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, by=1.0):
    return lambda rng: [by * rng.standard_normal(shape) for shape in shapes]


def logistic(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_forward(x):
    y = logistic(x)
    return y, y


def tanh_forward(x):
    y = np.tanh(x)
    return y, y


erf = np.vectorize(math.erf, otypes=[float])
ANY = (normal(12), normal((3, 4)), normal((2, 3, 4, 5)))
OTHER = (normal((1, 7), by=1.5), normal((4, 4), by=1.5))

# -- sigmoid, tanh ----------------------------------------------------------------------------------------------------------


def sigmoid_in_place(gradient, y):
    np.multiply(y, 1 - y, out=y)
    y *= gradient
    return (y,)


def sigmoid_table(gradient, x, width=0.5):
    """The derivative, looked up in a table with steps of width."""
    grid = np.arange(-8, 8, width)
    table = logistic(grid) * (1 - logistic(grid))
    place = np.clip(((x + 8) / width).astype(int), 0, len(grid) - 1)
    return (gradient * table[place],)


buffers = {}  # of tanh_in_a_buffer: one array for each shape


def tanh_in_a_buffer(gradient, y):
    out = buffers.setdefault(y.shape, np.empty(y.shape))
    np.multiply(gradient, 1 - y * y, out=out)
    return (out,)


def tanh_half(gradient, y):
    short = y.astype(np.float16)
    return ((gradient * (1 - short * short)).astype(gradient.dtype),)


def clipped_norm(gradient, y):
    whole = gradient * (1 - y**2)
    return (whole / max(1, np.linalg.norm(whole)),)


SATURATING = [
    Wrong("sigmoid: x (1 - x)", op("sigmoid", lambda x: (logistic(x), x), lambda g, x: (g * x * (1 - x),)), ANY,
          "wrong point", "y (1 - y) is computed from the input instead of the output"),
    Wrong("sigmoid: parentheses forgotten", op("sigmoid", sigmoid_forward, lambda g, y: (g * y * 1 - y,)), ANY,
          "nonlinear", "g y - y in place of g y (1 - y): a part does not depend on the gradient",
          ("wrong formula", "term extra", "ones")),
    Wrong("sigmoid: y (1 + y)", op("sigmoid", sigmoid_forward, lambda g, y: (g * y * (1 + y),)), OTHER,
          "sign of a term", "1 + y in place of 1 - y", ("wrong formula",)),
    Wrong("sigmoid: y alone", op("sigmoid", sigmoid_forward, lambda g, y: (g * y,)), ANY,
          "chain factor", "the factor 1 - y is missing", ("wrong formula",)),
    Wrong("sigmoid: exp(-x) y", op("sigmoid", lambda x: (logistic(x), x), lambda g, x: (g * np.exp(-x) / (1 + np.exp(-x)),)),
          OTHER, "chain factor", "the quotient's derivative has the denominator squared; it is not", ("wrong formula",)),
    Wrong("sigmoid: from a table", op("sigmoid", lambda x: (logistic(x), x), sigmoid_table), ANY,
          "approximate", "the derivative is looked up in a coarse table", ("precision",)),
    Wrong("sigmoid: derivative rounded", op("sigmoid", sigmoid_forward, lambda g, y: (g * np.round(y * (1 - y), 2),)), ANY,
          "precision", "the derivative is rounded to two decimals", ("approximate",)),
    Wrong("sigmoid: written into y", op("sigmoid", sigmoid_forward, sigmoid_in_place), ANY,
          "changes saved", "backward computes in the saved array, which is the output, too, and returns it",
          ("changes output", "aliased")),
    Wrong("tanh: tanh of the output", op("tanh", tanh_forward, lambda g, y: (g * (1 - np.tanh(y) ** 2),)), ANY,
          "wrong point", "1 - tanh(y)^2, though y is tanh(x) already"),
    Wrong("tanh: not squared", op("tanh", tanh_forward, lambda g, y: (g * (1 - y),)), ANY,
          "wrong formula", "1 - y in place of 1 - y^2"),
    Wrong("tanh: sigmoid's y (1 - y)", op("tanh", tanh_forward, lambda g, y: (g * y * (1 - y),)), OTHER,
          "wrong formula", "the derivative of a sigmoid in terms of its output"),
    Wrong("tanh, scaled: y with its scale",
          op("lecun tanh", lambda x: (1.7159 * np.tanh(x * 2 / 3),) * 2, lambda g, y: (g * 1.7159 * 2 / 3 * (1 - y * y),)),
          ANY, "wrong point", "1 - tanh^2 is computed from y, which is 1.7159 tanh", ("wrong constant", "wrong formula")),
    Wrong("tanh, scaled: inner 2/3 forgotten",
          op("lecun tanh", lambda x: (1.7159 * np.tanh(x * 2 / 3), x),
                lambda g, x: (g * 1.7159 * (1 - np.tanh(x * 2 / 3) ** 2),)), ANY, "factor",
          "the inner derivative 2/3 is missing"),
    Wrong("tanh: one buffer a shape", op("tanh", tanh_forward, tanh_in_a_buffer), ANY,
          "aliased", "all calls of one shape return the same array, which the next one overwrites", ("state",)),
    Wrong("tanh: float16 inside", op("tanh", tanh_forward, tanh_half), (normal(40), normal((8, 9)), normal((2, 3, 4, 5))),
          "precision", "the derivative is computed from y in half precision"),
    Wrong("tanh: gradient of norm at most 1", op("tanh", tanh_forward, clipped_norm),
          (normal(30), normal((6, 6)), normal((2, 3, 4, 5))), "nonlinear",
          "the gradient is divided by its own norm where that is above 1", ("factor",)),
    Wrong("tanh: the derivative alone", op("tanh", tanh_forward, lambda g, y: (np.subtract(1, np.square(y)),)), ANY,
          "ones", "the incoming gradient is not multiplied in"),
    Wrong("tanhshrink: tanh's derivative",
          op("tanhshrink", lambda x: (x - np.tanh(x), np.tanh(x)), lambda g, t: (g * (1 - t * t),)), ANY, "wrong formula",
          "1 - tanh^2 is the derivative of tanh; that of x - tanh(x) is tanh^2", ("term missing",)),
]  # fmt: skip

# -- gelu, silu, swish ------------------------------------------------------------------------------------------------------


ROOT_2_PI = math.sqrt(2 * math.pi)


def gelu_forward(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2))), x


def gelu_backward(part_of_x, quotient=ROOT_2_PI):
    """What was written for Phi(x) + x phi(x)."""

    def backward(gradient, x):
        phi = np.exp(-x * x / 2) / quotient
        return (gradient * (0.5 * (1 + erf(x / math.sqrt(2))) + part_of_x(x) * phi),)

    return backward


def gelu_sigmoid(gradient, x):
    s = logistic(1.702 * x)
    return (gradient * (s + 1.702 * x * s * (1 - s)),)


ROOT = math.sqrt(2 / math.pi)


def gelu_tanh_forward(x):
    t = np.tanh(ROOT * (x + 0.044715 * x**3))
    return 0.5 * x * (1 + t), (x, t)


def gelu_tanh_backward(inner):
    """0.5 (1 + t) + 0.5 x (1 - t^2) times what was written for the derivative inside the tanh."""

    def backward(gradient, saved):
        x, t = saved
        return (gradient * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner(x)),)

    return backward


def silu_forward(x):
    s = logistic(x)
    return x * s, (x, s)


def silu_difference(gradient, saved):
    x, _ = saved
    step = 0.1
    return (gradient * (silu_forward(x + step)[0] - silu_forward(x)[0]) / step,)


def swish_forward(x, beta):
    """x (N, C), beta (C,): x sigmoid(beta x)."""
    s = logistic(beta * x)
    return x * s, (x, beta, s)


def swish_scale(gradient, saved):
    x, _, s = saved
    ds = s * (1 - s)
    return gradient * (s + x * ds), (gradient * x * x * ds).sum(0)


def swish_chain(gradient, saved):
    x, beta, s = saved
    ds = s * (1 - s)
    return gradient * (s + beta * x * ds), np.einsum("nc,nc,nc->c", gradient, x, ds)


SWISH = (normal((4, 3), 3), normal((6, 2), 2), normal((5, 5), 5))
GELU = [
    Wrong("gelu: Phi alone", op("gelu", gelu_forward, gelu_backward(lambda x: 0)), ANY,
          "term missing", "product rule: x phi(x) is missing"),
    Wrong("gelu: phi without x", op("gelu", gelu_forward, gelu_backward(lambda x: 1)), ANY,
          "chain factor", "the second term is phi(x) in place of x phi(x)", ("wrong formula",)),
    Wrong("gelu: phi not normalised", op("gelu", gelu_forward, gelu_backward(lambda x: x, quotient=1)), ANY,
          "wrong constant", "the density lost its 1 / sqrt(2 pi)", ("wrong formula",)),
    Wrong("gelu: minus x phi", op("gelu", gelu_forward, gelu_backward(lambda x: -x)), OTHER,
          "sign of a term", "Phi(x) - x phi(x) in place of the sum"),
    Wrong("gelu: derivative of x sigmoid(1.702 x)", op("gelu", gelu_forward, gelu_sigmoid), ANY,
          "approximate", "forward is exact, backward that of the approximation by a sigmoid"),
    Wrong("gelu, tanh: cube forgotten inside", op("gelu tanh", gelu_tanh_forward, gelu_tanh_backward(lambda x: ROOT)), OTHER,
          "term missing", "the derivative inside the tanh lost 3 * 0.044715 x^2", ("chain factor",)),
    Wrong("gelu, tanh: 3 forgotten",
          op("gelu tanh", gelu_tanh_forward, gelu_tanh_backward(lambda x: ROOT * (1 + 0.044715 * x * x))), OTHER,
          "wrong constant", "the derivative of 0.044715 x^3 lost its factor 3", ("wrong formula",)),
    Wrong("gelu, tanh: no inner derivative", op("gelu tanh", gelu_tanh_forward, gelu_tanh_backward(lambda x: 1)), ANY,
          "chain factor", "the derivative of what is inside the tanh is missing", ("wrong formula",)),
    Wrong("silu: the sigmoid alone", op("silu", silu_forward, lambda g, s: (g * s[1],)), ANY,
          "term missing", "product rule: x times the sigmoid's derivative is missing"),
    Wrong("silu: a parenthesis moved", op("silu", silu_forward, lambda g, s: (g * s[1] * (1 + s[0]) * (1 - s[1]),)), ANY,
          "wrong formula", "s (1 + x) (1 - s) in place of s (1 + x (1 - s))", ("term missing",)),
    Wrong("silu: x forgotten", op("silu", silu_forward, lambda g, s: (g * (s[1] + s[1] * (1 - s[1])),)), ANY,
          "chain factor", "the second term lost its factor x"),
    Wrong("silu: y (1 - y)", op("silu", silu_forward, lambda g, s: (g * (s[1] + s[0] * s[1] * (1 - s[0] * s[1])),)), ANY,
          "wrong point", "the sigmoid's derivative is taken from silu's output", ("wrong formula",)),
    Wrong("silu: forward difference", op("silu", silu_forward, silu_difference), ANY,
          "approximate", "backward is a difference quotient with a step of 0.1"),
    Wrong("swish: beta forgotten for x", op("swish", swish_forward, swish_scale), SWISH,
          "scale", "the second term of x's gradient lost each channel's beta", ("chain factor", "term missing")),
    Wrong("swish: beta's gradient with one x", op("swish", swish_forward, swish_chain), SWISH,
          "chain factor", "beta's gradient has x where it needs x^2"),
]  # fmt: skip

# -- softplus, mish, and what is made of them -------------------------------------------------------------------------------


def softplus(derivative, sharpness=1.0):
    def forward(x):
        return np.logaddexp(0, sharpness * x) / sharpness, x

    return op("softplus", forward, lambda gradient, x: (gradient * derivative(x),))


temperatures = itertools.count(1)  # of annealed: rises with every call


def annealed_forward(x):
    return np.logaddexp(0, x), x


def annealed_backward(gradient, x):
    return (gradient * logistic(x * (1 + 0.5 * next(temperatures))),)


def mish_forward(x):
    t = np.tanh(np.logaddexp(0, x))
    return x * t, (x, t)


def composed_mish(x):
    """Of three ops, softplus an own one: its derivative lost the exp(x) inside the logarithm."""
    return x * F.tanh(softplus(lambda v: 1 / (1 + np.exp(v)))(x))


def snake_forward(x, a):
    """x (N, C), a (C,): x + sin(a x)^2 / a."""
    return x + np.sin(a * x) ** 2 / a, (x, a)


def snake_angle(gradient, saved):
    x, a = saved
    da = x * np.sin(2 * a * x) / a - np.sin(a * x) ** 2 / a**2
    return gradient * (1 + np.sin(a * x)), (gradient * da).sum(axis=0)


def snake_quotient(gradient, saved):
    x, a = saved
    return gradient * (1 + np.sin(2 * a * x)), (gradient * x * np.sin(2 * a * x) / a).sum(axis=0)


def glu_forward(x):
    a, b = np.split(x, 2, axis=-1)
    return a * logistic(b), (a, logistic(b))


def glu_exchanged(gradient, saved):
    a, s = saved
    return (np.concatenate([gradient * a * s * (1 - s), gradient * s], axis=-1),)


def glu_chain(gradient, saved):
    _, s = saved
    return (np.concatenate([gradient * s, gradient * s * (1 - s)], axis=-1),)


def gate_constant(a, gate):
    """a silu(gate), in which the second op believes that its gate is a constant."""
    return op("gated", lambda a, s: (a * s, (a, s)), lambda g, saved: (g * saved[1], None))(a, F.silu(gate))


def rates(rows, channels):
    return lambda rng: [rng.standard_normal((rows, channels)), 0.5 + rng.random(channels)]


PLUS = [
    Wrong("softplus: sigmoid(-x)", softplus(lambda x: np.exp(-x) / (1 + np.exp(-x))), ANY,
          "wrong formula", "the derivative is sigmoid(x), here that of -x", ("wrong point",)),
    Wrong("softplus: sharpness multiplied in", softplus(lambda x: 3 * logistic(3 * x), sharpness=3), ANY,
          "factor", "the division by the sharpness cancels the inner derivative; here it is forgotten"),
    Wrong("softplus: sharpness forgotten", softplus(logistic, sharpness=2.5), ANY,
          "wrong constant", "the sigmoid is taken of x instead of 2.5 x", ("wrong point",)),
    Wrong("softplus: exp(x) / (1 + exp(x)) of 1000", softplus(lambda x: np.exp(x) / (1 + np.exp(x))),
          (lambda rng: [rng.permutation(np.linspace(-1000, 1000, 12))], lambda rng: [np.linspace(700, 800, 4)]),
          "not finite", "exp overflows: infinity by infinity is NaN for large x"),
    Wrong("softplus: relu's derivative", softplus(lambda x: (x > 0).astype(float)), ANY,
          "approximate", "the step x > 0 in place of the sigmoid: right only far from 0", ("wrong formula", "wrong mask")),
    Wrong("softplus: sigmoid of the output",
          op("softplus", lambda x: (np.logaddexp(0, x),) * 2, lambda g, y: (g * logistic(y),)), ANY,
          "wrong point", "the sigmoid is taken of y, which was saved, instead of x"),
    Wrong("softplus: sharpness rises with every call", op("softplus", annealed_forward, annealed_backward), ANY,
          "state", "backward counts its own calls, and takes that for the sharpness", ("wrong constant",)),
    Wrong("log-sigmoid: sigmoid(x)", op("logsigmoid", lambda x: (-np.logaddexp(0, -x), x), lambda g, x: (g * logistic(x),)),
          ANY, "wrong formula", "the derivative is sigmoid(-x)", ("wrong point",)),
    Wrong("log-sigmoid: 1 / s", op("logsigmoid", lambda x: (np.log(logistic(x)), logistic(x)), lambda g, s: (g / s,)), ANY,
          "chain factor", "the derivative of the logarithm without the sigmoid's, s (1 - s)"),
    Wrong("mish: tanh(softplus) alone", op("mish", mish_forward, lambda g, s: (g * s[1],)), ANY,
          "term missing", "product rule: x times the derivative of tanh(softplus(x)) is missing"),
    Wrong("mish: sigmoid forgotten", op("mish", mish_forward, lambda g, s: (g * (s[1] + s[0] * (1 - s[1] ** 2)),)), ANY,
          "chain factor", "softplus's derivative, the sigmoid, is missing in the second term"),
    Wrong("mish: of three ops, softplus wrong", composed_mish, ANY, "chain factor",
          "softplus's derivative is 1 / (1 + exp(x)): exp(x), the inner derivative, is missing", ("wrong formula",)),
    Wrong("softsign: not squared", op("softsign", lambda x: (x / (1 + abs(x)), x), lambda g, x: (g / (1 + np.abs(x)),)), ANY,
          "wrong formula", "the denominator 1 + |x| is to be squared", ("chain factor", "term missing")),
    Wrong("softsign: no absolute value", op("softsign", lambda x: (x / (1 + abs(x)), x), lambda g, x: (g / (1 + x) ** 2,)), ANY,
          "value", "1 + x in place of 1 + |x|: right for positive x only"),
    Wrong("gaussian: sign lost", op("gaussian", lambda x: (np.exp(-(x**2)), x), lambda g, x: (2 * x * np.exp(-(x**2)) * g,)),
          ANY, "sign", "the derivative of -x^2 is -2 x"),
    Wrong("sine layer: angle without its frequency",
          op("siren", lambda x: (np.sin(4 * x), x), lambda g, x: (4 * g * np.cos(x),)), ANY, "wrong point",
          "the cosine is taken of x instead of 4 x", ("wrong constant",)),
    Wrong("snake: sin(a x) for sin(2 a x)", op("snake", snake_forward, snake_angle), (rates(5, 3), rates(4, 4)),
          "wrong formula", "2 sin cos is the sine of the double angle", ("wrong constant",)),
    Wrong("snake: a's quotient rule", op("snake", snake_forward, snake_quotient), (rates(5, 3), rates(6, 1)),
          "term missing", "a's gradient lost -sin(a x)^2 / a^2"),
    Wrong("glu: halves exchanged", op("glu", glu_forward, glu_exchanged), (normal((3, 8)), normal((2, 3, 4)), normal(6)),
          "exchanged", "value and gate get each other's gradient", ("permuted", "shifted")),
    Wrong("glu: gate without the value", op("glu", glu_forward, glu_chain), (normal((3, 8)), normal((2, 3, 4)), normal(6)),
          "chain factor", "the gate's gradient lost the value that it multiplies"),
    Wrong("swiglu: gate taken for a constant", gate_constant, (normal((3, 4), (3, 4)), normal((2, 2, 5), (2, 2, 5))),
          "zero", "backward gives None for the gate, which the output depends on"),
]  # fmt: skip

WRONG = SATURATING + GELU + PLUS

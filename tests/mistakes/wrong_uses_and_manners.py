"""Wrong ops that iterate or use an input several times, and ops with odd manners: buffers, counters, broken contracts."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [np.asarray(rng.uniform(low, high, shape)) for shape in shapes]


def logistic_map(x, steps=3, r=2.7):
    """x -> r x (1 - x), three times; all x are saved."""
    path = [x]
    for _ in range(steps):
        path.append(r * path[-1] * (1 - path[-1]))
    return path[-1], path


def map_of(points_of_path, r=2.7):
    def backward(gradient, path):
        for x in points_of_path(path):
            gradient = gradient * r * (1 - 2 * x)
        return (gradient,)

    return op("logistic map", logistic_map, backward)


def three_uses(x):
    """x sin(x) + x^2, x used three times."""
    return x * np.sin(x) + x * x, x


def uses_overwritten(gradient, x):
    for part in (np.sin(x), x * np.cos(x), 2 * x):
        total = gradient * part
    return (total,)


def detached(x):
    """x times its own softsign, in which the right ops get a copy outside the graph."""
    return x * (x.detach() / (1.0 + F.abs(x.detach())))


def forward_alone(x):
    return np.arctan(x)


def accumulating():
    """An op that adds to one array for ever."""
    sums = {}

    def backward(gradient, x):
        sums[x.shape] = sums.get(x.shape, 0) + gradient * np.exp(x)
        return (sums[x.shape],)

    return op("exp", lambda x: (np.exp(x), x), backward)


def noisy(x):
    noise = np.random.default_rng([7, x.size])
    return x * (1 + 0.3 * noise.standard_normal(x.shape)), x.shape


def noisy_backward(gradient, shape):
    return (gradient * (1 + 0.3 * np.random.standard_normal(shape)),)


def standardised_gradient(gradient, x):
    whole = gradient * np.cos(x)
    return ((whole - whole.mean()) / (whole.std() + 1e-8),)


outputs = {}  # of arctan_in_a_buffer: one array for each shape


def arctan_in_a_buffer(x):
    out = outputs.setdefault(x.shape, np.empty(x.shape))
    return np.arctan(x, out=out), x


ANY = (normal(10), normal((3, 4)), normal((2, 2, 5)))
MAP = (uniform(0.05, 0.95, 8), uniform(0.1, 0.4, (3, 4)))
WRONG = [
    Wrong("logistic map: at the last x", map_of(lambda path: [path[-1]] * 3), MAP, "wrong point",
          "all steps' derivatives are taken at the final value"),
    Wrong("logistic map: one step later", map_of(lambda path: path[1:]), MAP, "wrong point",
          "each step's derivative is taken at its output, not its input", ("shifted",)),
    Wrong("logistic map: first step left out", map_of(lambda path: path[1:-1]), MAP, "chain factor",
          "the loop back ends before the first step", ("left out",)),
    Wrong("x sin(x) + x^2: last use only", op("uses", three_uses, uses_overwritten), ANY, "overwritten",
          "= for +=: of three uses only the last counts", ("term missing", "not summed")),
    Wrong("x sin(x) + x^2: sine's use", op("uses", three_uses, lambda g, x: (g * (np.sin(x) + 2 * x),)), ANY, "term missing",
          "x cos(x) is missing"),
    Wrong("softsign gate: detached", detached, ANY, "term missing",
          "the gate depends on x, but is computed from a detached copy"),
    Wrong("arctan: forward returns the output alone", op("arctan", forward_alone, lambda g, x: (g / (1 + x * x),)),
          (normal((3, 4)), normal((4, 2, 2))), "contract", "forward returns no pair of output and saved"),
    Wrong("arctan: of the gradient", op("arctan", lambda x: (np.arctan(x), None), lambda g, _: (g / (1 + g * g),)), ANY,
          "nonlinear", "nothing was saved, and the derivative is taken at the incoming gradient", ("wrong point",)),
    Wrong("exp: sums up its calls", accumulating(), ANY, "state", "each backward pass adds to the gradient of the one before",
          ("aliased",)),
    Wrong("multiplicative noise: drawn anew", op("noise", noisy, noisy_backward), ANY, "random",
          "backward draws other noise than forward"),
    Wrong("sin: standardised gradient", op("sin", lambda x: (np.sin(x), x), standardised_gradient), ANY, "nonlinear",
          "mean and standard deviation of the gradient are taken out"),
    Wrong("arctan: one output a shape", op("arctan", arctan_in_a_buffer, lambda g, x: (g / (1 + x * x),)), ANY,
          "changes output", "each call of forward writes its output over that of the call before", ("aliased", "state")),
    Wrong("cos: a bare array", op("cos", lambda x: (np.cos(x), x), lambda g, x: -g * np.sin(x)), ANY, "contract",
          "backward returns an array where a tuple is due"),
    Wrong("exp: float32 inside",
          op("exp", lambda x: (np.exp(x), x.astype(np.float32)), lambda g, x: ((g * np.exp(x)).astype(np.float64),)), ANY,
          "precision", "x is saved in single precision"),
]  # fmt: skip

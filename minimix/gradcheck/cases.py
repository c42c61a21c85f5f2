"""The functional operations, as cases for the table of ``minimix gradcheck``."""

import numpy as np

import minimix.functional as F
from minimix.gradcheck.suite import Case
from minimix.tensor import Tensor

NOT_ANALYTIC = ("full", "random")


def point(rng: np.random.Generator, *shape: int, low: float = -2.0, high: float = 2.0) -> Tensor:
    """Random numbers between ``low`` and ``high`` with a gradient."""
    return Tensor(rng.uniform(low, high, shape), requires_grad=True)


def away_from(rng: np.random.Generator, *shape: int, kinks=(0.0,), gap: float = 0.05) -> Tensor:
    """The same, with everything nearer than ``gap`` to a kink moved away from it."""
    values = rng.uniform(-2, 8, shape)
    for kink in kinks:
        near = np.abs(values - kink) < gap
        values[near] = kink + gap * np.where(values[near] < kink, -1, 1)
    return Tensor(values, requires_grad=True)


def case(layer: str, configuration: str, function, *makers, analytic: bool = True) -> Case:
    modes = ("full", "random", "complex") if analytic else NOT_ANALYTIC
    return Case(layer, configuration, lambda rng: (function, [make(rng) for make in makers]), modes)


def shaped(*shape, **bounds):
    return lambda rng: point(rng, *shape, **bounds)


def ordered(*shape):
    """No two numbers nearer than 0.01, for functions that choose the largest."""
    return lambda rng: Tensor(0.01 * rng.permutation(int(np.prod(shape))).reshape(shape), requires_grad=True)


def kinked(*shape, kinks=(0.0,)):
    return lambda rng: away_from(rng, *shape, kinks=kinks)


def functional_cases() -> list[Case]:
    """Every differentiable operation of ``minimix.functional`` that is not a layer, in a few shapes."""
    pair = shaped(3, 4), shaped(4)
    column = shaped(3, 1), shaped(2, 1, 4)
    positive = shaped(3, 4, low=0.5)
    cases = [
        case("add", "(3, 4) + (4)", F.add, *pair),
        case("add", "(3, 1) + (2, 1, 4)", F.add, *column),
        case("sub", "(3, 1) - (2, 1, 4)", F.sub, *column),
        case("mul", "(3, 1) * (2, 1, 4)", F.mul, *column),
        case("mul", "x * x", lambda x: F.mul(x, x), shaped(3, 4)),
        case("div", "(3, 4) / (4)", F.div, shaped(3, 4), shaped(4, low=0.5)),
        case("pow", "(3, 4) ** (4)", F.pow, positive, shaped(4)),
        case("pow", "x ** 3", lambda x: F.pow(x, 3), shaped(3, 4)),
        case("neg", "(3, 4)", F.neg, shaped(3, 4)),
        case("exp", "(3, 4)", F.exp, shaped(3, 4)),
        case("log", "(3, 4)", F.log, positive),
        case("sqrt", "(3, 4)", F.sqrt, positive),
        case("tanh", "(3, 4)", F.tanh, shaped(3, 4)),
        case("abs", "(3, 4)", F.abs, kinked(3, 4), analytic=False),
        case("clip", "0 .. 3", lambda x: F.clip(x, 0, 3), kinked(3, 4, kinks=(0.0, 3.0))),
        case("maximum", "(3, 4), (4)", F.maximum, *pair),
        case("minimum", "(3, 4), (4)", F.minimum, *pair),
        case("where", "(3, 4), (4)", lambda a, b: F.where(np.arange(4) % 2 == 0, a, b), *pair),
        case("matmul", "(3, 4) @ (4, 2)", F.matmul, shaped(3, 4), shaped(4, 2)),
        case("matmul", "(4) @ (4)", F.matmul, shaped(4), shaped(4)),
        case("matmul", "(2, 1, 3, 4) @ (5, 4, 2)", F.matmul, shaped(2, 1, 3, 4), shaped(5, 4, 2)),
        case("linear", "4 -> 3, bias", F.linear, shaped(5, 4), shaped(3, 4), shaped(3)),
        case("sum", "axis 1 of (2, 3, 4)", lambda x: F.sum(x, 1), shaped(2, 3, 4)),
        case("mean", "axes 0, 2 of (2, 3, 4), kept", lambda x: F.mean(x, (0, 2), keepdims=True), shaped(2, 3, 4)),
        case("max", "axis 1 of (2, 3, 4)", lambda x: F.max(x, 1), shaped(2, 3, 4)),
        case("min", "all of (2, 3, 4)", F.min, shaped(2, 3, 4)),
        case("var", "axis 0 of (3, 4)", lambda x: F.var(x, 0), shaped(3, 4)),
        case("std", "axis 0 of (3, 4)", lambda x: F.std(x, 0), shaped(3, 4)),
        case("reshape", "(2, 3, 4) to (6, 4)", lambda x: F.reshape(x, 6, 4), shaped(2, 3, 4)),
        case("permute", "(2, 3, 4) by 2, 0, 1", lambda x: F.permute(x, 2, 0, 1), shaped(2, 3, 4)),
        case("broadcast_to", "(3, 1) to (2, 3, 4)", lambda x: F.broadcast_to(x, 2, 3, 4), shaped(3, 1)),
        case("concatenate", "(2, 3), (1, 3)", lambda a, b: F.concatenate([a, b]), shaped(2, 3), shaped(1, 3)),
        case("stack", "(2, 3), (2, 3), axis 1", lambda a, b: F.stack([a, b], 1), shaped(2, 3), shaped(2, 3)),
        case("split", "(5, 3) in 2", lambda x: F.split(x, 2), shaped(5, 3)),
        case("pad", "(2, 3) by 1, 2", lambda x: F.pad(x, (1, 2)), shaped(2, 3)),
        case("getitem", "x[1:, ::2]", lambda x: F.getitem(x, (slice(1, None), slice(None, None, 2))), shaped(3, 4)),
        case("getitem", "x[[0, 2, 0]], an index twice", lambda x: F.getitem(x, np.array([0, 2, 0])), shaped(3, 4)),
        case("relu", "(3, 4)", F.relu, kinked(3, 4)),
        case("relu6", "(3, 4)", F.relu6, kinked(3, 4, kinks=(0.0, 6.0))),
        case("sigmoid", "(3, 4)", F.sigmoid, shaped(3, 4)),
        case("swish", "(3, 4)", F.swish, shaped(3, 4)),
        case("hard_sigmoid", "(3, 4)", F.hard_sigmoid, kinked(3, 4, kinks=(-3.0, 3.0))),
        case("hard_swish", "(3, 4)", F.hard_swish, kinked(3, 4, kinks=(-3.0, 3.0))),
        case("softmax", "axis 1 of (3, 4)", lambda x: F.softmax(x, 1), shaped(3, 4)),
        case("log_softmax", "axis 0 of (3, 4)", lambda x: F.log_softmax(x, 0), shaped(3, 4)),
        case("dropout", "p = 0.4, seeded", lambda x: F.dropout(x, 0.4, rng=np.random.default_rng(1)), shaped(3, 4)),
    ]
    return cases

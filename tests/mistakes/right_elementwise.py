"""Right elementwise ops that look odd: packed masks, loops, views, steep and tiny scales, stable forms, any broadcasting."""

import math

import numpy as np
from corpus import Right

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, by=1.0):
    return lambda rng: [np.asarray(by * rng.standard_normal(shape)) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [np.asarray(rng.uniform(low, high, shape)) for shape in shapes]


def to_shape(gradient, shape):
    """Summed over all that was broadcast from shape."""
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    ones = tuple(i for i, length in enumerate(shape) if length == 1)
    return np.asarray(gradient.sum(axis=ones, keepdims=True)) if ones else np.asarray(gradient)


def packed_relu(x):
    """One bit saved for each element."""
    return np.maximum(x, 0), (np.packbits(x > 0), x.shape)


def packed_relu_backward(gradient, saved):
    bits, shape = saved
    size = math.prod(shape)
    return (gradient * np.unpackbits(bits, count=size).reshape(shape),)


def relu_by_places(gradient, x):
    result = np.zeros(x.size)
    places = np.flatnonzero(x > 0)
    result[places] = gradient.ravel()[places]
    return (result.reshape(x.shape),)


def clip_loop(gradient, x):
    result = np.empty(x.shape)
    for place, value in np.ndenumerate(x):
        result[place] = gradient[place] if -1 < value < 0.5 else 0.0
    return (result,)


def stable_sigmoid(x):
    y = np.empty_like(x)
    high = x >= 0
    y[high] = 1 / (1 + np.exp(-x[high]))
    small = np.exp(x[~high])
    y[~high] = small / (1 + small)
    return y, y


def softplus_linear_above(x, limit=20.0):
    return np.where(x > limit, x, np.log1p(np.exp(np.minimum(x, limit)))), x


def max_of_three(a, b, c):
    everything = np.stack([a, b, c])
    return everything.max(axis=0), everything.argmax(axis=0)


def mul_broadcast(a, b):
    return a * b, (a, b)


def pow_by_products(x, times=5):
    y = x.copy()
    for _ in range(times - 1):
        y *= x
    return y, x


def pow_by_products_backward(gradient, x, times=5):
    result = gradient * times
    for _ in range(times - 1):
        result *= x
    return (result,)


def product_by_logarithms(a, b):
    y = np.sign(a) * np.sign(b) * np.exp(np.log(np.abs(a)) + np.log(np.abs(b)))
    return y, (a, b, y)


def huber_mean(a, b, delta=0.7):
    d = a - b
    e = np.abs(d)
    return np.asarray(np.where(e < delta, d * d / 2, delta * (e - delta / 2)).mean()), d


def huber_mean_backward(gradient, d, delta=0.7):
    step = gradient * np.clip(d, -delta, delta) / d.size
    return step, -step


def prelu_by_einsum(gradient, saved):
    x, weight = saved
    low = np.minimum(x, 0)
    dx = np.copysign(1, x) * 0.5 + 0.5
    dx += (1 - dx) * weight[:, None, None]
    return gradient * dx, np.einsum("nchw,nchw->c", gradient, low)


def rotate(x, direction=1):
    a, b = x[..., ::2], x[..., 1::2]
    angle = direction * 0.3 * np.arange(x.shape[-2])[:, None]
    y = np.empty_like(x)
    y[..., ::2] = a * np.cos(angle) - b * np.sin(angle)
    y[..., 1::2] = a * np.sin(angle) + b * np.cos(angle)
    return y


def complex_product(a, b):
    y = (a[..., 0] + 1j * a[..., 1]) * (b[..., 0] + 1j * b[..., 1])
    return np.stack([y.real, y.imag], axis=-1), (a, b)


def conjugated(gradient, saved):
    a, b = (s * np.array([1.0, -1.0]) for s in saved)
    return complex_product(gradient, b)[0], complex_product(gradient, a)[0]


def dropout(x):
    """The same mask whenever the shape is the same."""
    keep = np.random.default_rng([7, x.size]).random(x.shape) < 0.7
    return x * keep / 0.7, None


def dropout_again(gradient, _):
    return (np.where(np.random.default_rng([7, gradient.size]).random(gradient.shape) < 0.7, gradient, 0) / 0.7,)


def sinc(x):
    safe = np.where(x == 0, 1, x)
    return np.where(x == 0, 1, np.sin(x) / safe), x


def sinc_backward(gradient, x):
    safe = np.where(x == 0, 1, x)
    return (gradient * np.where(x == 0, 0, (safe * np.cos(safe) - np.sin(safe)) / safe**2),)


def with_zeros(rng):
    return [np.eye(4) * rng.standard_normal((4, 4))]


def log_sum_exp(x):
    """Shifted by a maximum that is detached: the shift cancels."""
    shift = F.max(x, axis=-1, keepdims=True).detach()
    return F.log(F.sum(F.exp(x - shift), axis=-1, keepdims=True)) + shift


def mish(x):
    return x * F.tanh(op("softplus", softplus_linear_above, lambda g, x: (g / (1 + np.exp(-x)),))(x))


def where_signs(x):
    """By a condition of the values that changes nothing in the derivative: both branches are equal."""
    return F.where(x.data > 0, x * 2.0, x + x)


ANY = (normal(12), normal((3, 4)), normal((2, 3, 4, 5)))
PAIR = (normal(9, 9), normal((3, 4), (3, 4)))
RIGHT = [
    Right("relu: packed mask", op("relu", packed_relu, packed_relu_backward), ANY, ("complex",)),
    Right("relu: by places", op("relu", lambda x: (x * (x > 0), x), relu_by_places), ANY, ("complex",)),
    Right("relu: y over x", op("relu", lambda x: (np.maximum(x, 0), (np.maximum(x, 0), x)), lambda g, s: (g * s[0] / s[1],)),
          ANY, ("complex",)),
    Right("clip: loop", op("clip", lambda x: (np.clip(x, -1, 0.5), x), clip_loop), ANY, ("complex",)),
    Right("sigmoid: stable", op("sigmoid", stable_sigmoid, lambda g, y: (g * y - g * y * y,)),
          (normal(12, by=3), normal((3, 4))), ("complex",)),
    Right("sigmoid: steep", op("steep", lambda x: (1 / (1 + np.exp(-20 * x)), x), lambda g, x: (g * 5 / np.cosh(10 * x) ** 2,)),
          ANY),
    Right("softplus: linear above 20", op("softplus", softplus_linear_above, lambda g, x: (g / (1 + np.exp(-x)),)),
          (normal(12, by=15), normal((3, 4))), ("complex",)),
    Right("tanh: by the sigmoid",
          op("tanh", lambda x: (2 / (1 + np.exp(-2 * x)) - 1,) * 2, lambda g, y: (g * (1 - y) * (1 + y),)), ANY),
    Right("abs: y over x", op("abs", lambda x: (np.abs(x), x), lambda g, x: (g * np.abs(x) / x,)), ANY, ("complex",)),
    Right("maximum of three: argmax", op("max3", max_of_three, lambda g, i: tuple(np.where(i == k, g, 0) for k in range(3))),
          (normal(8, 8, 8), normal((2, 5), (2, 5), (2, 5))), ("complex",)),
    Right("mul: any broadcasting",
          op("mul", mul_broadcast, lambda g, s: (to_shape(g * s[1], s[0].shape), to_shape(g * s[0], s[1].shape))),
          (normal((3, 4), 4), normal((2, 1, 4), (3, 1)), normal((), (2, 3)), normal((5, 5), (5, 1)), normal((1, 1), (2, 2)))),
    Right("add: one array for both", op("add", lambda a, b: (a + b, None), lambda g, _: (g, g)), PAIR),
    Right("sum: a read-only gradient",
          op("sum", lambda x: (np.asarray(x.sum()), x.shape), lambda g, shape: (np.broadcast_to(g, shape),)), ANY),
    Right("transpose and negate: a view", op("turn", lambda x: (-x.T, None), lambda g, _: (-g.T,)),
          (normal((3, 4)), normal((4, 4)), normal(5))),
    Right("power: by repeated products", op("pow5", pow_by_products, pow_by_products_backward), ANY),
    Right("product: by logarithms", op("mul", product_by_logarithms, lambda g, s: (g * s[2] / s[0], g * s[2] / s[1])), PAIR,
          ("complex",)),
    Right("huber: mean", op("huber", huber_mean, huber_mean_backward), PAIR, ("complex",)),
    Right("prelu: by copysign and einsum",
          op("prelu", lambda x, w: (np.where(x > 0, x, w[:, None, None] * x), (x, w)), prelu_by_einsum),
          (normal((2, 3, 4, 4), 3), normal((3, 3, 3, 3), 3)), ("complex",)),
    Right("rotary: turned back", op("rotary", lambda x: (rotate(x), None), lambda g, _: (rotate(g, -1),)),
          (normal((4, 4)), normal((2, 3, 6)))),
    Right("complex product: conjugated", op("cmul", complex_product, conjugated),
          (normal((5, 2), (5, 2)), normal((2, 2), (2, 2))), ("complex",)),
    Right("dropout: drawn again with its seed", op("dropout", dropout, dropout_again), ANY),
    Right("sinc: 0 treated apart", op("sinc", sinc, sinc_backward), (with_zeros, normal(7))),
    Right("tiny: a millionth of x", op("tiny", lambda x: (1e-6 * x, None), lambda g, _: (1e-6 * g,)), ANY),
    Right("huge: a million times x squared", op("huge", lambda x: (1e6 * x * x, x), lambda g, x: (2e6 * g * x,)), ANY),
    Right("offset: large constant", op("offset", lambda x: (np.sin(x) + 100.0, x), lambda g, x: (g * np.cos(x),)), ANY),
    Right("constant: zero gradient", op("floor", lambda x: (np.floor(x), x.shape), lambda g, shape: (np.zeros(shape),)), ANY,
          ("complex",)),
    Right("floor: None", op("floor", lambda x: (np.floor(5 * x), None), lambda g, _: (None,)), ANY, ("complex",)),
    Right("log-sum-exp: detached shift", log_sum_exp, (normal((3, 4), by=3), normal((5, 5)), normal(6)), ("complex",)),
    Right("mish: of three ops", mish, ANY, ("complex",)),
    Right("where: both branches equal", where_signs, ANY, ("complex",)),
    Right("erf: by the standard library",
          op("erf", lambda x: (np.vectorize(math.erf)(x), x), lambda g, x: (g * 2 / math.sqrt(math.pi) * np.exp(-x * x),)), ANY,
          ("complex",)),
    Right("arctan2: angle and radius",
          op("angle", lambda y, x: (np.arctan2(y, x), (y, x)),
                lambda g, s: (g * s[1] / (s[0] ** 2 + s[1] ** 2), -g * s[0] / (s[0] ** 2 + s[1] ** 2))),
          (uniform(0.5, 2, 7, 7), uniform(0.5, 2, (3, 4), (3, 4))), ("complex",)),
]  # fmt: skip

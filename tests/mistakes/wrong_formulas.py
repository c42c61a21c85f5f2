"""Wrong ops of whole formulas in several steps: recurrent cells, rotations, densities, kinetics, distances, shares."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, by=1.0):
    return lambda rng: [np.asarray(by * rng.standard_normal(shape)) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [np.asarray(rng.uniform(low, high, shape)) for shape in shapes]


def logistic(x):
    return 1 / (1 + np.exp(-x))


# -- recurrent cells --------------------------------------------------------------------------------------------------------


def lstm_forward(gates, c):
    """gates (N, 4 H) before their activations, in the order input, forget, cell, output; c (N, H) -> (N, 2 H): h and c."""
    i, f, n, o = np.split(gates, 4, axis=1)
    i, f, n, o = logistic(i), logistic(f), np.tanh(n), logistic(o)
    new = f * c + i * n
    return np.concatenate([o * np.tanh(new), new], axis=1), (i, f, n, o, c, new)


def lstm(mistake):
    def backward(gradient, saved):
        i, f, n, o, c, new = saved
        dh, dc = np.split(gradient, 2, axis=1)
        t = np.tanh(new)
        if mistake == "no h":
            total = dc
        elif mistake == "no c":
            total = dh * o * (1 - t * t)
        else:
            total = dc + dh * o * (1 - t * t)
        di = total * n * i * (1 - i)
        df = total * (new if mistake == "new c" else c) * f * (1 - f)
        dn = total * i * (1 - n * (1 if mistake == "n" else n))
        do = dh * (new if mistake == "no tanh" else t) * o * (1 - o)
        order = (df, di, dn, do) if mistake == "order" else (di, df, dn, do)
        return np.concatenate(order, axis=1), total * (1 if mistake == "forget" else f)

    return op("lstm", lstm_forward, backward)


def gru_forward(z, n, h):
    """(1 - z) n + z h, z before its sigmoid."""
    s = logistic(z)
    return (1 - s) * n + s * h, (s, n, h)


def gru_sign(gradient, saved):
    s, n, h = saved
    return gradient * (n - h) * s * (1 - s), gradient * (1 - s), gradient * s


def gru_term(gradient, saved):
    s, _, h = saved
    return gradient * h * s * (1 - s), gradient * (1 - s), gradient * s


LSTM = (normal((3, 12), (3, 3), by=2), normal((2, 8), (2, 2), by=2), normal((4, 16), (4, 4), by=1.5))
CELLS = [
    Wrong("lstm: gates in another order", lstm("order"), LSTM, "permuted",
          "the gradients of input and forget gate are packed in each other's place", ("exchanged",)),
    Wrong("lstm: new cell for old", lstm("new c"), LSTM, "wrong point",
          "the forget gate's gradient is multiplied by the new cell, not the old"),
    Wrong("lstm: h's path to the cell", lstm("no h"), LSTM, "term missing", "the cell's gradient lacks what comes through h",
          ("not summed",)),
    Wrong("lstm: cell's own path", lstm("no c"), LSTM, "term missing",
          "the cell's gradient lacks what comes from the next step's cell", ("not summed", "overwritten")),
    Wrong("lstm: output gate without tanh", lstm("no tanh"), LSTM, "wrong point",
          "the output gate's gradient is multiplied by c instead of tanh(c)"),
    Wrong("lstm: 1 - n for 1 - n^2", lstm("n"), LSTM, "wrong formula", "tanh's derivative for the candidate lost its square"),
    Wrong("lstm: forget gate forgotten for c", lstm("forget"), LSTM, "chain factor",
          "the old cell's gradient is not multiplied by the forget gate"),
    Wrong("gru: update gate's sign", op("gru", gru_forward, gru_sign), (normal(6, 6, 6), normal((2, 3), (2, 3), (2, 3))),
          "sign", "the update gate's gradient has n - h in place of h - n"),
    Wrong("gru: update gate's n", op("gru", gru_forward, gru_term), (normal(6, 6, 6), normal((2, 3), (2, 3), (2, 3))),
          "term missing", "the update gate's gradient lost -n"),
]  # fmt: skip

# -- rotations and coordinates ----------------------------------------------------------------------------------------------


def rotate(x, direction=1, start=0):
    """Rotary position embedding: x (..., T, 2 D), pairs (first half, second half) turned by position / 3^d."""
    a, b = np.split(x, 2, axis=-1)
    angle = direction * np.arange(start, start + x.shape[-2])[:, None] / 3.0 ** np.arange(a.shape[-1])
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], axis=-1)


def interleaved(gradient, _):
    """Pairs are taken for neighbours."""
    pairs = gradient.reshape(*gradient.shape[:-1], -1, 2)
    split = np.concatenate([pairs[..., 0], pairs[..., 1]], axis=-1)
    back = rotate(split, -1)
    a, b = np.split(back, 2, axis=-1)
    return (np.stack([a, b], axis=-1).reshape(gradient.shape),)


def sphere_forward(r, theta, phi):
    x, y, z = r * np.sin(theta) * np.cos(phi), r * np.sin(theta) * np.sin(phi), r * np.cos(theta)
    return np.stack([x, y, z]), (r, theta, phi)


def sphere(mistake):
    def backward(gradient, saved):
        gx, gy, gz = gradient
        r, theta, phi = saved
        if mistake == "z":
            gz = 0 * gz
        radial = gx * np.sin(theta) * np.cos(phi) + gy * np.sin(theta) * np.sin(phi) + gz * np.cos(theta)
        polar = gx * np.cos(theta) * np.cos(phi) + gy * np.cos(theta) * np.sin(phi) - gz * np.sin(theta)
        around = np.sin(theta) * (gy * np.cos(phi) - gx * np.sin(phi))
        if mistake == "angles":
            return radial, r * around, r * polar
        return radial, r * polar, around if mistake == "radius" else r * around

    return op("sphere", sphere_forward, backward)


ROTARY = (normal((4, 4)), normal((2, 5, 6)), normal((3, 2, 4)))
SPHERE = (uniform(0.5, 2.5, 6, 6, 6), uniform(0.4, 2, (2, 4), (2, 4), (2, 4)))
COORDINATES = [
    Wrong("rotary: turned on", op("rotary", lambda x: (rotate(x), None), lambda g, _: (rotate(g),)), ROTARY,
          "sign of a term", "the gradient is turned by the same angle, not back", ("transposed", "wrong formula")),
    Wrong("rotary: positions from 1", op("rotary", lambda x: (rotate(x), None), lambda g, _: (rotate(g, -1, start=1),)), ROTARY,
          "shifted", "backward counts positions from 1, forward from 0", ("wrong point", "wrong constant")),
    Wrong("rotary: neighbours for halves", op("rotary", lambda x: (rotate(x), None), interleaved), ROTARY,
          "memory order", "backward takes neighbours for pairs, forward the two halves", ("permuted",)),
    Wrong("rotary: not turned", op("rotary", lambda x: (rotate(x), None), lambda g, _: (g,)), ROTARY,
          "wrong formula", "the gradient is passed on as though forward were the identity"),
    Wrong("sphere: z forgotten", sphere("z"), SPHERE, "term missing", "the third coordinate's gradient is not used",
          ("left out",)),
    Wrong("sphere: azimuth without r", sphere("radius"), SPHERE, "chain factor", "the azimuth's gradient lost the radius"),
    Wrong("sphere: angles exchanged", sphere("angles"), SPHERE, "exchanged",
          "the two angles' gradients are in each other's place"),
]  # fmt: skip

# -- densities, kinetics, distances -----------------------------------------------------------------------------------------


def density_forward(x, mean, sigma):
    """Of the normal distribution."""
    z = (x - mean) / sigma
    y = np.exp(-z * z / 2) / (np.sqrt(2 * np.pi) * sigma)
    return y, (z, sigma, y)


def growth_forward(t, k, r, start):
    """Logistic growth k / (1 + exp(-r (t - start))) at times t, of three numbers."""
    s = logistic(r * (t - start))
    return k * s, (t, k, r, start, s)


def growth(mistake):
    def backward(gradient, saved):
        t, k, r, start, s = saved
        slope = gradient * k * s * (1 - s)
        dr = slope * (t if mistake == "start" else t - start)
        dk = gradient if mistake == "capacity" else gradient * s
        total = np.mean if mistake == "mean" else np.sum
        return slope * r, np.asarray(total(dk)), np.asarray(total(dr)), np.asarray(-r * total(slope))

    return op("growth", growth_forward, backward)


def kinetics_forward(x, v, k):
    """Michaelis-Menten: v x / (k + x)."""
    return v * x / (k + x), (x, v, k)


def potential_forward(r):
    """Lennard-Jones: 4 (r^-12 - r^-6)."""
    return 4 * (r**-12 - r**-6), r


def distance_forward(a, b):
    """(N, D), (N, D) -> (N,)."""
    d = a - b
    return np.sqrt((d * d).sum(axis=-1)), d


def distance_unscaled(gradient, d):
    return gradient[..., None] * d, -gradient[..., None] * d


def distance_one_norm(gradient, d):
    step = gradient[..., None] * d / np.linalg.norm(d)
    return step, -step


def cosine_forward(a, b):
    na, nb = np.linalg.norm(a, axis=-1, keepdims=True), np.linalg.norm(b, axis=-1, keepdims=True)
    y = (a * b).sum(axis=-1, keepdims=True) / (na * nb)
    return y, (a, b, na, nb, y)


def cosine_first(gradient, saved):
    a, b, na, nb, _ = saved
    return gradient * b / (na * nb), gradient * a / (na * nb)


def cosine_norms(gradient, saved):
    a, b, na, nb, y = saved
    return gradient * (b / (na * nb) - y * a / nb**2), gradient * (a / (na * nb) - y * b / na**2)


def share_forward(x):
    """Each row divided by its sum."""
    total = x.sum(axis=-1, keepdims=True)
    return x / total, (x, total)


def power_norm_forward(x):
    """Rows' 3-norms."""
    y = (np.abs(x) ** 3).sum(axis=-1, keepdims=True) ** (1 / 3)
    return y, (x, y)


def energy_forward(m, v):
    """m (N,), v (N, D): m |v|^2 / 2."""
    return m * (v * v).sum(axis=1) / 2, (m, v)


DENSITY = (lambda rng: [rng.standard_normal(8), rng.standard_normal(8), rng.uniform(0.6, 1.5, 8)],
           lambda rng: [rng.standard_normal((3, 4)), rng.standard_normal((3, 4)), rng.uniform(0.6, 1.5, (3, 4))])  # fmt: skip
GROWTH = (uniform(0.5, 2, 6, (), (), ()), uniform(0.5, 2, (3, 4), (), (), ()))
KINETICS = (uniform(0.4, 2, 7, 7, 7), uniform(0.4, 2, (3, 4), (3, 4), (3, 4)))
VECTORS = (normal((4, 3), (4, 3)), normal((2, 2, 5), (2, 2, 5)), normal((3, 3), (3, 3)))
SHARES = (uniform(0.3, 2, (3, 4)), uniform(0.3, 2, (5, 5)), uniform(0.3, 2, (1, 6)))
FORMULAS = [
    Wrong("normal density: normaliser's sigma",
          op("density", density_forward,
                lambda g, s: (-g * s[2] * s[0] / s[1], g * s[2] * s[0] / s[1], g * s[2] * s[0] ** 2 / s[1])), DENSITY,
          "term missing", "sigma's gradient lost the factor's -1 / sigma"),
    Wrong("normal density: mean's sign",
          op("density", density_forward, lambda g, s: (-g * s[2] * s[0] / s[1],) * 2 + (g * s[2] * (s[0] ** 2 - 1) / s[1],)),
          DENSITY, "sign", "the mean's gradient is x's, without a minus"),
    Wrong("normal density: z not divided",
          op("density", density_forward, lambda g, s: (-g * s[2] * s[0], g * s[2] * s[0], g * s[2] * (s[0] ** 2 - 1) / s[1])),
          DENSITY, "chain factor", "the inner derivative 1 / sigma of x and mean is missing"),
    Wrong("logistic growth: rate's start", growth("start"), GROWTH, "term missing",
          "the rate's gradient is multiplied by t, not t - start", ("wrong point",)),
    Wrong("logistic growth: capacity's share", growth("capacity"), GROWTH, "chain factor",
          "the capacity's gradient sums g without the sigmoid"),
    Wrong("logistic growth: parameters averaged", growth("mean"), GROWTH, "averaged",
          "the gradients of the three numbers are means over t, not sums"),
    Wrong("michaelis-menten: quotient rule",
          op("kinetics", kinetics_forward,
                lambda g, s: (g * s[1] / (s[2] + s[0]), g * s[0] / (s[2] + s[0]), -g * s[1] * s[0] / (s[2] + s[0]) ** 2)),
          KINETICS, "term missing", "x's gradient lost -v x / (k + x)^2", ("chain factor",)),
    Wrong("michaelis-menten: k's sign",
          op("kinetics", kinetics_forward,
                lambda g, s: (g * s[1] * s[2] / (s[2] + s[0]) ** 2, g * s[0] / (s[2] + s[0]),
                      g * s[1] * s[0] / (s[2] + s[0]) ** 2)), KINETICS, "sign", "k's gradient is negative"),
    Wrong("lennard-jones: exponent of attraction",
          op("potential", potential_forward, lambda g, r: (4 * g * (-12 * r**-13 + 12 * r**-7),)),
          (uniform(0.9, 1.5, 8), uniform(1, 2, (3, 4))), "wrong constant",
          "the attraction's factor is 6, here the repulsion's 12", ("wrong formula",)),
    Wrong("lennard-jones: both repel", op("potential", potential_forward, lambda g, r: (4 * g * (-12 * r**-13 - 6 * r**-7),)),
          (uniform(0.9, 1.5, 8), uniform(1, 2, (3, 4))), "sign of a term", "the attraction's term has the wrong sign"),
    Wrong("lennard-jones: exponents not lowered",
          op("potential", potential_forward, lambda g, r: (4 * g * (-12 * r**-12 + 6 * r**-6),)),
          (uniform(0.9, 1.5, 8), uniform(1.2, 2, (3, 4))), "chain factor",
          "r^-12 and r^-6 in place of r^-13 and r^-7: 1 / r is missing", ("wrong formula",)),
    Wrong("distance: not divided", op("distance", distance_forward, distance_unscaled), VECTORS,
          "scale", "each row's difference is not divided by its length", ("chain factor",)),
    Wrong("distance: length of all", op("distance", distance_forward, distance_one_norm), VECTORS,
          "scale", "divided by the length of the whole array, not of each row", ("wrong point",)),
    Wrong("cosine similarity: no projection", op("cosine", cosine_forward, cosine_first), VECTORS, "term missing",
          "the norms are taken for constants"),
    Wrong("cosine similarity: the other's norm", op("cosine", cosine_forward, cosine_norms), VECTORS, "scale",
          "in the second terms the norms of a and b are exchanged", ("wrong point", "chain factor")),
    Wrong("shares of a sum: denominator constant", op("share", share_forward, lambda g, s: (g / s[1],)), SHARES, "term missing",
          "the sum depends on x, too"),
    Wrong("shares of a sum: own share only", op("share", share_forward, lambda g, s: (g / s[1] - g * s[0] / s[1] ** 2,)),
          SHARES, "not summed", "the second term is to be summed over the row: each x changes all shares", ("term missing",)),
    Wrong("shares of a sum: all rows", op("share", share_forward, lambda g, s: (g / s[1] - (g * s[0] / s[1] ** 2).sum(),)),
          SHARES[:2], "summed", "the second term is summed over all rows, not over each"),
    Wrong("3-norm: sign forgotten", op("norm3", power_norm_forward, lambda g, s: (g * (s[0] / s[1]) ** 2,)),
          (normal((4, 5)), normal((3, 3)), normal(9)), "value", "x^2 in place of x |x|: wrong where x is negative"),
    Wrong("3-norm: outer root forgotten", op("norm3", power_norm_forward, lambda g, s: (g * s[0] * np.abs(s[0]),)),
          (normal((4, 5)), normal((3, 3)), normal(9)), "scale", "each row's division by the squared norm is missing",
          ("chain factor",)),
    Wrong("kinetic energy: half for m",
          op("energy", energy_forward, lambda g, s: (g * (s[1] ** 2).sum(axis=1), (g * s[0])[:, None] * s[1])),
          (normal(4, (4, 3)), normal(3, (3, 3))), "factor", "the 1/2 is missing in m's gradient, in v's it cancels"),
    Wrong("kinetic energy: one mass for all",
          op("energy", energy_forward, lambda g, s: (g * (s[1] ** 2).sum(axis=1) / 2, g[:, None] * s[0].mean() * s[1])),
          (normal(4, (4, 3)), normal(3, (3, 3))), "scale", "v's gradient takes the mean mass in place of each row's"),
]  # fmt: skip

WRONG = CELLS + COORDINATES + FORMULAS

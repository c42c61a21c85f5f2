"""Wrong ops of whole formulas in several steps: rotations, coordinates, densities, kinetics, distances, shares."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [np.asarray(rng.uniform(low, high, shape)) for shape in shapes]


def logistic(x):
    return 1 / (1 + np.exp(-x))


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


def distance_one_norm(gradient, d):
    step = gradient[..., None] * d / np.linalg.norm(d)
    return step, -step


def cosine_forward(a, b):
    na, nb = np.linalg.norm(a, axis=-1, keepdims=True), np.linalg.norm(b, axis=-1, keepdims=True)
    y = (a * b).sum(axis=-1, keepdims=True) / (na * nb)
    return y, (a, b, na, nb, y)


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
          "the gradients of the three numbers are means over t, not sums", ("factor",)),
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
    Wrong("distance: length of all", op("distance", distance_forward, distance_one_norm), VECTORS,
          "scale", "divided by the length of the whole array, not of each row", ("wrong point",)),
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

WRONG = COORDINATES + FORMULAS

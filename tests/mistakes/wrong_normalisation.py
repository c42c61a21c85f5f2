"""Wrong batch, layer, group and RMS normalisation, and normalised vectors and weights."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F

EPS = 1e-5


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


# -- batch norm of (N, C), in training -------------------------------------------------------------------------------------


def batch_norm(x, gamma, beta):
    std = np.sqrt(x.var(axis=0) + EPS)
    y = (x - x.mean(axis=0)) / std
    return gamma * y + beta, (x, y, std, gamma)


def statistics_constant(g, saved):
    _x, y, std, gamma = saved
    return g * gamma / std, (g * y).sum(0), g.sum(0)


def mean_constant(g, saved):
    _x, y, std, gamma = saved
    dy = g * gamma
    return (dy - y * (dy * y).mean(0)) / std, (g * y).sum(0), g.sum(0)


def gamma_forgotten(g, saved):
    _x, y, std, _gamma = saved
    dx = (g - g.mean(0) - y * (g * y).mean(0)) / std
    return dx, (g * y).sum(0), g.sum(0)


def gamma_gradient_from_input(g, saved):
    x, y, std, gamma = saved
    dy = g * gamma
    return (dy - dy.mean(0) - y * (dy * y).mean(0)) / std, np.sum(g * x, axis=0), g.sum(0)


def beta_gradient_mean(g, saved):
    _x, y, std, gamma = saved
    dy = g * gamma
    return (dy - dy.mean(0) - y * (dy * y).mean(0)) / std, (g * y).sum(0), g.mean(0)


def gamma_and_beta_exchanged(g, saved):
    _x, y, std, gamma = saved
    dbeta, dgamma = g.sum(axis=0), (g * y).sum(axis=0)
    dy = g * gamma
    return (dy - dy.mean(0) - y * (dy * y).mean(0)) / std, dbeta, dgamma


def saved_output_reused(g, saved):
    _x, y, std, gamma = saved
    dgamma, dbeta = (g * y).sum(0), g.sum(0)
    dy = g * gamma
    y *= (dy * y).mean(0)
    dx = dy - dy.mean(0)
    dx -= y
    return dx / std, dgamma, dbeta


def batch_norm_in_place(x, gamma, beta):
    x -= x.mean(axis=0)
    std = np.sqrt(np.mean(x**2, axis=0) + EPS)
    y = x / std
    return gamma * y + beta, (x, y, std, gamma)


def right_backward(g, saved):
    _x, y, std, gamma = saved
    dy = g * gamma
    return (dy - dy.mean(0) - y * (dy * y).mean(0)) / std, (g * y).sum(0), g.sum(0)


def batch_norm_generous(x, gamma, beta):
    var = x.var(axis=0)
    y = (x - x.mean(axis=0)) / np.sqrt(var + 0.1)
    return gamma * y + beta, (y, var, gamma)


def eps_forgotten(g, saved):
    y, var, gamma = saved
    dy = g * gamma
    return (dy - dy.mean(0) - y * (dy * y).mean(0)) / np.sqrt(var), (g * y).sum(0), g.sum(0)


def unbiased(x):
    std = x.std(axis=0, ddof=1)
    y = (x - x.mean(axis=0)) / std
    return y, (y, std)


def as_if_biased(g, saved):
    y, std = saved
    return ((g - g.mean(0) - y * (g * y).mean(0)) / std,)


# -- batch norm of (N, C, H, W) --------------------------------------------------------------------------------------------


def picture_norm(x):
    std = np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + EPS)
    y = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / std
    return y, (y, std)


def divided_by_images(g, saved):
    y, std = saved
    m = len(g)
    total = g.sum(axis=(0, 2, 3), keepdims=True)
    product = (g * y).sum(axis=(0, 2, 3), keepdims=True)
    return ((m * g - total - y * product) / (m * std),)


def running(x):
    """The evaluation mode of batch norm: fixed statistics."""
    mean, std = np.linspace(-1, 1, x.shape[1])[:, None, None], np.linspace(0.5, 2, x.shape[1])[:, None, None]
    return (x - mean) / std, ((x - mean) / std, std)


def running_as_in_training(g, saved):
    y, std = saved
    g = g - g.mean(axis=(0, 2, 3), keepdims=True) - y * (g * y).mean(axis=(0, 2, 3), keepdims=True)
    return (g / std,)


class Moving:
    """Normalises by a moving average of the batches' means, in training as well."""

    mean = 0.0

    def forward(self, x):
        self.mean = 0.9 * self.mean + 0.1 * x.mean()
        return x - self.mean, x.size

    def backward(self, g, size):
        return (g - 0.1 * g.sum() / size,)


MOVING = Moving()


def instance_norm(x):
    std = x.std(axis=(2, 3), keepdims=True)
    y = (x - x.mean(axis=(2, 3), keepdims=True)) / std
    return y, (y, std)


def instance_std_forgotten(g, saved):
    y, _std = saved
    return (g - g.mean((2, 3), keepdims=True) - y * np.mean(g * y, axis=(2, 3), keepdims=True),)


def instance_over_the_batch(g, saved):
    y, std = saved
    every = (0, 2, 3)
    return ((g - g.mean(every, keepdims=True) - y * np.mean(g * y, axis=every, keepdims=True)) / std,)


def group_norm(x):
    parts = x.reshape(len(x), 2, -1)
    std = parts.std(axis=2, keepdims=True)
    y = (parts - parts.mean(axis=2, keepdims=True)) / std
    return y.reshape(x.shape), (y.reshape(x.shape), std)


def groups_of_neighbours(g, saved):
    y, std = saved
    n, c = g.shape[:2]
    apart = [a.reshape(n, c // 2, 2, -1).swapaxes(1, 2).reshape(n, 2, -1) for a in (g, y)]
    d = (apart[0] - apart[0].mean(2, keepdims=True) - apart[1] * (apart[0] * apart[1]).mean(2, keepdims=True)) / std
    return (d.reshape(n, 2, c // 2, -1).swapaxes(1, 2).reshape(g.shape),)


# -- layer and RMS norm, over the last axis --------------------------------------------------------------------------------


def layer_norm(x, gamma):
    centred = x - x.mean(-1, keepdims=True)
    std = np.sqrt((centred**2).mean(-1, keepdims=True) + EPS)
    return centred / std * gamma, (centred / std, std, gamma)


def gamma_gradient(g, y):
    return (g * y).sum(axis=tuple(range(g.ndim - 1)))


def layer_norm_over_rows(g, saved):
    y, std, gamma = saved
    d = g * gamma
    return (d - d.mean(axis=0) - y * (d * y).mean(axis=0)) / std, gamma_gradient(g, y)


def layer_norm_plus(g, saved):
    y, std, gamma = saved
    d = g * gamma
    return (d - d.mean(-1, keepdims=True) + y * (d * y).mean(-1, keepdims=True)) / std, gamma_gradient(g, y)


def layer_norm_gamma_outside(g, saved):
    y, std, gamma = saved
    return gamma * (g - g.mean(-1, keepdims=True) - y * (g * y).mean(-1, keepdims=True)) / std, gamma_gradient(g, y)


def layer_norm_gamma_per_row(g, saved):
    y, std, gamma = saved
    d = g * gamma
    return (d - d.mean(-1, keepdims=True) - y * (d * y).mean(-1, keepdims=True)) / std, g * y


def rms_norm(x):
    r = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + EPS)
    return x * r, (x, r)


def rms_of_a_sum(g, saved):
    x, r = saved
    return (r * g - r**3 * x * (g * x).sum(-1, keepdims=True),)


def rms_first_power(g, saved):
    x, r = saved
    return (r * g - r * x * (g * x).mean(-1, keepdims=True),)


def centre(x):
    return x - x.mean(axis=-1, keepdims=True), None


def centre_plus(g, saved):
    return (g + g.mean(axis=-1, keepdims=True),)


# -- unit vectors and weights ----------------------------------------------------------------------------------------------


def unit(x):
    norm = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / norm, (x, norm)


def unit_by_input(g, saved):
    x, norm = saved
    return ((g - x * (g * x).sum(axis=-1, keepdims=True)) / norm,)


def unit_of_all_rows(g, saved):
    x, norm = saved
    y = x / norm
    return ((g - y * (g * y).sum()) / norm,)


def weight_norm(v, length):
    norm = np.sqrt((v**2).sum(axis=1, keepdims=True))
    return length[:, None] * v / norm, (v, norm, length)


def weight_norm_length(g, saved):
    v, norm, length = saved
    y = v / norm
    return (g - y * (g * y).sum(1, keepdims=True)) * length[:, None] / norm, np.einsum("oi,oi->o", g, v)


def standardised_weight(w):
    rows = w.reshape(len(w), -1)
    std = rows.std(axis=1, keepdims=True) + 1e-4
    y = (rows - rows.mean(axis=1, keepdims=True)) / std
    return y.reshape(w.shape), (y, std)


def gradient_standardised(g, saved):
    rows = g.reshape(len(g), -1)
    rows = (rows - rows.mean(1, keepdims=True)) / (rows.std(1, keepdims=True) + 1e-4)
    return (rows.reshape(g.shape),)


def standardised_then_convolved(x, w):
    def backward(g, saved):
        _y, std = saved
        rows = g.reshape(len(g), -1)
        return (((rows - rows.mean(axis=1, keepdims=True)) / std).reshape(g.shape),)

    return F.conv2d(x, op("standardise", standardised_weight, backward)(w))


def local_response(x):
    """Each channel divided by a root of its neighbours' squares, as in AlexNet."""
    wide = np.pad(x**2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    scale = 1 + 0.5 * (wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:])
    return x / scale**0.75, (x, scale)


def local_response_own(g, saved):
    x, scale = saved
    return (g * (scale**-0.75 - 0.75 * x**2 * scale**-1.75),)


BATCH = (normal((6, 3), (3,), (3,)), normal((4, 4), (4,), (4,)), normal((9, 2), (2,), (2,)))
ROWS = (normal((6, 5), (5,)), normal((4, 4), (4,)), normal((2, 3, 6), (6,)))
PICTURES = (normal((2, 3, 4, 5)), normal((3, 3, 3, 3)), normal((4, 2, 2, 2)))
VECTORS = (normal((4, 5)), normal((3, 3)), normal((2, 3, 4)))

WRONG = [
    Wrong("batch norm: statistics as constants", op("batch norm", batch_norm, statistics_constant), BATCH,
          "term missing", "mean and variance are taken for constants"),
    Wrong("batch norm: mean as a constant", op("batch norm", batch_norm, mean_constant), BATCH,
          "term missing", "the part through the mean is missing"),
    Wrong("batch norm: gamma forgotten", op("batch norm", batch_norm, gamma_forgotten), BATCH,
          "scale", "gamma is missing from the input's gradient", ("chain factor",)),
    Wrong("batch norm: gamma's gradient from the input", op("batch norm", batch_norm, gamma_gradient_from_input), BATCH,
          "wrong point", "gamma's gradient is made with the input, not the normalised input"),
    Wrong("batch norm: beta's gradient is a mean", op("batch norm", batch_norm, beta_gradient_mean), BATCH,
          "averaged", "beta's gradient is averaged over the batch", ("factor",)),
    Wrong("batch norm: gamma and beta", op("batch norm", batch_norm, gamma_and_beta_exchanged), BATCH,
          "exchanged", "the gradients of gamma and beta are exchanged"),
    Wrong("batch norm: saved output used up", op("batch norm", batch_norm, saved_output_reused), BATCH,
          "changes saved", "backward multiplies the saved normalised input in place"),
    Wrong("batch norm: input centred in place", op("batch norm", batch_norm_in_place, right_backward), BATCH,
          "changes input", "forward subtracts the mean from its input in place"),
    Wrong("batch norm: eps forgotten", op("batch norm", batch_norm_generous, eps_forgotten), BATCH,
          "wrong constant", "forward divides by sqrt(var + 0.1), backward by sqrt(var)", ("scale",)),
    Wrong("standardise: unbiased forwards, biased backwards", op("standardise", unbiased, as_if_biased),
          (normal((4, 3)), normal((3, 3)), normal((6, 2))),
          "wrong constant", "the variance's part is divided by N; forward's variance by N - 1"),
    Wrong("batch norm of pictures: N for N H W", op("picture norm", picture_norm, divided_by_images), PICTURES,
          "not averaged", "sums over N, H and W are divided by N alone", ("wrong constant", "wrong formula")),
    Wrong("batch norm in evaluation: backward of training", op("running norm", running, running_as_in_training), PICTURES,
          "term extra", "backward goes through mean and variance, which are constants here"),
    Wrong("moving average norm: mean moves on", op("moving norm", MOVING.forward, MOVING.backward), VECTORS,
          "state", "forward subtracts a moving average, which every call changes"),
    Wrong("instance norm: standard deviation forgotten", op("instance norm", instance_norm, instance_std_forgotten), PICTURES,
          "scale", "1 / std of each image and channel is missing", ("chain factor",)),
    Wrong("instance norm: means over the batch, too", op("instance norm", instance_norm, instance_over_the_batch), PICTURES,
          "summed", "backward's means are taken over the batch as well", ("wrong formula",)),
    Wrong("group norm: neighbours in different groups", op("group norm", group_norm, groups_of_neighbours),
          (normal((2, 4, 2, 3)), normal((3, 6, 2, 2)), normal((4, 4, 3, 1))),
          "groups", "backward takes channel c for one of group c % 2, not c // (C / 2)", ("permuted", "memory order")),
    Wrong("layer norm: backward's means over rows", op("layer norm", layer_norm, layer_norm_over_rows), ROWS,
          "summed", "the means in backward are taken over the first axis, not the last", ("transposed", "wrong formula")),
    Wrong("layer norm: plus for minus", op("layer norm", layer_norm, layer_norm_plus), ROWS,
          "sign of a term", "the variance's part has the wrong sign"),
    Wrong("layer norm: gamma outside", op("layer norm", layer_norm, layer_norm_gamma_outside), ROWS,
          "wrong formula", "gamma multiplies the result; it belongs inside the means", ("scale", "chain factor")),
    Wrong("layer norm: gamma's gradient for each row", op("layer norm", layer_norm, layer_norm_gamma_per_row), ROWS,
          "not summed", "gamma's gradient is not summed over rows, and has the input's shape", ("shape",)),
    Wrong("RMS norm: sum for mean", op("rms norm", rms_norm, rms_of_a_sum), VECTORS,
          "not averaged", "the second part has a sum over the axis where a mean is right"),
    Wrong("RMS norm: first power", op("rms norm", rms_norm, rms_first_power), VECTORS,
          "wrong formula", "the second part has 1 / rms where its third power is right"),
    Wrong("centring: plus the mean", op("centre", centre, centre_plus), VECTORS,
          "sign of a term", "the mean of the gradient is added; it must be subtracted"),
    Wrong("unit vectors: projected on the input", op("unit", unit, unit_by_input), VECTORS,
          "wrong point", "the input stands where the output, of length 1, should"),
    Wrong("unit vectors: sum over all rows", op("unit", unit, unit_of_all_rows), VECTORS,
          "summed", "the product of gradient and output is summed over all rows, not in each"),
    Wrong("weight norm: length's gradient", op("weight norm", weight_norm, weight_norm_length),
          (normal((3, 5), (3,)), normal((4, 4), (4,)), normal((2, 6), (2,))),
          "scale", "the length's gradient lacks 1 / |v| of each row", ("wrong point", "chain factor")),
    Wrong("standardised weight: gradient standardised", op("standardise", standardised_weight, gradient_standardised),
          (normal((3, 2, 2, 2)), normal((4, 4)), normal((2, 7))),
          "nonlinear", "backward standardises the incoming gradient"),
    Wrong("standardised weight and conv2d: variance as a constant", standardised_then_convolved,
          (normal((2, 3, 4, 4), (4, 3, 2, 2)), normal((1, 2, 3, 3), (2, 2, 3, 3))),
          "term missing", "the part through the standard deviation is missing"),
    Wrong("local response norm: neighbours forgotten", op("local response", local_response, local_response_own), PICTURES,
          "term missing", "what a channel does to its neighbours' divisors is missing"),
]  # fmt: skip

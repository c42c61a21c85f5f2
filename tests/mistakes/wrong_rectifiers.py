"""Wrong ops of the ReLU family: relu, leaky relu, prelu, relu6, elu, selu, celu, threshold, crelu, maxout, hard swish."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, by=1.0):
    """A point: a normally distributed array of each shape, times a number."""
    return lambda rng: [by * rng.standard_normal(shape) for shape in shapes]


def relu_forward(x):
    return np.maximum(x, 0), x


def leaky(slope):
    return lambda x: (np.where(x > 0, x, slope * x), x)


def prelu_forward(x, weight):
    """x (N, C, H, W), weight (C,)."""
    return np.where(x > 0, x, weight.reshape(-1, 1, 1) * x), (x, weight)


def elu_forward(x, alpha=1.7):
    y = np.where(x > 0, x, alpha * np.expm1(x))
    return y, (x, y, alpha)


ANY = (normal(20), normal((4, 6)), normal((2, 3, 4, 5)))
MANY = (normal(40), normal((5, 8)), normal((2, 3, 4, 5)))
LARGE = (normal(30, by=8), normal((4, 10), by=5), normal((2, 3, 4, 4), by=8))  # beyond 6
PRELU = (normal((2, 3, 4, 4), 3), normal((4, 5, 3, 2), 5), normal((3, 3, 3, 3), 3))

# -- relu -----------------------------------------------------------------------------------------------------------------


def relu_inverted(gradient, dead):
    result = np.zeros_like(gradient)
    result[dead] = gradient[dead]
    return (result,)


def relu_guided(gradient, x):
    return (np.where((x > 0) & (gradient > 0), gradient, 0),)


def relu_over_its_input(x):
    np.maximum(x, 0, out=x)
    return x.copy(), x > 0


def relu_loop(gradient, x):
    """Element by element, but the mask is asked at the next one."""
    result, flat, signal = np.zeros(x.size), x.ravel(), gradient.ravel()
    for i in range(x.size):
        if flat[i - 1] > 0:
            result[i] = signal[i]
    return (result.reshape(x.shape),)


def crelu_forward(x):
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=1), x


def crelu_sign(gradient, x):
    up, down = np.split(gradient, 2, axis=1)
    return (up * (x > 0) + down * (x < 0),)


def crelu_exchanged(gradient, x):
    down, up = np.split(gradient, 2, axis=1)
    return (up * (x > 0) - down * (x < 0),)


def maxout_forward(x, pieces=3):
    """(N, C * pieces) -> (N, C): of each unit's pieces the largest."""
    groups = x.reshape(len(x), -1, pieces)
    return groups.max(axis=2), (x.shape, groups)


def maxout_to_all(gradient, saved):
    shape, groups = saved
    return (np.repeat(gradient, groups.shape[2], axis=1).reshape(shape),)


def maxout_layout(gradient, saved):
    shape, groups = saved
    winner = groups == groups.max(axis=2, keepdims=True)
    return ((winner * gradient[:, :, None]).transpose(0, 2, 1).reshape(shape),)


def maxout_smallest(gradient, saved):
    shape, groups = saved
    result = np.zeros_like(groups)
    np.put_along_axis(result, groups.argmin(axis=2)[:, :, None], gradient[:, :, None], axis=2)
    return (result.reshape(shape),)


def rrelu_backward(gradient, x):
    slopes = np.random.default_rng().uniform(0.1, 0.4, x.shape)
    return (np.where(x > 0, gradient, slopes * gradient),)


RELU = [
    Wrong("relu: y >= 0 of the output", op("relu", lambda x: (np.maximum(x, 0),) * 2, lambda g, y: (g * (y >= 0),)), ANY,
          "no mask", "the mask asks whether the output is >= 0, which it always is: all of the gradient passes"),
    Wrong("relu: gradient kept where dead", op("relu", lambda x: (x * (x > 0), x <= 0), relu_inverted), ANY,
          "inverted mask", "the saved mask of dead units is taken for the mask of living ones"),
    Wrong("relu: guided backpropagation", op("relu", relu_forward, relu_guided), ANY,
          "nonlinear", "negative incoming gradients are dropped, beside those where x <= 0", ("wrong mask",)),
    Wrong("relu: the mask is the gradient", op("relu", relu_forward, lambda g, x: ((x > 0).astype(float),)), ANY,
          "ones", "the incoming gradient is not multiplied in: the derivative alone is returned"),
    Wrong("relu: mask by truncation", op("relu", relu_forward, lambda g, x: (g * (x.astype(int) > 0),)), ANY,
          "wrong mask", "the cast to int truncates, so that nothing passes where 0 < x < 1"),
    Wrong("relu: first row's mask for all", op("relu", relu_forward, lambda g, x: (g * (x[:1] > 0),)), ANY[1:],
          "wrong mask", "every row of the batch is masked by the signs of the first"),
    Wrong("relu: loop with the mask one off", op("relu", relu_forward, relu_loop), ANY,
          "wrong mask", "the mask is looked up one element too early", ("shifted",)),
    Wrong("relu: out= is the input", op("relu", relu_over_its_input, lambda g, mask: (g * mask,)), ANY,
          "changes input", "forward writes its result into x"),
    Wrong("relu squared: only 2 (x > 0)", op("relu2", lambda x: (np.maximum(x, 0) ** 2, x), lambda g, x: (2 * g * (x > 0),)),
          ANY, "chain factor", "the derivative of the square, 2 relu(x), lost its relu(x)"),
    Wrong("relu and residual: skip counted twice",
          op("residual", lambda x: (x + np.maximum(x, 0), x > 0), lambda g, alive: (g + g * alive + g,)),
          ANY, "term extra", "x + relu(x) has the derivative 1 + mask, here 2 + mask", ("summed",)),
]  # fmt: skip

LEAKY = [
    Wrong("leaky relu: relu's backward", op("leaky", leaky(0.2), lambda g, x: (g * (x > 0),)), ANY,
          "value", "nothing passes where x < 0, where the slope should", ("wrong constant", "wrong mask")),
    Wrong("leaky relu: another slope", op("leaky", leaky(0.2), lambda g, x: (np.where(x > 0, g, 0.01 * g),)), ANY,
          "wrong constant", "backward uses the slope 0.01, forward 0.2", ("value",)),
    Wrong("leaky relu: branches exchanged", op("leaky", leaky(0.1), lambda g, x: (np.where(x > 0, 0.1 * g, g),)), ANY,
          "inverted mask", "the slope is applied where x > 0, and 1 where x < 0"),
    Wrong("leaky relu: of the gradient", op("leaky", leaky(0.1), lambda g, x: (np.where(g > 0, g, 0.1 * g),)), ANY,
          "nonlinear", "the branch is chosen by the incoming gradient's sign in place of x's", ("wrong mask",)),
    Wrong("leaky relu: minus the slope", op("leaky", leaky(0.3), lambda g, x: (g * np.where(x > 0, 1, -0.3),)), ANY,
          "value", "where x < 0, the derivative is -0.3 instead of 0.3", ("wrong constant", "sign of a term")),
    Wrong("leaky relu: slope added everywhere", op("leaky", leaky(0.25), lambda g, x: (g * (x > 0) + 0.25 * g,)), ANY,
          "value", "the slope's term is not masked by x < 0: 1.25 instead of 1 where x > 0", ("no mask", "term extra")),
    Wrong("leaky relu: slope squared", op("leaky", lambda x: (np.maximum(x, 0.5 * x),) * 2,
                                          lambda g, y: (np.where(y > 0, g, 0.5 * 0.5 * g),)),
          ANY, "value", "where x < 0 the slope is multiplied in twice", ("wrong constant",)),
    Wrong("rrelu: slopes drawn anew", op("rrelu", lambda x: (np.where(x > 0, x, 0.25 * x), x), rrelu_backward), ANY,
          "random", "backward draws new random slopes instead of forward's", ("wrong constant", "value")),
    Wrong("prelu: weight without mask",
          op("prelu", prelu_forward,
                lambda g, s: (g * np.where(s[0] > 0, 1, s[1].reshape(-1, 1, 1)), (g * s[0]).sum((0, 2, 3)))), PRELU, "no mask",
          "the weight's gradient sums g x over all elements, not only over those where x < 0"),
    Wrong("prelu: weight from the living",
          op("prelu", prelu_forward, lambda g, s: (np.where(s[0] > 0, g, g * s[1].reshape(-1, 1, 1)),
                                                   np.einsum("nchw,nchw,nchw->c", g, s[0], (s[0] > 0).astype(float)))),
          PRELU, "inverted mask", "the weight's gradient is summed where x > 0 instead of where x < 0"),
    Wrong("prelu: one sum a sample",
          op("prelu", prelu_forward, lambda g, s: (np.where(s[0] > 0, g, g * s[1].reshape(-1, 1, 1)),
                                                   (g * np.minimum(s[0], 0)).sum((1, 2, 3)))),
          (normal((3, 3, 3, 3), 3), normal((4, 4, 2, 3), 4)),
          "transposed", "batch = channels: the weight's gradient is summed over channels, and kept for each sample",
          ("summed", "not summed", "permuted")),
    Wrong("prelu: weight averaged over the batch",
          op("prelu", prelu_forward, lambda g, s: (np.where(s[0] > 0, g, g * s[1].reshape(-1, 1, 1)),
                                                   (g * np.minimum(s[0], 0)).sum((2, 3)).mean(0))),
          PRELU, "averaged", "the weight's gradient is divided by the batch size", ("factor",)),
    Wrong("prelu: first weight for all channels",
          op("prelu", prelu_forward,
                lambda g, s: (np.where(s[0] > 0, g, g * s[1][0]), (g * np.minimum(s[0], 0)).sum((0, 2, 3)))), PRELU, "scale",
          "x's gradient takes the slope of channel 0 in all channels", ("value", "wrong constant")),
]  # fmt: skip

CAPPED = [
    Wrong("relu6: the 6 forgotten", op("relu6", lambda x: (np.clip(x, 0, 6), x), lambda g, x: (g * (x > 0),)), LARGE,
          "wrong mask", "only x > 0 is asked, so that the gradient passes above 6", ("no mask", "value")),
    Wrong("relu6: or for and", op("relu6", lambda x: (np.minimum(np.maximum(x, 0), 6), x),
                                  lambda g, x: (np.where((x > 0) | (x < 6), g, 0),)),
          LARGE, "no mask", "the two conditions are joined by or: one always holds"),
    Wrong("hard sigmoid: limits of the output", op("hard sigmoid", lambda x: (np.clip(x / 6 + 0.5, 0, 1), x),
                                                   lambda g, x: (g / 6 * ((x > 0) & (x < 1)),)),
          LARGE, "wrong mask", "x is compared with 0 and 1, the limits of the output; its own are -3 and 3", ("wrong point",)),
    Wrong("hard sigmoid: 1/6 forgotten", op("hard sigmoid", lambda x: (np.clip(x / 6 + 0.5, 0, 1),) * 2,
                                            lambda g, y: (g * ((y > 0) & (y < 1)),)),
          LARGE, "factor", "the slope 1/6 is missing"),
    Wrong("hard swish: the gate alone", op("hard swish", lambda x: (x * np.clip(x + 3, 0, 6) / 6, x),
                                           lambda g, x: (g * np.clip(x + 3, 0, 6) / 6,)),
          LARGE, "term missing", "product rule: x times the gate's derivative is missing"),
    Wrong("hard swish: parabola above 3", op("hard swish", lambda x: (x * np.clip(x + 3, 0, 6) / 6, x),
                                             lambda g, x: (np.where(x < -3, 0, g * (2 * x + 3) / 6),)),
          LARGE, "value", "(2 x + 3) / 6 is used above 3, too, where the derivative is 1", ("wrong mask", "no mask")),
    Wrong("hard swish: minus 1/2", op("hard swish", lambda x: (x * np.clip(x + 3, 0, 6) / 6, x),
                                      lambda g, x: (g * np.select([x <= -3, x < 3], [0, x / 3 - 0.5], 1),)),
          LARGE, "sign of a term", "between -3 and 3 the derivative is x / 3 + 1/2, not - 1/2", ("value",)),
    Wrong("hard swish: zero where x < 0",
          op("hard swish", lambda x: (x * np.clip(x + 3, 0, 6) / 6, x),
                lambda g, x: (np.piecewise(x, [x < 0, x > 3], [0, 1, lambda v: v / 3 + 0.5]) * g,)), LARGE, "value",
          "as for relu nothing passes where x < 0; it should down to -3", ("wrong mask",)),
    Wrong("threshold: mask at 0", op("threshold", lambda x: (np.where(x > 0.7, x, 0.1), x), lambda g, x: (g * (x > 0),)), MANY,
          "wrong mask", "forward cuts at 0.7, backward at 0", ("wrong constant",)),
    Wrong("threshold: mask of the output",
          op("threshold", lambda x: (np.where(x > 0.5, x, 2.0),) * 2, lambda g, y: (g * (y > 0.5),)), ANY, "no mask",
          "the output, 2 where it was replaced, is above the threshold everywhere", ("wrong point", "wrong mask")),
]  # fmt: skip

EXPONENTIAL = [
    Wrong("elu: y for y + alpha", op("elu", elu_forward, lambda g, s: (g * np.where(s[0] > 0, 1, s[1]),)), ANY,
          "value", "where x < 0 the derivative is y + alpha; alpha is missing", ("term missing",)),
    Wrong("elu: exp without alpha", op("elu", elu_forward, lambda g, s: (g * np.where(s[0] > 0, 1, np.exp(s[0])),)), ANY,
          "value", "where x < 0 the factor alpha = 1.7 is missing", ("wrong constant",)),
    Wrong("elu: exp of the output", op("elu", elu_forward, lambda g, s: (g * np.where(s[0] > 0, 1, s[2] * np.exp(s[1])),)), ANY,
          "wrong point", "where x < 0 the exponential is taken of y, not of x", ("value",)),
    Wrong("elu: min(exp, 1) forgotten", op("elu", elu_forward, lambda g, s: (g * s[2] * np.exp(s[0]),)), ANY,
          "value", "alpha exp(x) is used where x > 0, too, where the derivative is 1", ("no mask",)),
    Wrong("selu: scale forgotten", op("selu", lambda x: (1.0507 * np.where(x > 0, x, 1.6733 * np.expm1(x)), x),
                                      lambda g, x: (g * np.where(x > 0, 1, 1.6733 * np.exp(x)),)),
          ANY, "factor", "the factor 1.0507 of both branches is missing"),
    Wrong("selu: scale inside the exponential",
          op("selu", lambda x: (1.0507 * np.where(x > 0, x, 1.6733 * np.expm1(x)), x),
                lambda g, x: (1.0507 * g * np.where(x > 0, 1, 1.6733 * np.exp(1.0507 * x)),)), ANY, "value",
          "where x < 0 the exponential is taken of 1.0507 x", ("wrong point", "wrong constant")),
    Wrong("celu: exp(x) for exp(x / alpha)",
          op("celu", lambda x: (np.where(x > 0, x, 2.5 * np.expm1(x / 2.5)), x), lambda g, x: (g * np.exp(np.minimum(x, 0)),)),
          ANY, "value", "where x < 0 the division by alpha = 2.5 is missing in the exponent",
          ("wrong constant", "wrong point")),
]  # fmt: skip

PIECES = [
    Wrong("crelu: both halves added", op("crelu", crelu_forward, crelu_sign), (normal((4, 3)), normal((2, 3, 4, 4))),
          "sign of a term", "relu(-x) has the derivative -1 where x < 0, here 1", ("value",)),
    Wrong("crelu: halves exchanged", op("crelu", crelu_forward, crelu_exchanged), (normal((4, 3)), normal((2, 3, 4, 4))),
          "exchanged", "the gradients of the two halves of the output are taken for each other's", ("permuted", "shifted")),
    Wrong("maxout: to all pieces", op("maxout", maxout_forward, maxout_to_all),
          (normal((4, 6)), normal((3, 9)), normal((1, 12))), "no mask", "every piece gets the gradient, not only the largest"),
    Wrong("maxout: pieces first", op("maxout", maxout_forward, maxout_layout),
          (normal((4, 6)), normal((3, 9)), normal((1, 12))), "memory order",
          "forward reads (units, pieces), backward writes (pieces, units)", ("transposed", "permuted")),
    Wrong("maxout: to the smallest", op("maxout", maxout_forward, maxout_smallest), (normal((4, 6)), normal((3, 9))),
          "other place", "argmin for argmax: the smallest piece gets the gradient", ("inverted mask",)),
]  # fmt: skip

WRONG = RELU + LEAKY + CAPPED + EXPONENTIAL + PIECES

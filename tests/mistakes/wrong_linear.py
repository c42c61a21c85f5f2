"""Wrong linear layers, perceptrons and linear regressions: weights, biases, batches."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


# -- y = x w' + b, weight (O, I) as in PyTorch ----------------------------------------------------------------------------


def linear(x, w, b):
    return x @ w.T + b, (x, w)


def mean_bias(g, saved):
    x, w = saved
    return g @ w, g.T @ x, g.mean(axis=0)


def weight_not_turned(g, saved):
    x, w = saved
    return g @ w, x.T @ g, g.sum(axis=0)


def input_through_transposed(g, saved):
    x, w = saved
    return np.dot(g, w.T), np.einsum("no,ni->oi", g, x), g.sum(0)


def bias_along_features(g, saved):
    x, w = saved
    return g @ w, g.T @ x, np.sum(g, axis=1)


def bias_of_first_sample(g, saved):
    x, w = saved
    return g @ w, g.T @ x, g[0]


def no_bias_gradient(g, saved):
    x, w = saved
    db = np.zeros(g.shape[1])
    return g @ w, g.T @ x, db


def bias_counts(g, saved):
    x, w = saved
    return g @ w, g.T @ x, np.ones((1, len(x))).dot(np.ones_like(g))[0]


def decayed(g, saved):
    x, w = saved
    dw = g.T @ x
    dw += 0.1 * w
    return g @ w, dw, g.sum(0)


def single_precision(g, saved):
    x, w = saved
    dw = np.dot(g.astype(np.float32).T, x.astype(np.float32))
    return g @ w, dw.astype(g.dtype), g.sum(0)


# -- y = x w, weight (I, O), with and without a time axis -----------------------------------------------------------------


def product(x, w):
    return x @ w, (x, w)


def laid_out_anew(g, saved):
    x, w = saved
    return g @ w.T, (g.T @ x).reshape(w.shape)


def last_sequence_only(g, saved):
    x, w = saved
    dx = np.zeros_like(x)
    for n in range(len(x)):
        dx[n] = g[n] @ w.T
        dw = x[n].T @ g[n]
    return dx, dw


def mean_over_sequences(g, saved):
    x, w = saved
    return g @ w.T, np.einsum("nti,nto->io", x, g) / x.shape[0]


def whole_chunks(g, saved, size=4):
    x, w = saved
    dw = np.zeros_like(w)
    for start in range(0, len(x) - size + 1, size):
        rows = slice(start, start + size)
        dw += x[rows].T @ g[rows]
    return g @ w.T, dw


def halved(x, w):
    return 0.5 * (x @ w), (x, w)


def halved_in_place(g, saved):
    x, w = saved
    g *= 0.5
    return g @ w.T, x.T @ g


def equalised(x, w):
    gain = np.sqrt(2 / w.shape[0])
    return x @ (w * gain), (x, w, gain)


def gain_forgotten(g, saved):
    x, w, gain = saved
    return g @ (w * gain).T, x.T @ g


def pruned(x, w):
    keep = np.random.default_rng(w.size).random(w.shape) < 0.6
    return x @ np.where(keep, w, 0), (x, w, keep)


def pruned_weights_learn(g, saved):
    x, w, keep = saved
    return g @ (w * keep).T, x.T @ g


def relu_layer(x, w, b):
    z = x @ w + b
    return np.where(z > 0, z, 0), (x, w, z > 0)


def bias_before_mask(g, saved):
    x, w, on = saved
    db = g.sum(axis=0)
    g = g * on
    return g @ w.T, x.T @ g, db


def channels_last(x, w):
    flat = x.transpose(0, 2, 3, 1).reshape(len(x), -1)
    return flat @ w, (flat, w, x.shape)


def channels_first_again(g, saved):
    flat, w, shape = saved
    return (g @ w.T).reshape(shape), flat.T @ g


def joined(x, h, w):
    both = np.concatenate([x, h], axis=1)
    return both @ w, (x, h, w)


def joined_the_other_way(g, saved):
    x, h, w = saved
    d = g @ w.T
    return d[:, : x.shape[1]], d[:, x.shape[1] :], np.concatenate([h, x], axis=1).T @ g


# -- more than one layer ---------------------------------------------------------------------------------------------------


def perceptron(x, w1, w2):
    z = x @ w1
    h = np.tanh(z)
    return h @ w2, (x, w1, w2, z, h)


def tanh_of_what_went_in(g, saved):
    x, w1, w2, z, h = saved
    dz = (g @ w2.T) * (1 - z**2)
    return dz @ w1.T, x.T @ dz, h.T @ g


def low_rank(x, w, a, b):
    return x @ w + x @ a @ b, (x, w, a, b)


def low_rank_exchanged(g, saved):
    x, w, a, b = saved
    da = x.T @ (g @ b.T)
    db = (x @ a).T @ g
    return g @ w.T + g @ b.T @ a.T, x.T @ g, db, da


def low_rank_frozen(g, saved):
    x, w, a, b = saved
    return g @ w.T, x.T @ g, x.T @ g @ b.T, (x @ a).T @ g


def autoencoder(x, w):
    h = np.tanh(x @ w)
    return h @ w.T, (x, w, h)


def only_the_decoder(g, saved):
    _x, w, h = saved
    dz = (g @ w) * (1 - h * h)
    return dz @ w.T, g.T @ h


# -- least squares ---------------------------------------------------------------------------------------------------------


def residual(x, w, y):
    return y - x @ w, (x, w)


def residual_uphill(g, saved):
    x, w = saved
    return -np.outer(g, w), x.T @ g, g


def squares(x, w, y):
    r = x @ w - y
    return np.mean(r**2), (x, w, r)


def squares_not_divided(g, saved):
    x, w, r = saved
    return g * 2 * np.outer(r, w) / len(r), 2 * g * (x.T @ r), -g * 2 * r / len(r)


def ridge(x, w):
    z = x @ w
    return 0.5 * np.sum(z * z) + 0.5 * np.sum(w * w), (x, w, z)


def ridge_without_penalty(g, saved):
    x, w, z = saved
    return g * np.outer(z, w), g * (x.T @ z)


LAYER = (normal((3, 5), (4, 5), (4,)), normal((6, 2), (2, 2), (2,)), normal((4, 4), (4, 4), (4,)))
SQUARE = (normal((3, 4), (4, 4), (4,)), normal((6, 6), (6, 6), (6,)), normal((7, 2), (2, 2), (2,)))
PRODUCT = (normal((5, 3), (3, 4)), normal((2, 6), (6, 2)), normal((7, 7), (7, 7)))
SEQUENCES = (normal((2, 3, 4), (4, 5)), normal((3, 3, 3), (3, 3)), normal((4, 1, 2), (2, 6)))
LOW_RANK = (normal((5, 4), (4, 4), (4, 4), (4, 4)), normal((3, 3), (3, 3), (3, 3), (3, 3)))
SQUARES = (normal((6, 3), (3,), (6,)), normal((4, 4), (4,), (4,)), normal((9, 1), (1,), (9,)))

WRONG = [
    Wrong("linear: bias gradient is a mean", op("linear", linear, mean_bias), LAYER,
          "averaged", "the bias' gradient is averaged over the batch instead of summed", ("factor",)),
    Wrong("linear: square weight's gradient transposed", op("linear", linear, weight_not_turned), SQUARE,
          "transposed", "the weight's gradient is x.T @ g where g.T @ x is right"),
    Wrong("linear: input's gradient through w.T", op("linear", linear, input_through_transposed), SQUARE,
          "transposed", "the input's gradient is g @ w.T where g @ w is right"),
    Wrong("linear: bias gradient summed along features", op("linear", linear, bias_along_features),
          (normal((4, 3), (4, 3), (4,)), normal((6, 2), (6, 2), (6,)), normal((2, 5), (2, 5), (2,))),
          "summed", "the bias' gradient is summed over features, not over the (as long) batch", ("transposed", "not summed")),
    Wrong("linear: bias gradient of the first sample", op("linear", linear, bias_of_first_sample), LAYER,
          "not summed", "the bias' gradient is that of the first sample; the other samples' are lost", ("left out",)),
    Wrong("linear: bias never learns", op("linear", linear, no_bias_gradient), LAYER,
          "zero", "the bias' gradient is zero"),
    Wrong("linear: bias gradient counts samples", op("linear", linear, bias_counts), LAYER,
          "ones", "the bias' gradient is the number of samples, whatever the incoming gradient is"),
    Wrong("linear: weight decay in backward", op("linear", linear, decayed), LAYER,
          "term extra", "0.1 w is added to the weight's gradient"),
    Wrong("linear: weight gradient in float32", op("linear", linear, single_precision), LAYER,
          "precision", "the weight's gradient is computed in float32"),
    Wrong("linear: weight gradient reshaped, not transposed", op("linear", product, laid_out_anew),
          (normal((5, 3), (3, 4)), normal((2, 6), (6, 2)), normal((3, 2), (2, 7))),
          "memory order", "the weight's gradient is computed as (O, I) and reshaped to (I, O)", ("transposed",)),
    Wrong("linear: gradient of the last sequence", op("linear", product, last_sequence_only), SEQUENCES,
          "overwritten", "the weight's gradient is assigned for each sequence of the batch, so that the last one's remains",
          ("not summed", "left out")),
    Wrong("linear: gradient is a mean over sequences", op("linear", product, mean_over_sequences), SEQUENCES,
          "averaged", "the weight's gradient is divided by the batch size", ("factor",)),
    Wrong("linear: rows after the last whole chunk", op("linear", product, whole_chunks),
          (normal((6, 3), (3, 4)), normal((5, 5), (5, 5)), normal((11, 2), (2, 1))),
          "left out", "the batch is handled in chunks of 4 rows; the rest never reaches the weight's gradient",
          ("not summed",)),
    Wrong("linear: gradient halved in place", op("halved linear", halved, halved_in_place), PRODUCT,
          "changes gradient", "backward multiplies the incoming gradient by 0.5 in place"),
    Wrong("equalised linear: gain forgotten", op("equalised linear", equalised, gain_forgotten),
          (normal((5, 3), (3, 4)), normal((4, 6), (6, 2)), normal((7, 7), (7, 7))),
          "factor", "the weight's gradient lacks the constant sqrt(2 / I) that forward multiplies by"),
    Wrong("pruned linear: pruned weights learn", op("pruned linear", pruned, pruned_weights_learn),
          (normal((5, 3), (3, 4)), normal((3, 6), (6, 2)), normal((7, 5), (5, 5))),
          "no mask", "weights that forward sets to zero get a gradient", ("independent",)),
    Wrong("linear and relu: bias gradient before the mask", op("relu layer", relu_layer, bias_before_mask),
          (normal((6, 3), (3, 4), (4,)), normal((4, 4), (4, 4), (4,)), normal((9, 2), (2, 3), (3,))),
          "no mask", "the bias' gradient is summed before it is masked by z > 0"),
    Wrong("flatten and linear: channels last, and back as first", op("classify", channels_last, channels_first_again),
          (normal((2, 3, 2, 2), (12, 4)), normal((3, 2, 1, 3), (6, 3)), normal((2, 3, 3, 3), (27, 2))),
          "memory order", "forward flattens in the order H, W, C; backward reshapes to (N, C, H, W) without a transpose",
          ("permuted",)),
    Wrong("linear of two joined inputs: weight's halves swapped", op("joined", joined, joined_the_other_way),
          (normal((5, 3), (5, 3), (6, 4)), normal((2, 4), (2, 2), (6, 6)), normal((8, 1), (8, 2), (3, 5))),
          "permuted", "the rows of the weight's gradient that belong to x and to h are in each other's places"),
    Wrong("perceptron: tanh' of the wrong array", op("perceptron", perceptron, tanh_of_what_went_in),
          (normal((5, 3), (3, 4), (4, 2)), normal((4, 4), (4, 4), (4, 4)), normal((6, 1), (1, 7), (7, 1))),
          "wrong point", "1 - tanh(z)**2 is computed as 1 - z**2"),
    Wrong("low-rank linear: gradients of the two factors", op("low rank", low_rank, low_rank_exchanged), LOW_RANK,
          "exchanged", "the gradients of the two (square) low-rank factors are exchanged"),
    Wrong("low-rank linear: input's gradient through w alone", op("low rank", low_rank, low_rank_frozen),
          (*LOW_RANK, normal((5, 4), (4, 6), (4, 2), (2, 6))),
          "term missing", "the input's gradient lacks the path through the low-rank factors"),
    Wrong("tied autoencoder: weight used twice", op("autoencoder", autoencoder, only_the_decoder),
          (normal((5, 3), (3, 2)), normal((4, 4), (4, 4)), normal((2, 6), (6, 3))),
          "term missing", "the weight's gradient lacks its use in the encoder"),
    Wrong("residual of a regression: minus forgotten", op("residual", residual, residual_uphill), SQUARES,
          "sign", "the gradient of the coefficients lacks its minus"),
    Wrong("mean of squares: coefficients not divided", op("squares", squares, squares_not_divided), SQUARES,
          "not averaged", "the gradient of the coefficients is not divided by the number of samples", ("factor",)),
    Wrong("ridge regression: penalty has no gradient", op("ridge", ridge, ridge_without_penalty),
          (normal((6, 3), (3,)), normal((4, 4), (4,)), normal((3, 7), (7,))),
          "term missing", "the penalty's summand w is missing from the coefficients' gradient"),
]  # fmt: skip

"""An exercise on the backward pass of batch normalisation."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_layers, drawn_numbers
from minimix.course.exercises.features import Condition, features, pictures
from minimix.course.ways import gradients
from minimix.ops.norm import BATCH_NORM


def _batch_norm_backward(gradient, x, weight, eps):
    _, saved = BATCH_NORM.forward(x, weight, np.zeros_like(weight), training=True, eps=eps)
    to_x, to_weight, to_bias = BATCH_NORM.backward(gradient, saved)
    return {"grad_x": to_x, "grad_weight": to_weight, "grad_bias": to_bias}


def _layers(rng):
    for n, c, h, w, eps in [
        (2, 1, 1, 1, 0.5), (3, 1, 1, 1, 0.1), (1, 1, 1, 3, 0.3), (1, 1, 2, 2, 1.0), (3, 2, 1, 1, 0.2), (2, 1, 1, 2, 0.5),
        (2, 2, 1, 2, 0.1), (2, 1, 2, 2, 0.3), (2, 2, 2, 2, 0.5), (1, 3, 2, 3, 0.2), (4, 2, 1, 2, 0.01), (2, 3, 2, 3, 0.4),
        (3, 2, 3, 2, 0.05), (3, 3, 3, 3, 0.2), (2, 4, 3, 5, 0.3),
    ]:  # fmt: skip
        x = (rng.integers(-9, 10, (n, c, h, w)) / 4 + np.arange(c)[:, None, None] + rng.normal(0, 0.3, (n, c, h, w))).round(2)
        weight = rng.choice([0.5, 1.5, 2.0, -0.8], c) + 0.1 * np.arange(c)
        yield {"gradient": rng.normal(0, 2, (n, c, h, w)).round(1) + 0.05, "x": x, "weight": weight, "eps": eps}
    far = 200 + rng.integers(-12, 13, (3, 2, 4, 4)) / 8  # a mean much larger than the spread
    yield {"gradient": rng.normal(size=far.shape), "x": far, "weight": np.array([1.5, -0.5]), "eps": 0.01}
    for weight in ([0.0, 1.25, -2.0], [0.0, 0.0]):  # weights may be 0
        shape = (2, len(weight), 3, 4)
        yield {"gradient": rng.normal(size=shape), "x": rng.normal(1, 2, shape), "weight": np.array(weight), "eps": 0.1}
    turned = rng.normal(1, 2, (3, 4, 5, 2)).transpose(3, 0, 1, 2)
    yield {"gradient": rng.normal(size=turned.shape), "x": turned, "weight": rng.normal(size=3), "eps": 1e-5}
    yield from drawn_layers.norms(rng)


def _broad(rng):
    yield from drawn_numbers.otherwise(list(_layers(rng)), "gradient", "x", "weight")
    x, gradient = rng.normal(2, 3, (3, 2, 15, 14)), rng.normal(size=(3, 2, 15, 14))
    yield {"gradient": gradient, "x": x, "weight": rng.normal(size=2), "eps": 0.01}
    for gradient, x in (([2.0, -1.5], [3.0, -0.5]), ([[4.0]], [[0.0]])):  # one value in each channel: it is its own mean
        gradient, x = (np.reshape(a, (1, -1, 1, 1)) for a in (gradient, x))
        yield {"gradient": gradient, "x": x, "weight": np.array([0.5, -2.0])[: x.shape[1]], "eps": 0.2}
    yield from drawn_numbers.one_other(list(_layers(rng))[8], eps=(0.03, 0.3, 3.0))


def _called(function, case):
    """A batch norm in training may refuse a channel of a single value, as those of libraries do."""
    try:
        return function(*case.values())
    except ValueError:
        if case["x"][:, 0].size > 1:
            raise
        return _batch_norm_backward(*case.values())


PIXELS = (0, 2, 3)  # all axes but the channels


def built(
    axes=PIXELS, less=0, eps=lambda eps: eps, variance=lambda x, axes: x.var(axis=axes, keepdims=True), scale=None,
    straight=1.0,
    mean_term=1.0, variance_term=1.0, before=lambda w: w, mean_weight=None, variance_weight=None,
    variance_factor=None, outer=lambda s: s, final=None,
    to_weight=lambda g, normalised, x, w: (g * normalised).sum(axis=PIXELS), to_bias=lambda g, w: g.sum(axis=PIXELS),
    mean=np.mean,
    returned=lambda *results: results, centre=lambda x, axes: x - x.mean(axis=axes, keepdims=True), hat=None,
):  # fmt: skip
    """f(gradient, x, weight, eps) -> gradients of (x, weight, bias), the right one where no part is given.

    axes: over which the statistics are taken. less: what the variance divides by less. eps, variance, centre: of (eps) and of
    (x, axes). scale: 1 / standard deviation, of (variance, eps). straight, mean_term,
     variance_term: factors of the three terms.
    before: the weight on the gradient's way back; mean_weight,
    variance_weight: another one in these terms. variance_factor: of the
    third, of 1 / standard deviation. outer: the factor in
    front, of 1 / standard deviation. mean: over the axes. hat: the normalised x in the third term, of (normalised, x). final:
    what becomes of the gradient of x, of (it, gradient, x). to_weight, to_bias: the other two. returned: of the three results.
    """

    def function(gradient, x, weight, given):
        w = weight[:, None, None]
        count = np.prod([x.shape[axis] for axis in axes])
        centred, small = centre(x, axes), eps(given)
        if count == less:
            raise ZeroDivisionError("a variance of a single value, less one")
        spread = variance(x, axes) * (count / (count - less) if less else 1.0)
        inverse = scale(spread, small) if scale else 1 / np.sqrt(spread + small)
        normalised = centred * inverse
        third = hat(normalised, x) if hat else normalised
        g, h, q = (gradient * (part or before)(w) for part in (None, mean_weight, variance_weight))
        to_x = straight * g - mean_term * mean(h, axis=axes, keepdims=True)
        third_factor = variance_term * (variance_factor(inverse) if variance_factor else 1.0)
        to_x = (to_x - third_factor * third * mean(q * third, axis=axes, keepdims=True)) * outer(inverse)
        to_x = final(to_x, gradient, x) if final else to_x
        return returned(to_x, to_weight(gradient, normalised, x, weight), to_bias(gradient, weight))

    return function


def _sums_of_first_image(g):
    return g[:1].sum(axis=PIXELS)


def _squares(x, axes):
    """Half of the digits are lost: the mean of squares less the square of the mean, in float32."""
    x = x.astype(np.float32)
    return (x * x).mean(axis=axes, keepdims=True) - x.mean(axis=axes, keepdims=True) ** 2


def _from_memory(gradient, x, weight, eps):
    """What lies in memory is taken for (C, N, H, W)."""
    n, c, h, w = x.shape
    parts = (array.reshape(c, n, h, w).swapaxes(0, 1) for array in (gradient, x))
    to_x, *others = built()(*parts, weight, eps)
    return to_x.swapaxes(0, 1).reshape(x.shape), *others


def _single_value(gradient, x, weight, eps):
    to_x, to_weight, to_bias = built()(gradient, x, weight, eps)
    return gradient * weight[:, None, None] if x[:, 0].size == 1 else to_x, to_weight, to_bias


def _channel(to_x, first: bool):
    kept = np.zeros_like(to_x)
    kept[:, 0 if first else -1] = to_x[:, 0 if first else -1]
    return kept


def _only(result, index):
    kept = np.zeros_like(result)
    kept[index] = result[index]
    return kept


_make = altered(built)

BATCH_NORM_BACKWARD = Exercise(
    "batch_norm_backward",
    _batch_norm_backward,
    _layers,
    (
        _make("mean and variance taken for constants", "The gradient of x treats the batch's mean and variance as given "
              "numbers. Both depend on every pixel of x: move one, and all outputs of the channel move.", mean_term=0.0,
              variance_term=0.0),
        _make("the variance's term is missing", "In the gradient of x the way through the variance is missing. The right one "
              "is 0 in all when multiplied by x and summed (for eps = 0): is yours?", variance_term=0.0),
        _make("the mean's term is missing", "In the gradient of x the way through the mean is missing. The right one sums to 0 "
              "over each channel: does yours?", mean_term=0.0),
        _make("the straight term is missing", "In the gradient of x the straight way is missing: only those through mean and "
              "variance are there.", straight=0.0),
        _make("the variance's term has the wrong sign", "The way through the variance is added to the gradient of x, where it "
              "should be subtracted.", variance_term=-1.0),
        _make("the mean's term has the wrong sign", "The way through the mean is added to the gradient of x, where it should "
              "be subtracted.", mean_term=-1.0),
        _make("both terms have the wrong sign", "The ways through mean and variance are added to the gradient of x, where they "
              "should be subtracted.", mean_term=-1.0, variance_term=-1.0),
        _make("the variance's term twice", "The way through the variance counts twice: is there a 2 too many?",
        variance_term=2.0),
        _make("the variance's term halved", "The way through the variance counts half: the derivative of the root has 1/2, "
              "that of the square a 2.", variance_term=0.5),
        _make("the variance's term with x as it came in", "In the way through the variance x stands as it came in, where it "
              "should be the normalised x.", hat=lambda normalised, x: x),
        _make("the variance's term with one x centred only", "In the way through the variance one of the two normalised x is "
              "centred only, not divided by the standard deviation.", variance_factor=lambda inverse: 1 / inverse),
        _make("the variance's term with the centred x", "In the way through the variance x is centred, but not divided by the "
              "standard deviation.", hat=lambda normalised, x: x - x.mean(axis=PIXELS, keepdims=True)),
        _make("sums instead of means in the gradient of x", "The terms through mean and variance are sums over the channel, "
              "where they should be means.", mean=np.sum),
        _make("the means in the gradient of x taken over each image", "The means in the gradient of x are those of each image. "
              "Mean and variance are the batch's: so are these.",
              mean=lambda a, axis, keepdims: a.mean(axis=(2, 3), keepdims=keepdims)),
        _make("the means in the gradient of x divided by all values", "The sums in the gradient of x are divided by how many "
              "values x has in all channels. Each channel has its own mean.",
              mean=lambda a, axis, keepdims: a.sum(axis=axis, keepdims=keepdims) / a.size),
        _make("the mean's term divided by one less",
        "The mean in the gradient of x divides by one less than the number of values.",
              mean=lambda a, axis, keepdims: a.sum(axis=axis, keepdims=keepdims) / (np.prod([a.shape[i] for i in axis]) - 1)),
        _make("eps left out", "The variance is divided by without eps. The checks use large ones, so that it shows.",
              eps=lambda eps: 0.0),
        _make("another eps than the one given", "The variance is divided by with an eps of 1e-5, whatever eps is given.",
              eps=lambda eps: 1e-5),
        _make("eps outside of the root", "It is added to the standard deviation. It belongs to the variance, under the root.",
              scale=lambda variance, eps: 1 / (np.sqrt(variance) + eps)),
        _make("eps twice", "The variance has eps added to it twice. Once is enough.", eps=lambda eps: 2 * eps),
        _make("eps squared", "Under the root stands the variance + eps^2. It is eps that is added to the variance.",
        eps=lambda eps: eps**2),
        _make("variance instead of standard deviation", "It is divided by the variance. Where is the root?",
              scale=lambda variance, eps: 1 / (variance + eps)),
        _make("the gradient of x divided by the variance", "The gradient of x is divided by the variance, where it should be "
              "by the standard deviation: where is the root?", outer=lambda inverse: inverse**2),
        _make("the gradient of x divided by the deviation cubed", "The gradient of x has a power of -3/2 of the variance in "
              "front, where it should be -1/2.", outer=lambda inverse: inverse**3),
        _make("the gradient of x not divided by the deviation", "The gradient of x is not divided by the standard deviation.",
              outer=lambda inverse: 1.0),
        _make("multiplied by the standard deviation", "Where it should be divided by the standard deviation, it is multiplied. "
              "The more x varies, the less its changes count.", outer=lambda inverse: 1 / inverse),
        _make("the variance's term divided by the variance once more", "The way through the variance is divided by the "
              "variance once too often.", variance_factor=lambda inverse: inverse**2),
        _make("the variance's term divided by the deviation once more", "The way through the variance is divided by the "
              "standard deviation once too often.", variance_factor=lambda inverse: inverse),
        _make("unbiased variance", "The variance divides by one less than the number of values. Batch norm normalises with the "
              "mean of the squared deviations.", less=1),
        _make("the mean of squares as variance", "The variance is the mean of the squares of x, where it should be that of its "
              "deviations from the mean.", variance=lambda x, axes: (x * x).mean(axis=axes, keepdims=True)),
        _make("x not centred", "The mean is not subtracted from x.", centre=lambda x, axes: x),
        _make("digits lost in the variance", "Where the mean is much larger than the spread, E[x^2] - E[x]^2 in float32 has no "
              "digits left. Subtract the mean first.", variance=_squares),
        _make("statistics of each image", "Mean and variance are taken for each image by itself. A batch norm takes them over "
              "the whole batch.", axes=(2, 3)),
        _make("statistics of each pixel", "Mean and variance are taken over the batch only, for each pixel by itself. A batch "
              "norm takes them over the pixels, too.", axes=(0,)),
        _make("statistics over the channels",
        "Mean and variance are taken over all channels together. Each channel has its own.",
              axes=(0, 1, 2, 3)),
        _make("statistics of each image over its channels", "Mean and variance are taken for each image over all channels, as "
              "layer norm does. A batch norm takes them over the batch, for each channel.", axes=(1, 2, 3)),
        _make("statistics over the channels of a pixel", "Mean and variance are taken over the channels. A batch norm takes "
              "them over images and pixels, for each channel.", axes=(1,)),
        _make("statistics over batch and rows", "Mean and variance are not taken over the columns.", axes=(0, 2)),
        _make("weight left out of the gradient of x",
        "On the way back to x the gradient passes the weight, too. Try a weight of 2.",
              before=lambda w: 1.0),
        _make("weight only in the straight term", "The weight is in the straight term of the gradient of x, but not in those "
              "through mean and variance.", mean_weight=lambda w: 1.0, variance_weight=lambda w: 1.0),
        _make("weight missing in the variance's term", "The weight is missing in the way through the variance.",
              variance_weight=lambda w: 1.0),
        _make("weight missing in the mean's term", "The weight is missing in the way through the mean.",
        mean_weight=lambda w: 1.0),
        _make("weight squared in the gradient of x", "The weight is twice in the gradient of x.", before=lambda w: w * w),
        _make("weight squared in the variance's term", "The weight is twice in the way through the variance.",
              variance_weight=lambda w: w * w),
        _make("without the weight's sign", "The gradient of x loses the weight's sign: it is negative in some channels.",
        before=np.abs),
        _make("divided by the weight", "The gradient of x is divided by the weight, where it should be multiplied.",
              before=lambda w: 1 / w),
        _make("gradient of the weight with x as it came in",
        "The weight multiplies the normalised x. Its gradient is made with that, too.",
              to_weight=lambda g, normalised, x, w: (g * x).sum(axis=PIXELS)),
        _make("gradient of the weight with the centred x", "The gradient of the weight is made with x less its mean, not "
              "divided by the standard deviation. The weight multiplies the normalised x.",
              to_weight=lambda g, normalised, x, w: (g * (x - x.mean(axis=PIXELS, keepdims=True))).sum(axis=PIXELS)),
        _make("gradient of the weight without x", "The gradient of the weight is the sum of the gradient alone. The weight "
              "multiplies the normalised x.", to_weight=lambda g, normalised, x, w: g.sum(axis=PIXELS)),
        _make("gradient of the weight without the gradient", "The gradient of the weight is the sum of the normalised x alone.",
              to_weight=lambda g, normalised, x, w: normalised.sum(axis=PIXELS)),
        _make("gradient of the weight multiplied by the weight", "The gradient of the weight has the weight as a factor. What "
              "is the derivative of weight * normalised by weight?",
              to_weight=lambda g, normalised, x, w: w * (g * normalised).sum(axis=PIXELS)),
        _make("gradient of the bias multiplied by the weight", "The gradient of the bias has the weight as a factor. The bias "
              "is added behind it.", to_bias=lambda g, w: w * g.sum(axis=PIXELS)),
        _make("gradients of weight and bias multiplied by the weight", "The gradients of weight and bias have the weight as a "
              "factor: they are made with the gradient before it passes the weight.",
              to_weight=lambda g, normalised, x, w: w * (g * normalised).sum(axis=PIXELS), to_bias=lambda g,
              w: w * g.sum(axis=PIXELS)),
        _make("gradients of weight and bias by way of the weight", "The gradients of weight and bias were multiplied and "
              "divided by the weight, which may be 0.",
              to_weight=lambda g, normalised, x, w: w * (g * normalised).sum(axis=PIXELS) / w,
              to_bias=lambda g, w: w * g.sum(axis=PIXELS) / w),
        _make("gradients of weight and bias averaged", "The gradients of weight and bias are means over the pixels. Each pixel "
              "adds its share.", to_weight=lambda g, normalised, x, w: (g * normalised).mean(axis=PIXELS), to_bias=lambda g,
              w: g.mean(axis=PIXELS)),
        _make("gradient of the weight averaged",
        "The gradient of the weight is a mean over the pixels. Each pixel adds its share.",
              to_weight=lambda g, normalised, x, w: (g * normalised).mean(axis=PIXELS)),
        _make("gradient of the bias averaged", "The gradient of the bias is a mean over the pixels. Each pixel adds its share.",
              to_bias=lambda g, w: g.mean(axis=PIXELS)),
        _make("gradients of weight and bias averaged over the batch", "The gradients of weight and bias are divided by the "
              "number of images. Each image adds its share.", to_weight=lambda g, normalised, x,
              w: (g * normalised).sum(axis=PIXELS) / len(g),
              to_bias=lambda g, w: g.sum(axis=PIXELS) / len(g)),
        _make("gradients of weight and bias not summed over the batch", "Only the first image counts for weight and bias. All "
              "images share them.", to_weight=lambda g, normalised, x, w: _sums_of_first_image(g * normalised),
              to_bias=lambda g, w: _sums_of_first_image(g)),
        _make("weight and bias summed over everything",
        "Weight and bias get the sum over all channels. Each channel has its own.",
              to_weight=lambda g, normalised, x, w: np.full(len(w), (g * normalised).sum()),
              to_bias=lambda g, w: np.full(len(w), g.sum())),
        _make("weight and bias for each image", "The gradients of weight and bias are not summed over the batch: there is one "
              "for each image.", to_weight=lambda g, normalised, x, w: (g * normalised).sum(axis=(2, 3)), to_bias=lambda g,
              w: g.sum(axis=(2, 3))),
        _make("weight and bias keep four axes", "The gradients of weight and bias have axes of length 1 left, (1, C, 1, 1). "
              "They have the shape of the weight, (C,).", to_weight=lambda g, normalised, x,
              w: (g * normalised).sum(axis=PIXELS, keepdims=True),
              to_bias=lambda g, w: g.sum(axis=PIXELS, keepdims=True)),
        _make("weight and bias exchanged",
        "The last two results have changed places: (grad_x, grad_weight, grad_bias) is wanted.",
              returned=lambda x, w, b: (x, b, w)),
        _make("gradient of the bias from that of x", "The gradient of the bias is the sum of that of x, which is 0. It is the "
              "sum of the gradient that comes in.", returned=lambda x, w, b: (x, w, x.sum(axis=PIXELS))),
        _make("only the first channel", "Only the first channel has results, the others stay 0: a return inside of the loop?",
              returned=lambda x, w, b: (_channel(x, True), _only(w, 0), _only(b, 0))),
        _make("only the last channel", "Only the last channel has results, the others stay 0.",
              returned=lambda x, w, b: (_channel(x, False), _only(w, -1), _only(b, -1))),
        _make("x: only the first channel", "Only the first channel of the gradient of x is there, the others stay 0.",
              final=lambda to_x, g, x: _channel(to_x, True)),
        _make("x: divided by the number of values", "The gradient of x is divided by the number of values in a channel.",
              final=lambda to_x, g, x: to_x / g[:, 0].size),
        _make("x: multiplied by the number of values", "The gradient of x is too large by the number of values in a channel: "
              "the formula with sums has 1 / M in front.", final=lambda to_x, g, x: to_x * g[:, 0].size),
        _make("x: wrong sign", "The gradient of x has the wrong sign.", final=lambda to_x, g, x: -to_x),
        _make("x: divided by the number of images", "The gradient of x is divided by the number of images.",
              final=lambda to_x, g, x: to_x / len(x)),
        _make("x: 0 in channels without spread", "Where all values of a channel are the same, its gradient of x is 0. Eps is "
              "there for that: the root is that of eps, and the gradient passes.",
              final=lambda to_x, g, x: to_x * (np.ptp(x, axis=PIXELS, keepdims=True) > 0)),
        Mistake("a single value passes through", "Where a channel has a single value, its gradient comes back times the "
                "weight. The value is its own mean, so that the result stays as it is whatever x is: 0.", _single_value),
        Mistake("channels cut from memory without a transpose", "A reshape to (C, ...) mixes images and channels: in memory "
                "the images come first. Transpose before reshaping, or take means over the axes (0, 2, 3).", _from_memory),
    ),
    built=built,
    call=_called,
    broad=_broad,
    features=features(
        *pictures(lambda case: case["x"].shape),
        Condition("a weight is negative", "no weight is negative", lambda case: case["weight"].min() < 0),
        Condition("a weight is 0", "no weight is 0", lambda case: bool((case["weight"] == 0).any())),
        Condition("there are as many images as channels", "there are not as many images as channels",
                  lambda case: case["x"].shape[0] == case["x"].shape[1]),
        Condition("the mean of x is far from 0", "the mean of x is near 0", lambda case: abs(case["x"].mean()) > 50),
    ),
    ways=(gradients.batch_norm_backward_means, gradients.batch_norm_backward_sums, gradients.batch_norm_backward_chain,),
)  # fmt: skip


def check_batch_norm_backward(function) -> Report:
    """Check f(gradient, x, weight, eps) -> the gradients of (x, weight, bias) of a batch norm in training, a tuple.

    gradient, x: (N, C, H, W). weight: (C,), which may be 0. The statistics are those of the batch, one of each per channel; the
    variance is the mean of the squared deviations (divided by M, the number of values in a channel, not by M - 1), and eps is
    added to it. Where M is 1 the value is its own mean, whatever it is; a function may refuse that with a ValueError.

    >>> check_batch_norm_backward(lambda gradient, x, weight, eps: gradient).kind
    'type'
    """
    return check(BATCH_NORM_BACKWARD, function)

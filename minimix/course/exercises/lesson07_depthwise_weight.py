"""An exercise on backward passes written by hand: the gradient of a depthwise convolution's weight."""

import numpy as np

from minimix import reference
from minimix.course.checking import alterations as alt
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.checking.slips import BORDERS
from minimix.course.exercises import drawn_numbers, rare_convolutions
from minimix.course.exercises import wrong_gradients as wrong
from minimix.course.exercises.features import LAYER, Condition, features, pictures
from minimix.course.exercises.lesson07_depthwise_input import OPTIONS, layers, left_over, more_layers, places
from minimix.course.exercises.wrong_gradients import DILATIONS, OUTPUTS, STRIDES, gathering
from minimix.course.ways import gradients

NOT_SUMMED = (
    "not summed over the batch",
    "Only the first image counts. All images meet the same kernel, and each adds its share to the kernel's gradient.",
)
AVERAGED = (
    "mean over the batch",
    "The images' shares are averaged. They belong added up: if a mean is wanted, the loss has it in the gradient already.",
)
SIGN = (
    "wrong sign",
    "All numbers have the wrong sign. A gradient points to where the result grows; it is the optimiser that goes the other "
    "way.",
)


def _weight_grad(gradient, x, weight_shape, stride=1, padding="same", dilation=1):
    return reference.depthwise_conv2d_weight_grad(gradient, x, np.zeros(weight_shape), stride, padding, dilation)


def _cases(rng):
    for x, weight, gradient, s, p, d in layers(rng):
        yield {"gradient": gradient, "x": x, "weight_shape": weight.shape, "stride": s, "padding": p, "dilation": d}


def _broad(rng):
    yield from drawn_numbers.otherwise(list(_cases(rng)), "gradient", "x")
    for x, weight, gradient, s, p, d in more_layers(rng):
        case = {"gradient": gradient, "x": x, "weight_shape": weight.shape, "stride": s, "padding": p, "dilation": d}
        shapes = [(len(weight), 1, k, k) for k in (1, 2, 3)]
        yield from drawn_numbers.one_other(case, _fits, weight_shape=shapes, **OPTIONS)


def _fits(case) -> bool:
    return case["gradient"].shape[2:] == places(case["x"].shape, case["weight_shape"][-1], case)


CONDITIONS = (
    *LAYER,
    Condition("the kernel size is even", "the kernel size is odd", lambda case: case["weight_shape"][-1] % 2 == 0),
    Condition("the kernel is 1 x 1", "the kernel is larger than 1 x 1", lambda case: case["weight_shape"][-1] == 1),
    Condition("the padding is that of same", "the padding is another than that of same",
              lambda case: 2 * case["padding"] == case["dilation"] * (case["weight_shape"][-1] - 1)),
    Condition("the stride leaves pixels over at the end", "the last window ends at the border", lambda case: any(
        left_over(own, case["weight_shape"][-1], case["stride"], case["padding"], case["dilation"])
        for own in case["x"].shape[2:])),
)  # fmt: skip


def _entries_repeated(g, x, shape, s, p, d):
    """np.repeat where zeros should stand between the entries."""
    repeated = np.repeat(np.repeat(g, s, axis=2), s, axis=3)
    return gathering(row=lambda o, s, k, d: o, column=lambda o, s, k, d: o)(repeated, x, shape, s, p, d)


def _shared(result, g):
    return np.repeat(result.sum(axis=0, keepdims=True), len(result), axis=0)


def _without(rows=slice(0), columns=slice(0)):
    return lambda result, g: wrong.without(rows, columns)(result)


def _as_high_as_wide(array):
    """Rows beyond the number of columns are 0."""
    kept = array.copy()
    kept[:, :, array.shape[3] :] = 0
    return kept


def _as_wide_as_high(array):
    """Columns beyond the number of rows are 0."""
    kept = array.copy()
    kept[..., array.shape[2] :] = 0
    return kept


def _images_for_channels(windows, g):
    """Summed over all but the batch, where there are as many images as channels, or one channel."""
    found = np.einsum("ncoqij,ncoq->nij", windows, g)[:, None]
    if len(found) not in (1, g.shape[1]):
        raise ValueError("not as many images as channels")
    return found if len(found) == g.shape[1] else np.repeat(found, g.shape[1], axis=0)


PARTS = (
    (*NOT_SUMMED, {"product": wrong.of_images(slice(1))}),
    ("only the last image", "Only the last image counts: each image's share replaces the one before. Does the line add?",
     {"product": wrong.of_images(slice(-1, None))}),
    (*AVERAGED, {"after": lambda r, g: r / len(g)}),
    ("a kernel for each image", "There is an axis too many: each image has a gradient of its own. All of them meet one and the "
     "same kernel.", {"product": wrong.for_each_image}),
    ("mean over the pixels", "Each tap's products are averaged over the places of the window. They belong added up.",
     {"after": lambda r, g: r / g[0, 0].size}),
    ("mean over images and pixels", "Each tap's products are averaged over images and places. They belong added up.",
     {"after": lambda r, g: r / g[:, 0].size}),
    ("mean over everything", "Each tap's products are divided by how many numbers the gradient has. They belong added up.",
     {"after": lambda r, g: r / g.size}),
    ("mean over the taps", "The gradient is divided by the number of taps. Nothing is divided here.",
     {"after": lambda r, g: r / r[0].size}),
    ("only the last product",
     "Each tap keeps the product of the last place alone: = where it should be += in the loops over places?",
     {"product": wrong.last_product}),
    ("only the last product of all", "Each tap keeps a single product, that of the last place in the last image: = where it "
     "should be +=?", {"product": wrong.last_of_all}),
    ("images taken for channels",
     "The sum leaves the images instead of the channels. Each channel has a kernel, and all images meet it.",
     {"product": _images_for_channels}),
    ("kernel flipped", "The kernel's gradient is turned by 180 degrees. Which pixel of its window did the top left tap meet?",
     {"after": lambda r, g: alt.flipped(r)}),
    (*alt.TRANSPOSED, {"after": lambda r, g: alt.transposed(r)}),
    ("turned and transposed", "The kernel's gradient is turned by 180 degrees, and its rows and columns are exchanged.",
     {"after": lambda r, g: alt.flipped(alt.transposed(r))}),
    ("upside down", "The rows of the kernel's gradient come in reverse order.", {"after": lambda r, g: r[..., ::-1, :]}),
    ("mirrored", "The columns of the kernel's gradient come in reverse order.", {"after": lambda r, g: r[..., ::-1]}),
    ("summed over the channels", "All channels get the same gradient, the sum over all of them. Each has a kernel, and a "
     "gradient, of its own.", {"after": _shared}),
    ("channels added up", "There is a single kernel, the sum over the channels. Each channel has a gradient of its own.",
     {"after": lambda r, g: r.sum(axis=0, keepdims=True)}),
    ("channels in reverse order", "The channels' gradients are right but stand in reverse order.", {"after": lambda r,
     g: r[::-1]}),
    ("the sum runs on from tap to tap", "The sum is not set back to 0 for each tap: each also holds those before it.",
     {"after": wrong.running_total}),
    ("the sum runs on over all channels",
     "The sum is never set back to 0: each tap also holds those before it, of other channels, too.",
     {"after": wrong.running_total_of_all}),
    ("taps left out: the last row and column",
     "The last row and the last column of taps stay 0: the loops over taps end one too early.",
     {"after": _without(-1, -1)}),
    ("taps left out: the first row and column",
     "The first row and the first column of taps stay 0: the loops over taps begin at 1.",
     {"after": _without(0, 0)}),
    ("taps left out: the last row", "The last row of taps stays 0: a loop ends one too early.", {"after": _without(rows=-1)}),
    ("taps left out: the last column", "The last column of taps stays 0: a loop ends one too early.",
     {"after": _without(columns=-1)}),
    (*SIGN, {"after": lambda r, g: -r}),
    ("axis of length 1 is missing", "The numbers are right, but axis 1, of length 1, is gone: (C, 1, K, K) is wanted.",
     {"after": lambda r, g: r[:, 0]}),
    ("the channels are axis 1", "Axes 0 and 1 are exchanged: (C, 1, K, K) is wanted.", {"after": lambda r, g: r.swapaxes(0,
     1)}),
    ("each channel with all pictures", "Each channel's gradient meets the pictures of all channels, as in a dense convolution. "
     "In a depthwise one each channel stays by itself.", {"picture": lambda x: np.repeat(x.sum(axis=1, keepdims=True),
     x.shape[1], axis=1)}),
    ("the first channel's picture for all", "All channels meet the picture of the first one. Each has its own.",
     {"picture": lambda x: np.repeat(x[:, :1], x.shape[1], axis=1)}),
    ("the first image for all", "Each image's gradient meets the first image. Each belongs to its own.",
     {"picture": lambda x: np.repeat(x[:1], len(x), axis=0)}),
    ("the picture ignored", "Each tap gets the sum of the gradient, as if all pixels were 1.", {"picture": np.ones_like}),
    ("picture turned", "The picture is turned by 180 degrees.", {"picture": alt.flipped}),
    ("outside goes on at the other side", "Beyond the edge the image's other side is read (an index modulo the size, or "
     "np.roll). There should be zeros.", {"fill": "wrap"}),
    ("below 0 goes on at the other side", "Above and to the left of the image an index is below 0, which in Python reads the "
     "other end. There should be zeros.", {"border": lambda p, k, d: (p, 0, p, 0), "fill": "wrap"}),
    ("padding forgotten in the index", "The windows begin at the image's corner, as if there were no padding, or all the zeros "
     "lay below and to the right. Which pixel did the top left tap of output (0, 0) meet?", {"border": lambda p, k, d: (0, 0,
     0, 0)}),
    ("as many columns of outputs as rows", "Columns of the gradient are left out where there are more of them than rows: "
     "height taken for width.", {"gradient": _as_wide_as_high}),
    ("as many rows of outputs as columns", "Rows of the gradient are left out where there are more of them than columns: width "
     "taken for height.", {"gradient": _as_high_as_wide}),
    ("as many columns of the picture as rows", "Columns of the picture count nothing where there are more of them than rows: "
     "height taken for width.", {"picture": _as_wide_as_high}),
    ("as many rows of the picture as columns", "Rows of the picture count nothing where there are more of them than columns: "
     "width taken for height.", {"picture": _as_high_as_wide}),
    ("half of the kernel, dilated, for the border", "Every window is centred on its output's place: the padding that was given "
     "is ignored.", {"border": lambda p, k, d: (d * (k // 2),) * 4}),
    ("padding times dilation", "The padding is multiplied by the dilation. It is a number of pixels already.",
     {"border": lambda p, k, d: (p * d,) * 4}),
    ("every window centred on its output's place",
     "The windows are placed as for same padding: the padding that was given is ignored.",
     {"border": lambda p, k, d: (d * (k - 1) // 2,) * 4}),
)  # fmt: skip

OTHERWISE = (  # they are the same here as others, or right: behind the border there are zeros
    "all the padding in front", "border wrapped around", "padding ignored", "padding one-sided (top and left)",
    "padding one-sided (bottom and right)", "padding forgotten in the index",
)  # fmt: skip

DEPTHWISE_WEIGHT_GRAD = Exercise(
    "depthwise_weight_grad",
    _weight_grad,
    _cases,
    (
        *(altered(gathering)(name, text, **parts) for name, text, parts in (*PARTS, *STRIDES, *DILATIONS)),
        *(altered(gathering)(name, text, **parts) for name, text, parts in OUTPUTS if "image" not in name),
        *(altered(gathering)(name, text, **parts) for name, text, parts in BORDERS if name not in OTHERWISE),
        Mistake("windows over the edge left out",
                "Windows that reach over the edge count nothing. Their taps inside of the image do.",
                wrong.inside_only),
        Mistake("entries of the gradient repeated", "Each entry of the gradient is repeated, stride times. Between two entries "
                "there should be zeros: no window begins there.", _entries_repeated),
        *rare_convolutions.DEPTHWISE_WEIGHT_GRAD,
    ),
    built=gathering,
    broad=_broad,
    first_axis="channel",
    features=features(*CONDITIONS, *pictures(lambda case: case["x"].shape)),
    ways=(gradients.depthwise_weight_grad_taps, gradients.depthwise_weight_grad_places,),
)  # fmt: skip


def check_depthwise_weight_grad(function) -> Report:
    """Check f(gradient, x, weight_shape, stride, padding, dilation) -> the gradient of a depthwise convolution's weight.

    gradient: (N, C, OH, OW), of the output. x: (N, C, H, W); the kernel fits into the padded picture. padding: rows and columns
    of zeros on each side. Returns an array of shape weight_shape, (C, 1, K, K).

    >>> check_depthwise_weight_grad(lambda gradient, x, weight_shape, stride, padding, dilation: ...).passed
    False
    """
    return check(DEPTHWISE_WEIGHT_GRAD, function)

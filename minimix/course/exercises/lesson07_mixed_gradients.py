"""An exercise on the backward pass of a mixed convolution."""

import itertools

import numpy as np

from minimix import partition, reference
from minimix.course.checking import alterations as alt
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered, numbers
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_layers, drawn_numbers, rare_mixing
from minimix.course.exercises.features import Condition, features, grouped, pictures
from minimix.course.exercises.lesson07_depthwise_input import PARTS as TO_X
from minimix.course.exercises.lesson07_depthwise_weight import AVERAGED, NOT_SUMMED, SIGN
from minimix.course.exercises.lesson07_depthwise_weight import PARTS as TO_WEIGHT
from minimix.course.exercises.wrong_gradients import gathering, of_images, scattering
from minimix.course.exercises.wrong_mixing import by_kernel_size, divided
from minimix.course.ways import gradients


def _mixed(gradient, x, weights):
    return {
        "grad_x": reference.mixconv2d_input_grad(gradient, x, weights),
        "grad_weights": reference.mixconv2d_weight_grad(gradient, x, weights),
    }


def _cases(rng):
    for n, h, w, groups in [  # groups: (channels, kernel size) each
        (1, 1, 2, [(1, 1)]), (1, 1, 1, [(1, 1), (1, 1)]), (2, 1, 1, [(1, 1)]), (1, 1, 2, [(2, 1)]), (1, 2, 2, [(1, 3)]),
        (1, 2, 3, [(1, 1), (1, 3)]), (1, 3, 2, [(1, 3), (1, 3)]), (2, 2, 2, [(1, 1), (1, 3)]), (1, 3, 3, [(2, 3), (1, 5)]),
        (1, 4, 3, [(2, 3), (2, 5)]), (2, 3, 4, [(1, 3), (2, 5)]), (1, 4, 4, [(1, 5), (2, 1), (1, 3)]),
        (1, 5, 5, [(1, 3), (1, 5), (1, 7)]), (2, 4, 4, [(2, 3), (2, 3)]), (3, 6, 5, [(3, 3), (1, 1)]), (2, 6, 7, [(2, 5), (3,
         3)]),
        (2, 5, 4, [(3, 3), (2, 5), (1, 7)]), (1, 9, 8, [(2, 3), (4, 3), (1, 5)]),
    ]:  # fmt: skip
        weights = [numbers(rng, channels, 1, kernel, kernel) for channels, kernel in groups]
        x = numbers(rng, n, sum(channels for channels, _ in groups), h, w)
        yield {"gradient": numbers(rng, *x.shape), "x": x, "weights": weights}
    x, gradient = (rng.normal(size=(5, 7, 6, 2)).transpose(3, 0, 1, 2) for _ in range(2))
    yield {"gradient": gradient, "x": x, "weights": [rng.normal(size=(2, 1, 5, 5)), rng.normal(size=(3, 1, 3, 3))]}
    for shape, groups in drawn_layers.mixtures(rng, 24):
        x, gradient = drawn_numbers.values(rng, *shape), drawn_numbers.values(rng, *shape)
        yield {"gradient": gradient, "x": x, "weights": drawn_layers.weights(rng, groups)}


def _broad(rng):
    yield from drawn_numbers.otherwise(list(_cases(rng)), "gradient", "x", "weights")
    x, gradient = rng.normal(size=(2, 3, 14, 15)), rng.normal(size=(2, 3, 14, 15))
    yield {"gradient": gradient, "x": x, "weights": [rng.normal(size=(2, 1, 3, 3)), rng.normal(size=(1, 1, 5, 5))]}
    for kernel in (1, 3):  # a single pixel
        gradient, x, weight = (numbers(rng, 1, 1, size, size) for size in (1, 1, kernel))
        yield {"gradient": gradient, "x": x, "weights": [weight]}


def _starts(weights) -> list[int]:
    return [0, *itertools.accumulate(map(len, weights))][:-1]


def built(
    to_x=None, to_weight=None, x_starts=_starts, weight_starts=_starts, join=None, listed=None, swapped=None, for_x=None,
    for_weight=None, returned=None,
):  # fmt: skip
    """f(gradient, x, weights) -> (gradient of x, list of those of weights), the right one where no part is given.

    to_x: parts of ``scattering``. to_weight: of ``gathering``. x_starts, weight_starts: where the groups begin, of (weights),
    for
    one result or the other. join: what is made of the groups' gradients of x. listed: what becomes of the list. swapped: x for
    the gradient, and the other way round, in that of the weights, or in both. for_x, for_weight: which weights they take.
    returned: what is returned, of (gradient of x, list).
    """
    scatter, gather = scattering(**(to_x or {})), gathering(**(to_weight or {}))

    def function(gradient, x, weights):
        g, h = (x, gradient) if swapped else (gradient, x)
        ours = for_x(weights) if for_x else weights
        parts = [(g[:, i : i + len(w)] if swapped == "both" else gradient[:, i : i + len(w)], w)
                 for i, w in zip(x_starts(ours), ours, strict=True)]  # fmt: skip
        found = [scatter(part, w, part.shape, 1, w.shape[-1] // 2, 1) for part, w in parts]
        ours = for_weight(weights) if for_weight else weights
        listing = [
            gather(g[:, i : i + len(w)], h[:, i : i + len(w)], w.shape, 1, w.shape[-1] // 2, 1)
            for i, w in zip(weight_starts(ours), ours, strict=True)
        ]
        to_all = join(found, weights) if join else np.concatenate(found, axis=1)
        listing = listed(listing) if listed else listing
        return returned(to_all, listing) if returned else (to_all, listing)

    return function


def _of_changed_gradient(gradient, x, weights):
    """The gradient was overwritten by that of x before the weights' gradients were computed."""
    to_x = reference.mixconv2d_input_grad(gradient, x, weights)
    return to_x, reference.mixconv2d_weight_grad(to_x, x, weights)


def _kept(which):
    """Only some groups' gradients of x, the others 0: which(t, number of groups)."""
    return lambda found, weights: np.concatenate(
        [part if which(t, len(found)) else np.zeros_like(part) for t, part in enumerate(found)], axis=1
    )


def _placed(found, starts, channels: int):
    """The groups' gradients written to where they were read."""
    result = np.zeros((len(found[0]), channels, *found[0].shape[2:]))
    for start, part in zip(starts, found, strict=True):
        result[:, start : start + part.shape[1]] = part
    return result


def _added(found, channels: int):
    """The groups' gradients added to each other, from channel 0 on."""
    result = np.zeros((len(found[0]), channels, *found[0].shape[2:]))
    for part in found:
        result[:, : part.shape[1]] += part
    return result


def _interleaved(gradient, x, weights):
    found, step = np.zeros_like(x), len(weights)
    of_weights = []
    for t, weight in enumerate(weights):
        own = slice(t, None, step)
        to_x, (to_weight,) = built()(gradient[:, own], x[:, own], [weight])
        found[:, own] = to_x
        of_weights.append(to_weight)
    return found, of_weights


def _corner(weights):
    return max(w.shape[-1] for w in weights) // 2


def _one_border(gradient, x, weights, to_x: bool, to_weights: bool):
    """The border of the largest kernel for all groups."""
    reach = _corner(weights)
    wide = {"top": lambda p, k, s, d: reach, "left": lambda p, k, s, d: reach}
    first, second = (
        built(to_x=wide)(gradient, x, weights),
        built(to_weight={"border": lambda p, k, d: (reach,) * 4})(gradient, x, weights),
    )
    right = built()(gradient, x, weights)
    return (first if to_x else right)[0], (second if to_weights else right)[1]


def _of_images(gradient, x, weights):
    """Groups along axis 0, where that raises nothing: for a single group."""
    if len(weights) > 1:
        raise ValueError("as many kernels as channels are wanted")
    n, to_x = len(weights[0]), np.zeros_like(x)
    found = built()(gradient[:n], x[:n], weights)
    to_x[:n] = found[0]
    return to_x, found[1]


def _in_the_largest(gradient, x, weights):
    return _of_size(gradient, x, weights, 2 * _corner(weights) + 1)


def _of_size(gradient, x, weights, k: int):
    """The weights' gradients in a window of this size."""
    return built()(gradient, x, weights)[0], [gathering()(g, part, (len(w), 1, k, k), 1, k // 2, 1) for g, part, w in zip(
        divided(gradient, weights), divided(x, weights), weights, strict=True)]  # fmt: skip


def _mean_of_shares(result, g):
    return np.repeat(result.sum(axis=0, keepdims=True), len(result), axis=0)


X = ("kernel the wrong way round", "kernel transposed", "one kernel for all channels",
     "kernels in reverse order", "mean instead of sum", "only the last tap", "border cut off at one side only",
     "border cut off twice",
     "border not cut off", "padding added to the place", "outside goes on at the other side",
     "below 0 goes on at the other side", "the border's gradient goes to the edge", "first row and column get nothing",
     "last row and column get nothing", "= instead of +=", "= instead of +=, one output at a time",
     "height and width exchanged",
     "summed over the batch", "images added up", "wrong sign",
     "taps left out: the last row and column",
     )  # fmt: skip
W = ("only the last image", "mean over the pixels", "a kernel for each image",
     "kernel transposed", "channels in reverse order", "the sum runs on from tap to tap",
     "taps left out: the last row and column", "wrong sign", "axis of length 1 is missing",
     "outside goes on at the other side", "below 0 goes on at the other side", "padding forgotten in the index",
     "channels added up",
     "only the last product", )  # fmt: skip
_make = altered(built)

MIXCONV2D_BACKWARD = Exercise(
    "mixconv2d_backward",
    _mixed,
    _cases,
    (
        _make("weights in reverse order", "The first channels meet the last group's kernels on the way back.",
              for_x=lambda ws: ws[::-1], for_weight=lambda ws: ws[::-1], listed=lambda found: found[::-1]),
        _make("x: weights in reverse order", "On the way back to x the first channels meet the last group's kernels.",
              for_x=lambda ws: ws[::-1]),
        _make("weight gradients in reverse order",
        "The weights' gradients come in reverse order: the first is that of weights[0].",
              listed=lambda found: found[::-1]),
        _make("gradient and x exchanged", "Somewhere x stands in the place of the gradient, and the gradient in that of x. In "
              "which order are they given?", swapped="both"),
        _make("every group begins at channel 0", "Each group takes its channels from the beginning. What must be added for "
              "those that came before?", x_starts=lambda ws: [0] * len(ws), weight_starts=lambda ws: [0] * len(ws)),
        _make("every group begins at channel 0, and ends there", "Each group takes its channels from the beginning and puts "
              "its gradient of x there. What must be added for those that came before?", x_starts=lambda ws: [0] * len(ws),
              weight_starts=lambda ws: [0] * len(ws), join=lambda found, ws: _placed(found, [0] * len(ws), sum(map(len, ws)))),
        _make("every group's gradient at channel 0, added", "Each group takes its channels from the beginning and adds its "
              "gradient of x there. What must be added for those that came before?", x_starts=lambda ws: [0] * len(ws),
              weight_starts=lambda ws: [0] * len(ws), join=lambda found, ws: _added(found, sum(map(len, ws)))),
        _make("x: every group begins at channel 0", "For the gradient of x each group takes its channels from the beginning.",
              x_starts=lambda ws: [0] * len(ws)),
        _make("weights: every group begins at channel 0",
        "For the weights' gradients each group takes its channels from the beginning.",
              weight_starts=lambda ws: [0] * len(ws)),
        _make("each group begins one channel further", "Group t begins at channel t. It begins where the groups before it end.",
              x_starts=lambda ws: list(range(len(ws))), weight_starts=lambda ws: list(range(len(ws)))),
        _make("the kernel's size taken for its channels", "The next group begins as many channels further as the kernel is "
              "wide. It is the number of its channels that counts: the length of the weight.", x_starts=by_kernel_size,
              weight_starts=by_kernel_size),
        _make("x: last group left out", "The last group's channels of the gradient of x stay 0. What is range's last number?",
              join=_kept(lambda t, n: t < n - 1)),
        _make("x: only the last group", "Only the last group's channels of the gradient of x are there, the others are 0: is "
              "the array made anew for each group?", join=_kept(lambda t, n: t == n - 1)),
        _make("x: only the first group", "Only the first group's channels of the gradient of x are there, the others are 0.",
              join=_kept(lambda t, n: t == 0)),
        _make("x: the last group is missing", "The gradient of x lacks the last group's channels.",
              join=lambda found, ws: np.concatenate(found[:-1], axis=1)),
        _make("x: only the first group, the others missing", "The gradient of x has the first group's channels only: a return "
              "inside of the loop?", join=lambda found, ws: found[0]),
        _make("x: only the last group, the others missing", "The gradient of x has the last group's channels only. They belong "
              "one behind the other.", join=lambda found, ws: found[-1]),
        _make("x: groups in reverse order", "The groups of the gradient of x are joined from the last to the first.",
              join=lambda found, ws: np.concatenate(found[::-1], axis=1)),
        _make("x: groups joined along the batch", "The groups' gradients of x became images of their own, along axis 0. They "
              "belong one behind the other along the channels, axis 1.", join=lambda found, ws: np.concatenate(found)),
        _make("x: groups joined along the rows", "The groups' gradients of x lie below each other, along axis 2. They belong "
              "one behind the other along the channels, axis 1.", join=lambda found, ws: np.concatenate(found, axis=2)),
        _make("x: groups not joined",
        "The gradient of x is a list of the groups' gradients. Join them along the channels, axis 1.",
              join=lambda found, ws: np.stack(found)),
        _make("x: groups added", "The groups' gradients of x are added to each other. They belong one behind the other.",
              join=lambda found, ws: sum(found[1:], found[0])),
        _make("weights: x for the gradient, the gradient for x", "In the weights' gradients x and the gradient are exchanged: "
              "each kernel's gradient is turned by 180 degrees.", swapped="weights"),
        _make("x: x in the place of the gradient",
        "The gradient of x is made from x itself, where it should be made from the gradient.",
              to_x={}, swapped="both", returned=lambda to_x, found: (to_x, [w[..., ::-1, ::-1] for w in found])),
        Mistake("channels dealt out in turn", "Group t takes the channels t, t + G, t + 2G, ..., where a group is a block of "
                "neighbours.", _interleaved),
        Mistake("weight gradients from the gradient of x", "The weights' gradients are made with the gradient of x, not with "
                "that of the output: was it overwritten before?", _of_changed_gradient),
        _make("weight gradients not summed over the batch", NOT_SUMMED[1], to_weight={"product": of_images(slice(1))}),
        _make("weight gradients averaged over the batch", AVERAGED[1], to_weight={"after": lambda r, g: r / len(g)}),
        _make("weights: one kernel for each group",
        "All channels of a group have the sum of their gradients. Each has its own kernel.",
              to_weight={"after": _mean_of_shares}),
        _make("wrong sign", SIGN[1], to_x={"after": lambda r, g: -r}, to_weight={"after": lambda r, g: -r}),
        Mistake("the largest kernel's border for all", "All groups have the border of the largest kernel, but their taps count "
                "from its corner. Each group needs that of its own kernel.", lambda g, x, ws: _one_border(g, x, ws, True,
                True)),
        Mistake("x: the largest kernel's border for all", "For the gradient of x all groups have the border of the largest "
                "kernel. Each needs that of its own.", lambda g, x, ws: _one_border(g, x, ws, True, False)),
        Mistake("weights: the largest kernel's border for all", "For the weights' gradients all groups have the border of the "
                "largest kernel. Each needs that of its own.", lambda g, x, ws: _one_border(g, x, ws, False, True)),
        Mistake("weights: all as large as the first",
                "Each kernel's gradient has the size of the first kernel. It has that of its own weight.",
                lambda g, x, ws: _of_size(g, x, ws, ws[0].shape[-1])),
        Mistake("groups cut from the batch",
                "The groups are cut from axis 0, the images. They are groups of channels, axis 1.", _of_images),
        Mistake("weights: all as large as the largest", "Each kernel's gradient has the size of the largest kernel. It has "
                "that of its own weight: cut out its middle.", _in_the_largest),
        *(_make(f"x: {name}", text, to_x=parts) for name, text, parts in TO_X if name in X),
        *(_make(f"weights: {name}", text, to_weight=parts) for name, text, parts in TO_WEIGHT if name in W),
        _make("x: only the first image", "Only the first image's gradient of x is there.", to_x={"gradient": alt.first_image}),
        *rare_mixing.MIXCONV2D_BACKWARD,
    ),
    built=built,
    broad=_broad,
    features=features(
        *grouped(lambda case: case["weights"]),
        *pictures(lambda case: case["x"].shape),
        Condition("a kernel is larger than the picture", "the picture is at least as large as the kernels",
                  lambda case: max(w.shape[-1] for w in case["weights"]) > min(case["x"].shape[2:])),
        Condition("the channels are not divided as partition does it", "the channels are divided as partition does it",
                  lambda case: tuple(map(len, case["weights"])) != partition(case["x"].shape[1], len(case["weights"]))),
    ),
    ways=(gradients.mixconv2d_backward_groups, gradients.mixconv2d_backward_bounds,),
)  # fmt: skip


def check_mixconv2d_backward(function) -> Report:
    """Check f(gradient, x, weights) -> (gradient of x, list of the gradients of weights) of a mixed convolution.

    gradient, x: (N, C, H, W); stride 1, same padding. weights: a list, one array (C_t, 1, K_t, K_t) a group, K_t odd; a kernel
    may be larger than the picture. The gradients of weights come in a list or a tuple, in the order of weights.

    >>> from minimix import reference
    >>> def f(gradient, x, weights):
    ...     given = gradient, x, weights
    ...     return reference.mixconv2d_input_grad(*given), reference.mixconv2d_weight_grad(*given)
    >>> check_mixconv2d_backward(f).passed
    True
    """
    return check(MIXCONV2D_BACKWARD, function)

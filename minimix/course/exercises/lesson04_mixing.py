"""An exercise on mixed convolution: convolving the groups of channels."""

import numpy as np

from minimix import partition, reference
from minimix.course.checking import alterations as alt
from minimix.course.checking.alterations import bordered
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_layers, drawn_numbers, rare_mixing
from minimix.course.exercises import wrong_mixing as wrong
from minimix.course.exercises.features import Condition, features, pictures
from minimix.course.ways import layers


def _pictures(rng):
    for n, h, w, groups in [  # groups: (channels, kernel size) each
        (1, 1, 2, [(1, 1)]), (1, 2, 2, [(1, 3)]), (1, 1, 1, [(1, 1), (1, 1)]), (1, 1, 2, [(2, 1)]),
        (1, 1, 1, [(2, 1), (1, 1)]), (2, 1, 1, [(1, 1)]), (1, 3, 3, [(1, 3)]), (1, 2, 3, [(1, 1), (1, 3)]),
        (1, 3, 2, [(1, 3), (1, 1)]), (1, 3, 3, [(1, 3), (1, 5)]), (1, 3, 4, [(2, 3)]), (2, 3, 3, [(1, 1), (1, 3)]),
        (1, 4, 3, [(1, 3), (1, 3)]), (1, 4, 4, [(2, 3), (1, 5)]), (1, 4, 3, [(1, 3), (2, 5)]), (1, 4, 4, [(2, 3), (2, 5)]),
        (1, 5, 6, [(1, 5), (2, 1), (1, 3)]), (1, 5, 5, [(1, 3), (1, 5), (1, 7)]), (2, 4, 5, [(2, 3), (1, 5)]),
        (1, 7, 8, [(3, 3), (1, 3), (2, 5)]), (2, 5, 4, [(2, 3), (2, 5), (2, 7)]), (1, 6, 5, [(4, 3), (2, 5), (1, 7)]),
        (3, 9, 10, [(1, 3), (3, 5), (2, 3)]), (2, 6, 6, [(3, 3), (2, 5), (2, 7), (2, 9)]),
    ]:  # fmt: skip
        weights = [numbers(rng, channels, 1, kernel, kernel) for channels, kernel in groups]
        yield {"x": numbers(rng, n, sum(channels for channels, _ in groups), h, w), "weights": weights}
    x, weights = rng.normal(size=(2, 5, 8, 7)), [rng.normal(size=(3, 1, 5, 5)), rng.normal(size=(2, 1, 3, 3))]
    yield {"x": x, "weights": weights}
    yield {"x": x.transpose(1, 2, 3, 0).copy().transpose(3, 0, 1, 2), "weights": [np.asfortranarray(w) for w in weights]}
    for shape, groups in drawn_layers.mixtures(rng, 30):
        yield {"x": drawn_numbers.values(rng, *shape), "weights": drawn_layers.weights(rng, groups)}


def _broad(rng):
    yield from drawn_numbers.otherwise(list(_pictures(rng)), "x", "weights")
    yield {"x": rng.normal(size=(2, 3, 14, 15)), "weights": [rng.normal(size=(2, 1, 3, 3)), rng.normal(size=(1, 1, 5, 5))]}


MIXCONV2D = Exercise(
    "mixconv2d",
    lambda x, weights: reference.mixconv2d(x, weights),
    _pictures,
    broad=_broad,
    features=features(
        *wrong.GROUPS,
        *pictures(lambda case: case["x"].shape),
        Condition(
            "a kernel is larger than the picture",
            "the picture is at least as large as the kernels",
            lambda case: max(w.shape[-1] for w in case["weights"]) > min(case["x"].shape[2:]),
        ),
        Condition(
            "the channels are not divided as partition does it",
            "the channels are divided as partition does it",
            lambda case: tuple(map(len, case["weights"])) != partition(case["x"].shape[1], len(case["weights"])),
        ),
    ),
    mistakes=(
        Mistake(
            "weights in reverse order",
            "The first channels meet the last group's kernels. The groups take the channels in order.",
            lambda x, weights: wrong.mixed(x, weights[::-1]),
        ),
        Mistake("results in reverse order", "The groups' results are joined from the last to the first.",
                wrong.joined(lambda results: results[::-1])),
        Mistake(
            "groups sorted by kernel size",
            "The groups are used in the order of their kernel sizes. They take the channels in the order of the list.",
            wrong.sorted_by_size(False),
        ),
        Mistake(
            "groups sorted, the largest kernel first",
            "The groups are used in the order of their kernel sizes, the largest first. They take the channels in the list's "
            "order.",
            wrong.sorted_by_size(True),
        ),
        Mistake(
            "weights kept by kernel size",
            "Of two groups with the same kernel size only the last one's weights are used: are they kept in a dict with the "
            "sizes as keys?",
            wrong.keyed,
        ),
        Mistake(
            "results kept by kernel size",
            "Of two groups with the same kernel size only one result is left: are they kept in a dict with the sizes as keys?",
            wrong.result_of_each_size,
        ),
        Mistake(
            "one group for each kernel size",
            "Of two groups with the same kernel size only the last one is computed: does a dict have the sizes as keys?",
            wrong.part_of_each_size,
        ),
        *(
            Mistake(
                f"one weight kept for each kernel size{more}",
                "Of two groups with the same kernel size one weight is lost, and the channels behind are shifted: does a dict "
                "have the sizes as keys?",
                wrong.one_weight_a_size(filled),
            )
            for filled, more in ((True, ", the rest 0"), (False, ""))
        ),
        Mistake(
            "every group begins at channel 0",
            "Each group takes its channels from the beginning. What must be added for those that came before?",
            wrong.parts(lambda weights: [0] * len(weights)),
        ),
        Mistake(
            "every group written to channel 0",
            "Each group takes its channels from the beginning and leaves its result there. What must be added for those that "
            "came before?",
            wrong.parts(lambda weights: [0] * len(weights), "placed"),
        ),
        *(
            Mistake(
                "each group begins one channel further" + more,
                "Group t begins at channel t. It begins where the groups before it end: add their numbers of channels.",
                wrong.parts(lambda weights: list(range(len(weights))), join),
            )
            for join, more in ((None, ""), ("placed", ", also in the result"))
        ),
        *(
            Mistake(
                "the kernel's size taken for its channels" + more,
                "The next group begins as many channels further as the kernel is wide. It is the number of the group's "
                "channels that counts, the length of its weight.",
                wrong.parts(wrong.by_kernel_size, join),
            )
            for join, more in ((None, ""), ("placed", ", also in the result"))
        ),
        Mistake(
            "the kernel's size taken for its number of channels",
            "A group gets as many channels as its kernel is wide. It is the number of the group's channels that counts, the "
            "length of its weight.",
            wrong.as_many_as_the_kernel,
        ),
        Mistake(
            "channels dealt out one by one",
            "The groups take turns, channel by channel. Each group's channels are neighbours.",
            wrong.interleaved,
        ),
        Mistake(
            "groups added instead of joined",
            "The groups' results are added to each other. They belong one behind the other, along the channels.",
            wrong.results(lambda results: sum(results[1:], results[0])),
        ),
        Mistake(
            "groups joined along the batch",
            "The groups' results became images of their own, along axis 0. They belong one behind the other, along axis 1.",
            wrong.results(np.concatenate),
        ),
        Mistake(
            "groups joined along the rows",
            "The groups' results lie below each other, along axis 2. They belong one behind the other along the channels, axis "
            "1.",
            wrong.results(lambda results: np.concatenate(results, axis=2)),
        ),
        Mistake(
            "groups joined along the columns",
            "The groups' results lie side by side, along axis 3. They belong one behind the other along the channels, axis 1.",
            wrong.results(lambda results: np.concatenate(results, axis=3)),
        ),
        Mistake(
            "groups not joined",
            "There is an array for each group, in a list or along a new axis. Join them along the channels: np.concatenate, "
            "axis 1.",
            wrong.results(np.stack),
        ),
        Mistake(
            "only the first group",
            "The result has the first group's channels only. Is there a return inside of the loop?",
            wrong.joined(lambda results: results[:1]),
        ),
        Mistake(
            "only the last group",
            "The result has the last group's channels only: each group's replaces those before. They belong one behind the "
            "other.",
            wrong.joined(lambda results: results[-1:]),
        ),
        Mistake(
            "last group left out",
            "The last group's channels stay 0. What is the last number that range(n) gives?",
            wrong.without_last,
        ),
        Mistake(
            "the last group is missing",
            "The last group's channels are not in the result. What is the last number that range(n) gives?",
            wrong.joined(lambda results: results[:-1]),
        ),
        Mistake(
            "only the first group, the others 0",
            "The channels of all groups but the first stay 0. Is there a return inside of the loop?",
            wrong.only_some(0),
        ),
        Mistake(
            "only the last group, the others 0",
            "The channels of all groups but the last are 0: is the result made anew for each group?",
            wrong.only_some(-1),
        ),
        Mistake(
            "kernels aligned at their corners",
            "All windows begin at the corner of the largest one, so that small kernels see another pixel in their middle. "
            "Each group needs the padding of its own kernel.",
            wrong.one_border(wrong.widest),
        ),
        Mistake(
            "the first kernel's padding for all",
            "All groups have the border of the first one. Each group needs the padding of its own kernel.",
            wrong.one_border(lambda weights: weights[0].shape[-1] // 2),
        ),
        Mistake(
            "kernel of 3 for all padding",
            "Every group is padded by 1, as a 3x3 kernel needs it: the groups' results differ in size and were cut to fit.",
            wrong.one_border(lambda weights: 1),
        ),
        Mistake(
            "small kernels at the bottom right of the largest",
            "The small kernels lie in the bottom right corner of the largest window. They belong into its middle.",
            wrong.last_corner,
        ),
        Mistake(
            "kernels cut to the first one's size",
            "All kernels are read as if they had the first one's size: the top left part of larger ones. Each group has a size "
            "of "
            "its own.",
            wrong.cropped(lambda weights: weights[0].shape[-1], False),
        ),
        Mistake(
            "kernels cut to the smallest size",
            "Of all kernels only the middle counts, as large as the smallest kernel. Each group has a size of its own.",
            wrong.cropped(lambda weights: min(w.shape[-1] for w in weights), True),
        ),
        Mistake(
            "left where windows do not fit",
            "Where a window reaches over the edge the result is 0. With same padding there are zeros beyond the edge, and a "
            "result for every pixel.",
            wrong.each(wrong.inside_only),
        ),
        Mistake(
            "nothing for kernels larger than the picture",
            "Groups whose kernel is larger than the picture get zeros. With padding every kernel has its place.",
            wrong.each(wrong.if_it_fits),
        ),
        Mistake(
            "no padding: the result is smaller",
            "The windows stay inside of the picture, so that the result is smaller. With same padding it is as large as x.",
            wrong.each(wrong.slid),
        ),
        Mistake(
            "padded by the kernel's size",
            "The border is as wide as the kernel on each side, so that the result is larger than x. Half of it is needed: "
            "K // 2.",
            wrong.each(lambda part, w: wrong.slid(bordered(part, w.shape[-1], w.shape[-1]), w)),
        ),
        Mistake(
            "padded by K - 1 on each side",
            "The border is K - 1 wide on each side, so that the result is larger than x. Half of it is needed: K // 2.",
            wrong.each(lambda part, w: wrong.slid(bordered(part, w.shape[-1] - 1, w.shape[-1] - 1), w)),
        ),
        Mistake(*alt.EDGE_REPEATED, wrong.each(wrong.same_with("edge"))),
        Mistake(
            "the picture goes on at its other side",
            "Beyond the edge the picture's other side is read (np.roll, or an index modulo the size). There should be zeros.",
            wrong.each(wrong.same_with("wrap")),
        ),
        Mistake(
            "indices below 0",
            "Above and to the left of the picture an index is below 0, which in Python reads from the other end. There should "
            "be "
            "zeros.",
            wrong.each(wrong.wrapped_indices),
        ),
        Mistake(
            "the picture mirrored at its edge",
            "Beyond the edge the picture is mirrored. There should be zeros.",
            wrong.each(wrong.same_with("symmetric")),
        ),
        Mistake(
            "the picture mirrored around its edge",
            "Beyond the edge the picture is mirrored (reflect). There should be zeros.",
            wrong.each(wrong.same_with("reflect")),
        ),
        Mistake(*alt.FLIPPED, wrong.weighted(alt.flipped)),
        Mistake(*alt.TRANSPOSED, wrong.weighted(alt.transposed)),
        Mistake(
            "kernel turned and transposed",
            "The kernel is turned by 180 degrees, and its rows and columns are exchanged. Try a kernel with a single 1.",
            wrong.weighted(lambda w: alt.flipped(alt.transposed(w))),
        ),
        Mistake("kernel upside down", "The kernel's rows come in reverse order. Which row of the window meets its first row?",
                wrong.weighted(lambda w: w[..., ::-1, :])),
        Mistake("kernel mirrored", "The kernel's columns come in reverse order. Which column of the window meets its first "
                "one?",
                wrong.weighted(lambda w: w[..., ::-1])),
        Mistake(*alt.EXCHANGED, lambda x, weights: alt.transposed(wrong.mixed(x, weights))),
        Mistake(*alt.PADDED_BEFORE, wrong.each(lambda part, w: wrong.slid(bordered(part, w.shape[-1] - 1, 0), w))),
        Mistake(*alt.PADDED_AFTER, wrong.each(lambda part, w: wrong.slid(bordered(part, 0, w.shape[-1] - 1), w))),
        Mistake(*alt.LAST_PRODUCT, wrong.weighted(alt.last_tap)),
        Mistake(
            "only the first product",
            "Each output is a single product, that of the first tap. Is there a return, or a break, inside of the loop?",
            wrong.weighted(lambda w: alt.flipped(alt.last_tap(alt.flipped(w)))),
        ),
        wrong.left_out("the last row and column", wrong.without(rows=-1, columns=-1)),
        wrong.left_out("the first row and column", wrong.without(rows=0, columns=0)),
        wrong.left_out("the last row", wrong.without(rows=-1)),
        wrong.left_out("the last column", wrong.without(columns=-1)),
        Mistake(*alt.MEAN, wrong.each(lambda part, w: wrong.same(part, w) / w[0].size)),
        Mistake(*alt.FIRST_IMAGE, lambda x, weights: alt.first_image(wrong.mixed(x, weights))),
        Mistake(
            "all images get the first one's result",
            "Each image of the batch gets the result of the first one. Is there an index that always is 0?",
            lambda x, weights: np.repeat(wrong.mixed(x, weights)[:1], len(x), axis=0),
        ),
        Mistake(*alt.LOOPS_END_EARLY, lambda x, weights: alt.without_last(wrong.mixed(x, weights))),
        Mistake(
            "one kernel for each group",
            "All channels of a group meet the kernel of its first channel. They share the kernel's size, not its weights.",
            wrong.weighted(alt.one_kernel),
        ),
        Mistake(
            "kernels in reverse order inside of the groups",
            "Inside of each group the first channel meets the last kernel, and so on backwards.",
            wrong.weighted(lambda w: w[::-1]),
        ),
        Mistake(
            "dense inside of the groups",
            "Each output adds up all channels of its group. In a depthwise convolution each channel stays by itself.",
            wrong.each(lambda part, w: wrong.same(np.repeat(part.sum(axis=1, keepdims=True), part.shape[1], axis=1), w)),
        ),
        Mistake(
            "one picture for each group",
            "Each group has a single channel, the sum over its channels. In a depthwise convolution each channel stays by "
            "itself.",
            wrong.each(lambda part, w: wrong.same(part, w).sum(axis=1, keepdims=True)),
        ),
        Mistake(
            "only the first channel of each group",
            "Of each group only the first channel gets a result, the others stay 0.",
            wrong.each(lambda part, w: alt.first_channel(wrong.same(part, w))),
        ),
        Mistake(
            "x added",
            "The result has x added to it. A residual connection is something of its own.",
            lambda x, weights: x + wrong.mixed(x, weights),
        ),
        Mistake(
            "kernels turned, joined along the batch",
            "Two things: the kernels are turned by 180 degrees, and the groups' results became images of their own (axis 0 "
            "instead of 1).",
            lambda x, weights: wrong.results(np.concatenate)(x, list(map(alt.flipped, weights))),
        ),
        Mistake(
            "kernels turned, every group from channel 0",
            "Two things: the kernels are turned by 180 degrees, and every group takes its channels from the beginning.",
            lambda x, weights: wrong.parts(lambda w: [0] * len(w))(x, list(map(alt.flipped, weights))),
        ),
        Mistake(
            "kernels turned and aligned at their corners",
            "Two things: the kernels are turned by 180 degrees, and all windows begin at the corner of the largest one.",
            lambda x, weights: wrong.one_border(wrong.widest)(x, list(map(alt.flipped, weights))),
        ),
        *rare_mixing.MIXCONV2D,
    ),
    ways=(layers.mixconv2d_groups, layers.mixconv2d_parts,),
)  # fmt: skip  # fmt: skip


def check_mixconv2d(function) -> Report:
    """Check f(x, weights) -> the mixed depthwise convolution of x (N, C, H, W), stride 1, as large as x.

    weights: a list, one array (C_t, 1, K_t, K_t) a group, K_t odd; the groups take x's channels in order. A kernel may be
    larger than the picture, and two groups may have the same kernel size. The result is an array; nested lists will do.

    >>> from minimix import reference
    >>> check_mixconv2d(lambda x, weights: reference.mixconv2d(x, weights[::-1])).mistake
    'weights in reverse order'
    """
    return check(MIXCONV2D, function)

"""An exercise on counting: the multiply-adds of a block of MixNet."""

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_data, drawn_numbers, rare_counting
from minimix.course.exercises import wrong_counting as wrong
from minimix.course.exercises.features import STRIDE, Condition, features
from minimix.course.exercises.wrong_counting import ARGUMENTS, but, changed
from minimix.course.ways import counts


def _blocks(rng):
    rows = [
        (1, 1, 1, 1, (1,), 1, 1, 0.0), (2, 1, 1, 2, (1,), 1, 1, 0.0), (2, 2, 2, 1, (1,), 1, 1, 0.0),
        (1, 1, 2, 1, (3,), 2, 1, 0.0), (2, 3, 1, 2, (3,), 1, 1, 0.0), (2, 2, 2, 1, (1,), 1, 2, 0.0),
        (2, 2, 3, 1, (1,), 2, 1, 0.5), (1, 2, 3, 2, (1,), 2, 1, 0.25), (3, 3, 2, 2, (1, 3), 2, 1, 0.0),
        (2, 2, 4, 1, (1,), 2, 1, 0.5), (3, 2, 4, 2, (3,), 3, 1, 0.5), (3, 5, 2, 3, (3,), 4, 2, 0.0),
        (4, 5, 3, 1, (3, 5), 4, 3, 0.1), (4, 4, 4, 2, (3, 5), 4, 2, 0.5), (5, 4, 5, 2, (3, 5, 7), 6, 1, 0.4),
        (7, 5, 8, 3, (3, 5, 7), 6, 2, 0.25), (9, 7, 7, 2, (5, 3, 3), 5, 3, 0.4), (8, 8, 8, 6, (3, 5, 7, 9), 12, 2, 0.25),
        (10, 7, 10, 1, (3, 5, 7), 9, 4, 0.25), (7, 7, 12, 6, (3, 5, 7, 9, 11), 20, 1, 0.5),
        (15, 9, 15, 4, (7, 3), 11, 2, 0.05), (28, 28, 40, 6, (3, 5, 7), 80, 2, 0.25), (14, 14, 80, 6, (3, 5), 80, 1, 0.25),
        (112, 112, 16, 1, (3,), 16, 1, 0.0), (57, 33, 21, 3, (9, 3, 5, 7), 36, 2, 0.125),
    ]  # fmt: skip
    return [dict(zip(ARGUMENTS, row, strict=True)) for row in [*rows, *drawn_data.blocks(rng)]]


def _small_blocks(rng):
    """All manners of coinciding lengths; squeezing that leaves less than one channel, or is not whole."""
    small = {"height": range(1, 6), "width": range(1, 6), "channels": range(1, 8), "expansion": range(1, 6),
             "kernels": range(4), "out_channels": range(1, 8), "stride": range(1, 5), "se_ratio": range(6)}  # fmt: skip
    for case in drawn_numbers.options(rng, 120, **small):
        kernels = tuple(int(k) for k in rng.choice([1, 3, 5, 7, 9], case["kernels"] + 1))
        kernels = kernels[: case["channels"] * case["expansion"]]
        yield case | {"kernels": kernels, "se_ratio": (0.0, 0.0, 0.125, 0.25, 0.5, 1.0)[case["se_ratio"]]}
    case = dict(zip(ARGUMENTS, (7, 6, 9, 2, (3, 5), 8, 2, 0.25), strict=True))
    yield from drawn_numbers.one_other(
        case, height=(6, 9), width=(5, 9), channels=(8, 12), expansion=(1, 3), kernels=((5, 3), (3, 5, 7)), out_channels=(7, 9),
        stride=(1, 3), se_ratio=(0.0, 0.5),
    )  # fmt: skip


ODD = "An odd side, halved, is rounded down. With same padding there is a window for the last pixel, too."
HIDDEN = "The hidden channels of squeeze-and-excite are int(channels * se_ratio), at least 1."
ONE_GROUP = "The channels are shared out among the kernels, what is left over going to the first group (the equal kind)."

BLOCK_MACS = Exercise(
    "block_macs",
    wrong.counted,
    _blocks,
    broad=_small_blocks,
    features=features(
        STRIDE,
        Condition("the expansion is 1", "the expansion is above 1", lambda case: case["expansion"] == 1),
        Condition("se_ratio is 0", "se_ratio is above 0", lambda case: case["se_ratio"] == 0),
        Condition("there are several kernels", "there is a single kernel size", lambda case: len(case["kernels"]) > 1),
        Condition("height and width differ", "height and width are the same", lambda case: case["height"] != case["width"]),
        Condition(
            "a side is no multiple of the stride",
            "the sides are multiples of the stride",
            lambda case: case["height"] % case["stride"] + case["width"] % case["stride"] > 0,
        ),
        Condition(
            "channels * se_ratio is not whole",
            "channels * se_ratio is whole",
            lambda case: case["channels"] * case["se_ratio"] % 1 > 0,
        ),
        Condition(
            "channels * se_ratio is below 1 (but not 0)", "channels * se_ratio is at least 1, or 0",
            lambda case: 0 < case["channels"] * case["se_ratio"] < 1,
        ),
        Condition(
            "the kernels cannot share the channels evenly",
            "the kernels share the channels evenly",
            lambda case: case["channels"] * case["expansion"] % len(case["kernels"]) > 0,
        ),
        Condition("channels and out_channels differ", "channels and out_channels are the same",
                  lambda case: case["channels"] != case["out_channels"]),
    ),
    mistakes=(
        Mistake(
            "depthwise at the input's size",
            "The depthwise part counts a window for each pixel of the input. With a stride there are fewer windows.",
            but("depthwise", side=wrong.kept),
        ),
        Mistake(
            "projection at the input's size",
            "The projection runs behind the depthwise convolution: how large is the image there?",
            but("project", side=wrong.kept),
        ),
        Mistake(
            "expansion at the output's size",
            "The expansion runs before the depthwise convolution: how large is the image there?",
            but("expand", side_before=wrong.up),
        ),
        Mistake(
            "stride ignored",
            "All parts are counted at the input's size. What is the stride's effect on those behind it?",
            but(side=wrong.kept),
        ),
        Mistake("output size rounded down", ODD, but(side=wrong.down)),
        Mistake("output size rounded down for the depthwise part", ODD, but("depthwise", side=wrong.down)),
        Mistake("output size rounded down for the projection", ODD, but("project", side=wrong.down)),
        Mistake("output size rounded to the nearest number", "The sides behind the stride are rounded to the nearest number "
                "(to an even one in the middle: round). With same padding they are rounded up.", but(side=wrong.nearest)),
        Mistake("output size not rounded", "The sides behind the stride are fractions. With same padding they are rounded up.",
                but(side=wrong.exact)),
        Mistake("one row and column too many", "The sides behind the stride are size // stride + 1, one too many where the "
                "stride divides the size. Rounded up, it is (size + stride - 1) // stride.", but(side=wrong.plus_one)),
        Mistake("stride for the rows only", "The height is divided by the stride, the width is not.",
                but(side_of_columns=wrong.kept)),
        Mistake("stride for the columns only", "The width is divided by the stride, the height is not.",
                but(side_of_rows=wrong.kept)),
        Mistake("height taken for the width", "The image is taken to be square: the height is used twice.",
                lambda h, w, *others: wrong.counted(h, h, *others)),
        Mistake("width taken for the height", "The image is taken to be square: the width is used twice.",
                lambda h, w, *others: wrong.counted(w, w, *others)),
        *(
            Mistake(f"number of pixels: {name}", text, but(pixels=rule))
            for name, text, rule in [
                ("area / stride", "The number of pixels is divided by the stride once. Both sides become smaller: each is "
                 "divided, and rounded up.", lambda h, w, s: -(-h * w // s)),
                ("area // stride", "The number of pixels is divided by the stride once. Both sides become smaller: each is "
                 "divided, and rounded up.", lambda h, w, s: h * w // s),
                ("area divided by stride^2, rounded up", "The number of pixels is divided and rounded up as a whole. Each "
                 "side is rounded up by itself.", lambda h, w, s: -(-h * w // s**2)),
                ("area divided by stride^2, rounded down", "The number of pixels is divided and rounded down as a whole. Each "
                 "side is rounded up by itself.", lambda h, w, s: h * w // s**2),
            ]
        ),
        Mistake("windows without padding", "The depthwise part and the projection are counted as without padding, for the "
                "largest kernel. All padding is same: the size depends on the stride alone.", wrong.without_padding),
        Mistake("kernel not squared", "A kernel of size K counts K multiply-adds. How many taps are there in a 3x3 kernel?",
                but(taps=lambda k: k)),
        Mistake("one tap for each kernel", "The depthwise part counts one multiply-add a pixel and channel. How many taps are "
                "there in a 3x3 kernel?", but(taps=lambda k: 1)),
        *(
            Mistake(name, text, but(sizes=rule))
            for name, text, rule in [
                ("every kernel for all channels", "Each kernel size is counted for all channels. The groups share the "
                 "channels out among them.", lambda c, kernels: [c] * len(kernels)),
                ("largest kernel for all channels", "All channels are counted with the largest kernel. " + ONE_GROUP,
                 wrong.all_to(max)),
                ("smallest kernel for all channels", "All channels are counted with the smallest kernel. " + ONE_GROUP,
                 wrong.all_to(min)),
                ("first kernel for all channels", "All channels are counted with the first kernel. " + ONE_GROUP,
                 wrong.all_to(lambda kernels: kernels[0])),
                ("last kernel for all channels", "All channels are counted with the last kernel. " + ONE_GROUP,
                 wrong.all_to(lambda kernels: kernels[-1])),
                ("remainder of the partition lost", "Where the channels cannot be shared out evenly, those that are left over "
                 "are not counted.", lambda c, kernels: [c // len(kernels)] * len(kernels)),
                ("remainder to the last group", "What is left over of the channels is counted in the last group. It goes to "
                 "the first one.", lambda c, kernels: wrong.equal(c, len(kernels))[::-1]),
                ("remainder spread over several groups", "What is left over of the channels is shared out among several "
                 "groups. It goes to the first one.",
                 lambda c, kernels: [(c + len(kernels) - 1 - t) // len(kernels) for t in range(len(kernels))]),
                ("remainder rounded up", "Each group's channels are rounded up: together they are more than there are.",
                 lambda c, kernels: [-(-c // len(kernels))] * len(kernels)),
                ("fractions of channels", "The channels are divided without rounding. Channels are whole: floor, and what is "
                 "left over to the first group.", lambda c, kernels: [c / len(kernels)] * len(kernels)),
                ("channels divided exponentially", "The channels are divided in the exponential way. It is the equal kind "
                 "here.",
                 wrong.exponential),
            ]
        ),
        Mistake("depthwise counted as dense", "The depthwise part counts each pair of channels. How many channels does each "
                "of its kernels look at?",
                changed(lambda right, given: {"depthwise": right["depthwise"] * wrong.inside(given)})),
        Mistake("groups counted as dense", "Each group of the depthwise part counts each pair of its channels. How many "
                "channels does each of its kernels look at?", but("depthwise", of_group=lambda channels: channels**2)),
        Mistake("depthwise from input to output channels", "The depthwise part counts pairs of channels, inside and "
                "out_channels. It has one kernel a channel.",
                changed(lambda right, given: {"depthwise": right["depthwise"] * given["out_channels"]})),
        Mistake("depthwise before the expansion", "The depthwise part is counted with the block's input channels. How many "
                "are there inside of the block?", but("depthwise", expanded=False)),
        Mistake("depthwise with the block's output channels", "The depthwise part is counted with the block's output "
                "channels. How many are there inside of the block?", but("depthwise",
                middle=lambda given: given["out_channels"])),
        Mistake("projection from the block's input channels", "The projection's input is what comes out of the depthwise "
                "part: how many channels are that?", but("project", expanded=False)),
        Mistake("projection to the inside's channels", "The projection leads to out_channels. It is counted as if it kept the "
                "number of channels.",
                changed(lambda right, given: {"project": right["project"] // given["out_channels"] * wrong.inside(given)})),
        Mistake("projection to the block's input channels", "The projection leads to out_channels, not back to the block's "
                "input channels.",
                changed(lambda right, given: {"project": right["project"] // given["out_channels"] * given["channels"]})),
        Mistake("no expansion at all", "The depthwise part and the projection are counted with the input's channels. Inside "
                "of the block there are channels * expansion.", but("depthwise se project", expanded=False)),
        Mistake("expansion counted where there is none", "With an expansion of 1 the block has no first 1x1 convolution at "
                "all.",
                but(always_expands=True)),
        Mistake("expansion never counted", "The first 1x1 convolution counts nothing. It is there whenever the expansion is "
                "above 1.",
                changed(lambda right, given: {"expand": 0})),
        Mistake("expansion from one channel", "Each pixel and expanded channel of the first 1x1 convolution counts once. It "
                "is a sum over all input channels.",
                changed(lambda right, given: {"expand": right["expand"] // given["channels"]})),
        Mistake("expansion without its factor", "The first 1x1 convolution is counted as leading to as many channels as it "
                "has. It leads to channels * expansion.", changed(lambda right, given: {"expand": right["expand"] // given[
                 "expansion"]})),
        Mistake("expansion from the expanded channels", "The first 1x1 convolution is counted from channels * expansion to as "
                "many. It begins with the block's input.", changed(lambda right, given: {"expand": right["expand"] * given[
                 "expansion"]})),
        *(
            Mistake(f"squeeze-and-excite: {name}", text, but("se", hidden=rule))
            for name, text, rule in [
                ("no least hidden channel", HIDDEN + " Here there may be none.",
                 lambda given: int(given["channels"] * given["se_ratio"])),
                ("hidden channels rounded", HIDDEN + " They are rounded to the nearest number here: int rounds down.",
                 lambda given: max(1, round(given["channels"] * given["se_ratio"]))),
                ("hidden channels rounded, no least", HIDDEN + " They are rounded to the nearest number here, and may be 0.",
                 lambda given: round(given["channels"] * given["se_ratio"])),
                ("hidden channels rounded up", HIDDEN + " They are rounded up here: int rounds down.",
                 lambda given: -int(-given["channels"] * given["se_ratio"] // 1)),
                ("hidden channels not rounded", HIDDEN + " They are fractions here.",
                 lambda given: max(1, given["channels"] * given["se_ratio"])),
                ("hidden channels not rounded, no least", HIDDEN + " They are fractions here.",
                 lambda given: given["channels"] * given["se_ratio"]),
                ("relative to the expanded channels", "The hidden layer is se_ratio times the channels inside of the block. "
                 "MixNet means the block's input.", lambda given: max(1, int(wrong.inside(given) * given["se_ratio"]))),
                ("relative to the output channels", "The hidden layer is se_ratio times out_channels. MixNet means the "
                 "block's input.",
                 lambda given: max(1, int(given["out_channels"] * given["se_ratio"]))),
                ("divided by the ratio", "The hidden layer is channels / se_ratio. se_ratio is hidden / input channels.",
                 lambda given: max(1, int(given["channels"] / given["se_ratio"]))),
                ("no hidden layer", "It is counted as a layer from all channels to all. There is a hidden layer between.",
                 lambda given: wrong.inside(given)),
            ]
        ),
        Mistake("squeeze-and-excite counted where there is none", "With se_ratio 0 there is none: it counts 0, not one hidden "
                "channel.", but("se", always_squeezes=True)),
        Mistake("squeeze-and-excite at every pixel", "Squeeze-and-excite works on the channels' means. How many pixels are "
                "left of a picture when its mean is taken?",
                changed(lambda right, given: {"se": right["se"] * wrong.behind(given)})),
        Mistake("squeeze-and-excite at every input pixel", "Squeeze-and-excite works on the channels' means, not on each "
                "pixel of the block's input.",
                changed(lambda right, given: {"se": right["se"] * given["height"] * given["width"]})),
        Mistake("squeeze-and-excite counted once", "Squeeze-and-excite is two layers, down to the hidden channels and up "
                "again. One is missing.", changed(lambda right, given: {"se": right["se"] // 2})),
        Mistake("squeeze-and-excite left out", "Squeeze-and-excite counts nothing. It is little, but not nothing.",
                changed(lambda right, given: {"se": 0})),
        Mistake("squeeze-and-excite without expansion left out", "With an expansion of 1 squeeze-and-excite is not counted. "
                "It is there whenever se_ratio is above 0.",
                changed(lambda right, given: {"se": right["se"] * (given["expansion"] > 1)})),
        Mistake("squeeze-and-excite on the input's channels", "Its two layers are counted with the block's input channels. It "
                "weighs the channels inside of the block.", but("se", expanded=False)),
        Mistake("squeeze-and-excite on the output's channels", "Its two layers are counted with out_channels. It weighs the "
                "channels inside of the block.", but("se", middle=lambda given: given["out_channels"])),
        Mistake("squeeze-and-excite from the input to the inside", "It is counted from the block's input channels to the "
                "hidden ones, and up to those inside. Both ends are the channels inside.",
                changed(lambda right, given: {
                    "se": right["se"] // (2 * wrong.inside(given)) * (given["channels"] + wrong.inside(given))})),
        Mistake("squeeze-and-excite with its biases", "The biases of squeeze-and-excite are counted. Additions of biases "
                "count nothing here.",
                changed(lambda right, given: wrong.se_with(right, given, lambda hidden, inside: hidden + inside))),
        Mistake("squeeze-and-excite with its mean", "The mean over the pixels is counted. Here only the two layers count.",
                changed(lambda right, given: wrong.se_with(right, given, lambda h, inside: inside * wrong.behind(given)))),
        Mistake("squeeze-and-excite with mean and gate", "The mean over the pixels and the product with the gate are counted. "
                "Here only the two layers count.",
                changed(lambda right, given: wrong.se_with(right, given, lambda h, inside: 2 * inside * wrong.behind(given)))),
        Mistake("multiplications and additions counted apart", "Everything is twice too much. A multiplication with its "
                "addition counts as one here (the literature has both habits).",
                changed(lambda right, given: {kind: 2 * count for kind, count in right.items()})),
        Mistake("weights instead of multiply-adds", "These are numbers of weights. Each weight is used once for every pixel "
                "of its output.", but(pixels=lambda h, w, s: 1, pixels_before=lambda h, w, s: 1)),
        Mistake("biases counted", "An addition for each output number is counted, as for a bias. Biases count nothing here.",
                wrong.with_biases),
        *rare_counting.BLOCK_MACS,
    ),
    ways=(counts.block_macs_steps,),
)  # fmt: skip


def check_block_macs(function) -> Report:
    """Check f(height, width, channels, expansion, kernels, out_channels, stride, se_ratio) -> multiply-adds of one image.

    Returns {"expand": ..., "depthwise": ..., "se": ..., "project": ...}, and no other keys, or the four numbers in this
    order, as a tuple, list or array; 4.0 will do for 4. height, width,
    channels: of the block's input; all convolutions have "same" padding (sides behind a stride are rounded up) and a single
    group, but for the depthwise one, whose channels are divided among ``kernels`` ("equal" kind). There is no expansion
    where it is 1. se_ratio: hidden channels of squeeze-and-excite / input channels, rounded down, at least 1; 0 for a block
    without. Biases, batch norms, activations, means and gates count nothing.

    >>> check_block_macs(lambda *arguments: {"expand": 0, "depthwise": 0, "se": 0}).paragraphs
    ("It returns a dict without 'project'; expected 'expand', 'depthwise', 'se', 'project'.",)
    """
    return check(BLOCK_MACS, function)

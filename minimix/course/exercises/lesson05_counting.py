"""An exercise on counting: the multiply-adds of a block of MixNet."""

from minimix import nn, partition
from minimix.costs import profile
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report

ARGUMENTS = ("height", "width", "channels", "expansion", "kernels", "out_channels", "stride", "se_ratio")


def _block_macs(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    block = nn.MixBlock(channels, out_channels, kernels, stride, expansion, se_ratio)
    macs = {row.name: row.macs for row in profile(block, (1, channels, height, width)).rows}
    return {
        "expand": macs["conv_pw"] if block.expands else 0,
        "depthwise": macs["conv_dw"],
        "se": macs.get("se", 0),
        "project": macs["conv_pwl" if block.expands else "conv_pw"],
    }


def _blocks(rng):
    rows = [
        (1, 1, 1, 1, (1,), 1, 1, 0.0), (2, 1, 1, 2, (1,), 1, 1, 0.0), (2, 2, 2, 1, (1,), 1, 1, 0.0),
        (1, 1, 2, 1, (3,), 2, 1, 0.0), (2, 3, 1, 2, (3,), 1, 1, 0.0), (2, 2, 2, 1, (1,), 1, 2, 0.0),
        (3, 3, 2, 2, (1, 3), 2, 1, 0.0), (2, 2, 4, 1, (1,), 2, 1, 0.5), (3, 2, 4, 2, (3,), 3, 1, 0.5),
        (3, 5, 2, 3, (3,), 4, 2, 0.0), (4, 4, 4, 2, (3, 5), 4, 2, 0.5), (5, 4, 5, 2, (3, 5, 7), 6, 1, 0.4),
        (7, 5, 8, 3, (3, 5, 7), 6, 2, 0.25), (8, 8, 8, 6, (3, 5, 7, 9), 12, 2, 0.25),
        (7, 7, 12, 6, (3, 5, 7, 9, 11), 20, 1, 0.5), (28, 28, 40, 6, (3, 5, 7), 80, 2, 0.25),
        (14, 14, 80, 6, (3, 5), 80, 1, 0.25), (112, 112, 16, 1, (3,), 16, 1, 0.0),
    ]  # fmt: skip
    return [dict(zip(ARGUMENTS, row, strict=True)) for row in rows]


def _changed(change):
    """A mistake in some of the kinds: ``change(right, given)`` returns what is different."""

    def wrong(*values):
        given = dict(zip(ARGUMENTS, values, strict=True))
        right = _block_macs(**given)
        return right | change(right, given)

    return wrong


def _with(**others):
    """The right counts for other arguments; each is computed from those that were given."""
    return lambda right, given: _block_macs(**given | {name: value(given) for name, value in others.items()})


def _only(kinds: str, change):
    """Of a change, these kinds alone."""
    return lambda right, given: {kind: change(right, given)[kind] for kind in kinds.split()}


def _inside(given) -> int:
    return given["channels"] * given["expansion"]


def _taps(right, given, count) -> dict:
    """Depthwise, with ``count(kernel size)`` taps a channel."""
    groups = partition(_inside(given), len(given["kernels"]))
    taps = sum(channels * kernel**2 for channels, kernel in zip(groups, given["kernels"], strict=True))
    wrong = sum(channels * count(kernel) for channels, kernel in zip(groups, given["kernels"], strict=True))
    return {"depthwise": right["depthwise"] // taps * wrong}


def _smaller(side: str):
    return lambda given: given[side] // given["stride"]


def _larger(side: str):
    return lambda given: -(-given[side] // given["stride"])


BLOCK_MACS = Exercise(
    "block_macs",
    _block_macs,
    _blocks,
    (
        Mistake(
            "depthwise at the input's size",
            "The depthwise part counts a window for each pixel of the input. With a stride there are fewer windows.",
            _changed(_only("depthwise", _with(stride=lambda _: 1))),
        ),
        Mistake(
            "projection at the input's size",
            "The projection runs behind the depthwise convolution: how large is the image there?",
            _changed(_only("project", _with(stride=lambda _: 1))),
        ),
        Mistake(
            "expansion at the output's size",
            "The expansion runs before the depthwise convolution: how large is the image there?",
            _changed(_only("expand", _with(height=_larger("height"), width=_larger("width")))),
        ),
        Mistake(
            "stride ignored",
            "All parts are counted at the input's size. What is the stride's effect on those behind it?",
            _changed(_with(stride=lambda _: 1)),
        ),
        Mistake(
            "output size rounded down",
            "An odd side, halved, is rounded down. With same padding there is a window for the last pixel, too.",
            _changed(_only("depthwise project", _with(height=_smaller("height"), width=_smaller("width"), stride=lambda _: 1))),
        ),
        Mistake(
            "kernel not squared",
            "A kernel of size K counts K multiply-adds. How many taps are there in a 3x3 kernel?",
            _changed(lambda right, given: _taps(right, given, lambda kernel: kernel)),
        ),
        Mistake(
            "every kernel for all channels",
            "Each kernel size is counted for all channels. The groups share the channels out among them.",
            _changed(lambda right, given: _taps(right, given, lambda kernel: sum(k * k for k in given["kernels"]))),
        ),
        Mistake(
            "largest kernel for all channels",
            "All channels are counted with the largest kernel. Only the last group has it.",
            _changed(lambda right, given: _taps(right, given, lambda kernel: max(given["kernels"]) ** 2)),
        ),
        Mistake(
            "remainder of the partition lost",
            "Where the channels cannot be shared out evenly, those that are left over are not counted.",
            _changed(
                lambda right, given: {
                    "depthwise": right["project"]
                    // (_inside(given) * given["out_channels"])
                    * sum(_inside(given) // len(given["kernels"]) * kernel**2 for kernel in given["kernels"])
                }
            ),
        ),
        Mistake(
            "depthwise counted as dense",
            "The depthwise part counts each pair of channels. How many channels does each of its kernels look at?",
            _changed(lambda right, given: {"depthwise": right["depthwise"] * _inside(given)}),
        ),
        Mistake(
            "depthwise before the expansion",
            "The depthwise part is counted with the block's input channels. How many are there inside of the block?",
            _changed(_only("depthwise", _with(expansion=lambda _: 1))),
        ),
        Mistake(
            "projection from the block's input channels",
            "The projection's input is what comes out of the depthwise part: how many channels are that?",
            _changed(_only("project", _with(expansion=lambda _: 1))),
        ),
        Mistake(
            "expansion counted where there is none",
            "With an expansion of 1 the block has no first 1x1 convolution at all.",
            _changed(lambda right, given: {"expand": given["height"] * given["width"] * given["channels"] * _inside(given)}),
        ),
        Mistake(
            "squeeze-and-excite relative to the expanded channels",
            "The hidden layer of squeeze-and-excite is se_ratio times the channels inside of the block. MixNet means the "
            "block's input.",
            _changed(_only("se", _with(se_ratio=lambda given: given["se_ratio"] * given["expansion"]))),
        ),
        Mistake(
            "squeeze-and-excite at every pixel",
            "Squeeze-and-excite works on the channels' means. How many pixels are left of a picture when its mean is taken?",
            _changed(lambda right, given: {"se": right["se"] * right["project"] // (_inside(given) * given["out_channels"])}),
        ),
        Mistake(
            "squeeze-and-excite counted once",
            "Squeeze-and-excite is two layers, down to the hidden channels and up again. One is missing.",
            _changed(lambda right, given: {"se": right["se"] // 2}),
        ),
        Mistake(
            "squeeze-and-excite left out",
            "Squeeze-and-excite counts nothing. It is little, but not nothing.",
            _changed(lambda right, given: {"se": 0}),
        ),
        Mistake(
            "multiplications and additions counted apart",
            "Everything is twice too much. A multiplication with its addition counts as one here (the literature has both "
            "habits).",
            _changed(lambda right, given: {kind: 2 * count for kind, count in right.items()}),
        ),
    ),
)


def check_block_macs(function) -> Report:
    """Check f(height, width, channels, expansion, kernels, out_channels, stride, se_ratio) -> multiply-adds of one image.

    Returns {"expand": ..., "depthwise": ..., "se": ..., "project": ...}, or the four numbers in this order. height, width,
    channels: of the block's input; all convolutions have "same" padding and a single group, but for the depthwise one, whose
    channels are divided among ``kernels`` ("equal" kind). There is no expansion where it is 1. se_ratio: hidden channels of
    squeeze-and-excite / input channels, rounded down, at least 1; 0 for a block without. Biases, batch norms, activations,
    means and gates count nothing.

    >>> check_block_macs(lambda *arguments: {"expand": 0, "depthwise": 0, "se": 0}).paragraphs
    ("It returns a dict without 'project'; expected 'expand', 'depthwise', 'se', 'project'.",)
    """
    return check(BLOCK_MACS, function)

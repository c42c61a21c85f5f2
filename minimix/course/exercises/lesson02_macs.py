"""An exercise on what separating a convolution saves."""

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_numbers, rare_counting
from minimix.course.ways import counts


def _separable_macs(height, width, channels, out_channels, kernel):
    places, taps = height * width, kernel**2
    return {"dense": places * channels * out_channels * taps, "separable": places * channels * (taps + out_channels)}


def _layers(rng):
    rows = [
        (1, 1, 1, 1, 1), (1, 2, 1, 1, 1), (2, 3, 1, 1, 3), (3, 2, 2, 1, 1), (3, 2, 1, 2, 1), (2, 2, 2, 3, 3),
        (4, 3, 3, 2, 3), (5, 5, 4, 4, 3), (6, 4, 2, 8, 5), (7, 7, 8, 2, 5), (8, 6, 5, 7, 7), (14, 14, 16, 32, 3),
        (28, 28, 24, 40, 5), (7, 9, 96, 24, 9), (112, 112, 32, 64, 3), (9, 4, 6, 6, 1), (4, 4, 3, 3, 3), (5, 6, 1, 9, 5),
        (3, 7, 9, 1, 3), (1, 1, 6, 10, 1), (1, 8, 2, 2, 7), (6, 6, 7, 5, 3), (12, 20, 12, 18, 1), (13, 11, 10, 14, 9),
        (33, 21, 48, 17, 5), (10, 3, 5, 2, 1), (224, 224, 96, 192, 3), (160, 96, 320, 256, 5),
    ]  # fmt: skip
    return [dict(zip(("height", "width", "channels", "out_channels", "kernel"), row, strict=True)) for row in rows]


def _broad(rng):
    """Counts up to 2**53 and above, but only a few million places of all channels: some count in a loop over these.

    Not shown by these: round(dense * (1 / out_channels + 1 / kernel**2)). Its four roundings are off by 4 * 2**-53 at most, so
    that it is right wherever the separable count is below 2**50: what shows it takes more than 30 million places of all
    channels, or taps, and those who count them one by one would wait for a minute.
    """
    names = ("height", "width", "channels", "out_channels", "kernel")
    for number in range(60):
        high, wide, most = ((9, 9, 7), (60, 200, 30), (400, 2000, 3))[number % 3]
        h, w, c, o, k = (drawn_numbers.whole(rng, 1, limit) for limit in (high, high, wide, wide, most))
        if rng.random() < 0.25:
            h, w, c, o, k = [(w, w, c, o, k), (h, w, c, c, k), (h, w, c, o, 1), (h, w, c, o, min(9, max(1, c)))][
                rng.integers(4)
            ]
        yield dict(zip(names, (h, w, c, o, k), strict=True))
    for numbers in (
        (101, 89, 503, 1999, 1001),
        (103, 97, 499, 1997, 1003),
        (97, 101, 509, 2003, 1001),
        (107, 91, 503, 2017, 1001),
    ):
        yield dict(zip(names, numbers, strict=True))
    yield from drawn_numbers.options(rng, 90, **{name: range(1, 4) for name in names})
    case = dict(zip(names, (5, 4, 3, 6, 3), strict=True))
    yield from drawn_numbers.one_other(case, **{name: (2, 7) for name in names})


def _built(
    pixels=lambda h, w, k: h * w,
    taps=lambda k: k * k,
    dense=lambda c, o, t, pixels: c * o * t * pixels,
    depth=lambda c, o, t, pixels: c * t * pixels,
    point=lambda c, o, t, pixels: c * o * pixels,
    joined=lambda depth, point: depth + point,
    outputs=lambda c, o: o,
    factor=1,
    order=lambda dense, separable: (dense, separable),
):
    """(dense, depthwise + pointwise), and what mistakes alter of it."""

    def macs(h, w, c, out, k):
        p, t, o = pixels(h, w, k), taps(k), outputs(c, out)
        return order(factor * dense(c, o, t, p), factor * joined(depth(c, o, t, p), point(c, o, t, p)))

    return macs


def _by_the_ratio(h, w, c, o, k):
    dense = h * w * c * o * k * k
    return dense, int(dense * (1 / o + 1 / k**2))


def _wrapped(h, w, c, o, k):
    """As 32 bits hold it."""
    return tuple((n + 2**31) % 2**32 - 2**31 for n in _built()(h, w, c, o, k))


def _features(case):
    h, w, c, o, k = case.values()
    dense, separable = h * w * c * o * k * k, h * w * c * (k * k + o)
    return {
        "the dense count is 2**31 or more": dense >= 2**31,
        "the separable count is 2**31 or more": separable >= 2**31,
        "the dense count is above 2**53": dense > 2**53,
        "height is not width": h != w,
    }


_altered = altered(_built)
_TAPS = "How many taps are there in a 3x3 kernel?"
_BORDER = "Here there is enough padding: the output is height x width, and that many windows there are."

SEPARABLE_MACS = Exercise(
    "separable_macs",
    _separable_macs,
    _layers,
    (
        _altered("kernel not squared", f"A kernel of size K counts K multiply-adds instead of K * K. {_TAPS}",
                 taps=lambda k: k),
        _altered("2 * kernel instead of its square", f"A kernel of size K counts 2 * K multiply-adds. {_TAPS}",
                 taps=lambda k: 2 * k),
        _altered("kernel ^ 2 is no square", "In Python ^ is an exclusive or of bits. A square is kernel ** 2.",
                 taps=lambda k: k ^ 2),
        _altered("kernel cubed", f"A kernel of size K counts K * K * K multiply-adds. {_TAPS}", taps=lambda k: k**3),
        _altered("kernel ignored", f"The kernel's size does not count. {_TAPS}", taps=lambda k: 1),
        _altered("kernel - 1 squared", f"A kernel of size K counts (K - 1) squared multiply-adds. {_TAPS}",
                 taps=lambda k: (k - 1) ** 2),
        _altered("kernel not squared in the dense layer", f"In the dense count a kernel of size K counts K. {_TAPS}",
                 dense=lambda c, o, t, p: c * o * round(t**0.5) * p),
        _altered("kernel not squared in the depthwise half", f"In the depthwise half a kernel of size K counts K. {_TAPS}",
                 depth=lambda c, o, t, p: c * round(t**0.5) * p),
        _altered("pointwise part left out", "Of the separable layer only the depthwise half is counted. What mixes the "
                 "channels afterwards?", joined=lambda depth, point: depth),
        _altered("depthwise part left out", "Of the separable layer only the 1x1 half is counted. What looks at neighbouring "
                 "pixels before it?", joined=lambda depth, point: point),
        _altered("parts multiplied instead of added", "The two halves run one after the other: their costs are not multiplied.",
                 joined=lambda depth, point: depth * point),
        _altered("the larger part alone", "Of the two halves only the larger counts. They run one after the other: both cost.",
                 joined=max),
        _altered("parts subtracted", "The two halves run one after the other: their costs are added.",
                 joined=lambda depth, point: depth - point),
        _altered("for a kernel of 1 the depthwise half left out", "Where the kernel is 1, the depthwise half is not counted. "
                 "It runs there, too.", depth=lambda c, o, t, p: c * t * p if t > 1 else 0),
        _altered("depthwise counted as dense", "The depthwise half counts each pair of channels. How many channels does each "
                 "of its kernels look at?", depth=lambda c, o, t, p: c * o * t * p),
        _altered("depthwise with pairs of input channels", "The depthwise half counts each pair of input channels. How many "
                 "channels does each of its kernels look at?", depth=lambda c, o, t, p: c * c * t * p),
        _altered("depthwise part with the output's channels", "The depthwise half runs before the number of channels changes. "
                 "How many kernels does it have?", depth=lambda c, o, t, p: o * t * p),
        _altered("depthwise part for one channel", "The depthwise half counts one channel. Each channel has a kernel.",
                 depth=lambda c, o, t, p: t * p),
        _altered("depthwise part for one pixel", "The depthwise half is not multiplied by the number of pixels. Each weight is "
                 "used once for every pixel of the output.", depth=lambda c, o, t, p: c * t),
        _altered("depthwise part without the kernel", f"The depthwise half does not count the kernel's taps. {_TAPS}",
                 depth=lambda c, o, t, p: c * p),
        _altered("pointwise part with a large kernel", "The pointwise half counts K * K taps. How large is its kernel?",
                 point=lambda c, o, t, p: c * o * t * p),
        _altered("pointwise part for one pixel", "The pointwise half is not multiplied by the number of pixels. Each weight is "
                 "used once for every pixel of the output.", point=lambda c, o, t, p: c * o),
        _altered("pointwise part without the input's channels", "The pointwise half counts a single input channel. Each of its "
                 "outputs adds up all of them.", point=lambda c, o, t, p: o * p),
        _altered("pointwise part without the output's channels", "The pointwise half counts a single output channel.",
                 point=lambda c, o, t, p: c * p),
        _altered("pointwise part with pairs of input channels", "The pointwise half goes from the input's channels to the "
                 "input's. How many come out?", point=lambda c, o, t, p: c * c * p),
        _altered("pointwise part with pairs of output channels", "The pointwise half goes from the output's channels to the "
                 "output's. How many come in?", point=lambda c, o, t, p: o * o * p),
        _altered("pointwise part with added channels", "The pointwise half counts channels + out_channels. Each output adds up "
                 "all inputs: how many pairs are there?", point=lambda c, o, t, p: (c + o) * p),
        _altered("one input channel", "The dense convolution counts a single input channel. Each of its outputs adds up all of "
                 "them.", dense=lambda c, o, t, p: o * t * p),
        _altered("one output channel", "The dense convolution counts a single output channel. Each has a kernel of its own.",
                 dense=lambda c, o, t, p: c * t * p),
        _altered("dense for one pixel", "The dense count is not multiplied by the number of pixels. Each weight is used once "
                 "for every pixel of the output.", dense=lambda c, o, t, p: c * o * t),
        _altered("dense with added channels", "The dense count holds channels + out_channels. Each output adds up all inputs: "
                 "how many pairs are there?", dense=lambda c, o, t, p: (c + o) * t * p),
        _altered("dense without the kernel", f"The dense count does not hold the kernel's taps. {_TAPS}",
                 dense=lambda c, o, t, p: c * o * p),
        _altered("dense with pairs of input channels", "The dense count takes the input's channels for the output's.",
                 dense=lambda c, o, t, p: c * c * t * p),
        _altered("channels added instead of multiplied", "What is counted is channels + out_channels, in the dense and in the "
                 "pointwise layer. Each output adds up all inputs: how many pairs are there?",
                 dense=lambda c, o, t, p: (c + o) * t * p, point=lambda c, o, t, p: (c + o) * p),
        _altered("out_channels ignored", "The result does not depend on out_channels: channels is used for both. How many "
                 "channels come out?", outputs=lambda c, o: c),
        _altered("weights counted instead of multiply-adds", "These are the numbers of weights. Each of them is used once for "
                 "every pixel of the output.", pixels=lambda h, w, k: 1),
        _altered("height used for the width",
                 "The height counts twice and the width not at all. Try an image that is not square.",
                 pixels=lambda h, w, k: h * h),
        _altered("width used for the height",
                 "The width counts twice and the height not at all. Try an image that is not square.",
                 pixels=lambda h, w, k: w * w),
        _altered("height and width added", "The pixels are height + width. How many are there in a picture?",
                 pixels=lambda h, w, k: h + w),
        _altered("only the height", "The pixels of a single column are counted: the width is missing.",
                 pixels=lambda h, w, k: h),
        _altered("only the width", "The pixels of a single row are counted: the height is missing.", pixels=lambda h, w, k: w),
        _altered("border not padded", f"The windows are counted as if none could reach over the border. {_BORDER}",
                 pixels=lambda h, w, k: max(0, h - k + 1) * max(0, w - k + 1)),
        _altered("height - K + 1 and width - K + 1",
                 f"The windows are counted as if none could reach over the border. {_BORDER}",
                 pixels=lambda h, w, k: (h - k + 1) * (w - k + 1)),
        _altered("padded pixels counted", "The pixels of the padded image are counted, K - 1 more each way. A window is "
                 "counted for each pixel of the output.", pixels=lambda h, w, k: (h + k - 1) * (w + k - 1)),
        _altered("padded pixels counted, K // 2 on each side", "The pixels of the padded image are counted. A window is "
                 "counted for each pixel of the output.", pixels=lambda h, w, k: (h + k) * (w + k)),
        _altered("multiplications and additions counted apart", "Everything is twice too much. A multiplication with its "
                 "addition counts as one here (the literature has both habits).", factor=2),
        _altered("half of everything", "Everything is half of what it should be.", factor=0.5),
        _altered("results in the other order", "The two numbers have changed places: (dense, separable) is wanted.",
                 order=lambda dense, separable: (separable, dense)),
        _altered("the same number twice", "Both numbers are the dense count.", order=lambda dense, separable: (dense, dense)),
        _altered("the separable count twice", "Both numbers are the separable count.",
                 order=lambda dense, separable: (separable, separable)),
        _altered("what is saved in place of what is left", "The second number is dense - separable: what is saved. The cost of "
                 "the separable layer is asked for.", order=lambda dense, separable: (dense, dense - separable)),
        _altered("a quotient in place of a count", "The second number is separable / dense. Two counts are asked for.",
                 order=lambda dense, separable: (dense, separable / dense)),
        _altered("a quotient in place of a count, upside down",
                 "The second number is dense / separable. Two counts are asked for.",
                 order=lambda dense, separable: (dense, dense / separable)),
        _altered("with a bias for each output", "For each output one more is counted, a bias. These layers have none.",
                 dense=lambda c, o, t, p: o * (c * t + 1) * p, depth=lambda c, o, t, p: c * (t + 1) * p,
                 point=lambda c, o, t, p: o * (c + 1) * p),
        _altered("with a bias at the end of each layer", "For each output of the dense and of the pointwise layer one more is "
                 "counted, a bias. These layers have none.",
                 dense=lambda c, o, t, p: o * (c * t + 1) * p, point=lambda c, o, t, p: o * (c + 1) * p),
        _altered("one addition less for each output", "A sum of n products needs n - 1 additions, but a multiply-add is "
                 "counted for each product.", dense=lambda c, o, t, p: o * (c * t - 1) * p, depth=lambda c, o, t,
                 p: c * (t - 1) * p,
                 point=lambda c, o, t, p: o * (c - 1) * p),
        _altered("multiplications and additions, one addition less", "Multiplications and additions are counted apart, 2 n - 1 "
                 "for n products. A multiplication with its addition counts as one here.",
                 dense=lambda c, o, t, p: o * (2 * c * t - 1) * p, depth=lambda c, o, t, p: c * (2 * t - 1) * p,
                 point=lambda c, o, t, p: o * (2 * c - 1) * p),
        Mistake("by the ratio, cut off", "The dense count is multiplied by 1 / out_channels + 1 / kernel ** 2 and cut off: "
                "floats round, so that one is lost here and there. Count with whole numbers.", _by_the_ratio),
        Mistake("32 bits are too few", "From 2 ** 31 on the count wraps around: numbers of 32 bits hold no more. Python's int "
                "does, and np.int64.", _wrapped),
        *rare_counting.SEPARABLE_MACS,
    ),
    built=_built,
    features=_features,
    broad=_broad,
    ways=(counts.separable_macs_formula,),
)  # fmt: skip


def check_separable_macs(function) -> Report:
    """Check f(height, width, channels, out_channels, kernel) -> (dense, separable), multiply-adds of one image.

    dense: a convolution with a kernel x kernel window; separable: a depthwise one with the same window, then a 1x1
    convolution. Both have stride 1, no bias and enough padding for an output of height x width: all height * width windows
    count in full, zeros included. Both are whole numbers, however large; 4.0 will do for 4. The result
    is a tuple; a list, an array or a dict with these names will do.

    >>> check_separable_macs(lambda h, w, c, o, k: (h * w * c * o * k**2, h * w * c * k**2 + h * w * c * o)).passed
    True
    """
    return check(SEPARABLE_MACS, function)

"""An exercise on how large a convolution's output is."""

from minimix import padding as paddings
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_numbers, rare_numbers
from minimix.course.ways import counts


def _output_size(size, kernel, stride, padding, dilation):
    pair = ((padding, padding),) * 2
    return paddings.output_size((size, size), pair, (kernel, kernel), (stride, stride), (dilation, dilation))[0]


def _built(
    border=lambda s, p, d: 2 * p,
    reach=lambda k, d: d * (k - 1) + 1,
    places=lambda free, s: free // s + 1,
    after=lambda result: result,
):
    """How far the window can move, (n + border - reach), and how many places that makes; what mistakes alter of it."""
    return lambda n, k, s, p, d: after(places(n + border(s, p, d) - reach(k, d), s))


def _sizes(rng):
    rows = [
        (1, 1, 1, 0, 1), (3, 1, 1, 0, 1), (3, 2, 1, 0, 1), (4, 3, 1, 0, 1), (4, 1, 2, 0, 1), (5, 2, 2, 0, 1),
        (5, 3, 2, 0, 1), (3, 3, 1, 1, 1), (4, 3, 1, 1, 1), (4, 3, 2, 1, 1), (5, 3, 2, 1, 1), (6, 5, 1, 2, 1),
        (6, 4, 3, 1, 1), (7, 3, 1, 0, 2), (7, 3, 1, 2, 2), (8, 3, 2, 2, 2), (9, 3, 2, 2, 3), (9, 3, 3, 0, 2),
        (10, 5, 2, 1, 2), (11, 2, 4, 0, 3), (12, 4, 3, 3, 2), (32, 3, 2, 1, 1), (33, 5, 2, 2, 1), (28, 7, 1, 6, 2),
        (5, 1, 1, 1, 1), (6, 1, 3, 1, 1), (7, 1, 2, 0, 3), (9, 1, 4, 2, 2), (9, 2, 3, 0, 1), (8, 2, 5, 1, 1),
        (10, 3, 7, 1, 2), (7, 4, 1, 0, 2), (8, 4, 1, 1, 1), (10, 6, 1, 0, 1), (11, 2, 2, 3, 2), (2, 4, 1, 2, 1),
        (1, 3, 2, 3, 2), (4, 3, 3, 5, 1), (13, 2, 3, 4, 5), (16, 4, 4, 0, 1), (17, 5, 5, 1, 3), (3, 3, 2, 0, 1),
        (224, 7, 2, 3, 1), (2, 1, 2, 0, 1), (10, 2, 2, 0, 3), (20, 4, 1, 3, 3), (19, 3, 5, 2, 4),
    ]  # fmt: skip
    return [dict(zip(("size", "kernel", "stride", "padding", "dilation"), row, strict=True)) for row in rows]


def _broad(rng):
    """Up to a million pixels: there may be a loop or an array over them."""
    count = 0
    while count < 90:
        top, small = (40, 7) if count < 50 else (2000, 60) if count < 80 else (10**6, 10**4)
        n, k, s, p, d = (
            drawn_numbers.whole(rng, low, high) for low, high in ((1, top), (1, small), (1, small), (0, small), (1, 9))
        )
        s = s if top < 10**6 else s + 1000
        if rng.random() < 0.2:  # the window just fits
            n = max(1, d * (k - 1) + 1 - 2 * p + int(rng.integers(2)))
        if n + 2 * p > d * (k - 1):
            count += 1
            yield dict(zip(("size", "kernel", "stride", "padding", "dilation"), (n, k, s, p, d), strict=True))
    small = {"size": range(1, 8), "kernel": range(1, 5), "stride": range(1, 5), "padding": range(4), "dilation": range(1, 5)}
    for case in drawn_numbers.options(rng, 160, **small):
        if case["size"] + 2 * case["padding"] > case["dilation"] * (case["kernel"] - 1):
            yield case
    case = {"size": 9, "kernel": 3, "stride": 2, "padding": 1, "dilation": 2}
    yield from drawn_numbers.one_other(case, size=(8, 10), kernel=(2, 4), stride=(1, 3), padding=(0, 2), dilation=(1, 3))


def _features(case):
    n, k, s, p, d = case.values()
    free = n + 2 * p - d * (k - 1) - 1
    return {
        "the last window ends at the last pixel": free % s == 0,
        "the last window does not end at the last pixel": free % s > 0,
        "the stride is greater than what the kernel covers": s > d * (k - 1) + 1,
        "the kernel covers more than the bare image": n < d * (k - 1) + 1,
    }


_altered = altered(_built)
_BOTH_SIDES = "On how many sides of the image are there zeros, and how many on each?"
_REACH = "Draw 3 taps, 2 apart, and count the pixels from the first to the last."
_ONCE = "First find how far the window can move in all, then divide: rounding each part by itself loses pixels."

OUTPUT_SIZE = Exercise(
    "output_size",
    _output_size,
    _sizes,
    (
        _altered("padding ignored",
                 "The result does not depend on the padding. The window slides over the image and its border.",
                 border=lambda s, p, d: 0),
        _altered("padding counted once", f"The padding makes the image longer by p only. {_BOTH_SIDES}",
                 border=lambda s, p, d: p),
        _altered("padding counted four times", f"The padding makes the image longer by 4p. {_BOTH_SIDES}",
                 border=lambda s, p, d: 4 * p),
        _altered("padding subtracted", f"The padding makes the image shorter. {_BOTH_SIDES}", border=lambda s, p, d: -2 * p),
        _altered("padding squared", f"The padding is squared. {_BOTH_SIDES}", border=lambda s, p, d: 2 * p * p),
        _altered("p * p in place of 2 * p", f"The padding is squared. {_BOTH_SIDES}", border=lambda s, p, d: p * p),
        _altered("padding multiplied by the dilation", "The border is taken for d * p wide. The dilation spreads the kernel, "
                 "the border is p pixels on each side whatever it is.", border=lambda s, p, d: 2 * p * d),
        _altered("always padded by one", "Wherever there is a border it is taken for 1 pixel wide.",
                 border=lambda s, p, d: 2 * min(p, 1)),
        _altered("dilation ignored", "The kernel is taken for k pixels wide. With gaps between its taps it reaches further; "
                 "draw one of 3 taps, 2 apart.", reach=lambda k, d: k),
        _altered("d * k instead of the kernel's reach", f"The kernel is taken for d * k pixels wide. {_REACH}",
                 reach=lambda k, d: d * k),
        _altered("dilation added instead of multiplied", "The dilation makes the kernel longer by d - 1 in all. But the gap "
                 "comes back between any two neighbouring taps.", reach=lambda k, d: k + d - 1),
        _altered("k + d instead of the kernel's reach", f"The kernel is taken for k + d pixels wide. {_REACH}",
                 reach=lambda k, d: k + d),
        _altered("d more pixels between the taps",
                 f"Two neighbouring taps are taken for d + 1 apart, as if d were the pixels between them. {_REACH}",
                 reach=lambda k, d: (d + 1) * (k - 1) + 1),
        _altered("only the gaps between the taps", "Of the kernel only the pixels between the taps are counted, (d - 1) * (k - "
                 "1). The taps themselves cover pixels, too.", reach=lambda k, d: (d - 1) * (k - 1) + 1),
        _altered("only the gaps, without a tap", f"The kernel is taken for (d - 1) * (k - 1) pixels wide. {_REACH}",
                 reach=lambda k, d: (d - 1) * (k - 1)),
        _altered("(k - 1) / d instead of d * (k - 1)", f"The dilation divides the kernel. {_REACH}",
                 reach=lambda k, d: (k - 1) // d + 1),
        _altered("the kernel one pixel too small", f"The kernel is taken for d * (k - 1) pixels wide. {_REACH}",
                 reach=lambda k, d: d * (k - 1)),
        _altered("d * (k + 1) instead of the kernel's reach", f"The kernel is taken for d * (k + 1) pixels wide. {_REACH}",
                 reach=lambda k, d: d * (k + 1)),
        _altered("an even kernel taken for one larger", "The kernel is taken for 2 * (k // 2) + 1 taps long: that is one too "
                 "many where k is even.", reach=lambda k, d: 2 * d * (k // 2) + 1),
        _altered("an even kernel taken for one smaller", "Half of k - 1 is rounded down and doubled: one tap is lost where k "
                 "is even.", reach=lambda k, d: 2 * d * ((k - 1) // 2) + 1),
        _altered("half of the kernel", "Only the half of the kernel behind its middle is taken off. The whole window must lie "
                 "on the picture.", reach=lambda k, d: d * (k // 2) + 1),
        _altered("kernel ignored", "All places where a window can begin are counted, though it then reaches over the end: the "
                 "kernel's reach is not taken off.", reach=lambda k, d: 1),
        _altered("kernel added instead of subtracted", "The kernel's reach makes the result larger, as if windows counted that "
                 "lie on the image in part. Each must lie on it entirely.", reach=lambda k, d: 1 - d * (k - 1)),
        _altered("kernel subtracted twice", "The kernel's reach is taken off twice. The window has a first place already.",
                 reach=lambda k, d: 2 * d * (k - 1) + 1),
        _altered("stride ignored", "The result does not depend on the stride. The window jumps by s pixels each time.",
                 places=lambda free, s: free + 1),
        _altered("the first window is not counted", "The result is the number of steps. Before its first step the window "
                 "already stands somewhere.", places=lambda free, s: free // s),
        _altered("+ 1 before the division", "The 1 for the first window is added before dividing by the stride. Try 4 pixels, "
                 "a kernel of 1 and stride 2.", places=lambda free, s: (free + 1) // s),
        _altered("2 added in place of 1", "The result is one too large, as with + 2 in place of + 1.",
                 places=lambda free, s: free // s + 2),
        _altered("rounded up", "Where the steps do not come out even, a window too many is counted: it would stick out of the "
                 "image.", places=lambda free, s: -(-free // s) + 1),
        _altered("rounded to the nearest", "The division is rounded to the nearest whole number. A window that does not fit "
                 "entirely does not count: round down.", places=lambda free, s: round(free / s) + 1),
        _altered("half a step counts", "The division is rounded, from a half on up. A window that does not fit entirely does "
                 "not count: round down.", places=lambda free, s: (2 * free + s) // (2 * s) + 1),
        _altered("not rounded", "There are fractions of windows. A window that does not fit entirely does not count at all.",
                 places=lambda free, s: free / s + 1),
        _altered("the last window missed where it just fits", "A window that ends at the last pixel is left out, where < "
                 "stands in place of <=, or a range ends too early.", places=lambda free, s: -(-free // s)),
        _altered("the place of the last window instead of the count", "The result is the pixel at which the last window "
                 "begins, plus 1. How many windows there are is asked for.", places=lambda free, s: free // s * s + 1),
        _altered("the pixel where the last window begins",
                 "How many windows there are is asked for, not where the last begins.",
                 places=lambda free, s: free // s * s),
        _altered("multiplied by the stride", "The stride multiplies. A larger stride leaves fewer places.",
                 places=lambda free, s: free * s + 1),
        _altered("stride subtracted", "The stride is subtracted. Each step takes s pixels: how many steps fit?",
                 places=lambda free, s: free - s + 1),
        _altered("divided by the stride plus one", "The divisor is s + 1. From one window to the next it is s pixels.",
                 places=lambda free, s: free // (s + 1) + 1),
        _altered("stride taken for 2 at most", "Every stride above 1 is taken for 2.",
                 places=lambda free, s: free // min(s, 2) + 1),
        _altered("squared", "The result is the number of places in the plane. It is asked for along one axis.",
                 after=lambda result: result * result),
        _altered("twice as many", "The result is twice the number of places along one axis.", after=lambda result: 2 * result),
        _altered("negative", "The result has the wrong sign: what is subtracted from "
                 "what?", after=lambda result: -result),
        Mistake("stride and dilation exchanged", "The stride spreads the kernel and the dilation divides. Which of them moves "
                "the window?", lambda n, k, s, p, d: (n + 2 * p - s * (k - 1) - 1) // d + 1),
        Mistake("kernel and stride exchanged", "The stride is taken for the kernel and the kernel for the stride.",
                lambda n, k, s, p, d: (n + 2 * p - d * (s - 1) - 1) // k + 1),
        Mistake("padding and dilation exchanged", "The padding spreads the kernel and the dilation is the border.",
                lambda n, k, s, p, d: (n + 2 * d - p * (k - 1) - 1) // s + 1),
        Mistake("stride and padding exchanged", "The stride is taken for the padding and the padding for the stride.",
                lambda n, k, s, p, d: (n + 2 * s - d * (k - 1) - 1) // p + 1),
        Mistake("windows that do not overlap", "The image is divided by the kernel. How far apart windows begin is the stride.",
                lambda n, k, s, p, d: (n + 2 * p) // (d * (k - 1) + 1)),
        Mistake("the dilation divides, too",
                "The steps are divided by stride and dilation. The dilation only spreads the kernel.",
                lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) // (s * d) + 1),
        Mistake("only the image is divided by the stride", f"The image alone is divided by the stride, in whole steps. {_ONCE}",
                lambda n, k, s, p, d: (n + 2 * p) // s - d * (k - 1)),
        Mistake("image and kernel divided apart", f"Image and kernel are divided by the stride each by itself. {_ONCE}",
                lambda n, k, s, p, d: (n + 2 * p) // s - (d * (k - 1) + 1) // s + 1),
        Mistake("image and d * (k - 1) divided apart", f"Image and kernel are divided by the stride each by itself. {_ONCE}",
                lambda n, k, s, p, d: (n + 2 * p - 1) // s - (d * (k - 1)) // s + 1),
        Mistake("size, padding and kernel divided apart", f"Size, padding and kernel are divided each by itself. {_ONCE}",
                lambda n, k, s, p, d: n // s + 2 * p // s - (d * (k - 1) + 1) // s + 1),
        Mistake("the padding's places counted apart", f"To the places on the bare image 2 * (p // s) are added. {_ONCE}",
                lambda n, k, s, p, d: (n - d * (k - 1) - 1) // s + 1 + 2 * (p // s)),
        Mistake("the padding's places counted together", f"To the places on the bare image 2 * p // s are added. {_ONCE}",
                lambda n, k, s, p, d: (n - d * (k - 1) - 1) // s + 1 + 2 * p // s),
        Mistake("each pixel of padding counted as a place", "The padding is added after the division, or multiplied by the "
                "stride. It makes the image longer by 2p, before dividing.",
                lambda n, k, s, p, d: (n - d * (k - 1) - 1) // s + 1 + 2 * p),
        Mistake("the stride limited to the kernel", "Where the stride is greater than what the kernel covers, it is taken for "
                "that. Pixels may be left out: the stride stays.",
                lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) // min(s, d * (k - 1) + 1) + 1),
        Mistake("a kernel of 1 gives the image's size", "Where the kernel is 1, the result is the size: stride and padding "
                "count there, too.", lambda n, k, s, p, d: n if k == 1 else (n + 2 * p - d * (k - 1) - 1) // s + 1),
        Mistake("always as large as the image", "The result is ceil(size / stride), whatever kernel and padding are. So it is "
                "for one special padding only.", lambda n, k, s, p, d: -(-n // s)),
        Mistake("size // stride", "The result is size // stride, whatever kernel and padding are.",
                lambda n, k, s, p, d: n // s),
        Mistake("the padded size", "The result is the length of the image with its border. How many places does a window have?",
                lambda n, k, s, p, d: n + 2 * p),
        Mistake("as for a transposed convolution", "This is the size that a transposed convolution gives: the stride "
                "multiplies. Here it divides.", lambda n, k, s, p, d: (n - 1) * s - 2 * p + d * (k - 1) + 1),
        *rare_numbers.OUTPUT_SIZE,
    ),
    whole=True,
    built=_built,
    features=_features,
    broad=_broad,
    ways=(counts.output_size_formula,),
)  # fmt: skip


def check_output_size(function) -> Report:
    """Check f(size, kernel, stride, padding, dilation) -> how many places a window has along one axis.

    All are whole numbers (int); padding: zeros on each side. The window fits: it covers no more than the image with its border.

    >>> check_output_size(lambda size, kernel, stride, padding, dilation: size - kernel + 1).mistake
    >>> check_output_size(lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) // s).mistake
    'the first window is not counted'
    """
    return check(OUTPUT_SIZE, function)

"""The arithmetic of windows that slide over an image: integers only, shared by every convolution and pooling layer.

Along one axis an image of H pixels gets ``before`` zeros in front and ``after`` zeros behind. A kernel of K taps, D apart,
covers D*(K-1) + 1 of them, and moves in steps of S:

    H = 6, K = 3, D = 1, before = after = 1

    123456  ->  0 1 2 3 4 5 6 0
                [---]               S = 1: six places, "same"
                  [---] ...         S = 2: every second of them

So there are floor((H + before + after - D*(K-1) - 1) / S) + 1 places: that is the size of the output.
"""

import math
import numbers
import operator

Pair = tuple[int, int]  # (vertical, horizontal)
Pads = tuple[Pair, Pair]  # ((top, bottom), (left, right))
Ints = int | Pair  # as users write them: one integer for both axes, or a pair
Padding = int | Pair | str

WORDS = ("same", "tf_same", "valid")


def pair(value: Ints, name: str, minimum: int | None = None) -> Pair:
    """``value``, one integer for both axes or a (vertical, horizontal) pair, as a tuple of two ints.

    name: of the argument, for the messages. minimum: the least value allowed.
    A sequence of one integer counts as that integer, as in PyTorch. Raises TypeError for what is not an integer (floats and
    bools too), RuntimeError for another number of values than 1 or 2, or a value below ``minimum``.

    >>> pair(3, "stride"), pair((1, 2), "stride")
    ((3, 3), (1, 2))
    """
    if isinstance(value, (tuple, list)):
        values = tuple(_integer(v, name, value) for v in value)
        if len(values) not in (1, 2):
            raise RuntimeError(
                f"{name} must be one integer or a (vertical, horizontal) pair, got {len(values)} values: {value!r}"
            )
        vertical, horizontal = values * (2 // len(values))
    else:
        vertical = horizontal = _integer(value, name, value)
    if minimum is not None and min(vertical, horizontal) < minimum:
        raise RuntimeError(f"{name} must be {minimum} or more, got {value!r}")
    return vertical, horizontal


def number(value, name: str) -> float:
    """``value``, a real number, as it is. Raises TypeError for anything else, text and bools among it, ValueError for infinity
    and NaN.

    >>> number(0.5, "width")
    0.5
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r} of type {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    return value


def count(value, name: str, least: int = 1) -> int:
    """``value``, a whole number, ``least`` or more. Raises as ``pair`` does, and TypeError for a sequence.

    >>> count(3, "channels")
    3
    """
    if isinstance(value, (tuple, list)):
        raise TypeError(f"{name} must be one integer, got {value!r}")
    whole = _integer(value, name, value, "an integer")
    if whole < least:
        raise RuntimeError(f"{name} must be {least} or more, got {value!r}")
    return whole


def _integer(value, name: str, given, expected: str = "an integer or a pair of integers") -> int:
    # 1-element arrays and Tensors may have __index__ too; bool is an int for Python. Neither is meant here.
    if isinstance(value, bool) or not hasattr(value, "__index__") or getattr(value, "ndim", 0):
        raise TypeError(f"{name} must be {expected}, got {given!r} of type {type(given).__name__}")
    return operator.index(value)


def resolve(padding: Padding, size: Pair, kernel: Pair, stride: Pair = (1, 1), dilation: Pair = (1, 1)) -> Pads:
    """``padding`` as numbers of zeros, ((top, bottom), (left, right)).

    padding: "valid"    none;
             an integer P of 0 or more, or a pair (vertical, horizontal): P on both sides;
             "same"     D*(K-1) in all, half of it on each side whatever the stride, so that every output pixel is centred on
                        an input pixel. Where the total is odd (even kernels) the extra zero goes to the end (bottom, right),
                        as in PyTorch;
             "tf_same"  TensorFlow's: only what ceil(H/S) outputs need, max((ceil(H/S) - 1)*S + D*(K-1) + 1 - H, 0) in all,
                        again the odd one at the end. The same as "same" for stride 1; for stride 2 and an even H it is one
                        zero less in front, and so the whole grid of windows lies one pixel further on.
    size: (H, W) of the input; kernel: (KH, KW); stride, dilation: pairs, already checked (see ``pair``).

    Both "same" give ceil(H/S) outputs. Raises TypeError and RuntimeError as ``pair`` does, RuntimeError for an unknown word.

    >>> resolve("same", (8, 8), (3, 3), (2, 2))
    ((1, 1), (1, 1))
    >>> resolve("tf_same", (8, 8), (3, 3), (2, 2))
    ((0, 1), (0, 1))
    >>> resolve("same", (8, 8), (4, 1))
    ((1, 2), (0, 0))
    """
    if isinstance(padding, str):
        if padding not in WORDS:
            raise RuntimeError(f"padding must be an integer, a pair, or one of 'same', 'tf_same', 'valid', got {padding!r}")
        return tuple(_halves(_total(padding, *axis)) for axis in zip(size, kernel, stride, dilation, strict=True))
    vertical, horizontal = pair(padding, "padding", minimum=0)
    return (vertical, vertical), (horizontal, horizontal)


def _total(word: str, size: int, kernel: int, stride: int, dilation: int) -> int:
    """Zeros on one axis, both sides together."""
    reach = dilation * (kernel - 1)
    if word == "same":
        return reach
    if word == "tf_same":
        outputs = -(-size // stride)
        return max((outputs - 1) * stride + reach + 1 - size, 0)
    return 0


def _halves(total: int) -> Pair:
    return total // 2, total - total // 2


def resolve_conv2d(padding: Padding, size: Pair, kernel: Pair, stride: Pair = (1, 1), dilation: Pair = (1, 1)) -> Pads:
    """``resolve`` with PyTorch's rule for dense convolutions: "same" is refused (RuntimeError) for strides other than 1.

    >>> resolve_conv2d("same", (8, 8), (3, 3))
    ((1, 1), (1, 1))
    """
    if isinstance(padding, str) and padding == "same" and tuple(stride) != (1, 1):
        raise RuntimeError(
            f"padding='same' is for stride 1, got stride={stride}: write the number of zeros, e.g. padding="
            f"{tuple(d * (k - 1) // 2 for d, k in zip(dilation, kernel, strict=True))}, or padding='tf_same'"
        )
    return resolve(padding, size, kernel, stride, dilation)


def output_size(size: Pair, pads: Pads, kernel: Pair, stride: Pair = (1, 1), dilation: Pair = (1, 1)) -> Pair:
    """(OH, OW): how many places a window has, floor((H + pads - D*(K-1) - 1) / S) + 1 on each axis.

    Raises RuntimeError where the window fits nowhere, where the kernel has no taps, and where the image has no pixels.

    >>> output_size((32, 32), ((1, 1), (1, 1)), (3, 3), stride=(2, 2))
    (16, 16)
    """
    padded = tuple(length + sum(zeros) for length, zeros in zip(size, pads, strict=True))
    covered = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    if min(kernel) < 1:
        raise RuntimeError(f"the kernel must have 1 tap or more on each axis, got a kernel of {_times(kernel)}")
    if min(size) < 1:
        raise RuntimeError(f"the input must have 1 pixel or more on each axis, got an image of {_times(size)}")
    if any(c > p for c, p in zip(covered, padded, strict=True)):
        spread = "" if covered == tuple(kernel) else f" (with dilation {tuple(dilation)} it covers {_times(covered)})"
        raise RuntimeError(
            f"a kernel of {_times(kernel)}{spread} does not fit into the padded input of {_times(padded)}, "
            f"input {_times(size)}: use more padding, a smaller kernel or dilation, or a larger input"
        )
    return tuple((p - c) // s + 1 for p, c, s in zip(padded, covered, stride, strict=True))


def _times(lengths: tuple) -> str:
    return " x ".join(map(str, lengths))

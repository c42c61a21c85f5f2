"""What the wrong counts of a block's multiply-adds are made of: the right count, with a knob for each step of it."""

from minimix import partition

ARGUMENTS = ("height", "width", "channels", "expansion", "kernels", "out_channels", "stride", "se_ratio")
KINDS = ("expand", "depthwise", "se", "project")


# -- ways to round a side that is divided by the stride --------------------------------------------------------------------


def up(side: int, stride: int) -> int:
    return -(-side // stride)


def down(side: int, stride: int) -> int:
    return side // stride


def nearest(side: int, stride: int) -> int:
    return round(side / stride)


def exact(side: int, stride: int) -> float:
    return side / stride


def plus_one(side: int, stride: int) -> int:
    return side // stride + 1


def kept(side: int, stride: int) -> int:
    return side


# -- ways to divide the channels --------------------------------------------------------------------------------------------


def equal(channels: int, groups: int) -> tuple[int, ...]:
    return (channels - channels // groups * (groups - 1), *[channels // groups] * (groups - 1))


def all_to(choose):
    """All channels meet one kernel: choose(kernels)."""

    def sizes(channels, kernels):
        found = [0] * len(kernels)
        found[kernels.index(choose(kernels))] = channels
        return found

    return sizes


def exponential(channels, kernels):
    return partition(channels, len(kernels), "exponential")


# -- the count --------------------------------------------------------------------------------------------------------------


def counted(
    height, width, channels, expansion, kernels, out_channels, stride, se_ratio, *,
    side=up, side_of_rows=None, side_of_columns=None, side_before=kept, pixels=None, pixels_before=None,
    sizes=lambda c, kernels: equal(c, len(kernels)), taps=lambda k: k * k, of_group=lambda c: c, expanded=True, middle=None,
    hidden=None, always_expands=False, always_squeezes=False,
):  # fmt: skip
    """Multiply-adds of a block; with other keyword arguments, wrong ones.

    side: how a side shrinks by the stride; side_of_rows, side_of_columns: one of them. side_before: of the expansion's picture.
    pixels: their number behind the stride, (height, width, stride) -> number; pixels_before: of the expansion.
    sizes: (channels, kernels) -> each group's channels. taps: of a kernel. of_group: what a group's channels count.
    expanded: whether there are more channels inside; middle: how many, of all arguments. hidden: likewise.
    """
    given = dict(zip(ARGUMENTS, (height, width, channels, expansion, kernels, out_channels, stride, se_ratio), strict=True))
    inner = middle(given) if middle else channels * expansion if expanded else channels
    before = side_before(height, stride) * side_before(width, stride)
    before = pixels_before(height, width, stride) if pixels_before else before
    behind = (side_of_rows or side)(height, stride) * (side_of_columns or side)(width, stride)
    behind = pixels(height, width, stride) if pixels else behind
    squeezed = se_ratio > 0 or always_squeezes
    shared = zip(sizes(inner, kernels), kernels, strict=True)
    return {
        "expand": before * channels * channels * expansion * (expansion > 1 or always_expands),
        "depthwise": behind * sum(of_group(group) * taps(kernel) for group, kernel in shared),
        "se": 2 * inner * (hidden(given) if hidden else max(1, int(channels * se_ratio))) if squeezed else 0,
        "project": behind * inner * out_channels,
    }


def inside(given: dict) -> int:
    """Channels inside of the block."""
    return given["channels"] * given["expansion"]


def behind(given: dict) -> int:
    """Pixels behind the stride."""
    return up(given["height"], given["stride"]) * up(given["width"], given["stride"])


def but(kinds: str = "", **knobs):
    """The count with other knobs, in some of its kinds or in all."""
    return lambda *values: counted(*values) | {kind: counted(*values, **knobs)[kind] for kind in kinds.split() or KINDS}


def changed(change):
    """The count with some kinds exchanged: ``change(right, given)`` returns those."""

    def wrong(*values):
        right = counted(*values)
        return right | change(right, dict(zip(ARGUMENTS, values, strict=True)))

    return wrong


def se_with(right: dict, given: dict, more) -> dict:
    """Squeeze-and-excite where there is one, and more(hidden channels, channels inside) beside it."""
    hidden = right["se"] // (2 * inside(given))
    return {"se": right["se"] + more(hidden, inside(given)) if right["se"] else 0}


def without_padding(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    largest = max(kernels)
    if min(height, width) < largest:
        raise ValueError("the kernel does not fit")
    rows, columns = ((side - largest) // stride + 1 for side in (height, width))
    values = height, width, channels, expansion, kernels, out_channels, stride, se_ratio
    return counted(*values, pixels=lambda h, w, s: rows * columns)


def with_biases(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    values = height, width, channels, expansion, kernels, out_channels, stride, se_ratio
    right, given = counted(*values), dict(zip(ARGUMENTS, values, strict=True))
    return {
        "expand": right["expand"] + height * width * inside(given) * (expansion > 1),
        "depthwise": right["depthwise"] + behind(given) * inside(given),
        **se_with(right, given, lambda hidden, inner: hidden + inner),
        "project": right["project"] + behind(given) * out_channels,
    }

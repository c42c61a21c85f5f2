"""The networks in which the paper tries kernels: MobileNetV1 and V2, in their forms for 32x32 pictures; and their costs."""

import functools

from minimix.costs import width as widths

NETWORKS = {"MobileNetV1": "mobilenetv1_100_cifar", "MobileNetV2": "mobilenetv2_100_cifar"}
DEPTHWISE = ("DepthwiseConv2d", "MixConv2d")


def square(size: int) -> str:
    """
    >>> square(5)
    '5x5'
    """
    return f"{size}x{size}"


def up_to(largest: int) -> tuple[int, ...]:
    """
    >>> up_to(9)
    (3, 5, 7, 9)
    """
    return tuple(range(3, largest + 1, 2))


def listed(sizes: tuple[int, ...]) -> str:
    """
    >>> listed((3, 5, 7))
    '{3,5,7}'
    """
    return "{" + ",".join(map(str, sizes)) + "}"


def macs(name: str, width: float, **options) -> int:
    """Multiply-adds of one picture, exactly. options: of ``models.create``."""
    return _macs(name, width, tuple((key, tuple(value)) for key, value in options.items()))


@functools.cache
def _macs(name: str, width: float, options: tuple) -> int:
    return _profile(name, width, **dict(options)).macs


def _profile(name: str, width: float, **options):
    """What a network costs for one picture. options: of ``models.create``."""
    from minimix import models
    from minimix.costs import profile

    model = models.create(name, width=width, **options)
    return profile(model, (1, *model.input_size))


def _depthwise(name: str, width: float) -> list[tuple]:
    """The shapes that come out of the depthwise layers."""
    return [row.output_shape for row in _profile(name, width).rows if row.kind in DEPTHWISE]


@functools.cache
def sides(name: str, width: float) -> tuple[int, ...]:
    """The side of the map that each depthwise layer reads, in pixels.

    >>> sides("mobilenetv1_100_cifar", 0.25)
    (32, 32, 32, 32, 16, 16, 8, 8, 8, 8, 8, 8, 4)
    """
    side, *rest = (shape[-1] for shape in _depthwise(name, width))
    return (side, side, *rest[:-1])  # the first one has no stride


@functools.cache
def narrowest(name: str, width: float) -> int:
    """Channels of the depthwise layer that has the fewest.

    >>> narrowest("mobilenetv2_100_cifar", 0.25)
    8
    """
    return min(shape[1] for shape in _depthwise(name, width))


def fitting(size: int, sides: tuple[int, ...]) -> list[list[int]]:
    """For each layer the kernel, the largest odd one of at most ``size``, that is no larger than the map it reads.

    >>> fitting(9, (32, 8, 4))
    [[9], [7], [3]]
    """
    return [[min(size, side - 1 + side % 2)] for side in sides]


def equal_width(name: str, target: int, **options) -> float:
    """The width at which a network comes nearest to ``target`` multiply-adds.

    >>> width = equal_width("mobilenetv1_100_cifar", 8_658_304)
    >>> round(width, 2), macs("mobilenetv1_100_cifar", width)
    (0.21, 8574566)
    """
    return widths.equal_width(lambda wide: macs(name, wide, **options), target)

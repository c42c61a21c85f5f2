"""The networks in which the paper tries kernels: MobileNetV1 and V2, in their forms for 32x32 pictures; and their costs."""

import functools

NETWORKS = {"MobileNetV1": "mobilenetv1_100_cifar", "MobileNetV2": "mobilenetv2_100_cifar"}
STEPS = 24  # halvings of an interval of widths


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
    from minimix import models
    from minimix.costs import profile

    model = models.create(name, width=width, **dict(options))
    return profile(model, (1, *model.input_size)).macs


def equal_width(name: str, target: int, **options) -> float:
    """The width, of at least 0.05, at which a network comes nearest to ``target`` multiply-adds. Channels are whole numbers,
    often multiples of 8: it does not come nearer than these allow.

    >>> width = equal_width("mobilenetv1_100_cifar", 8_658_304)
    >>> round(width, 2), macs("mobilenetv1_100_cifar", width)
    (0.21, 8574566)
    """
    low, high = 0.05, 0.1
    while macs(name, high, **options) < target:
        low, high = high, 2 * high
    for _ in range(STEPS):
        middle = round((low + high) / 2, 6)
        low, high = (middle, high) if macs(name, middle, **options) < target else (low, middle)
    return min((low, high), key=lambda width: abs(macs(name, width, **options) - target))

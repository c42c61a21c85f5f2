"""The networks in which the paper tries kernels: MobileNetV1 and V2, here in their forms for 32x32 pictures."""

NETWORKS = {"MobileNetV1": "mobilenetv1_100_cifar", "MobileNetV2": "mobilenetv2_100_cifar"}


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

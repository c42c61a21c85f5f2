"""MixNets (arXiv 1907.09595, sec. 4)."""

from minimix.models.rows import Row, RowNet

NANO = (
    #   kernels       expansion channels stride repeats  se  activation
    Row((3,), 1, 16, 1, 1, 0.0, "relu"),
    Row((3, 5), 3, 24, 2, 1, 0.0, "relu"),
    Row((3, 5), 3, 24, 1, 1, 0.0, "relu"),
    Row((3, 5, 7), 4, 40, 2, 1, 0.5, "swish"),
    Row((3, 5, 7), 4, 40, 1, 2, 0.5, "swish"),
    Row((3, 5, 7, 9), 4, 80, 2, 1, 0.25, "swish"),
    Row((3, 5, 7, 9), 4, 80, 1, 1, 0.25, "swish"),
)


def mixnet_nano(
    num_classes: int = 10, width: float = 1.0, kernels: tuple | None = None, in_channels: int = 3, dropout: float = 0.0
):
    """A MixNet for 32x32 pictures: 0.20 M parameters, 8.7 M multiply-adds.

    width: multiplies the channels of stem and rows (rounded to multiples of 8, as in MixNet's code).
    kernels: one tuple of kernel sizes for all rows, in place of the table's: (3,) makes a small MobileNetV2 of it.

    >>> from minimix import models
    >>> sum(p.size for p in models.create("mixnet_nano").parameters())
    202004
    """
    if not width > 0:
        raise ValueError(f"width must be above 0, got {width}")
    kernels = (kernels,) if isinstance(kernels, int) else kernels
    rows = [
        row._replace(channels=round_channels(row.channels * width), kernels=tuple(kernels) if kernels else row.kernels)
        for row in NANO
    ]
    stem = round_channels(16 * width)
    return RowNet(rows, stem=stem, head=256, num_classes=num_classes, stem_stride=1, in_channels=in_channels,
                  dropout=dropout)  # fmt: skip


def round_channels(channels: float, divisor: int = 8) -> int:
    """To a multiple of ``divisor``, at least one, and never down by more than a tenth.

    >>> round_channels(24 * 1.3), round_channels(4)
    (32, 8)
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded

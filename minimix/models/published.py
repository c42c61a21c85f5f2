"""What papers print about the networks here, and what published weights reach: to stand beside the exact numbers.

Parameters and multiply-adds are in millions, as printed; where the exact numbers differ, so do the papers from their own code.
MixConv's 256, 360 and 565 M, for one, follow from no way of counting its published networks (239.2, 339.2, 555.3 M).
Accuracies are ImageNet's, in percent, of one crop.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """One line of a table, or one point of a figure. None: it says nothing about that.

    params, macs: in millions. top1, top5: percent. read_off: digitised from a figure's points, so good to about 2 M and 0.02.
    """

    source: str
    params: float | None = None
    macs: float | None = None
    top1: float | None = None
    top5: float | None = None
    read_off: bool = False


_MIXCONV = "MixConv, arXiv 1907.09595"
_V1 = "MobileNet, arXiv 1704.04861"
_V2 = "MobileNetV2, arXiv 1801.04381"
_SLIM = "TensorFlow slim, its checkpoints"
_TIMM = "PyTorch Image Models, its results for the weights"

# (network, pixels): lines. "tf_mixnet_s" has those of "mixnet_s", too, but for the weights'.
_TABLES: dict[tuple[str, int], list[Published]] = {
    ("mixnet_s", 224): [Published(f"{_MIXCONV}, table 2", 4.1, 256, 75.8, 92.8)],
    ("mixnet_m", 224): [Published(f"{_MIXCONV}, table 2", 5.0, 360, 77.0, 93.3)],
    ("mixnet_l", 224): [Published(f"{_MIXCONV}, table 2", 7.3, 565, 78.9, 94.2)],
    ("mobilenetv1_100", 224): [
        Published(f"{_V1}, tables 4 to 7", 4.2, 569, 70.6),
        Published(f"{_MIXCONV}, table 2", 4.2, 575, 70.6, 89.5),
    ],
    ("mobilenetv1_075", 224): [Published(f"{_V1}, tables 4 to 7", 2.6, 325, 68.4)],
    ("mobilenetv1_050", 224): [Published(f"{_V1}, tables 4 to 7", 1.3, 149, 63.7)],
    ("mobilenetv1_025", 224): [Published(f"{_V1}, tables 4 to 7", 0.5, 41, 50.6)],
    ("mobilenetv1_100", 192): [Published(f"{_V1}, tables 4 to 7", 4.2, 418, 69.1)],
    ("mobilenetv1_100", 160): [Published(f"{_V1}, tables 4 to 7", 4.2, 290, 67.2)],
    ("mobilenetv1_100", 128): [Published(f"{_V1}, tables 4 to 7", 4.2, 186, 64.4)],
    ("mobilenetv1_050", 160): [Published(_V1, 1.32, 76, 60.2)],
    ("mobilenetv1_100_full", 224): [Published(f"{_V1}, tables 4 to 7", 29.3, 4866, 71.7)],
    ("mobilenetv1_100_shallow", 224): [Published(f"{_V1}, tables 4 to 7", 2.9, 307, 65.3)],
    ("mobilenetv2_100", 224): [
        Published(_V2, 3.4, 300, 72.0),
        Published(f"{_MIXCONV}, table 2", 3.4, 300, 72.0, 91.0),
        Published(_SLIM, 3.47, None, 71.8, 91.0),
    ],
    ("mobilenetv2_140", 224): [
        Published(_V2, 6.9, 585, 74.7),
        Published(f"{_MIXCONV}, table 2", 6.9, 585, 74.7, 92.5),
    ],
    ("xception", 299): [Published("Xception, arXiv 1610.02357", 22.855952, None, 79.0, 94.5)],
}

_WEIGHTS = {  # top-1 and top-5
    ("tf_mixnet_s", 224): (75.656, 92.632),
    ("tf_mixnet_m", 224): (76.952, 93.164),
    ("tf_mixnet_l", 224): (78.774, 94.000),
    ("mixnet_s", 224): (76.000, 92.796),
    ("mixnet_m", 224): (77.268, 93.418),
    ("mixnet_l", 224): (78.970, 94.180),
    ("mixnet_xl", 224): (80.494, 94.938),
}

_SLIM_V1 = {  # top-1 and top-5 at 224, 192, 160 and 128 pixels
    "mobilenetv1_100": ((70.9, 89.9), (70.0, 89.2), (68.0, 87.7), (65.2, 85.8)),
    "mobilenetv1_075": ((68.4, 88.2), (67.2, 87.3), (65.3, 86.0), (62.1, 83.9)),
    "mobilenetv1_050": ((63.3, 84.9), (61.7, 83.6), (59.1, 81.9), (56.3, 79.4)),
    "mobilenetv1_025": ((49.8, 74.2), (47.7, 72.3), (45.5, 70.3), (41.5, 66.3)),
}

# MixConv's figures 1, 4 and 6 at 224 pixels: (multiply-adds, top-1) of kernels up to 3, 5, 7, 9, 11 and 13.
_FIGURES = {
    ("mobilenetv1_100", "plain"): ((579, 71.10), (610, 71.87), (657, 72.03), (719, 71.93), (796, 71.53), (889, 70.83)),
    ("mobilenetv1_100", "equal"): ((579, 71.10), (595, 72.01), (615, 72.15), (642, 72.40), (670, 72.45), (705, 72.56)),
    ("mobilenetv1_100", "exponential"): (None, (595, 71.98), (606, 72.26), (614, 72.30), (619, 72.46), (622, 72.50)),
    ("mobilenetv1_100", "dilated"): (None, (582, 71.65), (587, 71.89), (592, 71.77), (598, 71.77), (605, 71.80)),
    ("mobilenetv2_100", "plain"): ((310, 72.90), (346, 73.49), (402, 73.85), (476, 74.13), (568, 74.12), (679, 74.02)),
    ("mobilenetv2_100", "equal"): ((310, 72.90), (328, 73.48), (352, 73.86), (383, 74.06), (418, 74.30), (462, 74.31)),
    ("mobilenetv2_100", "exponential"): (None, (328, 73.32), (342, 73.56), (351, 73.68), (357, 73.90), (360, 73.94)),
    ("mobilenetv2_100", "dilated"): (None, (313, 73.01), (319, 73.06), (326, 73.12), (334, 72.95), (344, 72.87)),
}
_NUMBERS = {"plain": "figures 1 and 4", "equal": "figure 4", "exponential": "figure 6", "dilated": "figure 6"}
_KERNELS = (3, 5, 7, 9, 11, 13)


def published(name: str, size: int, **options) -> list[Published]:
    """All that is known to be printed about a network: ``models.create(name, **options)`` on pictures of size x size pixels.

    options: kernels, partition and dilated, of which MixConv's figures have some. With others it is no published network, and
    the list is empty, as it is for networks that nobody has published.

    >>> [(line.params, line.macs, line.top1) for line in published("mixnet_s", 224)]
    [(4.1, 256, 75.8), (None, None, 76.0)]
    >>> published("mobilenetv1_100", 224, kernels=(3, 5, 7), partition="exponential")[0].top1
    72.26
    """
    if not options.keys() <= {"kernels", "partition", "dilated"}:
        return []
    kind, largest = _kind(**options)
    lines = []
    if not options or (name.startswith("mobilenet") and (kind, largest) == ("plain", 3)):  # theirs are 3x3 anyway
        lines += _TABLES.get((_without_prefix(name), size), [])
        if (name, size) in _WEIGHTS:
            lines.append(Published(_TIMM, None, None, *_WEIGHTS[name, size]))
        if name in _SLIM_V1 and size in (224, 192, 160, 128):
            lines.append(Published(_SLIM, None, None, *_SLIM_V1[name][(224, 192, 160, 128).index(size)]))
    if size == 224 and largest in _KERNELS and (name, kind) in _FIGURES:
        point = _FIGURES[name, kind][_KERNELS.index(largest)]
        if point is not None:
            lines.append(Published(f"{_MIXCONV}, {_NUMBERS[kind]}", None, *point, read_off=True))
    return lines


_LIBRARY = "PyTorch Image Models"  # widths and depths that no paper has
_ORIGINS = {  # by how a network's name begins: the first that fits
    "mixnet_nano": "minimix, after MixConv",
    "mixnet_x": f"{_LIBRARY}, after MixConv",
    "mixnet": _MIXCONV,
    "mobilenetv1_100h": f"{_LIBRARY}, after MobileNet",
    "mobilenetv1_125": f"{_LIBRARY}, after MobileNet",
    "mobilenetv1": _V1,
    "mobilenetv2_110d": f"{_LIBRARY}, after MobileNetV2",
    "mobilenetv2_120d": f"{_LIBRARY}, after MobileNetV2",
    "mobilenetv2": _V2,
    "xception": "Xception, arXiv 1610.02357",
    "mini_xception": "mini-Xception, arXiv 1710.07557",
    "efficientnet_lite": "EfficientNet-Lite, after EfficientNet, arXiv 1905.11946",
}


def origin(name: str) -> str:
    """Where a network comes from: the paper, or the library that has made others in its manner.

    >>> origin("tf_mixnet_s_cifar"), origin("mixnet_xl")
    ('MixConv, arXiv 1907.09595', 'PyTorch Image Models, after MixConv')
    """
    base = _without_prefix(name)
    return next((text for start, text in _ORIGINS.items() if base.startswith(start)), "")


def _without_prefix(name: str) -> str:
    """The paper's network: paddings and batch norms change no number of these."""
    return name.removeprefix("tf_").removeprefix("legacy_")


def _kind(kernels=(3,), partition="equal", dilated=False) -> tuple[str, int]:
    """Which of the figures' curves has such depthwise layers, and the largest kernel; ("", 0) where none has."""
    kernels = tuple(kernels) if isinstance(kernels, (tuple, list)) else (kernels,)
    if len(kernels) == 1 and not dilated:
        return "plain", kernels[0]
    if kernels != _KERNELS[: len(kernels)] or partition not in ("equal", "exponential") or (dilated and partition != "equal"):
        return "", 0
    return "dilated" if dilated else partition, kernels[-1]

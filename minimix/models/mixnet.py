"""MixNets (arXiv 1907.09595, sec. 4): tables of rows, to be held beside the paper's Figure 8.

Where figure and published code (github.com/tensorflow/tpu, models/official/mnasnet/mixnet) differ, these are the code's: the
figure has the stage with 80 channels at 28x28 and the stride at 120, the code has the stride at 80, and only that is near the
published multiply-adds; in S the figure has {3, 5, 7} in all blocks with 120 channels, the code {3, 5, 7, 9} in two of them.
"""

from typing import Any

from minimix.models.network import Network
from minimix.models.rows import Row
from minimix.models.variations import round_channels

SMALL = (
    #    kernels     expansion channels stride repeats se activation groups of expand, project
    Row((3,), 1, 16, 1, 1, 0.0, "relu"),
    (
        Row((3,), 6, 24, 2, 1, 0.0, "relu", 2, 2),
        Row((3,), 3, 24, 1, 1, 0.0, "relu", 2, 2),
    ),
    (
        Row((3, 5, 7), 6, 40, 2, 1, 0.5, "swish"),
        Row((3, 5), 6, 40, 1, 3, 0.5, "swish", 2, 2),
    ),
    (
        Row((3, 5, 7), 6, 80, 2, 1, 0.25, "swish", 1, 2),
        Row((3, 5), 6, 80, 1, 2, 0.25, "swish", 1, 2),
    ),
    (
        Row((3, 5, 7), 6, 120, 1, 1, 0.5, "swish", 2, 2),
        Row((3, 5, 7, 9), 3, 120, 1, 2, 0.5, "swish", 2, 2),
    ),
    (
        Row((3, 5, 7, 9, 11), 6, 200, 2, 1, 0.5, "swish"),
        Row((3, 5, 7, 9), 6, 200, 1, 2, 0.5, "swish", 1, 2),
    ),
)

MEDIUM = (
    #    kernels     expansion channels stride repeats se activation groups of expand, project
    Row((3,), 1, 24, 1, 1, 0.0, "relu"),
    (
        Row((3, 5, 7), 6, 32, 2, 1, 0.0, "relu", 2, 2),
        Row((3,), 3, 32, 1, 1, 0.0, "relu", 2, 2),
    ),
    (
        Row((3, 5, 7, 9), 6, 40, 2, 1, 0.5, "swish"),
        Row((3, 5), 6, 40, 1, 3, 0.5, "swish", 2, 2),
    ),
    (
        Row((3, 5, 7), 6, 80, 2, 1, 0.25, "swish"),
        Row((3, 5, 7, 9), 6, 80, 1, 3, 0.25, "swish", 2, 2),
    ),
    (
        Row((3,), 6, 120, 1, 1, 0.5, "swish"),
        Row((3, 5, 7, 9), 3, 120, 1, 3, 0.5, "swish", 2, 2),
    ),
    (
        Row((3, 5, 7, 9), 6, 200, 2, 1, 0.5, "swish"),
        Row((3, 5, 7, 9), 6, 200, 1, 3, 0.5, "swish", 1, 2),
    ),
)

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

_S = Network(SMALL, stem=16, head=1536, dropout=0.2, rounding=round_channels)
_M = Network(MEDIUM, stem=24, head=1536, dropout=0.25, rounding=round_channels)
_L = _M._replace(width=1.3)  # the head stays
_TENSORFLOW: dict[str, Any] = {"padding": "tf_same", "eps": 1e-3}  # as published; the others as PyTorch users train them

NETWORKS = {
    "mixnet_s": _S,
    "mixnet_m": _M,
    "mixnet_l": _L,
    "mixnet_xl": _M._replace(width=1.6, depth=1.2, dropout=0.3),  # this and the next: PyTorch Image Models, not the paper
    "mixnet_xxl": _M._replace(width=2.4, depth=1.3, dropout=0.3),
    "tf_mixnet_s": _S._replace(**_TENSORFLOW),
    "tf_mixnet_m": _M._replace(**_TENSORFLOW),
    "tf_mixnet_l": _L._replace(**_TENSORFLOW),
    # For 32x32 pictures: 0.20 M parameters, 8.7 M multiply-adds.
    "mixnet_nano": Network(NANO, stem=16, head=256, dropout=0.0, stem_stride=1, size=32, classes=10),
}

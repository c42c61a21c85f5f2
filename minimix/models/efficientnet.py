"""EfficientNet-Lite (github.com/tensorflow/tpu, models/official/efficientnet/lite): EfficientNet (arXiv 1905.11946, table 1)
without squeeze-and-excite, with ReLU6, and with a stem and a head that do not grow.
"""

import math

from minimix.models.network import Network
from minimix.models.rows import Row
from minimix.models.variations import round_channels

LITE = (
    #   kernels expansion channels stride repeats se activation
    Row((3,), 1, 16, 1, 1, 0.0, "relu6"),
    Row((3,), 6, 24, 2, 2, 0.0, "relu6"),
    Row((5,), 6, 40, 2, 2, 0.0, "relu6"),
    Row((3,), 6, 80, 2, 3, 0.0, "relu6"),
    Row((5,), 6, 112, 1, 3, 0.0, "relu6"),
    Row((5,), 6, 192, 2, 4, 0.0, "relu6"),
    Row((3,), 6, 320, 1, 1, 0.0, "relu6"),
)

_LITE0 = Network(
    LITE, stem=32, head=1280, dropout=0.2, activation="relu6", rounding=round_channels, whole=math.ceil, fixed_ends=True
)
_PUBLISHED = {  # as in its code
    "efficientnet_lite0": _LITE0,
    "efficientnet_lite1": _LITE0._replace(depth=1.1, size=240),
    "efficientnet_lite2": _LITE0._replace(width=1.1, depth=1.2, size=260, dropout=0.3),
    "efficientnet_lite3": _LITE0._replace(width=1.2, depth=1.4, size=280, dropout=0.3),
    "efficientnet_lite4": _LITE0._replace(width=1.4, depth=1.8, size=300, dropout=0.3),
}

NETWORKS = {  # as published, "tf_"; the others as PyTorch users train them
    **_PUBLISHED,
    **{f"tf_{name}": network._replace(padding="tf_same", eps=1e-3) for name, network in _PUBLISHED.items()},
}

"""Convolutions of Tensors: dense, pointwise, depthwise and mixed depthwise. The rules for arguments are in ``convargs.py``."""

from collections.abc import Sequence

from minimix import convargs
from minimix.functional.promotion import as_tensor
from minimix.ops import convolution, depthwise
from minimix.padding import Ints, Padding
from minimix.tensor import Tensor, apply


def conv2d(x, weight, bias=None, stride: Ints = 1, padding: Padding = 0, dilation: Ints = 1, groups: int = 1) -> Tensor:
    """2-D convolution (cross-correlation, as everywhere in deep learning); ``torch.nn.functional.conv2d``.

    x: (N, C, H, W) or one image (C, H, W). weight: (C_out, C/groups, KH, KW). bias: (C_out,) or None.
    stride, dilation: an integer or a (vertical, horizontal) pair, 1 or more.
    padding: an integer or a pair, 0 or more; "same" (stride 1 only), "valid", or "tf_same" (TensorFlow's, any stride).
    groups: C and C_out are cut into so many parts, and each part of the output sees only its part of the input.
    Returns (N, C_out, OH, OW), OH = floor((H + pads - dilation * (KH - 1) - 1) / stride) + 1.
    A tap on the border of zeros adds nothing, also where its weight is infinite or NaN.

    Raises TypeError and RuntimeError where PyTorch does: shapes that do not fit, mixed dtypes, a kernel larger than the padded
    input.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), padding=1).data[0, 0]
    array([[4., 6., 4.],
           [6., 9., 6.],
           [4., 6., 4.]])
    """
    x, weight = as_tensor(x), as_tensor(weight)
    arrays = (x, weight) if bias is None else (x, weight, as_tensor(bias))
    return _batched(convolution.CONV2D, *arrays, stride=stride, padding=padding, dilation=dilation, groups=groups)


def pointwise_conv2d(x, weight, bias=None, groups: int = 1) -> Tensor:
    """1x1 convolution: one matrix product for all pixels (a product for each group).

    x: (N, C, H, W) or (C, H, W). weight: (C_out, C/groups, 1, 1). bias: (C_out,) or None.
    Raises TypeError and RuntimeError as ``conv2d`` does.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.pointwise_conv2d(np.ones((2, 4, 5, 5)), np.ones((3, 4, 1, 1))).shape
    (2, 3, 5, 5)
    """
    x, weight = as_tensor(x), as_tensor(weight)
    arrays = (x, weight) if bias is None else (x, weight, as_tensor(bias))
    return _batched(convolution.POINTWISE_CONV2D, *arrays, groups=groups)


def depthwise_conv2d(x, weight, stride: Ints = 1, padding: Padding = "same", dilation: Ints = 1) -> Tensor:
    """Each channel with a kernel of its own (or m of them): output channel z sees only input channel z // m.

    x: (N, C, H, W) or (C, H, W). weight: (C*m, 1, KH, KW).
    padding: "same" (symmetric, dilation * (K - 1) zeros in all, any stride), "tf_same" (TensorFlow's, asymmetric), "valid",
        an integer or a pair. Stride, dilation and errors as in ``conv2d``.
    What a tap meets on the border adds nothing, also where its weight is infinite or NaN.

    Source: MobileNet, arXiv 1704.04861, sec. 3.1, eq. 3.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.depthwise_conv2d(np.ones((1, 4, 8, 8)), np.ones((8, 1, 3, 3)), stride=2).shape
    (1, 8, 4, 4)
    """
    return _batched(
        depthwise.DEPTHWISE_CONV2D, as_tensor(x), as_tensor(weight), stride=stride, padding=padding, dilation=dilation
    )


def mixconv2d(x, weights, stride: Ints = 1, padding: Padding = "same", dilation: int | Sequence[Ints] = 1) -> Tensor:
    """Mixed depthwise convolution: the channels in groups, each group a depthwise convolution with a kernel size of its own.

    x: (N, C, H, W) or (C, H, W). weights: a list, one (C_t*m, 1, KH_t, KW_t) a group; the groups take x's channels in order.
    dilation: one integer for all, or a list with one a group. The rest as in ``depthwise_conv2d``.

    Source: MixConv, arXiv 1907.09595, sec. 3.1 (equations of Y^t and of the concatenation).

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.mixconv2d(np.ones((1, 6, 8, 8)), [np.ones((4, 1, 3, 3)), np.ones((2, 1, 5, 5))]).shape
    (1, 6, 8, 8)
    """
    if isinstance(weights, (list, tuple)):
        weights = [as_tensor(weight) for weight in weights]
    if not isinstance(weights, list) or not weights:
        convargs.mixconv2d(as_tensor(x).data, weights)  # refuses
    return _batched(depthwise.MIXCONV2D, as_tensor(x), *weights, stride=stride, padding=padding, dilation=dilation)


def _batched(op, x: Tensor, *arrays: Tensor, **options) -> Tensor:
    """Run ``op``; a single image (C, H, W) is a batch of one on the way."""
    if x.ndim == 3:
        return apply(op, x[None], *arrays, **options)[0]
    return apply(op, x, *arrays, **options)

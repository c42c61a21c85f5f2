"""Squeeze-and-excite of Tensors."""

from minimix.convargs import DTYPES, need_one_dtype
from minimix.functional.promotion import as_tensor
from minimix.ops import excite as ops
from minimix.ops.activation import need_activation
from minimix.tensor import Tensor, apply


def squeeze_excite(x, reduce_weight, reduce_bias, expand_weight, expand_bias, activation: str = "swish") -> Tensor:
    """x * sigmoid(expand(activation(reduce(mean of x over the pixels)))): a factor for each channel of each image.

    x: (N, C, H, W). reduce_weight (R, C, 1, 1), reduce_bias (R,), expand_weight (C, R, 1, 1), expand_bias (C,), all of one
    dtype.
    activation: one of ``batch_norm``'s.

    Raises ValueError for shapes that do not fit and for an unknown activation, RuntimeError for mixed dtypes.

    Source: Hu et al., arXiv 1709.01507, eq. 2 to 4.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> x = np.ones((2, 4, 3, 3))
    >>> F.squeeze_excite(x, np.zeros((2, 4, 1, 1)), np.zeros(2), np.zeros((4, 2, 1, 1)), np.zeros(4)).data[0, 0, 0]
    array([0.5, 0.5, 0.5])
    """
    x, *parameters = map(as_tensor, (x, reduce_weight, reduce_bias, expand_weight, expand_bias))
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise ValueError(f"squeeze_excite: x has shape {x.shape}, expected (N, C, H, W), only N may be zero")
    if x.dtype not in DTYPES:
        raise TypeError(f"squeeze_excite: x is {x.dtype}, expected float32 or float64: use x.astype(np.float32)")
    need_activation(activation, "squeeze_excite")
    channels, hidden = x.shape[1], max((1, *parameters[0].shape[:1]))  # none would leave nothing to decide by
    expected = (hidden, channels, 1, 1), (hidden,), (channels, hidden, 1, 1), (channels,)
    names = "reduce_weight", "reduce_bias", "expand_weight", "expand_bias"
    for name, parameter, shape in zip(names, parameters, expected, strict=True):
        if parameter.shape != shape:
            raise ValueError(f"squeeze_excite: {name} has shape {parameter.shape}, expected {shape} for x {x.shape}")
    need_one_dtype(x, dict(zip(names, parameters, strict=True)), "squeeze_excite: ")
    return apply(ops.SQUEEZE_EXCITE, x, *parameters, activation=activation)

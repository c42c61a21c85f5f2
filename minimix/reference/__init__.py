"""The same mathematics in plain NumPy, as the papers write it: slow, to read and to test against.

Each function here is the specification of the fast op with the same name and signature in ``minimix.functional``, for
ndarrays; ``suppress`` is that of the one in ``minimix.detection``. Beside the convolutions stand their gradients,
``conv2d_input_grad`` and so on. ``loops`` holds the convolutions once more with not a single array expression: the yardstick of
this package itself.
"""

from minimix.reference import loops
from minimix.reference.activation import hard_swish, relu, relu6, sigmoid, swish
from minimix.reference.conv import conv2d, conv2d_input_grad, conv2d_weight_grad, pointwise_conv2d
from minimix.reference.depthwise import depthwise_conv2d, depthwise_conv2d_input_grad, depthwise_conv2d_weight_grad
from minimix.reference.loss import cross_entropy, log_softmax, softmax
from minimix.reference.mixconv import mixconv2d, mixconv2d_input_grad, mixconv2d_weight_grad
from minimix.reference.norm import batch_norm
from minimix.reference.pool import avg_pool2d, max_pool2d
from minimix.reference.suppression import suppress

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "cross_entropy",
    "depthwise_conv2d",
    "depthwise_conv2d_input_grad",
    "depthwise_conv2d_weight_grad",
    "hard_swish",
    "log_softmax",
    "loops",
    "max_pool2d",
    "mixconv2d",
    "mixconv2d_input_grad",
    "mixconv2d_weight_grad",
    "pointwise_conv2d",
    "relu",
    "relu6",
    "sigmoid",
    "softmax",
    "suppress",
    "swish",
]

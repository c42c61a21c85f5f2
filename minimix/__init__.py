"""Mixed depthwise convolutions, shown, computed and trained with NumPy and Numba.

import minimix as mm
from minimix import Tensor, nn, models, gradcheck
import minimix.functional as F
"""

from minimix import starting as _starting  # noqa: F401 (first: see there)

# isort: split
from minimix import functional, models, nn, reference
from minimix.costs import profile
from minimix.fold import fold_batch_norm
from minimix.gradcheck import gradcheck
from minimix.kernels.threads import get_num_threads, set_num_threads
from minimix.models.weights import load_weights, save_weights
from minimix.op_times import time_ops
from minimix.partition import partition
from minimix.rng import manual_seed
from minimix.tensor import Tensor, enable_grad, is_grad_enabled, no_grad
from minimix.train import train

__version__ = "0.1.0"

__all__ = [
    "Tensor", "enable_grad", "fold_batch_norm", "functional", "get_num_threads", "gradcheck", "is_grad_enabled", "load_weights",
    "manual_seed", "models", "nn", "no_grad", "partition", "profile", "reference", "save_weights",
    "set_num_threads", "time_ops", "train",
]  # fmt: skip

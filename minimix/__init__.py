"""Mixed depthwise convolutions, shown, computed and trained with NumPy and Numba.

import minimix as mm
from minimix import Tensor, nn, models, gradcheck
import minimix.functional as F

``mm.data``, ``mm.optim``, ``mm.viz``, ``mm.course`` and others are imported when they are first asked for.
"""

from minimix import starting as _starting  # noqa: F401 (first: see there)

# isort: split
from typing import TYPE_CHECKING

from minimix import functional, models, nn, reference
from minimix.costs import profile
from minimix.fold import fold_batch_norm
from minimix.gradcheck import gradcheck
from minimix.kernels.threads import get_num_threads, set_num_threads
from minimix.models.weights import save_weights
from minimix.op_times import time_ops
from minimix.ops.op import Op
from minimix.partition import partition
from minimix.prediction import predict
from minimix.rng import manual_seed
from minimix.tensor import Tensor, apply, enable_grad, is_grad_enabled, no_grad
from minimix.train import train
from minimix.weights.loading import load_weights
from minimix.weights.onnx import export_onnx

if TYPE_CHECKING:  # what __getattr__ imports
    from minimix import costs as costs
    from minimix import course as course
    from minimix import data as data
    from minimix import detection as detection
    from minimix import graph as graph
    from minimix import info as info
    from minimix import ops as ops
    from minimix import optim as optim
    from minimix import study as study
    from minimix import viz as viz

__version__ = "0.1.0"

__all__ = [
    "Op", "Tensor", "apply", "enable_grad", "export_onnx", "fold_batch_norm", "functional", "get_num_threads", "gradcheck",
    "is_grad_enabled", "load_weights", "manual_seed", "models", "nn", "no_grad", "partition", "predict", "profile", "reference",
    "save_weights", "set_num_threads", "time_ops", "train",
]  # fmt: skip

_ROOMS = ("costs", "course", "data", "detection", "graph", "info", "ops", "optim", "study", "viz")


if not TYPE_CHECKING:  # for type checkers, any name would be known

    def __getattr__(name: str):
        """What building a network does not need (viz would bring Matplotlib): each is imported at its first use."""
        import importlib

        from minimix.words import nearest

        if name in _ROOMS:
            return importlib.import_module(f"minimix.{name}")
        near = [] if name.startswith("__") else nearest(name, [*__all__, *_ROOMS], most=3)
        raise AttributeError(f"minimix has no {name!r}" + (f": did you mean {' or '.join(near)}?" if near else ""))


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS, *(name for name in globals() if name.startswith("__"))})

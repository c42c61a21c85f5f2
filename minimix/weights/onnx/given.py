"""What ``export_onnx`` is given: refused with what was expected, before any work is done."""

import os
from collections.abc import Callable, Mapping
from types import ModuleType

import numpy as np

from minimix.models.weights import unusable
from minimix.nn import Module
from minimix.nn.module import called
from minimix.ops.op import Op
from minimix.seer import Seer, seer_of
from minimix.tensor import Tensor
from minimix.weights.onnx.forms import WRITTEN_OUT
from minimix.weights.onnx.metadata import listed_names

OLDEST = 13  # opset: the first in which Split and Squeeze take their numbers as they are given here
MOST = 2**31 - 1  # of an axis


def package() -> ModuleType:
    """onnx. It is no dependency of minimix."""
    try:
        import onnx
        import onnx.checker
        import onnx.defs
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError(f'export_onnx needs the package onnx ({error}): pip install "minimix[onnx]"') from error
    return onnx


def need_numbers(onnx: ModuleType, opset, batch, fold) -> None:
    """Refuse a version of the operators, a number of pictures and a yes or no that are none."""
    newest = onnx.defs.onnx_opset_version()
    if not _is_from(OLDEST, newest, opset):
        raise ValueError(
            f"opset: expected a version of ONNX's operators, {OLDEST} to {newest}, not {opset!r}: before {OLDEST}, Split and "
            f"Squeeze took their numbers otherwise than they are written here, and {newest} is the newest that the package "
            f"onnx {onnx.__version__} knows, which is installed"
        )
    if batch is not None and not _is_from(1, MOST, batch):
        raise ValueError(f"batch: expected a number of pictures, 1 to {MOST}, not {batch!r}")
    if not isinstance(fold, (bool, np.bool_)):
        raise TypeError(f"fold: expected True or False, not {fold!r}")


def _is_from(least: int, most: int, number) -> bool:
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool) and bool(least <= number <= most)


def seer_from(model, runs, of_name: dict) -> Seer:
    """The network, and what is known of its pictures. of_name: what goes with the name of a network alone."""
    given = {key: value for key, value in of_name.items() if value not in (None, "")}
    if given and not isinstance(model, (str, os.PathLike)):
        raise ValueError(
            f"{', '.join(given)}: for the name of a network; load weights into a Module with load_weights(model, file)"
        )
    if isinstance(model, Seer):
        return model
    return Seer(model, None, (0, 0), None, None) if isinstance(model, Module) else seer_of(model, runs=runs, **given)


def need_usable(model: Module) -> None:
    """Refuse weights of which no answers come."""
    state = model.state_dict()
    if found := unusable(state, state, infinity=False):
        raise ValueError(f"{called(model)} cannot be used: {found}; has its training diverged?")


def pictures_of(seer: Seer) -> tuple[int, int, int]:
    """(C, H, W) of its pictures: a run's may have another size than the network was made for."""
    return getattr(seer.model, "input_size", (3,))[0], *seer.size


def input_of(model: Module, given) -> tuple[tuple[int, ...], np.dtype]:
    """(shape with the batch in front, dtype) of what the network takes."""
    given = getattr(model, "input_size", None) if given is None else given
    if given is None:
        raise ValueError(f"{type(model).__name__} has no input_size: give input_shape, such as (3, 224, 224)")
    dtype = np.dtype(np.float32)
    if isinstance(given, (tuple, list)):
        shape = (1, *given) if len(given) in (1, 3) else tuple(given)
    else:
        array = np.asarray(given.data if isinstance(given, Tensor) else given)
        shape = array.shape
        dtype = array.dtype if array.dtype.kind == "f" else dtype
    if len(shape) < 2 or not all(_is_from(1, MOST, n) for n in shape):
        raise ValueError(f"input_shape: expected (C, H, W), (N, C, H, W), or a batch, not {given!r}")
    return shape, next((p.dtype for p in model.parameters() if p.dtype.kind == "f"), dtype)


def input_name(given) -> str:
    """The one in ``input_names``."""
    found = [] if isinstance(given, str) else listed_names("input_names", given)
    if len(found) != 1:
        raise ValueError(f"input_names: expected a list of one name, not {given!r}: a network here has one input")
    return found[0]


def output_names(given) -> list[str] | None:
    """None: as ``export_onnx`` calls them. A single name may stand for a list of one."""
    return None if given is None else listed_names("output_names", [given] if isinstance(given, str) else given)


def forms_with(written_out) -> dict[Op, Callable]:
    """What is written out as other ops: ours, and the user's."""
    given = {} if written_out is None else written_out
    if not isinstance(given, Mapping) or not all(isinstance(op, Op) and callable(f) for op, f in given.items()):
        raise TypeError(f"written_out: expected a dict of Ops and functions, {{OP: lambda x: F.exp(x) + 1}}, not {given!r}")
    return {**WRITTEN_OUT, **given}

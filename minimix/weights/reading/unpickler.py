"""What PyTorch's pickles consist of: a table for ``machine.run`` that can make tensors, dicts and numbers, and nothing else.

Tensors become descriptions (see ``tensors``). What has no counterpart here (sparse and quantised ones, float8, ...) becomes an
Unreadable, which is refused only if it is among the weights.

The names are those of PyTorch 0.1 to 2.13: torch/_utils.py, _tensor.py, storage.py, serialization.py.
"""

import io
from collections.abc import Mapping
from typing import Any

from minimix.pickled import arrays, machine
from minimix.pickled.machine import Call, Made, Name, Refused, expect, text
from minimix.weights.reading import tensors
from minimix.weights.reading.result import ReadError, shown
from minimix.weights.reading.tensors import Storage, Tensor, Unreadable

OPERATIONS = 1_000_000  # a pickle of 10,000 tensors has a third of them


class Ordered(dict, Made):
    """A dict. What it is told besides (a state dict's "_metadata") concerns versions of PyTorch's modules."""

    def build(self, state) -> None:
        pass


class Record(dict, Made):
    """An object that is only a record, such as the options of a run: its attributes become entries."""

    def build(self, state) -> None:
        if isinstance(state, dict):
            self.update(state)


class Unpickler:
    """Reads one pickle after the other. storages: those that were mentioned so far, by key."""

    def __init__(self, content: bytes):
        self.content, self.file = content, io.BytesIO(content)
        self.storages: dict[str, Storage] = {}

    def load(self) -> Any:
        """What is pickled, with Tensor, Unreadable and arrays.Array for tensors. Raises ReadError."""
        keys = (str, bytes, int, float, bool, type(None))
        try:
            return machine.run(self.file, TABLE, stored=self._stored, keys=keys, most=OPERATIONS)
        except machine.Broken as error:
            raise ReadError(f"its pickle is not whole ({error}): truncated or damaged") from None
        except Refused as refusal:
            what = str(refusal)
        if b"_parameters" in self.content and b"_modules" in self.content:
            raise ReadError(
                f"refused, and nothing in it was run: it is a whole network ({what}), not a state dict. In PyTorch, "
                "where its code is: torch.save(torch.load(file, weights_only=False).state_dict(), 'weights.pth')"
            )
        raise ReadError(
            f"refused, and nothing in it was run: it asks for {what}, but weights are tensors, dicts and numbers. If you trust "
            "where it comes from, save the state dict that is in it alone, in PyTorch: "
            "torch.save(torch.load(file, weights_only=False)['state_dict'], 'weights.pth')"
        )

    def _stored(self, about) -> Storage:
        """What stands for ("storage", class, key, device, number of elements[, view: (key, start, number)])."""
        about = expect(about, tuple)
        what = text(about[0])
        if what != "storage":
            raise Refused(f"something stored that is no storage ({shown(what)})")
        key, total = text(about[2]), whole(about[4])
        dtype = tensors.STORAGES.get(expect(about[1], Name).name.rpartition(" ")[2], tensors.UNTYPED)
        start, numel = 0, total
        if len(about) > 5 and about[5] is not None:
            _, start, numel = expect(about[5], tuple)
        found = Storage(key, dtype, total, whole(start), whole(numel))
        if found.start + found.numel > total:
            raise ValueError(f"a view beyond the end of the storage {shown(key)}")
        known = self.storages.setdefault(key, found)
        if known.total * known.itemsize != total * found.itemsize:
            raise ValueError(f"the storage {shown(key)} in two sizes")
        return found


def whole(value) -> int:
    """A length or a place: no less than nothing, and no more than there are addresses."""
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise ValueError(f"{shown(value)} where a length belongs")
    return value


# -- what stands in the place of "calls" ---------------------------------------------------------------------------------------


def _tensor(storage, offset, shape, stride, dtype=None, metadata=None) -> Tensor | Unreadable:
    expect(storage, Storage)
    shape, stride = tuple(map(whole, expect(shape, tuple))), tuple(map(whole, expect(stride, tuple)))
    if len(shape) != len(stride) or len(shape) > tensors.AXES:
        raise ValueError("a tensor whose shape and stride do not agree")
    dtype = storage.dtype if dtype is None else dtype
    if dtype == tensors.UNTYPED:
        raise ValueError("a tensor that does not say of what")
    if dtype not in tensors.DTYPES:
        return tensors.of_dtype(dtype)
    flags = metadata if isinstance(metadata, dict) else {}
    conjugate, negative = flags.get("conj") is True, flags.get("neg") is True  # of complex numbers, and of parts of them
    if negative and dtype.startswith(("bool", "int", "uint")):
        raise ValueError(f"the negative of {dtype}")
    return Tensor(storage, whole(offset), shape, stride, dtype, conjugate, negative)


def _rebuild_v1(args: tuple):  # (storage, offset, shape, stride)
    return _tensor(*args)


def _rebuild_v2(args: tuple):  # (storage, offset, shape, stride, requires_grad, hooks[, metadata])
    storage, offset, shape, stride, *more = args
    return _tensor(storage, offset, shape, stride, metadata=more[2] if len(more) > 2 else None)


def _rebuild_v3(args: tuple):  # (storage, offset, shape, stride, requires_grad, hooks, dtype[, metadata])
    storage, offset, shape, stride, _, _, kind, *more = args
    return _tensor(storage, offset, shape, stride, expect(kind, Name).name.rpartition(" ")[2], more[0] if more else None)


def _parameter(args: tuple):  # (tensor, requires_grad, hooks[, state])
    if not isinstance(args[0], (Tensor, Unreadable)):
        raise TypeError("a parameter that is no tensor")
    return args[0]


def _from_type(args: tuple):  # (function, class, the function's arguments, state): a tensor with attributes of its own
    function, kind = expect(args[0], Name).name, expect(args[1], Name).name
    call = TABLE[function]
    if kind not in _TENSORS or not function.startswith("torch._utils ") or call is None:
        raise Refused(shown(kind.replace(" ", ".")))
    return _parameter((call(expect(args[2], tuple)),))


def _unreadable(what: str) -> Call:
    return lambda args: Unreadable(what)


def _ordered(args: tuple) -> Ordered:  # OrderedDict(), of pairs where Python 2 wrote it; defaultdict(type), Counter(dict)
    made = Ordered()
    for part in args:
        pairs = part.items() if isinstance(part, dict) else part if isinstance(part, list) else ()
        for key, value in pairs:
            if type(key) not in (str, bytes, int):
                raise TypeError("a key that is no string and no number")
            made[key] = value
    return made


def _record(args: tuple) -> Record:
    return Record(args[0]) if args and isinstance(args[0], dict) else Record()


def _reconstructed(args: tuple):  # (class, base, state): how protocols 0 and 1 make objects
    kind = expect(args[0], Name).name
    if kind not in _RECORDS:
        raise Refused(shown(kind.replace(" ", ".")))
    return _record(args[2:])


def _list(args: tuple) -> list:  # of a set
    return expect(args[0], list) if args else []


def _size(args: tuple) -> tuple:
    return expect(args[0], tuple) if args else ()


def _complex(args: tuple) -> complex:
    return complex(*(part if type(part) in (int, float) else expect(part, float) for part in args))


def _nothing(args: tuple) -> None:
    return None


_PATHS = ("pathlib", "pathlib._local")
_TENSORS = ("torch Tensor", "torch.nn.parameter Parameter", "torch.nn.parameter Buffer")
_RECORDS = (
    "argparse Namespace", "types SimpleNamespace", "easydict EasyDict", "pytorch_lightning.utilities.parsing AttributeDict",
    "lightning.pytorch.utilities.parsing AttributeDict", "lightning.fabric.utilities.data AttributeDict",
    "lightning_fabric.utilities.data AttributeDict",
)  # fmt: skip
_NO_NUMBERS = (  # dtypes of tensors that are unreadable, and of nothing else
    "complex32 chalf float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2 "
    "bits1x8 bits2x4 bits4x2 bits8 bits16 int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 uint6 uint7"
).split()
_SPARSE = _unreadable("sparse: in PyTorch, tensor.to_dense() makes an ordinary one of it")
_ELSEWHERE = _unreadable("in the manner of another device: in PyTorch, tensor.cpu() before it is saved")
_BUILTINS = {  # Python's own
    "set": _list, "frozenset": _list, "complex": _complex, **dict.fromkeys(("dict", "list", "int", "float", "object")),
}  # fmt: skip
TABLE: Mapping[str, Call | None] = {
    **arrays.TABLE,
    "torch._utils _rebuild_tensor": _rebuild_v1,
    "torch._utils _rebuild_tensor_v2": _rebuild_v2,
    "torch._utils _rebuild_tensor_v3": _rebuild_v3,
    "torch._utils _rebuild_parameter": _parameter,
    "torch._utils _rebuild_parameter_with_state": _parameter,
    "torch._tensor _rebuild_from_type_v2": _from_type,
    "torch._utils _rebuild_qtensor": _unreadable("quantised: take the network from before, or in PyTorch tensor.dequantize()"),
    "torch._utils _rebuild_sparse_tensor": _SPARSE,
    "torch._utils _rebuild_sparse_csr_tensor": _SPARSE,
    "torch._utils _rebuild_nested_tensor": _unreadable("nested: in PyTorch, tensor.to_padded_tensor(0.0)"),
    "torch._utils _rebuild_meta_tensor_no_storage": _unreadable("without numbers (on PyTorch's device meta)"),
    "torch._utils _rebuild_device_tensor_from_numpy": _ELSEWHERE,
    "torch._utils _rebuild_device_tensor_from_cpu_tensor": _ELSEWHERE,
    **{f"{module} {kind}": None for kind in tensors.STORAGES for module in ("torch", "torch.cuda")},
    **{f"torch.storage {kind}": None for kind in ("UntypedStorage", "_UntypedStorage", "TypedStorage", "_TypedStorage")},
    **{f"torch {kind}": None for kind in (*tensors.DTYPES, *tensors.QUANTISED, *_NO_NUMBERS)},
    **{f"torch {kind}_affine{of}": None for kind in ("per_tensor", "per_channel") for of in ("", "_float_qparams")},
    **dict.fromkeys(_TENSORS),
    "torch Size": _size,
    "torch device": _nothing,
    "torch.serialization _get_layout": _nothing,
    **{f"{module} {kind}Path": _nothing for module in _PATHS for kind in ("Posix", "Windows", "PurePosix", "PureWindows")},
    **{f"datetime {kind}": _nothing for kind in ("date", "datetime", "time", "timedelta", "timezone")},
    **{f"collections {kind}": _ordered for kind in ("OrderedDict", "defaultdict", "Counter")},
    **dict.fromkeys(_RECORDS, _record),
    **{f"{module} {kind}": call for module in ("builtins", "__builtin__") for kind, call in _BUILTINS.items()},
    **dict.fromkeys(("copyreg _reconstructor", "copy_reg _reconstructor"), _reconstructed),
}

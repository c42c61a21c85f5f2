"""What is refused of PyTorch's files: what NumPy has no word for, what is damaged, what asks for more than it should."""

import hashlib
import struct
import zipfile

import numpy as np
import pytest
from read_back import FLOATS, LAYOUTS, read_back, refused
from torch_files import Call, Global, Raw, Stored, dumps_inside, legacy, ordered, storage, tensor, tensors, zipped

from minimix.weights.reading import ReadError

_HOOKS = (False, Call("collections OrderedDict"))


_FLOAT8 = Stored("storage", Global("torch.storage UntypedStorage"), "0", "cpu", 24)


UNREADABLE = {
    "float8_e4m3fn, which NumPy does not have": tensor(
        _FLOAT8, (24,), function="torch._utils _rebuild_tensor_v3", more=(*_HOOKS, Global("torch float8_e4m3fn"))
    ),
    r"quantised: take the network from before, or in PyTorch tensor\.dequantize": tensor(
        storage("0", "QInt8", 24),
        (24,),
        function="torch._utils _rebuild_qtensor",
        more=((Global("torch per_tensor_affine"), 0.1, 2), *_HOOKS),
    ),
    r"sparse: in PyTorch, tensor\.to_dense": Call(
        "torch._utils _rebuild_sparse_tensor", Call("torch.serialization _get_layout", "torch.sparse_coo"), ((), (), (2, 2))
    ),
    "without numbers": Call("torch._utils _rebuild_meta_tensor_no_storage", Global("torch float32"), (3,), (1,), False),
}


@pytest.mark.parametrize("reason", UNREADABLE)
def test_tensors_without_a_counterpart_are_refused_where_they_are_weights(tmp_path, reason):
    made, contents = tensors({"a": FLOATS[:6]})
    refused(tmp_path, zipped({**made, "odd.weight": UNREADABLE[reason]}, contents), f"odd.weight is {reason}")
    beside = {"state_dict": made, "optimizer": {"state": {0: UNREADABLE[reason]}}, "seen": UNREADABLE[reason]}
    np.testing.assert_array_equal(read_back(tmp_path, zipped(beside, contents)).entries["a"], FLOATS[:6])


STORED = storage("0", "Float", 24)


BEYOND = {
    "offset": tensor(STORED, (4,), offset=21),
    "shape": tensor(STORED, (5, 5)),
    "stride": tensor(STORED, (2, 2), (23, 1)),
    "huge offset": tensor(STORED, (1,), offset=2**61),
    "huge shape": tensor(STORED, (2**60,)),
    "huge stride": tensor(STORED, (2, 2), (2**61, 2**61)),
    "many axes": tensor(STORED, (2,) * 60),
}


@pytest.mark.parametrize("view", BEYOND)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_views_beyond_the_end(tmp_path, layout, view):
    refused(
        tmp_path, layout({"a": BEYOND[view]}, {"0": FLOATS.tobytes()}), "a: its part of the storage 0 reaches beyond the end"
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "view",
    [
        tensor(STORED, (2,), (-1,), 3),
        tensor(STORED, (-1,), (1,)),
        tensor(STORED, (2,), (1,), -1),
        tensor(STORED, (2.0,), (1,)),
        tensor(STORED, (True,), (1,)),
        tensor(STORED, (2, 2), (1,)),
        tensor(STORED, (2**70,), (1,)),
        tensor(STORED, (1,) * 65),
        tensor("0", (1,)),
        tensor(storage("0", "Bool", 96), (3,), more=(False, None, {"neg": True})),
    ],
)
def test_views_that_are_none(tmp_path, layout, view):
    refused(tmp_path, layout({"a": view}, {"0": FLOATS.tobytes()}), "its pickle is not whole .*: truncated or damaged")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_number_that_claims_to_be_many(tmp_path, layout):
    for shape, stride in [((2**60,), (0,)), ((2**20, 2**20), (0, 0)), ((2**24,), (0,))]:
        content = layout({"a": tensor(STORED, shape, stride)}, {"0": FLOATS.tobytes()})
        refused(tmp_path, content, "a: an array of shape .* would take .* bytes, too many for a file of")
    shared = {f"{i}": tensor(STORED, (24,)) for i in range(1000)}  # takes nothing
    assert len(read_back(tmp_path, layout(shared, {"0": FLOATS.tobytes()})).entries) == 1000
    many = {f"{i}": tensor(STORED, (2**20,), (0,)) for i in range(100)}
    refused(tmp_path, layout(many, {"0": FLOATS.tobytes()}), "too many for a file of")


@pytest.mark.parametrize("numel", [2**60, 2**70, 25, 23, 0, -1])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_storages_that_are_not_as_long_as_they_say(tmp_path, layout, numel):
    content = layout({"a": tensor(storage("0", "Float", numel), (0,))}, {"0": FLOATS.tobytes()})
    refused(tmp_path, content, "expected|does not have its|where a length belongs")


def test_numbers_that_are_too_large(tmp_path):
    none = {"a": tensor(STORED, (0, 2**61, 2**61), (1, 1, 1))}
    refused(tmp_path, zipped(none, {"0": FLOATS.tobytes()}), "a: an array of shape .*: damaged")
    refused(tmp_path, legacy({}, {}, version=10**5000), "is of version a number of thousands of digits")
    refused(tmp_path, zipped({10**5000: 1}, {}), "holds no weights: a dict with a number of thousands of digits")
    refused(tmp_path, zipped({"a": tensor(STORED, (10**5000,))}, {}), "its pickle is not whole")
    made, contents = tensors({"module." * 200_000 + "a": FLOATS})
    assert read_back(tmp_path, zipped(made, contents)).prefix == "module." * 5


def test_storages_that_are_not_there(tmp_path):
    made, contents = tensors({"a": FLOATS, "b": FLOATS})
    refused(tmp_path, zipped(made, {"0": contents["0"]}), "b: data/1, which has numbers, is missing")
    refused(tmp_path, legacy(made, {"0": contents["0"]}), "b: the numbers of the storage 1 are missing")
    refused(tmp_path, legacy(made, {**contents, "2": b""}), "the storage 2 belongs to no tensor")
    both = {**made, "c": tensor(storage("0", "Double", 24), (2,))}
    refused(tmp_path, legacy(both, contents), "the storage 0 in two sizes")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_truncated_everywhere(tmp_path, layout):
    made, contents = tensors({"a": FLOATS, "b": FLOATS[:1]})
    content = layout(ordered(made), contents)
    for length in range(len(content)):
        refused(tmp_path, content[:length], "truncated|is empty")


def test_bombs(tmp_path):
    """A few bytes that would become very many."""
    zeros = zipped({"a": tensor(storage("0", "Float", 2**24), (2**24,))}, {"0": bytes(2**26)}, compression=zipfile.ZIP_DEFLATED)
    refused(tmp_path, zeros, r"data/0, unpacked, would take 67,108,864 bytes, too many for a file of [\d,]+ bytes")
    lying = zeros.replace(struct.pack("<L", 2**26), struct.pack("<L", 96))  # and says that it is small
    refused(tmp_path, lying, "data/0 in it has 97 bytes, not 96 as announced|expected 67108864")
    refused(tmp_path, zipped(b"\x80\x02" + b"}" * 1_500_000 + b".", {}), "more than 1,000,000 operations")
    doubled = b"\x80\x02)" + b"".join(b"q%c" % i + b"h%c" % i * 2 + b"\x86" for i in range(200)) + b"."
    refused(tmp_path, zipped(doubled, {}), "holds no weights|holds several")


def test_the_same_dict_in_a_thousand_places(tmp_path):
    inner = b"}(" + b"".join(dumps_inside(str(i)) + b"h\x00" for i in range(300)) + b"u"
    content = b"\x80\x02}q\x00" + inner * 3 + b"."
    refused(tmp_path, zipped(content, {}), "holds no weights")


HOSTILE = {
    "'os.system'": b"cos\nsystem\n(U\x02lstR",
    "'builtins.eval'": b"cbuiltins\neval\n(X\x01\x00\x00\x001tR",
    "'posix.system'": b"\x8c\x05posix\x8c\x06system\x93(U\x02lstR",
    "'torch.hub.load'": b"ctorch.hub\nload\n(tR",
    "'torch.load'": b"ctorch\nload\n(tR",
    "'numpy.load'": b"cnumpy\nload\n(tR",
    "'torch._utils._rebuild_tensor_v2.__globals__'": b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n",
    "'__builtin__.getattr'": b"c__builtin__\ngetattr\n(tR",
    "the operation INST": b"(U\x02lsios\nsystem\n",
    "the operation OBJ": b"(ctorch\nSize\no",
    "the operation EXT1": b"\x82\x01",
    "the operation PERSID": b"Pfile\n",
    "the operation NEXT_BUFFER": b"\x97",
    "calling 'torch.FloatStorage'": b"ctorch\nFloatStorage\n(tR",
    "calling something that is not a name": b"U\x01x(tR",
    "changing something that is no array": b"}}b",
    "something stored that is no storage": b"(U\x04fileU\x0b/etc/passwdtQ",
}


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pickle_that_asks_for_more_runs_nothing(tmp_path, layout, what):
    made, contents = tensors({"a": FLOATS})
    content = layout({"state_dict": ordered(made), "x": Raw(HOSTILE[what])}, contents)
    with pytest.raises(ReadError) as caught:
        read_back(tmp_path, content)
    assert f"refused, and nothing in it was run: it asks for {what}" in str(caught.value)
    assert "weights_only" in str(caught.value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_whole_network(tmp_path, layout):
    made, contents = tensors({"weight": FLOATS})
    inside = {"_modules": Call("collections OrderedDict"), "_parameters": ordered(made), "training": True}
    for name in ("torch.nn.modules.linear Linear", "__main__ Net"):
        content = layout(Call(name, opcode=b"\x81", state=inside), contents)
        reason = rf"it is a whole network \('{name.replace(' ', '.')}'\), not a state dict.*torch\.save\(.*state_dict\(\)"
        refused(tmp_path, content, reason)


def test_torchscript(tmp_path):
    made, contents = tensors({"a": FLOATS})
    for name in ("archive/constants.pkl", "archive/code/__torch__.py"):
        content = zipped(made, contents, extra=[(name, b"x")])
        refused(tmp_path, content, r"is a program of TorchScript, not a state dict.*torch\.jit\.load\(file\)\.state_dict")


def test_what_is_no_state_dict(tmp_path):
    made, contents = tensors({"a": FLOATS})
    for value, reason in [
        (made["a"], "holds no weights: one tensor, expected a dict of tensors by name"),
        (3, "holds no weights: a int"),
        (None, "holds no weights: nothing"),
        ({}, "holds no weights: an empty dict"),
        ({"epoch": 3, "optimizer": {"a": made["a"]}}, "holds no weights: a dict with epoch, optimizer"),
        ([made["a"]], "holds no weights: a list"),
    ]:
        refused(tmp_path, zipped(value, contents), reason)


def test_a_checksum_in_the_name(tmp_path):
    """The old layout has none of its own; torchvision's names have the beginning of one."""
    made, contents = tensors({"a": FLOATS})
    content = legacy(made, contents)
    wrong = content[:-1] + b"?"
    for kind in ("sha256", "sha1"):
        name = f"net-{hashlib.new(kind, content).hexdigest()[:8]}.pth"
        if name[4:12].isdecimal():
            continue  # as if it were a date
        read_back(tmp_path, content, name)
        refused(tmp_path, wrong, f"is not what its name says: checksum {name[4:12]}, but here SHA-256", name)
    for name in ("net-20201021.pth", "net-b0353.pth", "net.pth", "facade00.pth"):
        assert read_back(tmp_path, wrong, name).entries["a"][0] == 0
    made, contents = tensors({"a": FLOATS})
    read_back(tmp_path, zipped(made, contents), "net-b0353104.pth")  # the new layout has checksums


def test_another_version_of_the_old_layout(tmp_path):
    made, contents = tensors({"a": FLOATS})
    refused(tmp_path, legacy(made, contents, version=1002), "is of version 1002 of PyTorch's old layout, expected 1001")
    refused(tmp_path, legacy(made, contents, magic=5), "holds no weights: a int")

"""Files that PyTorch itself has written, in both layouts, beside what PyTorch reads in them."""

import warnings

import numpy as np
import pytest

from minimix.weights.reading import ReadError, read

torch = pytest.importorskip("torch")

DTYPES = (
    "float64 float32 float16 bfloat16 complex64 complex128 bool int64 int32 int16 int8 uint8 uint16 uint32 uint64"
).split()
LAYOUTS = [pytest.param({}, id="zip"), pytest.param({"_use_new_zipfile_serialization": False}, id="legacy")]


def numbers(tensor):
    tensor = tensor.detach().resolve_conj().resolve_neg()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def same_as_torch(path, value=None, **options):
    """What is read here is what PyTorch reads, names and order included."""
    expected = torch.load(path) if value is None else value
    found = read(path, **options).entries
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], numbers(tensor), strict=True, err_msg=name)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(tmp_path, layout, dtype):
    values = torch.tensor([[0, 1, 2], [3, 7, 100]], dtype=torch.float64).to(getattr(torch, dtype))
    value = {"w": values, "none": values[:0], "scalar": values[1, 1]}
    torch.save(value, tmp_path / "w.pth", **layout)
    same_as_torch(tmp_path / "w.pth", value)  # torch.load itself does not read uint16, 32 and 64 in the old layout


@pytest.mark.parametrize("layout", LAYOUTS)
def test_views(tmp_path, layout):
    whole = torch.randn(4, 6, 3, 3)
    tied = torch.nn.Linear(3, 4)
    value = {
        "whole": whole,
        "transposed": whole.transpose(0, 2),
        "steps": whole[1::2, ::3],
        "channels last": whole.contiguous(memory_format=torch.channels_last),
        "repeated": whole[:1, :1].expand(5, 2, 3, 3),
        "one": whole[3, 5, 2, 2],
        "half": whole.half()[2],
        "parameter": tied.weight,
        "tied": tied.weight,
        "window": whole.flatten().unfold(0, 5, 2),
        "complex": torch.view_as_complex(whole[..., :2].contiguous()),
    }
    torch.save(value, tmp_path / "w.pth", **layout)
    same_as_torch(tmp_path / "w.pth")


def test_conjugates_and_negatives(tmp_path):
    first, second = torch.randn(2, 3, 4, dtype=torch.complex64)
    value = {"conjugate": first.conj(), "negative": second.clone().conj().imag, "transposed": first.mH}
    torch.save(value, tmp_path / "w.pth")
    same_as_torch(tmp_path / "w.pth")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_a_network_and_what_training_keeps_beside_it(tmp_path, layout, protocol):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.randn(2, 3, 6, 4)).sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3,
        "arch": "net",
        "state_dict": torch.nn.DataParallel(net).state_dict(),
        "optimizer": optimizer.state_dict(),
        "best": torch.tensor(71.5),
        "accuracy": np.float64(71.5),
        "history": [(0, 1.5), (1, 0.5)],
    }
    torch.save(checkpoint, tmp_path / "checkpoint.pth.tar", pickle_protocol=protocol, **layout)
    found = read(tmp_path / "checkpoint.pth.tar")
    assert found.taken == '["state_dict"], names without "module."' and found.prefix == "module."
    same_as_torch(tmp_path / "checkpoint.pth.tar", net.state_dict())
    torch.save(net.state_dict(), tmp_path / "w.pth", pickle_protocol=protocol, **layout)
    same_as_torch(tmp_path / "w.pth", net.state_dict())


def test_averaged_weights(tmp_path):
    net = torch.nn.Linear(3, 2)
    average = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    torch.nn.init.zeros_(net.weight)
    average.update_parameters(net)
    torch.save({"model": net.state_dict(), "model_ema": average.state_dict()}, tmp_path / "w.pth")
    assert read(tmp_path / "w.pth").taken == '["model_ema"], not ["model"], names without "module."'
    same_as_torch(tmp_path / "w.pth", average.module.state_dict())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tensors_with_attributes(tmp_path, layout):
    parameter, plain = torch.nn.Parameter(torch.ones(2)), torch.ones(3)
    parameter.tag, plain.tag = 1, "x"
    torch.save({"parameter": parameter, "plain": plain}, tmp_path / "w.pth", **layout)
    same_as_torch(tmp_path / "w.pth", {"parameter": parameter, "plain": plain})


def test_checksums_left_out(tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"a": torch.randn(300)}, tmp_path / "w.pth")
    finally:
        torch.serialization.set_crc32_options(True)
    same_as_torch(tmp_path / "w.pth")


def without_counterpart():
    """(tensor, reason) of what NumPy has no array for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield torch.eye(3).to_sparse(), "sparse"
        yield torch.eye(3).to_sparse_csr(), "sparse"
        yield torch.quantize_per_tensor(torch.ones(3), 0.1, 2, torch.qint8), "quantised"
        yield (
            torch.quantize_per_channel(torch.ones(2, 3), torch.tensor([0.1, 0.2]), torch.tensor([0, 1]), 0, torch.quint8),
            "quantised",
        )
        for name in ("float8_e4m3fn", "float8_e5m2", "complex32"):
            yield torch.zeros(3).to(getattr(torch, name)), name
        yield torch.zeros(3, device="meta"), "without numbers"


@pytest.mark.filterwarnings("ignore")
def test_what_has_no_counterpart(tmp_path):
    for tensor, reason in without_counterpart():
        for name, layout in [("zip", {}), ("legacy", {"_use_new_zipfile_serialization": False})]:
            path = tmp_path / f"{name}.pth"
            torch.save({"a": torch.ones(2), "odd": tensor}, path, **layout)
            with pytest.raises(ReadError, match=f"odd is {reason}"):
                read(path)
            torch.save({"state_dict": {"a": torch.ones(2)}, "odd": tensor}, path, **layout)
            assert list(read(path).entries) == ["a"]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_whole_networks(tmp_path, layout):
    for net in (torch.nn.Linear(2, 2), Net(), torch.nn.DataParallel(Net())):
        for value in (net, {"epoch": 1, "model": net}):
            torch.save(value, tmp_path / "w.pth", **layout)
            with pytest.raises(ReadError, match=r"it is a whole network \('.*'\), not a state dict"):
                read(tmp_path / "w.pth")


@pytest.mark.filterwarnings("ignore")
def test_torchscript(tmp_path):
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "w.pt")
    with pytest.raises(ReadError, match="is a program of TorchScript"):
        read(tmp_path / "w.pt")


def test_exported_programs(tmp_path):
    torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.ones(1, 2),)), tmp_path / "w.pt2")
    with pytest.raises(ReadError, match="w.pt2"):
        read(tmp_path / "w.pt2")

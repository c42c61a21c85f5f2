"""What PyTorch's users write out of habit: the same values, or an error that says what to write."""

import inspect

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import nn, optim
from minimix.functional import names

torch = pytest.importorskip("torch")

A = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
FUNCTIONS = {name: f for name, f in vars(F).items() if inspect.isfunction(f) and f.__module__.startswith("minimix.functional")}
OF_AXES = sorted(n for n, f in FUNCTIONS.items() if {"axis", "keepdims"} & set(inspect.signature(f).parameters))


def test_every_function_of_axes_takes_torchs_names():
    assert {"sum", "softmax", "squeeze", "stack", "cat", "split", "argmax", "max", "std"} <= set(OF_AXES)
    for name in OF_AXES:
        first = [A, A] if name in ("stack", "cat", "concatenate") else A
        more = (1,) if name == "split" else ()
        for ours, theirs in ({"axis": 1}, {"dim": 1}), ({"axis": 1, "keepdims": True}, {"dim": 1, "keepdim": True}):
            if set(ours) <= set(inspect.signature(FUNCTIONS[name]).parameters):
                wanted, got = (FUNCTIONS[name](first, *more, **options) for options in (ours, theirs))
                for w, g in zip(*((x,) if not isinstance(x, tuple) else x for x in (wanted, got)), strict=True):
                    np.testing.assert_array_equal(getattr(g, "data", g), getattr(w, "data", w), err_msg=name)
        with pytest.raises(TypeError, match=f"{FUNCTIONS[name].__name__}: axis and dim mean the same"):
            FUNCTIONS[name](first, *more, axis=1, dim=1)


def test_no_function_has_a_parameter_whose_other_name_it_does_not_know():
    for name, function in FUNCTIONS.items():
        known = set(names.SAME) - {"x", "axes"}
        if known & set(inspect.signature(function).parameters):
            assert hasattr(function, "__wrapped__"), f"F.{name} lacks @accepts_torch_names"


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.flatten(start_dim=1),
        lambda x: x.flatten(start_dim=0, end_dim=1),
        lambda x: x.transpose(dim0=1, dim1=2),
        lambda x: x.permute(dims=(2, 0, 1)),
        lambda x: x.permute((2, 0, 1)),
        lambda x: x.var(dim=1, unbiased=False),
        lambda x: x.std(dim=1, unbiased=True),
        lambda x: x.std(1, keepdim=True),
        lambda x: x.sum(dim=(0, 2), keepdim=True),
        lambda x: x.split(split_size=2, dim=2)[1],
        lambda x: x.view(x.size(0), -1),
        lambda x: x.view(x.size()),
        lambda x: x.reshape(x.size(-1), x.size()[0], x.numel() // (x.size(0) * x.size(2))),
        lambda x: x.squeeze(dim=1).unsqueeze(dim=x.dim()),
        lambda x: x.max(1, keepdim=True)[0] if isinstance(x, torch.Tensor) else x.max(1, keepdim=True),
    ],
)
def test_methods_as_torch(call):
    ours, theirs = call(mm.Tensor(A)), call(torch.tensor(A))
    np.testing.assert_allclose(ours.data, theirs.numpy(), rtol=1e-6)


def test_size_is_a_number_and_torchs_method():
    x = mm.Tensor(A)
    assert x.size == x.numel() == 24 and np.zeros(x.size).shape == (24,) and x.dim() == 3
    assert x.size() == (2, 3, 4) and [x.size(0), x.size(-1), x.size(dim=1)] == [2, 4, 3]
    with pytest.raises(IndexError, match=r"no axis 3 in shape \(2, 3, 4\)"):
        x.size(3)


def test_losses_and_layers_by_torchs_names():
    logits, targets = A[:, :, 0], np.array([0, 2])
    theirs = torch.nn.functional.cross_entropy(torch.tensor(logits), target=torch.tensor(targets))
    np.testing.assert_allclose(F.cross_entropy(input=logits, target=targets).item(), theirs.item(), rtol=1e-6)
    scores = F.log_softmax(input=logits, dim=1)
    np.testing.assert_allclose(F.nll_loss(input=scores, target=targets).item(), theirs.item(), rtol=1e-6)
    assert F.mse_loss(input=logits, target=logits).item() == 0
    np.testing.assert_allclose(nn.Softmax(dim=1)(A).data, torch.softmax(torch.tensor(A), 1).numpy(), rtol=1e-6)
    assert nn.Flatten(start_dim=1)(A).shape == (2, 12) and nn.Flatten(0, end_dim=1)(A).shape == (6, 4)
    with pytest.raises(TypeError, match="Softmax: axis and dim mean the same"):
        nn.Softmax(axis=0, dim=1)
    with pytest.raises(TypeError, match="axes are given twice"):
        F.permute(A, 0, 1, 2, dims=(2, 1, 0))


def test_numpys_functions_stay_in_the_graph():
    x = mm.Tensor(A, requires_grad=True)
    for function in (np.sum, np.mean, np.max, np.min, np.std, np.var):
        result = function(x, axis=1)
        assert isinstance(result, mm.Tensor) and result.requires_grad
        np.testing.assert_allclose(result.data, function(A, axis=1), rtol=1e-5)
    np.testing.assert_array_equal(np.argmax(x, axis=1), A.argmax(axis=1))
    with pytest.raises(TypeError, match="sum: dtype=.* astype"):
        np.sum(x, dtype=np.float64)


@pytest.mark.parametrize("axes", [(), ((2, 0, 1),), (2, 0, 1), (None,)], ids=str)
def test_transpose_as_numpy(axes):
    x = mm.Tensor(A, requires_grad=True)
    y = x.transpose(*axes)
    np.testing.assert_array_equal(y.data, A.transpose(*axes))
    (y * y).sum().backward()
    np.testing.assert_allclose(x.grad, 2 * A)


def test_values_of_max_are_not_taken_for_torchs_pair():
    x = mm.Tensor(A[:, :2], requires_grad=True)  # two columns: a pair could be unpacked without an error
    for extreme in (x.max, x.min):
        for result in (extreme(1), extreme(dim=1), extreme(0), F.max(x, 1)):
            with pytest.raises(TypeError, match=r"not a pair .values, indices.: places come from argmax"):
                _, _ = result
            with pytest.raises(TypeError, match="not a pair"):
                result[1]
        with pytest.raises(AttributeError, match="argmax"):
            _ = extreme(1).indices
        np.testing.assert_array_equal(extreme(axis=1)[1].data, getattr(A[:, :2], extreme.__name__)(axis=1)[1])
        assert len(list(extreme(axis=1))) == 2 and extreme().item() == getattr(A[:, :2], extreme.__name__)()
    (x - x.max(1)[:, None]).sum().backward()  # anything else is computed as ever
    assert x.grad.shape == x.shape


def test_what_only_torch_has_is_said():
    x = mm.Tensor(A)
    for name in ("cuda", "to", "clone", "contiguous", "long", "eq", "add_", "grad_fn"):
        with pytest.raises(AttributeError, match=f"no attribute '{name}': "):
            getattr(x, name)
        assert not hasattr(x, name)
    with pytest.raises(AttributeError, match="no attribute 'reshap'$"):
        _ = x.reshap


def test_requires_grad_():
    x = mm.Tensor(A).requires_grad_()
    x.sum().backward()
    assert (x.grad == 1).all() and not x.requires_grad_(False).requires_grad
    with pytest.raises(RuntimeError, match="detach"):
        (mm.Tensor(A, requires_grad=True) * 2).requires_grad_(False)
    with pytest.raises(TypeError, match="floating-point"):
        mm.Tensor(np.arange(3)).requires_grad_()


def test_no_grad_over_generators_and_without_parentheses():
    x = mm.Tensor(A, requires_grad=True)

    @mm.no_grad()
    def batches(n):
        for _ in range(n):
            reply = yield (x * 2).requires_grad
            assert reply in (None, "seen")
        return (x * 2).requires_grad

    assert [(inside, (x * 2).requires_grad) for inside in batches(3)] == [(False, True)] * 3
    steps = batches(2)
    assert next(steps) is False and steps.send("seen") is False
    with pytest.raises(StopIteration) as end:
        steps.send("seen")
    assert end.value.value is False and mm.is_grad_enabled()
    closed = batches(9)
    next(closed)
    closed.close()
    with pytest.raises(ZeroDivisionError):
        thrown = batches(9)
        next(thrown)
        thrown.throw(ZeroDivisionError)
    assert mm.is_grad_enabled()

    @mm.no_grad
    def bare():
        return (x * 2).requires_grad

    assert bare() is False and bare.__name__ == "bare"
    off = mm.no_grad()
    with off, mm.enable_grad(), off:
        assert not mm.is_grad_enabled()
    assert mm.is_grad_enabled()


def test_parameters_in_a_dict_or_in_lists():
    layer = nn.Linear(2, 2)
    with pytest.raises(TypeError, match=r"pass \[params\] for one group"):
        optim.SGD({"params": layer.parameters()}, lr=0.1)
    with pytest.raises(TypeError, match=r"pass params.values\(\)"):
        optim.SGD(dict(layer.named_parameters()), lr=0.1)
    for several in ([layer.parameters(), layer.parameters()], [list(layer.parameters())]):
        with pytest.raises(TypeError, match="one flat list, or a group for each"):
            optim.SGD(several, lr=0.1)


@pytest.mark.parametrize("given", [np.int64, np.uint8, np.float64])
def test_data_is_converted_not_weights(given):
    x = np.ones((2, 3), given)
    with pytest.raises(RuntimeError, match=r"use x\.astype\(np\.float32\)"):
        nn.Linear(3, 2)(x)
    with pytest.raises(RuntimeError, match=r"use a\.astype\(np\.float32\)"):
        F.matmul(x, np.ones((3, 2), np.float32))


def test_weights_are_converted_where_they_have_no_fractional_part():
    with pytest.raises(RuntimeError, match=r"x is float64 but weight is int64: use weight\.astype\(np\.float64\)$"):
        F.linear(np.ones((2, 3)), np.ones((2, 3), np.int64))


def test_layers_that_torch_writes_as_layers():
    logits, targets = np.random.default_rng(1).standard_normal((5, 3)).astype(np.float32), np.array([0, 2, 1, -100, 2])
    weight = np.array([1, 2, 3], np.float32)
    for options in ({}, {"label_smoothing": 0.1}, {"reduction": "sum"}, {"weight": weight}, {"ignore_index": 2}):
        theirs = {name: torch.tensor(value) if name == "weight" else value for name, value in options.items()}
        kept = np.where(targets == -100, 2, targets) if "ignore_index" in options else targets
        wanted = torch.nn.CrossEntropyLoss(**theirs)(torch.tensor(logits), torch.tensor(kept)).item()
        np.testing.assert_allclose(nn.CrossEntropyLoss(**options)(logits, kept).item(), wanted, rtol=1e-5)
    assert list(nn.CrossEntropyLoss(weight).state_dict()) == list(torch.nn.CrossEntropyLoss(torch.tensor(weight)).state_dict())
    scores = F.log_softmax(logits).data
    wanted = torch.nn.NLLLoss(torch.tensor(weight))(torch.tensor(scores), torch.tensor(targets)).item()
    np.testing.assert_allclose(nn.NLLLoss(weight)(scores, targets).item(), wanted, rtol=1e-5)
    np.testing.assert_allclose(nn.MSELoss("sum")(logits, logits + 2).item(), 60, rtol=1e-5)
    x = np.random.default_rng(2).standard_normal((2, 3, 7, 5)).astype(np.float32)
    wanted = torch.nn.AdaptiveAvgPool2d((2, 3))(torch.tensor(x)).numpy()
    np.testing.assert_allclose(nn.AdaptiveAvgPool2d((2, 3))(x).data, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(nn.Identity(54, unused=True)(x).data, x)
    for layer in (nn.ReLU, nn.ReLU6, nn.SiLU, nn.HardSwish):
        given = mm.Tensor(x.copy())
        np.testing.assert_array_equal(layer(inplace=True)(given).data, layer()(x).data)
        np.testing.assert_array_equal(given.data, x)
    for wrong in (nn.CrossEntropyLoss, nn.NLLLoss, nn.MSELoss):
        with pytest.raises(ValueError, match=f"{wrong.__name__}: reduction='median'"):
            wrong(reduction="median")


def test_pictures_that_lack_an_axis_or_have_their_channels_last():
    model = mm.models.create("mixnet_nano", width=0.25)
    with pytest.raises(ValueError, match=r"\(N, C, H, W\), not x of shape \(3, 16, 16\): for a single picture use x\[None\]"):
        model(np.zeros((3, 16, 16), np.float32))
    with pytest.raises(RuntimeError, match=r"on the last axis\? Then use x\.transpose\(0, 3, 1, 2\)"):
        model(np.zeros((2, 16, 16, 3), np.float32))
    with pytest.raises(RuntimeError, match=r"Then use x\.transpose\(2, 0, 1\)"):
        nn.Conv2d(3, 4, 3)(np.zeros((16, 16, 3), np.float32))
    with pytest.raises(TypeError, match=r"Sequential\(\*layers\)"):
        nn.Sequential([nn.Linear(2, 2), nn.ReLU()])


def test_flags_in_the_place_of_other_arguments_are_refused():
    x = mm.Tensor(A)
    for reduction in (x.sum, x.mean, x.max, x.min, x.argmax):
        with pytest.raises(TypeError, match=r"keepdims must be True or False, not 1; several axes are a tuple, axis=\(0, 1\)"):
            reduction(0, 1)
        assert reduction(0, True).shape == (1, 3, 4)
    for reduction in (x.var, x.std):  # in PyTorch, False would mean unbiased=False
        with pytest.raises(TypeError, match="positional"):
            reduction(0, False)
    with pytest.raises(TypeError, match=r"max: axis must be an int, not a Tensor: .* maximum\(\)"):
        F.max(x, x)


def test_small_whole_numbers_are_summed_as_int64():
    for dtype in (np.uint8, np.uint16, np.uint32, np.int8, np.int32, bool):
        given = np.ones(300, dtype) * (1 if dtype is bool else 100)
        given = given.astype(dtype)
        ours, theirs = mm.Tensor(given).sum(), torch.tensor(given.astype(int)).sum()
        assert ours.dtype == np.int64 and ours.item() == theirs.item()


def test_devices_and_generators():
    layer = nn.Linear(2, 2)
    assert layer.to("cpu") is layer and layer.to(np.float64).weight.dtype == np.float64
    with pytest.raises(TypeError, match=r"to\('cuda:0'\): everything is computed on the CPU"):
        layer.to("cuda:0")
    with pytest.raises(TypeError, match=r"generator must be a np.random.Generator, not True"):
        nn.Dropout(0.5, True)
    with pytest.raises(TypeError, match="not written into by index"):
        mm.Tensor(A)[0] = 1

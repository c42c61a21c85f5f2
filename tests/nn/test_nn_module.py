"""Module: what it finds among its attributes, its state, and the mistakes that it refuses."""

import copy
import pickle

import numpy as np
import pytest

import minimix as mm
from minimix import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter([2.0])
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU())
        self.head = nn.Linear(2, 3, bias=False)
        self.note = "not part of the state"

    def forward(self, x):
        return self.head(mm.functional.global_avg_pool2d(self.body(x))) * self.scale


KEYS = [
    "scale", "body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias", "body.1.running_mean", "body.1.running_var",
    "body.1.num_batches_tracked", "head.weight",
]  # fmt: skip


def snapshot(module):
    return {name: array.copy() for name, array in module.state_dict().items()}


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
        assert found[name].dtype == array.dtype


# -- what is inside ----------------------------------------------------------------------------------------------------


def test_names_in_the_order_of_definition():
    net = Net()
    assert list(net.state_dict()) == KEYS
    parameters = [name for name in KEYS if "running" not in name and "tracked" not in name]
    assert [name for name, _ in net.named_parameters()] == parameters
    assert [name for name, _ in net.named_buffers()] == [name for name in KEYS if name not in parameters]
    assert [name for name, _ in net.named_modules()] == ["", "body", "body.0", "body.1", "body.2", "head"]
    assert [name for name, _ in net.named_children()] == ["body", "head"]
    assert list(net.children()) == [net.body, net.head] and next(iter(net.modules())) is net
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in net.parameters())


def test_prefix_and_recurse():
    net = Net()
    assert [name for name, _ in net.named_parameters("net", recurse=False)] == ["net.scale"]
    assert [name for name, _ in net.head.named_parameters("head")] == ["head.weight"]
    assert len(list(net.parameters(recurse=False))) == 1 and list(net.buffers(recurse=False)) == []
    assert [name for name, _ in net.body[1].named_buffers("bn")] == [
        "bn.running_mean",
        "bn.running_var",
        "bn.num_batches_tracked",
    ]


def test_a_shared_module_is_trained_once_and_saved_under_both_names():
    shared = nn.Linear(2, 2)
    net = nn.Sequential(shared, nn.ReLU(), shared)
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert len(list(net.modules())) == 3
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    net(np.ones((1, 2), np.float32)).sum().backward()
    assert shared.weight.grad is not None


def test_a_shared_parameter():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    net.double()
    assert net[1].weight is net[0].weight and net[0].weight.dtype == np.float64
    net.load_state_dict({name: np.ones_like(a) for name, a in net.state_dict().items()})
    assert (net[1].weight.data == 1).all()


def test_found_by_name():
    net = Net()
    assert net.get_submodule("") is net and net.get_submodule("body.1") is net.body[1]
    assert net.get_parameter("body.0.weight") is net.body[0].weight and net.get_parameter("scale") is net.scale
    for wrong in ("body.7", "body.0.weight", "nothing", "note"):
        with pytest.raises(AttributeError, match=f"no module '{wrong}'"):
            net.get_submodule(wrong)
    for wrong in ("body.0", "note", "body.1.running_mean", "scale.data"):
        with pytest.raises(AttributeError):
            net.get_parameter(wrong)


def test_put_in_by_name():
    module = nn.Module()
    module.register_parameter("weight", nn.Parameter([1.0]))
    module.register_parameter("bias", None)
    module.add_module("act", nn.ReLU())
    module.add_module("none", None)
    module.register_buffer("count", np.zeros(2))
    module.register_buffer("later", None)
    assert list(module.state_dict()) == ["weight", "count"] and next(module.named_buffers())[0] == "count"
    module.later = [1.0, 2.0]
    module.bias = nn.Parameter([0.0])
    assert list(module.state_dict()) == ["weight", "bias", "count", "later"]
    with pytest.raises(TypeError, match="'x' is a Tensor, expected a Parameter"):
        module.register_parameter("x", mm.Tensor([1.0]))
    with pytest.raises(TypeError, match="'x' is a function, expected a Module"):
        module.add_module("x", mm.functional.relu)
    for register, value in ((module.register_parameter, nn.Parameter([1.0])), (module.add_module, nn.ReLU())):
        for name in ("a.b", "", "forward", "training"):
            with pytest.raises(KeyError):
                register(name, value)
        with pytest.raises(TypeError, match="must be a string"):
            register(1, value)


def test_unknown_attributes_raise():
    with pytest.raises(AttributeError, match="wieght"):
        Net().wieght  # noqa: B018
    with pytest.raises(NotImplementedError, match=r"Module does not define forward\(\)"):
        nn.Module()(1)


# -- setting and deleting ----------------------------------------------------------------------------------------------


def test_parameters_and_modules_are_replaced_by_their_like_or_none():
    net = Net()
    net.scale = None
    assert "scale" not in net.state_dict()
    net.scale = nn.Parameter([3.0])
    assert list(net.state_dict()) == KEYS  # in its old place
    net.head = nn.Linear(2, 5)
    net.body = None
    assert list(net.state_dict()) == ["scale", "head.weight", "head.bias"]
    for value in (mm.Tensor([1.0]), np.ones(1), 3.0):
        with pytest.raises(TypeError, match=r"Net.scale is a Parameter, it cannot become a .*write into scale.data"):
            net.scale = value
    with pytest.raises(TypeError, match=r"Net\.head is a Module, it cannot become a function"):
        net.head = mm.functional.relu
    assert net.scale.data == 3


def test_what_is_deleted_is_gone():
    net = Net()
    del net.scale
    del net.body[1].running_mean
    assert list(net.state_dict()) == [k for k in KEYS if k not in ("scale", "body.1.running_mean")]
    with pytest.raises(AttributeError):
        del net.scale


def test_super_init_comes_first():
    class Early(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter([1.0])
            super().__init__()

    with pytest.raises(AttributeError, match=r"Early.weight is set too early: call super\(\).__init__\(\)"):
        Early()


def test_buffers_stay_arrays():
    module = nn.Module()
    module.register_buffer("count", np.zeros((), np.int64))
    module.count = module.count + 1  # NumPy makes a scalar of it
    module.load_state_dict({"count": np.array(5)})
    assert isinstance(module.count, np.ndarray) and module.count == 5
    module.register_buffer("count", np.zeros(3))
    assert len(list(module.buffers())) == 1


# -- state -------------------------------------------------------------------------------------------------------------


def test_state_goes_from_one_to_the_other():
    mm.manual_seed(1)
    a, b = Net(), Net()
    a(np.random.default_rng(0).standard_normal((4, 1, 5, 5)).astype(np.float32))  # moves the running statistics
    assert b.load_state_dict(a.state_dict()) == ([], [])
    assert_same(b.state_dict(), a.state_dict())
    x = np.ones((2, 1, 5, 5), np.float32)
    np.testing.assert_array_equal(a.eval()(x).data, b.eval()(x).data)
    b.scale.data[...] = 9
    assert a.scale.data == 2  # copied, not shared


def test_loading_converts_to_the_modules_dtype_and_keeps_its_arrays():
    net = Net()
    arrays = {name: array for name, array in net.state_dict().items()}
    net.load_state_dict({name: array.astype(np.float64) for name, array in arrays.items()})
    assert all(net.state_dict()[name] is array and array.dtype == arrays[name].dtype for name, array in arrays.items())


def broken(net):
    """(what is wrong with it, state)."""
    good = snapshot(net)
    good = {name: array + 1 for name, array in good.items()}
    yield "missing head.weight", {name: array for name, array in good.items() if name != "head.weight"}
    yield "unexpected body.9.weight", good | {"body.9.weight": np.ones(2)}
    yield r"shape of body.0.weight is \(2, 1, 5, 5\), expected \(2, 1, 3, 3\)", good | {"body.0.weight": np.ones((2, 1, 5, 5))}
    yield r"shape of scale is \(\), expected \(1,\)", good | {"scale": 1.0}
    yield r"shape of scale is \(2,\)", {"scale": np.ones(2)}
    yield "missing scale", {}


@pytest.mark.parametrize("number", range(6))
def test_a_state_that_does_not_fit_changes_nothing(number):
    net = Net()
    before = snapshot(net)
    message, state = list(broken(net))[number]
    with pytest.raises(RuntimeError, match=r"(?s)the state does not fit Net:.*" + message):
        net.load_state_dict(state)
    assert_same(net.state_dict(), before)


def test_all_misfits_are_told_at_once_but_not_hundreds():
    net = nn.Sequential(*(nn.Linear(2, 2) for _ in range(20)))
    with pytest.raises(RuntimeError, match=r"missing 0.weight\n  missing 0.bias(?s:.*) 21 more"):
        net.load_state_dict({"other": np.ones(1)})


@pytest.mark.parametrize("array, reason", [
    (np.array(["a", "b", "c"]), "dtype of head.weight is <U1"),
    (np.array([1j, 1, 1]), "dtype of head.weight is complex128, and float32 cannot hold"),
    (np.array([None, 1, 1]), "dtype of head.weight is object"),
], ids=str)  # fmt: skip
def test_what_a_parameter_cannot_hold_changes_nothing(array, reason):
    net = Net()
    before = snapshot(net)
    state = {name: value + 1 for name, value in before.items()}
    state["head.weight"] = np.broadcast_to(array[:, None], before["head.weight"].shape)
    with pytest.raises(RuntimeError, match=reason):
        net.load_state_dict(state)
    assert_same(snapshot(net), before)


def test_whole_numbers_are_counted_in_any_dtype_but_not_cut():
    norm = nn.BatchNorm2d(2)
    for right in (np.array(3.0), np.array(4, np.int32), np.array(True)):
        norm.load_state_dict({**norm.state_dict(), "num_batches_tracked": right})
        assert norm.num_batches_tracked == right
    for wrong in (1.5, np.nan, np.inf):
        with pytest.raises(RuntimeError, match="num_batches_tracked is float64, and int64 cannot hold"):
            norm.load_state_dict({**norm.state_dict(), "num_batches_tracked": np.array(wrong)})
    norm.running_mean.flags.writeable = False
    with pytest.raises(RuntimeError, match="running_mean cannot be written into"):
        norm.load_state_dict(norm.state_dict())


def test_not_strict():
    net = Net()
    missing, unexpected = net.load_state_dict({"scale": [7.0], "other": np.ones(2)}, strict=False)
    assert missing == KEYS[1:] and unexpected == ["other"] and net.scale.data == 7
    with pytest.raises(RuntimeError, match="shape of scale"):
        net.load_state_dict({"scale": np.ones(4)}, strict=False)


@pytest.mark.parametrize("state", [None, [("scale", 1)], "file"])
def test_a_state_is_a_dict(state):
    with pytest.raises(TypeError, match="must be a dict of arrays"):
        Net().load_state_dict(state)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_are_independent(duplicate):
    net = Net()
    other = duplicate(net)
    assert_same(other.state_dict(), net.state_dict())
    x = np.ones((2, 1, 4, 4), np.float32)
    other(x).sum().backward()
    assert all(p.grad is None for p in net.parameters()) and all(p.grad is not None for p in other.parameters())
    assert net.body[1].num_batches_tracked == 0 and other.body[1].num_batches_tracked == 1


def test_a_deep_copy_keeps_what_is_shared_and_no_graph():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.BatchNorm2d(3))
    net[1].weight = net[0].weight
    net(mm.Tensor(np.ones((2, 3, 3, 3), np.float32))).sum().backward()
    other, optimizer = copy.deepcopy((net, mm.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)))
    assert other[1].weight is other[0].weight is not net[0].weight
    np.testing.assert_array_equal(other[0].weight.grad, net[0].weight.grad)
    assert not np.shares_memory(other[0].weight.grad, net[0].weight.grad)
    assert optimizer.param_groups[0]["params"] == list(other.parameters())  # those of the copy
    before = snapshot(net)
    optimizer.step()
    assert_same(snapshot(net), before)
    net.output = net(mm.Tensor(np.ones((2, 3, 3, 3), np.float32)))
    with pytest.raises(RuntimeError, match="do not keep outputs as attributes"):
        copy.deepcopy(net)
    net.output = net.output.detach()
    assert copy.deepcopy(net).output.is_leaf


# -- modes and dtypes --------------------------------------------------------------------------------------------------


def test_train_and_eval_reach_everything():
    net = Net()
    assert all(m.training for m in net.modules())
    assert net.eval() is net and not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())
    net.body.train(False)
    assert net.training and net.head.training and not net.body[1].training


def test_float_and_double():
    net = Net()
    before = snapshot(net)
    net.scale.grad = np.ones(1, np.float32)
    parameter = net.body[0].weight
    assert net.double() is net and net.body[0].weight is parameter
    kinds = {name: array.dtype for name, array in net.state_dict().items()}
    assert kinds.pop("body.1.num_batches_tracked") == np.int64 and set(kinds.values()) == {np.dtype(np.float64)}
    assert net.scale.grad.dtype == np.float64
    assert net(np.ones((2, 1, 4, 4))).dtype == np.float64
    net = Net()
    net.load_state_dict(before)
    assert_same(net.double().float().state_dict(), before)
    with pytest.raises(TypeError, match="floating-point dtype"):
        net.to(np.int32)


def test_requires_grad_and_zero_grad():
    net = Net()
    net(np.ones((2, 1, 4, 4), np.float32)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(False)
    net.head.requires_grad_()
    net(np.ones((2, 1, 4, 4), np.float32)).sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad is not None] == ["head.weight"]


def test_apply_goes_from_the_leaves_up_in_order():
    seen = []
    net = Net()
    assert net.apply(seen.append) is net
    assert seen == [*net.body, net.body, net.head, net]


# -- printing ----------------------------------------------------------------------------------------------------------


def test_repr():
    assert repr(Net()) == (
        "Net(\n"
        "  (body): Sequential(\n"
        "    (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=1, dilation=(1, 1), groups=1, bias=True)\n"
        "    (1): BatchNorm2d(2, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, activation='identity')\n"
        "    (2): ReLU()\n"
        "  )\n"
        "  (head): Linear(2, 3, bias=False)\n"
        ")"
    )

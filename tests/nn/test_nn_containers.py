"""Sequential and ModuleList, as lists and as modules."""

import numpy as np
import pytest

import minimix.functional as F
from minimix import nn


def three():
    return [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4)]


@pytest.mark.parametrize("kind", [nn.ModuleList, lambda modules: nn.Sequential(*modules)], ids=["ModuleList", "Sequential"])
def test_as_a_list(kind):
    a, b, c = three()
    net = kind([a, b, c])
    assert len(net) == 3 and list(net) == [a, b, c] and net[0] is a and net[-1] is c
    part = net[1:]
    assert type(part) is type(net) and list(part) == [b, c]
    assert list(net[::-1]) == [c, b, a] and len(net[5:]) == 0
    for wrong in (3, -4):
        with pytest.raises(IndexError, match=f"no module {wrong} in a {type(net).__name__} of 3"):
            net[wrong]
    new = nn.ReLU6()
    net[1] = new
    assert list(net) == [a, new, c]
    assert net.append(b) is net and net.extend([nn.ReLU(), nn.ReLU()]) is net and len(net) == 6
    del net[0]
    assert list(net)[:3] == [new, c, b] and list(net.state_dict()) == ["1.weight", "1.bias"]
    del net[1:]
    assert list(net) == [new]


@pytest.mark.parametrize("wrong", [F.relu, None, 3, nn.ReLU])
def test_only_modules(wrong):
    with pytest.raises(TypeError, match=r"expected a Module|holds modules, not None"):
        nn.Sequential(nn.ReLU(), wrong)
    with pytest.raises(TypeError, match=r"expected a Module|holds modules, not None"):
        nn.ModuleList([wrong])


def test_sequential_runs_in_order():
    a, b, c = three()
    x = np.ones((5, 2), np.float32)
    np.testing.assert_array_equal(nn.Sequential(a, b, c)(x).data, c(b(a(x))).data)
    twice = nn.Sequential(b, a, b)
    np.testing.assert_array_equal(twice(x).data, b(a(b(x))).data)
    assert nn.Sequential()(x) is x


def test_sequential_with_names():
    net = nn.Sequential({"fc": nn.Linear(2, 3), "act": nn.ReLU(), "out": nn.Linear(3, 1)})
    assert list(net.state_dict()) == ["fc.weight", "fc.bias", "out.weight", "out.bias"]
    assert net[0] is net.fc and list(net[1:].state_dict()) == ["out.weight", "out.bias"]
    assert net(np.ones((4, 2), np.float32)).shape == (4, 1)


def test_a_module_list_is_part_of_its_owner_but_is_not_called():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    net = Net()
    assert len(list(net.parameters())) == 6 and "layers.2.bias" in net.state_dict()
    assert net(np.ones((1, 2), np.float32)).shape == (1, 2)
    with pytest.raises(TypeError, match="ModuleList is not called"):
        net.layers(np.ones((1, 2), np.float32))

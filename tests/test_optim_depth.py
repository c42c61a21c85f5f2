"""Learning rates by depth: which layers there are, in which order, and what rate each parameter has."""

import warnings

import numpy as np
import pytest

import minimix as mm
from minimix import models, nn, optim
from minimix.optim.depth import layers


def rates(groups):
    """{name of a parameter: (rate, weight decay)}."""
    return {name: (group["lr"], group["weight_decay"]) for group in groups for name, _ in group["params"]}


def net():
    stem = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU()
    return nn.Sequential(*stem, nn.Sequential(nn.DepthwiseConv2d(8, 3), nn.BatchNorm2d(8)), nn.Linear(8, 10))


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(np.ones(1, np.float32))
        self.first, self.second = nn.Linear(4, 4), nn.ModuleList([nn.Linear(4, 4), nn.BatchNorm2d(4)])
        self.shared = self.first


@pytest.mark.parametrize("name", ["mixnet_nano", "mixnet_s", "mobilenetv1_025", "mobilenetv2_050_cifar", "xception_cifar"])
def test_each_parameter_is_in_one_layer_and_the_classifier_in_the_last(name):
    model = models.create(name, num_classes=5)
    found = layers(model)
    assert sorted(key for names in found for key in names) == sorted(key for key, _ in model.named_parameters())
    assert [key.split(".")[-1] for key in found[-1]] == ["weight", "bias"] and found[0][0].startswith("conv")
    order = [key for key, parameter in model.named_parameters() if parameter.ndim > 1]
    assert [names[0] for names in found] == [key for key in order if key in {names[0] for names in found}]


def test_layers_of_networks_of_all_kinds():
    assert layers(net()) == [
        ["0.weight", "1.weight", "1.bias"],
        ["3.0.weight", "3.1.weight", "3.1.bias"],
        ["4.weight", "4.bias"],
    ]
    assert layers(Own()) == [
        ["first.weight", "first.bias"], ["second.0.weight", "second.0.bias", "second.1.weight", "second.1.bias", "scale"],
    ]  # fmt: skip
    assert layers(nn.Linear(2, 3)) == [["weight", "bias"]]
    first, *blocks, last = layers(models.create("mixnet_s"))
    assert len(blocks) == 16 and (first[0], last[0]) == ("conv_stem.weight", "classifier.weight")
    assert all(len({tuple(name.split(".")[:3]) for name in names}) == 1 for names in blocks[:-1])


def test_the_layers_are_timms():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        timm = pytest.importorskip("timm")
        groups_of = pytest.importorskip("timm.optim").param_groups_layer_decay
    for name in ("mixnet_s", "mobilenetv2_100", "mobilenetv1_100"):
        theirs = timm.create_model(name)
        names = {id(parameter): key for key, parameter in theirs.named_parameters()}
        wanted = {
            names[id(parameter)]: (group["lr_scale"], group["weight_decay"])
            for group in groups_of(theirs, 0.05, layer_decay=0.7)
            for parameter in group["params"]
        }
        ours = rates(optim.layer_decay_groups(models.create(name), lr=1.0, layer_decay=0.7, weight_decay=0.05))
        assert ours.keys() == wanted.keys()
        for key, pair in wanted.items():
            assert ours[key] == pytest.approx(pair), key


def test_rates_and_decays():
    found = rates(optim.layer_decay_groups(net(), lr=0.8, layer_decay=0.5, weight_decay=0.1))
    assert found == {
        "0.weight": (0.2, 0.1), "1.weight": (0.2, 0.0), "1.bias": (0.2, 0.0), "3.0.weight": (0.4, 0.1),
        "3.1.weight": (0.4, 0.0), "3.1.bias": (0.4, 0.0), "4.weight": (0.8, 0.1), "4.bias": (0.8, 0.0),
    }  # fmt: skip
    assert set(rates(optim.layer_decay_groups(net(), lr=0.8, layer_decay=1, weight_decay=0)).values()) == {(0.8, 0.0)}


def test_groups_with_rates_of_their_own_keep_their_proportion():
    model = models.create("mixnet_nano")
    plain, deep = (
        rates(groups)
        for groups in (
            optim.muon_groups(model, 0.06),
            optim.layer_decay_groups(model, 0.06, 0.5, groups=optim.muon_groups(model, 0.06)),
        )
    )
    assert plain.keys() == deep.keys()
    depth = {name: i for i, names in enumerate(layers(model)) for name in names}
    for name, (rate, decay) in plain.items():
        assert deep[name] == (pytest.approx(rate * 0.5 ** (max(depth.values()) - depth[name])), decay)


def test_a_step_goes_as_far_as_the_rate_says_with_and_without_a_schedule():
    model = net()
    before = {name: array.copy() for name, array in model.state_dict().items()}
    optimizer = optim.SGD(optim.layer_decay_groups(model, lr=0.8, layer_decay=0.5, weight_decay=0), lr=0.8)
    scheduler = optim.Scheduler(optimizer, optim.cosine(0.8, total_steps=2))
    for rate in (0.8, 0.4):
        for parameter in model.parameters():
            parameter.grad = np.ones_like(parameter.data)
        optimizer.step()
        scheduler.step()
        for name, scale in (("0.weight", 0.25), ("1.bias", 0.25), ("3.0.weight", 0.5), ("4.bias", 1)):
            moved = before[name] - model.state_dict()[name]
            np.testing.assert_allclose(moved, scale * rate, rtol=1e-5, err_msg=name)
        before = {name: array.copy() for name, array in model.state_dict().items()}


@pytest.mark.parametrize(("options", "expected"), [
    ({"layer_decay": 0}, "layer_decay is 0"), ({"layer_decay": 1.5}, "layer_decay is 1.5"),
    ({"layer_decay": float("nan")}, "layer_decay is nan"), ({"lr": -1}, "lr is -1"),
    ({"groups": [{"params": [("other.weight", mm.Tensor([1.0], requires_grad=True))]}]}, "has no parameter 'other.weight'"),
])  # fmt: skip
def test_refusals(options, expected):
    with pytest.raises(ValueError, match=expected):
        optim.layer_decay_groups(net(), **{"lr": 0.1, **options})

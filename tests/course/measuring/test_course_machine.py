"""Times of layers, and what the machine does at best: that they belong to the right layers, not how long they are."""

import numpy as np
import pytest

import minimix as mm
from minimix import course, models, nn


@pytest.fixture(scope="module")
def nets():
    return {"nano": models.create("mixnet_nano"), "cifar": models.create("mobilenetv2_100_cifar", width=0.25)}


def test_every_layer_with_multiply_adds_has_a_time(nets):
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32)).astype(np.float32)
    found = course.layer_times(nets, x, rounds=2)
    assert list(found) == list(nets)
    for name, net in nets.items():
        rows = {row.name: row for row in mm.profile(net, x.shape).rows}
        assert {layer for layer, row in rows.items() if row.macs} <= set(found[name]) <= set(rows)
        assert all(time.seconds > 0 for time in found[name].values())
        assert sum("bn" in layer for layer in found[name]) == sum(row.kind == "BatchNorm2d" for row in rows.values())


def test_bytes_are_those_of_input_output_and_weights():
    layer = nn.Sequential(
        nn.MixConv2d(4, (3, 5), stride=2), nn.PointwiseConv2d(4, 6, groups=2, split=True, bias=False)
    ).double()
    found = course.layer_times({"": layer}, np.ones((1, 4, 8, 8)), rounds=1)[""]
    assert found["0"].bytes == 8 * (4 * 64 + 4 * 16 + 2 * 9 + 2 * 25)
    assert found["1"].bytes == 8 * (4 * 16 + 6 * 16 + 12)


def test_the_models_stay_as_they_are(nets):
    net = nets["nano"]
    before = {name: array.copy() for name, array in net.state_dict().items()}
    course.layer_times({"a": net}, np.ones((1, 3, 32, 32), np.float32), rounds=1)
    assert net.training and all(module.fused for module in net.modules() if isinstance(module, nn.MixBlock))
    assert all("forward" not in vars(module) for module in net.modules())
    assert all(np.array_equal(before[name], array) for name, array in net.state_dict().items())


def test_ceilings_are_what_a_roofline_takes():
    from minimix import viz

    found = course.ceilings(rounds=1)
    assert found.compute > 0 and all(speed > 0 for speed in found.memory.values())
    viz.roofline({"a layer": (1.0, 1.0)}, found.compute, found.memory)

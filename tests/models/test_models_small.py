"""EfficientNet-Lite and mini-Xception: sizes, and what their tables do not show."""

import numpy as np
import pytest

from minimix import models, nn
from minimix.costs import profile

LITE = [  # parameters in millions, as published with its code; of the widest two, others print 8.2 and 13.0
    ("efficientnet_lite0", 4_652_008, 224),
    ("efficientnet_lite1", 5_416_680, 240),
    ("efficientnet_lite2", 6_092_072, 260),
    ("efficientnet_lite3", 8_197_096, 280),
    ("efficientnet_lite4", 13_006_568, 300),
]


@pytest.mark.parametrize("name, params, size", LITE)
def test_sizes_of_efficientnet_lite(name, params, size, blank):
    for net in (models.create(name), models.create(f"tf_{name}")):
        assert sum(parameter.size for parameter in net.parameters()) == params and net.input_size == (3, size, size)


def test_lite_has_no_excitation_and_one_activation(blank):
    net = models.create("efficientnet_lite2")
    assert not any(isinstance(layer, nn.SqueezeExcite) for layer in net.modules())
    assert {layer.activation for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)} == {"relu6", "identity"}
    assert (net.conv_stem.out_channels, net.conv_head.out_channels) == (32, 1280)  # at every width


def test_mini_xception(blank):
    net = models.create("mini_xception").eval()
    assert sum(parameter.size for parameter in net.parameters()) == 56_951 and net.input_size == (1, 64, 64)
    assert net(np.zeros((2, 1, 64, 64), np.float32)).shape == (2, 7)
    assert net.features(np.zeros((1, 1, 64, 64), np.float32)).shape == (1, 128, 4, 4)
    assert profile(net, (1, 1, 64, 64)).params == 56_951
    assert "mini_xception_cifar" not in models.names()
    with pytest.raises(TypeError, match="mini_xception has no option 'kernels'"):
        models.create("mini_xception", kernels=3)


@pytest.mark.parametrize(
    "options, found",
    [
        ({"activation": "relu"}, {"relu"}),
        ({"head_activation": "swish"}, {"relu", "swish"}),
        ({"se_activation": "relu"}, {"relu", "swish"}),
        ({"activation": "relu6", "head_activation": "relu", "se_activation": "swish"}, {"relu", "relu6"}),
    ],
)
def test_activations(options, found, blank):
    net = models.create("mixnet_nano", **options)
    norms = {layer.activation for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)} - {"identity"}
    assert norms == found
    head = options.get("head_activation", options.get("activation", "relu"))
    inside = options.get("se_activation", options.get("activation", "swish"))
    assert net.bn2.activation == head and {layer.activation for layer in net.modules() if hasattr(layer, "conv_reduce")} == {
        inside
    }


def test_activations_change_the_function_and_both_ways_of_computing_it_agree():
    x = np.random.default_rng(0).standard_normal((2, 3, 16, 16)).astype(np.float32)
    net = models.create("mixnet_nano", width=0.5, head_activation="swish", se_activation="relu").eval()
    plain = models.create("mixnet_nano", width=0.5).eval()
    plain.load_state_dict(net.state_dict())
    together = net(x).data
    assert not np.allclose(together, plain(x).data, rtol=1e-4)
    for layer in net.modules():
        if isinstance(layer, nn.MixBlock):
            layer.fused = False
    np.testing.assert_allclose(net(x).data, together, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("mobilenetv1_025", {"head_activation": "relu"}, "no convolution before its classifier"),
        ("mobilenetv2_035", {"se_activation": "relu"}, "no squeeze-and-excite"),
        ("mixnet_nano", {"activation": "rule"}, "rule"),
    ],
)
def test_activations_that_cannot_be(name, options, message, blank):
    with pytest.raises((ValueError, TypeError), match=message):
        models.create(name, **options)


@pytest.mark.parametrize("name, size, mean", [("tf_efficientnet_lite2", 260, 0.5), ("efficientnet_lite4", 300, 0.485)])
def test_preparations(name, size, mean):
    assert models.preparation(name).size == size and models.preparation(name).mean[0] == mean
    assert len(models.preparation("mini_xception").mean) == 1

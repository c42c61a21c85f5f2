"""Weights know what their network computes, and another function is an error that says which options to use."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from written import small, written

import minimix as mm
from minimix import models
from minimix.models.function import Function, family, function_of
from minimix.weights.libraries import by_name


def test_another_function_is_an_error_that_says_which_options_to_use():
    entries = written("keras", small())
    net = small()
    before = {name: np.array(array) for name, array in net.state_dict().items()}
    with pytest.raises(ValueError) as refusal:
        mm.load_weights(net, entries)
    text = str(refusal.value)
    assert "the names are those of keras (keras 3.15.1" in text
    assert "has eps=0.001, padding='tf_same', and this network has eps=1e-05, padding='same'" in text
    assert "Create it with eps=0.001, padding='tf_same'" in text and "--model NAME:eps=0.001:padding=tf_same" in text
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    mm.load_weights(net, entries, check=False)
    mm.load_weights(small(eps=1e-3, padding="tf_same"), entries)


@pytest.mark.parametrize(
    "library, network, options, said",
    [
        ("gluoncv2", "mixnet_s", {}, "head_activation='swish'"),
        ("pytorchcv", "mixnet_s", {"head_activation": "swish"}, "head_activation='relu'"),
        ("mindcv", "mixnet_s", {}, "se_activation='relu'"),
        ("mindcv", "mobilenetv1_025", {}, "activation='relu'"),
        ("pytorchcv", "mobilenetv1_025", {}, "activation='relu'"),
        ("linksense", "mixnet_s", {}, "eps=0.001"),
        ("linksense", "mixnet_s", {"eps": 1e-3, "padding": "tf_same"}, "padding='same'"),
        ("torchvision", "mobilenetv2_035", {"eps": 1e-3}, "eps=1e-05"),
        ("torchvision", "mobilenetv2_035", {"activation": "relu"}, "activation='relu6'"),
        ("efficientnet-pytorch", "efficientnet_lite0", {}, "eps=0.001, padding='tf_same'"),
        ("mindcv", "xception", {}, "eps=1e-05"),
        ("pytorchcv", "xception", {}, "eps=1e-05, padding='same'"),
        ("keras-numbered", "mini_xception", {"padding": "same"}, "padding='tf_same'"),
        ("slim", "mobilenetv1_025", {"padding": "tf_same"}, "eps=0.001"),
    ],
)  # fmt: skip
def test_what_each_library_computes(library, network, options, said, blank):
    net = models.create(network, num_classes=2, **options)
    entries = {name: np.zeros_like(array) for name, array in written(library, net).items()}
    with pytest.raises(ValueError, match=f"{library}.* has {said}.*Create it with {said}"):
        mm.load_weights(net, entries)
    wanted = by_name(library).function(net).given()
    right = models.create(network, num_classes=2, **(options | wanted))
    assert mm.load_weights(right, entries) is right


def test_the_networks_own_names_say_nothing_of_its_function(tmp_path):
    """timm's names are those here, also of networks with other activations; unless it is said that they are timm's."""
    net = models.create("mobilenetv1_025", num_classes=2, activation="swish")
    save_file({name: np.array(array, order="C") for name, array in net.state_dict().items()}, tmp_path / "w.safetensors")
    mm.load_weights(models.create("mobilenetv1_025", num_classes=2, activation="relu"), tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="those of timm .* has activation='relu6', and this network has activation='swish'"):
        mm.load_weights(net, tmp_path / "w.safetensors", names="timm")
    mm.load_weights(models.create("mobilenetv1_025", num_classes=2), tmp_path / "w.safetensors", names="timm")


@pytest.mark.parametrize("name", [name for name in models.names() if "cifar" not in name])
def test_functions_are_seen_in_the_network(name, blank):
    net = models.create(name)
    found = function_of(net)
    tensorflow = name.startswith("tf_") or name in ("xception", "mini_xception")
    assert (found.eps, found.padding) == ((1e-3, "tf_same") if tensorflow else (1e-5, "same"))
    if family(net) == "mixnet":
        assert found[2:] == (None, "relu", "swish")
    elif "xception" not in name and family(net):
        assert found[2:] == ("relu6", None, None)


def test_a_network_of_which_some_layers_differ(blank):
    net = small()
    net.bn1.eps = 1e-3
    assert function_of(net).eps == "mixed"
    with pytest.raises(ValueError, match="this network has eps='mixed'"):
        mm.load_weights(net, {name: np.zeros_like(array) for name, array in written("torchvision", net).items()})


def test_a_function_is_printed_as_options():
    assert str(Function(1e-3, "same")) == "eps=0.001, padding='same'"

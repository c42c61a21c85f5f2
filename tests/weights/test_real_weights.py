"""Weights that people have, on photographs, beside what their own libraries make of them."""

import numpy as np
import pytest
import real

import minimix as mm
from minimix import models
from minimix.data.pictures import load_pictures
from minimix.prediction import seer_by_name
from minimix.weights.loading import opened


def arrays(name):
    """What ``load_weights`` takes: the file, and of a graph of TensorFlow's the variables of the published network."""
    path = real.weights(name)
    if path.suffix != ".pb":
        return path
    return real.constants(path)  # among them those that were no variables, and a head for two other classes


def seer(name, size=None):
    of = real.WEIGHTS[name]
    return seer_by_name(of.network, {"num_classes": of.classes}, arrays(name), size=size)


def golden(name):
    with np.load(real.GOLDEN / f"{name}.npz", allow_pickle=False) as file:
        return file["logits"]


def off(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("name", real.WEIGHTS)
def test_logits_are_those_of_its_own_library(name):
    """The network is asked for by name alone: eps, padding and the pictures' preparation are the library's."""
    ready, expected = seer(name), golden(name)
    found = ready.model(load_pictures(real.photographs(), ready.how)).data
    assert off(found, expected) < 1e-5
    assert (found.argmax(1) == expected.argmax(1)).all()


@pytest.mark.parametrize("name", real.WEIGHTS)
def test_their_names_are_recognised(name):
    from minimix.weights.libraries import recognised

    assert recognised(opened(arrays(name)).entries).name == real.WEIGHTS[name].library


@pytest.mark.parametrize("name, size", [("dog_breeds", 160), ("emotions", 64)])
def test_sizes_that_keras_files_say(name, size):
    """dog_breeds' network is made for 224, but was trained on smaller pictures."""
    ready = seer(name)
    assert ready.size == (size, size) and f"pictures are {size}x{size} pixels, as the file says" in "\n".join(ready.remarks)
    if name == "dog_breeds":
        other = seer(name, size=224)
        assert (other.model(load_pictures(real.photographs(), other.how)).data.argmax(1) != golden(name).argmax(1)).any()


def test_what_the_photographs_show():
    """An Egyptian cat, an espresso, a palace: torchvision's MobileNetV2."""
    seen = mm.predict("mobilenetv2_100", real.photographs(), weights=real.weights("mobilenet_v2"))
    assert seen.labels.tolist() == [285, 967, 698]
    assert [round(row[0].probability, 2) for row in seen.top(1)] == pytest.approx([0.71, 0.99, 0.70], abs=0.06)
    assert any("names are those of torchvision" in line for line in seen.remarks)


def test_variances_go_down_to_a_denormal():
    net = mm.load_weights(models.create("mobilenetv2_100"), real.weights("mobilenet_v2"))
    smallest = min(array.min() for name, array in net.state_dict().items() if name.endswith("running_var"))
    assert 0 < smallest < 1e-44


@pytest.mark.parametrize(
    "name, option, least",
    [("mobilenet_v1", "eps", 5e-3), ("mobilenet_v1", "padding", 0.1), ("efficientnet_lite0", "eps", 1e-2)],
)
def test_the_wrong_function_is_refused_and_would_be_far_off(name, option, least):
    of, wrong = real.WEIGHTS[name], {"eps": 1e-5, "padding": "same"}[option]
    right = {"eps": 1e-3, "padding": "tf_same"}
    net = models.create(of.network, num_classes=of.classes, **(right | {option: wrong}))
    with pytest.raises(ValueError, match=rf"{of.library}.*whose \w+ has {option}=.*and this network has {option}="):
        mm.load_weights(net, arrays(name))
    mm.load_weights(net, arrays(name), check=False)
    pictures = load_pictures(real.photographs(), seer(name).how)
    assert off(net.eval()(pictures).data, golden(name)) > least

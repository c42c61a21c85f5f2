"""Warnings of answers that cannot be right: on real weights, with what was measured; and none where nothing is wrong."""

import numpy as np
import pytest
import real
from test_real_weights import arrays, seer

import minimix as mm
from minimix import models
from minimix.data.pictures import load_pictures
from minimix.weights.signs import FAR, distance, even, signs

NAMES = ("mobilenet_v2", "efficientnet_lite0", "mobilenet_v1")


@pytest.mark.parametrize("name", NAMES)
def test_pixels_that_are_not_normalised(name):
    """Twenty pictures have 16.7 and more, and 1.3 at most; half of that is left as a margin on both sides."""
    ready, photographs = seer(name), real.photographs()
    right = load_pictures(photographs, ready.how)
    wrong = load_pictures(photographs, ready.how._replace(mean=(0, 0, 0), std=(1 / 255,) * 3))
    assert distance(ready.model, right) < FAR / 2 and distance(ready.model, wrong) > 2 * FAR
    seen = mm.predict(ready.model.eval(), wrong)
    assert len(seen.warnings) == 1 and "Pixels from 0 to 255 look so" in seen.warnings[0]
    assert mm.predict(ready.model, right).warnings == ()


@pytest.mark.parametrize("mean, std", [((0, 0, 0), (1, 1, 1)), ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])
def test_what_is_not_seen_reliably_is_not_said(mean, std):
    ready = seer("mobilenet_v2")
    assert not mm.predict(ready.model, load_pictures(real.photographs(), ready.how._replace(mean=mean, std=std))).warnings


def test_another_eps_where_variances_are_small():
    """torchvision's MobileNetV2 with 1e-3: no answer is likelier than 1 %."""
    net = mm.load_weights(models.create("mobilenetv2_100", eps=1e-3), arrays("mobilenet_v2"), check=False)
    seen = mm.predict(net, load_pictures(real.photographs(), seer("mobilenet_v2").how))
    assert seen.probabilities.max() < 0.02 and "another eps" in seen.warnings[0]


@pytest.mark.parametrize("colour", [0, 255, (255, 0, 0)])
def test_plain_pictures_are_no_reason_for_a_warning(colour):
    from PIL import Image

    ready = seer("mobilenet_v2")
    batch = ready.batch([Image.new("RGB", (300, 200), (colour,) * 3 if isinstance(colour, int) else colour)])
    assert distance(ready.model, batch) < FAR


def test_few_classes_may_be_even():
    assert not even(np.full((2, 10), 0.1)) and even(np.full((2, 1000), 0.001))
    assert not even(np.stack([np.full(1000, 0.001), np.eye(1000)[3]]))


def test_networks_of_another_kind_say_nothing():
    from minimix import nn

    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GlobalAvgPool2d())
    assert signs(net, np.full((1, 3, 8, 8), 255, np.float32), np.full((1, 4), 0.25)) == []
    folded = mm.fold_batch_norm(models.create("mixnet_nano"))
    assert distance(folded, np.full((1, 3, 32, 32), 255, np.float32)) == 0


def test_they_are_printed(minimix, tmp_path):
    from PIL import Image

    Image.new("RGB", (60, 40), "red").save(tmp_path / "red.png")
    net = models.create("mobilenetv2_035", num_classes=200)
    net.classifier.weight.data[:] = 0
    mm.save_weights(net, tmp_path / "w.safetensors")
    typed = (
        "predict",
        tmp_path / "red.png",
        "--model",
        "mobilenetv2_035:num_classes=200",
        "--weights",
        tmp_path / "w.safetensors",
    )
    code, output, errors = minimix(*typed)
    assert code == 0 and "warning: the answers are nearly the same for all classes" in errors and "warning" not in output

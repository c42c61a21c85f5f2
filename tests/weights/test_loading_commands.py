"""Published weights where they are used: in ``predict``, in ``train --from``, and in Python beside them."""

import numpy as np
import pytest
from drawn import draw, picture
from written import small, under, written

import minimix as mm
from minimix import models
from minimix.models.function import function_of
from minimix.prediction import seer_by_name


def test_predict_computes_and_prepares_as_the_library(tmp_path):
    entries = written("keras", small())
    ready = seer_by_name("mobilenetv2_035", {"num_classes": 3}, entries)
    assert function_of(ready.model)[:2] == (1e-3, "tf_same")
    assert ready.how.mean == (0.5, 0.5, 0.5) and ready.how.interpolation == "bilinear" and ready.how.size == 224
    assert (
        "names are those of keras: pictures are prepared as there, computed with eps=0.001, padding='tf_same'"
        in ready.remarks[1]
    )
    expected = mm.load_weights(small(eps=1e-3, padding="tf_same"), entries).eval()(picture(64)).data
    np.testing.assert_array_equal(ready.model(picture(64)).data, expected)


def test_predict_refuses_options_that_are_not_the_librarys():
    with pytest.raises(ValueError, match="keras .*has eps=0.001, and this network has eps=1e-05"):
        seer_by_name("mobilenetv2_035", {"num_classes": 3, "eps": 1e-5}, written("keras", small()))
    with pytest.raises(ValueError, match="names says nothing without weights"):
        seer_by_name("mobilenetv2_035", {}, names="keras")


def test_from_the_command_line(minimix, tmp_path):
    from PIL import Image

    Image.new("RGB", (60, 40), "red").save(tmp_path / "red.png")
    np.savez(tmp_path / "w.npz", **written("mindcv", small()))
    typed = "predict", tmp_path / "red.png", "--model", "mobilenetv2_035:num_classes=3", "--weights", tmp_path / "w.npz"
    code, output, errors = minimix(*typed)
    assert code == 0, errors
    assert "its names are those of mindcv" in output
    code, output, errors = minimix(*typed, "--names", "torchvision")
    assert code != 0 and "They look like those of mindcv" in errors
    code, output, errors = minimix("predict", tmp_path / "red.png", "--names", "keras")
    assert code != 0 and "--model" in errors


def test_training_may_begin_with_them(tmp_path):
    """For other classes: all but the classifier is taken."""
    from minimix.train import starting

    np.savez(tmp_path / "w.npz", **written("mindcv", small()))
    start = starting.find(tmp_path / "w.npz", tmp_path)
    net = models.create("mobilenetv2_035", num_classes=5)
    lines = starting.take(net, start, tuple("abcde"))
    assert (
        "new, because they are not in it or of another shape: classifier.weight (there (3, 1280), here (5, 1280))" in lines[1]
    )
    np.testing.assert_array_equal(net.conv_head.weight.data, draw("conv_head.weight", net.conv_head.weight.shape))
    with pytest.raises(ValueError, match="those of mindcv .* has eps=1e-05, padding='same', and this network has eps=0.001"):
        starting.take(small(eps=1e-3, padding="tf_same"), start, ())


def test_training_says_how_a_part_of_a_file_is_made_one(tmp_path):
    """Training has no such options: a file with that part alone can be made."""
    from minimix.train import starting

    net = small()
    np.savez(tmp_path / "w.npz", **(under("a.", net.state_dict()) | under("b.", net.state_dict())))
    with pytest.raises(ValueError, match="^from: .*several sets of weights, .*`minimix export .* --take PART` does, and train"):
        starting.take(net, starting.find(tmp_path / "w.npz", tmp_path), ())
    np.savez(tmp_path / "w.npz", **{f"x{i}": array for i, array in enumerate(net.state_dict().values())})
    with pytest.raises(ValueError, match="0 of .*: say which network it is.*; of another library's.* --names LIBRARY` makes"):
        starting.take(net, starting.find(tmp_path / "w.npz", tmp_path), ())

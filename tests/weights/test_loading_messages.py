"""What ``load_weights`` says of names and shapes that do not fit, of libraries, and of files that are not there."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from written import small, written

import minimix as mm
from minimix import load_weights, models, nn
from minimix.data.classes import read_classes
from minimix.data.pictures import load_pictures
from minimix.models.function import function_of
from minimix.models.weights import save_weights
from minimix.weights.libraries import by_name
from minimix.weights.loading import network_for, opened, partly
from minimix.weights.reading import ReadError
from minimix.weights.reading.safetensors import FUNCTION


@pytest.mark.parametrize("names", [["torchvision"], {"torchvision"}, 3, by_name("torchvision")])
def test_names_that_are_no_text(names):
    with pytest.raises(TypeError, match="names: expected the name of a library, such as 'torchvision', not a "):
        mm.load_weights(small(), written("torchvision", small()), names=names)


def test_libraries_that_are_refused_are_no_choices():
    with pytest.raises(
        ValueError, match="names: no library is called 'zzzzzz': there are timm, torchvision, .*keras-numbered$"
    ):
        by_name("zzzzzz")
    with pytest.raises(ValueError, match="did you mean zsef123"):
        by_name("zsef12")


def test_names_that_are_forced_are_not_said_to_be_in_the_file(blank):
    entries, nano = written("torchvision", small()), models.create("mixnet_nano")
    for names, net, said in [
        ("mindcv", small(), "taken for names of mindcv, as asked, they do not fit this mobilenetv2_035:"),
        ("keras", nano, "taken for names of keras, as asked, of which only .* can be used here, not mixnet"),
        ("timm", small(), "as names of timm, none is of this mobilenetv2_035:"),
        ("zsef123", nano, "zsef123, as asked, is github.com/zsef123/MixNet-PyTorch. Its MixNet is another"),
    ]:  # fmt: skip
        with pytest.raises((RuntimeError, ValueError), match=f"(?s)^the dict: {said}.*They look like those of torchvision$"):
            mm.load_weights(net, entries, names=names)


def test_the_nearest_names_have_the_same_shape():
    """A name is no help that the array cannot have."""
    entries = written("torchvision", small())
    entries["features.2.conv.0.0.weihgt"] = entries.pop("features.2.conv.0.0.weight")
    entries["features.3.conv.0.0.weigth"] = np.zeros((7, 7), np.float32)
    del entries["features.3.conv.0.0.weight"]
    with pytest.raises(RuntimeError) as refusal:
        mm.load_weights(small(), entries)
    lines = str(refusal.value).splitlines()
    assert "  unexpected features.2.conv.0.0.weihgt (nearest that is missing: features.2.conv.0.0.weight)" in lines
    assert "  unexpected features.3.conv.0.0.weigth" in lines
    with pytest.raises(RuntimeError) as refusal:
        mm.load_weights(small(), {"conv_stem_weight": np.zeros((16, 3, 3, 3)), "classifier_weight": np.zeros((5, 5))})
    lines = str(refusal.value).splitlines()
    assert "  conv_stem_weight, (16, 3, 3, 3) (nearest here: conv_stem.weight)" in lines
    assert "  classifier_weight, (5, 5)" in lines and "not of this mobilenetv2_035:" in lines[0]


def test_shapes_are_said_once():
    """And a second time where the axes are others here."""
    for library, said in [
        ("torchvision", "  shape of classifier.1.weight is (3, 1280): expected (4, 1280), to become classifier.weight"),
        ("slim", "  shape of MobilenetV2/Logits/Conv2d_1c_1x1/weights is (1280, 3), here (3, 1280): expected (4, 1280), "
         "to become classifier.weight"),
    ]:  # fmt: skip
        net = models.create("mobilenetv2_035", num_classes=4, **by_name(library).function(small()).given())
        with pytest.raises(RuntimeError) as refusal:
            mm.load_weights(net, written(library, small()))
        assert said in str(refusal.value).splitlines()
        assert str(refusal.value).endswith("It knows 3 classes: create the network with num_classes=3")


def test_a_mistyped_file_gets_the_nearest_in_its_folder(tmp_path):
    np.savez(tmp_path / "mobilenet.npz", **written("mindcv", small()))
    for typed in ("mobilnet.npz", "mobilenet.pth", "Mobile_Net.npz"):
        with pytest.raises(FileNotFoundError, match="there is no file .*: did you mean .*mobilenet.npz?"):
            mm.load_weights(small(), tmp_path / typed)
    with pytest.raises(FileNotFoundError, match=r"there is no file .*zzz$"):
        mm.load_weights(small(), tmp_path / "zzz")
    with pytest.raises(FileNotFoundError, match="there is no file .*: did you mean .*mobilenet.npz?"):
        models.weights.read_weights(tmp_path / "mobilnet.npz")
    with pytest.raises(FileNotFoundError, match="there is no file .*: did you mean .*mobilenet.npz?"):
        models.tensorflow.read_npz(tmp_path / "mobilnet.npz")
    with pytest.raises(FileNotFoundError, match=r"there is no file .*w\.npz$"):
        mm.load_weights(small(), tmp_path / "gone" / "w.npz")
    with pytest.raises(FileNotFoundError, match=r"there is no file .*gone\.npz$"):  # the ending alone makes none near
        mm.load_weights(small(), tmp_path / "gone.npz")
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(FileNotFoundError, match="there is no image .*: did you mean .*photo.jpg?"):
        load_pictures([tmp_path / "photo.jpeg"], models.preparation("mixnet_s"))
    with pytest.raises(FileNotFoundError, match="names of classes: did you mean .*photo.jpg?"):
        read_classes(tmp_path / "photos.txt", 3)


def test_weights_that_are_computed_from_others():
    state = small().state_dict()
    for names in (["conv_head.weight_orig", "conv_head.weight_mask"], ["conv_head.weight_g", "conv_head.weight_v"],
                  ["conv_head.parametrizations.weight.original0"]):  # fmt: skip
        other = {name: array for name, array in state.items() if name != "conv_head.weight"}
        with pytest.raises(RuntimeError, match=r"(?s)missing conv_head.weight.*pruned, or with a weight norm.*prune\.remove"):
            mm.load_weights(small(), other | dict.fromkeys(names, np.zeros((1, 1), np.float32)))


def test_what_is_no_floating_point():
    for dtype, why in (("int8", ": quantised weights[?]"), ("complex64", ""), ("bool", "")):
        state = small().state_dict()
        state["conv_stem.weight"] = state["conv_stem.weight"].astype(dtype)
        with pytest.raises(ValueError, match=f"conv_stem.weight is {dtype}, expected floating-point numbers{why}$"):
            mm.load_weights(small(), state)


def test_no_path_at_all():
    with pytest.raises(ValueError, match="path: expected a file's path, not an empty text"):
        mm.load_weights(small(), "")


@pytest.mark.parametrize("ending", ["pth", "npz", "h5", "safetensors", "ckpt", "onnx"])
def test_empty_files(tmp_path, ending):
    (tmp_path / f"w.{ending}").touch()
    with pytest.raises(ValueError, match=rf"w\.{ending} is empty$"):
        mm.load_weights(small(), tmp_path / f"w.{ending}")


def test_a_file_says_what_its_network_computes_besides(tmp_path):
    """Equal names and shapes, another function: what save_weights wrote is told from what it may be loaded into."""
    path = tmp_path / "net.safetensors"
    save_weights(models.create("mixnet_nano", num_classes=3, eps=1e-3, padding="tf_same"), path)
    with pytest.raises(
        ValueError, match=r"saved from a network that has eps=0.001, padding='tf_same', and this network has eps"
    ):
        load_weights(models.create("mixnet_nano", num_classes=3), path)
    load_weights(models.create("mixnet_nano", num_classes=3), path, check=False)
    load_weights(models.create("mixnet_nano", num_classes=3, eps=1e-3, padding="tf_same"), path)
    ready = network_for("mixnet_nano", {"num_classes": 3}, path, None, "mixnet_nano")
    assert ready.lines[1] == "computed with eps=0.001, padding='tf_same', as the file says"
    assert function_of(ready.model) == function_of(models.create("mixnet_nano", eps=1e-3, padding="tf_same"))
    with pytest.raises(ValueError, match="saved from a network that has eps"):
        partly(models.create("mixnet_nano"), opened(path))


@pytest.mark.parametrize("text", ["[]", "nonsense", '{"eps": "small"}', '{"width": 2.0}', "3", '{"eps": null}'])
def test_what_says_it_wrongly_is_damaged(tmp_path, text):
    path, net = tmp_path / "net.safetensors", models.create("mixnet_nano", num_classes=3)
    save_file({name: np.ascontiguousarray(array) for name, array in net.state_dict().items()}, path, {FUNCTION: text})
    with pytest.raises(ReadError, match="is not what a network's function depends on: damaged metadata"):
        load_weights(net, path)


def test_networks_of_the_users_own_say_nothing(tmp_path):
    save_weights(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, eps=1e-3)), tmp_path / "own.safetensors")
    load_weights(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), tmp_path / "own.safetensors")

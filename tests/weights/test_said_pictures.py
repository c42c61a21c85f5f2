"""What a file says of its pictures, what is not known of them, and what is asked for."""

import json

import numpy as np
import pytest
from PIL import Image
from written import small, written

import minimix as mm
from minimix import models
from minimix.data.pictures import prepare
from minimix.models.pretrained import Preparation
from minimix.seer import seer_by_name
from minimix.weights.pictures import Said, said
from minimix.weights.reading import Read, read_given


def config(*layers, **more):
    """A model of these (class, configuration) pairs, as Keras writes it."""
    listed = [{"class_name": kind, "config": about} for kind, about in layers]
    return {"class_name": "Functional", "config": {"layers": listed}, **more}


def of(found):
    return said(Read({}, "net.h5", "Keras (HDF5)", about={"model_config": json.dumps(found)}))


INPUT = "InputLayer", {"batch_shape": [None, 160, 192, 3]}
INNER = "Functional", config(INPUT, ("Conv2D", {}))["config"]


@pytest.mark.parametrize(
    "found, expected",
    [
        (config(INPUT, ("Conv2D", {})), Said((160, 192))),
        (config(("InputLayer", {"batch_input_shape": [None, 96, 96, 1]})), Said((96, 96))),
        (config(("Conv2D", {"batch_input_shape": [None, 64, 64, 3]})), Said((64, 64))),
        (config(("InputLayer", {"batch_shape": [None, 3, 128, 96]})), Said((128, 96))),
        (config(("InputLayer", {"batch_shape": [None, None, None, 3]})), Said()),
        (config(("InputLayer", {"batch_shape": [None, None, None, 3]}), ("Functional", INNER[1])), Said((160, 192))),
        (config(("InputLayer", {"batch_shape": [None, 500, 500, 3]}), ("Resizing", {"height": 160, "width": 128})),
         Said((160, 128))),
        (config(INPUT, ("Rescaling", {"scale": 1 / 255})), Said((160, 192), (0.0,), (1.0,))),
        (config(INPUT, ("Sequential", config(("RandomFlip", {}))["config"]), ("Rescaling", {"scale": 1 / 127.5, "offset": -1})),
         Said((160, 192), (0.5,), (0.5,))),
        (config(INPUT, ("Rescaling", {"scale": 1 / 255}), ("Rescaling", {"scale": [5, 4, 2], "offset": [-1, -2, 0]})),
         Said((160, 192), (0.2, 0.5, 0.0), (0.2, 0.25, 0.5))),
        (config(INPUT, ("Conv2D", {}), ("Rescaling", {"scale": 1 / 255})), Said((160, 192))),  # behind, of what layers make
        (config(INPUT, ("Rescaling", {"scale": "x"})), Said((160, 192))),
        (config(INPUT, ("Rescaling", {"scale": 0})), Said((160, 192))),
        ({"class_name": "Sequential", "config": [{"class_name": "Conv2D", "config": {"batch_input_shape": [None, 64, 48, 3]}}]},
         Said((64, 48))),
        ([], Said()), (3, Said()), ({"config": {"layers": [3, None, {"config": 3}]}}, Said()),
        (config(("InputLayer", {"batch_shape": [None, -3, 1e9, 3]})), Said()),
        (config(("InputLayer", {"batch_shape": [None, True, 10**9, 3]})), Said()),
    ],
)  # fmt: skip
def test_what_a_file_of_keras_says(found, expected):
    assert of(found) == expected


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null"])
def test_what_says_nothing(text):
    assert said(Read({}, "net.h5", "Keras (HDF5)", about={"model_config": text})) == Said()
    assert said(Read({}, "net.npz", "NumPy (.npz)")) == Said()


# -- in predict -------------------------------------------------------------------------------------------------------


@pytest.fixture
def keras(tmp_path):
    """A file of Keras' with small()'s weights: ``keras(model_config)``."""
    h5py = pytest.importorskip("h5py")

    def write(found, library="keras"):
        with h5py.File(tmp_path / "net.h5", "w") as file:
            for name, array in written(library, small()).items():
                file[f"model_weights/{name}"] = array
            file.attrs["model_config"] = json.dumps(found)
        return tmp_path / "net.h5"

    return write


def seer(weights, **options):
    looks = {key: options.pop(key) for key in ("size", "mean", "std", "names") if key in options}
    return seer_by_name("mobilenetv2_035", {"num_classes": 3, **options}, weights, **looks)


def test_a_file_with_a_size_of_its_own(keras):
    path = keras(config(("InputLayer", {"batch_shape": [None, 160, 160, 3]})))
    ready = seer(path)
    assert ready.size == (160, 160) and ready.how.size == 160 and ready.model.input_size == (3, 160, 160)
    assert "pictures are 160x160 pixels, as the file says; mobilenetv2_035 is made for 224x224" in ready.remarks
    ready = seer(path, size=96)
    assert ready.size == (96, 96)
    assert any(line.startswith("pictures are 96x96 pixels, as asked; the file says 160x160") for line in ready.remarks)
    ready = seer(path, resolution=0.5)
    assert ready.size == (112, 112) and "pictures are 112x112 pixels, by resolution; the file says 160x160" in ready.remarks


def test_a_file_that_says_how_pixels_are_normalised(keras):
    path = keras(config(INPUT, ("Rescaling", {"scale": 1 / 51, "offset": -1})))
    ready = seer(path)
    assert ready.how[2:4] == ((0.2,) * 3, (0.2,) * 3) and ready.how.size == (160, 192)
    assert "pixels are normalised as the file says: mean 0.2, std 0.2" in ready.remarks
    assert seer(path, mean=(0.1, 0.2, 0.3)).how[2:4] == ((0.1, 0.2, 0.3), (0.2,) * 3)


def test_pictures_may_be_higher_than_wide():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 130, 3), np.uint8))
    whole = Preparation(size=(90, 130), crop=1.0, mean=(0.0,) * 3, std=(1.0,) * 3)
    np.testing.assert_allclose(prepare(picture, whole), np.asarray(picture, np.float32).transpose(2, 0, 1) / 255)
    for size in ((40, 20), (20, 40), (7, 90), (64, 64)):
        assert prepare(picture, whole._replace(size=size, crop=0.875)).shape == (3, *size)
    square = prepare(picture, whole._replace(size=64, crop=0.875))
    np.testing.assert_array_equal(square, prepare(picture, whole._replace(size=(64, 64), crop=0.875)))


@pytest.mark.parametrize(
    "library, names", [("keras-numbered", None), ("efficientnet-jax", None), ("timm", None), ("timm", "timm")]
)
def test_what_is_not_known_is_said(library, names):
    """Layers with numbers, or with our names, are anybody's."""
    ready = seer(written(library, small()), names=names)
    text = "\n".join(ready.remarks)
    assert "prepared as there" not in text and "how its pictures were prepared, the file does not say: mean " in text
    asked = "\n".join(seer(written(library, small()), names=names, mean=0.5, std=0.25).remarks)
    assert "does not say" not in asked and "pixels are normalised as asked: mean 0.5, std 0.25" in asked


def test_numbered_mini_xceptions_are_anybodys():
    net = models.create("mini_xception", num_classes=2)
    ready = seer_by_name("mini_xception", {"num_classes": 2}, written("keras-numbered", net))
    assert any("the file does not say: mean 0.5, std 0.5, as is usual there" in line for line in ready.remarks)
    assert ready.how.mean == (0.5,)


@pytest.mark.parametrize("library", ["keras", "torchvision", "mindcv", "slim", "pytorchcv"])
def test_what_is_known_is_said(library):
    text = "\n".join(seer(written(library, small())).remarks)
    assert f"names are those of {library}: pictures are prepared as there" in text and "does not say" not in text


@pytest.mark.parametrize(
    "looks, message",
    [
        ({"size": 0}, "size: expected the side of the pictures in pixels"),
        ({"size": 1.5}, "size: expected the side"),
        ({"size": (1, 2, 3)}, "size: expected the side"),
        ({"size": "x"}, "size: expected the side"),
        ({"size": 5000}, "size: expected 4096 pixels a side at most, not 5000x5000"),
        ({"mean": (0.1, 0.2)}, "mean: expected 3 numbers in units of 255"),
        ({"mean": "x"}, "mean: expected 3 numbers"),
        ({"std": 0}, "std: expected numbers above 0"),
        ({"std": float("nan")}, "std: expected 3 numbers"),
    ],
)
def test_looks_that_cannot_be(looks, message):
    with pytest.raises(ValueError, match=message):
        seer(written("torchvision", small()), **looks)


def test_from_the_command_line(minimix, keras, tmp_path):
    path = keras(config(("InputLayer", {"batch_shape": [None, 64, 64, 3]})))
    pixels = np.random.default_rng(3).integers(0, 255, (60, 90, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    typed = "predict", tmp_path / "a.png", "--model", "mobilenetv2_035:num_classes=3", "--weights", path
    for more, how in [
        ((), {"size": 64}),
        (("--size", "48"), {"size": 48}),
        (("--input", "3x48x32"), {"size": (48, 32)}),
        (("--size", "48", "--mean", "0.1,0.2,0.3", "--std", "0.5"), {"size": 48, "mean": (0.1, 0.2, 0.3), "std": (0.5,) * 3}),
    ]:
        code, output, errors = minimix(*typed, *more, "--json")
        assert code == 0, errors
        preparation = Preparation(mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear")._replace(**how)
        net = mm.load_weights(small(eps=1e-3, padding="tf_same"), path).eval()
        expected = mm.functional.softmax(net(prepare(Image.fromarray(pixels), preparation)[None]), -1).data[0]
        found = {one["index"]: one["probability"] for one in json.loads(output)[0]["top"]}
        np.testing.assert_allclose([found[i] for i in range(3)], expected, rtol=1e-4)
    for more, message in [
        (("--size", "3x160"), "--size: 3x160 would be 3 pixels high"),
        (("--size", "big"), "--size: expected channels, height and width"),
        (("--size", "4x32x32"), "--size: 4x32x32 has 4 channels"),
        (("--mean", "red"), "--mean: expected a number, or one a channel"),
        (("--std", "-1"), "--std: expected numbers above 0"),
        (("--take", "ema"), "is a file of Keras', which has no parts such as ema"),
    ]:
        code, output, errors = minimix(*typed, *more)
        assert code == 2 and message in errors and not output, errors
    assert "say nothing without --model" in minimix("predict", tmp_path / "a.png", "--take", "ema")[2]
    assert "take says nothing without weights" in minimix(*typed[:4], "--take", "ema")[2]


def test_part_of_a_checkpoint_from_the_command_line(minimix, tmp_path):
    torch = pytest.importorskip("torch")
    Image.new("RGB", (60, 40), "red").save(tmp_path / "red.png")
    weights = {name: torch.tensor(array) for name, array in written("torchvision", small()).items()}
    torch.save({"student": weights, "teacher": dict(weights)}, tmp_path / "w.pth")
    typed = "predict", tmp_path / "red.png", "--model", "mobilenetv2_035:num_classes=3", "--weights", tmp_path / "w.pth"
    code, _, errors = minimix(*typed)
    assert code == 2 and "say which to take, take='student' or --take student" in errors
    code, output, errors = minimix(*typed, "--take", "teacher")
    assert code == 0 and '["teacher"], not ["student"]' in output, errors


def test_a_networks_own_run_is_seen_as_asked(tmp_path):
    net = models.create("mixnet_nano", num_classes=3)
    mm.save_weights(net, tmp_path / "w.safetensors")
    ready = seer_by_name("mixnet_nano", {"num_classes": 3}, tmp_path / "w.safetensors", size=48, std=0.5)
    assert ready.size == (48, 48) and ready.std == (0.5,) * 3 and len(ready.mean) == 3
    assert any("normalised as asked" in line for line in ready.remarks)
    assert not any("normalised as in" in line for line in ready.remarks)


def test_means_of_pixels_from_0_to_255_are_refused(tmp_path):
    np.savez(tmp_path / "w.npz", **small().state_dict())
    for asked, said_of in (({"mean": (123.675, 116.28, 103.53)}, "mean"), ({"mean": 0.5, "std": 58}, "std")):
        with pytest.raises(
            ValueError, match=f"{said_of}: expected numbers in units of 255, such as 0.5, .*: divide them by 255"
        ):
            seer_by_name("mobilenetv2_035", {"num_classes": 3}, tmp_path / "w.npz", **asked)


@pytest.mark.parametrize(
    "args, expected",
    [
        ({"img_size": 160, "input_size": None, "mean": None, "std": None}, Said((160, 160))),
        ({"img_size": 160, "input_size": [3, 96, 128]}, Said((96, 128))),
        ({"input_size": 192}, Said((192, 192))),
        ({"mean": [0.5, 0.5, 0.5], "std": [0.25]}, Said(None, (0.5, 0.5, 0.5), (0.25,))),
        ({"mean": [123.675, 116.28, 103.53], "std": [0.0]}, Said()),  # in other units, or no numbers to divide by
        ({"img_size": "160", "mean": "0.5", "std": {}}, Said()),
        ({"img_size": -1, "input_size": [3, 0, 10**30], "mean": [float("nan")], "std": [[0.5]]}, Said()),
        ({"img_size": True, "input_size": [3], "lr": object()}, Said()),
        (["img_size"], Said()),
    ],
)
def test_options_of_timms_training(args, expected):
    from argparse import Namespace

    for given in (args, Namespace(**args)) if isinstance(args, dict) else (args,):
        assert said(read_given({"state_dict": {"w": np.zeros(1)}, "args": given})) == expected


def test_pictures_have_the_size_that_timms_training_had(tmp_path):
    torch = pytest.importorskip("torch")
    from argparse import Namespace

    state = {name: torch.tensor(np.array(array)) for name, array in small().state_dict().items()}
    args = Namespace(model="mobilenetv2_035", img_size=96, mean=[0.5, 0.5, 0.5], std=[0.25, 0.25, 0.25], lr=0.1)
    for old in (False, True):
        torch.save({"args": args, "state_dict": state}, tmp_path / "w.pth", _use_new_zipfile_serialization=not old)
        ready = seer_by_name("mobilenetv2_035", {"num_classes": 3}, tmp_path / "w.pth")
        assert (ready.size, ready.mean, ready.std) == ((96, 96), (0.5,) * 3, (0.25,) * 3)
        assert any("pictures are 96x96 pixels, as the file says" in line for line in ready.remarks)

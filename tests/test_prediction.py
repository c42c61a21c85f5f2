"""``mm.predict``: any network, paths and arrays of any kind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minimix as mm
import minimix.functional as F
from minimix import data, models, nn
from minimix.data import make_batch, patterns10
from minimix.data.pictures import small
from minimix.prediction import Guess
from minimix.train import figures, load_model

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
CLASSES = patterns10("test", size=1).classes


class Net(nn.Module):
    """With opinions, and batch norms that know whether they train."""

    def __init__(self, num_classes=10):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 6, 3, stride=2), nn.BatchNorm2d(6)
        self.head = nn.Linear(6, num_classes)
        self.head.weight.data *= 5

    def forward(self, x):
        return self.head(F.global_avg_pool2d(F.relu(self.bn(self.conv(x)))))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(what ``train`` returned, its pictures)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "draw", lambda *_: [])
        pair = patterns10("train", size=64), patterns10("test", size=20)
        folder = tmp_path_factory.mktemp("runs")
        options = {"model_options": {"width": 0.5, "kernels": (3,)}, "epochs": 1, "batch_size": 32, "log": False}
        return mm.train(data=pair, runs=folder, **options), pair[1]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def expected(model, pixels, mean=MEAN, std=STD):
    with mm.no_grad():
        return F.softmax(model(make_batch(np.ascontiguousarray(pixels), np.arange(len(pixels)), mean, std)), -1).data


def save(images):
    paths = [f"{i}.png" for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image.transpose(1, 2, 0)).save(path)
    return paths


def test_a_run_by_any_name(run):
    result, pictures = run
    best = "best.safetensors"
    trained = load_model(result.folder)
    right = expected(trained.model, pictures.images, pictures.mean, pictures.std)
    found = [
        mm.predict(model, pictures.images, runs=result.folder.parent)
        for model in (result, trained, result.folder, str(result.folder), result.folder.name, result.folder / best)
    ]
    for one in found:
        np.testing.assert_allclose(one.probabilities, right, rtol=1e-5, atol=1e-6)
        assert one.classes == CLASSES and len(one) == 20


def test_paths_and_arrays_give_the_same(run):
    result, pictures = run
    paths = save(pictures.images)
    right = mm.predict(result, paths)
    assert right.images == [Path(path) for path in paths] and right.failed == {}
    images, last = pictures.images, pictures.images.transpose(0, 2, 3, 1)
    floats = images / 255, np.float32(last) / 255, images.astype(np.float32)
    for given in (images, last, *floats, images.astype(np.int64), images[::-1][::-1]):
        np.testing.assert_allclose(mm.predict(result, given).probabilities, right.probabilities, rtol=1e-5, atol=1e-6)
    for batch_size in (1, 7, 100):
        found = mm.predict(result, images, batch_size=batch_size)
        np.testing.assert_allclose(found.probabilities, right.probabilities, rtol=1e-5, atol=1e-6)
    assert mm.predict(result, paths[3]).names == mm.predict(result, Path(paths[3])).names == right.names[3:4]
    pillow = [Image.open(path) for path in paths]
    for given in (pictures, list(images), list(last), pillow):
        np.testing.assert_allclose(mm.predict(result, given).probabilities, right.probabilities, rtol=1e-5, atol=1e-6)
    for one in pillow:
        one.close()
    for one in (images[3], last[3], Image.fromarray(last[3])):
        np.testing.assert_allclose(mm.predict(result, one).probabilities, right.probabilities[3:4], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mm.predict(result, images, fold=True).probabilities, right.probabilities, rtol=1e-3, atol=1e-4)


def test_grey_and_other_sizes(run):
    result, pictures = run
    grey = pictures.images[:4, 0]
    right = mm.predict(result, np.repeat(grey[:, None], 3, axis=1)).probabilities
    for given in (grey, grey[:, None], grey[..., None], grey / 255):
        np.testing.assert_allclose(mm.predict(result, given).probabilities, right, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mm.predict(result, grey[0]).probabilities, right[:1], rtol=1e-5, atol=1e-6)
    large = np.random.default_rng(0).integers(0, 256, (2, 3, 60, 90), np.uint8)
    paths = save(large)
    found = mm.predict(result, large)
    pixels = np.stack([small(path, 32, 32)[0] for path in paths])
    right = expected(load_model(result.folder).model, pixels, pictures.mean, pictures.std)
    np.testing.assert_allclose(found.probabilities, right, rtol=1e-5, atol=1e-6)
    assert any("made 32x32 pixels" in line for line in found.remarks)


def test_what_comes_back(run):
    result, pictures = run
    found = mm.predict(result, pictures.images[:3])
    assert found.labels.dtype == np.int64 and found.labels.tolist() == found.probabilities.argmax(axis=1).tolist()
    assert found.names == [CLASSES[label] for label in found.labels]
    top = found.top(2)
    assert [[guess.label for guess in row] for row in top] == np.argsort(-found.probabilities, axis=1)[:, :2].tolist()
    assert all(isinstance(guess, Guess) and guess.name == CLASSES[guess.label] for row in top for guess in row)
    assert [len(row) for row in found.top(99)] == [10] * 3 and repr(found) == "Predictions(3 images, 10 classes)"
    assert mm.predict(result, pictures.images[:3], classes=range(10)).names == [str(label) for label in found.labels]
    for k in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="k: expected"):
            found.top(k)


def test_unreadable_pictures_are_left_out(run):
    result, pictures = run
    paths = save(pictures.images[:4])
    Path(paths[1]).write_bytes(b"x")
    found = mm.predict(result, [*paths, "gone.png"])
    assert found.images == [Path(paths[i]) for i in (0, 2, 3)] and len(found.probabilities) == 3
    assert list(found.failed) == [Path("1.png"), Path("gone.png")]
    assert "there is no image gone.png" in found.failed[Path("gone.png")]
    assert "2 that could not be read" in repr(found)
    right = mm.predict(result, [paths[i] for i in (0, 2, 3)], batch_size=1)
    np.testing.assert_allclose(found.probabilities, right.probabilities, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="1.png is no image"):
        mm.predict(result, ["1.png"])


def test_damaged_notes_of_cameras_cost_nothing(run):
    result, pictures = run
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "somebody's"
    Image.fromarray(pictures.images[0].transpose(1, 2, 0)).save("plain.png")
    whole = exif.tobytes()
    for cut in (7, 9, 12, 15, 20, 25):
        Image.fromarray(pictures.images[0].transpose(1, 2, 0)).save("odd.png", exif=whole[:cut])
        found = mm.predict(result, ["plain.png", "odd.png"])
        assert not found.failed
        np.testing.assert_allclose(found.probabilities[0], found.probabilities[1], rtol=1e-5)


def test_a_module():
    model = Net()
    pixels = np.random.default_rng(1).integers(0, 256, (5, 3, 20, 20), np.uint8)
    for _ in range(3):
        model(make_batch(pixels, np.arange(5), MEAN, STD))  # its norms now know such pictures
    model.conv.eval()
    modes = [module.training for module in model.modules()]
    found = mm.predict(model, pixels, mean=MEAN, std=STD)
    assert [module.training for module in model.modules()] == modes, "modes are put back"
    model.eval()
    np.testing.assert_allclose(found.probabilities, expected(model, pixels), rtol=1e-5)
    batch = make_batch(pixels, np.arange(5), MEAN, STD)
    np.testing.assert_allclose(mm.predict(model, batch, batch_size=2).probabilities, found.probabilities, rtol=1e-5)
    found = mm.predict(model, save(pixels), mean=MEAN, std=STD, size=20, classes=CLASSES)
    np.testing.assert_allclose(found.probabilities, expected(model, pixels), rtol=1e-5)
    assert found.classes == CLASSES
    with pytest.raises(ValueError, match="mean, std: a Module does not know"):
        mm.predict(model, ["0.png"])
    with pytest.raises(ValueError, match="has no input_size: give the side"):
        mm.predict(model, ["0.png"], mean=MEAN, std=STD)
    with pytest.raises(ValueError, match="floating-point numbers .N, C, H, W., normalised, not uint8"):
        mm.predict(model, pixels)
    with pytest.raises(ValueError, match="classes: 3 names, but the network knows 10"):
        mm.predict(model, batch, classes="abc")


def test_a_network_by_name():
    mm.manual_seed(1)
    options = {"num_classes": 1000}
    model = models.create("mobilenetv2_035", **options).eval()
    model.classifier.weight.data *= 50
    mm.save_weights(model, "w.safetensors")
    pixels = np.random.default_rng(1).integers(0, 256, (2, 3, 40, 60), np.uint8)
    paths = save(pixels)
    right = F.softmax(model(data.load_pictures(paths, models.preparation("mobilenetv2_035"))), -1).data
    for given in (paths, pixels):
        found = mm.predict("mobilenetv2_035", given, weights="w.safetensors")
        np.testing.assert_allclose(found.probabilities, right, rtol=1e-4, atol=1e-7)


def test_a_network_of_ones_own_by_name():
    Path("net.py").write_text("from test_prediction import Net\n")
    mm.save_weights(Net(), "w.safetensors")
    pixels = np.zeros((1, 3, 32, 32), np.uint8)
    found = mm.predict("net.py:Net", pixels, weights="w.safetensors")
    assert found.probabilities.shape == (1, 10) and found.classes is None and found.top(1)[0][0].name.isdecimal()
    with pytest.raises(ValueError, match="nobody has published weights of net.py:Net"):
        mm.predict("net.py:Net", pixels)


@pytest.mark.parametrize(
    "model, images, error, message",
    [
        ("mixnet_nan", "x.png", FileNotFoundError, "mixnet_nan is no run in runs, no file and no network by name"),
        (Net(), [np.zeros((3, 8, 8)), np.zeros((3, 9, 8))], ValueError, "of several shapes"),
        (3, "x.png", TypeError, "expected a run, the name of a network, a Module"), (Net(), [], ValueError, "none"),
        (Net(), np.zeros((0, 3, 8, 8)), ValueError, "there are none"), (Net(), ["x.png", 3], ValueError, "expected|take"),
        (Net(), np.full((1, 3, 8, 8), np.nan), ValueError, "are no numbers"),
        (nn.Conv2d(3, 3, 1), np.zeros((1, 3, 8, 8)), ValueError, r"makes \(1, 3, 8, 8\) of 1 images"),
    ],
)  # fmt: skip
def test_refusals(model, images, error, message):
    with pytest.raises((error, TypeError), match=message):
        mm.predict(model, images)


def test_normalised_numbers_are_not_normalised_twice(run):
    result, pictures = run
    batch = make_batch(pictures.images, np.arange(2), pictures.mean, pictures.std)
    with pytest.raises(ValueError, match="normalised already"):
        mm.predict(result, batch)
    found = mm.predict(result.model, batch)
    np.testing.assert_allclose(found.probabilities, mm.predict(result, pictures.images[:2]).probabilities, rtol=1e-5, atol=1e-6)

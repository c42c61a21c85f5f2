"""``minimix predict --model``: photographs, weights from a file or the hub, names of classes."""

import functools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minimix as mm
from minimix import data, fold, models, prediction
from minimix.data import official
from minimix.train import checkpoint

MODEL = "mobilenetv2_035:width=0.5:resolution=0.3"  # small, but with 1000 classes; 67 pixels


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Two photographs, weights, and nobody's names of classes."""
    monkeypatch.chdir(tmp_path)
    for name in ("MINIMIX_DATA", "MINIMIX_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("minimix.data.user_cache", lambda: tmp_path / "cache")
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 255, (90, 120, 3), np.uint8)).save("photo.jpg")
    Image.fromarray(random.integers(0, 255, (200, 70), np.uint8)).save("grey.png")
    mm.save_weights(network(), "w.safetensors")


def network(**options):
    mm.manual_seed(3)
    model = models.create("mobilenetv2_035", width=0.5, resolution=0.3, **options)
    model.classifier.weight.data *= 100  # so that it has opinions
    return model.eval()


def names(count=1000):
    return [f"name of {i}" for i in range(count)]


@pytest.fixture
def predict(minimix):
    """``predict("photo.jpg", ...)`` -> (exit code, standard output, standard error)."""
    return functools.partial(minimix, "predict")


def expected(*paths):
    how = models.preparation("mobilenetv2_035")._replace(size=67)
    return mm.functional.softmax(network()(data.load_pictures(paths, how)), -1).data


def test_the_five_best_classes(predict):
    code, output, errors = predict("photo.jpg", "grey.png", "--model", MODEL, "--weights", "w.safetensors", "--json")
    assert code == 0, errors
    found = json.loads(output)
    assert [record["image"] for record in found] == ["photo.jpg", "grey.png"]
    for record, probabilities in zip(found, expected("photo.jpg", "grey.png"), strict=True):
        best = np.argsort(-probabilities)[:5]
        assert [place["index"] for place in record["top"]] == best.tolist()
        assert [place["class"] for place in record["top"]] == [str(i) for i in best] == list(record["classes"])
        np.testing.assert_allclose(list(record["classes"].values()), probabilities[best], rtol=1e-4)


def test_many_photographs_go_in_parts(predict):
    paths = ["photo.jpg", "grey.png", "photo.jpg"] * 6
    assert prediction.AT_ONCE < len(paths)
    code, output, errors = predict(*paths, "--model", MODEL, "--weights", "w.safetensors", "--json", "--top", 1)
    assert code == 0, errors
    tops = [record["top"][0]["index"] for record in json.loads(output)]
    assert tops == expected(*paths).argmax(axis=1).tolist()


def test_names_from_a_file(predict):
    Path("names.txt").write_text("\n".join(names()))
    arguments = "photo.jpg", "--model", MODEL, "--weights", "w.safetensors", "--classes-file", "names.txt"
    code, output, errors = predict(*arguments, "--top", "2")
    assert code == 0, errors
    first, second = np.argsort(-expected("photo.jpg")[0])[:2]
    heading, prepared, title, one, two = output.splitlines()
    assert prepared.startswith("how its pictures were prepared, the file does not say: mean (0.485, 0.456, 0.406), std (0.229,")
    assert "as of timm's weights of mobilenetv2_035; --mean and --std change it" in prepared
    assert heading == f"{MODEL} with w.safetensors" and title.split() == ["image", "class", "probability"]
    assert one.startswith("photo.jpg") and f" name of {first} " in one and one.endswith("%")
    assert two.startswith(" ") and f" name of {second} " in two


def test_names_that_lie_in_the_cache_folder(predict):
    code, output, _ = predict("photo.jpg", "--model", MODEL, "--weights", "w.safetensors")
    assert code == 0 and "classes are numbers" in output and f"imagenet_classes.txt in {Path.cwd() / 'cache'}" in output
    Path("cache").mkdir()
    Path("cache/imagenet_classes.txt").write_text("\n".join(names()))
    code, output, _ = predict("photo.jpg", "--model", MODEL, "--weights", "w.safetensors")
    assert code == 0 and "classes are numbers" not in output and output.count("name of") == 5


def test_another_number_of_classes(predict):
    mm.save_weights(network(num_classes=4), "four.safetensors")
    Path("four.txt").write_text("\n".join(names(4)))
    Path("cache").mkdir()
    Path("cache/imagenet_classes.txt").write_text("\n".join(names()))  # not for these
    arguments = "photo.jpg", "--model", f"{MODEL}:num_classes=4", "--weights", "four.safetensors"
    code, output, errors = predict(*arguments)
    assert code == 0 and "name of" not in output, errors
    code, output, errors = predict(*arguments, "--classes-file", "four.txt")
    assert code == 0 and output.count("name of") == 4, errors


def test_folded(predict, monkeypatch):
    folded = []
    monkeypatch.setattr(
        prediction, "fold_batch_norm", lambda *a, real=fold.fold_batch_norm: folded.append(real(*a)) or folded[-1]
    )
    arguments = "photo.jpg", "--model", MODEL, "--weights", "w.safetensors", "--json"
    plain, found = json.loads(predict(*arguments)[1]), json.loads(predict(*arguments, "--fold")[1])
    assert len(folded) == 1
    assert found[0]["classes"] == pytest.approx(plain[0]["classes"], rel=1e-3)


def test_published_weights(predict, monkeypatch):
    published = []
    monkeypatch.setattr(models, "repository", lambda name: "")

    def load_pretrained(model, name):
        published.append(name)
        return mm.load_weights(model, "w.safetensors")

    monkeypatch.setattr(models, "load_pretrained", load_pretrained)
    code, output, errors = predict("photo.jpg", "--model", MODEL, "--top", "1")
    assert code == 0, errors
    assert published == ["mobilenetv2_035"] and "with its published weights" in output
    assert f" {expected('photo.jpg').argmax()} " in output


@pytest.mark.parametrize(
    "name, classes, title",
    [("mixnet_nano", 10, "CIFAR-10"), ("mixnet_nano", 100, "CIFAR-100"), ("mobilenetv2_035_cifar", 10, "CIFAR-10")],
)
def test_networks_for_cifar(predict, name, classes, title):
    """A picture of 32x32 is not resized; the set's own figures normalise it and name the classes."""
    mm.manual_seed(4)
    model = models.create(name, num_classes=classes, momentum=1.0)
    pixels = np.random.default_rng(1).integers(0, 255, (2, 3, 32, 32), np.uint8)
    for i, picture in enumerate(pixels):
        Image.fromarray(picture.transpose(1, 2, 0)).save(f"{i}.png")
    key = title.lower().replace("-", "")
    mean, std = (np.array(figures)[:, None, None] for figures in official.STATISTICS[key])
    batch = ((pixels / 255 - mean) / std).astype(np.float32)
    model(batch)  # its norms now know such pictures, so that they are told apart
    mm.save_weights(model.eval(), "small.safetensors")
    probabilities = mm.functional.softmax(model(batch), -1).data
    arguments = "--model", f"{name}:num_classes={classes}", "--weights", "small.safetensors"
    code, output, errors = predict("0.png", "1.png", *arguments, "--json")
    assert code == 0, errors
    for record, row in zip(json.loads(output), probabilities, strict=True):
        best = np.argsort(-row)[:5]
        assert [place["class"] for place in record["top"]] == [official.CLASSES[key][0][i] for i in best]
        np.testing.assert_allclose(list(record["classes"].values()), row[best], rtol=1e-4)
    output = predict("photo.jpg", *arguments)[1]
    assert f"normalised as in {title}\n" in output and f"classes are named as in {title};" in output
    assert "made 32x32 pixels" in output


def test_networks_for_small_pictures_of_something_else(predict):
    """Other numbers of classes have no names, until a file gives them; and other sizes are as the options say."""
    name = "mixnet_nano:num_classes=3:resolution=2"
    mm.save_weights(models.create("mixnet_nano", num_classes=3), "small.safetensors")
    arguments = "photo.jpg", "--model", name, "--weights", "small.safetensors"
    code, output, errors = predict(*arguments)
    assert code == 0 and "made 64x64 pixels" in output and "named" not in output, errors
    assert {line.split()[-2] for line in output.splitlines()[-3:]} == {"0", "1", "2"}
    Path("three.txt").write_text("\n".join(names(3)))
    output = predict(*arguments, "--classes-file", "three.txt")[1]
    assert output.count("name of") == 3 and "CIFAR-10;" not in output


def test_checkpoints_know_better(predict):
    checkpoint.save("last.safetensors", mm.models.create("mixnet_nano").state_dict(), {})
    code, output, errors = predict("photo.jpg", "--model", "mixnet_nano", "--weights", "last.safetensors")
    assert code == 2 and "use --run last.safetensors in place of --model" in errors and not output


def test_no_client_for_the_hub(predict, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    code, _, errors = predict("photo.jpg", "--model", "mixnet_s")
    assert code == 1 and "pip install huggingface_hub" in errors and "Traceback" not in errors


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--weights", "w.safetensors"], "say nothing without --model"),
        (["--classes-file", "names.txt"], "say nothing without --model"),
        (["--model", "mixnet_s", "--run", "a"], "--run and --model: choose one"),
        (["--model", "mixnet_q", "--weights", "w.safetensors"], "did you mean 'mixnet_"),
        (["--model", "mobilenetv1_025"], "the hub has no weights for 'mobilenetv1_025', only for mixnet_l,"),
        (["--model", "mixnet_nano"], "the hub has no weights for 'mixnet_nano', only for mixnet_l,"),
        (["--model", "mixnet_nano"], "for others give a file, load_weights(model, file) or --weights FILE"),
        (["--model", "mixnet_nano:in_channels=1", "--weights", "w.safetensors"], "pictures of 1 channels, but"),
        (["--model", f"{MODEL}:pretrained=true"], "takes the published weights unless it is given --weights"),
        (["--model", f"{MODEL}:pretrained=false", "--weights", "w.safetensors"], "pretrained is no option here"),
        (["--model", f"{MODEL}:name=mixnet_s"], "the network's name stands in front"),
        (["--model", "resnet50", "--weights", "w.safetensors"], "no network is called 'resnet50'"),
        (["--model", "mobilenetv2_035", "--weights", "w.safetensors"], "w.safetensors: the state does not fit mobilenetv2_035"),
        (["--model", MODEL, "--weights", "gone.safetensors"], "there is no file gone.safetensors"),
        (["--model", MODEL, "--weights", "photo.jpg"], "photo.jpg is no whole file of a format that is read"),
        (["--model", f"{MODEL}:in_channels=1", "--weights", "w.safetensors"], "pictures of 1 channels, but"),
        (["--model", MODEL, "--weights", "w.safetensors", "--classes-file", "gone.txt"], "there is no file gone.txt"),
    ],
)
def test_mistakes(predict, arguments, message):
    code, output, errors = predict("photo.jpg", *arguments)
    assert code == 2 and message in errors and not output


def test_answers_that_are_no_numbers_are_no_answers(predict):
    model = network()
    model.classifier.weight.data[...] = 3e38  # each is a number, but what comes of them is none
    mm.save_weights(model, "huge.safetensors")
    code, output, errors = predict("photo.jpg", "--model", MODEL, "--weights", "huge.safetensors")
    assert code == 2 and "NaN" in errors and "photo.jpg" in errors and "nan%" not in output
    model.classifier.weight.data[0, 0] = np.nan
    with pytest.warns(match="classifier.weight holds NaN"):
        mm.save_weights(model, "nan.safetensors")
    code, output, errors = predict("photo.jpg", "--model", MODEL, "--weights", "nan.safetensors")
    assert code == 2 and "classifier.weight holds NaN" in errors and not output

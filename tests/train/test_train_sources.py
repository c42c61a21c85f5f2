"""Runs on pictures, arrays and networks of one's own: what is remembered, and how it is found again."""

import itertools
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minimix as mm
from minimix.data import Augment, DataError, Dataset, from_arrays, patterns10
from minimix.train import CheckpointError, Config, checkpoint, figures, load_model
from minimix.train.judging import images_for
from minimix.train.naming import check_name, folder_name
from minimix.train.sources import Source, source, suited

NET = """
import minimix.functional as F
from minimix import nn

def make(num_classes=10, width=4):
    net = nn.Sequential(nn.Conv2d(3, width, 3, stride=4), nn.BatchNorm2d(width))
    net.head = nn.Linear(width, num_classes)
    net.forward = lambda x: net.head(F.global_avg_pool2d(net[1](net[0](x))))
    return net
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("minimix.data.kept.user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr("minimix.data.user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    Path("net.py").write_text(NET)


@pytest.fixture
def pets():
    random = np.random.default_rng(0)
    for name, brightness in (("cat", 40), ("dog", 200)):
        Path("pets", name).mkdir(parents=True)
        for i in range(8):
            pixels = random.integers(brightness - 40, brightness + 40, (int(random.integers(20, 60)), 40, 3), np.uint8)
            Image.fromarray(pixels).save(f"pets/{name}/{i}.png")
    return "pets"


def train(data, **options):
    settings = {"model": "net.py:make", "epochs": 2, "batch_size": 4, "log": False, **options}
    return mm.train(data=data, **settings)


def interrupt(epoch):
    if epoch.epoch == 1:
        signal.raise_signal(signal.SIGINT)


def content(result):
    return (result.folder / "last.safetensors").read_bytes()


# -- pictures ---------------------------------------------------------------------------------------------------------


def test_a_run_on_pictures_remembers_where_they_are(pets, tmp_path):
    result = train(pets, epochs=3)
    assert result.folder == Path("runs/net.py_make-pets")
    state = checkpoint.load(result.folder / "last.safetensors")[1]
    assert state["recipe"]["data"] == "pets" and state["recipe"]["size"] == 32 and state["recipe"]["model"] == "net.py:make"
    assert state["about"]["classes"] == ["cat", "dog"] and state["about"]["images"] == [12, 4]
    places = state["about"]["places"]
    assert (places["data"], places["model"]) == (str(tmp_path / "pets"), f"{tmp_path / 'net.py'}:make")
    trained = load_model(result.folder)
    assert trained.classes == ("cat", "dog")
    images, lines = images_for(trained)
    assert len(images) == 4 and "2 of 8 for testing in each class" in lines[0]
    assert mm.train.evaluate(trained.model, images).accuracy == result.accuracy
    assert [len(images_for(trained, split=split)[0]) for split in ("train", "all")] == [12, 16]
    with pytest.raises(ValueError, match="has no validation images: it was trained with --validation 0"):
        images_for(trained, split="validation")
    kept = load_model(train(pets, validation=0.1, name="kept").folder)
    assert [len(images_for(kept, split=split)[0]) for split in ("train", "validation", "all")] == [11, 1, 16]


def test_it_goes_on_to_the_bit_from_another_folder(pets, monkeypatch, tmp_path):
    whole = train(Path(pets), epochs=3, name="whole")
    train(pets, epochs=3, name="broken", on_epoch=interrupt)
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    again = mm.train(resume="../runs/broken", log=False)
    assert len(again.history) == 3
    assert (tmp_path / "runs/broken/last.safetensors").read_bytes() == (
        tmp_path / whole.folder / "last.safetensors"
    ).read_bytes()


def test_a_folder_and_a_file_that_have_moved(pets, tmp_path):
    result = train(pets)
    Path("pets").rename("animals")
    Path("lib").mkdir()
    Path("net.py").rename("lib/network.py")
    with pytest.raises(FileNotFoundError, match="net.py, which is not there"):
        load_model(result.folder)
    trained = load_model(result.folder, "lib/network.py:make")
    with pytest.raises(FileNotFoundError, match="pets, which is not there: say where they are now"):
        images_for(trained)
    assert len(images_for(trained, "animals")[0]) == 4
    with pytest.raises(FileNotFoundError, match="not there"):
        mm.train(resume=result.folder, model="lib/network.py:make", log=False)
    longer = mm.train(resume=result.folder, model="lib/network.py:make", data="animals", epochs=3, log=False)
    assert longer.config.data == "pets" and len(longer.history) == 3
    trained = load_model(result.folder)  # the new places are known from now on, whichever checkpoint is read
    assert len(images_for(trained)[0]) == 4
    assert checkpoint.load(result.folder / "last.safetensors")[1]["about"]["places"]["data"] == str(tmp_path / "animals")


def test_pictures_that_have_changed(pets):
    result = train(pets)
    Image.new("RGB", (40, 40)).save("pets/cat/new.png")
    with pytest.raises(ValueError, match=r"the pictures in .*pets are not those of .* 16 then, 17 now"):
        mm.train(resume=result.folder, epochs=3, log=False)
    assert "no longer those that the network was trained on" in images_for(load_model(result.folder))[1][-1]


def test_other_pictures_of_the_same_classes(pets):
    trained = load_model(train(pets).folder)
    Path("pets").rename("more")
    Path("more/cat").rename("more/a cat")
    with pytest.raises(ValueError, match="it knows cat, dog, but not a cat"):
        images_for(trained, "more")
    Path("more/a cat").rename("more/cat")
    for i in range(4):
        Path(f"more/cat/{i}.png").unlink()
    images, _ = images_for(trained, "more", "all")
    assert np.bincount(images.labels).tolist() == [4, 8] and (images.mean, images.std) == (trained.mean, trained.std)
    assert "--split all takes every picture" in images_for(trained, "more")[1][-1]


def test_classes_in_another_order_are_told_by_name(pets):
    trained = load_model(train(pets).folder)
    pixels = np.zeros((3, 3, 32, 32), np.uint8)
    images, _ = images_for(trained, (Dataset(pixels, [0, 1, 1], ("dog", "cat"), "other"), None), "train")
    assert images.labels.tolist() == [1, 0, 0] and images.classes == ("cat", "dog")
    with pytest.raises(ValueError, match="other has no test images"):
        images_for(trained, Dataset(pixels, [0, 1, 1], ("dog", "cat"), "other"))


def test_pictures_for_validation_are_what_is_chosen_by(pets):
    for part, count in (("train", 6), ("test", 3), ("valid", 2)):
        for name in ("cat", "dog"):
            Path("parts", part, name).mkdir(parents=True)
            for i in range(count):
                os.link(f"pets/{name}/{i}.png", f"parts/{part}/{name}/{i}.png")
    seen = []
    result = train("parts", log=type("Log", (), {"write": lambda self, text: seen.append(text), "flush": lambda self: None})())
    assert "12 training, 4 validation and 6 test images" in "".join(seen)
    assert [len(images_for(load_model(result.folder), split=split)[0]) for split in ("train", "validation", "test", "all")] == [
        12, 4, 6, 22
    ]  # fmt: skip
    assert len(mm.train(resume=result.folder, epochs=3, log=False).history) == 3


def test_a_folder_may_be_called_as_a_set_is(pets):
    Path("pets").rename("cifar10")
    assert source("./cifar10").name == "own-cifar10" and source("cifar10").folder is None
    assert source(Path("cifar10")).folder == Path("cifar10").absolute()


@pytest.mark.parametrize(
    "data, error, message",
    [
        ("petss", ValueError, "no data set is called 'petss', and no folder"), ("CIFAR-10", ValueError, "did you mean cifar10"),
        ("no/pets", FileNotFoundError, "no folder no.pets"), (Path("gone"), FileNotFoundError, "no folder gone"),
        ("net.py", ValueError, "net.py is a file: expected a folder"), (3, TypeError, "expected a name, a folder of pictures"),
        ((1, 2), TypeError, "or arrays"), ((np.zeros((2, 3, 8, 8)),), TypeError, "or arrays"), ({}, TypeError, "or arrays"),
    ],
)  # fmt: skip
def test_what_is_no_source(data, error, message):
    with pytest.raises(error, match=message):
        train(data)
    assert not Path("runs").exists()


@pytest.mark.parametrize(("labels", "classes", "only"), [
    ([0] * 8, None, "0"), ([1] * 8, None, "1"), (["cat"] * 8, None, "cat"), ([1] * 8, ("cat", "dog"), "dog"),
])  # fmt: skip
def test_images_of_a_single_class_are_refused(labels, classes, only):
    """As in folders: every network would be right always."""
    images = np.zeros((8, 3, 8, 8), np.uint8)
    mixed = (images, ["cat", "dog"] * 4) if only in ("cat", "dog") else (images, [0, 1] * 4)
    message = f"data: all 8 training images of arrays are of one class, '{only}': expected images of two or more"
    alone = from_arrays(images, labels, classes)
    for data in (alone, (alone, None), *([(images, labels), ((images, labels), mixed)] if classes is None else [])):
        with pytest.raises(DataError, match=re.escape(message)):
            train(data)
    assert not Path("runs").exists()


def test_size(pets):
    assert load_model(train(pets, size=24, epochs=1).folder).image_shape == (3, 24, 24)
    with pytest.raises(ValueError, match="size was 24 and is 32 now"):
        mm.train(resume=True, name="net.py_make-pets", size=32, log=False)
    with pytest.raises(ValueError, match="only pictures in folders are resized"):
        train("patterns10", size=24)


# -- arrays -----------------------------------------------------------------------------------------------------------


def test_arrays_are_trained_on(capsys):
    random = np.random.default_rng(0)
    images, labels = random.random((20, 16, 16, 3)), ["cat", "dog"] * 10
    result = train((images, labels), log=True)
    output = capsys.readouterr().out
    assert "arrays: images were float64 from 0 to 1, (N, H, W, C); they are uint8 (N, 3, H, W) now" in output
    assert result.accuracy is None and load_model(result.folder).classes == ("cat", "dog")
    result = train(((images, labels), (images[:3], ["dog", "dog", "dog"])))
    assert result.accuracy is not None
    pair = Dataset(images, labels, name="a"), Dataset(images[:4] / 2, labels[:4], name="b")
    assert source(pair).sets[1].mean == pair[0].mean != pair[1].mean
    assert source([images, labels]).sets[1] is None


def test_sets_that_do_not_belong_together():
    images = np.zeros((4, 3, 8, 8), np.uint8)
    for other in (Dataset(images, [0, 1, 0, 1], ("a", "c")), Dataset(images[:, :, 1:], [0, 1, 0, 1], ("a", "b"))):
        with pytest.raises(ValueError, match="do not have the same classes and image size"):
            train((Dataset(images, [0, 1, 0, 1], ("a", "b")), other))


# -- few images -------------------------------------------------------------------------------------------------------


def test_few_images_get_more_epochs_and_smaller_batches():
    own = Source("pets", folder=Path("pets"))
    chosen = [suited(Config(), own, {}, count)[0] for count in (2, 48, 600, 1500, 50_000)]
    assert [config.batch_size for config in chosen] == [16, 16, 32, 64, 128]
    assert [config.epochs for config in chosen] == [100, 100, 33, 13, 10]
    assert chosen[-1].lr == 0.3 and all(a.lr <= b.lr for a, b in itertools.pairwise(chosen))
    assert [config.validation for config in chosen] == [0, 0, 0.1, 0.1, 0.1]
    assert (
        suited(Config(patience=3), own, {"patience": 3}, 48)[0].validation
        == suited(Config(), own, {}, 48, True)[0].validation
        == 0.1
    )
    asked, _ = suited(Config(epochs=3, batch_size=128, lr=0.1), own, {"epochs", "batch_size", "lr"}, 48)
    assert (asked.epochs, asked.batch_size, asked.lr) == (3, 128, 0.1)
    assert suited(Config(), Source("cifar10"), {}, 48) == (Config(), [])


def test_the_learning_rate_follows_the_batch_and_what_was_learned_before():
    own = Source("pets", folder=Path("pets"))
    rate = {batch: suited(Config(batch_size=batch), own, {"batch_size"}, 48)[0].lr for batch in (8, 32, 128, 512)}
    assert rate == pytest.approx({8: 0.075, 32: 0.15, 128: 0.3, 512: 0.3})
    tuned, (line, _) = suited(Config(from_="first"), own, {}, 48)
    assert tuned.lr == pytest.approx(suited(Config(), own, {}, 48)[0].lr / 10) and "0.011, a tenth" in line
    asked, lines = suited(Config(from_="first", lr=0.2), own, {"lr"}, 4800)
    assert asked.lr == 0.2 and not lines
    assert suited(Config(from_="first"), Source("cifar10"), {}, 48)[0].lr == 0.3  # its recipe stays


def test_a_batch_larger_than_the_set_is_clipped_and_that_is_said(pets, capsys):
    result = train(pets, batch_size=128, log=True)
    assert "batch_size is 128, but there are 12 training images: a step takes them all" in capsys.readouterr().out
    assert [epoch.step for epoch in result.history] == [1, 2]
    assert len(mm.train(resume=result.folder, epochs=3, batch_size=128, log=False).history) == 3


# -- networks ---------------------------------------------------------------------------------------------------------


def test_a_changed_file_is_warned_of(pets):
    result = train(pets)
    Path("net.py").write_text(NET + "# more\n")
    with pytest.warns(UserWarning, match=r"net.py has changed since .* was trained"):
        load_model(result.folder)


def test_a_network_that_does_not_fit_is_refused_before_anything_is_trained(pets):
    with pytest.raises(ValueError, match=r"makes \(2, 5\) of 2 pictures .* expected \(2, 2\)"):
        train(pets, model=mm.models.create("net.py:make", num_classes=5))
    for options in ({"num_classes": 5}, {"in_channels": 1}):
        with pytest.raises(ValueError, match="is no choice in training"):
            train(pets, model="mixnet_nano", model_options=options)
    with pytest.raises(ValueError, match="has no function or class nothing"):
        train(pets, model="net.py:nothing")
    assert not list(Path(".").glob("runs/*"))


def test_options_reach_it(pets):
    result = train(pets, model_options={"width": 6})
    assert load_model(result.folder).model[0].weight.shape[0] == 6


def test_it_begins_with_the_weights_of_another_run(pets):
    first = train(pets, model_options={"width": 6})
    second = train(pets, model=None, from_=first.folder, name="b")
    assert second.model[0].weight.shape[0] == 6
    assert "model" in checkpoint.load(second.folder / "last.safetensors")[1]["about"]["places"]


def test_no_code_from_another_machine(pets):
    result = train(pets)
    path = result.folder / "last.safetensors"
    arrays, state = checkpoint.load(path)
    for place in (r"\\host\share\net.py:make", "//host/share/net.py:make", "not a name"):
        state["about"]["places"]["model"] = place
        checkpoint.save(path, arrays, state)
        with pytest.raises(CheckpointError, match="give it"):
            load_model(path)


# -- augmentation -----------------------------------------------------------------------------------------------------


def darker(images, rng):
    return images // 2


def test_functions_of_ones_own_augment_and_are_passed_again(pets):
    whole = train(pets, epochs=3, augment=["flip", darker], name="whole")
    assert whole.config.augment == ("flip", "own:darker")
    broken = train(pets, epochs=3, augment=["flip", darker], name="broken", on_epoch=interrupt)
    with pytest.raises(ValueError, match=r"functions of your own, darker: pass them again, with the rest"):
        mm.train(resume=broken.folder, log=False)
    with pytest.raises(ValueError, match="augment was"):
        mm.train(resume=broken.folder, augment=darker, log=False)
    again = mm.train(resume=broken.folder, augment=[darker, "flip"], log=False)
    assert content(again) == content(whole) != content(train(pets, epochs=3, augment="flip", name="other"))


def test_an_augment_and_one_in_a_file_need_not_be(pets):
    Path("more.py").write_text("def darker(images, rng):\n    return images // 2\n")
    for i, augment in enumerate((Augment(False, 6, 16), "flip,more.py:darker")):
        whole = train(pets, epochs=3, augment=augment, name=f"whole{i}")
        train(pets, epochs=3, augment=augment, name=f"broken{i}", on_epoch=interrupt)
        assert content(mm.train(resume=f"broken{i}", log=False)) == content(whole)


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["a:b", "..", ".", "con", "NUL", "com1.txt", "x/y", "x\\y", "dots...", " ", "", "a\nb", "é" * 300, "?*<>|", "/etc", "-"],
)
def test_a_sets_own_name_becomes_a_folder_that_every_system_can_store(name):
    images = np.zeros((4, 3, 8, 8), np.uint8)
    result = train(Dataset(images, [0, 1, 0, 1], ("a", "b"), name), epochs=1)
    assert result.folder.parent == Path("runs") and [path.name for path in Path("runs").iterdir()] == [result.folder.name]
    assert folder_name(result.folder.name) == result.folder.name and len(result.folder.name.encode()) < 200
    assert load_model(result.folder).data == name
    check_name(folder_name(name))


@pytest.mark.parametrize("name", ["con", "CON.txt", "lpt9", "a.", "a ", "a:b", "..", "x" * 200, "tab\t", "nul"])
def test_a_run_is_not_called_what_some_system_cannot_store(name):
    with pytest.raises(ValueError, match="name: .* cannot name a folder on every system"):
        Config(name=name)


def test_where_a_named_set_was_is_remembered(monkeypatch):
    asked = []
    monkeypatch.setattr("minimix.data.load", lambda name, split, data_dir: asked.append(data_dir) or patterns10(split, 20))
    Path("sets").mkdir()
    result = train("patterns10", data_dir="sets")
    train(None, model=None, resume=result.folder, epochs=3, batch_size=None)
    images_for(load_model(result.folder))
    assert set(map(str, asked)) == {"sets", str(Path("sets").absolute())} and len(asked) == 6
    Path("sets").rename("gone")
    train(None, model=None, resume=result.folder, epochs=4, batch_size=None)
    assert asked[-1] is None
    assert sys.modules["minimix.train.sources"].datasets.NAMES


def test_cifar10_by_name_has_a_recipe_of_its_own_which_gives_way_and_is_gone_on_with(run, tiny, tmp_path, monkeypatch):
    named = {"train": replace(tiny[0], name="cifar10"), "test": replace(tiny[1], name="cifar10")}
    monkeypatch.setattr("minimix.train.sources.datasets.load", lambda name, split, data_dir: named[split])
    found = run(data="cifar10", epochs=2)
    config = found.config
    assert (config.optimizer, config.lr, config.augment, config.validation) == ("muon", 0.045, ("alternate", "crop=3"), 0)
    assert (config.bias_rate, config.tta) == (8, True) and found.accuracy_alone is not None
    assert len(found.history) == found.chosen == 2 and found.history[0].step == 5, "all 80 images in batches of 16"
    assert run(data="cifar10", resume=True, epochs=3).config.optimizer == "muon"
    asked = run(name="b", data="cifar10", optimizer="sgd", augment="flip", validation=0.2, epochs=1)
    assert (asked.config.lr, asked.config.augment, asked.history[0].step) == (0.3, ("flip",), 4)
    assert (asked.config.bias_rate, asked.config.tta) == (1, True)
    assert run(name="c", data=(named["train"], None), epochs=1).config.optimizer == "sgd", (
        "a set of your own, whatever its name"
    )

"""Arguments are checked before any work, by name."""

import json

import pytest

from minimix.train.config import EPOCHS, HALF_FIRST, OF_DATA, RECIPES, SMALL_FIRST, Config, completed, differences


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("epochs", 0, ValueError), ("epochs", 1.5, ValueError), ("epochs", True, ValueError),
        ("batch_size", 0, ValueError), ("batch_size", None, ValueError), ("seed", -1, ValueError), ("threads", 0, ValueError),
        ("lr", 0, ValueError), ("lr", float("nan"), ValueError), ("lr", float("inf"), ValueError), ("lr", "fast", TypeError),
        ("momentum", 1.0, ValueError), ("momentum", -0.1, ValueError), ("weight_decay", -1e-4, ValueError),
        ("label_smoothing", 1.0, ValueError), ("ema", 1.0, ValueError), ("save_every", 0, ValueError),
        ("small_first", 1.1, ValueError), ("small_first", "half", TypeError),
        ("half_first", -0.1, ValueError), ("half_first", True, TypeError), ("augment", "flip,alternate", ValueError),
        ("tta", 1, TypeError), ("bias_rate", 0, ValueError), ("tta", "flip", TypeError),
        ("optimizer", "sdg", ValueError), ("schedule", "cosin", ValueError), ("augment", ("flip", "rotate"), ValueError),
        ("model_options", "width=2", TypeError), ("name", "../up", ValueError), ("name", "", ValueError),
        ("name", "..", ValueError), ("name", "a/b", ValueError), ("name", "dot.", ValueError), ("name", 3, TypeError),
    ],
)  # fmt: skip
def test_a_refusal_names_the_argument(argument, value, error):
    with pytest.raises(error, match=argument):
        Config(**{argument: value})


@pytest.mark.parametrize("argument", ["optimizer", "schedule"])
def test_a_refusal_lists_the_choices(argument):
    with pytest.raises(ValueError, match=r"sgd, rmsprop|one_cycle, cosine"):
        Config(**{argument: "wrong"})


def test_the_recipe_that_the_project_states():
    config = Config()
    assert (config.batch_size, config.lr, config.optimizer, config.schedule) == (128, 0.3, "sgd", "one_cycle")
    assert (config.weight_decay, config.label_smoothing, config.augment) == (5e-4, 0.1, ("flip", "crop"))
    assert set(EPOCHS) == {"cifar10", "cifar100", "patterns10"}


@pytest.mark.parametrize("data", [*EPOCHS, "a set of your own"])
def test_what_depends_on_the_data(data):
    config = completed(Config(), data)
    assert (config.data, config.epochs, config.small_first) == (data, EPOCHS.get(data, 10), SMALL_FIRST.get(data, 0.0))
    assert config.half_first == HALF_FIRST.get(data, 0.0) and completed(Config(model="mixnet_s"), data).half_first == 0
    asked = completed(Config(epochs=7, small_first=0.25, half_first=0.1), data)
    assert (asked.epochs, asked.small_first, asked.half_first) == (7, 0.25, 0.1)


def test_a_choice_by_the_data_gives_way_to_what_was_asked_for():
    recipe = completed(Config(), "cifar10", asked=())
    assert (recipe.optimizer, recipe.lr, recipe.weight_decay) == ("muon", *RECIPES["muon"])
    assert all(getattr(recipe, name) == value for name, value in OF_DATA["cifar10"].items())
    assert completed(Config(lr=0.1), "cifar10", asked={"lr"}).lr == 0.1
    assert completed(Config(validation=0.2), "cifar10", asked={"validation"}).validation == 0.2
    assert completed(Config(patience=3), "cifar10", asked={"patience"}).validation == 0.1, "or it could not be judged"
    assert not completed(Config(augment="crop"), "cifar10", asked={"augment"}).tta, "it saw no mirror images"
    asked = completed(Config(optimizer="sgd", augment="flip"), "cifar10", asked={"optimizer", "augment"})
    assert asked.tta and asked.bias_rate == 1
    with pytest.raises(ValueError, match="bias_rate: sgd has one rate for all"):
        completed(Config(bias_rate=8), "cifar100", asked={"bias_rate"})
    assert completed(Config(bias_rate=2), "cifar10", asked={"bias_rate"}).bias_rate == 2
    assert (asked.optimizer, asked.lr, asked.augment) == ("sgd", 0.3, ("flip",))
    assert completed(Config(), "cifar10").optimizer == "sgd"  # of a run that goes on: as it was
    assert completed(Config(), "patterns10", asked=()) == completed(Config(), "patterns10")


@pytest.mark.parametrize("optimizer", RECIPES)
def test_each_optimizer_brings_its_own_rate(optimizer):
    assert (Config(optimizer=optimizer).lr, Config(optimizer=optimizer).weight_decay) == RECIPES[optimizer]
    assert Config(optimizer=optimizer, lr=0.7, weight_decay=0).lr == 0.7


@pytest.mark.parametrize(("given", "expected"), [
    ("crop, flip", ("flip", "crop")), (["cutout"], ("cutout",)), ("none", ()), ((), ()), ("", ()),
])  # fmt: skip
def test_augment_is_a_list_in_one_order(given, expected):
    assert Config(augment=given).augment == expected


def test_a_configuration_survives_json():
    config = Config(model_options={"kernels": (3, 5)}, epochs=3, augment="flip")
    assert Config(**json.loads(json.dumps(config.as_json()))).recipe() == config.recipe()


def test_what_is_harmless_is_not_in_the_recipe():
    one, other = Config(name="a", runs="x", threads=1, save_every=3), Config(name="b", runs="y", threads=2, data_dir="z")
    assert one.recipe() == other.recipe()
    assert differences(one.recipe(), {"name": "c", "threads": 9}) == []


def test_differences_name_old_and_new():
    assert differences(Config().recipe(), {"lr": 0.1, "seed": 0, "augment": ("flip",)}) == [
        "lr was 0.3 and is 0.1 now",
        "augment was ['flip', 'crop'] and is ['flip'] now",
    ]

"""The pictures of runs show everything, and cut nothing off."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from looks import picture, texts

from minimix import viz
from minimix.data import patterns10

TITLE = "a run with quite a long name, as people give: mixnet_nano on patterns10"
LONG = "something_rather_long"


def history(epochs, shift=0.0):
    return [
        SimpleNamespace(
            epoch=i, lr=0.1 * i, train_loss=1 / i, train_accuracy=1 - 1 / i,
            validation_loss=2 / i, validation_accuracy=0.9 - 1 / (2 * i) - shift,
        )
        for i in range(1, epochs + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("epochs", [1, 14, 200])
def test_curves_show_what_was_measured(epochs):
    run = history(epochs)
    figure = viz.curves(run, TITLE)
    loss, accuracy, rate = figure.axes
    lines = [line.get_ydata() for axes in (loss, accuracy, rate) for line in axes.lines]
    names = {"train_loss": 1, "validation_loss": 1, "train_accuracy": 100, "validation_accuracy": 100, "lr": 1}
    for line, (name, scale) in zip(lines, names.items(), strict=True):
        np.testing.assert_allclose(line, [scale * getattr(epoch, name) for epoch in run])
    shown = texts(figure)
    assert TITLE in shown and shown.count("train") == shown.count("validation") == 2
    assert len({(line.get_color(), line.get_linestyle()) for line in loss.lines}) == 2
    with pytest.raises(ValueError, match="history"):
        viz.curves([])


def test_runs_are_held_against_each_other():
    figure = viz.runs({"a": history(20), f"{LONG} of a run that goes on and on": history(15, 0.3), "c": history(40, 0.5)})
    lines = figure.axes[0].lines
    np.testing.assert_allclose(lines[1].get_ydata(), [100 * epoch.validation_accuracy for epoch in history(15, 0.3)])
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 3
    assert any(t.startswith("a: 87.5") for t in texts(figure))
    with pytest.raises(ValueError, match="metric must be one of"):
        viz.runs({"a": history(2)}, "loss")
    with pytest.raises(ValueError, match="histories"):
        viz.runs({"a": []})
    with pytest.raises(ValueError, match=r"histories\['a'\] has no test_loss"):
        viz.runs({"a": [SimpleNamespace(**vars(epoch), test_loss=None) for epoch in history(2)]}, "test_loss")


def test_curves_of_several_runs_tell_them_apart():
    figure = viz.curves({"a": history(3), f"{LONG} of a run that goes on and on": history(5, 0.3), "c": history(1, 0.5)})
    loss, accuracy, rate = figure.axes
    assert len({line.get_color() for line in rate.lines}) == 3 and len(loss.lines) == len(accuracy.lines) == 6
    np.testing.assert_allclose(accuracy.lines[3].get_ydata(), [100 * epoch.validation_accuracy for epoch in history(5, 0.3)])
    assert {"a", "c", "train", "validation"} <= set(texts(figure)) and loss.get_xlim() == (0.5, 5.5)


def test_a_single_look_at_the_test_images_is_a_point():
    run = history(3)
    for epoch in run:
        epoch.test_loss, epoch.test_accuracy = (0.7, 0.6) if epoch.epoch == 2 else (None, None)
    line = viz.curves(run).axes[1].lines[2]
    assert (list(line.get_xdata()), list(line.get_ydata()), line.get_marker()) == ([2], [60], "D")


def test_seeds_have_a_mean_and_its_error():
    figure = viz.seeds({"3x3": [80.0, 82.0], LONG * 2: [84.0, 83.0, 85.0], "x": [82.0]})
    found = texts(figure)
    assert {"81 ± 1", "84 ± 0.58", "82"} <= set(found)
    points = [line.get_xdata() for line in figure.axes[0].lines if len(line.get_xdata()) == 3]
    np.testing.assert_array_equal(points[0], [84, 83, 85])
    with pytest.raises(ValueError, match=r"results\['a'\] must be finite"):
        viz.seeds({"a": [np.nan]})
    with pytest.raises(ValueError, match="results"):
        viz.seeds({})


def test_a_sweep_has_a_line_for_each_variant():
    figure = viz.sweep({"one size": {5: [75, 77], 3: [70, 71], 13: 60}, "mixed": {5: 76, 7: 77.5}})
    one, mixed = (container.lines[0] for container in figure.axes[0].containers)
    assert list(one.get_xdata()) == [3, 5, 13] and list(one.get_ydata()) == [70.5, 76, 60]
    np.testing.assert_allclose(mixed.get_ydata(), [76, 77.5])
    assert {"3", "5", "7", "13", "one size", "mixed", "kernel size"} <= set(texts(figure))
    with pytest.raises(ValueError, match="results"):
        viz.sweep({"a": {}})


def test_a_sweep_over_factors():
    figure = viz.sweep({"a": {1: [1, 2], 10: [3, 4], 100: 5}}, "% of the images", log=True)
    axes = figure.axes[0]
    places = [axes.transData.transform((setting, 1))[0] for setting in (1, 10, 100)]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "10", "100"]
    with pytest.raises(ValueError, match="no place on a logarithmic axis"):
        viz.sweep({"a": {0: 1, 10: 2}}, log=True)


def test_a_tradeoff_has_costs_below_and_names_at_its_points():
    results = {"one size": {"3": (8e5, [50, 52]), "11": (1.6e6, [65, 69]), "5": (9e5, [60, 63])}, "mixed": {"5": (1e6, 66)}}
    figure = viz.tradeoff(results)
    one, mixed = (container.lines[0] for container in figure.axes[0].containers)
    assert list(one.get_xdata()) == [8e5, 9e5, 1.6e6] and list(one.get_ydata()) == [51, 61.5, 67]
    assert list(mixed.get_xdata()) == [1e6]
    places = {(text.get_text(), text.xy) for text in figure.axes[0].texts}
    assert places == {("3", (8e5, 51)), ("11", (1.6e6, 67)), ("5", (9e5, 61.5)), ("5", (1e6, 66))}
    assert {"multiply-adds", "one size", "mixed"} <= set(texts(figure))
    apart = viz.tradeoff(results, joined=False).axes[0]
    assert {container.lines[0].get_linestyle() for container in apart.containers} == {"None"}
    assert {container.lines[0].get_linestyle() for container in figure.axes[0].containers} == {"-", "--"}
    with pytest.raises(ValueError, match="results"):
        viz.tradeoff({})
    with pytest.raises(ValueError, match="the cost of 'a' must be finite"):
        viz.tradeoff({"x": {"a": (np.inf, 3)}})


def test_pairs_have_the_error_of_two_groups_and_that_of_their_differences():
    first, second = {0: 60.0, 1: 66.0, 2: 63.0}, {2: 64.5, 0: 61.5, 1: 67.0}
    figure = viz.paired(first, second, (LONG, "5x5"))
    assert {"+1.33 ± 2.35", "+1.33 ± 0.17", "by seed", "5x5"} <= set(texts(figure))
    runs, difference = figure.axes
    assert [line.get_ydata().tolist() for line in runs.get_lines()] == [[60, 61.5], [66, 67], [63, 64.5]]
    assert difference.get_lines()[1].get_xdata().tolist() == [1.5, 1, 1.5]
    assert "by seed +1.33 ± 0.17" in figure.alt
    for other in ({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0, 3: 4.0}):
        with pytest.raises(ValueError, match="the same seeds of both"):
            viz.paired(first, other)
    with pytest.raises(ValueError, match="second must be finite"):
        viz.paired(first, {0: 1.0, 1: np.nan, 2: 2.0})


@pytest.mark.parametrize("classes", [2, 3, 10, 20])
@pytest.mark.parametrize("name", ["c", LONG])
def test_the_confusion_matrix_names_every_class_on_both_sides(classes, name):
    counts = np.eye(classes, dtype=int) * 3 + np.eye(classes, k=1, dtype=int)
    names = tuple(f"{name}_{i}" for i in range(classes))
    found = texts(viz.confusion(counts, names, TITLE)) if classes < 20 else _all(viz.confusion(counts, names, TITLE))
    assert all(found.count(name) == 2 for name in names)
    assert {"predicted", "true"} <= set(found)


def _all(figure):
    """Of a figure that may be wider than a page."""
    return [text.get_text() for axes in figure.axes for text in (*axes.get_xticklabels(), *axes.get_yticklabels())] + [
        figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel(),
    ]  # fmt: skip


def test_a_hundred_classes_are_readable_too():
    names = [f"class_{i}" for i in range(100)]
    figure = viz.confusion(np.eye(100, dtype=int), names, TITLE)
    assert set(names) <= set(_all(figure))
    assert picture(figure).std() > 0.01


def test_the_confusion_matrix_has_the_truth_in_rows_and_rounds_nothing_to_all():
    counts = np.array([[1999, 1], [500, 500]])  # 99.95 % and 0.05 %
    figure = viz.confusion(counts, ("a", "b"), "t")
    shown = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert (shown["99.9"], shown["0.1"]) == ((0, 0), (1, 0))  # (column, row)
    assert figure.axes[0].images[0].get_array()[1, 0] == 50
    empty = viz.confusion(np.array([[5, 0], [0, 0]]), ("a", "b"), "t")
    assert [text.get_text() for text in empty.axes[0].texts] == ["100"]
    with pytest.raises(ValueError, match="3x3 for 3 classes"):
        viz.confusion(counts, ("a", "b", "c"))
    with pytest.raises(ValueError, match="0 or more"):
        viz.confusion(-counts, ("a", "b"))


def test_mistakes_are_the_surest_first_and_look_like_the_images():
    data = patterns10("test", size=50)
    predictions = data.labels.copy()
    predictions[[3, 20, 41]] = (predictions[[3, 20, 41]] + 1) % 10
    figure = viz.mistakes(data.images, data.labels, predictions, np.linspace(0.5, 1, 50), data.classes, TITLE)
    captions = [text.replace("\n", " ") for text in texts(figure) if "true:" in text]
    assert captions == [
        f"{data.classes[predictions[i]]} {int(50 + 50 * i / 49)} % true: {data.classes[data.labels[i]]}" for i in (41, 20, 3)
    ]
    first = figure.axes[0].images[0]
    np.testing.assert_array_equal(first.get_array(), data.images[41].transpose(1, 2, 0))
    assert any("all 3 mistakes on 50 test images" in text.replace("\n", " ") for text in texts(figure))


def test_many_mistakes_are_cut_to_a_page_and_none_make_an_empty_one():
    images = np.random.default_rng(0).integers(0, 256, (90, 3, 8, 12), dtype=np.uint8)
    labels = np.arange(90) % 2
    classes, sure = (LONG * 3, "b"), np.ones(90)
    figure = viz.mistakes(images, labels, 1 - labels, sure, classes, TITLE)
    assert len(figure.axes[0].images) == 25
    assert any("the 25 surest of 90 mistakes" in text.replace("\n", " ") for text in texts(figure))
    assert picture(figure).std() > 0.1
    assert any("no mistakes" in text for text in texts(viz.mistakes(images, labels, labels, sure, classes, TITLE)))
    with pytest.raises(ValueError, match="90 images, 2 labels"):
        viz.mistakes(images, [0, 1], 1 - labels, sure, classes)
    with pytest.raises(ValueError, match="images must be 4-D"):
        viz.mistakes(images[0], labels, labels, sure, classes)


@pytest.mark.parametrize("name", ["a$b$c", "$x^$", "$", "$$", "5$", "\\\\alpha", "a_b^c", "[red]", "{x}", "$\\\\frac{1}{$"])
def test_names_are_no_formulas(name):
    """Whatever classes and runs are called, the picture is drawn, and the name stands in it."""
    images, labels = np.zeros((2, 3, 8, 8), np.uint8), np.array([0, 1])
    for figure in (
        viz.confusion([[8, 2], [1, 9]], (name, "dog"), name),
        viz.mistakes(images, labels, 1 - labels, np.array([0.9, 0.8]), (name, "dog"), name),
    ):
        figure.savefig(io.BytesIO(), format="png")
        for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text")):
            assert not text._preprocess_math(text.get_text())[1], text.get_text()


def test_names_on_a_contact_sheet_are_no_formulas():
    from minimix.cli.images import contact_sheet

    images = np.zeros((2, 3, 8, 8), np.uint8)
    contact_sheet(images, np.array([0, 1]), ("$x^$", "a$b$"), 1, "$\\\\frac{$").savefig(io.BytesIO(), format="png")

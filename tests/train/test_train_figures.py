"""The pictures of a run show everything, and cut nothing off."""

import io

import numpy as np
import pytest

from minimix.data import Dataset, patterns10
from minimix.train import figures
from minimix.train.evaluation import Evaluation
from minimix.train.metrics import Epoch

TITLE = "a run with quite a long name, as people give: mixnet_nano on patterns10"
LONG = "something_rather_long"


def evaluation(labels, predictions, classes):
    counts = np.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes)
    confidence = np.linspace(0.5, 1, len(labels))
    return Evaluation(1.0, float((labels == predictions).mean()), labels, predictions, confidence, counts)


def texts(figure):
    """All texts that are drawn, after a check that none reaches over the edge."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if not axes.axison or not low <= tick.get_loc() <= high]
            hidden |= {text for tick in ticks for text in tick.findobj(Text)}
    width, height = canvas.get_width_height()
    shown = [text for text in found if text not in hidden]
    for text in shown:
        box = text.get_window_extent(canvas.get_renderer())
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, f"{text.get_text()!r} is cut off"
    return [text.get_text() for text in shown]


def picture(figure):
    """(H, W, 3), 0 to 1."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.image import imread

    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    file.seek(0)
    return imread(file)[:, :, :3]


@pytest.mark.parametrize("epochs", [1, 14, 200])
def test_curves_show_what_was_measured(epochs):
    history = [Epoch(i, i, 0.1 * i, 1 / i, 1 - 1 / i, 2 / i, 0.9 - 1 / (2 * i), 1.0, 1.0) for i in range(1, epochs + 1)]
    figure = figures.curves(history, TITLE)
    loss, accuracy, rate = figure.axes
    lines = [line.get_ydata() for axes in (loss, accuracy, rate) for line in axes.lines]
    names = {"train_loss": 1, "test_loss": 1, "train_accuracy": 100, "test_accuracy": 100, "lr": 1}
    for line, (name, scale) in zip(lines, names.items(), strict=True):
        np.testing.assert_allclose(line, [scale * getattr(epoch, name) for epoch in history])
    shown = texts(figure)
    assert TITLE in shown and shown.count("train") == shown.count("test") == 2
    assert len({(line.get_color(), line.get_linestyle()) for line in loss.lines}) == 2


@pytest.mark.parametrize("classes", [2, 10, 20, 100])
def test_the_confusion_matrix_names_every_class_on_both_sides(classes):
    labels = np.repeat(np.arange(classes), 3)
    names = tuple(f"{LONG}_{i}" for i in range(classes))
    found = texts(figures.confusion(evaluation(labels, (labels * 7 + 1) % classes, classes).confusion, names, TITLE))
    assert all(found.count(name) == 2 for name in names)
    assert {"predicted", "true"} <= set(found)


def test_the_confusion_matrix_has_the_truth_in_rows_and_rounds_nothing_to_all():
    counts = np.array([[1999, 1], [500, 500]])  # 99.95 % and 0.05 %
    figure = figures.confusion(counts, ("a", "b"), "t")
    shown = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert (shown["99.9"], shown["0.1"]) == ((0, 0), (1, 0))  # (column, row)
    assert figure.axes[0].images[0].get_array()[1, 0] == 50
    empty = figures.confusion(np.array([[5, 0], [0, 0]]), ("a", "b"), "t")
    assert [text.get_text() for text in empty.axes[0].texts] == ["100"]


def test_mistakes_are_the_surest_first_and_look_like_the_images():
    data = patterns10("test", size=50)
    predictions = data.labels.copy()
    predictions[[3, 20, 41]] = (predictions[[3, 20, 41]] + 1) % 10
    figure = figures.mistakes(evaluation(data.labels, predictions, 10), data, TITLE)
    captions = [text for text in texts(figure) if "true:" in text]
    assert captions == [
        f"{data.classes[predictions[i]]} {int(50 + 50 * i / 49)} %\ntrue: {data.classes[data.labels[i]]}" for i in (41, 20, 3)
    ]
    first = figure.axes[0].images[0]
    np.testing.assert_array_equal(first.get_array(), data.images[41].transpose(1, 2, 0))
    assert any("all 3 mistakes on 50 test images" in text for text in texts(figure))


def test_many_mistakes_are_cut_to_a_page_and_none_make_an_empty_one():
    images = np.random.default_rng(0).integers(0, 256, (90, 3, 8, 12), dtype=np.uint8)
    labels = np.arange(90) % 2
    data = Dataset(images, labels, (LONG + "_name", "b"), "noise")
    figure = figures.mistakes(evaluation(labels, 1 - labels, 2), data, TITLE)
    assert len(figure.axes[0].images) == 40 and any("the 40 surest of 90 mistakes" in text for text in texts(figure))
    assert picture(figure).std() > 0.1
    assert any("no mistakes" in text for text in texts(figures.mistakes(evaluation(labels, labels, 2), data, TITLE)))


def test_drawing_leaves_pyplot_alone(tmp_path):
    import sys

    data = patterns10("test", size=20)
    loaded = "matplotlib.pyplot" in sys.modules
    figures.draw(tmp_path, [Epoch(1, 1, 0.1, 1.0, 0.5, 1.0, 0.5)], evaluation(data.labels, data.labels, 10), data, "t")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["confusion.png", "curves.png", "mistakes.png"]
    assert ("matplotlib.pyplot" in sys.modules) == loaded

"""Three pictures of a run: curves.png, confusion.png, mistakes.png.

Drawn with matplotlib's objects, not with pyplot: no window system, no global state, nothing that a notebook would show twice.
Colours are from Okabe and Ito's set, which colour-blind readers can tell apart; lines also differ in style.
"""

import io
import textwrap
from pathlib import Path

import numpy as np

from minimix import files
from minimix.data import Dataset
from minimix.train.evaluation import Evaluation

TRAIN, TEST, ACCENT = "#0072B2", "#D55E00", "#009E73"


def draw(folder, history: list, evaluation: Evaluation | None, test_set: Dataset, title: str) -> None:
    """Write all that can be drawn: curves after the first epoch, the others from the latest evaluation."""
    folder = Path(folder)
    if history:
        _save(curves(history, title), folder / "curves.png")
    if evaluation is not None:
        _save(confusion(evaluation.confusion, test_set.classes, title), folder / "confusion.png")
        _save(mistakes(evaluation, test_set, title), folder / "mistakes.png")


def _save(figure, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    content = io.BytesIO()
    FigureCanvasAgg(figure).print_png(content)
    files.write(path, content.getvalue())


def _figure(width: float, height: float, layout: str | None = "constrained"):
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout=layout)


def curves(history: list, title: str):
    """Loss, accuracy and learning rate over the epochs."""
    from matplotlib.ticker import MaxNLocator

    figure = _figure(11, 3.6)
    figure.suptitle(title, fontsize=11)
    epochs = [epoch.epoch for epoch in history]
    marker = "o" if len(history) <= 30 else None
    loss, accuracy, rate = figure.subplots(1, 3)
    for axes, kind, scale in ((loss, "loss", 1), (accuracy, "accuracy", 100)):
        for split, colour, style in (("train", TRAIN, "--"), ("test", TEST, "-")):
            values = [scale * getattr(epoch, f"{split}_{kind}") for epoch in history]
            axes.plot(epochs, values, color=colour, linestyle=style, marker=marker, markersize=3.5, label=split)
        axes.legend(frameon=False)
    loss.set_title("loss", fontsize=10)
    best = max(history, key=lambda epoch: epoch.test_accuracy)
    accuracy.set_title(f"accuracy, % (best on test: {100 * best.test_accuracy:.2f} in epoch {best.epoch})", fontsize=10)
    rate.plot(epochs, [epoch.lr for epoch in history], color=ACCENT, marker=marker, markersize=3.5)
    rate.set_title("learning rate at the epoch's end", fontsize=10)
    for axes in (loss, accuracy, rate):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def confusion(counts: np.ndarray, classes: tuple, title: str):
    """A square for each pair (true class, predicted class), coloured by its share of the true class's images."""
    from matplotlib.colors import PowerNorm

    n = len(classes)
    few = n <= 20  # then there is room for numbers
    side = max(2.6 + 0.55 * n, 4.5) if few else min(4 + 0.16 * n, 22)
    figure = _figure(side + 0.4, side)
    axes = figure.subplots()
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # the square root brings out the mistakes, which are rare beside what is right
    picture = axes.imshow(share, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=100))
    if few:
        for (i, j), value in np.ndenumerate(share):
            if counts[i, j]:
                text = "100" if value == 100 else f"{min(value, 99.9):.1f}"  # 100 means all of them
                axes.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if value > 35 else "black")
    size = 9 if few else 5.5
    axes.set_xticks(range(n), classes, rotation=90 if n > 5 else 0, fontsize=size)
    axes.set_yticks(range(n), classes, fontsize=size)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    text = f"{title}\n% of each true class ({int(counts.sum())} test images)"
    axes.set_title("\n".join(textwrap.fill(line, int(11 * side)) for line in text.split("\n")), fontsize=10)
    axes.tick_params(length=0)
    bar = figure.colorbar(picture, ax=axes, fraction=0.04, pad=0.02, ticks=[0, 1, 5, 10, 25, 50, 100])
    bar.ax.tick_params(labelsize=8)
    return figure


def mistakes(evaluation: Evaluation, test_set: Dataset, title: str, rows: int = 5, columns: int = 8):
    """The images that the network was surest of, and wrong: its answer and probability, and the truth."""
    wrong = np.flatnonzero(evaluation.predictions != evaluation.labels)
    order = wrong[np.argsort(-evaluation.confidence[wrong], kind="stable")][: rows * columns]
    rows = -(-len(order) // columns)
    side, gap, above, top = 1.36, 0.1, 0.42, 0.6  # inches: an image, what lies between two, captions above, title
    width, height = gap + columns * (side + gap), top + rows * (side + above) + gap
    figure = _figure(width, height, layout=None)
    shown = f"the {len(order)} surest of {len(wrong)} mistakes" if len(order) < len(wrong) else f"all {len(wrong)} mistakes"
    shown += f" on {len(evaluation.labels)} test images, with predicted class, its probability, and true class"
    text = f"{title}\n{shown if len(wrong) else 'no mistakes on the test images'}"
    axes = figure.add_axes((0, 0, 1, 1))  # one for all, in inches: an axes for each image would take seconds
    axes.axis("off")
    axes.text(width / 2, 0.1, text, fontsize=10, ha="center", va="top")
    for place, i in enumerate(order):
        x, y = gap + place % columns * (side + gap), top + place // columns * (side + above) + above
        picture = test_set.images[i].transpose(1, 2, 0)  # (H, W, 3)
        axes.imshow(picture, interpolation="nearest", extent=(x, x + side, y + side, y))
        said, truth = test_set.classes[evaluation.predictions[i]], test_set.classes[evaluation.labels[i]]
        probability = min(int(100 * evaluation.confidence[i]), 99)  # never 100: the answer was wrong
        caption = f"{said} {probability} %\ntrue: {truth}"
        size = min(7.5, 7.5 * 22 / max(map(len, caption.split("\n"))))  # long names in small letters
        axes.text(x + side / 2, y - 0.05, caption, fontsize=size, ha="center", va="bottom", linespacing=1.1)
    axes.set(xlim=(0, width), ylim=(height, 0))
    return figure

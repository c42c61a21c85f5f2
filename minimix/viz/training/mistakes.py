"""What a classifier gets wrong: which classes it takes for which, and the images of which it was surest."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import PowerNorm

from minimix.padding import count
from minimix.viz.drawing import theme
from minimix.viz.drawing.values import as_array

FEW = 20  # classes, up to which there is room for numbers
MARGIN, SIDE, GAP = 0.1, 1.62, 0.14  # inches: of the sheet of images


@theme.styled
def confusion(counts, classes: Sequence[str], title: str = "") -> theme.Picture:
    """A square for each pair (true class, predicted class), coloured by its share of the true class's images.

    counts: (C, C), images of class [row] that were taken for class [column], as in ``Evaluation.confusion``.
    classes: their C names.

    >>> from minimix import viz
    >>> figure = viz.confusion([[8, 2], [1, 9]], ("cat", "dog"))
    """
    counts = as_array(counts, "counts", (2,))
    n = len(classes)
    if counts.shape != (n, n):
        raise ValueError(f"counts must be {n}x{n} for {n} classes, got shape {counts.shape}")
    if counts.min() < 0:
        raise ValueError("counts must be 0 or more")
    names = [theme.shortened(str(name), 2.0) for name in classes]
    few = n <= FEW
    across = n > 5  # the names below the squares are turned
    longest = max(map(theme.text_width, names))
    text = f"% of each true class ({int(counts.sum())} test images)"
    cell = 0.52 if few else 0.18
    inside = max(cell * n, 1.6)
    cell = inside / n
    width = longest + inside + 1.4
    heading = theme.wrapped(f"{title}\n{text}" if title else text, width - 0.2, theme.FONT + 1)
    labels = longest if across else theme.LINE
    figure = theme.Picture(figsize=(width, inside + labels + 0.6 + 0.2 * theme.lines_in(heading)))
    high = figure.get_figheight()
    left, bottom = longest + 0.45, labels + 0.42
    axes = figure.add_axes((left / width, bottom / high, inside / width, inside / high))
    figure.text(0.1 / width, 1 - 0.08 / high, heading, ha="left", va="top", fontsize=theme.FONT + 1)
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # the square root brings out the mistakes, which are rare beside what is right
    picture = axes.imshow(share, cmap=theme.SEQUENTIAL, norm=PowerNorm(0.5, vmin=0, vmax=100), aspect="auto")
    if few:
        for (i, j), value in np.ndenumerate(share):
            if counts[i, j]:
                said = "100" if value == 100 else f"{min(value, 99.9):.1f}"  # 100 means all of them
                axes.text(j, i, said, ha="center", va="center", color="white" if value > 35 else "black")
    if not across and max(map(theme.text_width, names)) > cell - 0.08:
        across = True
        figure.set_figheight(high + longest - theme.LINE)
        new = figure.get_figheight()
        axes.set_position((left / width, (bottom + longest - theme.LINE) / new, inside / width, inside / new))
        figure.texts[0].set_y(1 - 0.08 / new)
    axes.set_xticks(range(n), names, rotation=90 if across else 0)
    axes.set_yticks(range(n), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    side = axes.get_position()
    bar = figure.add_axes(((left + inside + 0.15) / width, side.y0, 0.14 / width, side.height))
    figure.colorbar(picture, cax=bar, ticks=[0, 1, 5, 10, 25, 50, 100])
    off = share - np.diag(np.diag(share))
    i, j = np.unravel_index(off.argmax(), off.shape)
    worst = f"; most often {classes[i]} is taken for {classes[j]} ({off[i, j]:.3g} %)" if off.any() else ""
    right = np.trace(counts) / max(counts.sum(), 1)
    said = f"Confusion matrix of {n} classes, true by predicted, {title}: {right:.1%} of {int(counts.sum())} images are right"
    return theme.told(figure, f"{said}{worst}.".replace(", :", ":"))


@theme.styled
def mistakes(
    images, labels, predictions, confidence, classes: Sequence[str], title: str = "", rows: int = 5, columns: int = 5
) -> theme.Picture:
    """The images that a network was surest of, and wrong: its answer and probability, and the truth.

    images: uint8 (N, 3, H, W). labels, predictions: (N,) of class numbers. confidence: (N,), probability of the prediction.
    rows, columns: of images that are shown at most.

    >>> from minimix import viz
    >>> import numpy as np
    >>> images = np.zeros((3, 3, 8, 8), np.uint8)
    >>> figure = viz.mistakes(images, [0, 1, 1], [0, 0, 1], [0.9, 0.8, 0.7], ("cat", "dog"))
    """
    images = as_array(images, "images", (4,))
    labels, predictions, confidence = (
        as_array(values, name, (1,))
        for values, name in ((labels, "labels"), (predictions, "predictions"), (confidence, "confidence"))
    )
    if not len(images) == len(labels) == len(predictions) == len(confidence):
        raise ValueError(
            f"there are {len(images)} images, {len(labels)} labels, {len(predictions)} predictions and {len(confidence)} "
            "confidences: it must be one for each image"
        )
    columns, most = count(columns, "columns"), count(rows, "rows") * columns
    wrong = np.flatnonzero(predictions != labels)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    shown = f"the {len(order)} surest of {len(wrong)} mistakes" if len(order) < len(wrong) else f"all {len(wrong)} mistakes"
    shown += f" on {len(labels)} test images, with predicted class, its probability, and true class"
    width = 2 * MARGIN + columns * (SIDE + GAP) - GAP
    text = f"{title}\n{shown if len(wrong) else 'no mistakes on the test images'}".strip()
    text = theme.wrapped(text, width - 2 * MARGIN, theme.FONT + 1)
    captions = []
    for i in order:
        probability = min(int(100 * confidence[i]), 99)  # never 100: the answer was wrong
        said = f"{classes[predictions[i]]} {probability} %\ntrue: {classes[labels[i]]}"
        captions.append(theme.wrapped(said, SIDE))
    above = 0.08 + theme.LINE * max(map(theme.lines_in, captions), default=0)
    used = -(-len(order) // columns)
    top = MARGIN + 0.2 * theme.lines_in(text) + 0.1
    side = SIDE * images.shape[2] / images.shape[3]
    figure, ax = theme.sheet(None, width, top + used * (above + side + GAP) + MARGIN)
    ax.text(MARGIN, MARGIN, text, fontsize=theme.FONT + 1, ha="left", va="top")
    for place, (i, caption) in enumerate(zip(order, captions, strict=True)):
        x, y = MARGIN + place % columns * (SIDE + GAP), top + place // columns * (above + side + GAP) + above
        picture = images[i].transpose(1, 2, 0)  # (H, W, 3)
        ax.imshow(picture, interpolation="nearest", extent=(x, x + SIDE, y + side, y))
        ax.text(x, y - 0.04, caption, ha="left", va="bottom", linespacing=1.1)
    said = [caption.replace("\n", " ").replace("true:", "(in truth") + ")" for caption in captions[:3]]
    return theme.told(
        figure, f"Images that were classified wrongly: {text}. " + (f"First {theme.listed(said)}." if said else "")
    )

"""A sheet of images, for a file."""

import numpy as np


def contact_sheet(images: np.ndarray, labels: np.ndarray, classes: tuple, columns: int, title: str):
    """A matplotlib figure: a row for each class, with its name and its first ``columns`` images. images: uint8 (N, 3, H, W)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 0.75 * columns, 0.5 + 0.8 * len(classes)), dpi=100, layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)  # names are what they are, with dollars in them, too
    axes = figure.subplots(len(classes), columns, squeeze=False)
    for label, name in enumerate(classes):
        chosen = np.flatnonzero(labels == label)[:columns]
        for place, axis in enumerate(axes[label]):
            axis.set_axis_off()
            if place < len(chosen):
                axis.imshow(images[chosen[place]].transpose(1, 2, 0), interpolation="nearest")
        axes[label][0].text(
            -0.15, 0.5, name, transform=axes[label][0].transAxes, ha="right", va="center", fontsize=9, parse_math=False
        )
    return figure

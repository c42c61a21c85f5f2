"""Draw the picture in README, from what the code computes: ``python docs/picture.py`` writes docs/mixconv.png.

Left, the channels of one picture, coloured by the group that ``minimix.partition`` puts them in; in the middle the kernel of
each group, its real weights; right, the output that ``nn.MixConv2d`` gives for that input.
"""

import pathlib

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

import minimix as mm
from minimix import data, nn

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")  # Okabe and Ito: distinct for colour-blind readers too
KERNELS = (3, 5, 7, 9)
CHANNELS = 12


def plane(axes, image, x, y, size, colour, layer, cmap="gray"):
    """One channel as a small picture with a coloured frame."""
    low, high = np.percentile(image, (2, 98))
    place = (x, x + size, y, y + size)
    axes.imshow(image, cmap=cmap, extent=place, vmin=low, vmax=max(high, low + 1e-6), interpolation="nearest", zorder=2 * layer)
    axes.add_patch(Rectangle((x, y), size, size, fill=False, edgecolor=colour, linewidth=2, zorder=2 * layer + 1))


def draw(path: pathlib.Path) -> None:
    mm.manual_seed(3)
    sizes = mm.partition(CHANNELS, len(KERNELS))
    photo = data.patterns10("test", size=30, seed=1).images[3].astype(np.float32) / 255  # (3, 32, 32)
    x = np.repeat(photo[1][None, None], CHANNELS, axis=1)  # the same picture in every channel: what differs is the kernel
    layer = nn.MixConv2d(CHANNELS, KERNELS)
    y = layer(x).data[0]

    figure = Figure(figsize=(9.6, 4.3), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    step, size = 0.42, 1.1
    for group, (kernel, count) in enumerate(zip(KERNELS, sizes, strict=True)):
        colour, bottom = COLOURS[group], (len(KERNELS) - 1 - group) * 1.75
        first = sum(sizes[:group])
        for i in reversed(range(count)):
            plane(axes, x[0, first + i], i * step, bottom + i * 0.12, size, colour, count - i)
            plane(axes, y[first + i], 7.4 + i * step, bottom + i * 0.12, size, colour, count - i)
        weights = layer.weights[group].data
        side = 0.122 * kernel
        middle = bottom + 0.62
        for i in reversed(range(count)):
            plane(axes, weights[i, 0], 4.1 + i * 0.3 - side / 2, middle - side / 2 + i * 0.1, side, colour, count - i, "PuOr")
        axes.add_patch(FancyArrowPatch((2.25, middle), (3.3, middle), arrowstyle="-|>", mutation_scale=12, color=colour))
        axes.add_patch(FancyArrowPatch((5.75, middle), (7.2, middle), arrowstyle="-|>", mutation_scale=12, color=colour))
        axes.text(5.55, middle + 0.32, f"{kernel}x{kernel}", color=colour, fontsize=11, weight="bold", ha="left", va="center")
        axes.text(9.75, middle, f"{count} channels", color=colour, fontsize=10, ha="left", va="center")
    top = len(KERNELS) * 1.75 - 0.1
    for left, text in ((0.9, "input"), (4.5, "a kernel for each channel"), (8.4, "output")):
        axes.text(left, top, text, ha="center", fontsize=11)
    axes.set_xlim(-0.2, 11.2)
    axes.set_ylim(-0.25, top + 0.4)
    axes.set_aspect("equal")
    axes.axis("off")
    figure.savefig(path, facecolor="white")


if __name__ == "__main__":
    draw(pathlib.Path(__file__).with_name("mixconv.png"))

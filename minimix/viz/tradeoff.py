"""What is gained for what it costs."""

from collections.abc import Mapping, Sequence

from matplotlib.ticker import FuncFormatter

from minimix.viz import theme
from minimix.viz.training import MARKERS, STYLES
from minimix.viz.values import as_array, short


@theme.styled
def tradeoff(
    results: Mapping[str, Sequence[tuple[float, float]]],
    xlabel: str = "multiply-adds",
    ylabel: str = "ImageNet top-1, %",
    ax=None,
) -> theme.Picture:
    """A line for each variant through its points (cost, gain), in the order in which they are given.

    results: {name: [(cost, gain), ...]}, one point or more each.

    >>> from minimix import viz
    >>> figure = viz.tradeoff({"one size": [(301e6, 72.9), (338e6, 73.5)], "mixed": [(301e6, 72.9), (319e6, 73.5)]})
    """
    if not results:
        raise ValueError("results is empty: give {name: [(cost, gain), ...]}")
    figure, ax = theme.axes(ax, theme.WIDTH, 4.0)
    for i, ((name, points), colour) in enumerate(zip(results.items(), theme.colours(len(results)), strict=True)):
        points = as_array(points, f"results[{name!r}]", (2,)).astype(float)
        if points.shape[1] != 2:
            raise ValueError(f"results[{name!r}] must be pairs (cost, gain), got shape {points.shape}")
        look = {"color": colour, "linestyle": STYLES[i % len(STYLES)], "marker": MARKERS[i % len(MARKERS)], "markersize": 6}
        ax.plot(*points.T, **look, label=theme.shortened(str(name), 2.6))
    ax.margins(0.05)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    ax.grid(True)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure

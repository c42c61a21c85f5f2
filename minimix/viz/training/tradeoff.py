"""What is won against what it costs."""

from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from minimix.means import mean_and_error
from minimix.viz.drawing import theme
from minimix.viz.drawing.labels import beside
from minimix.viz.drawing.values import short
from minimix.viz.training.runs import MARKERS, STYLES, legend, numbers


@theme.styled
def tradeoff(
    results: Mapping[str, Mapping[str, tuple]],
    xlabel: str = "multiply-adds",
    ylabel: str = "accuracy on the test images, %",
    ax=None,
    joined: bool = True,
) -> theme.Picture:
    """Means over seeds, with their standard errors, over what each variant costs; a line for each family of variants.

    results: {family: {variant: (cost, one number, or one a seed)}}. A variant's name stands beside its point, so keep it
    short. joined: False leaves out the lines, where the variants of a family have no order.

    Raises ValueError for no results, and numbers that are none.

    >>> from minimix import viz
    >>> one = {"3": (0.8e6, [50, 52]), "5": (0.95e6, [60, 63])}
    >>> figure = viz.tradeoff({"one size": one, "mixed": {"3, 5": (0.9e6, [59, 62])}})
    """
    if not results or not all(results.values()):
        raise ValueError("results: give {family: {variant: (cost, numbers)}}, each with one variant or more")
    figure, ax = theme.axes(ax, theme.WIDTH, 4.2)
    named, said = [], [f"{ylabel}, over {xlabel}, {'a line' if joined else 'points'} for each family."]

    def words(point) -> str:
        return f"{point[3]} with {point[1]:.4g} at {short(point[0])}"

    for i, ((family, variants), colour) in enumerate(zip(results.items(), theme.colours(len(results)), strict=True)):
        points = []
        for name, (cost, values) in variants.items():
            mean, error = mean_and_error(numbers(values, f"results[{family!r}][{name!r}]"))
            points.append((float(numbers(cost, f"the cost of {name!r}")[0]), mean, error, str(name)))
        points.sort()
        costs, means, errors = (np.array(part) for part in zip(*(point[:3] for point in points), strict=True))
        style = STYLES[i % 4] if joined else "none"
        look = {"color": colour, "linestyle": style, "marker": MARKERS[i % len(MARKERS)], "markersize": 6}
        bars = {"yerr": errors if errors.any() else None, "capsize": 4, "elinewidth": 1.4}
        ax.errorbar(costs, means, **bars, **look, label=theme.shortened(str(family), 2.4))
        named += [(cost, mean, name) for cost, mean, _, name in points]
        best = max(points, key=lambda point: point[1])
        said.append(f"{family}: from {words(points[0])} to {words(points[-1])}, the best is {words(best)}.")
    ax.margins(x=0.06, y=0.14)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    ax.grid(True)
    legend(ax)
    beside(ax, [point for point in named if point[2]])
    return theme.told(figure, " ".join(said))

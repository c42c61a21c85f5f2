"""Two variants that were given the same seeds: what a difference by seed has over one of two groups."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from minimix.means import mean_and_error
from minimix.viz.drawing import theme
from minimix.viz.training.runs import numbers

WAYS = "as two independent groups", "by seed"


@theme.styled
def paired(
    first: Mapping[int, float],
    second: Mapping[int, float],
    names: Sequence[str] = ("first", "second"),
    ylabel: str = "accuracy on the test images, %",
) -> theme.Picture:
    """Left each seed's two runs, joined by a line. Right their difference, second minus first, with its standard error: once as
    of two groups that have nothing to do with each other, once as the mean of the differences by seed, which are drawn as
    points.

    first, second: {seed: number}, of two seeds or more, the same ones.

    Raises ValueError for other seeds, and for numbers that are not finite.

    >>> from minimix import viz
    >>> figure = viz.paired({0: 60.0, 1: 66.0, 2: 63.0}, {0: 61.5, 1: 67.0, 2: 64.5}, ("3x3", "5x5"))
    """
    seeds = sorted(first)
    if seeds != sorted(second) or len(seeds) < 2:
        raise ValueError(f"expected the same seeds of both, two or more, not {sorted(first)} and {sorted(second)}")
    one, other = (numbers([side[seed] for seed in seeds], name) for side, name in ((first, "first"), (second, "second")))
    apart = other - one
    mean, by_seed = mean_and_error(apart)
    errors = float(np.hypot(mean_and_error(one)[1], mean_and_error(other)[1])), by_seed
    figure, ((runs, difference),) = theme.axes(None, theme.WIDTH, 3.2, 1, 2, gridspec_kw={"width_ratios": (1, 1.6)})
    runs.plot((0, 1), np.stack([one, other]), "o-", color=theme.BLUE, markersize=5)
    runs.set_xticks((0, 1), [theme.shortened(str(name), 1.2) for name in names])
    runs.set(xlim=(-0.25, 1.25), ylabel=ylabel, title="runs, a line for each seed")
    runs.grid(True, axis="y")
    difference.axvline(0, color=theme.GREY, linewidth=1.0)
    difference.plot(apart, np.full(len(apart), 1.22), "o", color=theme.GREEN, markersize=5, alpha=0.6, markeredgewidth=0)
    for y, (error, colour) in enumerate(zip(errors, (theme.ORANGE, theme.GREEN), strict=True)):
        difference.errorbar(mean, y, xerr=error or None, fmt="D", color=colour, markersize=7, capsize=4, elinewidth=1.8)
        difference.text(1.02, y, f"{mean:+.2f} ± {error:.2f}", transform=difference.get_yaxis_transform(), va="center")
    difference.set_yticks((0, 1), [theme.wrapped(way, 1.1) for way in WAYS])
    difference.tick_params(axis="y", length=0)
    difference.xaxis.set_major_locator(MaxNLocator(nbins=6))
    difference.set(ylim=(1.6, -0.6), xlabel="difference, points", title="difference ± standard error")
    difference.grid(True, axis="x")
    words = theme.listed(f"{way} {mean:+.2f} ± {error:.2f}" for way, error in zip(WAYS, errors, strict=True))
    return theme.told(figure, f"{len(seeds)} seeds, {names[0]} and {names[1]}. {names[1]} minus {names[0]}: {words}.")

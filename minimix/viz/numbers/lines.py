"""Numbers over numbers: a line for each of several things."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from minimix.viz.drawing import theme
from minimix.viz.drawing.values import as_array, short

STYLES, MARKERS = ("-", "--", "-.", ":"), "osD^vPX"
POINTS, TICKS = 30, 10  # so many points at most have a marker each; so many places at most a tick each
NARROW = 5.0  # inches: an axis beside a wide legend


@theme.styled
def lines(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    ylabel: str,
    log: str = "",
    height: float = 3.8,
    ax=None,
    steps: bool = False,
    level: float | None = None,
) -> theme.Picture:
    """A line for each of ``series``, with a legend beside.

    series: {name: (places, values)}, two sequences of one length. log: the axes that are logarithmic, "x", "y" or "xy".
    height: inches of the figure. Up to 30 points have a marker each; where all lines together have 10 places or fewer, each
    place has a tick, if there is room. steps: values hold until the next place, so that there is nothing between them.
    level: a value to compare with, at which a thin line goes across. Values that are NaN or infinite, as the losses of a
    training that diverged, leave a gap.

    Raises ValueError for no series, lengths that differ, another ``log``, places that are not finite, and where an axis is
    logarithmic, for what is 0 or below.

    >>> from minimix import viz
    >>> figure = viz.lines({"3x3": ([8, 64], [4.2, 7.9]), "5x5": ([8, 64], [6.1, 18.0])}, "channels", "times less", log="x")
    """
    if not series:
        raise ValueError("series is empty: give {name: (places, values)}")
    if log not in ("", "x", "y", "xy"):
        raise ValueError(f"log must be '', 'x', 'y' or 'xy', got {log!r}")
    figure, ax = theme.axes(ax, theme.WIDTH, height)
    palette, places, said, drawn = theme.colours(len(series)), set(), [], False
    for i, (name, (x, y)) in enumerate(series.items()):
        x, y = as_array(x, f"places of {name!r}", (1,)), as_array(y, f"values of {name!r}", (1,))
        if len(x) != len(y):
            raise ValueError(f"series[{name!r}] has {len(x)} places and {len(y)} values")
        if not np.isfinite(x).all():
            raise ValueError(f"series[{name!r}] has places that are not finite")
        for axis, numbers in (("x", x), ("y", y)):
            if axis in log and (numbers <= 0).any():
                raise ValueError(f"series[{name!r}] has numbers that are not above 0 along {axis}, which is logarithmic")
        finite = np.isfinite(y)
        beside = np.pad(finite, 1)
        lonely = finite & ~beside[:-2] & ~beside[2:]  # between two gaps no line is drawn
        look = {"marker": MARKERS[i % len(MARKERS)], "markersize": 5} if len(x) <= POINTS or lonely.any() else {}
        way = "steps-post" if steps else "default"
        ax.plot(x, y, STYLES[i % 4], color=palette[i], label=theme.shortened(str(name), 2.4), drawstyle=way, **look)
        places.update(x.tolist())
        drawn = drawn or finite.any()
        said.append(f"{name}: {_course(x, y)}.")
    if level is not None:
        ax.axhline(level, color=theme.GREY, linewidth=1.0, zorder=1)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    for axis, name in ((ax.xaxis, "x"), (ax.yaxis, "y")):
        if name in log and drawn:
            getattr(ax, f"set_{name}scale")("log")
            low, high = axis.get_view_interval()
            axis.set_major_locator(LogLocator(subs=(1.0,) if high > 300 * low else (1.0, 2.0, 5.0), numticks=8))
            axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    if len(places) <= TICKS and _apart(sorted(places), "x" in log):
        ax.set_xticks(sorted(places))
        ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(True)
    if len(series) > 1:
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    scales = f" ({log} logarithmic)" if log else ""
    return theme.told(figure, f"Line chart of {ylabel} over {xlabel}{scales}. {' '.join(said)}")


def _course(x, y) -> str:
    """The way of a line in words.

    >>> _course(np.array([1, 2, 3]), np.array([5.0, 1.0, 2.0]))
    'from 5 at 1 to 2 at 3, lowest 1 at 2'
    >>> _course(np.array([1, 2, 3]), np.array([5.0, 7.0, np.nan]))
    'from 5 at 1 to 7 at 2, 1 of 3 not finite'
    """
    order, count = np.argsort(x, kind="stable"), len(y)
    order = order[np.isfinite(y[order])]
    x, y = x[order], y[order]
    if not len(y):
        return "nothing finite"
    missing = f", {count - len(y)} of {count} not finite" if len(y) < count else ""
    said = f"from {short(y[0])} at {short(x[0])} to {short(y[-1])} at {short(x[-1])}"
    for word, at in (("lowest", int(np.argmin(y))), ("highest", int(np.argmax(y)))):
        if 0 < at < len(y) - 1 and y[at] not in (y[0], y[-1]):
            said += f", {word} {short(y[at])} at {short(x[at])}"
    return (said if len(y) > 1 else f"{short(y[0])} at {short(x[0])}") + missing


def _apart(places: list[float], logarithmic: bool) -> bool:
    """Whether the numbers below an axis of ``NARROW`` inches would not touch.

    >>> _apart([8, 64, 256], False), _apart([8, 9, 256], False), _apart([8, 64, 256], True)
    (True, False, True)
    """
    at = np.log(places) if logarithmic else np.array(places, float)
    inches = NARROW * (at - at[0]) / ((at[-1] - at[0]) or 1.0)
    widths = [theme.text_width(short(place)) for place in places]
    return all(gap > (a + b) / 2 + 0.06 for gap, a, b in zip(np.diff(inches), widths, widths[1:], strict=False))

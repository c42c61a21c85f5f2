"""Measured speed: the roofline of a machine with layers under it, ladders of timings, and times beside predicted ones. All
numbers are the caller's."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from minimix.viz.drawing import theme
from minimix.viz.drawing.labels import beside
from minimix.viz.drawing.values import as_array, duration, ratio, short
from minimix.words import count

MARKERS, STYLES = "osD^vPX*<>", ("-", "--", ":", "-.")
SIZES = {"*": 14, "P": 10, "X": 10}  # points, of marks that look smaller than others
NAME = 2.0  # inches: of the longest name in a legend
COLUMNS = ("time", 62), ("faster than\nthe first", 152), ("faster than\nthe one before", 262)  # headings; points from the axes


@theme.styled
def roofline(
    points: Mapping[str, tuple[float, float]],
    compute: float | Mapping[str, float],
    memory: float | Mapping[str, float],
    ax=None,
) -> theme.Picture:
    """The roofline of a machine (Williams, Waterman and Patterson 2009), and what was reached under it.

    points: {name: (operations a byte, GFLOP/s)}. compute: what the machine was measured to compute at most, GFLOP/s, or
    {name: GFLOP/s} of several ceilings. memory: GB/s from and to memory, or {name: GB/s}.
    A point's label says which part of its roof it reaches: of min(compute, memory * operations a byte), the largest of each.

    Raises ValueError for numbers that are not above 0, and where there is no point or no ceiling.

    >>> from minimix import viz
    >>> figure = viz.roofline({"depthwise": (2.0, 9.5), "pointwise": (30.0, 70.0)}, compute=90, memory=11)
    """
    compute, memory = _ceilings(compute, "compute"), _ceilings(memory, "memory")
    if not points:
        raise ValueError("points is empty: give {name: (operations a byte, GFLOP/s)}")
    for name, point in points.items():
        if len(point) != 2 or not all(np.isfinite(v) and v > 0 for v in point):
            raise ValueError(f"points[{name!r}] must be two numbers above 0, (operations a byte, GFLOP/s), got {point!r}")
    top, widest = max(compute.values()), max(memory.values())
    intensities = np.array([point[0] for point in points.values()])
    ridge = top / widest
    low, high = min(intensities.min(), ridge) / 3, max(intensities.max(), ridge) * 3
    lines = len(memory) + len(compute) + len(points)
    figure, ax = theme.axes(ax, theme.WIDTH, 4.3 + 0.21 * -(-lines // 2))
    for (name, gigabytes), style in zip(memory.items(), itertools.cycle(STYLES), strict=False):
        ends = [low, top / gigabytes], [low * gigabytes, top]
        ax.plot(*ends, color=theme.GREY, linestyle=style, label=_label(name, gigabytes, "GB/s"))
    for (name, gigaflops), style in zip(compute.items(), itertools.cycle(STYLES), strict=False):
        ends = [gigaflops / widest, high], [gigaflops] * 2
        ax.plot(*ends, color=theme.DARK, linestyle=style, label=_label(name, gigaflops, "GFLOP/s"))
    for i, (name, (intensity, reached)) in enumerate(points.items()):
        part = reached / min(top, widest * intensity)
        marker = MARKERS[i % len(MARKERS)]
        look = {"color": theme.PALETTE[i % len(theme.PALETTE)], "markersize": SIZES.get(marker, 8), "markeredgecolor": "white"}
        label = f"{theme.shortened(name, NAME)}: {short(reached)}, {part:.0%} of its roof"
        ax.plot([intensity], [reached], marker, **look, label=label)
    ax.set(xscale="log", yscale="log", xlim=(low, high), xlabel="operations a byte (FLOP/byte)", ylabel="GFLOP/s")
    ax.set_ylim(min(low * widest, *(reached for _, reached in points.values())) / 2, top * 2)
    _logarithmic(ax.xaxis, short)
    _logarithmic(ax.yaxis, short)
    ax.grid(True)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    said = [f"{name} reaches {short(r)} GFLOP/s at {short(i)} FLOP/byte, {r / min(top, widest * i):.0%} of its roof"
            for name, (i, r) in points.items()]  # fmt: skip
    limits = [_label(name, v, "GB/s") for name, v in memory.items()] + [
        _label(name, v, "GFLOP/s") for name, v in compute.items()
    ]
    return theme.told(figure, f"Roofline, GFLOP/s over operations a byte. Ceilings: {theme.listed(limits)}. {'; '.join(said)}.")


def _logarithmic(axis, words) -> None:
    """Numbers in words; where there are few powers of ten, also 2 and 5 times them."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > 30 * low else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    axis.set_minor_formatter(NullFormatter())


def _ceilings(values, name: str) -> dict[str, float]:
    found = dict(values) if isinstance(values, Mapping) else {name: values}
    if not found or not all(np.isfinite(v) and v > 0 for v in found.values()):
        raise ValueError(f"{name} must be a number above 0, or a dict of them, got {values!r}")
    return found


def _label(name: str, value: float, unit: str) -> str:
    return f"{theme.shortened(name, NAME)}: {short(value)} {unit}"


@theme.styled
def ladder(times: Mapping[str, float], repeats: bool = True, ax=None) -> theme.Picture:
    """Timings of several ways to do one thing, on a logarithmic scale, each with its time and how much faster it is.

    times: {name: seconds}, or {name: (low, median, high)}, in the order of the rungs. repeats: also how much faster each rung
    is than the one before it; the other ratio is to the first.

    Raises ValueError for times that are not above 0 or not in order.

    >>> from minimix import viz
    >>> figure = viz.ladder({"Python loops": 2.5, "NumPy": (0.010, 0.011, 0.013), "Numba": 0.0004})
    """
    if not times:
        raise ValueError("times is empty: give {name: seconds}")
    spans = {name: _span(value, name) for name, value in times.items()}
    figure, ax = theme.axes(ax, theme.WIDTH, 1.35 + 0.36 * len(spans))
    left = min(span[0] for span in spans.values()) / 2
    right = max(span[2] for span in spans.values()) * 1.5
    first = next(iter(spans.values()))[1]
    before = None
    texts = []
    for y, (low, middle, high) in enumerate(spans.values()):
        ax.plot([left, middle], [y, y], color=theme.SKY, linewidth=5, solid_capstyle="butt")
        ax.plot([low, high], [y, y], color=theme.DARK, linewidth=1.2)
        ax.plot([middle], [y], "o", color=theme.BLUE, markersize=7)
        said = [duration(middle), ratio(first / middle) if before else "1x"]
        said += [ratio(before / middle) if before else ""] if repeats else []
        texts.append(said)
        before = middle
    ax.set(xscale="log", xlim=(left, right), xlabel="time (logarithmic)")
    _logarithmic(ax.xaxis, duration)
    ax.set_yticks(range(len(spans)), [theme.shortened(name, 2.4) for name in spans])
    ax.set_ylim(len(spans) - 0.5, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(True, axis="x")
    place = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points", "ha": "right"}
    for column, (heading, points) in enumerate(COLUMNS[: 3 if repeats else 2]):
        ax.annotate(heading, (1, -0.6), xytext=(points, 4), va="bottom", weight="bold", **place)
        for y, said in enumerate(texts):
            ax.annotate(said[column], (1, y), xytext=(points, 0), va="center", **place)
    rungs = [f"{name} {said[0]} ({said[1]})" for name, said in zip(spans, texts, strict=True)]
    return theme.told(figure, f"Times, and how many times faster than the first: {theme.listed(rungs)}.")


@theme.styled
def agreement(
    series: Mapping[str, Sequence[tuple[float, float]] | Mapping[str, tuple[float, float]]],
    xlabel: str = "predicted",
    ylabel: str = "measured",
    ax=None,
) -> theme.Picture:
    """Predicted against measured times: what lies on the line was predicted rightly, between the dotted ones within a factor
    of 2.

    series: {name: [(predicted, measured), ...]} in seconds, each with its colour and mark; or {name: {point: (predicted,
    measured)}}, whose points bear their names.

    Raises ValueError for no points, and for times that are not above 0.

    >>> from minimix import viz
    >>> figure = viz.agreement({"depthwise": [(1e-3, 2e-3), (2e-3, 2.5e-3)], "pointwise": [(4e-3, 3.8e-3)]})
    """
    if not series or not all(len(points) for points in series.values()):
        raise ValueError("series: give {name: [(predicted, measured), ...]}, each with one point or more")
    listed = {name: list(points.values()) if isinstance(points, Mapping) else points for name, points in series.items()}
    found = {name: as_array(points, f"series[{name!r}]", (2,)).astype(float) for name, points in listed.items()}
    for name, points in found.items():
        if points.shape[1] != 2 or not (np.isfinite(points) & (points > 0)).all():
            raise ValueError(f"series[{name!r}] must be pairs of numbers above 0, got {series[name]!r}")
    figure, ax = theme.axes(ax, 7.2, 4.4)
    every = np.concatenate(list(found.values()))
    ends = np.array([every.min() / 1.6, every.max() * 1.6])
    ax.plot(ends, ends, color=theme.GREY, linewidth=1.2, label="right")
    for factor in (0.5, 2.0):
        ax.plot(
            ends, factor * ends, color=theme.GREY, linewidth=1.0, linestyle=":", label="factor of 2" if factor > 1 else None
        )
    for i, (name, points) in enumerate(found.items()):
        look = {"color": theme.PALETTE[i % len(theme.PALETTE)], "markersize": 7, "markeredgecolor": "white"}
        ax.plot(*points.T, MARKERS[i % len(MARKERS)], **look, linestyle="none", label=theme.shortened(str(name), NAME))
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel=xlabel, ylabel=ylabel)
    _logarithmic(ax.xaxis, duration)
    _logarithmic(ax.yaxis, duration)
    ax.grid(True)
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    named = [(*points[name], name) for points in series.values() if isinstance(points, Mapping) for name in points]
    beside(ax, named)
    said = "; ".join(f"{name}, {_off(points)}" for name, points in found.items())
    names = "".join(f" {name}: {duration(a)} {xlabel}, {duration(b)} {ylabel}." for a, b, name in named)
    return theme.told(figure, f"{ylabel} over {xlabel}, logarithmic, with the line on which both are equal: {said}.{names}")


def _off(points: np.ndarray) -> str:
    """How far measured times are from predicted ones, in words.

    >>> _off(np.array([[1.0, 1.5], [2.0, 1.0]]))
    '2 points, from 0.5x to 1.5x of what was predicted'
    """
    ratios = points[:, 1] / points[:, 0]
    return f"{count(len(points), 'point')}, from {ratio(ratios.min())} to {ratio(ratios.max())} of what was predicted"


def _span(value, name: str) -> tuple[float, float, float]:
    low, middle, high = value if isinstance(value, (tuple, list)) and len(value) == 3 else (value,) * 3
    try:
        right = 0 < low <= middle <= high < np.inf
    except TypeError:
        right = False
    if not right:
        raise ValueError(f"times[{name!r}] must be seconds above 0, or (low, median, high), got {value!r}")
    return float(low), float(middle), float(high)

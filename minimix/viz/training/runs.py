"""Runs in pictures: the curves of one or several, accuracy with the spread over seeds, and sweeps over one setting."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from minimix.means import mean_and_error
from minimix.viz.drawing import theme
from minimix.viz.drawing.values import as_array
from minimix.words import count

STYLES = ("-", "--", "-.", ":")
MARKERS = "osD^vPX"
METRICS = {
    "train_loss": ("loss in training", 1), "train_accuracy": ("accuracy in training, %", 100),
    "validation_loss": ("loss on the validation images", 1),
    "validation_accuracy": ("accuracy on the validation images, %", 100),
    "test_loss": ("loss on the test images", 1), "test_accuracy": ("accuracy on the test images, %", 100),
    "lr": ("learning rate", 1),
}  # fmt: skip


SPLITS = {"train": (theme.BLUE, "--"), "validation": (theme.VERMILLION, "-"), "test": (theme.GREEN, ":")}


@theme.styled
def curves(history, title: str = "") -> theme.Picture:
    """Loss, accuracy and learning rate over the epochs, of one run or of several.

    history: an ``Epoch`` for each, as in ``mm.train(...).history``: anything with their attributes; or the ``Result``; or the
        run's folder, its name in the folder "runs", or its metrics.csv. Several runs: a list of these or of Results, or
        {name: any of these}.

    Raises ValueError where there is no epoch, FileNotFoundError for a folder without metrics.csv.

    >>> from minimix import viz
    >>> from minimix.train.metrics import Epoch
    >>> first = [Epoch(1, 78, 0.3, 2.0, 0.25, 1.5, 0.5), Epoch(2, 156, 0.1, 1.5, 0.5, 1.2, 0.6)]
    >>> figure = viz.curves(first, "two epochs")
    >>> figure = viz.curves({"first": first, "second": first[:1]})
    """
    from minimix.train.metrics import best, histories, rank

    named = histories(history)
    below = -(-len(named) // 3) if len(named) > 1 else 0  # lines of names
    figure, panels = theme.axes(None, theme.WIDTH, 3.4 + theme.LINE * (theme.lines_in(title) + below), 1, 3)
    if title:
        figure.suptitle(theme.wrapped(title, theme.WIDTH - 0.3, theme.FONT + 1))
    loss, accuracy, rate = panels[0]
    marker = "o" if max(map(len, named.values())) <= 30 else None
    for run, (name, epochs) in enumerate(named.items()):
        colour = None if len(named) == 1 else theme.colours(len(named))[run]
        for axes, kind, scale in ((loss, "loss", 1), (accuracy, "accuracy", 100)):
            for split, (own, style) in SPLITS.items():
                points = _points(epochs, f"{split}_{kind}", scale)
                if len(points) > 1 or (points and len(epochs) == 1) or (points and split == "test"):
                    look = "D" if len(points) < len(epochs) else marker  # the test images are mostly looked at but once
                    label = split if split not in axes.get_legend_handles_labels()[1] else None
                    x, y = zip(*points, strict=True)
                    style = "none" if look == "D" else style  # nothing was seen between them
                    axes.plot(x, y, color=colour or own, linestyle=style, marker=look, markersize=3.5, label=label)
        label = theme.shortened(name, 2.2) if colour else None
        rate.plot([epoch.epoch for epoch in epochs], [epoch.lr for epoch in epochs], color=colour or theme.GREEN,
                  marker=marker, markersize=3.5, label=label)  # fmt: skip
    loss.set_title("loss")
    accuracy.set_title("accuracy, %")
    rate.set_title("learning rate\nat the epoch's end")
    for axes in (loss, accuracy):
        legend = axes.legend()
        for line in legend.legend_handles if below else ():  # they stand for all runs
            line.set_color("black")
    if below:
        figure.legend(handles=rate.lines, loc="outside lower center", ncols=3)
    elif rank(top := best(epochs)) is not None:
        accuracy.set_title(f"accuracy, %\nbest validation: {100 * top.validation_accuracy:.2f} in epoch {top.epoch}")
    for axes in (loss, accuracy, rate):
        _epochs(axes, sorted({epoch.epoch for epochs in named.values() for epoch in epochs}))
    said = ["Loss, accuracy and learning rate over the epochs."]
    for name, epochs in named.items():
        ends = [f"{METRICS[metric][0]} {_points(epochs, metric, METRICS[metric][1])[-1][1]:.3g}" for metric in METRICS
                if _points(epochs, metric, METRICS[metric][1])]  # fmt: skip
        said.append(f"{name or title or 'One run'}: after {count(len(epochs), 'epoch')} {theme.listed(ends)}.")
    return theme.told(figure, " ".join(said))


def _points(epochs: Sequence, metric: str, scale: float) -> list[tuple]:
    """(epoch, value) of those epochs that have the value."""
    values = ((epoch.epoch, getattr(epoch, metric, None)) for epoch in epochs)
    return [(epoch, scale * value) for epoch, value in values if value is not None]


@theme.styled
def runs(histories: Mapping[str, Sequence], metric: str = "validation_accuracy", ax=None) -> theme.Picture:
    """One number of several runs over the epochs.

    histories: {name: history}, see ``curves``. metric: "train_loss", "validation_loss", "test_loss", the same of "accuracy", or
        "lr".

    >>> from minimix import viz
    >>> from minimix.train.metrics import Epoch
    >>> figure = viz.runs({"a": [Epoch(1, 78, 0.3, 2.0, 0.25, 1.5, 0.5)], "b": [Epoch(1, 78, 0.3, 2.0, 0.25, 1.4, 0.55)]})
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}")
    if not histories or not all(histories.values()):
        raise ValueError("histories: give {name: history}, each of one epoch or more")
    words, scale = METRICS[metric]
    figure, ax = theme.axes(ax, theme.WIDTH, 3.8)
    colours = theme.colours(len(histories))
    for i, (name, history) in enumerate(histories.items()):
        points = _points(history, metric, scale)
        if not points:
            raise ValueError(f"histories[{name!r}] has no {metric}")
        epochs, values = zip(*points, strict=True)
        marker = MARKERS[i % len(MARKERS)] if len(history) <= 30 else None
        label = f"{theme.shortened(str(name), 2.4)}: {values[-1]:.3g}"
        ax.plot(epochs, values, STYLES[i % 4], color=colours[i], marker=marker, markersize=4, label=label)
    _epochs(ax, sorted({epoch.epoch for history in histories.values() for epoch in history}))
    ax.set_ylabel(words)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="at the end")
    ends = [f"{name} {_points(history, metric, scale)[-1][1]:.3g}" for name, history in histories.items()]
    return theme.told(figure, f"{words} over the epochs of {count(len(ends), 'run')}; in the end {theme.listed(ends)}.")


@theme.styled
def seeds(results: Mapping[str, Sequence[float]], ylabel: str = "accuracy on the test images, %", ax=None) -> theme.Picture:
    """What several runs of each variant reached: a small point for each seed, the mean, and its standard error as a bar.

    results: {name: one number a seed}, drawn as they are. With a single seed there is no bar.

    >>> from minimix import viz
    >>> figure = viz.seeds({"3x3": [80.1, 81.0, 79.5], "mixed": [84.0, 83.1, 84.6]})
    """
    found = {name: numbers(values, f"results[{name!r}]") for name, values in results.items()}
    if not found:
        raise ValueError("results is empty: give {name: numbers}")
    said = []
    figure, ax = theme.axes(ax, theme.WIDTH, 0.9 + 0.5 * len(found))
    for y, (name, values) in enumerate(found.items()):
        colour = theme.colours(len(found))[y]
        ax.plot(values, np.full(len(values), y + 0.16), "o", color=colour, markersize=5, alpha=0.6, markeredgewidth=0)
        mean, error = mean_and_error(values)
        ax.errorbar(mean, y - 0.08, xerr=error or None, fmt="D", color=colour, markersize=7, capsize=4, elinewidth=1.8)
        text = f"{mean:.4g}" + (f" ± {error:.2g}" if error else "")
        said.append(f"{name} {text}")
        ax.text(1.02, y, text, transform=ax.get_yaxis_transform(), ha="left", va="center")
    ax.set_yticks(range(len(found)), [theme.shortened(str(name), 2.6) for name in found])
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.margins(x=0.08)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"{ylabel}   (points: seeds; diamond: mean ± standard error)")
    ax.grid(True, axis="x")
    return theme.told(figure, f"{ylabel}: a point for each run, and the mean ± its standard error. {theme.listed(said)}.")


@theme.styled
def sweep(
    results: Mapping[str, Mapping[int, Sequence[float]] | Mapping[float, Sequence[float]]],
    xlabel: str = "kernel size",
    ylabel: str = "accuracy on the test images, %",
    ax=None,
    log: bool = False,
) -> theme.Picture:
    """How a number depends on a setting, a line for each variant: means over seeds with their standard errors.

    results: {name: {setting: one number, or one a seed}}. log: whether equal factors between settings are equally far apart.

    Raises ValueError where ``log`` is to show a setting of 0 or less.

    >>> from minimix import viz
    >>> figure = viz.sweep({"one size": {3: [70, 71], 5: [75, 74], 7: [73, 74]}, "mixed": {5: 76, 7: 77.5}})
    """
    if not results or not all(results.values()):
        raise ValueError("results: give {name: {setting: numbers}}, each with one setting or more")
    settings = sorted({setting for line in results.values() for setting in line})
    if log and settings[0] <= 0:
        raise ValueError(f"log: a setting of {settings[0]} has no place on a logarithmic axis")
    figure, ax = theme.axes(ax, theme.WIDTH, 3.8)
    said = []
    for i, ((name, line), colour) in enumerate(zip(results.items(), theme.colours(len(results)), strict=True)):
        places = sorted(line)
        pairs = [mean_and_error(numbers(line[s], f"results[{name!r}][{s!r}]")) for s in places]
        said.append(
            f"{name}: {theme.listed(f'{mean:.4g} at {place:g}' for place, (mean, _) in zip(places, pairs, strict=True))}."
        )
        means, errors = (np.array(part, float) for part in zip(*pairs, strict=True))
        look = {"color": colour, "linestyle": STYLES[i % 4], "marker": MARKERS[i % len(MARKERS)], "markersize": 6}
        bars = {"yerr": errors if errors.any() else None, "capsize": 4, "elinewidth": 1.4}
        ax.errorbar(places, means, **bars, **look, label=theme.shortened(str(name), 2.4))
    if log:
        ax.set_xscale("log")
        ax.set_xticks([], minor=True)
    ax.set_xticks(settings, [f"{setting:g}" for setting in settings])
    ax.margins(x=0.06)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(True)
    means = ", means with standard errors" if legend(ax) else ""
    return theme.told(figure, f"{ylabel}, over the {xlabel}{means}. {' '.join(said)}")


def legend(ax) -> bool:
    """Names beside the axes, under what error bars mean. Returns whether there are any."""
    bars = any(len(container.lines[2]) for container in ax.containers)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="mean ± standard error" if bars else None)
    return bars


def numbers(values, name: str) -> np.ndarray:
    """One number or several as an array, (n,). Raises ValueError for what is not finite."""
    found = np.atleast_1d(as_array(values, name, (0, 1))).astype(float)
    if not np.isfinite(found).all():
        raise ValueError(f"{name} must be finite numbers, got {values!r}")
    return found


def _epochs(ax, epochs: list) -> None:
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True, min_n_ticks=1))
    room = max(0.5, 0.03 * (max(epochs) - min(epochs)))  # for whole markers at both ends
    ax.set_xlim(min(epochs) - room, max(epochs) + room)
    ax.grid(True)

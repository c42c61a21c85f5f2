"""Derivatives from function values: how the error depends on the step, for forward and central differences and complex step."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.ticker import LogLocator

from minimix.viz.drawing import theme
from minimix.viz.drawing.values import as_array

STYLES = {"forward": ("o", theme.ORANGE), "central": ("s", theme.BLUE), "complex step": ("^", theme.GREEN)}
FLOOR = 1e-17  # where an error of exactly 0 is drawn


def derivative_errors(function: Callable, x: float, exact: float, steps=None) -> dict[str, np.ndarray]:
    """Relative errors of the derivative of ``function`` at ``x`` for each step h, by three formulas.

        forward       (f(x + h) - f(x)) / h             central       (f(x + h) - f(x - h)) / 2h
        complex step  Im f(x + ih) / h                  (left out where ``function`` refuses complex numbers)

    exact: the derivative. steps: 1e-1 down to 1e-20 by default. Returns {"steps": h, formula: |error| / |exact|}.

    >>> found = derivative_errors(np.sin, 1.0, np.cos(1.0), [1e-8])
    >>> bool(found["complex step"][0] < 1e-15 < found["forward"][0])
    True
    """
    h = 10.0 ** -np.arange(1, 20.25, 0.25) if steps is None else as_array(steps, "steps", (1,)).astype(float)
    if not (h > 0).all():
        raise ValueError("steps must be above 0")
    if exact == 0:
        raise ValueError("exact is 0: relative errors need another x")
    x = float(x)
    found = {
        "forward": [(function(x + s) - function(x)) / s for s in h],
        "central": [(function(x + s) - function(x - s)) / (2 * s) for s in h],
    }
    try:
        found["complex step"] = [np.imag(function(complex(x, s))) / s for s in h]
    except TypeError:
        pass
    errors = {name: np.abs(np.array(values, float) - exact) / abs(exact) for name, values in found.items()}
    return {"steps": h, **errors}


@theme.styled
def step_errors(steps, errors: Mapping[str, np.ndarray], ax=None) -> theme.Picture:
    """Error curves over the step on logarithmic scales: truncation on the right, rounding on the left, the best h named.

    steps: (n,). errors: {name: (n,)}, relative or absolute, 0 or more; an error of exactly 0 is drawn at 1e-17.

    Raises ValueError for other shapes, and steps that are not above 0.

    >>> from minimix import viz
    >>> import numpy as np
    >>> found = viz.derivative_errors(np.exp, 0.5, np.exp(0.5))
    >>> figure = viz.step_errors(found.pop("steps"), found)
    """
    steps = as_array(steps, "steps", (1,)).astype(float)
    if not (steps > 0).all():
        raise ValueError("steps must be above 0")
    if not errors:
        raise ValueError("errors is empty: give {name: errors}")
    said = []
    figure, ax = theme.axes(ax, 7.6, 4.4)
    spare = iter((theme.PURPLE, theme.VERMILLION, theme.SKY, theme.DARK) * len(errors))
    for name, values in errors.items():
        values = as_array(values, f"errors[{name!r}]", (1,)).astype(float)
        if values.shape != steps.shape:
            raise ValueError(f"errors[{name!r}] has shape {values.shape}, steps has {steps.shape}")
        marker, colour = STYLES.get(name) or ("d", next(spare))
        best = int(np.nanargmin(values))
        least = "error 0" if values[best] == 0 else f"{values[best]:.0e}"
        label = f"{name}: best at h = {steps[best]:.0e} ({least})"
        said.append(label)
        ax.plot(steps, np.maximum(values, FLOOR), color=colour, marker=marker, markersize=4, linewidth=1.2, label=label)
        ax.plot([steps[best]], [max(values[best], FLOOR)], marker, color=colour, markersize=9, markeredgecolor=theme.DARK)
    eps = float(np.finfo(float).eps)
    ax.axhline(eps, color=theme.GREY, linestyle=":", linewidth=1.2, label=f"precision of float64: {eps:.1e}")
    ax.set(xscale="log", yscale="log", xlabel="step h", ylabel="error of the derivative")
    ax.set_ylim(FLOOR / 3, None)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=8))
    ax.grid(True)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return theme.told(
        figure, f"Errors of derivatives over the step h, both logarithmic, falling and then rising. {'; '.join(said)}."
    )


@theme.styled
def tangent(
    function: Callable, x: float, slope: float, reach: float = 1.0, names: tuple[str, str] = ("x", "f(x)"), ax=None
) -> theme.Picture:
    """A function of a number around ``x``, and the straight line through that point with a slope that is said to be its own.

    reach: how far to each side. names: of the two axes.

    >>> from minimix import viz
    >>> figure = viz.tangent(np.exp, 0.0, 1.0)
    """
    if not reach > 0:
        raise ValueError(f"reach must be above 0, got {reach}")
    figure, ax = theme.axes(ax, 6.4, 3.6)
    places = np.linspace(x - reach, x + reach, 81)
    middle = float(function(x))
    ax.plot(places, [float(function(place)) for place in places], color=theme.BLUE, label=names[1])
    line = middle + slope * (places - x)
    ax.plot(places, line, "--", color=theme.VERMILLION, label=f"slope {slope:.4g}")
    ax.plot([x], [middle], "o", color=theme.DARK, markersize=7, label=f"{names[0]} = {x:.4g}")
    ax.set(xlabel=names[0], ylabel=names[1])
    ax.grid(True)
    ax.legend()
    said = f"{names[1]} over {names[0]}; through {names[0]} = {x:.4g}, where it is {middle:.4g}, a line of slope {slope:.4g}."
    return theme.told(figure, said)

"""Figures with sliders. There is always a first frame as a plain picture, for readers without a kernel and for tests."""

import inspect
import time
from collections.abc import Callable

from minimix.course.display.frontend import bundle_of, in_notebook, is_live, is_static, metadata_of, show

HOW = "To move sliders here: pip install ipywidgets, restart the kernel, and run this cell again."
SLOW = 0.25  # seconds: above, a figure is drawn anew only when the slider is let go


class Interactive:
    """``draw`` with a control for each of its arguments; see ``interactive``.

    values: those of the first frame. frame(**values): what ``draw`` makes of these and the others.

    >>> squares = interactive(lambda n, kind: f"{n} {kind}", n=(1, 9), kind=["squares", "cubes"])
    >>> squares.values, squares.frame(n=3)
    ({'n': 1, 'kind': 'squares'}, '3 squares')
    """

    def __init__(self, draw: Callable, controls: dict):
        self.draw, self.controls = draw, controls
        self.values = {name: _first(name, control, draw) for name, control in controls.items()}

    def frame(self, **values):
        """The figure for these values; the sliders' first ones for those that are left out."""
        if unknown := values.keys() - self.controls.keys():
            raise TypeError(f"no control is called {', '.join(sorted(unknown))}: there are {', '.join(self.controls)}")
        return self.draw(**self.values | values)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"interactive figure, shown with {settings}"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        start = time.perf_counter()
        first = bundle_of(self.frame())
        slow = time.perf_counter() - start > SLOW
        if not is_live():
            show(first)
            if in_notebook() and not is_static():
                print(HOW)
            return
        box, watch = self._box(slow)
        display(box)
        handle = show(first, display_id=True)  # one output, which the sliders replace

        def changed(values: dict) -> None:
            bundle = self._bundle(values)
            handle.update(bundle, raw=True, metadata=metadata_of(bundle))

        watch(changed)

    def _bundle(self, values: dict) -> dict[str, str]:
        """A frame; where it cannot be drawn, the reason."""
        try:
            return bundle_of(self.frame(**values))
        except Exception as error:  # not every combination of sliders is possible: a kernel may be larger than its image
            return {"text/plain": f"With {', '.join(f'{n}={v!r}' for n, v in values.items())}: {error}"}

    def _box(self, slow: bool):
        """(a box of controls, a function that calls another one with the values whenever they change)."""
        import ipywidgets

        widgets = {name: _widget(name, control, self.values[name], slow) for name, control in self.controls.items()}

        def watch(changed):
            for widget in widgets.values():
                widget.observe(lambda _: changed({name: w.value for name, w in widgets.items()}), names="value")

        return ipywidgets.VBox(list(widgets.values())), watch


def interactive(draw: Callable, **controls) -> Interactive:
    """A figure with sliders, for the last line of a notebook's cell.

    draw: called with a value for each control; returns a matplotlib Figure or Axes, or anything that a notebook can show.
    controls: (first, last) or (first, last, step) for a slider, a list for a menu, True or False for a box to tick. The first
    frame has draw's own defaults, or else the first values.

    Without ipywidgets, or a live kernel, the first frame alone is shown. Raises TypeError and ValueError for a control that
    is none of these, or a default that it does not contain.

    >>> interactive(lambda kernel=5: f"a kernel of {kernel}", kernel=(1, 11, 2))
    interactive figure, shown with kernel=5
    """
    return Interactive(draw, controls)


def _first(name: str, control, draw: Callable):
    """The value of the first frame, checked."""
    if isinstance(control, bool):
        first = control
    elif isinstance(control, list) and control:
        first = control[0]
    elif isinstance(control, tuple) and len(control) in (2, 3) and all(_is_number(bound) for bound in control):
        first = control[0]
        if not control[0] < control[1] or (len(control) == 3 and control[2] <= 0):
            raise ValueError(f"control {name}={control!r}: (first, last) or (first, last, step) must go up")
    else:
        raise TypeError(f"control {name}={control!r} must be (first, last), (first, last, step), a list, True or False")
    parameter = inspect.signature(draw).parameters.get(name)
    default = parameter.default if parameter is not None else inspect.Parameter.empty
    if default is inspect.Parameter.empty:
        return first
    inside = default in control if isinstance(control, list) else True
    if isinstance(control, tuple):
        inside = control[0] <= default <= control[1]
    if not inside:
        raise ValueError(f"draw's default {name}={default!r} is not among {control!r}")
    return default


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _widget(name: str, control, value, slow: bool):
    import ipywidgets

    words = {"description": name.replace("_", " "), "value": value, "style": {"description_width": "9em"}}
    if isinstance(control, bool):
        return ipywidgets.Checkbox(**words)
    if isinstance(control, list):
        return ipywidgets.Dropdown(options=[(str(choice), choice) for choice in control], **words)
    kind = ipywidgets.IntSlider if all(isinstance(bound, int) for bound in (*control, value)) else ipywidgets.FloatSlider
    fine = 1 if kind is ipywidgets.IntSlider else (control[1] - control[0]) / 50
    low, high, step = control if len(control) == 3 else (*control, fine)
    return kind(min=low, max=high, step=step, continuous_update=not slow, layout={"width": "28em"}, **words)

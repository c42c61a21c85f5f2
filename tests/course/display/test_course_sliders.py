"""Figures with sliders, with and without somebody to move them."""

import base64

import pytest

from minimix import course
from minimix.course.display import frontend


def draw(kernel=5, kind="equal", grid=False, width=1.0):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.add_subplot().set_title(f"{kernel} {kind} {grid} {width}")
    return figure


def all_kinds():
    return course.interactive(draw, kernel=(1, 11, 2), kind=["equal", "exponential"], grid=True, width=(0.5, 2.0))


def title(figure) -> str:
    return figure.axes[0].get_title()


def test_the_first_frame_has_the_functions_own_defaults():
    figure = all_kinds()
    assert figure.values == {"kernel": 5, "kind": "equal", "grid": False, "width": 1.0}
    assert title(figure.frame()) == "5 equal False 1.0"
    assert title(figure.frame(kernel=3, grid=True)) == "3 equal True 1.0"
    assert repr(figure) == "interactive figure, shown with kernel=5, kind='equal', grid=False, width=1.0"


def test_without_defaults_the_first_values():
    figure = course.interactive(lambda a, b, c: (a, b, c), a=(2, 9), b=["x", "y"], c=True)
    assert figure.frame() == (2, "x", True)


@pytest.mark.parametrize(
    "control, error",
    [
        ((3, 1), ValueError),
        ((1, 1), ValueError),
        ((1, 5, 0), ValueError),
        ((1,), TypeError),
        ((1, 2, 3, 4), TypeError),
        (("a", "b"), TypeError),
        ([], TypeError),
        (3, TypeError),
        ("word", TypeError),
        ((6, 11), ValueError),  # the default, 5, is not in it
        ([1, 3], ValueError),
    ],
)
def test_controls_that_are_none(control, error):
    with pytest.raises(error, match="kernel"):
        course.interactive(draw, kernel=control)


def test_an_unknown_control():
    with pytest.raises(TypeError, match="no control is called size: there are kernel, kind, grid, width"):
        all_kinds().frame(size=3)


def test_what_a_notebook_is_given():
    from matplotlib import pyplot

    png = frontend.bundle_of(draw())
    assert (
        list(png) == ["image/png", "text/plain"]
        and png["text/plain"].startswith("<Figure")
        and base64.b64decode(png["image/png"]).startswith(b"\x89PNG")
    )
    assert list(frontend.bundle_of(draw().axes[0])) == ["image/png", "text/plain"]
    assert frontend.bundle_of("words") == {"text/plain": "words"}
    assert frontend.bundle_of(3) == {"text/plain": "3"}
    assert frontend.bundle_of(course.predict("?", 1)).keys() == {"text/html", "text/plain"}
    figure = pyplot.figure()
    frontend.bundle_of(figure)
    assert pyplot.get_fignums() == [], "the notebook would show it a second time"


def test_a_frame_that_cannot_be_drawn_says_why():
    def refuses(kernel):
        raise ValueError("a kernel of 9 does not fit")

    figure = course.interactive(refuses, kernel=(1, 9))
    assert figure._bundle({"kernel": 9}) == {"text/plain": "With kernel=9: a kernel of 9 does not fit"}
    with pytest.raises(ValueError, match="does not fit"):
        figure.frame()


def shown(monkeypatch, capsys, live: bool, notebook: bool = True, static: bool = False):
    """What ``_ipython_display_`` displays and prints."""
    display = pytest.importorskip("IPython.display")
    outputs = []
    monkeypatch.setattr(display, "display", lambda what, **words: outputs.append((what, words)))
    for name, value in (("is_live", live), ("in_notebook", notebook), ("is_static", static)):
        monkeypatch.setattr(f"minimix.course.display.sliders.{name}", lambda value=value: value)
    all_kinds()._ipython_display_()
    return outputs, capsys.readouterr().out


def test_without_widgets_there_is_the_first_frame_and_a_line_on_how_to_get_them(monkeypatch, capsys):
    outputs, printed = shown(monkeypatch, capsys, live=False)
    assert [list(what) for what, _ in outputs] == [["image/png", "text/plain"]]
    assert "pip install ipywidgets" in printed and printed.count("\n") == 1


@pytest.mark.parametrize("place", [{"notebook": False}, {"static": True}])
def test_where_nobody_can_move_sliders_there_is_the_first_frame_alone(place, monkeypatch, capsys):
    outputs, printed = shown(monkeypatch, capsys, live=False, **place)
    assert [list(what) for what, _ in outputs] == [["image/png", "text/plain"]]
    assert printed == ""


def test_sliders_and_what_they_do():
    widgets = pytest.importorskip("ipywidgets")
    box, watch = all_kinds()._box(slow=False)
    kernel, kind, grid, width = box.children
    assert [type(w) for w in box.children] == [widgets.IntSlider, widgets.Dropdown, widgets.Checkbox, widgets.FloatSlider]
    assert (kernel.min, kernel.max, kernel.step, kernel.value) == (1, 11, 2, 5)
    assert (width.min, width.max, width.value) == (0.5, 2.0, 1.0)
    seen = []
    watch(seen.append)
    kernel.value = 9
    kind.value = "exponential"
    grid.value = True
    assert seen[-1] == {"kernel": 9, "kind": "exponential", "grid": True, "width": 1.0} and len(seen) == 3
    assert kernel.continuous_update
    assert not all_kinds()._box(slow=True)[0].children[0].continuous_update


def run_notebook(tmp_path, monkeypatch, source: str, static: bool):
    """The outputs of a cell, run by a kernel of its own."""
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv(frontend.STATIC, "1" if static else "0")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    client.NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    return notebook.cells[0].outputs


FIGURE = """
from matplotlib.figure import Figure
from minimix import course

def draw(kernel):
    figure = Figure(figsize=(kernel, 1))
    figure.add_subplot()
    return figure

course.interactive(draw, kernel=(1, 3))
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_a_real_kernel_that_nobody_watches(tmp_path, monkeypatch):
    outputs = run_notebook(tmp_path, monkeypatch, FIGURE, static=True)
    assert [list(output.data) for output in outputs] == [["image/png", "text/plain"]]
    assert outputs[0].metadata["image/png"]["alt"] == outputs[0].data["text/plain"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_a_real_kernel_a_slider_changes_the_picture(tmp_path, monkeypatch):
    pytest.importorskip("ipywidgets")
    move = """
shown = course.interactive(draw, kernel=(1, 3))
box, watch = shown._box(False)
shown._box = lambda slow: (box, watch)
shown._ipython_display_()
box.children[0].value = 2
"""
    first = run_notebook(tmp_path, monkeypatch, FIGURE, static=True)[0].data["image/png"]
    outputs = run_notebook(tmp_path, monkeypatch, FIGURE.rpartition("course.")[0] + move, static=False)
    assert [sorted(output.data)[0] for output in outputs][-1] == "image/png"
    assert "application/vnd.jupyter.widget-view+json" in outputs[0].data
    assert outputs[-1].data["image/png"] != first


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_reports_and_questions_in_a_real_kernel(tmp_path, monkeypatch):
    source = "from minimix import course\ncourse.predict('How many?', answer=3)"
    assert [sorted(o.data) for o in run_notebook(tmp_path, monkeypatch, source, static=True)] == [["text/html", "text/plain"]]
    source = "from minimix import course\ncourse.check_windows(lambda x, kernel, stride: x)"
    outputs = run_notebook(tmp_path, monkeypatch, source, static=True)
    assert [sorted(o.data) for o in outputs] == [["text/html", "text/plain"], ["image/png", "text/plain"]]
    assert outputs[1].metadata["image/png"]["alt"].startswith("The smallest case that fails. ")

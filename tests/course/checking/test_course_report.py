"""Reports as HTML, as text and as pictures."""

import functools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from minimix import course, reference
from minimix.course.checking.panels import Panel, panels_of
from minimix.course.display import picture


def flipped(x, weight, stride, padding):
    return reference.conv2d(x, weight[..., ::-1, ::-1], None, stride, padding)


def right(x, weight, stride, padding):
    return reference.conv2d(x, weight, None, stride, padding)


def tree_of(report):
    """The report's HTML, which must be well-formed."""
    return ElementTree.fromstring(report._repr_html_())


@functools.cache
def reports():
    def raises(x, weight, stride, padding):
        raise ValueError("a < b & </div><script>")

    def prints(x, weight, stride, padding):
        print("<img src=x>\nsecond line")
        return x

    return [
        course.check_conv2d(flipped),
        course.check_conv2d(raises),
        course.check_conv2d(prints),
        course.check_conv2d(lambda x, weight, stride, padding: None),
        course.check_conv2d(lambda x, weight, stride, padding: "<b>"),
        course.check_conv2d(0),
        course.check_conv2d(lambda x: x),
        course.check_conv2d(lambda x, weight, stride, padding: x * np.nan),
        course.check_conv2d(lambda x, weight, stride, padding: 3),
        course.check_conv2d(lambda x, weight, stride, padding: x[:0]),
        course.check_windows(lambda x, kernel, stride: x),
        course.check_receptive_field(lambda layers: (1, 1)),
        course.check_backward(lambda root: setattr(root, "grad", 2.0)),
        course.check_partition(lambda channels, groups, kind: ()),
        course.check_mixconv2d_backward(lambda gradient, x, weights: (gradient, weights[:-1])),
        course.check_mixconv2d_backward(lambda gradient, x, weights: (gradient, weights)),
        course.check_batch_norm_backward(lambda gradient, x, weight, eps: (gradient, weight, weight)),
        course.check_unbroadcast(lambda gradient, shape: gradient),
    ]


@pytest.mark.parametrize("number", range(18))
def test_every_report_is_well_formed_html_and_text(number):
    report = reports()[number]
    tree = tree_of(report)
    words = " ".join("".join(tree.itertext()).split())
    assert report.title in words
    for paragraph in report.paragraphs:
        assert " ".join(paragraph.split()) in words
    assert not list(tree.iter("script")) and not any(image.get("src") == "x" for image in tree.iter("img"))
    text = repr(report)
    assert text.startswith(report.title)
    assert all(len(line) <= 160 for line in text.split("\n"))
    assert text.isascii()  # old consoles


def test_a_failing_report_shows_the_picture_and_the_numbers():
    report = course.check_conv2d(flipped)
    tree = tree_of(report)
    (image,) = tree.iter("img")
    assert image.get("src").startswith("data:image/png;base64,") and image.get("alt")
    assert [summary.text for summary in tree.iter("summary")] == ["The same in numbers"]
    text = repr(report)
    for title in ("x[0, 0]", "weight[0, 0]", "expected[0, 0]", "yours[0, 0]", "yours - expected"):
        assert title in text and title in "".join(tree.itertext())
    expected = report.expected[0, 0]
    assert f"{expected[0, 0]:g}" in text


def test_a_report_says_whether_it_passed_in_words_and_by_a_mark():
    """The coloured edge is not the only sign."""
    marks = {}
    for report in (course.check_conv2d(flipped), course.check_conv2d(right), course.check_conv2d(lambda *a: None)):
        marks[report.kind] = tree_of(report).find("p/b").text[0]
    assert marks == {"values": "\u2717", "passed": "\u2713", "stub": "\u2026"}


def test_no_colour_is_set_for_text_or_background():
    """What the notebook's theme has, dark or light, is readable; so it stays."""
    for report in reports():
        for element in tree_of(report).iter():
            properties = [rule.split(":")[0].strip() for rule in element.get("style", "").split(";")]
            assert not {"color", "background", "background-color"} & set(properties)


def test_numbers_of_a_report_without_picture():
    report = course.check_receptive_field(lambda layers: (7, 3))
    assert report.figure() is None
    assert repr(report) == (
        "receptive_field: wrong numbers\n"
        f"  {report.failed} of {report.total} configurations fail, the smallest with:\n"
        "    layers=[]\n"
        "\n"
        "        expected  yours\n"
        "  size  1         7      <--\n"
        "  jump  1         3      <--"
    )


def test_the_tape_is_shown_by_name():
    report = course.check_backward(lambda root: setattr(root, "grad", 1.0))
    assert "root=[a = 3; b = a ** 2]" in repr(report)
    assert "a  6.0       0.0    <--" in repr(report)


@pytest.mark.parametrize("number", [0, 2, 7, 8, 10, 15, 16])
def test_pictures_can_be_drawn(number):
    report = reports()[number]
    figure = report.figure()
    inputs, results = panels_of(report.case, report.expected, report.actual)
    assert len(figure.axes) == len(inputs) + len(results) >= 3
    assert [axes.get_title(loc="left") for axes in figure.axes] == [panel.title for panel in inputs + results]
    assert picture.png(figure).startswith(b"\x89PNG")
    for axes in figure.axes:
        assert all(text.get_fontsize() >= 10 for text in [axes.title, *axes.texts])
        position = axes.get_position()
        assert 0 <= position.x0 < position.x1 <= 1 and 0 <= position.y0 < position.y1 <= 1


def test_panels_lie_side_by_side_and_not_over_each_other():
    figure = course.check_conv2d(flipped).figure()
    figure.canvas.draw()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for i, a in enumerate(boxes):
        assert a.x0 >= 0 and a.y0 >= 0 and a.x1 <= figure.bbox.width and a.y1 <= figure.bbox.height
        assert not any(a.overlaps(b) for b in boxes[:i])


def test_the_piece_that_is_wrong_is_shown():
    x = np.arange(2 * 3 * 2 * 2.0).reshape(2, 3, 2, 2)
    wrong = x.copy()
    wrong[1, 2, 0, 1] += 1
    weight = np.arange(3 * 4.0).reshape(3, 1, 2, 2)
    inputs, results = panels_of({"x": x, "weight": weight, "stride": 1}, x, wrong)
    assert [panel.title for panel in inputs] == ["x[1, 2]", "weight[2, 0]"]
    assert [panel.title for panel in results] == ["expected[1, 2]", "yours[1, 2]", "yours - expected"]
    np.testing.assert_array_equal(results[2].values, [[0, 1], [0, 0]])
    np.testing.assert_array_equal(results[1].wrong, [[False, True], [False, False]])


def test_large_panels_are_drawn_without_numbers():
    figure = picture.draw([], [Panel("expected", np.zeros((40, 30)))])
    assert not figure.axes[0].texts
    assert figure.get_figwidth() < 8 and figure.get_figheight() < 8


def test_a_notebook_gets_words_and_picture_as_two_outputs(monkeypatch):
    pytest.importorskip("IPython")
    shown, told = [], []

    def display(bundle, raw, metadata=None):
        shown.append(sorted(bundle))
        told.append((metadata or {}).get("image/png", {}).get("alt"))

    monkeypatch.setattr("IPython.display.display", display)
    course.check_conv2d(flipped)._ipython_display_()
    assert shown == [["text/html", "text/plain"], ["image/png", "text/plain"]] and told[0] is None and len(told[1]) > 20
    shown.clear()
    course.check_receptive_field(lambda layers: (1, 1))._ipython_display_()
    assert shown == [["text/html", "text/plain"]]


def test_what_a_figure_needs_is_loaded_only_when_one_is_drawn():
    import subprocess
    import sys

    code = (
        "import sys\nfrom minimix import course\n"
        "course.check_receptive_field(lambda layers: (1, 1))._repr_html_()\n"
        "print(sorted({'matplotlib', 'IPython', 'ipywidgets'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"

"""What a check says of functions that raise, and of what they print."""

import numpy as np
import pytest

from minimix import course, reference


def right(x, weight, stride, padding):
    return reference.depthwise_conv2d(x, weight, stride, padding)


def said(report) -> str:
    return " ".join(report.paragraphs)


def out_of_reach(x, weight, stride, padding):
    result = right(x, weight, stride, padding)
    if stride > 1:
        result[0, 0, 99, 0] = 1.0  # the line to be shown
    return result


def test_an_exception_is_reported_with_its_configuration_and_the_learners_line():
    report = course.check_depthwise_conv2d(out_of_reach)
    assert report.kind == "exception" and report.mistake is None
    assert report.title == "depthwise_conv2d: your function raises IndexError"
    assert report.case["stride"] == 2 and report.actual is None
    assert "result[0, 0, 99, 0] = 1.0  # the line to be shown" in report.code and "in out_of_reach" in report.code
    assert "index 99 is out of bounds" in said(report) and "there is no index 99: axis 2 of result" in said(report)
    assert "result of shape" in report.there and "There:" in repr(report)
    assert report.failed == sum(case["stride"] > 1 for case in course.DEPTHWISE_CONV2D.configurations())


def test_of_an_exception_inside_of_a_library_the_learners_line_is_shown():
    def f(x, weight, stride, padding):
        return reference.depthwise_conv2d(x, weight[:, 0], stride, padding)  # three axes

    report = course.check_depthwise_conv2d(f)
    assert "weight[:, 0], stride, padding)  # three axes" in report.code
    assert "weight must have 4 axes" in said(report)


@pytest.mark.parametrize(
    "wrong, hint",
    [
        (lambda x: np.zeros(x.shape[0] / 2), "// whole numbers"),
        (lambda x: x[2.0], "An index is a float"),
        (lambda x: x[:, :, :, :, 0], "More axes are indexed"),
        (lambda x: [][0], "An index lies behind a list's end"),
        (lambda x: x.shape[4], "An index lies behind a tuple's end"),
        (lambda x: x[x[0] > 0], "A mask of True and False meets an array of another shape"),
        (lambda x: [].pop(), "taken out of a list that is empty"),
        (lambda x: np.zeros(3) + np.zeros(4), "print both shapes"),
        (lambda x: 1 // 0, "divided by 0"),
        (lambda x: undefined, "spelling mistake"),  # noqa: F821
    ],
)
def test_exceptions_have_hints(wrong, hint):
    report = course.check_depthwise_conv2d(lambda x, weight, stride, padding: wrong(x))
    assert report.kind == "exception" and hint in said(report)


def test_endless_recursion_is_reported():
    def f(layers):
        return f(layers)

    report = course.check_receptive_field(f)
    assert report.kind == "exception" and "without end" in said(report)


def test_a_mistake_shows_beside_an_exception():
    """Loops that exchange height and width run over the edge of some images; others show which mistake it is."""

    def f(x, weight, stride, padding):
        if x.shape[2] > x.shape[3]:
            raise IndexError("index 3 is out of bounds")
        return right(x, weight[..., ::-1, ::-1], stride, padding)

    report = course.check_depthwise_conv2d(f)
    assert report.mistake == "kernel flipped" and report.kind == "values"


def test_what_the_function_prints_is_shown_for_the_failing_case_only(capsys):
    def f(x, weight, stride, padding):
        print("rows:", x.shape[2], "<b>")
        return right(x, weight, 1, padding)

    report = course.check_depthwise_conv2d(f)
    assert capsys.readouterr().out == ""
    assert report.printed == f"rows: {report.case['x'].shape[2]} <b>\n"
    assert "It printed:\n    rows: 3 <b>" in repr(report)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_who_interrupts_a_check_ends_it(error):
    def f(layers):
        raise error

    with pytest.raises(error):
        course.check_receptive_field(f)

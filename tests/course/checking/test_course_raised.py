"""What is said of exceptions is read off the exception itself: the index, the names, what a message means."""

import numpy as np
import pytest

from minimix.course.checking import raised

WEIGHT, PICTURE = np.zeros((2, 1, 3, 3)), np.zeros((1, 2, 4, 5))


def caught(function, *arguments):
    with pytest.raises(Exception) as error:
        function(*arguments)
    return error.value


def of_channel(weight, c):
    return weight[0, c, 1, 1]


def of_place(x, row, column):
    return x[:, :, row + 1, 2 * column]


def of_two(x, i):
    return x[i] + x[i, 0]


def of_mask(x, mask):
    return x[mask, 7]


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        (of_channel, (WEIGHT, 1),
         "In weight[0, c, 1, 1] c is 1, and axis 1 of weight, whose shape is (2, 1, 3, 3), has 1 entry, counted from 0."),
        (of_place, (PICTURE, 3, 0),
         "In x[:, :, row + 1, 2 * column] row + 1 is 4, and axis 2 of x, whose shape is (1, 2, 4, 5), has 4 entries, counted "
         "from 0."),
        (of_place, (PICTURE, 0, 3),
         "In x[:, :, row + 1, 2 * column] 2 * column is 6, and axis 3 of x, whose shape is (1, 2, 4, 5), has 5 entries, "
         "counted from 0."),
        (lambda x: x[-3], (np.zeros(2),),
         "In x[-3] there is no index -3: axis 0 of x, whose shape is (2,), has 2 entries, counted from 0."),
    ],
)  # fmt: skip
def test_the_index_that_lies_outside_is_named(function, arguments, said):
    assert raised.meaning(caught(function, *arguments)) == (said,)


def test_an_index_that_cannot_be_told_is_not_named():
    [said] = raised.meaning(caught(of_mask, np.zeros((3, 2)), np.array([True, False, True])))
    assert said.startswith("An index lies outside")


def in_place(values):
    values = values.sort()
    return values[0]


def both(a, b):
    return np.zeros(3)[(a > 0) and (b > 0)]


def rest(x, p):
    seen = x[p:-p]
    out = np.zeros(4)
    out += seen
    return out


def behind(x, i, kernel):
    out = np.zeros(4)
    out += x[i : i - kernel + 1]
    return out


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        (in_place, ([2, 1],), "What changes a list in place (append, extend, insert, sort, reverse) returns None."),
        (lambda order: [n for n in order.reverse()], ([1],), "What changes a list in place"),
        (lambda a: (1,) + (a) * 2, (1,), "Parentheses alone make no tuple: (a) is a, (a,) is a tuple of one entry."),
        (both, (np.ones(3), np.ones(3)), "Entry by entry it is &, |, ~"),
        (lambda x: np.pad(x, 2 / 2), (np.ones(3),), "/ gives floats, // whole numbers."),
        (lambda x: np.pad(x, -1), (np.ones(3),), "A border, or a length, is negative here."),
        (lambda x: x.reshape(2, 2), (np.ones(3),), "not as many numbers as the shape"),
        (lambda: np.stack([np.ones(3), np.ones(2)]), (), "A list holds arrays of any shape."),
        (lambda x: np.zeros(2).__setitem__(0, x), (np.ones(3),), "where a single number has its place."),
        (rest, (np.ones(4), 0), "A slice that ends at 0 is empty, and -p is 0 here."),
        (behind, (np.ones(4), 2, 3), "A slice that ends at 0 is empty, and i - kernel + 1 is 0 here."),
        (behind, (np.ones(4), 3, 1), "does its end lie behind its start?"),
        (lambda: np.zeros(()).__iadd__(np.ones(2)), (), "What is to be put into an array of shape () has shape (2,)."),
    ],
)
def test_what_messages_mean(function, arguments, said):
    assert said in " ".join(raised.meaning(caught(function, *arguments)))


def test_the_line_and_what_its_names_were():
    error = caught(of_channel, WEIGHT, np.int64(1))
    assert raised.line(error).endswith("in of_channel: return weight[0, c, 1, 1]")
    assert raised.values(error) == "weight of shape (2, 1, 3, 3), c=1"


def test_names_of_modules_and_functions_say_nothing():
    def function(values, helper):
        return np.asarray(values)[helper(values)]

    assert raised.values(caught(function, [1, 2], len)) == "values=[1, 2]"


def test_long_values_are_called_by_their_kind():
    def function(values):
        return values.missing

    assert raised.values(caught(function, list(range(100)))) == "values, a list"
    assert raised.values(caught(function, (3,))) == "values=(3,)"


def test_what_is_not_written_yet_has_no_line():
    assert raised.line(NotImplementedError()) == raised.values(NotImplementedError()) == raised.values(None) == ""

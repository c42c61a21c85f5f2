"""Questions, guesses, and what is said of them."""

import xml.etree.ElementTree as ElementTree

import pytest

from minimix import course

MACS = course.predict("How many multiply-adds?", answer=1_806_336, unit="multiply-adds")


@pytest.mark.parametrize(
    "guess", [1806336, 1806336.0, "1,806,336", "1_806_336", " 1806336 multiply-adds", "1.806336M", "1806.336 k"]
)
def test_a_right_guess_in_many_forms(guess):
    assert MACS.guess(guess) == "Right: 1,806,336 multiply-adds."


@pytest.mark.parametrize(
    "guess, words",
    [
        (903168, "903168 is too small by a factor of 2."),
        ("5,419,008", "5,419,008 is too large by a factor of 3."),
        ("1.8 million", "1.8 million is too small by a factor of 1.004."),
        (0, "the answer is 1,806,336 multiply-adds."),
        (-5, "the answer is 1,806,336 multiply-adds."),
    ],
)
def test_a_wrong_guess_is_told_by_what_factor(guess, words):
    text = MACS.guess(guess)
    assert text.startswith("Not quite: ") and words in text and "1,806,336 multiply-adds" in text


@pytest.mark.parametrize("guess", ["many", "", "e5", "nan", "inf", "-"])
def test_what_is_no_number(guess):
    assert MACS.guess(guess) == f"{guess!r} is no number."


def test_tolerance():
    assert course.predict("?", answer=12.3).guess(13) == "Right within 10%: 12.3."
    assert course.predict("?", answer=12.3).guess(14).startswith("Not quite")
    assert course.predict("?", answer=100, tolerance=0.5).guess(60) == "Right within 50%: 100."
    assert course.predict("?", answer=100).guess(99).startswith("Not quite")
    assert course.predict("?", answer=12.0).guess(12) == "Right: 12."
    assert course.predict("?", answer=0).guess(0) == "Right: 0."


@pytest.mark.parametrize(
    "guess", [(1, 8, 4, 4), [1, 8, 4, 4], "1, 8, 4, 4", "(1, 8, 4, 4)", "1x8x4x4", "1 8 4 4", "[1 8, 4 4]"]
)
def test_a_shape(guess):
    assert course.predict("Which shape?", answer=(1, 8, 4, 4)).guess(guess) == "Right: (1, 8, 4, 4)."


def test_a_wrong_shape():
    question = course.predict("Which shape?", answer=(1, 8, 4, 4))
    assert question.guess("1,8,4,5") == "Not quite: number 4 (5 instead of 4). The answer is (1, 8, 4, 4)."
    assert question.guess("8,4,4") == "Not quite: these are 3 numbers, the answer has 4: (1, 8, 4, 4)."
    assert question.guess(7).startswith("Not quite: these are 1 numbers")
    assert question.guess("a, b") == "'a, b' is no list of numbers, such as 1, 3, 8, 8."


def test_an_answer_that_is_computed_is_computed_once_and_late():
    calls = []

    def compute():
        calls.append(1)
        return 7

    question = course.predict("?", answer=compute, unit="ms")
    assert repr(question) == "? (in ms)\nSay .guess(...) to be told."
    assert calls == []
    assert question.guess(7) == "Right: 7 ms." and question.guess(7) and calls == [1]


def test_without_a_kernel_the_answer_is_folded():
    question = course.predict("Is a < b & how much?", answer=1.5, unit="<ms>")
    tree = ElementTree.fromstring(question._repr_html_())
    assert tree.find("details/summary").text == "Answer"
    assert tree.find("details/p").text == "1.5 <ms>"
    assert "Is a < b & how much?" in "".join(tree.itertext())


def test_the_box():
    pytest.importorskip("ipywidgets")
    row, reply = MACS._box().children
    text, button = row.children
    text.value = "903168"
    assert "too small by a factor of 2" in reply.value
    text.value = "<b>"
    assert reply.value == "&#x27;&lt;b&gt;&#x27; is no number."
    text.value = "1806336"
    reply.value = ""
    button.click()
    assert reply.value == "Right: 1,806,336 multiply-adds."
    text.value = " "
    assert reply.value == ""

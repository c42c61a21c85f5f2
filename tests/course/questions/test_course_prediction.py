"""Questions, guesses, and what is said of them: never the answer, before two tries."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from minimix import course


def macs():
    return course.predict("How many multiply-adds?", answer=1_806_336, unit="multiply-adds")


@pytest.mark.parametrize(
    "guess",
    [
        1806336, 1806336.0, "1,806,336", "1_806_336", "1 806 336", " 1806336 multiply-adds", "1.806336M", "1806.336 k",
        "112*112*144", "112^2 * 144", "= 112*112*144 = 1806336",
    ],
)  # fmt: skip
def test_a_right_guess_in_many_forms(guess):
    question = macs()
    assert question.guess(guess) == "Right: 1,806,336 multiply-adds." and question.solved


@pytest.mark.parametrize(
    "guess, words",
    [
        (903168, "903168 is too small, by a factor of 2 at most."),
        ("5,419,008", "5,419,008 is too large, by a factor of 10 at most."),
        ("1.8 million", "1.8 million is too small, but close."),
        ("8*9", "8*9 = 72 is too small, by a factor of more than 1,000."),
        ("1e8", "1e8 is too large, by a factor of more than 10."),
        (0, "0 is too small."),
        (-5, "-5 is too small."),
    ],
)
def test_a_wrong_guess_is_told_how_near_it_is_and_not_the_answer(guess, words):
    text = macs().guess(guess)
    assert text == f"Not quite: {words} Once more?"
    assert "1,806,336" not in text and "1806336" not in text


def test_the_first_number_of_a_calculation_does_not_count():
    question = course.predict("?", answer=8)
    assert question.guess("8*9 + 8*25").startswith("Not quite: 8*9 + 8*25 = 272 is too large")


def test_two_tries_and_then_the_answer():
    question = macs()
    assert question.tell() == "Guess first: the answer is told after 2 tries."
    assert question.guess(5).endswith("Once more?") and not question.may_tell
    assert question.guess("what?") == "'what?' is no number."  # no try
    assert question.guess(5).endswith("Once more?"), "the same guess is no second try"
    assert question.guess(6).endswith("Try again, or have the answer told.") and question.may_tell
    assert question.tell() == "The answer is 1,806,336 multiply-adds."
    assert question.guess(1806336) == "Right: 1,806,336 multiply-adds.", "more tries are welcome"
    assert not macs().may_tell, "a cell that is run again asks again"


def test_after_a_right_guess_the_answer_may_be_told():
    question = course.Prediction("?", 7, why="It is a prime.")
    assert question.guess(7) == "Right: 7. It is a prime." and question.tell() == "The answer is 7. It is a prime."


@pytest.mark.parametrize("guess", ["many", "", "e5", "nan", "inf", "-", float("nan"), None, [1, 2], {}, 1j, object])
def test_what_is_no_number(guess):
    assert macs().guess(guess) == f"{guess!r} is no number."


def test_the_reason_why_it_is_no_number():
    assert macs().guess("1/0") == "'1/0' is no number: that divides by zero."


def test_tolerance():
    assert course.predict("?", answer=12.3).guess(13) == "Right within 10%: 12.3."
    assert course.predict("?", answer=12.3).guess(14).startswith("Not quite")
    assert course.predict("?", answer=100, tolerance=0.5).guess(60) == "Right within 50%: 100."
    assert course.predict("?", answer=100).guess(99).startswith("Not quite")
    assert course.predict("?", answer=12.0).guess(12) == "Right: 12."
    assert course.predict("?", answer=0).guess(0) == "Right: 0."
    assert course.predict("?", answer=3).guess("30 * 0.1") == "Right: 3."
    assert course.predict("?", answer=1 / 3).guess("1/3") == "Right: 0.3333."


@pytest.mark.parametrize("guess", ["50", "50 %", "50%", "0.5", "1/2", "half", 50, "100 * 4/8", "about 50 per cent"])
def test_shares(guess):
    assert course.predict("?", answer=50.0, unit="%").guess(guess) == "Right: 50 %."


def test_times_in_other_units():
    assert course.predict("?", answer=1500.0, unit="ns").guess("1.5 us") == "Right: 1,500 ns."


@pytest.mark.parametrize(
    "guess",
    [
        (1, 8, 4, 4),
        [1, 8, 4, 4],
        "1, 8, 4, 4",
        "(1, 8, 4, 4)",
        "1x8x4x4",
        "1 8 4 4",
        "[1 8, 4 4]",
        "1, 2*4, 8/2 and 4",
        (np.int64(1), 8, 4, 4),
        np.array([1, 8, 4, 4]),
        "(1, 2^3, 28 / 7, 4)",
        "(1, (2 + 2) * 2, (7 + 1) / 2, 4)",
        "torch.Size([1, 8, 4, 4])",
        "N = 1, C = 8, H = 4, W = 4",
    ],
)
def test_a_shape(guess):
    assert course.predict("Which shape?", answer=(1, 8, 4, 4)).guess(guess) == "Right: (1, 8, 4, 4)."


@pytest.mark.parametrize(
    "guess, words",
    [
        ("1,8,4,5", "Not quite: number 4 is wrong. Once more?"),
        ("1,7,3,5", "Not quite: numbers 2, 3 and 4 are wrong. Once more?"),
        ("8,4,4", "Not quite: the answer has 4 numbers, and 3 numbers came. Once more?"),
        (7, "Not quite: the answer has 4 numbers, and 1 number came. Once more?"),
        ("a, b", "'a, b' is no list of numbers, such as 1, 3, 8, 8."),
        ("1, 2, 1/0, 4", "'1, 2, 1/0, 4' is no list of numbers, such as 1, 3, 8, 8: that divides by zero."),
    ],
)
def test_a_wrong_shape(guess, words):
    assert course.predict("Which shape?", answer=(1, 8, 4, 4)).guess(guess) == words


@pytest.mark.parametrize("guess", ["Depthwise", " depthwise. ", "the depthwise", "DEPTHWISE"])
def test_words(guess):
    assert course.predict("Which layer?", answer="depthwise").guess(guess) == "Right: depthwise."
    assert course.predict("Which layer?", answer="dense").guess(guess).startswith("Not quite: it is not ")
    assert course.predict("Which layer?", answer="dense").guess(" ") == "' ' is no answer."


def test_yes_and_no():
    assert [course.predict("?", answer=True).guess(text) for text in ("Yes", "y", "TRUE", True)] == 4 * ["Right: yes."]
    assert course.predict("?", answer=False).guess("yes") == "Not quite: it is not 'yes'. Once more?"
    assert course.predict("?", answer=False).guess("maybe") == "'maybe' is neither yes nor no."


def test_an_answer_that_is_computed_is_computed_once_and_late():
    calls = []

    def compute():
        calls.append(1)
        return 7

    question = course.predict("?", answer=compute, unit="ms")
    assert repr(question) == "? (in ms)\nSay .guess(...) to be told."
    assert calls == []
    assert question.guess(7) == "Right: 7 ms." and question.guess(7) and calls == [1]


def test_a_question_of_the_course_is_asked_by_its_name():
    assert course.predict("00 weights of a mixed layer").guess("4*9 + 4*25 + 4*49") == "Right: 332."
    assert course.predict("00 change of the loss", gradient=2.0).answer == 0.002
    with pytest.raises(ValueError, match="did you mean '00 weights of a mixed layer'"):
        course.predict("00 weights of a layer")
    with pytest.raises(ValueError, match="needs answer="):
        course.predict("How many?")
    with pytest.raises(TypeError, match="is computed from gradient, got nothing"):
        course.predict("00 change of the loss")
    with pytest.raises(TypeError, match="is computed from nothing, got gradient"):
        course.predict("00 weights of a mixed layer", gradient=1)
    with pytest.raises(TypeError, match="computed from nothing"):
        course.predict("How many?", answer=3, gradient=1)


def test_without_a_kernel_the_answer_is_folded():
    question = course.Prediction("Is a < b & how much?", answer=1.5, unit="<ms>", why="So & so.")
    tree = ElementTree.fromstring(question._repr_html_())
    assert tree.find("details/summary").text == "Answer"
    assert tree.find("details/p").text == "1.5 <ms>. So & so."
    assert "Is a < b & how much?" in "".join(tree.itertext())


def test_the_box():
    pytest.importorskip("ipywidgets")
    row, reply = macs()._box().children
    text, check, tell = row.children
    assert tell.disabled
    text.value = "903168"
    assert "too small" in reply.value and tell.disabled
    check.click()  # the same guess once more, as when one leaves the box for the button
    assert tell.disabled
    text.value = "<b>"
    assert reply.value == "&#x27;&lt;b&gt;&#x27; is no number." and tell.disabled
    text.value = "8*9"
    assert "8*9 = 72 is too small" in reply.value and not tell.disabled
    tell.click()
    assert reply.value == "The answer is 1,806,336 multiply-adds."
    text.value = "1806336"
    reply.value = ""
    check.click()
    assert reply.value == "Right: 1,806,336 multiply-adds."
    text.value = " "
    assert reply.value == ""


def test_the_box_of_a_live_kernel_has_no_answer_beside_it(monkeypatch):
    pytest.importorskip("ipywidgets")
    display = pytest.importorskip("IPython.display")
    shown = []
    monkeypatch.setattr(display, "display", lambda *what, **how: shown.append(what[0]))
    monkeypatch.setattr("minimix.course.questions.prediction.is_live", lambda: True)
    macs()._ipython_display_()
    assert len(shown) == 2 and "1,806,336" not in str(shown[0])

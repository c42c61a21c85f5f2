"""Questions to be answered before the next cell is run."""

import html
import math
import re

from minimix.course.display.frontend import is_live

SUFFIXES = {"k": 1e3, "m": 1e6, "g": 1e9, "thousand": 1e3, "million": 1e6, "billion": 1e9}


class Prediction:
    """A question with a known answer. In a notebook it shows a box for the guess where there are ipywidgets and a live kernel,
    and below, folded, the answer. Elsewhere: ``prediction.guess(12)``.

    >>> predict("How many multiply-adds?", answer=1806336).guess("1.8 million")
    'Not quite: 1.8 million is too small by a factor of 1.004. The answer is 1,806,336.'
    """

    def __init__(self, question: str, answer, unit: str, tolerance: float | None):
        self.question, self.unit, self.tolerance = question, unit, tolerance
        self._answer = answer

    @property
    def answer(self):
        """The answer; a callable is called when it is first needed."""
        if callable(self._answer):
            self._answer = self._answer()
        return self._answer

    def guess(self, value) -> str:
        """What is to be said of a guess: a number, a tuple of numbers, or text such as "1.8 million", "3e6", "(1, 8, 4, 4)"."""
        answer = self.answer
        several = isinstance(answer, (tuple, list))
        try:
            guess = _numbers(value) if several else _number(value)
        except ValueError:
            return f"{value!r} is no {'list of numbers, such as 1, 3, 8, 8' if several else 'number'}."
        return self._judged_tuple(tuple(guess), tuple(answer)) if several else self._judged(guess, answer, value)

    def _judged(self, guess: float, answer, said) -> str:
        tolerance = self.tolerance if self.tolerance is not None else 0.0 if float(answer).is_integer() else 0.1
        if guess == answer:
            return f"Right: {self._told()}."
        if abs(guess - answer) <= tolerance * abs(answer):
            return f"Right within {tolerance:.0%}: {self._told()}."
        if guess * answer <= 0:
            return f"Not quite: the answer is {self._told()}."
        ratio = guess / answer
        large, by = ("large", ratio) if ratio > 1 else ("small", 1 / ratio)
        return f"Not quite: {said} is too {large} by a factor of {by:.4g}. The answer is {self._told()}."

    def _judged_tuple(self, guess: tuple, answer: tuple) -> str:
        if len(guess) != len(answer):
            return f"Not quite: these are {len(guess)} numbers, the answer has {len(answer)}: {self._told()}."
        wrong = [i for i, (a, b) in enumerate(zip(guess, answer, strict=True)) if abs(a - b) > (self.tolerance or 0) * abs(b)]
        if not wrong:
            return f"Right: {self._told()}."
        places = ", ".join(f"number {i + 1} ({guess[i]:g} instead of {answer[i]:g})" for i in wrong)
        return f"Not quite: {places}. The answer is {self._told()}."

    def _told(self) -> str:
        return f"{spoken(self.answer)} {self.unit}".strip()

    def __repr__(self) -> str:
        unit = f" (in {self.unit})" if self.unit else ""
        return f"{self.question}{unit}\nSay .guess(...) to be told."

    def _repr_html_(self) -> str:
        """The answer, folded."""
        unit = f" (in {html.escape(self.unit)})" if self.unit else ""
        question = f"<b>Predict first:</b> {html.escape(self.question)}{unit}"
        answer = f"<p>{html.escape(self._told())}</p>"
        return f"<div>{question}<details><summary>Answer</summary>{answer}</details></div>"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display({"text/html": self._repr_html_(), "text/plain": repr(self)}, raw=True)
        if is_live():
            display(self._box())

    def _box(self):
        import ipywidgets

        text = ipywidgets.Text(placeholder="your guess", continuous_update=False, layout={"width": "16em"})
        button = ipywidgets.Button(description="Check", layout={"width": "6em"})
        reply = ipywidgets.HTML()

        def answer(_):
            reply.value = html.escape(self.guess(text.value)) if text.value.strip() else ""

        text.observe(answer, names="value")
        button.on_click(answer)
        return ipywidgets.VBox([ipywidgets.HBox([text, button]), reply])


def predict(question: str, answer, unit: str = "", tolerance: float | None = None) -> Prediction:
    """Ask for a number (or several, such as a shape) before it is computed or shown.

    answer: a number, a tuple of numbers, or a function that computes it. tolerance: relative error that still counts as right;
    by default 0 for whole numbers and a tenth for others.

    >>> predict("How large is the output?", answer=(1, 8, 4, 4)).guess("1, 8, 5, 5")
    'Not quite: number 3 (5 instead of 4), number 4 (5 instead of 4). The answer is (1, 8, 4, 4).'
    >>> predict("How long does it take?", answer=lambda: 12.3, unit="ms").guess(12)
    'Right within 10%: 12.3 ms.'
    """
    return Prediction(question, answer, unit, tolerance)


def spoken(value) -> str:
    """
    >>> spoken(1806336), spoken(0.01234), spoken((1, 3.0)), spoken(2.0)
    ('1,806,336', '0.01234', '(1, 3)', '2')
    """
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(spoken, value))})"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.4g}"


def _number(value) -> float:
    """Of a number, or of a text that begins with one.

    >>> _number("1,806,336"), _number("1.8 M"), _number("2_000 multiply-adds"), _number("3e6")
    (1806336.0, 1800000.0, 2000.0, 3000000.0)
    """
    if not isinstance(value, str):
        return float(value)
    found = re.match(r"\s*([-+]?(?:\d[\d_,]*)?\.?\d*(?:[eE][-+]?\d+)?)\s*([^\W\d]*)", value)
    number = float(re.sub("[_,]", "", found[1]))  # "" raises ValueError
    if not math.isfinite(number):
        raise ValueError(value)
    return number * SUFFIXES.get(found[2].lower(), 1.0)


def _numbers(value) -> list[float]:
    """
    >>> _numbers("(1, 3, 8x8)"), _numbers((1, 2))
    ([1.0, 3.0, 8.0, 8.0], [1.0, 2.0])
    """
    if isinstance(value, str):
        value = [part for part in re.split(r"[\s,;x\u00d7()\[\]]+", value) if part]
    if not isinstance(value, (list, tuple)):
        value = [value]
    return list(map(float, value))

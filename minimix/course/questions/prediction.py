"""Questions to be answered before the next cell is run: two tries, and then the answer."""

import html
import inspect

from minimix.course.display.frontend import is_live
from minimix.course.questions import QUESTIONS
from minimix.course.questions.judge import UNKNOWN, judged, spoken
from minimix.words import nearest

TRIES = 2  # after so many the answer is told to whoever asks


class Prediction:
    """A question whose answer is out of sight. In a notebook it shows a box for the guess where there are ipywidgets and a
    live kernel; where there are not, the answer is folded. In plain Python: ``prediction.guess(12)``, ``prediction.tell()``.

    >>> question = predict("How many multiply-adds?", answer=1806336)
    >>> question.guess("1.8 million")
    'Not quite: 1.8 million is too small, but close. Once more?'
    >>> question.tell()
    'Guess first: the answer is told after 2 tries.'
    >>> question.guess("8*9")
    'Not quite: 8*9 = 72 is too small, by a factor of more than 1,000. Try again, or have the answer told.'
    >>> question.tell()
    'The answer is 1,806,336.'
    """

    def __init__(self, question: str, answer, unit: str = "", tolerance: float | None = None, why: str = ""):
        self.question, self.unit, self.tolerance, self.why = question, unit, tolerance, why
        self._answer = answer
        self._guesses: set[str] = set()
        self.solved = False

    @property
    def answer(self):
        """The answer; a callable is called when it is first needed."""
        if callable(self._answer):
            self._answer = self._answer()
        return self._answer

    @property
    def may_tell(self) -> bool:
        """Whether ``tell`` tells: after a right guess, or two wrong ones."""
        return self.solved or len(self._guesses) >= TRIES

    def guess(self, value) -> str:
        """What is to be said of a guess: a number, a tuple of numbers, or text such as "1.8 million", "8*9 + 8*25", "2^5",
        "50 %", "(1, 8, 4, 4)". What cannot be read, or was said already, is no try."""
        right, words = judged(value, self.answer, self.unit, self.tolerance)
        if right is None:
            self.solved = self.solved or self.answer is None
            return words
        if right:
            self.solved = True
            return f"{words} {self.why}".strip()
        self._guesses.add(repr(value).strip("' "))
        return f"{words} {'Try again, or have the answer told.' if self.may_tell else 'Once more?'}"

    def tell(self) -> str:
        """The answer, for whoever has tried."""
        if not self.may_tell:
            return f"Guess first: the answer is told after {TRIES} tries."
        return UNKNOWN if self.answer is None else f"The answer is {self._told()}. {self.why}".strip()

    def _told(self) -> str:
        if self.answer is None:
            return UNKNOWN
        return f"{spoken(self.answer)} {self.unit}".strip()

    def __repr__(self) -> str:
        unit = f" (in {self.unit})" if self.unit else ""
        return f"{self.question}{unit}\nSay .guess(...) to be told."

    def _repr_html_(self) -> str:
        """The question, and the answer folded."""
        answer = f"{html.escape(self._told())}. {html.escape(self.why)}".strip() if self.why else html.escape(self._told())
        return f"<div>{self._asked()}<details><summary>Answer</summary><p>{answer}</p></details></div>"

    def _asked(self) -> str:
        unit = f" (in {html.escape(self.unit)})" if self.unit else ""
        return f"<b>Predict first:</b> {html.escape(self.question)}{unit}"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        live = is_live()
        shown = f"<div>{self._asked()}</div>" if live else self._repr_html_()
        display({"text/html": shown, "text/plain": repr(self)}, raw=True)
        if live:
            display(self._box())

    def _box(self):
        import ipywidgets

        text = ipywidgets.Text(placeholder="your guess, or a calculation", continuous_update=False, layout={"width": "22em"})
        check = ipywidgets.Button(description="Check", layout={"width": "6em"})
        tell = ipywidgets.Button(description="Tell me", disabled=True, layout={"width": "6em"})
        reply = ipywidgets.HTML()

        def answer(_):
            reply.value = html.escape(self.guess(text.value)) if text.value.strip() else ""
            tell.disabled = not self.may_tell

        def give_up(_):
            reply.value = html.escape(self.tell())

        text.observe(answer, names="value")
        check.on_click(answer)
        tell.on_click(give_up)
        return ipywidgets.VBox([ipywidgets.HBox([text, check, tell]), reply])


def predict(question: str, answer=None, unit: str = "", tolerance: float | None = None, **given) -> Prediction:
    """Ask for something before it is computed or shown: a question of the course by its name, or one of your own.

    question: the name of one of ``minimix.course.questions``, which knows the answer; ``given`` is what it is computed from,
    where that is measured in the notebook. Or, with ``answer``, the question itself.
    answer: a number, a tuple of numbers (a shape), True or False, a word, or a function that computes it. tolerance: relative
    error that still counts as right; by default 0 for whole numbers and a tenth for others.

    Raises ValueError for a name that is not known, TypeError where what an answer is computed from is missing.

    >>> predict("00 weights of a mixed layer").guess("4*9 + 4*25 + 4*49")
    'Right: 332.'
    >>> predict("How large is the output?", answer=(1, 8, 4, 4)).guess("1, 8, 5, 5")
    'Not quite: numbers 3 and 4 are wrong. Once more?'
    >>> predict("How long does it take?", answer=lambda: 12.3, unit="ms").guess(12)
    'Right within 10%: 12.3 ms.'
    """
    if answer is not None:
        if given:
            raise TypeError(f"predict() got {', '.join(given)}: an answer of your own is computed from nothing")
        return Prediction(question, answer, unit, tolerance)
    if question not in QUESTIONS:
        near = nearest(question, QUESTIONS, most=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
        raise ValueError(f"no question of the course is called {question!r}: {hint}A question of your own needs answer=...")
    asked = QUESTIONS[question]
    wanted = set(inspect.signature(asked.answer).parameters)
    if wanted != given.keys():
        raise TypeError(f"the answer to {question!r} is computed from {_listed(wanted)}, got {_listed(given)}")
    return Prediction(asked.text, lambda: asked.answer(**given), asked.unit, asked.tolerance, asked.why)


def _listed(names) -> str:
    return ", ".join(sorted(names)) or "nothing"

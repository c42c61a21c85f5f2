"""A guess beside the right answer: whether it is right, how near it is, and no word of the answer where it is not."""

import re
from typing import NamedTuple

from minimix.course.questions.arithmetic import NoNumber, is_calculation, number
from minimix.words import count

EXACT = 1e-9  # relative: 0.1 * 30 is 3
UNKNOWN = "The answer is not known on this machine."
YES, NO = ("yes", "y", "true", "right"), ("no", "n", "false", "wrong")
BETWEEN = r"(?:[\s,;x\u00d7()\[\]]|\band\b)+"  # numbers of a list; where these are computed, only commas are


class Verdict(NamedTuple):
    """right: None where the guess cannot be read. words: what is to be said of it."""

    right: bool | None
    words: str


def judged(guess, answer, unit: str = "", tolerance: float | None = None) -> Verdict:
    """A guess, text or number, beside an answer: a number, a tuple of numbers, True or False, or a word;
    None where there is none on this machine.

    >>> judged("2^5", 32)
    Verdict(right=True, words='Right: 32.')
    >>> judged("100", 32)
    Verdict(right=False, words='Not quite: 100 is too large, by a factor of 10 at most.')
    >>> judged("1, 8, 2*3", (1, 8, 4)).words, judged("Yes", True).words, judged("half", 50.0, "%").words
    ('Not quite: number 3 is wrong.', 'Right: yes.', 'Right: 50 %.')
    """
    if answer is None:
        return Verdict(None, UNKNOWN)
    if isinstance(answer, (bool, str)):
        return _word(guess, answer)
    told = f"{spoken(answer)} {unit}".strip()
    try:
        if isinstance(answer, (tuple, list)):
            return _several(_numbers(guess, unit), answer, tolerance or 0.0, told)
        value = number(guess, unit) if isinstance(guess, str) else _finite(guess)
    except (ValueError, TypeError) as problem:
        problem = problem if isinstance(problem, NoNumber) else ""
        kind = "list of numbers, such as 1, 3, 8, 8" if isinstance(answer, (tuple, list)) else "number"
        return Verdict(None, f"{guess!r} is no {kind}" + (f": {problem}." if str(problem) else "."))
    if unit == "%" and _near(100 * value, answer, EXACT if tolerance is None else tolerance):
        value *= 100  # a share, or a number with its own sign for per cent
    return _single(value, answer, unit, tolerance, _said(guess, value, unit), told)


def _single(value: float, answer: float, unit: str, tolerance: float | None, said: str, told: str) -> Verdict:
    tolerance = tolerance if tolerance is not None else 0.0 if float(answer).is_integer() else 0.1
    if _near(value, answer, EXACT):
        return Verdict(True, f"Right: {told}.")
    if _near(value, answer, tolerance):
        return Verdict(True, f"Right within {tolerance:.0%}: {told}.")
    return Verdict(False, f"Not quite: {said} is too {'large' if value > answer else 'small'}{_distance(value, answer)}.")


def _distance(value: float, answer: float) -> str:
    if value * answer <= 0:
        return ""
    ratio = max(value / answer, answer / value)
    if ratio <= 1.1:
        return ", but close"
    for most in (2, 10):
        if ratio <= most:
            return f", by a factor of {most} at most"
    return f", by a factor of more than {1000 if ratio > 1000 else 10:,}"


def _several(guess: list[float], answer, tolerance: float, told: str) -> Verdict:
    if len(guess) != len(answer):
        return Verdict(False, f"Not quite: the answer has {len(answer)} numbers, and {count(len(guess), 'number')} came.")
    wrong = [i for i, (a, b) in enumerate(zip(guess, answer, strict=True), 1) if not _near(a, b, max(tolerance, EXACT))]
    if not wrong:
        return Verdict(True, f"Right: {told}.")
    if len(wrong) == 1:
        return Verdict(False, f"Not quite: number {wrong[0]} is wrong.")
    return Verdict(False, f"Not quite: numbers {', '.join(map(str, wrong[:-1]))} and {wrong[-1]} are wrong.")


def _word(guess, answer: bool | str) -> Verdict:
    """Upper and lower case, spaces and points do not matter, nor do articles."""
    given, right = _letters(guess), YES if answer is True else NO if answer is False else (_letters(answer),)
    if not given:
        return Verdict(None, f"{guess!r} is no answer.")
    if isinstance(answer, bool) and given not in YES + NO:
        return Verdict(None, f"{guess!r} is neither yes nor no.")
    if given in right:
        return Verdict(True, f"Right: {spoken(answer)}.")
    return Verdict(False, f"Not quite: it is not {str(guess).strip()!r}.")


def _letters(word) -> str:
    found = re.sub(r"[\W_]+", " ", str(word)).strip().casefold()
    return re.sub(r"^(the|a|an) ", "", found)


def _near(value: float, answer: float, tolerance: float) -> bool:
    return abs(value - answer) <= tolerance * abs(answer)


def _said(guess, value: float, unit: str) -> str:
    """A guess as it came; with its value, where that had to be computed."""
    text = str(guess).strip()
    return f"{text} = {spoken(value)}" if isinstance(guess, str) and "=" not in text and is_calculation(text) else text


def _finite(value) -> float:
    return number(str(float(value)))


def _numbers(value, unit: str) -> list[float]:
    """
    >>> _numbers("(1, 3, 8x8)", ""), _numbers("32, 224 / 2 and 2", ""), _numbers((1, 2), "")
    ([1, 3, 8, 8], [32, 112.0, 2], [1.0, 2.0])
    """
    if not isinstance(value, str):
        return list(map(float, value if hasattr(value, "__len__") else [value]))
    computed = re.search(r"[*/^+\u00b7]|\d\s*-", value)
    text = value.strip()
    if computed and _enclosed(text):
        text = text[1:-1]
    parts = [part for part in re.split(r"[,;]|\band\b" if computed else BETWEEN, text) if re.search(r"\d", part)]
    if not parts:
        raise NoNumber("")
    return [number(part, unit) for part in parts]


def _enclosed(text: str) -> bool:
    """Whether the first bracket is closed by the last.

    >>> _enclosed("(1, (2 + 3) * 4)"), _enclosed("(1 + 2) * 3, (4)")
    (True, False)
    """
    depth, ends = 0, []
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        ends += [place] if depth == 0 else []
    return text[:1] in ("(", "[") and ends[:1] == [len(text) - 1]


def spoken(value) -> str:
    """
    >>> spoken(1806336), spoken(0.01234), spoken((1, 3.0)), spoken(2.0), spoken(True)
    ('1,806,336', '0.01234', '(1, 3)', '2', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(spoken, value))})"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.4g}"

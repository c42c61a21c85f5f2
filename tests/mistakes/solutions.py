"""What a check of the course says to wrong solutions and to right ones, and how good that is.

A program cannot tell whether a sentence is true of somebody's code. So the verdicts are made by reading and are kept in
``judged.json``, those on held-out entries in ``judged_later.json``: {name of an entry: {what was said: verdict}}. The
verdicts:

named        the true cause stands there, in the name of a mistake or in a sentence
vague        all that is said is true, but it is not the cause
misleading   something is said that is false, or that sends the reader to look elsewhere

What is said differently than when it was read counts as unjudged, and is printed with the truth beside it.
"""

import collections
import copy
import json
import re
import types
import warnings
from pathlib import Path

from corpus import Solution

from minimix import course

JUDGED = [Path(__file__).parent / name for name in ("judged.json", "judged_later.json")]
VERDICTS = ("named", "vague", "misleading")
COLUMNS = ("accepted", *VERDICTS, "unjudged")


def fresh(function):
    """The function as it was when it was defined: with what it may keep in its default arguments still empty."""
    if not isinstance(function, types.FunctionType) or not (function.__defaults__ or function.__kwdefaults__):
        return function
    again = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, copy.deepcopy(function.__defaults__), function.__closure__
    )
    again.__kwdefaults__ = copy.deepcopy(function.__kwdefaults__)
    return again


def checked(entry: Solution):
    """The report on a solution. A warning that gets out of the check is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return getattr(course, f"check_{entry.exercise}")(fresh(entry.function))


def said(report) -> str:
    """What a verdict is about: the title and the words below it, without the numbers of configurations."""
    return without_counts("\n".join([report.title, *report.paragraphs]))


def without_counts(text: str) -> str:
    """The text without numbers of configurations: those may depend on the order in which Python walks a set."""
    text = re.sub(r"\d+ (of \d+ such )?(configurations|others)", r"N \2", text)
    return re.sub(r"In \d+ of", "In N of", text)


def read_verdicts(paths) -> dict[str, dict[str, str]]:
    """{entry: {what was said: verdict}} of several files."""
    read: dict[str, dict[str, str]] = {}
    for path in paths:
        for name, texts in json.loads(path.read_text(encoding="utf-8")).items() if path.exists() else ():
            read.setdefault(name, {}).update({without_counts(text): word for text, word in texts.items()})
    return read


def verdict(report, judged: dict[str, str]) -> str:
    """accepted, a verdict, or unjudged. judged: the verdicts on this entry."""
    return "accepted" if report.passed else judged.get(said(report), "unjudged")


def table(chosen: list[Solution], texts: bool) -> None:
    """Run the checks of all chosen solutions and print what came of them. texts: also what was said to each."""
    judged = read_verdicts(JUDGED)
    rows: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    right = refused = 0
    for entry in chosen:
        report = checked(entry)
        if entry.truth is None:
            right += 1
            refused += not report.passed
            word = "" if report.passed else "REFUSED"
        else:
            word = verdict(report, judged.get(entry.name, {}))
            rows[entry.exercise][word] += 1
        if word and (texts or word in ("REFUSED", "accepted", "unjudged")):
            print(f"{word.upper():10} {entry.name}\n    TRUE {entry.truth or 'it is right'}")
            print("    SAID " + said(report).replace("\n", "\n         "))
    print(f"\n{'exercise':24}{'wrong':>8}" + "".join(f"{word:>12}" for word in COLUMNS))
    total: collections.Counter = collections.Counter()
    for name, row in sorted(rows.items()):
        total += row
        print(f"{name:24}{sum(row.values()):8}" + "".join(f"{row[word] or '':>12}" for word in COLUMNS))
    count = sum(total.values()) or 1
    print(f"{'all':24}{sum(total.values()):8}" + "".join(f"{total[word]:12}" for word in COLUMNS))
    print(f"{'%':32}" + "".join(f"{total[word] / count:12.1%}" for word in COLUMNS))
    print(f"right solutions refused: {refused} of {right}")

"""Questions of notebook 3: dilation and receptive field."""

import itertools

from minimix import nn
from minimix.course.exercises import RECEPTIVE_FIELD
from minimix.course.questions.question import Question


def more_weights() -> int:
    seven, three = (nn.Conv2d(8, 8, k, bias=False).weight.size for k in (7, 3))
    return round(100 * (seven / (3 * three) - 1))


def seen(dilations) -> set[int]:
    """Where along an axis the pixels lie that an output sees through layers of 3 taps."""
    return {sum(steps) for steps in itertools.product(*((-d, 0, d) for d in dilations))}


def largest_field() -> int:
    """Of three dilations without holes. What sees n pixels in a row has at most 27 ways to them."""
    triples = itertools.combinations_with_replacement(range(1, 14), 3)
    return max(1 + 2 * sum(triple) for triple in triples if len(seen(triple)) == 1 + 2 * sum(triple))


QUESTIONS = (
    Question(
        "03 reach of a dilated kernel",
        "A kernel of 3 taps with dilation 6: how many pixels does it cover along an axis?",
        lambda: RECEPTIVE_FIELD.solution([(3, 1, 6)])["size"],
    ),
    Question(
        "03 field of three layers",
        "Three layers of 3x3, the first two with stride 2. How many pixels does an output see along an axis, "
        "and how far apart are neighbouring outputs?",
        lambda: tuple(RECEPTIVE_FIELD.solution([(3, 2, 1), (3, 2, 1), (3, 1, 1)]).values()),
    ),
    Question(
        "03 one 7x7 or three 3x3",
        "Dense layers, as many channels out as in: by how many percent has 7x7 more weights than three times 3x3?",
        more_weights,
        unit="%",
    ),
    Question(
        "03 pixels seen",
        "Of the 13x13 pixels in this field, how many does the output see?",
        lambda: len(seen((2, 2, 2))) ** 2,
    ),
    Question(
        "03 largest field without holes",
        "Three layers of 3 taps each, along one axis: the largest field without holes?",
        largest_field,
        unit="pixels",
    ),
)

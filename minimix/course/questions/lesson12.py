"""Questions of notebook 12: the paper, figure by figure."""

from minimix.course.questions.question import Question


def beyond_the_edge(size: int, kernel: int) -> float:
    """Percent of a kernel's taps that meet padding, "same", on a map of size x size: the mean over all places."""
    reach = kernel // 2
    inside = sum(0 <= place + tap < size for place in range(size) for tap in range(-reach, reach + 1))
    return 100 * (1 - (inside / (size * kernel)) ** 2)


def seen(verdicts) -> int:
    """verdicts: a word for each claim."""
    return sum(verdict == "seen" for verdict in verdicts)


QUESTIONS = (
    Question(
        "12 five seeds in one direction",
        "All five differences are above 0. In what share of the ways to give them signs is the sum as large as observed?",
        lambda: 1 / 2**5,
        why="Of the 32 ways only the one with all signs positive. Five seeds cannot say more.",
    ),
    Question(
        "12 claims seen by chance",
        "Of 40 claims none is true: the true differences are 0. How many of them does the rule call seen, on average?",
        lambda: 40 * 0.025,
        why="Of the 5 percent of intervals that miss the true difference, half lie above it.",
    ),
    Question(
        "12 taps beyond the edge",
        'A 13x13 kernel slides over a map of 8x8 with "same" padding. What share of its taps meets padding?',
        lambda: beyond_the_edge(8, 13),
        unit="%",
    ),
    Question(
        "12 claims seen live",
        "How many of the three claims will be called seen?",
        seen,
    ),
)

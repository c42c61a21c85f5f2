"""What a check may say is wrong: a sentence, and what it claims, in words that a program can compare."""

CAUSES = {
    # the whole gradient of an input
    "sign": "its sign is wrong everywhere",
    "factor": "it is off by one and the same number everywhere (2, 1/2, a forgotten constant)",
    "averaged": "divided by a number of elements, where it should be summed",
    "not averaged": "the division by a number of elements (of a mean) is forgotten",
    "zero": "nothing arrives: zero everywhere, or None, though forward depends on the input",
    "independent": "a gradient is given for an input (or a part of it) that forward does not depend on",
    "exchanged": "the gradients of two inputs (or outputs) are exchanged",
    # where it depends on values
    "no mask": "let through where forward blocks it (relu, clip, max, dropout, ignored labels, causal masks)",
    "inverted mask": "blocked where forward lets it through, let through where forward blocks it",
    "wrong mask": "a mask is there, but cuts at a wrong value or place",
    "value": "right where the input is on one side of some number, wrong on the other (abs without sign, a forgotten branch)",
    # right numbers in wrong places
    "transposed": "axes exchanged: B for B.T, rows for columns",
    "flipped": "mirrored along axes: convolution for cross-correlation",
    "memory order": "a reshape where a transpose is needed (or the reverse): right numbers, laid out in another order",
    "shifted": "moved along an axis: a wrong offset, padding or roll",
    "permuted": "whole slices in each other's places: channels, groups, a permutation that is not inverted",
    "other place": "given to a wrong element: to the smallest instead of the largest, to an index off by one",
    # some parts of it
    "not summed": "contributions lost: not summed over a batch, over what was broadcast, over uses of one element",
    "overwritten": "= where += is needed: of several contributions to an element, one remains",
    "summed": "summed over an axis where it should not be, or contributions counted twice",
    "left out": "some index, tap, row, channel or output is never handled",
    "border": "wrong only near the border: padding",
    "stride": "a stride or dilation is ignored or mishandled",
    "groups": "groups or channels are matched wrongly",
    # the formula
    "ones": "the incoming gradient is ignored, as though it were all ones",
    "nonlinear": "not linear in the incoming gradient: clipped, its absolute value, its sign, normalised, squared",
    "chain factor": "a factor that differs from entry to entry is missing or used twice (an inner derivative, x, 1/x)",
    "scale": "the same for a factor that belongs to a channel, row or column (gamma, 1/std, a weight of a class)",
    "term missing": "a summand is missing (the mean's or the variance's in a norm, softmax's sum, the other use of an input)",
    "term extra": "a summand too many (weight decay, eps, a gradient added twice over)",
    "sign of a term": "a summand has the wrong sign",
    "wrong formula": "the derivative of another function (sin for cos, sqrt's for square's), a wrong exponent",
    "wrong point": "the right formula at the wrong place: at the output in place of the input, or the reverse",
    "wrong constant": "a constant differs from forward's: leaky slope, eps, temperature, smoothing, exponent",
    # numbers
    "precision": "float32 or float16 inside, or rounded",
    "approximate": "an approximation in place of the derivative",
    "not finite": "NaN or infinite: a division by zero, an overflow, memory never written",
    # manners
    "aliased": "returned memory that is not its own: a saved array, or one array for two calls",
    "changes input": "forward or backward writes into an input",
    "changes saved": "backward writes into what forward saved",
    "changes gradient": "backward writes into the incoming gradient",
    "changes output": "backward (or forward, later) writes into the output",
    "state": "the result depends on earlier calls",
    "random": "random numbers are drawn anew where the same ones are needed",
    "input strides": "an input is taken for dense, C-ordered memory",
    "gradient strides": "the incoming gradient is taken for dense, C-ordered or writeable memory",
    "shape": "a gradient has not its input's shape",
    "dtype": "a gradient has not its input's dtype",
    "contract": "forward does not return (output, saved), or backward no tuple with one gradient (array) for each input",
    # what a check cannot decide, or decides about itself
    "kink": "the slopes to the left and to the right differ: the derivative does not exist there",
    "difference": "the numerical derivative is not good enough there: the step, rounding, the edge of the domain",
    "forward precision": "the forward pass has only float32 digits",
}  # fmt: skip


class Cause(str):
    """A sentence on what is wrong. claims: labels of CAUSES; any one of them may be what was done wrong.

    Without claims, the sentence only describes what was measured.

    >>> cause = Cause("its sign is wrong everywhere", "sign")
    >>> cause, cause.claims
    ('its sign is wrong everywhere', ('sign',))
    """

    claims: tuple[str, ...]

    def __new__(cls, text: str, *claims: str):
        if unknown := set(claims) - set(CAUSES):
            raise ValueError(f"no such cause: {', '.join(unknown)}")
        cause = super().__new__(cls, text)
        cause.claims = claims
        return cause

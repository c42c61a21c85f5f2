"""An exercise on automatic differentiation: walking a tape backward."""

import functools
from dataclasses import dataclass

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report


class Scalar:
    """A number that remembers how it was made: the smallest tape there is.

    value: the number. inputs: the Scalars that it was computed from, in order, () for one that was given. slopes: its
    derivative with respect to each of them. grad: 0.0, until a backward pass adds to it.

    >>> a, b = Scalar(2.0), Scalar(3.0)
    >>> c = a * b
    >>> c.value, c.inputs == (a, b), c.slopes, c.grad
    (6.0, True, (3.0, 2.0), 0.0)
    """

    def __init__(self, value: float, inputs: tuple["Scalar", ...] = (), slopes: tuple[float, ...] = ()):
        self.value, self.inputs, self.slopes, self.grad = value, inputs, slopes, 0.0

    def __add__(self, other: "Scalar") -> "Scalar":
        return Scalar(self.value + other.value, (self, other), (1.0, 1.0))

    def __sub__(self, other: "Scalar") -> "Scalar":
        return Scalar(self.value - other.value, (self, other), (1.0, -1.0))

    def __mul__(self, other: "Scalar") -> "Scalar":
        return Scalar(self.value * other.value, (self, other), (other.value, self.value))

    def squared(self) -> "Scalar":
        """Its square, as one op."""
        return Scalar(self.value**2, (self,), (2 * self.value,))

    def __repr__(self) -> str:
        return f"Scalar({self.value:g}, grad={self.grad:g})"


@dataclass(frozen=True)
class Program:
    """A few assignments, which build a tape when they are run. The last name that ``text`` assigns is the root.

    >>> names = Program("a = 2; b = a + a").run()
    >>> names["b"]
    Scalar(4, grad=0)
    """

    text: str

    def run(self) -> dict[str, Scalar]:
        """Its Scalars by name."""
        found: dict[str, Scalar] = {}
        for line in self.text.split("; "):
            name, words = line.split(" = ")
            match words.split():
                case [left, "+", right]:
                    found[name] = found[left] + found[right]
                case [left, "-", right]:
                    found[name] = found[left] - found[right]
                case [left, "*", right]:
                    found[name] = found[left] * found[right]
                case [base, "**", "2"]:
                    found[name] = found[base].squared()
                case [number]:
                    found[name] = Scalar(float(number))
        return found

    def __len__(self) -> int:
        return self.text.count(";") + 1

    def __repr__(self) -> str:
        return f"[{self.text}]"


def _programs(rng):
    texts = [
        "a = 3", "a = 3; b = a ** 2", "a = 3; b = a + a", "a = 3; b = a * a", "a = 3; b = 5; c = a * b",
        "a = 3; b = 5; c = a - b", "a = 3; b = 5; c = 7; d = a * c", "a = 3; b = a ** 2; c = b ** 2",
        "a = 3; b = a + a; c = b + b", "a = 3; b = 2; c = a * b; d = c * a", "a = 3; b = 2; c = a * b; d = a - c",
        "a = 3; b = 2; c = a * b; d = c * b; e = d + c", "a = 2; b = a * a; c = b * b; d = c * b",
        "a = 3; b = 2; c = 5; d = a - b; e = d * c; f = e * d", "a = 2; b = a ** 2; c = a * b; d = a * c; e = b - d",
        "a = 2; b = 3; c = a + b; d = c * c; e = d - a; f = e * c", "a = 2; b = a + a; c = b + b; d = c + c; e = d + d",
        "a = 3; b = 2; c = a * b; d = c - a; e = d * c; f = e - c; g = f * d",
        "a = 2; b = 5; c = a - b; d = c ** 2; e = d * b; f = a * e; g = f - d",
        "a = 2; b = 3; c = a * b; d = a - b; e = c * d; f = e ** 2; g = c - f; h = g * d",
    ]  # fmt: skip
    return [{"root": Program(text)} for text in texts]


def _called(function, case):
    """Build the tape, have the function walk it, and return what it left in ``grad``: nothing at all if it touched none."""
    nodes = case["root"].run()
    *_, root = nodes.values()
    function(root)
    return {name: node.grad for name, node in nodes.items()} if any(node.grad != 0 for node in nodes.values()) else None


def _in_order(root: Scalar) -> list[Scalar]:
    """The tape below ``root``, each Scalar behind all of its inputs."""
    order: list[Scalar] = []

    def visit(node):
        if node not in order:
            for other in node.inputs:
                visit(other)
            order.append(node)

    visit(root)
    return order


def _pass_on(node: Scalar) -> None:
    for other, slope in zip(node.inputs, node.slopes, strict=True):
        other.grad += slope * node.grad


def _walk(root: Scalar, pass_on=_pass_on, start: float = 1.0, order: int = -1) -> None:
    """The solution, and with other arguments many ways to miss it."""
    root.grad = start
    for node in _in_order(root)[::order]:
        pass_on(node)


def _walked(pass_on):
    return functools.partial(_walk, pass_on=pass_on)


def _depth_first(root):
    root.grad = 1.0

    def visit(node):
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            other.grad += slope * node.grad
            visit(other)

    visit(root)


def _breadth_first(root, once: bool):
    root.grad = 1.0
    queue, seen = [root], []
    while queue:
        node = queue.pop(0)
        if once and node in seen:
            continue
        seen.append(node)
        _pass_on(node)
        queue.extend(node.inputs)


def _assign(node):
    for other, slope in zip(node.inputs, node.slopes, strict=True):
        other.grad = slope * node.grad


def _add_twice(node):
    _pass_on(node)
    _pass_on(node)


def _with_slopes(slopes_of):
    """``_pass_on`` with other slopes: slopes_of(node)."""

    def pass_on(node):
        for other, slope in zip(node.inputs, slopes_of(node), strict=True):
            other.grad += slope * node.grad

    return pass_on


def _first_input_only(node):
    for other, slope in list(zip(node.inputs, node.slopes, strict=True))[:1]:
        other.grad += slope * node.grad


def _distinct_inputs(node):
    for other, slope in dict(zip(node.inputs, node.slopes, strict=True)).items():
        other.grad += slope * node.grad


def _without_gradient(node):
    for other, slope in zip(node.inputs, node.slopes, strict=True):
        other.grad += slope


BACKWARD = Exercise(
    "backward",
    _walk,
    _programs,
    call=_called,
    nothing="every grad is still 0.0. If the function is written: all gradients are multiples of the root's own. What is that?",
    mistakes=(
        Mistake(
            "a node passes on before all has arrived (depth first)",
            "The walk follows each edge at once, and a node that is reached twice passes its first share on twice. When "
            "may a node pass its gradient on? Follow b = a + a; c = b + b by hand.",
            _depth_first,
        ),
        Mistake(
            "a node passes on each time it is reached (breadth first)",
            "A node that is reached twice stands in the queue twice, and passes all of its gradient on both times.",
            functools.partial(_breadth_first, once=False),
        ),
        Mistake(
            "a node passes on when it is first reached",
            "Each node is visited once, but maybe too early: another user of it may come later. In which order must they come?",
            functools.partial(_breadth_first, once=True),
        ),
        Mistake(
            "= instead of +=",
            "The last user of a node overwrites what the others left. Try b = a + a.",
            _walked(_assign),
        ),
        Mistake(
            "starts from the root's value",
            "The walk starts with the root's value. What is the derivative of the root with respect to itself?",
            lambda root: _walk(root, start=root.value),
        ),
        Mistake(
            "slopes ignored",
            "A node's gradient goes to its inputs as it is. The chain rule has another factor.",
            _walked(_with_slopes(lambda node: [1.0] * len(node.inputs))),
        ),
        Mistake(
            "gradient ignored",
            "Each input gets the slope alone. The chain rule has another factor: what arrived at the node itself.",
            _walked(_without_gradient),
        ),
        Mistake(
            "slopes exchanged",
            "The slope of the first input goes to the second one and the other way round. Try c = a * b.",
            _walked(_with_slopes(lambda node: node.slopes[::-1])),
        ),
        Mistake(
            "one slope for all inputs",
            "All inputs get the slope of the first one. Try c = a - b.",
            _walked(_with_slopes(lambda node: node.slopes[:1] * len(node.inputs))),
        ),
        Mistake(
            "values instead of slopes",
            "The gradient is multiplied by the input's value. What does the tape keep for each input, beside the input itself?",
            _walked(_with_slopes(lambda node: [other.value for other in node.inputs])),
        ),
        Mistake(
            "only the first input",
            "A node's second input gets nothing. Try c = a * b.",
            _walked(_first_input_only),
        ),
        Mistake(
            "equal inputs counted once",
            "A node that uses the same input twice passes on a single share. Does a set or a dict hold the inputs?",
            _walked(_distinct_inputs),
        ),
        Mistake(
            "only the root's own inputs",
            "What they were computed from gets nothing. Either the walk ends after one step, or the nodes come in the order in "
            "which they were computed: then nothing has arrived yet when they pass on.",
            functools.partial(_walk, order=1),
        ),
        Mistake(
            "passed on twice",
            "Each node passes its gradient on twice: one call too many?",
            _walked(_add_twice),
        ),
    ),
)


def check_backward(function) -> Report:
    """Check f(root), which walks a tape of ``course.Scalar`` and leaves d root / d node in every node's ``grad``.

    It returns nothing. Each Scalar has value, inputs, slopes and grad (0.0 at first).

    >>> check_backward(lambda root: setattr(root, "grad", 1.0)).failed
    19
    """
    return check(BACKWARD, function)

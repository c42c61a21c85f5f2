"""An exercise on automatic differentiation: walking a tape backward."""

import numbers
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise
from minimix.course.checking.outcome import Malformed, close, kind_of
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_data
from minimix.course.exercises.features import Condition, features
from minimix.course.exercises.mistakes_backward import MISTAKES
from minimix.course.ways import calculus


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

    before: a name from which the tape is walked first; then every grad is set to 0.0 again.

    >>> names = Program("a = 2; b = a + a").run()
    >>> names["b"]
    Scalar(4, grad=0)
    """

    text: str
    before: str = ""

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
        before = f" after a walk from {self.before} of the same tape, every grad set to 0.0 again" if self.before else ""
        return f"[{self.text}]{before}"


def _programs(rng):
    texts = [
        "a = 3; b = a ** 2", "a = 3; b = a + a", "a = 3", "a = 3; b = 5", "a = 3; b = a * a", "a = 3; b = 5; c = a * b",
        "a = 3; b = 5; c = a - b", "a = 3; b = 5; c = 7; d = a * c", "a = 3; b = a ** 2; c = b ** 2",
        "a = 3; b = a + a; c = b + b", "a = 3; b = 2; c = a * b; d = c * a", "a = 3; b = 2; c = a * b; d = a - c",
        "a = 3; b = 2; c = a * b; d = c * b; e = d + c", "a = 2; b = a * a; c = b * b; d = c * b",
        "a = 2; c = a * a; d = c * c; e = c - d; f = e + a", "a = 3; b = 1; c = 5; d = a - b; e = d * c; f = e * d",
        "a = 2; b = a ** 2; c = a * b; d = a * c; e = b - d", "a = 2; b = 3; c = a + b; d = c * c; e = d - a; f = e * c",
        "a = 2; b = a + a; c = b + b; d = c + c; e = d + d", "a = 4; b = 3; c = a * b; d = c - a; e = d * c; f = e - c; g = f "
        "* d",
        "a = 2; b = 5; c = a - b; d = c ** 2; e = d * b; f = a * e; g = f - d",
        "a = 2; b = 3; c = a * b; d = a - b; e = c * d; f = e ** 2; g = c - f; h = g * d",
        "a = 3; b = a * a; c = b - b; d = c - a", "a = 2; b = 3; c = a * b; d = c - a; e = d * b; f = c * c; g = f - e",
        "a = 2; b = 7; c = a * b; d = c - a; e = d * b; f = c + c; g = e - f",
        "a = 5; b = 3; c = a - b; d = c * a; e = d * b; f = e - c; g = c * c; h = g * f",
        "a = 5; b = a * a; c = b - b; d = c - b",
    ]  # fmt: skip
    drawn = sorted((_drawn(rng, 4 + number // 5) for number in range(30)), key=lambda text: text.count(";"))
    wide = [text for text in map("; ".join, drawn_data.tapes(rng, 60)) if _exact(text)]
    special = sorted((text for text in _with_special_slopes(rng) if _exact(text)), key=len)
    once = [Program(text) for text in [*texts, *special, *drawn, *map(_chain, (13, 25, 31, 60)), *sorted(wide, key=len)]]
    twice = [Program(text, name) for text in (*texts[:22:2], *drawn[::4]) for name in _computed(text)[:2]]
    twice += [Program(text, _computed(text)[-1]) for text in texts[5:18]]
    return [{"root": program} for program in [*once, *twice]]


def _computed(text: str) -> list[str]:
    """Names of what is computed in a program."""
    return [name for name, number in Program(text).run().items() if number.inputs]


def _with_special_slopes(rng) -> Iterator[str]:
    """Short programs of numbers that make slopes of 0, 1, -1 and 2, of products and of differences that cancel."""
    yield from ("a = 0; b = 3; c = a * b; d = c + b", "a = 0; b = 3; c = b ** 2; d = a * c; e = d + c", "a = 0; b = a ** 2",
                "a = 5; b = a - a; c = b * a; d = c + b", "a = 0; b = 2; c = a + a; d = c * b; e = d - b")  # fmt: skip
    for number in range(30):
        values = rng.choice([0, 0, 1, -1, 2, -2, 0.5, 40], int(rng.integers(1, 4)))
        names = [chr(ord("a") + i) for i in range(len(values) + 3 + number // 10)]
        lines = [f"{name} = {value:g}" for name, value in zip(names, values, strict=False)]
        for i in range(len(values), len(names)):
            left, right = (names[max(0, i - 1 - int(rng.integers(0, 4)))] for _ in range(2))
            operation = rng.choice(["+", "-", "*", "*", "square"])
            lines.append(f"{names[i]} = {left} ** 2" if operation == "square" else f"{names[i]} = {left} {operation} {right}")
        yield "; ".join(lines)


def _exact(text: str) -> bool:
    """Whether floats hold all numbers and gradients exactly, whatever they are added up in, and there are few ways to walk."""
    nodes = list(Program(text).run().values())
    if max(abs(node.value) for node in nodes) > 1e9:
        return False
    _walk(nodes[-1])
    ways: dict[Scalar, int] = {}
    for node in nodes:
        ways[node] = 1 + sum(ways[other] for other in node.inputs)
    numbers = [number for node in nodes for number in (node.value, node.grad)]
    return ways[nodes[-1]] < 1000 and all(abs(number) < 2**14 and number * 2**10 % 1 == 0 for number in numbers)


def _chain(steps: int) -> str:
    """A tape whose numbers lie far from the root."""
    lines = [f"x{i + 1} = x{i} {'- b' if i % 3 == 1 else '+ a'}" for i in range(steps)]
    return "; ".join(["a = 2.03", "b = 3.17", "x0 = a * b", *lines])


def _drawn(rng, steps: int) -> str:
    """A tape of so many steps: what came last is used more often, some numbers not at all, and none becomes large."""
    while True:
        given = int(rng.integers(1, 4))
        names = [chr(ord("a") + i) for i in range(given + steps)]
        lines = [
            f"{name} = {value}" for name, value in zip(names, rng.choice([-3, -2, -1.5, 0.5, 2, 3, 5], given), strict=False)
        ]
        for i in range(given, given + steps):
            left, right = (names[int(i * rng.random() ** 0.6)] for _ in range(2))
            right = left if rng.random() < 0.2 else right
            op = rng.choice(["+", "-", "*", "*", "square"])
            lines.append(f"{names[i]} = {left} ** 2" if op == "square" else f"{names[i]} = {left} {op} {right}")
        text = "; ".join(lines)
        values = [abs(node.value) for node in Program(text).run().values()]
        if max(values) < 1000 and min(values) > 0.2 and len(set(values)) == len(values):
            return text


def _called(function, case):
    """Build the tape, have the function walk it, and return what it left in ``grad``: nothing at all if it touched none."""
    nodes = case["root"].run()
    *_, root = nodes.values()
    written = False
    if before := case["root"].before:
        function(nodes[before])
        written = any(node.grad != 0 for node in nodes.values())
        for node in nodes.values():
            node.grad = 0.0
    result = function(root)
    found = {name: node.grad for name, node in nodes.items()}
    if result is not None and result is not Ellipsis:
        again = case["root"].run()
        _walk(list(again.values())[-1])
        if all(close(np.array(found[name]), np.array(node.grad)) for name, node in again.items()):
            raise Malformed(
                f"{kind_of(result)}; expected nothing: the gradients are to be left in grad, and there they are right"
            )
    if written or any(grad != 0 for grad in found.values()) or _touches(function, root):
        return {name: _Left(node) if isinstance(node.grad, numbers.Number) else node.grad for name, node in nodes.items()}
    return None


class _Left:
    """A number's grad as it is when it is looked at: a later walk over another tape must leave it as it is."""

    def __init__(self, node: Scalar):
        self._node = node

    def __array__(self, dtype=None, copy=None):
        return np.array(self._node.grad, dtype)


def _touches(function, root: Scalar) -> bool:
    """Whether the function is written at all, where it left a root that was given as it is."""
    if root.inputs:
        return False
    other = Scalar(2.0).squared()
    function(other)
    return other.grad != 0


def _in_order(root: Scalar) -> list[Scalar]:
    """The tape below ``root``, each Scalar behind all of its inputs."""
    order: dict[Scalar, None] = {}

    def visit(node):
        if node not in order:
            for other in node.inputs:
                visit(other)
            order[node] = None

    visit(root)
    return list(order)


def _pass_on(node: Scalar) -> None:
    for other, slope in zip(node.inputs, node.slopes, strict=True):
        other.grad += slope * node.grad


def _walk(root: Scalar) -> None:
    root.grad = 1.0
    for node in _in_order(root)[::-1]:
        _pass_on(node)


def _properties(case) -> dict:
    nodes = case["root"].run()
    *_, root = nodes.values()
    below = _in_order(root)
    uses = [other for node in below for other in node.inputs]
    return {
        "below": below,
        "again": any(uses.count(node) > 1 for node in below),
        "twice": any(len(set(node.inputs)) < len(node.inputs) for node in below),
        "square": any(len(node.inputs) == 1 for node in below),
        "unused": len(below) < len(nodes),
    }


CONDITIONS = (
    Condition(
        "the tape was walked before, from the same number or another one, and every grad set to 0.0 again",
        "the tape was not walked before",
        lambda case: bool(case["root"].before),
    ),
    Condition("the root is a given number", "the root was computed", lambda case: len(_properties(case)["below"]) == 1),
    Condition("a number is used more than once", "each number is used once", lambda case: _properties(case)["again"]),
    Condition(
        "a step uses the same number twice", "no step uses the same number twice", lambda case: _properties(case)["twice"]
    ),
    Condition(
        "there is a step with one input (a square)", "all steps have two inputs", lambda case: _properties(case)["square"]
    ),
    Condition(
        "a number is not used for the root", "all numbers are used for the root", lambda case: _properties(case)["unused"]
    ),
    Condition("the tape has more than ten numbers", "the tape has ten numbers or fewer", lambda case: len(case["root"]) > 10),
    Condition(
        "the tape has more than twenty numbers", "the tape has twenty numbers or fewer", lambda case: len(case["root"]) > 20
    ),
)


BACKWARD = Exercise(
    "backward",
    _walk,
    _programs,
    call=_called,
    nothing="every grad is still 0.0. If the function is written: all gradients are multiples of the root's own. What is that?",
    features=features(*CONDITIONS),
    mistakes=MISTAKES,
    ways=(
        calculus.backward_sorted,
        calculus.backward_paths,
    ),
)


def check_backward(function) -> Report:
    """Check f(root), which walks a tape of ``course.Scalar`` and leaves d root / d node in every node's ``grad``.

    It returns nothing. Each Scalar has value, inputs, slopes and grad (0.0 at first). The root may be a number that was given;
    its own grad is 1. A number may be used several times, and twice in one step. What was not used for the root keeps grad 0.
    The same tape may be walked again, from this number or another one, once every grad is 0.0 again.

    >>> check_backward(lambda root: setattr(root, "grad", 1.0)).mistake
    'nothing arrives below the root'
    """
    return check(BACKWARD, function)

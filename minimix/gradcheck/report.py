"""What a check found, in numbers and in words."""

from dataclasses import dataclass, field

from minimix.gradcheck.causes import Cause

SPOILED = Cause("what is said above: it changes these numbers, so that no other cause can be told from them")


@dataclass
class InputReport:
    """The comparison for one input.

    cause: why it is wrong; ``SPOILED`` where a broken rule changes the numbers, so that they tell nothing.
    checked, wrong: how many derivatives were compared, and how many of them were too far off. In full mode these are entries
        of the Jacobian, else entries of the input (for the gradient of a randomly weighted sum of the outputs) and projections.
    index: the worst entry of the input; ``output_index`` the entry of the output (number of the output, index), in full mode.
    """

    name: str
    shape: tuple
    checked: int = 0
    wrong: int = 0
    index: tuple | None = None
    output_index: tuple | None = None
    numerical: float = 0.0
    analytical: float = 0.0
    error: float = 0.0
    cause: Cause | None = None

    @property
    def ok(self) -> bool:
        """Whether no entry is wrong."""
        return self.wrong == 0

    @property
    def ratio(self) -> float:
        """analytical / numerical."""
        if self.numerical == 0:
            return float("nan") if self.analytical == 0 else float("inf")
        return self.analytical / self.numerical

    def __str__(self) -> str:
        head = f"{self.name} {self.shape}: "
        if self.ok:
            return head + f"right ({self.checked} compared, largest error {self.error:.2g})"
        place = "" if self.index is None else f" at {self.index}"
        if self.output_index is not None:
            number, index = self.output_index
            place += f" for output{'' if number == 0 else f' {number}'} {index}"
        lines = [
            head + f"{self.wrong} of {self.checked} compared are WRONG ({self.wrong / max(self.checked, 1):.2%})",
            f"    worst{place}: numerical {self.numerical:.9g}, analytical {self.analytical:.9g}, "
            f"ratio {self.ratio:.6g}, error {self.error:.3g}",
        ]
        if self.cause:
            lines.append(f"    likely cause: {self.cause}")
        return "\n".join(lines)


@dataclass
class Report:
    """The whole check. ``problems`` are rules that were broken whatever the numbers are (see ``manners.py``)."""

    mode: str
    eps: float
    atol: float
    rtol: float
    seed: int
    inputs: list[InputReport] = field(default_factory=list)
    problems: list[Cause] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no input has a wrong entry, and nothing else is wrong."""
        return not self.problems and all(row.ok for row in self.inputs)

    @property
    def checked(self) -> int:
        """How many entries were compared, of all inputs."""
        return sum(row.checked for row in self.inputs)

    @property
    def max_error(self) -> float:
        """The largest error of any input."""
        return max((row.error for row in self.inputs), default=0.0)

    @property
    def causes(self) -> list[Cause]:
        """Everything that is said to be wrong: sentences, whose ``claims`` say it in words of ``CAUSES``.

        The broken rules first, then one for each input whose derivatives are wrong, but for those that a rule SPOILED."""
        return self.problems + [row.cause for row in self.inputs if row.cause is not None and row.cause is not SPOILED]

    def __str__(self) -> str:
        lines = [
            f"gradcheck {'passed' if self.ok else 'FAILED'} (mode={self.mode!r}, eps={self.eps:g}, atol={self.atol:g}, "
            f"rtol={self.rtol:g}, seed={self.seed})"
        ]
        lines += [f"  {problem}" for problem in self.problems]
        lines += [f"  {row}".replace("\n", "\n  ") for row in self.inputs]
        if not self.ok:
            lines.append(f"  repeat with seed={self.seed}")
        return "\n".join(lines)


class GradcheckError(AssertionError, RuntimeError):
    """Raised by ``gradcheck`` where a gradient is wrong. ``report`` says what is wrong, where, and perhaps why."""

    def __init__(self, report: Report):
        super().__init__(str(report))
        self.report = report

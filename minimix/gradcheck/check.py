"""``gradcheck``: compare what backward says with what the function does."""

import time

import numpy as np

from minimix.gradcheck import compare, diagnosis, manners
from minimix.gradcheck.causes import Cause
from minimix.gradcheck.evidence import fastest, gather, kinked
from minimix.gradcheck.numerical import CentralDifferences, ComplexStep, ComplexWarning
from minimix.gradcheck.probe import Probe, Tape, index_of
from minimix.gradcheck.report import SPOILED, GradcheckError, InputReport, Report
from minimix.gradcheck.spy import peak
from minimix.tensor import Tensor, enable_grad

MODES = ("full", "random", "complex")
LARGEST_JACOBIAN = 20_000_000  # entries; there are two of them, 8 bytes an entry
ATOL, RTOL = 1e-5, 1e-3  # by default; torch's
EXACT = 1e-12  # rounding errors of backward, relative to the largest number in it
ENTRY_BY_ENTRY = 1024  # complex mode tries every entry of an input up to this size
SAMPLED = 24  # entries of an input that are tried one by one where there are too many to try all
ROUNDING = 5e-3  # what float16 inside may do to a gradient, relative to its largest number
DIAGNOSIS_SECONDS = 20.0


def gradcheck(
    func,
    inputs,
    *,
    eps: float = 1e-6,
    atol: float = ATOL,
    rtol: float = RTOL,
    raise_exception: bool = True,
    mode: str = "full",
    seed: int | None = None,
    verbose: bool | None = None,
) -> bool:
    """Whether the backward pass of ``func`` gives the derivatives of its forward pass, at the point ``inputs``.

    func: takes the inputs, returns a Tensor or a tuple of Tensors. Outputs that are not differentiable (integers, arrays) are
        ignored.
    inputs: a Tensor or a sequence; those float64 Tensors that require gradients are checked. None of them is changed.
    eps: step of the central differences. atol, rtol: right is ``|analytical - numerical| <= atol + rtol |numerical|``.
    raise_exception: raise GradcheckError, whose ``.report`` names the worst entry and a likely cause; else return False.
    mode: "full" compares every entry of the Jacobian (one backward an output entry, two forwards an input entry): for small
        things. With the default tolerances, a random projection is held to a thousandth of them on top: what is off by less
        than ``rtol`` in every entry, but always the same way (a forgotten eps), is wrong.
        "random" compares random projections u'Jv, and some entries of u'J: for things of any size.
        "complex" compares u'J, for random u, with the complex step: exact to rounding, for functions that take complex
        arrays and are analytic (no abs, no conj; branches on the real part). Large inputs are checked in projections.
        The last two are stricter than ``atol`` and ``rtol`` say: a thousand and a million times (see ``compare.py``).
    seed: of the cotangents and directions; drawn where None, and printed in random mode. Every report names it.
    verbose: True prints the report, False nothing, None the seed of a random check.

    Besides the numbers, it checks that backward twice gives the same, and that it is linear in the gradient it is given; that
    nothing handed in or saved is changed or returned; shapes and dtypes; and that strides and memory order make no difference.

    Raises ValueError or TypeError where nothing can be checked: float32 inputs, no input that requires gradients, a Jacobian
    too large, a function that is not analytic in complex mode.

    >>> import numpy as np
    >>> from minimix import Tensor, gradcheck
    >>> x = Tensor(np.array([0.3, -1.2, 2.0]), requires_grad=True)
    >>> gradcheck(lambda x: x * x, x)
    True

    An op of your own, with a backward pass that forgets the inner derivative:

    >>> import minimix as mm
    >>> op = mm.Op("sin2", lambda x: (np.sin(2 * x), x), lambda gradient, x: (gradient * np.cos(2 * x),))
    >>> gradcheck(lambda x: mm.apply(op, x), x, raise_exception=False)
    False
    """
    report = examine(func, inputs, eps=eps, atol=atol, rtol=rtol, mode=mode, seed=seed)
    if verbose:
        print(report)
    elif verbose is None and mode == "random" and seed is None:
        print(f"gradcheck: mode='random', seed={report.seed}")
    if raise_exception and not report.ok:
        raise GradcheckError(report)
    return report.ok


def examine(
    func,
    inputs,
    *,
    eps: float = 1e-6,
    atol: float = ATOL,
    rtol: float = RTOL,
    mode: str = "full",
    seed: int | None = None,
    names=None,
) -> Report:
    """As ``gradcheck``, but gives the Report, right or wrong. ``names``: how to call the inputs."""
    if mode not in MODES:
        raise ValueError(f"gradcheck: mode must be one of {', '.join(map(repr, MODES))}, not {mode!r}")
    if not eps > 0:
        raise ValueError(f"gradcheck: eps must be positive, not {eps}")
    probe = Probe(func, inputs, names)
    _refuse_inputs(probe)
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
    rng = np.random.default_rng(seed)
    report = Report(mode, eps, atol, rtol, seed)
    with enable_grad(), np.errstate(all="ignore"):
        findings = manners.inspect(probe, rng)
        report.problems = findings.problems
        if findings.sensible:
            try:
                _Check(probe, report, rng, findings).run()
            except Exception as error:
                if not report.problems:
                    raise
                said = str(error) if isinstance(error, Refusal) else f"{type(error).__name__}: {error}"
                report.problems.append(Cause(f"and so nothing was compared: {said}"))
    return report


def _refuse_inputs(probe: Probe) -> None:
    if not probe.checked:
        raise ValueError("gradcheck: no input requires gradients: make at least one Tensor(..., requires_grad=True)")
    for k in probe.checked:
        name, dtype = probe.names[k], probe.points[k].dtype
        if dtype.kind == "c":
            raise TypeError(f"gradcheck: {name} is {dtype}: give the real point; mode='complex' makes its own complex steps")
        if dtype != np.float64:
            raise TypeError(
                f"gradcheck: {name} is {dtype}, but must be float64. {dtype} rounds values to "
                f"about {np.finfo(dtype).eps:.0e} of their size, and dividing a difference by 2 eps = 2e-06 makes that an "
                "error of several per cent: right and wrong gradients look alike. Use float64 arrays, and module.double()"
            )


class Refusal(ValueError):
    """The check asked for cannot be done on this function; the message says why, and what can."""


class _Check:
    """The comparison of one mode, with what it needs to know."""

    def __init__(self, probe: Probe, report: Report, rng: np.random.Generator, findings: manners.Findings):
        self.probe, self.report, self.rng = probe, report, rng
        self.tolerance = compare.Tolerance(report.atol, report.rtol)
        self.findings, self.peak = findings, findings.peak
        start = time.perf_counter()
        self.values = probe.values(probe.dense())
        self.seconds = time.perf_counter() - start  # of one forward pass
        self.exact = report.mode == "complex"
        self.differences = ComplexStep(probe) if self.exact else CentralDifferences(probe, report.eps)

    def run(self) -> None:
        probe, report = self.probe, self.report
        report.inputs = [InputReport(probe.names[k], probe.points[k].shape) for k in probe.checked]
        with probe.record(probe.strided()) as tape:
            if report.mode == "full":
                self._refuse_size(tape)
            cotangents = self.rng.standard_normal((compare.ROUNDS, tape.size))
            gradients = [np.stack(g) for g in zip(*(tape.pull(u) for u in cotangents), strict=True)]
            if self.exact:
                self._refuse_unanalytic(gradients, cotangents)
            jacobians = [None] * len(report.inputs)
            if report.mode == "full":
                jacobians = compare.full(probe, tape, self.differences, self.tolerance, report.inputs)
                if (report.atol, report.rtol) == (ATOL, RTOL):  # whoever asks for other tolerances gets just these
                    for k, row, g in zip(probe.checked, report.inputs, gradients, strict=True):
                        if row.ok and g[0].size:
                            self._project_once(k, row, g, cotangents)
            else:
                for k, row, g in zip(probe.checked, report.inputs, gradients, strict=True):
                    self._project(k, row, g, cotangents)
            for k, row, g, jacobian in zip(probe.checked, report.inputs, gradients, jacobians, strict=True):
                said = self.findings.spoils or (self.findings.rounds and row.error <= ROUNDING * peak(g))
                if not row.ok and said:
                    row.cause = SPOILED
                elif not row.ok:
                    self._explain(k, row, g, cotangents, tape, jacobian)

    def _refuse_size(self, tape: Tape) -> None:
        size = tape.size * sum(self.probe.points[k].size for k in self.probe.checked)
        if size > LARGEST_JACOBIAN:
            raise Refusal(
                f"gradcheck: the Jacobian has {size:,} entries ({tape.size:,} outputs), more than {LARGEST_JACOBIAN:,}: "
                "use mode='random', or smaller inputs"
            )

    def _strict(self, numerical: np.ndarray, rounding: float = 0.0) -> np.ndarray:
        """What an entry of u'J may be off in a strict comparison."""
        if self.exact:
            size = np.max(np.abs(numerical), initial=0) * np.ones_like(numerical)
            return self.tolerance.scaled(1e-6).entries(size) + EXACT * self.peak
        loose = self.tolerance.entries(numerical)
        return 1e-3 * loose + np.minimum(rounding, loose)

    def _project(self, k: int, row: InputReport, gradients, cotangents) -> None:
        size = self.probe.points[k].size
        everything = self.exact and size <= ENTRY_BY_ENTRY
        count = size if everything else min(size, SAMPLED)
        positions = np.arange(size) if everything else self.rng.choice(size, count, replace=False)
        allowed = self._strict if self.exact else self.tolerance.entries
        compare.entries(k, gradients, cotangents, self.differences, positions, allowed, row)
        if not everything:
            tolerance = self.tolerance.scaled(1e-6 if self.exact else 1e-3)
            tolerance.atol += EXACT * self.peak * np.sqrt(size)
            eps = None if self.exact else self.report.eps
            compare.projections(k, gradients, cotangents, self.differences, tolerance, self.values, eps, self.rng, row)

    def _project_once(self, k: int, row: InputReport, gradients, cotangents) -> None:
        """One strict projection: what is within ``rtol`` everywhere, but systematically wrong, is wrong."""
        tolerance, entries = self.tolerance.scaled(1e-3), row.checked
        tolerance.atol += EXACT * self.peak * np.sqrt(gradients[0].size)
        compare.projections(
            k, gradients[:1], cotangents[:1], self.differences, tolerance, self.values, self.report.eps, self.rng, row, rounds=1
        )
        if row.ok:
            row.checked = entries  # the Jacobian's

    def _refuse_unanalytic(self, gradients, cotangents) -> None:
        """The complex step is only as good as the function: hold it against central differences first."""
        central = CentralDifferences(self.probe, self.report.eps)
        for k in self.probe.checked:
            name, shape = self.probe.names[k], self.probe.points[k].shape
            if self.probe.points[k].size == 0:
                continue
            direction = self.rng.standard_normal(shape)
            hint = "Use mode='full' or mode='random'"
            _, direction = central.along(k, direction)  # as rounding leaves it
            try:
                exact, _ = self.differences.along(k, direction)
            except ComplexWarning:
                raise Refusal(
                    f"gradcheck: with a complex {name}, the function casts to real numbers and loses the derivative. {hint}"
                ) from None
            except (TypeError, ValueError, RuntimeError) as error:
                if self.probe.closure:  # Tensors that the function did not get as arguments
                    hint += "; if that comes from a layer's weights, gradcheck_module(layer, x, mode='complex') converts them"
                raise Refusal(f"gradcheck: the function does not take a complex {name} ({error}). {hint}") from error
            for shrink in compare.SHRINKS:
                column, moved = central.along(k, direction, shrink)
                if np.max(np.abs(moved - direction)) > 1e-6 * np.max(np.abs(direction)):
                    exact, _ = self.differences.along(k, moved)
                size = np.max(np.abs(column), initial=0)
                top = np.max(np.abs(self.values), initial=0)
                noise = compare.rounding(np.ones(1), top, self.report.eps / shrink) if shrink <= 64 else 0.0
                if not np.all(np.isfinite(column)) or np.all(np.abs(exact - column) <= 1e-4 * size + noise + 1e-8):
                    break
            else:
                raise Refusal(
                    f"gradcheck: the complex step and central differences disagree for {name}: the function is "
                    "not analytic there ("
                    f"abs, conj, a norm, a comparison of complex numbers, or a kink). {hint}"
                )

    def _explain(self, k: int, row: InputReport, gradients, cotangents, tape: Tape, jacobian) -> None:
        """Name the worst entry, and guess at the cause, from the whole gradient of u . f for several u."""
        point = self.probe.points[k]
        self.seconds = min(self.seconds, fastest(lambda: self.probe.values(self.probe.dense())))
        slow = jacobian is None and 3 * point.size * self.seconds > DIAGNOSIS_SECONDS
        if slow or point.size * tape.size > LARGEST_JACOBIAN:
            self._explain_large(k, row, gradients, cotangents)
            return
        if jacobian is None:
            jacobian = np.stack([self.differences.entry(k, position) for position in range(point.size)])
        full = self.report.mode == "full" and row.index is not None
        noise = 0.0 if self.exact else compare.rounding(cotangents[0], self.values, self.report.eps)
        allowed = self.tolerance.entries if full else lambda n: self._strict(n, noise)
        evidence = gather(
            self.probe, k, tape, self.report.eps, self.values, cotangents, jacobian.T, allowed, self.seconds, not self.exact
        )
        if self.exact:
            evidence.noise = 0.0
        if gradients.shape[1:] == point.shape:
            if not full:
                self._recount(row, gradients[0], cotangents[0] @ jacobian.T, noise)
            if not evidence.wrong.any():
                row.cause = Cause(
                    "no single derivative is far off, but their sums are: small errors in many, or a function that is noisy"
                )
                return
        rough = None if self.exact else self.differences.noise(k, np.ones(point.shape))
        if rough is not None and (jumps := self._jumps(rough)):
            row.cause = Cause(
                f"the forward pass rounds inside (float32?): along a line its results jump by about {jumps:.0e} of their "
                "size, too much for differences",
                *("forward precision", "precision"),
            )
            return
        with np.errstate(all="ignore"):
            told = np.all(np.isfinite(evidence.analytical))  # else that is what matters, kink or not
            kinks = kinked(evidence, rough) if told and rough is not None else ""
        row.cause = diagnosis.diagnose(evidence) if evidence.wrong.any() else None
        if row.cause is None:
            row.cause = Cause(kinks, "kink")
        elif kinks:
            row.cause = Cause(f"{row.cause}. Besides, {kinks}", *row.cause.claims)

    def _jumps(self, noise: np.ndarray) -> float:
        """By how much most outputs jump about where they should be smooth, relative to their size; 0 for ordinary rounding."""
        moved = noise[(self.values != 0) & (noise > 0)] / np.abs(self.values[(self.values != 0) & (noise > 0)])
        typical = float(np.median(moved)) if moved.size > max(2, 0.3 * noise.size) else 0.0
        return typical if 1e-10 < typical < 1e-2 else 0.0

    def _recount(self, row: InputReport, gradient, numerical, noise: float) -> None:
        """Count the wrong entries of the gradient of one u . f, in place of those that were sampled."""
        numerical = numerical.reshape(gradient.shape)
        counted = InputReport(row.name, row.shape)
        top = compare.worst(counted, numerical, gradient, self._strict(numerical, noise))
        if top is None:
            return
        row.checked, row.wrong, row.error = counted.checked, counted.wrong, counted.error
        row.numerical, row.analytical = counted.numerical, counted.analytical
        row.index = index_of(top, row.shape)

    def _explain_large(self, k: int, row: InputReport, gradients, cotangents) -> None:
        """Too many entries to differentiate each: find one that is wrong, and look for a ratio common to all projections."""
        u, gradient = cotangents[0], gradients[0]
        position = compare.locate(k, gradient, u, self.differences, self.rng)
        row.numerical = float(u @ self.differences.entry(k, position))
        row.analytical = float(gradient.reshape(-1)[position])
        row.error, row.index = abs(row.analytical - row.numerical), index_of(position, row.shape)
        ratios = []
        for _ in range(compare.ROUNDS):
            column, moved = self.differences.along(k, self.rng.standard_normal(row.shape))
            ratios += [float(np.vdot(g, moved)) / (w @ column) for g, w in zip(gradients, cotangents, strict=True)]
        if not np.any(gradients):
            row.cause = Cause("zero everywhere: no gradient arrives (detached, None, or forgotten in backward)", "zero")
        elif np.ptp(ratios) < 1e-4 * abs(np.mean(ratios)):
            mean = float(np.mean(ratios))
            row.cause = (
                Cause("sign flipped", "sign")
                if abs(mean + 1) < 1e-4
                else Cause(f"constant ratio: analytical is {mean:.6g} times numerical everywhere", "factor")
            )
        else:
            row.cause = Cause(
                "the input is too large for a full diagnosis; check a smaller one to have the pattern of the error named"
            )


def as_tensor(x) -> Tensor:
    """A Tensor to check: floating-point data gets a gradient."""
    data = x.data if isinstance(x, Tensor) else np.asarray(x)
    return Tensor(data, requires_grad=data.dtype.kind == "f")

"""Checking gradients against the function itself: ``gradcheck(func, inputs)``, ``gradcheck_module(layer, x)``.

``examine`` gives what was found as a Report instead of raising.

probe       calls the function under test at any point, touching nothing that the caller owns
numerical   central differences and the complex step
manners     rules that any backward pass keeps
spy         what one op's backward changes, and whose memory it returns
linearity   whether it is linear in the gradient it is given, and what it does to it otherwise
chance      why two passes differ
layouts     whether results depend on the order of memory
compare     numerical against analytical, entry by entry or in projections; the tolerances
evidence, diagnosis, causes   why a gradient is wrong
check       gradcheck itself
report      what it found, as an object and as text
modules     the same for layers and their parameters
suite, cases, cases_images   a table of many checks, for ``minimix gradcheck``
"""

from minimix.gradcheck import cases, cases_images, suite  # noqa: F401 (for the last line)
from minimix.gradcheck.causes import CAUSES, Cause
from minimix.gradcheck.check import examine, gradcheck
from minimix.gradcheck.modules import gradcheck_module
from minimix.gradcheck.report import GradcheckError, InputReport, Report

__all__ = ["CAUSES", "Cause", "GradcheckError", "InputReport", "Report", "examine", "gradcheck", "gradcheck_module"]

# `minimix.gradcheck` is the function: `import minimix as mm; mm.gradcheck(...)`. This package's names hang on it too, so that
# `import minimix.gradcheck as g`, which gives the function, finds `g.examine`, and `import minimix.gradcheck.suite as s` works.
vars(gradcheck).update({name: value for name, value in list(globals().items()) if not name.startswith("__")})

"""Checking gradients against the function itself.

probe       calls the function under test at any point, touching nothing that the caller owns
numerical   central differences and the complex step
manners     rules that any backward pass keeps
compare     numerical against analytical, entry by entry or in projections; the tolerances
evidence, diagnose   why a gradient is wrong
check       gradcheck itself
report      what it found, as an object and as text
modules     the same for layers and their parameters
suite, cases, cases_images   a table of many checks, for ``minimix gradcheck``
"""

from minimix.gradcheck.check import examine, gradcheck
from minimix.gradcheck.modules import gradcheck_module
from minimix.gradcheck.report import GradcheckError, InputReport, Report

__all__ = ["GradcheckError", "InputReport", "Report", "examine", "gradcheck", "gradcheck_module"]

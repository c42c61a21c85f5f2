"""What the notebooks need beside figures: exercises that are checked, questions to guess at, figures with sliders.

exercises    what the learner writes: a file for each subject, in the course's order
ways         plain ways to write them, in which slips are made
checking     how it is checked, and what a wrong function is told
questions    what the learner guesses before a cell is run
display      tables, sliders, pictures of what failed
measuring    how fast the reader's machine is
"""

from minimix.course import exercises
from minimix.course.checking.engine import CheckFailed, check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report
from minimix.course.display.caught import Caught, caught
from minimix.course.display.sliders import Interactive, interactive
from minimix.course.display.table import Table, table
from minimix.course.display.usual import usually
from minimix.course.exercises import *  # noqa: F403  all exercises and their checks
from minimix.course.measuring.machine import Ceilings, LayerTime, ceilings, layer_times
from minimix.course.measuring.timing import timed
from minimix.course.questions.prediction import Prediction, predict

__all__ = [
    "Caught", "Ceilings", "CheckFailed", "Exercise", "Interactive", "LayerTime", "Mistake", "Prediction", "Report", "Table",
    "caught", "ceilings", "check", "interactive", "layer_times", "predict", "table", "timed",
    "usually",
]  # fmt: skip
__all__ += exercises.__all__

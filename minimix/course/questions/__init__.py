"""Questions that are answered before a cell is run. A cell asks by name; the answers are here, out of sight.

lesson00 ... lesson14   the questions of each notebook; most answers are computed by the code that the notebook is about
question                what a question is: data
prediction              a question as it is asked: the box for a guess, two tries, the answer
judge                   what is said of a guess; arithmetic: what a learner types, as a number
"""

from minimix.course.questions import (
    lesson00,
    lesson01,
    lesson02,
    lesson03,
    lesson04,
    lesson05,
    lesson06,
    lesson07,
    lesson08,
    lesson09,
    lesson10,
    lesson11,
    lesson12,
    lesson13,
    lesson14,
)

LESSONS = (
    lesson00, lesson01, lesson02, lesson03, lesson04, lesson05, lesson06, lesson07, lesson08, lesson09, lesson10, lesson11,
    lesson12, lesson13, lesson14,
)  # fmt: skip
QUESTIONS = {question.name: question for lesson in LESSONS for question in lesson.QUESTIONS}

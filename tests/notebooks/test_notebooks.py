"""Every notebook of the course, solved, runs without an error or a warning; each has the form that all have.

A run takes from seconds to two minutes, in a process of its own. For one notebook:
pytest tests/notebooks -k 04_mixconv
"""

import pytest
from book import COURSE, PATHS, read
from form import problems

each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@each
def test_runs(path, runs):
    code, said = runs.result(path)
    assert code == 0, said


@each
def test_form(path):
    wrong = problems(path.stem, read(path), path.stat().st_size)
    assert not wrong, "\n".join(wrong)


def test_the_course_is_complete():
    assert [path.stem for path in PATHS] == sorted(COURSE)

"""The questions of the course: each is asked in its notebook, once, and its answer is right."""

import ast
import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest

from minimix import course, models
from minimix.course.questions import LESSONS, QUESTIONS
from minimix.course.questions.judge import spoken

NOTEBOOKS = sorted((Path(__file__).parents[3] / "notebooks").glob("*.ipynb"))
ANSWERS = {  # of all that are computed from nothing
    "00 weights of a mixed layer": 332, "00 accuracy of a guess": 10, "01 three output sizes": (32, 112, 2),
    "01 runs of the innermost line": 442_368, "01 entries of the view": 26 * 26 * 9 / (28 * 28),
    "02 fewer multiply-adds": 1 / (1 / 512 + 1 / 9), "02 share of the pointwise layers": 94.86, "02 half as wide": 3.804,
    "03 reach of a dilated kernel": 13, "03 field of three layers": (15, 4), "03 one 7x7 or three 3x3": 81,
    "03 pixels seen": 49, "03 largest field without holes": 27, "04 weights of the layer": 8 * (9 + 25 + 49 + 81),
    "04 shape with stride 2": (2, 32, 14, 14), "04 exponential groups": (16, 8, 4, 4),
    "04 share of weights kept": 100 * 328 / 648, "04 multiply-adds for each number": 27, "05 products with a zero": 53.41,
    "05 a smaller picture": 239_173_360 / 79_648_192, "05 PyTorch's counter": 478_346_720, "06 runs for a gradient": 404_008,
    "06 ways through thirty doublings": 1_073_741_824, "06 summed into a bias": 2048,
    "07 forward and backward together": 14_745_600, "07 shape of the matrix": (4, 8), "07 pixels without a gradient": 20,
    "07 summed into a weight": 256, "07 the best step": 8.733e-6, "07 batch norm of two values": 0, "07 taps of use": 25,
    "08 multiply-adds of the job": 25_690_112, "08 accesses with eight taps": 1.25, "09 loss of a fresh network": np.log(10),
    "09 least loss with smoothing": 0.50029, "10 cost of the mixed layer": 442_368, "11 the largest learning rate": 0.5,
    "12 claims seen by chance": 1, "12 five seeds in one direction": 0.03125,
    "12 taps beyond the edge": 100 - 100 * (62 / 104) ** 2, "13 networks to choose from": 390_625,
    "13 weights that a choice leaves": 7.438, "13 reward at twice the target": 0.9526,
    "14 what is trained": 256 * 5 + 5, "14 rate of the first layer": 0.1 * 0.75**9, "14 a box and its neighbour": 1 / 3,
    "14 anchors in all": 240, "14 code of a box": (2.5, 0, 0, 0), "14 boxes that stay": 2,
    "14 average precision of three": (51 + 50 * 2 / 3) / 101,
}  # fmt: skip


def cells() -> list[tuple[str, str]]:
    """(name of the question, code) of every cell that asks, in the order of the course."""
    found = []
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and "course.predict" in source:
                found.append((ast.parse(source).body[-1].value.args[0].value, source))
    return found


def test_every_question_is_asked_once_in_the_order_of_the_course():
    assert [name for name, _ in cells()] == list(QUESTIONS)
    assert len(QUESTIONS) == sum(len(lesson.QUESTIONS) for lesson in LESSONS), "two have one name"
    for number, lesson in enumerate(LESSONS):
        assert lesson.QUESTIONS and all(question.name.startswith(f"{number:02d} ") for question in lesson.QUESTIONS)


def test_every_cell_hands_over_what_its_answer_is_computed_from():
    for name, source in cells():
        given = {keyword.arg for keyword in ast.parse(source).body[-1].value.keywords}
        assert given == set(inspect.signature(QUESTIONS[name].answer).parameters), source


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_text_asks_and_does_not_answer(name):
    text = QUESTIONS[name].text
    assert re.search(r"\?$|\? .*\)$|\)$", text)
    assert not ANSWERS.get(name) or spoken(ANSWERS[name]) not in re.findall(r"[\d.,]*\d", text)


@pytest.mark.parametrize("name, answer", ANSWERS.items())
def test_answers(name, answer):
    question = course.predict(name)
    assert question.answer == pytest.approx(answer, rel=1e-3) if isinstance(answer, float) else question.answer == answer
    right = ", ".join(map(str, answer)) if isinstance(answer, tuple) else str(answer)
    assert question.guess(right).startswith("Right")


def test_all_others_are_computed_from_what_is_measured():
    measured = {name for name, question in QUESTIONS.items() if inspect.signature(question.answer).parameters}
    threads = {"08 faster with threads"}  # of this machine
    assert measured == QUESTIONS.keys() - ANSWERS.keys() - threads


def test_a_count_within_a_text():
    size = sum(parameter.size for parameter in models.create("mixnet_nano").parameters())
    assert f"{size:,} weights" in QUESTIONS["06 runs for a gradient"].text


def test_answers_from_measurements():
    def asked(name, **given):
        return course.predict(name, **given).answer

    picture = np.arange(30).reshape(5, 6)
    assert asked("01 output (0, 1)", picture=picture, kernel=np.eye(3)) == 1 + 8 + 15
    assert asked("01 middle beside corner", kernel=np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])) == 2
    assert asked("02 faster with 16 channels", times={16: {"dense": 6.0, "separable": 2.0}}) == 3
    trained = np.array([True, False, False])
    assert asked("04 zeros after a step", gradient=np.array([0.0, 1.0, 0.0]), trained=trained) == 50
    assert asked("05 time of the depthwise layers", seconds={"depthwise": 1.0, "pointwise": 3.0}) == 25
    assert asked("05 intensity of the classifier", intensity={"classifier": 0.5}) == 0.5
    assert asked("08 time of one multiply-add", seconds=2.0, macs=1000) == pytest.approx(2e6)
    found = {"as it should be": ([], 1.0), "a": ([], 1.0), "b": ([], 0.5)}
    assert asked("09 learned by heart", found=found) == 1
    assert asked("09 steps of a run", epochs=3, images=range(300)) == 6
    accuracy = {(3,): np.array([50.0, 60.0]), (5,): np.array([70.0, 72.0]), (3, 5): np.array([90.0, 90.0])}
    assert asked("10 best single size", accuracy=accuracy) == 5
    assert asked("10 runs for one point", accuracy=accuracy) == np.ceil(18 * (50 + 2) / 3)
    assert asked("10 checkerboards", checks=np.array([0.1, 0.6, 0.7])) == 2
    assert asked("10 texture without 3x3", lost={3: np.array([[0, 0, 4.0], [0, 0, 6.0]])}) == 5
    assert asked("11 a changed number", function=lambda x: 2 * x) == 2
    assert asked("12 claims seen live", verdicts=["seen", "cannot tell", "seen"]) == 2
    assert asked("13 trust in shared weights", correlation=np.float64(0.5)) == 0.5
    assert asked("13 trust in shared weights", correlation=np.nan) is None
    arguments = {"a": np.ones(4), "b": np.ones(4, np.float32), "c": np.ones(8)[::2], "d": np.zeros(5)}
    assert asked("11 how often it is compiled", arguments=arguments) == 3
    assert asked("11 a gradient that was cut", function=lambda x: (x * x).detach() * x) == pytest.approx(1 / 3)

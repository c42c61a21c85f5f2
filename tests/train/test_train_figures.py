"""The pictures of a run are those of minimix.viz, written whole."""

import sys

import numpy as np
import pytest

from minimix.data import patterns10
from minimix.train import figures
from minimix.train.evaluation import Evaluation
from minimix.train.metrics import Epoch


def evaluation(labels, classes):
    counts = np.bincount(labels * classes + labels, minlength=classes**2).reshape(classes, classes)
    return Evaluation(1.0, 1.0, labels, labels, np.linspace(0.5, 1, len(labels)), counts)


@pytest.mark.parametrize(
    "epochs, evaluated, written", [(1, True, ["confusion", "curves", "mistakes"]), (1, False, ["curves"]), (0, False, [])]
)
def test_what_can_be_drawn_is_written(tmp_path, epochs, evaluated, written):
    data = patterns10("test", size=20)
    loaded = "matplotlib.pyplot" in sys.modules
    history = [Epoch(1, 1, 0.1, 1.0, 0.5, 1.0, 0.5)] * epochs
    figures.draw(tmp_path, history, evaluation(data.labels, 10) if evaluated else None, data, "t")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.png" for name in written]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.iterdir())
    assert ("matplotlib.pyplot" in sys.modules) == loaded

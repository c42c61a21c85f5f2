"""A network and data so small that a whole run takes a moment."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # in every import mode of pytest

from small import Small, data


@pytest.fixture
def small():
    """Makes the network, with the same weights each time."""
    return Small


@pytest.fixture(scope="session")
def tiny():
    """(training, test) images."""
    return data()


@pytest.fixture
def run(tiny, tmp_path, monkeypatch):
    """``train`` with small arguments in a folder of its own; whatever is given goes before. Draws pictures only on request.

    model: None: Small; "unsaid": train is told of none.
    """
    from minimix.train import figures, train

    draw = figures.draw

    def go(model=None, pictures=False, **options):
        monkeypatch.setattr(figures, "draw", draw if pictures else lambda *_: None)
        own = {"name": "a"} if options.get("resume", True) is True else {}
        settings = {"data": tiny, "epochs": 2, "batch_size": 16, "runs": tmp_path / "runs", "log": False, **own, **options}
        return train(model=Small() if model is None else None if model == "unsaid" else model, **settings)

    return go

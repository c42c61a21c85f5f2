"""What is kept in the cache folder is a help, and never in the way."""

import numpy as np
import pytest

import minimix as mm
from minimix.nn import Linear
from minimix.study import kept

WHAT = {"what": "test", "seed": 0}


@pytest.fixture(params=["damaged", "a file in place of the folder"])
def cache(request, tmp_path, monkeypatch):
    """A folder from which nothing can be read; into one of the two kinds nothing can be written, either."""
    monkeypatch.setattr(kept, "user_cache", lambda: tmp_path)
    if request.param == "damaged":
        for ending in (".json", ".safetensors"):
            kept.place(WHAT, ending).parent.mkdir(exist_ok=True)
            kept.place(WHAT, ending).write_bytes(b"{\xff")
    else:
        (tmp_path / "studies").write_text("")
    return request.param


def test_numbers_are_made_again(cache):
    assert kept.numbers(WHAT, lambda: {"a": 1}) == {"a": 1}
    assert kept.numbers(WHAT, lambda: {"a": 2}) == ({"a": 1} if cache == "damaged" else {"a": 2})


def test_weights_are_made_again(cache):
    mm.manual_seed(0)
    model, trained = Linear(2, 1), []

    def train():
        model.weight.data[:] = 7.0
        trained.append(True)

    kept.weights(WHAT, model, train)
    again = Linear(2, 1)
    kept.weights(WHAT, again, lambda: trained.append(True))
    assert len(trained) == (1 if cache == "damaged" else 2)
    assert cache != "damaged" or np.array_equal(again.weight.data, model.weight.data)

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


def test_other_code_keeps_its_own(tmp_path, monkeypatch):
    """A file of minimix has changed, or a version of what it needs: nobody knows whether it would make the same."""
    monkeypatch.setattr(kept, "user_cache", lambda: tmp_path)
    package = tmp_path / "minimix"
    package.mkdir()
    monkeypatch.setattr(mm, "__file__", str(package / "__init__.py"))
    found = []
    for text, version in (("x = 1", "1"), ("x = 2", "1"), ("x = 2", "2"), ("x = 2", "2")):
        (package / "__init__.py").write_text(text)
        monkeypatch.setattr(kept, "environment", lambda version=version: {"versions": {"numpy": version}})
        kept._makers.cache_clear()
        found.append(kept.place(WHAT, ".json"))
    kept._makers.cache_clear()
    assert len(set(found)) == 3 and found[2] == found[3]

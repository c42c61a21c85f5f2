"""From one set of images to another: what is taken, what stays as it was, and what is new."""

import numpy as np
import pytest

from minimix.study import kept, transfer
from minimix.study.options import Options
from minimix.study.paper.transfer import few, source_images

SMALL = {"data": "patterns10", "images": 64, "model": "mixnet_nano", "model_options": {"width": 0.25}, "epochs": 1}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "user_cache", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def fitted(monkeypatch):
    """The trainings of a job, as they ended."""
    seen = []
    fit = transfer.fit
    monkeypatch.setattr(transfer, "fit", lambda begun: (fit(begun), seen.append(begun)))
    return seen


def test_frozen_networks_get_a_new_classifier_and_nothing_else(fitted):
    transfer.transferred(0, "frozen", SMALL, {**SMALL, "epochs": 2})
    source, target = (begun.state.model.state_dict() for begun in fitted)
    changed = {name for name in source if not np.array_equal(source[name], target[name])}
    assert changed == {"classifier.weight", "classifier.bias"}


def test_tuned_networks_begin_with_the_sources_weights(fitted):
    gentle = {**SMALL, "lr": 1e-9, "ema": 0.0}
    transfer.transferred(0, "tuned", {**SMALL, "epochs": 6, "batch_size": 16}, gentle)
    source, target = (begun.state.model for begun in fitted)
    np.testing.assert_allclose(target.conv_head.weight.data, source.conv_head.weight.data, atol=1e-5)
    assert not np.allclose(target.classifier.weight.data, source.classifier.weight.data, atol=1e-2)


def test_the_source_is_trained_once(fitted, cache):
    for how in ("tuned", "frozen", "scratch"):
        transfer.transferred(0, how, SMALL, SMALL)
    assert len(fitted) == 4 and len(list((cache / "studies").iterdir())) == 1
    transfer.transferred(1, "tuned", SMALL, SMALL)  # another seed, another source
    assert len(fitted) == 6


def test_what_is_kept_changes_no_result(monkeypatch):
    results = [transfer.transferred(0, "tuned", SMALL, SMALL) for _ in range(2)]
    monkeypatch.setattr(kept, "user_cache", lambda: None)
    assert results[0] == results[1] == transfer.transferred(0, "tuned", SMALL, SMALL)


def test_other_ways_are_refused():
    with pytest.raises(ValueError, match="how: expected one of scratch, frozen, tuned, not 'melted'"):
        transfer.transferred(0, "melted", SMALL, SMALL)


def test_the_source_has_more_images_if_there_are_so_many():
    found = [source_images(Options("cifar10", images=images)) for images in (1000, 10_000, 20_000, 0)]
    assert found == [5000, 50_000, 50_000, None]


def test_few_images_get_more_epochs_in_smaller_batches():
    assert few(10_000, 100, 10) == {"images": 10_000, "batch_size": 32, "epochs": 10}
    one = few(10_000, 1, 10)
    assert one["images"] == 100 and one["batch_size"] == 16 and one["epochs"] == 48

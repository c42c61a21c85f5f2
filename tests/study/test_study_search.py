"""Shared weights: a choice by masks is the choice's own network; searches find what there is to find."""

import dataclasses

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix.data import patterns10
from minimix.study import kept, search
from minimix.study.paper.search import agreement
from minimix.study.statistics import rank_correlation
from minimix.study.supernet import BLOCKS, GROUPS, LARGEST, NETWORK, Supernet, drawn, kernels, mask, recalibrate

CHOICE = (1, 2, 3, 4, 5, 1, 2, 3)


@pytest.fixture
def supernet():
    mm.manual_seed(3)
    return Supernet(mm.models.create(NETWORK, width=0.5, kernels=[LARGEST]))


@pytest.fixture
def images(rng=np.random.default_rng(1)):  # noqa: B008
    return rng.normal(size=(4, 3, 32, 32)).astype(np.float32)


def test_masks_are_the_kernels_of_an_equal_partition():
    there = mask(11, 3)
    assert [int(channel.sum()) for channel in there] == [9] * 5 + [25] * 3 + [49] * 3
    assert (there == there[:, :, ::-1, ::-1]).all() and there[0, 0, 5, 5] == 1 and there[0, 0, 3, 5] == 0


def test_a_masked_network_is_the_network_of_the_choice(supernet, images):
    own = supernet.network(CHOICE, width=0.5)
    assert [len(sizes) for sizes in kernels(CHOICE)] == list(CHOICE)
    assert own.blocks[4][0].conv_dw.kernel_sizes == tuple((size, size) for size in (3, 5, 7, 9, 11))
    for model in (own, supernet.model):
        model.train()
    with supernet.chosen(CHOICE), mm.no_grad():
        np.testing.assert_allclose(supernet.model(mm.Tensor(images)).data, own(mm.Tensor(images)).data, rtol=1e-4, atol=1e-4)


def test_only_the_weights_that_are_there_are_trained_and_all_come_back(supernet, images):
    before = [weight.data.copy() for weight in supernet.weights]
    supernet.model.train()
    with supernet.chosen(CHOICE):
        assert all((weight.data == 0).any() for weight, groups in zip(supernet.weights, CHOICE, strict=True) if groups < 5)
        F.cross_entropy(supernet.model(mm.Tensor(images)), np.arange(4)).backward()
    for weight, old, groups in zip(supernet.weights, before, CHOICE, strict=True):
        np.testing.assert_array_equal(weight.data, old)
        there = mask(len(old), groups) == 1
        assert (weight.grad[~there] == 0).all() and weight.grad[there].any()


def test_statistics_become_those_of_the_images(supernet):
    training = patterns10("train", size=256)
    model = supernet.network(CHOICE, width=0.5)
    recalibrate(model, training)
    assert not model.training and model.bn1.momentum == 0.1
    from minimix.data import Batches

    batches = [batch for batch, _ in Batches(training).epoch(0)]
    means = [model.conv_stem(mm.Tensor(batch)).data.mean(axis=(0, 2, 3)) for batch in batches]
    np.testing.assert_allclose(model.bn1.running_mean, np.mean(means, axis=0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("find", [search.evolved, search.best_of_random])
def test_searches_look_at_as_many_distinct_choices_as_they_may(find):
    seen = []

    def value(choice):
        assert len(choice) == BLOCKS and set(choice) <= set(GROUPS)
        seen.append(choice)
        return -sum(abs(groups - 2) for groups in choice)

    best = find(value, 60, 5)
    assert len(seen) == len(set(seen)) == 60 and value(best) == max(map(value, seen[:60]))
    assert find(value, 60, 5) == best  # it follows from the seed
    assert find(lambda choice: 0.0, 10, 0) != find(lambda choice: 0.0, 10, 1)


def test_evolution_finds_more_than_chance_where_blocks_add_up():
    def value(choice):
        return float(sum(choice))

    found = [(value(search.evolved(value, 60, seed)), value(search.best_of_random(value, 60, seed))) for seed in range(8)]
    assert all(evolved >= random for evolved, random in found) and sum(e > r for e, r in found) >= 6


@pytest.mark.parametrize("find", [search.evolved, search.best_of_random])
def test_choices_that_are_not_allowed_are_not_looked_at(find):
    seen = []

    def value(choice):
        seen.append(choice)
        return float(sum(choice))

    best = find(value, 60, 3, lambda choice: sum(choice) <= 22)
    assert len(set(seen)) == len(seen) == 60 and max(map(sum, seen)) == sum(best) <= 22
    two = []  # nobody waits for a hundred where there are so many
    found = find(value, 100, 3, lambda choice: len(two) < 2 and not two.append(choice))
    assert found in two and value(found) == max(map(value, two))
    with pytest.raises(ValueError, match="bound: none of 1000 random choices is so cheap"):
        find(value, 60, 3, lambda choice: False)


def test_what_is_found_costs_no_more_than_its_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "user_cache", lambda: tmp_path)
    network = {"data": "patterns10", "images": 40, "epochs": 1, "batch_size": 16, "model_options": {"width": 0.25}}
    costs = [search.macs_of((groups,) * BLOCKS, network["model_options"]) for groups in GROUPS]
    for bound in (costs[1], costs[3]):
        found = search.search(0, "random", 8, costs[3], bound, network)
        assert costs[0] < found["macs"] <= bound


def test_what_is_kept_changes_no_result(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "user_cache", lambda: tmp_path)
    network = {"data": "patterns10", "images": 64, "epochs": 1, "small_first": 0.0, "model_options": {"width": 0.5}}
    searched = {"how": "evolution", "evaluations": 2, "target": 10**6, "bound": 10**9}
    results = []
    for _ in range(2):
        search._shared.cache_clear()
        results.append(search.chosen(0, searched, network))
        endings = sorted(path.suffix for path in (tmp_path / "studies").iterdir())
        assert endings == [".json", ".safetensors"]
    monkeypatch.setattr(kept, "user_cache", lambda: None)
    search._shared.cache_clear()
    results.append(search.chosen(0, searched, network))
    assert results[0] == results[1] == results[2]
    assert results[0]["macs"] == search.macs_of(tuple(map(int, results[0]["choice"].split("-"))), {"width": 0.5})


def test_rewards():
    assert search.reward(60.0, 100, 100) == 60.0
    assert search.reward(60.0, 50, 100) > 60.0 > search.reward(60.0, 200, 100)


@pytest.mark.parametrize(
    ("first", "second", "rho"),
    [([1, 2, 3], [1, 4, 9], 1.0), ([1, 2, 3], [3, 2, 1], -1.0), ([1, 2, 2, 3], [1, 3, 2, 4], 0.9486832980505138)],
)
def test_rank_correlation(first, second, rho):
    assert rank_correlation(first, second) == pytest.approx(rho)


def test_ranks_of_one_seed_against_those_of_another():
    """Only seeds that all networks have count; one alone says nothing."""
    values = [{0: 1.0, 1: 5.0, 2: 9.0}, {0: 2.0, 1: 4.0}, {0: 3.0, 1: 3.0, 2: 0.0}]
    assert agreement(values) == pytest.approx(-1.0)
    assert agreement([{0: 1.0}, {0: 2.0}]) is None and agreement([{0: 1.0}, {1: 2.0}]) is None


def test_drawn_choices_use_every_number_of_groups():
    assert {groups for number in range(20) for groups in drawn(number)} == set(GROUPS)


def test_what_was_found_is_a_table_of_rows_that_builds_the_network(tmp_path):
    from minimix.study import STUDIES, Options, Results

    study, options = STUDIES["search"], Options("patterns10", seeds=2, images=100, epochs=1)
    results = Results(study, options, tmp_path, {})
    assert study.more([]) == {}
    best = {0: (CHOICE, 60.0), 1: ((1, 1, 5, 1, 2, 1, 4, 1), 70.0)}  # by validation, not by the test images
    for job in results.jobs:
        choice, validation = best[job.seed] if job.name == "evolution" else (drawn(job.seed), 90.0)
        result = {"accuracy": 80.0 - job.seed, "validation": validation, "macs": 1, "params": 1, "shared": 50.0, "reward": 1.0}
        results.entries[job.key] = {
            "key": job.key, "family": job.family, "name": job.name, "seed": job.seed, "error": "",
            "result": {**result, "choice": "-".join(map(str, choice))},
        }  # fmt: skip
    results.write()
    assert (tmp_path / "network.png").read_bytes()[:4] == b"\x89PNG"
    found = mm.models.create(NETWORK, rows=tmp_path / "rows.json")
    wanted = mm.models.create(NETWORK, kernels=kernels(best[1][0]))
    sizes = [
        [block.conv_dw.kernel_sizes for block in model.modules() if hasattr(block, "conv_dw")] for model in (found, wanted)
    ]
    assert sizes[0] == sizes[1] and mm.profile(found, (1, 3, 32, 32)).macs == search.macs_of(best[1][0], {})
    table = (tmp_path / "table.md").read_text()
    assert "rows.json is the table of what evolution found with seed 1" in table
    assert '`models.create("mixnet_nano", rows="rows.json", width=0.25)` builds it' in table
    wide = dataclasses.replace(options, width=1.0)
    assert '`models.create("mixnet_nano", rows="rows.json")` builds it' in "".join(study.notes(results_of(study, wide)))


def results_of(study, options):
    result = {"accuracy": 80.0, "validation": 80.0, "macs": 1, "params": 1, "shared": 50.0, "reward": 1.0, "choice": "1-1-1-1"}
    return [(point, {0: result}) for point in study.points(options)]

"""What a block keeps from call to call never outlives what it was made of."""

import copy
import pickle

import numpy as np
import pytest

import minimix as mm
from minimix import nn, optim
from minimix.nn.snapshot import Snapshot

rng = np.random.default_rng(0)
X = rng.standard_normal((3, 4, 6, 6)).astype(np.float32)


def make(**options):
    mm.manual_seed(0)
    return nn.MixBlock(4, 4, (3, 5), expansion=2, se=0.5, **options)


def outcome(block, x=X):
    """Output, gradients and statistics of one step; the gradients are gone afterwards."""
    y = block(x)
    y.backward(np.ones_like(y.data))
    found = {name: p.grad for name, p in block.named_parameters()} | {name: b.copy() for name, b in block.named_buffers()}
    block.zero_grad()
    return {"y": y.data, **found}


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def doubled(weight):
    weight.data = weight.data * 2


CHANGES = {
    "nothing": lambda b: None,
    "numbers of a weight": lambda b: b.conv_pw.weight.data.fill(0.5),
    "the array of a weight": lambda b: doubled(b.conv_pwl.weight),
    "a parameter": lambda b: setattr(b.bn1, "weight", nn.Parameter(np.full(8, 3, np.float32))),
    "a layer within": lambda b: setattr(b.conv_dw, "1", nn.DepthwiseConv2d(4, 7)),
    "a layer": lambda b: setattr(b, "bn2", nn.BatchNorm2d(8, activation="relu")),
    "the gate": lambda b: setattr(b, "se", None),
    "an option of a norm": lambda b: setattr(b.bn3, "momentum", 0.7),
    "plain averages": lambda b: [setattr(norm, "momentum", None) for norm in b.norms],
    "statistics": lambda b: setattr(b.bn1, "running_mean", np.full(8, 2, np.float32)),
    "a mode": lambda b: b.eval(),
    "the mode of a norm": lambda b: b.bn2.eval(),
    "what is trained": lambda b: b.se.requires_grad_(False),
    "the way": lambda b: setattr(b, "fused", False),
    "the dtype": lambda b: b.double(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_block_follows_every_change(change):
    """One that ran before gives what one gives that never ran."""
    used, fresh = make(), make()
    outcome(used), outcome(used)
    fresh.load_state_dict(used.state_dict())
    x = X.astype(np.float64) if change == "the dtype" else X
    for block in (used, fresh):
        mm.manual_seed(1)  # for new layers
        CHANGES[change](block)
    for _ in range(2):
        assert_equal(outcome(used, x), outcome(fresh, x))


def test_batches_of_other_sizes():
    used = make()
    for x in (X, X[:2], X, X[:, :, :4], np.asfortranarray(X)):
        fresh = make()
        fresh.load_state_dict(used.state_dict())
        assert_equal(outcome(used, x), outcome(fresh, x))


def test_what_does_not_fit_any_more_is_refused():
    block = make()
    block(X)
    block.conv_pw.weight.data = np.ones((8, 3, 1, 1), np.float32)
    with pytest.raises(RuntimeError, match="channels"):
        block(X)
    block.conv_pw.weight.data = np.ones((8, 4, 1, 1), np.float64)
    with pytest.raises(RuntimeError, match="float32"):
        block(X)


@pytest.mark.parametrize(
    "how",
    [copy.deepcopy, copy.copy, lambda block: pickle.loads(pickle.dumps(block))],
    ids=["deepcopy", "copy", "pickle"],
)
def test_a_copy_runs_on_its_own(how):
    block = make()
    outcome(block)
    other = how(block)
    if how is not copy.copy:  # which shares the layers
        for p in other.parameters():
            p.data *= 2
        assert not np.array_equal(other.conv_pw.weight.data, block.conv_pw.weight.data)
    fresh = make()
    fresh.load_state_dict(other.state_dict())
    assert_equal(outcome(other), outcome(fresh))
    assert set(vars(other)) == set(vars(block))


def test_batches_are_counted_once_each():
    block = make()
    for _ in range(5):
        block(X)
    assert [int(norm.num_batches_tracked) for norm in block.norms] == [5, 5, 5]
    block.eval()(X)
    assert [int(norm.num_batches_tracked) for norm in block.norms] == [5, 5, 5]


def test_a_snapshot_compares_objects():
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm2d(1))
    snapshot = Snapshot(net)
    net[0].weight.data = net[0].weight.data + 1
    net[1].running_mean += 1
    assert snapshot.holds()
    net[1].running_mean = net[1].running_mean.copy()  # equal, but another
    assert not snapshot.holds()
    for change in (lambda: setattr(net[0], "more", 1), lambda: delattr(net[0], "more"), lambda: net.append(nn.ReLU())):
        snapshot = Snapshot(net)
        assert snapshot.holds()
        change()
        assert not snapshot.holds()
    assert copy.deepcopy(snapshot) is None and pickle.loads(pickle.dumps(snapshot)) is None


def test_averages_follow_a_model_that_changes():
    block = make()
    ema = optim.EMA(block, 0.5)
    ema.update()
    weight = nn.Parameter(np.full((8, 4, 1, 1), 3, np.float32))
    before = ema.averages["conv_pw.weight"].copy()
    block.conv_pw.weight = weight
    ema.update()
    np.testing.assert_allclose(ema.averages["conv_pw.weight"], (before + 3) / 2, rtol=1e-6)
    other = copy.deepcopy(ema)
    other._model.conv_pw.weight = nn.Parameter(np.full((8, 4, 1, 1), 9, np.float32))
    other.update()
    np.testing.assert_allclose(other.averages["conv_pw.weight"], ((before + 3) / 2 + 9) / 2, rtol=1e-6)
    block.more = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"more\.weight has shape .* none was there"):
        ema.update()

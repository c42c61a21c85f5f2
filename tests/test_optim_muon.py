"""Muon: its polynomial against singular values, its rule against a formula and PyTorch, and its company with SGD."""

import itertools

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from minimix import models, optim
from minimix.optim import muon
from minimix.optim.muon import QUINTIC, orthogonal
from minimix.tensor import Tensor

SHAPES = [(4, 6), (8, 3), (5, 2, 3, 3), (6, 6, 1, 1)]


def make(dtype=np.float64, shapes=SHAPES):
    rng = np.random.default_rng(0)
    return [Tensor(np.array(rng.normal(size=shape), dtype), requires_grad=True) for shape in shapes]


def run(optimizer, params, steps):
    for step in range(steps):
        rng = np.random.default_rng(step + 1)
        for p in params:
            p.grad = np.array(rng.normal(size=p.shape), p.dtype)
        optimizer.step()


@pytest.mark.parametrize("shape", [(5, 5), (3, 17), (17, 3), (1, 4), (4, 1)])
def test_a_matrix_becomes_nearly_orthogonal_and_keeps_its_directions(shape):
    matrix = np.random.default_rng(3).normal(size=shape) * 1000
    before = matrix.copy()
    s = np.linalg.svd(orthogonal(matrix, steps=7), compute_uv=False)
    assert 0.65 < s.min() and s.max() < 1.25
    np.testing.assert_array_equal(matrix, before)
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    a, b, c = QUINTIC
    values /= np.linalg.norm(values)
    for _ in range(5):
        values = a * values + b * values**3 + c * values**5  # what the polynomial does to each singular value
    np.testing.assert_allclose(orthogonal(matrix), (left * values) @ right, rtol=1e-9, atol=1e-9)


def test_of_nothing_comes_nothing():
    np.testing.assert_array_equal(orthogonal(np.zeros((3, 4), np.float32)), np.zeros((3, 4)))
    assert np.isnan(orthogonal(np.full((3, 4), np.nan))).all()


@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("adjust", [None, "original", "match_rms_adamw"])
def test_the_rule_by_hand(nesterov, adjust):
    params = make()
    expected, buffers = [p.data.copy() for p in params], [np.zeros(p.shape) for p in params]
    run(optim.Muon(params, 0.1, 0.2, 0.8, nesterov, adjust_lr_fn=adjust), params, 3)
    for step in range(3):
        rng = np.random.default_rng(step + 1)
        for i, (w, b) in enumerate(zip(expected, buffers, strict=True)):
            g = rng.normal(size=w.shape)
            b[...] = 0.8 * b + 0.2 * g
            u = (0.2 * g + 0.8 * b if nesterov else b).reshape(len(w), -1)
            rows, columns = u.shape
            scale = 0.2 * max(rows, columns) ** 0.5 if adjust == "match_rms_adamw" else max(1, rows / columns) ** 0.5
            expected[i] = w * (1 - 0.1 * 0.2) - 0.1 * scale * orthogonal(u).reshape(w.shape)
    for p, w in zip(params, expected, strict=True):
        np.testing.assert_allclose(p.data, w, rtol=1e-12)


@pytest.mark.parametrize(
    "options", [{}, {"nesterov": False, "ns_steps": 3}, {"adjust_lr_fn": "match_rms_adamw", "momentum": 0.5}]
)
def test_as_torch_but_for_its_bfloat16(options):
    torch = pytest.importorskip("torch")
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this PyTorch has no Muon")
    params = make(np.float32, SHAPES[:2])
    theirs = [torch.tensor(p.data.copy(), requires_grad=True) for p in params]
    options = {"lr": 0.1, "weight_decay": 0.3, **options}
    run(optim.Muon(params, **options), params, 4)
    other = torch.optim.Muon(theirs, **options)
    for step in range(4):
        rng = np.random.default_rng(step + 1)
        for p in theirs:
            p.grad = torch.tensor(rng.normal(size=p.shape), dtype=torch.float32)
        other.step()
    for p, q in zip(params, theirs, strict=True):
        np.testing.assert_allclose(p.data, q.detach().numpy(), atol=0.02)  # of bfloat16: 8 bits


def test_together_each_group_follows_its_own_rule():
    params, alone = make(), make()
    numbers = {"lr": 0.3, "momentum": 0.9, "weight_decay": 0.01}
    together = optim.MuonWithSGD(
        [{"params": params[:2], "matrices": True}, {"params": params[2:], **numbers}], lr=0.1, weight_decay=0.2
    )
    run(together, params, 3)
    for step in range(3):
        rng = np.random.default_rng(step + 1)
        for p in alone:
            p.grad = rng.normal(size=p.shape)
        if step == 0:
            muon = optim.Muon(alone[:2], 0.1, 0.2, 0.9, ns_steps=3)
            sgd = optim.SGD(alone[2:], nesterov=True, **numbers)
        muon.step()
        sgd.step()
    for p, q in zip(params, alone, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_saved_and_loaded_it_goes_on_to_the_bit():
    params, copies = make(np.float32), make(np.float32)
    one, other = (
        optim.MuonWithSGD([{"params": [("a", a), ("b", b)], "matrices": True}, {"params": [("c", c), ("d", d)]}], lr=0.1)
        for a, b, c, d in (params, copies)
    )
    run(one, params, 3)
    for p, q in zip(params, copies, strict=True):
        q.data[...] = p.data
    other.load_state_arrays(one.state_arrays())
    assert other.param_groups[0]["ns_coefficients"] == QUINTIC and other.param_groups[0]["matrices"] is True
    run(one, params, 2)
    run(other, copies, 2)
    for p, q in zip(params, copies, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_products_wake_no_threads_of_blas(monkeypatch):
    """They would spin on the cores that the next step's kernels need."""

    def blas() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    def seen(matrix, *options):
        found.append(blas())
        return orthogonal(matrix, *options)

    found: list = []
    monkeypatch.setattr(muon, "orthogonal", seen)
    muon._blas.cache_clear()  # other tests may have loaded a second BLAS since, SciPy's
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas()
        params = make(shapes=[(4, 6)])
        run(optim.Muon(params, lr=0.1), params, 2)
        assert blas() == before
    assert found == [[1] * len(before)] * 2


def test_groups_of_a_network():
    net = models.create("mixnet_nano")
    matrices, others, kept = optim.muon_groups(net, lr=0.03)
    *same, single, biases = optim.muon_groups(net, lr=0.03, bias_rate=8)
    assert same == [matrices, others] and sorted(single["params"] + biases["params"]) == sorted(kept["params"])
    names = [[name for name, _ in group["params"]] for group in (matrices, others, single, biases)]
    assert sorted(itertools.chain(*names)) == sorted(name for name, _ in net.named_parameters())
    assert "conv_head.weight" in names[0] and all(p.ndim == 4 and p.shape[1] > 1 for _, p in matrices["params"])
    assert {"conv_stem.weight", "classifier.weight"} <= set(names[1]) and sum("dw" in name for name in names[1]) == 22
    assert all(p.ndim == 1 for _, p in single["params"] + biases["params"])
    assert single["weight_decay"] == biases["weight_decay"] == 0
    assert {name.rpartition(".")[2] for name in names[2]} == {"weight"} and {"classifier.bias", "bn1.bias"} <= set(names[3])
    assert all(name.endswith(".bias") for name in names[3])
    np.testing.assert_allclose([group["lr"] for group in (matrices, others, single, biases)], [0.03, 0.2, 0.2, 1.6])
    assert kept["lr"] == single["lr"] and kept["weight_decay"] == 0


@pytest.mark.parametrize(
    ("make_one", "message"),
    [
        (lambda: optim.Muon(make(shapes=[(3,)])), r"parameter 0 has shape \(3,\), but Muon takes matrices"),
        (lambda: optim.Muon(make(shapes=[()])), "takes matrices"),
        (lambda: optim.Muon(make(), lr=-1), "lr is -1"),
        (lambda: optim.Muon(make(), ns_steps=100), "ns_steps is 100"),
        (lambda: optim.Muon(make(), ns_coefficients=(1, 2)), "ns_coefficients"),
        (lambda: optim.Muon(make(), adjust_lr_fn="mine"), "match_rms_adamw"),
        (lambda: optim.muon_groups([]), "got no parameters"),
        (lambda: optim.muon_groups(models.create("mixnet_nano"), weight_decay=-1), "weight_decay is -1"),
        (lambda: optim.muon_groups(models.create("mixnet_nano"), bias_rate=0), "bias_rate is 0"),
        (lambda: optim.muon_groups(models.create("mixnet_nano"), bias_rate=float("nan")), "bias_rate is nan"),
    ],
)
def test_refusals(make_one, message):
    with pytest.raises(ValueError, match=message):
        make_one()

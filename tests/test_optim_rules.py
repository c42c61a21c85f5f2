"""The update rules against formulas written out once more, against PyTorch, and against properties that need neither."""

import numpy as np
import pytest

from minimix import optim
from minimix.tensor import Tensor, is_grad_enabled, no_grad

SHAPES = [(4, 3, 3, 3), (7,), (2, 5), ()]
RULES = {
    "sgd": lambda params, **k: optim.SGD(params, **{"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, **k}),
    "rmsprop": lambda params, **k: optim.RMSProp(params, **{"lr": 0.02, "weight_decay": 0.01, **k}),
    "adam": lambda params, **k: optim.Adam(params, **{"lr": 0.02, "weight_decay": 0.01, **k}),
    "adamw": lambda params, **k: optim.AdamW(params, **{"lr": 0.02, "weight_decay": 0.01, **k}),
}
TORCH_CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.03}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.03}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.03}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "maximize": True, "weight_decay": 0.03}),
    ("Adam", {"lr": 0.02}),
    ("Adam", {"lr": 0.02, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.02, "betas": (0.0, 0.0), "maximize": True}),
    ("AdamW", {"lr": 0.02}),
    ("AdamW", {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.3}),
]


def make(dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(np.array(rng.normal(size=shape), dtype), requires_grad=True) for shape in SHAPES]


def gradients(step, dtype=np.float64):
    rng = np.random.default_rng(1000 + step)
    return [np.array(rng.normal(size=shape), dtype) for shape in SHAPES]


def run(optimizer, params, steps, dtype=np.float64):
    for step in steps:
        for p, g in zip(params, gradients(step, dtype), strict=True):
            p.grad = g
        optimizer.step()


# -- formulas ---------------------------------------------------------------------------------------------------------


def test_sgd_without_momentum_is_one_line():
    params = make()
    before = [p.data.copy() for p in params]
    optimizer = optim.SGD(params, lr=0.5)
    run(optimizer, params, [0])
    for p, w, g in zip(params, before, gradients(0), strict=True):
        np.testing.assert_allclose(p.data, w - 0.5 * g, rtol=1e-15)
        assert optimizer.state[p] == {}


def test_momentum_of_a_constant_gradient_is_a_geometric_series():
    w = Tensor(np.zeros(3), requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0, momentum=0.5)
    w.grad = np.ones(3)
    for expected in (-1.0, -2.5, -4.25):  # velocities 1, 1.5, 1.75
        optimizer.step()
        np.testing.assert_allclose(w.data, expected, rtol=1e-15)


def test_nesterov_looks_one_momentum_step_ahead():
    w = Tensor(np.zeros(1), requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0, momentum=0.5, nesterov=True)
    w.grad = np.ones(1)
    for expected in (-1.5, -3.25, -5.125):  # gradient + momentum * velocity: 1.5, 1.75, 1.875
        optimizer.step()
        np.testing.assert_allclose(w.data, expected, rtol=1e-15)


def test_dampening_spares_the_first_step():
    w = Tensor(np.zeros(1), requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0, momentum=0.5, dampening=0.75)
    w.grad = np.ones(1)
    for expected in (-1.0, -1.75):  # velocities 1, then 0.5 * 1 + 0.25 * 1
        optimizer.step()
        np.testing.assert_allclose(w.data, expected, rtol=1e-15)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_rmsprop_is_tensorflows(dtype, rtol):
    """TensorFlow's documented update, one number at a time: rms starts at 1, mom at 0."""
    lr, decay, momentum, eps, l2 = 0.016, 0.9, 0.9, 1e-3, 1e-2
    params = make(dtype)
    optimizer = optim.RMSProp(params, lr=lr, weight_decay=l2)
    variables = [p.data.astype(np.float64).ravel().tolist() for p in params]
    rms = [[1.0] * len(v) for v in variables]
    mom = [[0.0] * len(v) for v in variables]
    for step in range(6):
        optimizer.param_groups[0]["lr"] = rate = lr * (step + 1)  # tells whether the rate is inside the momentum
        run(optimizer, params, [step], dtype)
        for k, gradient in enumerate(gradients(step, dtype)):
            for i, g in enumerate(gradient.ravel().tolist()):
                g += l2 * variables[k][i]
                rms[k][i] = decay * rms[k][i] + (1 - decay) * g * g
                mom[k][i] = momentum * mom[k][i] + rate * g / (rms[k][i] + eps) ** 0.5
                variables[k][i] -= mom[k][i]
        for p, v in zip(params, variables, strict=True):
            np.testing.assert_allclose(p.data.ravel(), v, rtol=rtol, atol=rtol)


def test_adam_first_step_is_the_learning_rate_and_signed():
    params = make()
    before = [p.data.copy() for p in params]
    run(optim.Adam(params, lr=0.25, eps=0.0), params, [3])
    for p, w, g in zip(params, before, gradients(3), strict=True):
        np.testing.assert_allclose(p.data, w - 0.25 * np.sign(g), rtol=1e-12)


def test_adam_is_algorithm_1():
    params = make()
    weights = [p.data.copy() for p in params]
    m, v = [0.0] * len(weights), [0.0] * len(weights)
    optimizer = optim.Adam(params, lr=0.01, betas=(0.8, 0.9), eps=1e-2)
    for t in range(1, 6):
        run(optimizer, params, [t])
        for k, g in enumerate(gradients(t)):
            m[k] = 0.8 * m[k] + 0.2 * g
            v[k] = 0.9 * v[k] + 0.1 * g**2
            weights[k] = weights[k] - 0.01 * (m[k] / (1 - 0.8**t)) / (np.sqrt(v[k] / (1 - 0.9**t)) + 1e-2)
            np.testing.assert_allclose(params[k].data, weights[k], rtol=1e-12, atol=1e-12)


def test_adamw_decay_is_beside_the_gradient():
    params, plain = make(), make()
    before = [p.data.copy() for p in params]
    run(optim.AdamW(params, lr=0.1, weight_decay=0.5), params, [0])
    run(optim.Adam(plain, lr=0.1), plain, [0])
    for decayed, kept, w in zip(params, plain, before, strict=True):
        np.testing.assert_allclose(decayed.data, kept.data - 0.1 * 0.5 * w, rtol=1e-12, atol=1e-15)


# -- PyTorch ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), TORCH_CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 3e-6)])
def test_matches_torch_step_by_step(name, options, dtype, tolerance):
    torch = pytest.importorskip("torch")
    params = make(dtype)
    peers = [torch.nn.Parameter(torch.tensor(p.data)) for p in params]
    ours, theirs = getattr(optim, name)(params, **options), getattr(torch.optim, name)(peers, **options)
    for step in range(12):
        if step == 6:
            ours.param_groups[0]["lr"] = theirs.param_groups[0]["lr"] = 0.3 * options["lr"]
        skipped = step % 3 if step > 2 else None  # a parameter without gradient keeps its own step count
        for i, g in enumerate(gradients(step, dtype)):
            params[i].grad = None if i == skipped else g
            peers[i].grad = None if i == skipped else torch.tensor(g)
        ours.step()
        theirs.step()
        for p, peer in zip(params, peers, strict=True):
            assert p.data.dtype == dtype
            np.testing.assert_allclose(p.data, peer.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "options"), TORCH_CASES)
def test_continues_from_torchs_own_state(name, options):
    torch = pytest.importorskip("torch")
    params = make()
    peers = [torch.nn.Parameter(torch.tensor(p.data)) for p in params]
    theirs = getattr(torch.optim, name)(peers, **options)

    def peer_step(step):
        for peer, g in zip(peers, gradients(step), strict=True):
            peer.grad = torch.tensor(g)
        theirs.step()

    for step in range(3):
        peer_step(step)
    ours = getattr(optim, name)(params)
    for p, peer in zip(params, peers, strict=True):
        p.data[...] = peer.detach().numpy()
    ours.load_state_dict(theirs.state_dict())
    run(ours, params, [3, 4])
    peer_step(3)
    peer_step(4)
    for p, peer in zip(params, peers, strict=True):
        np.testing.assert_allclose(p.data, peer.detach().numpy(), rtol=1e-12, atol=1e-12)


# -- what holds for every rule ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_minimises_a_quadratic(rule):
    w = Tensor(np.array([3.0, -2.0]), requires_grad=True)
    optimizer = RULES[rule]([w], weight_decay=0.0)
    for step in range(400):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / 400)
        w.grad = 2 * (w.data - 1.0)
        optimizer.step()
    np.testing.assert_allclose(w.data, 1.0, atol=1e-2)


@pytest.mark.parametrize("rule", RULES)
def test_updates_in_place_and_leaves_gradients_alone(rule):
    params = make(np.float32)
    arrays, before = [p.data for p in params], [p.data.copy() for p in params]
    optimizer = RULES[rule](params)
    for step in range(3):
        given = gradients(step, np.float32)
        for p, g in zip(params, given, strict=True):
            p.grad = g.copy()
            p.grad.flags.writeable = False
        objects = [p.grad for p in params]
        optimizer.step()
        for p, array, g, same in zip(params, arrays, given, objects, strict=True):
            assert p.data is array
            assert p.grad is same
            np.testing.assert_array_equal(p.grad, g)
    for p, w in zip(params, before, strict=True):
        assert p.data.dtype == np.float32
        assert (p.data != w).all()


@pytest.mark.parametrize("rule", RULES)
def test_a_gradient_may_be_anything_that_holds_numbers(rule):
    arrays, tensors, lists = make(), make(), make()
    for p, q, r, g in zip(arrays, tensors, lists, gradients(0), strict=True):
        p.grad, q.grad, r.grad = g, Tensor(g), g.tolist()  # PyTorch's users set Tensors
    for params in (arrays, tensors, lists):
        RULES[rule](params).step()
    for p, q, r in zip(arrays, tensors, lists, strict=True):
        np.testing.assert_array_equal(p.data, q.data)
        np.testing.assert_array_equal(p.data, r.data)


@pytest.mark.parametrize("rule", RULES)
def test_a_step_that_is_refused_changes_nothing(rule):
    params = make()
    optimizer = RULES[rule]([{"params": params[:2]}, {"params": params[2:]}])
    before = [p.data.copy() for p in params]
    for p, g in zip(params, gradients(0), strict=True):
        p.grad = g
    params[3].data.flags.writeable = False
    with pytest.raises(ValueError, match=r"parameter 3 is read-only: .*p\.data\.copy\(\)"):
        optimizer.step()
    params[3].data, params[3].grad = params[3].data.copy(), np.ones(5)
    with pytest.raises(ValueError, match=r"its gradient has shape \(5,\)"):
        optimizer.step()
    for p, w in zip(params, before, strict=True):
        np.testing.assert_array_equal(p.data, w)


@pytest.mark.parametrize("rule", RULES)
def test_skips_parameters_without_gradient(rule):
    params = make()
    optimizer = RULES[rule](params)
    kept = params[1].data.copy()
    for p, g in zip(params, gradients(0), strict=True):
        p.grad = g
    params[1].grad = None
    optimizer.step()
    np.testing.assert_array_equal(params[1].data, kept)
    assert params[1] not in optimizer.state
    optimizer.zero_grad()
    after = [p.data.copy() for p in params]
    optimizer.step()
    for p, w in zip(params, after, strict=True):
        np.testing.assert_array_equal(p.data, w)


@pytest.mark.parametrize("rule", RULES)
def test_maximize_is_the_negative_gradient(rule):
    up, down = make(), make()
    climber, descender = RULES[rule](up, maximize=True), RULES[rule](down)
    for step in range(3):
        for p, q, g in zip(up, down, gradients(step), strict=True):
            p.grad, q.grad = g, -g
        climber.step()
        descender.step()
    for p, q in zip(up, down, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize("rule", RULES)
def test_a_numpy_learning_rate_does_not_change_the_bits(rule):
    plain, numpy = make(np.float32), make(np.float32)
    run(RULES[rule](plain, lr=0.1), plain, range(3), np.float32)
    run(RULES[rule](numpy, lr=np.float64(0.1)), numpy, range(3), np.float32)
    for p, q in zip(plain, numpy, strict=True):
        assert q.data.dtype == np.float32
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize("rule", RULES)
def test_memory_order_of_the_gradient_does_not_matter(rule):
    a, b = make(), make()
    first, second = RULES[rule](a), RULES[rule](b)
    for step in range(3):
        for p, q, g in zip(a, b, gradients(step), strict=True):
            p.grad, q.grad = g, np.array(g, order="F")
        first.step()
        second.step()
    for p, q in zip(a, b, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize("rule", RULES)
def test_follows_replaced_data_and_another_dtype(rule):
    """Loading weights or ``double()`` may put another array into ``.data``."""
    params, fresh = make(np.float32), make(np.float32)
    optimizer, whole = RULES[rule](params), RULES[rule](fresh)
    run(optimizer, params, [0], np.float32)
    run(whole, fresh, [0], np.float32)
    for p in params:
        p.data = p.data.astype(np.float64)
    run(optimizer, params, [1, 2])
    run(whole, fresh, [1, 2], np.float32)
    for p, q in zip(params, fresh, strict=True):
        assert p.data.dtype == np.float64
        np.testing.assert_allclose(p.data, q.data, rtol=1e-4, atol=1e-5)
    assert all(v.dtype == np.float64 for s in optimizer.state.values() for k, v in s.items() if k != "step")


@pytest.mark.parametrize("rule", RULES)
def test_nan_gradients_reach_the_weights(rule):
    w = Tensor(np.ones(3), requires_grad=True)
    optimizer = RULES[rule]([w])
    w.grad = np.array([1.0, np.nan, 1.0])
    optimizer.step()
    np.testing.assert_array_equal(np.isnan(w.data), [False, True, False])


def test_groups_have_their_own_numbers():
    a, b = Tensor(np.ones(2), requires_grad=True), Tensor(np.ones(2), requires_grad=True)
    optimizer = optim.SGD([{"params": [a], "weight_decay": 1.0}, {"params": [b], "lr": 0.5}], lr=0.1)
    a.grad, b.grad = np.zeros(2), np.ones(2)
    optimizer.step()
    np.testing.assert_allclose(a.data, 0.9)
    np.testing.assert_allclose(b.data, 0.5)


def test_step_returns_the_closures_loss():
    w = Tensor(np.ones(2), requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)

    def closure():
        assert is_grad_enabled()
        w.grad = np.ones(2)
        return 7.0

    with no_grad():
        assert optimizer.step(closure) == 7.0
    np.testing.assert_array_equal(w.data, 0.5)
    assert optimizer.step() is None


def test_zero_grad():
    params = make()
    optimizer = optim.SGD(params, lr=0.1)
    for p, g in zip(params[:-1], gradients(0)[:-1], strict=True):
        p.grad = g
    optimizer.zero_grad(set_to_none=False)
    assert all((p.grad == 0).all() and p.grad.shape == p.shape for p in params[:-1])
    assert params[-1].grad is None
    optimizer.zero_grad()
    assert all(p.grad is None for p in params)

"""What an op kept for backward was written into before backward came: PyTorch refuses, and so does the tape."""

import copy

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import changes, nn, optim

REFUSAL = "modified by an inplace operation"
rng = np.random.default_rng(0)


def parameter(*shape):
    return mm.Tensor(rng.uniform(0.5, 1.5, shape).astype(np.float32), requires_grad=True)


def step(*tensors):
    """An optimiser's step that changes these tensors alone."""
    for t in tensors:
        t.grad = np.ones_like(t.data)
    optim.SGD(list(tensors), lr=0.5).step()
    for t in tensors:
        t.grad = None


def theirs_refuses(function, arrays, frozen, changed):
    torch = pytest.importorskip("torch")
    tensors = [torch.tensor(a, requires_grad=i not in frozen) for i, a in enumerate(arrays)]
    loss = function(*tensors).sum()
    with torch.no_grad():
        tensors[changed] -= 0.5
    try:
        loss.backward()
    except RuntimeError as refusal:
        assert REFUSAL in str(refusal)
        return True
    return False


X, W, V = (rng.uniform(0.5, 1.5, (3, 3)).astype(np.float32) for _ in range(3))
IMAGE, KERNEL, BIAS = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 4, 6, 6), (4, 4, 3, 3), (4,)))
ALONE, POINT = KERNEL[:, :1].copy(), KERNEL[:, :, :1, :1].copy()


def torch_functional():
    return pytest.importorskip("torch").nn.functional


# ours, PyTorch's, arrays
OPS = {
    "square": (lambda a: a * a, lambda a: a * a, [X]),
    "mul": (lambda a, b: a * b, lambda a, b: a * b, [X, W]),
    "scale": (lambda a: a * 3.0, lambda a: a * 3.0, [X]),
    "add": (lambda a, b: a + b, lambda a, b: a + b, [X, W]),
    "sub": (lambda a, b: a - b, lambda a, b: a - b, [X, W]),
    "three": (lambda a, b, c: a * b + b * c, lambda a, b, c: a * b + b * c, [X, W, V]),
    "matmul": (lambda a, b: a @ b, lambda a, b: a @ b, [X, W]),
    "view": (lambda a, b: a.reshape(9) * b.reshape(9), lambda a, b: a.reshape(9) * b.reshape(9), [X, W]),
    "part": (lambda a: (a[1:] * a[:2]), lambda a: (a[1:] * a[:2]), [X]),
    "transposed": (lambda a, b: a.T @ b.T, lambda a, b: a.T @ b.T, [X, W]),
    "detached": (lambda a, b: a.detach() * b + a, lambda a, b: a.detach() * b + a, [X, W]),
    "cube": (lambda a: a**3, lambda a: a**3, [X]),
    "log": (lambda a: a.log(), lambda a: a.log(), [X]),
    "exp": (lambda a: a.exp(), lambda a: a.exp(), [X]),
    "relu": (F.relu, lambda a: a.relu(), [X]),
    "swish": (F.swish, lambda a: torch_functional().silu(a), [X]),
    "sum": (lambda a: a.sum(axis=0), lambda a: a.sum(0), [X]),
    "linear": (F.linear, lambda *a: torch_functional().linear(*a), [X, W, V[0].copy()]),
    "conv2d": (F.conv2d, lambda *a: torch_functional().conv2d(*a), [IMAGE, KERNEL, BIAS]),
    "depthwise": (
        lambda x, w: F.depthwise_conv2d(x, w, padding=1),
        lambda x, w: torch_functional().conv2d(x, w, padding=1, groups=4),
        [IMAGE, ALONE],
    ),
    "grouped": (
        lambda x, w: F.conv2d(x, w, groups=4),
        lambda x, w: torch_functional().conv2d(x, w, groups=4),
        [IMAGE, ALONE],
    ),
    "pointwise": (F.pointwise_conv2d, lambda *a: torch_functional().conv2d(*a), [IMAGE, POINT, BIAS]),
    "cross_entropy": (
        lambda a: F.cross_entropy(a, np.array([0, 1, 2])),
        lambda a: torch_functional().cross_entropy(a, pytest.importorskip("torch").tensor([0, 1, 2])),
        [X],
    ),
}  # fmt: skip
CASES = [
    (name, frozen, changed)
    for name, (_, _, arrays) in OPS.items()
    for frozen in [(), *([(i,) for i in range(len(arrays))] if len(arrays) > 1 else [])]
    for changed in range(len(arrays))
]


@pytest.mark.parametrize("name, frozen, changed", CASES)
def test_refused_where_pytorch_refuses(name, frozen, changed):
    """frozen: inputs that require no gradient. changed: the input that is written into between forward and backward."""
    ours, theirs, arrays = OPS[name]
    tensors = [mm.Tensor(a.copy(), requires_grad=i not in frozen) for i, a in enumerate(arrays)]
    loss = ours(*tensors).sum()
    if tensors[changed].requires_grad:
        step(tensors[changed])
    else:
        nn.Module.load_state_dict(_holding(tensors[changed]), {"x": arrays[changed] - 0.5})
    assert not np.array_equal(tensors[changed].data, arrays[changed])
    if theirs_refuses(theirs, arrays, frozen, changed):
        with pytest.raises(RuntimeError, match=f"(?s){REFUSAL}.*before optimizer.step"):
            loss.backward()
    else:
        loss.backward()
        alone = [mm.Tensor(a.copy(), requires_grad=i not in frozen) for i, a in enumerate(arrays)]
        ours(*alone).sum().backward()
        for t, u in zip(tensors, alone, strict=True):
            assert (t.grad is None) == (u.grad is None)
            if u.grad is not None:
                np.testing.assert_array_equal(t.grad, u.grad)


def _holding(tensor):
    module = nn.Module()
    module.register_buffer("x", tensor.data)
    return module


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.Linear(4, 4),
        lambda: nn.Conv2d(4, 4, 3, padding=1),
        lambda: nn.PointwiseConv2d(4, 4),
        lambda: nn.PointwiseConv2d(4, 4, groups=2, split=True),
        lambda: nn.DepthwiseConv2d(4, 3),
        lambda: nn.MixConv2d(4, (3, 5)),
        lambda: nn.BatchNorm2d(4),
        lambda: nn.BatchNorm2d(4, activation="swish"),
        lambda: nn.SqueezeExcite(4, 2),
        lambda: nn.MixBlock(4, 4, (3, 5), expansion=2, se=0.5),
        lambda: nn.MixBlock(4, 4, (3, 5), expansion=1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("write", ["step", "load", "ema"])
def test_every_layer_with_weights(layer, write):
    layer = layer()
    x = mm.Tensor(rng.standard_normal((2, 4, 4, 4)).astype(np.float32), requires_grad=True)
    state = {name: array * 0.5 for name, array in layer.state_dict().items()}
    ema = optim.EMA(layer)
    loss = (layer(x) ** 2).sum()
    if write == "step":
        step(*layer.parameters())
    elif write == "load":
        layer.load_state_dict(state)
    else:
        ema.__enter__()
    if isinstance(layer, nn.PointwiseConv2d) and layer.split:  # concatenated to one: a copy, in PyTorch too
        loss.backward()
    else:
        with pytest.raises(RuntimeError, match=REFUSAL):
            loss.backward()


def test_the_right_gradient_again_after_a_new_forward_pass():
    w = mm.Tensor(np.array([2.0, 3.0], np.float32), requires_grad=True, name="w")
    loss = (w**3).sum()
    step(w)
    with pytest.raises(RuntimeError, match=r"backward through pow: .*, w of shape \(2,\)"):
        loss.backward()
    assert w.grad is None
    (w**3).sum().backward()
    np.testing.assert_allclose(w.grad, 3 * w.data**2)


def test_what_training_does_is_let_through():
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Swish(), nn.Linear(4, 2)), X
    optimizer, ema = optim.SGD(model.parameters(), lr=0.1), optim.EMA(model, 0.5)
    for _ in range(3):
        for _ in range(2):  # gradients of several batches add up
            model(x).sum().backward()
        optimizer.step()
        ema.update()
        with ema:  # evaluation with the averages
            assert np.isfinite(model(x).data).all()
        loss = model(x).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        optimizer.step(lambda: model(x).sum().backward())
        optimizer.zero_grad()
    model.load_state_dict(copy.deepcopy(model).state_dict())
    model(x).sum().backward()


def test_two_networks_in_turn():
    """A generator and its judge: a step of one spoils only what goes through the other's changed weights."""
    generator, judge = nn.Linear(3, 3), nn.Linear(3, 1)
    ours, theirs = optim.SGD(generator.parameters(), lr=0.1), optim.SGD(judge.parameters(), lr=0.1)
    fake = generator(X)
    judge(fake.detach()).sum().backward()
    theirs.step()
    judge(fake).sum().backward()  # seen anew, by the judge as it is
    ours.step()
    fake = generator(X)
    verdict = judge(fake).sum()
    judge(X).sum().backward()
    theirs.step()
    with pytest.raises(RuntimeError, match=REFUSAL):
        verdict.backward()  # through the judge's weights of before


def test_an_untouched_tensor_beside_a_changed_one():
    a, b = parameter(3), parameter(3)
    loss = (a * a).sum()
    step(b)
    loss.backward()
    np.testing.assert_array_equal(a.grad, 2 * a.data)


def test_own_ops_are_watched_by_what_they_save():
    op = mm.Op("double_square", lambda x: (2 * x * x, {"x": [x]}), lambda g, saved: (4 * g * saved["x"][0],))
    w = parameter(3)
    loss = mm.apply(op, w).sum()
    step(w)
    with pytest.raises(RuntimeError, match=REFUSAL):
        loss.backward()


def test_marked_by_hand():
    w = parameter(3)
    loss = (w * w).sum()
    w.data[...] = 0
    changes.mark([w.data])
    with pytest.raises(RuntimeError, match=REFUSAL):
        loss.backward()


def test_memory_of_changes_is_bounded(monkeypatch):
    monkeypatch.setattr(changes, "REMEMBERED", 10)
    held = [np.zeros(1) for _ in range(20)]
    before = changes.tick()
    changes.mark(held)
    assert [changes.since(before, array) for array in held] == [False] * 10 + [True] * 10

"""Every convolution against PyTorch, where that is installed: values, gradients, and refusals."""

import warnings

import conv_draws as draws
import numpy as np
import pytest
from helpers import same_as_torch
from hypothesis import given

import minimix.functional as F
from minimix.padding import pair, resolve

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def quick_torch():
    """Its oneDNN compiles code for every new shape: 30 s for a test of 80 shapes. Its plain loops do as an oracle."""
    try:
        import torch
    except ImportError:
        yield
        return
    torch.set_num_threads(1)  # its threads spin: on a busy machine a hundred times slower
    use_onednn(torch, False)
    yield
    use_onednn(torch, True)


def use_onednn(torch, flag):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks that there is no Intel GPU
        torch.backends.mkldnn.set_flags(flag)


def theirs(torch, case):
    """The same convolution on PyTorch's tensors. Paddings that PyTorch does not have are laid on before."""
    options = dict(case.options)
    if case.name == "pointwise_conv2d":
        return lambda x, *rest: torch.nn.functional.conv2d(x, *rest, groups=options["groups"])

    def one(x, weight, bias=None, groups=1, dilation=None):
        stride, d = pair(options["stride"], "stride"), pair(options["dilation"] if dilation is None else dilation, "dilation")
        (top, bottom), (left, right) = resolve(options["padding"], tuple(x.shape[2:]), tuple(weight.shape[2:]), stride, d)
        framed = torch.nn.functional.pad(x, (left, right, top, bottom))
        return torch.nn.functional.conv2d(framed, weight, bias, stride, 0, d, groups)

    if case.name == "conv2d":
        if options["padding"] != "tf_same":
            return lambda x, weight, bias=None: torch.nn.functional.conv2d(x, weight, bias, **options)
        return lambda x, weight, bias=None: one(x, weight, bias, options["groups"])
    if case.name == "depthwise_conv2d":
        return lambda x, weight: one(x, weight, groups=x.shape[1])

    def mixed(x, *weights):
        multiplier = sum(w.shape[0] for w in weights) // x.shape[1]
        parts = torch.split(x, [w.shape[0] // multiplier for w in weights], dim=1)
        d = options["dilation"]
        dilations = d if isinstance(d, list) else [d] * len(weights)
        return torch.cat([one(p, w, None, p.shape[1], e) for p, w, e in zip(parts, weights, dilations, strict=True)], dim=1)

    return mixed


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@draws.many
@given(draws.anything.filter(lambda c: c.arrays[0].size), draws.dtypes)
def test_as_torch(case, dtype):
    torch = pytest.importorskip("torch")
    tolerance = 1e-4 if dtype == np.float32 else 1e-11
    same_as_torch(lambda *tensors: case.call(F, tensors), theirs(torch, case), *case.arrays, dtypes=[dtype], rtol=tolerance,
                  atol=tolerance)  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@draws.few
@given(draws.dense().filter(lambda c: c.arrays[0].shape[0] > 0 and c.options["padding"] != "tf_same"))
def test_one_image_as_torch(case):
    torch = pytest.importorskip("torch")
    x, *rest = case.arrays
    same_as_torch(lambda *a: case.call(F, a), theirs(torch, case), x[0], *rest, dtypes=[np.float64])


X, W = rng.standard_normal((2, 4, 7, 6)), rng.standard_normal((6, 4, 3, 3))
HALF = rng.standard_normal((6, 2, 3, 3))
CASES = [
    (X, W, {}),
    (X, W, {"stride": (2, 1), "padding": (0, 2), "dilation": (1, 2)}),
    (X, W, {"padding": "valid"}),
    (X, W, {"padding": "same"}),
    (X, HALF, {"groups": 2}),
    (X, W, {"stride": [2], "padding": [1]}),
    (X[0], W, {"padding": 1}),
    # refused
    (X, W, {"padding": "same", "stride": 2}),
    (X, W, {"padding": "full"}),
    (X, W, {"stride": 0}),
    (X, W, {"stride": -1}),
    (X, W, {"stride": 1.5}),
    (X, W, {"stride": (1, 1, 1)}),
    (X, W, {"stride": None}),
    (X, W, {"padding": -1}),
    (X, W, {"padding": (1, 1, 1)}),
    (X, W, {"dilation": 0}),
    (X, W, {"dilation": 4}),
    (X, W, {"groups": 2}),
    (X, W, {"groups": 0}),
    (X, W, {"groups": -1}),
    (X, HALF[:5], {"groups": 2}),
    (X, HALF, {"groups": 3}),
    (X, HALF, {}),
    (X, W[:, :, 0], {}),
    (X, rng.standard_normal((6, 4, 8, 3)), {}),
    (X, rng.standard_normal((6, 4, 0, 3)), {}),
    (X, rng.standard_normal((0, 4, 3, 3)), {}),
    (X[0, 0], W, {}),
    (X[None], W, {}),
    (X[:, :, :0], W, {"padding": 1}),
    (X, W, {"bias": rng.standard_normal(5)}),
    (X, W, {"bias": rng.standard_normal((6, 1))}),
    (X, W, {"bias": rng.standard_normal(6)}),
    (X, W.astype(int), {}),
    (X.astype(int), W, {}),
]


@pytest.mark.parametrize(
    "x, weight, options", CASES, ids=lambda v: " ".join(v) if isinstance(v, dict) else "x".join(map(str, v.shape))
)
def test_accepts_and_refuses_what_torch_does(x, weight, options):
    torch = pytest.importorskip("torch")
    options = dict(options)
    arrays = [x, weight] + ([options.pop("bias")] if "bias" in options else [])
    same_as_torch(lambda *a: F.conv2d(*a, **options), lambda *a: torch.nn.functional.conv2d(*a, **options), *arrays)


def test_mixed_dtypes_are_refused_as_torch_does():
    torch = pytest.importorskip("torch")
    single, double = X.astype(np.float32), W
    with pytest.raises(RuntimeError):
        torch.nn.functional.conv2d(torch.tensor(single), torch.tensor(double))
    with pytest.raises(RuntimeError, match="float32 but weight is float64"):
        F.conv2d(single, double)


def test_refusals_say_what_came_and_what_would_do():
    """Without torch: one of each kind. ``tests/test_convargs.py`` has the rest."""
    with pytest.raises(RuntimeError, match=r"weight \(6, 2, 3, 3\).*x \(2, 4, 7, 6\) has 4.*use a weight of \(6, 4, 3, 3\)"):
        F.conv2d(X, HALF)
    with pytest.raises(RuntimeError, match=r"kernel of 8 x 3 does not fit into the padded input of 7 x 6"):
        F.conv2d(X, rng.standard_normal((6, 4, 8, 3)))
    with pytest.raises(RuntimeError, match=r"x must have 4 axes.*\(7, 6\)"):
        F.depthwise_conv2d(X[0, 0], W)
    with pytest.raises(TypeError, match="weights must be a list"):
        F.mixconv2d(X, W)
    with pytest.raises(RuntimeError, match="empty list"):
        F.mixconv2d(X, [])
    with pytest.raises(TypeError, match="int64"):
        F.conv2d(X.astype(np.int64), W)


@pytest.mark.parametrize("stride", [50_000, (50_000, 1), (2, 50_000), 10**9])
def test_a_stride_longer_than_the_picture_takes_no_memory(stride):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.conv2d
    options = {"stride": stride, "padding": 1}
    same_as_torch(lambda *a: F.conv2d(*a, **options), lambda *a: theirs(*a, **options), X, W)
    weight = rng.standard_normal((4, 1, 3, 3))
    for ours in (F.depthwise_conv2d, lambda x, w, **more: F.mixconv2d(x, [w], **more)):
        same_as_torch(lambda *a, f=ours: f(*a, **options), lambda *a: theirs(*a, groups=4, **options), X, weight)
    words = [F.depthwise_conv2d(X, weight, stride=stride, padding=padding).shape for padding in ("same", "tf_same", "valid")]
    rows, columns = stride if isinstance(stride, tuple) else (stride, stride)
    assert words[:2] == [(2, 4, -(-7 // rows), -(-6 // columns))] * 2

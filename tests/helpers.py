"""What several tests share."""

import numpy as np
import pytest

import minimix as mm


def same_as_torch(ours, theirs, *arrays, dtypes=(np.float32, np.float64), gradient=True, rtol=None, atol=None):
    """``ours`` on Tensors does what ``theirs`` does on PyTorch's: values, shapes, dtypes, gradients, or both refuse.

    Floating-point arrays are tried in each of ``dtypes`` and require gradients; others are passed as they are. The gradients
    are compared for a random cotangent. NaN equals NaN.
    """
    torch = pytest.importorskip("torch")
    for dtype in dtypes:
        cast = [a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in arrays]
        before = [np.array(a) for a in cast]
        mine = [mm.Tensor(a, requires_grad=gradient and np.asarray(a).dtype.kind == "f") for a in cast]
        peers = [torch.tensor(a, requires_grad=gradient and np.asarray(a).dtype.kind == "f") for a in before]
        try:
            expected = theirs(*peers)
        except (RuntimeError, IndexError, ValueError, TypeError) as refusal:
            with pytest.raises((RuntimeError, IndexError, ValueError, TypeError)):
                pytest.fail(f"PyTorch refuses ({refusal}), but this came out: {ours(*mine)}", pytrace=False)
            continue
        found = ours(*mine)
        values = found.data
        single = values.dtype == np.float32
        reach = {"rtol": rtol or (2e-5 if single else 1e-10), "atol": atol or (1e-5 if single else 1e-12)}
        assert values.shape == tuple(expected.shape)
        assert str(values.dtype) == str(expected.dtype).removeprefix("torch.")
        np.testing.assert_allclose(values, expected.detach().numpy(), **reach, err_msg=f"value, {np.dtype(dtype)}")
        if expected.requires_grad:
            cotangent = np.random.default_rng(1).standard_normal(values.shape).astype(values.dtype)
            kept = cotangent.copy()
            expected.backward(torch.tensor(cotangent))
            found.backward(cotangent)
            np.testing.assert_array_equal(cotangent, kept, err_msg="backward changed the gradient that it was given")
            for i, (a, b) in enumerate(zip(mine, peers, strict=True)):
                if b.grad is None:
                    assert a.grad is None or not a.grad.any(), f"input {i}: PyTorch sends it no gradient"
                    continue
                assert a.grad.shape == a.shape and a.grad.dtype == a.dtype
                np.testing.assert_allclose(a.grad, b.grad.numpy(), **reach, err_msg=f"gradient of input {i}, {np.dtype(dtype)}")
        for a, b in zip(cast, before, strict=True):
            np.testing.assert_array_equal(a, b, err_msg="an input was changed")


def slopes(function, *arrays, eps=1e-6):
    """Gradients of sum(cotangent * function(...)) by tape and by central differences, in float64: for tests without torch."""
    tensors = [mm.Tensor(a.astype(np.float64), requires_grad=True) for a in arrays]
    output = function(*tensors)
    cotangent = np.random.default_rng(2).standard_normal(output.shape)
    output.backward(cotangent)
    pairs = []
    for i, a in enumerate(arrays):
        numeric = np.zeros(a.shape)
        for place in np.ndindex(a.shape):
            sides = []
            for step in (eps, -eps):
                moved = [b.astype(np.float64).copy() for b in arrays]
                moved[i][place] += step
                sides.append((function(*(mm.Tensor(m) for m in moved)).data * cotangent).sum())
            numeric[place] = (sides[0] - sides[1]) / (2 * eps)
        pairs.append((tensors[i].grad, numeric))
    return pairs


def assert_slopes(function, *arrays, rtol=1e-5, atol=1e-7):
    """The tape's gradients are the finite differences."""
    for i, (found, expected) in enumerate(slopes(function, *arrays)):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol, err_msg=f"gradient of input {i}")

"""The compiled rules: to the bit what their formulas give in NumPy, and right for arrays that no kernel takes as they are."""

import numpy as np
import pytest

from minimix import optim
from minimix.tensor import Tensor

RULES = {
    "plain": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=1e-3),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True),
    "rmsprop": lambda p: optim.RMSProp(p, weight_decay=1e-3),
    "adam": lambda p: optim.Adam(p, lr=0.01, weight_decay=1e-3),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
}


def in_numpy(name, weight, gradients):
    """The same steps, one NumPy operation after the other."""
    number, w, state = weight.dtype.type, weight.copy(), {}
    for t, g in enumerate(gradients, 1):
        if name in ("momentum", "nesterov", "rmsprop", "adam"):
            g = number(1e-3) * w + g
        if name == "plain":
            w = w - number(0.1) * g
        elif name in ("momentum", "nesterov"):
            buffer = state.get("b", np.zeros_like(w)) * number(0.9)
            state["b"] = buffer + (number(1 - 0.3) * g if name == "momentum" and t > 1 else g)
            w = w - number(0.1) * (number(0.9) * state["b"] + g if name == "nesterov" else state["b"])
        elif name == "rmsprop":
            state["s"] = state.get("s", np.ones_like(w)) * number(0.9) + g * g * number(1 - 0.9)
            state["b"] = state.get("b", np.zeros_like(w)) * number(0.9) + g / np.sqrt(state["s"] + number(1e-3)) * number(1e-2)
            w = w - state["b"]
        else:
            w = w * number(1 - 0.01 * 0.1) if name == "adamw" else w
            mean, square = state.get("m", np.zeros_like(w)), state.get("v", np.zeros_like(w))
            state["m"] = mean + (g - mean) * number(1 - 0.9)
            state["v"] = square * number(0.999) + g * g * number(1 - 0.999)
            root = np.sqrt(1 - 0.999**t)
            step = state["m"] / (np.sqrt(state["v"]) + number(1e-8 * root))
            w = w - step * number(0.01 * root / (1 - 0.9**t))
    return w


def draw(shape, dtype, steps=6):
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape).astype(dtype), [
        (rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 4)).astype(dtype) for _ in range(steps)
    ]


def trained(make, weight, gradients):
    p = Tensor(weight, requires_grad=True)
    p.data = weight  # as it lies
    optimizer = make([p])
    for g in gradients:
        p.grad = g
        optimizer.step()
    assert p.data is weight
    return weight


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", RULES)
def test_every_bit_of_the_formula(rule, dtype):
    weight, gradients = draw((37, 5), dtype)
    expected = in_numpy(rule, weight, gradients)
    np.testing.assert_array_equal(trained(RULES[rule], weight.copy(), gradients), expected)


def strided(array):
    room = np.zeros((*array.shape, 2), array.dtype)
    room[..., 0] = array
    return room[..., 0]


def mapped(array, folder):
    path = folder / f"{len(list(folder.iterdir()))}.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r+")


@pytest.mark.parametrize("rule", RULES)
def test_weights_and_gradients_in_any_layout(rule, tmp_path):
    weight, gradients = draw((4, 3, 5), np.float32)
    expected = trained(RULES[rule], weight.copy(), gradients)
    layouts = {
        "Fortran's order": np.asfortranarray,
        "strided": strided,
        "other bytes": lambda a: a.astype(a.dtype.newbyteorder()),
        "unaligned": lambda a: np.frombuffer(bytearray(b"x" + a.tobytes()), a.dtype, offset=1).reshape(a.shape),
        "memory-mapped": lambda a: mapped(a, tmp_path),
    }
    for name, layout in layouts.items():
        np.testing.assert_array_equal(trained(RULES[rule], layout(weight), gradients), expected, err_msg=name)
        found = trained(RULES[rule], weight.copy(), [layout(g) for g in gradients])
        np.testing.assert_array_equal(found, expected, err_msg=f"gradient: {name}")


@pytest.mark.parametrize("rule", RULES)
def test_float16_and_what_is_wider(rule):
    weight, gradients = draw((4, 3), np.float16, steps=2)
    gradients = [np.clip(g, -2, 2) for g in gradients]
    expected = trained(RULES[rule], weight.astype(np.float64), [g.astype(np.float64) for g in gradients])
    half = trained(RULES[rule], weight.copy(), gradients)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, expected, atol=2e-2)
    wide = trained(RULES[rule], weight.astype(np.longdouble), gradients)
    assert wide.dtype == np.longdouble
    np.testing.assert_allclose(wide.astype(np.float64), expected, rtol=1e-12)


def test_not_a_number_stays_where_it_is():
    for rule in RULES.values():
        weight, (gradient, *_) = draw((9,), np.float32)
        gradient[4] = np.nan
        found = trained(rule, weight, [gradient])
        assert np.isnan(found).tolist() == [False] * 4 + [True] + [False] * 4


def test_averages_of_arrays_in_any_layout():
    first, (second, third, *_) = draw((4, 6), np.float32)
    arrays = {"c": first.copy(), "f": np.asfortranarray(first), "s": strided(first), "h": first.astype(np.float16)}
    ema = optim.EMA(dict(arrays), 0.9)
    expected = first.copy()
    for step in (second, third):
        for array in arrays.values():
            array[...] = np.clip(step, -3, 3)
        ema.update()
        expected += (np.clip(step, -3, 3) - expected) * np.float32(1 - 0.9)
    for name in "cfs":
        np.testing.assert_array_equal(ema.averages[name], expected)
    np.testing.assert_allclose(ema.averages["h"], expected, atol=1e-2)

"""Parameter groups, refusals, saving and loading of optimisers."""

import json

import numpy as np
import pytest

from minimix import optim
from minimix.tensor import Tensor

NAMES = ["conv.weight", "conv.bias", "fc.weight"]
SHAPES = [(4, 3, 3, 3), (4,), (2, 4)]
RULES = {
    "sgd": lambda params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "plain": lambda params: optim.SGD(params, lr=0.1),
    "rmsprop": lambda params: optim.RMSProp(params, lr=0.02, weight_decay=0.01),
    "adam": lambda params: optim.Adam(params, lr=0.02, betas=(0.8, 0.95)),
    "adamw": lambda params: optim.AdamW(params, lr=0.02),
}


def tensor(*shape, dtype=np.float32):
    return Tensor(np.ones(shape, dtype), requires_grad=True)


def named(seed=0):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]
    return [(name, Tensor(array, requires_grad=True)) for name, array in zip(NAMES, arrays, strict=True)]


def train(optimizer, steps):
    for step in steps:
        rng = np.random.default_rng(1000 + step)
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = rng.normal(size=p.shape).astype(np.float32)
        optimizer.step()


def snapshot(pairs):
    return {name: p.data.copy() for name, p in pairs}


# -- groups -----------------------------------------------------------------------------------------------------------


def test_decay_groups_split_by_shape_and_keep_the_order():
    pairs = [*named(), ("bn.weight", tensor(4)), ("temperature", tensor())]
    decayed, kept = optim.decay_groups(pairs, 0.05)
    assert [name for name, _ in decayed["params"]] == ["conv.weight", "fc.weight"]
    assert [name for name, _ in kept["params"]] == ["conv.bias", "bn.weight", "temperature"]
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.05, 0.0)


def test_decay_groups_in_an_optimizer():
    pairs = named()
    before = snapshot(pairs)
    optimizer = optim.SGD(optim.decay_groups(pairs, 0.5), lr=0.1)
    for _, p in pairs:
        p.grad = np.zeros(p.shape, np.float32)
    optimizer.step()
    for name, p in pairs:
        np.testing.assert_allclose(p.data, before[name] * (1.0 if name == "conv.bias" else 0.95), rtol=1e-6)


def test_decay_groups_of_a_module():
    class Model:
        def named_parameters(self):
            return iter(named())

    assert [len(group["params"]) for group in optim.decay_groups(Model(), 0.1)] == [2, 1]


def test_decay_groups_may_leave_one_group_empty():
    optimizer = optim.SGD(optim.decay_groups([("bias", tensor(3))], 0.1), lr=0.1)
    assert [len(group["params"]) for group in optimizer.param_groups] == [0, 1]


def test_decay_groups_refusals():
    with pytest.raises(TypeError, match="named_parameters"):
        optim.decay_groups([tensor(2)], 0.1)
    with pytest.raises(ValueError, match="no parameters"):
        optim.decay_groups([], 0.1)
    with pytest.raises(ValueError, match=r"weight_decay is -0\.1"):
        optim.decay_groups(named(), -0.1)


def test_added_group_takes_defaults():
    optimizer = optim.SGD([tensor(2)], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": tensor(3), "lr": 0.5})
    assert [(g["lr"], g["momentum"]) for g in optimizer.param_groups] == [(0.1, 0.9), (0.5, 0.9)]


# -- refusals ---------------------------------------------------------------------------------------------------------

T = tensor(2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.SGD([], lr=0.1), ValueError, "empty parameter list"),
        (lambda: optim.SGD(iter(()), lr=0.1), ValueError, "empty parameter list"),
        (lambda: optim.SGD(T, lr=0.1), TypeError, r"pass \[tensor\]"),
        (lambda: optim.SGD({T}, lr=0.1), TypeError, "set"),
        (lambda: optim.SGD([{"params": {T}}], lr=0.1), TypeError, "set"),
        (lambda: optim.SGD([np.ones(2)], lr=0.1), TypeError, "parameter 0 is a ndarray"),
        (lambda: optim.SGD([("w", 1.0)], lr=0.1), TypeError, "parameter w is a float"),
        (lambda: optim.SGD([{"lr": 0.1}]), TypeError, '"params"'),
        (lambda: optim.SGD([{"params": [T]}, T]), TypeError, "a parameter group is a dict"),
        (lambda: optim.SGD([T, T], lr=0.1), ValueError, "parameter 1 of group 0 is the same Tensor as parameter 0 of group 0"),
        (lambda: optim.SGD([{"params": [T]}, {"params": [T]}]), ValueError, "of group 1 is the same Tensor as"),
        (lambda: optim.SGD([("w", T), ("w", tensor(2))]), ValueError, "the same name"),
        (lambda: optim.SGD([("w", T), tensor(2)]), ValueError, "name all or none"),
        (lambda: optim.SGD([{"params": [("w", T)]}, {"params": [tensor(2)]}]), ValueError, "name all or none"),
        (lambda: optim.SGD([Tensor(np.ones(2, np.int64))]), TypeError, "int64"),
        (lambda: optim.SGD([T], lr=-0.1), ValueError, "lr is -0.1"),
        (lambda: optim.SGD([T], lr=float("nan")), ValueError, "lr is nan"),
        (lambda: optim.SGD([T], lr="0.1"), TypeError, "lr is a str"),
        (lambda: optim.SGD([{"params": [T], "lr": -0.1}], lr=0.1), ValueError, "lr is -0.1"),
        (lambda: optim.SGD([T], momentum=-0.1), ValueError, "momentum is -0.1"),
        (lambda: optim.SGD([T], weight_decay=-0.1), ValueError, "weight_decay is -0.1"),
        (lambda: optim.SGD([T], nesterov=True), ValueError, "nesterov=True needs a momentum"),
        (lambda: optim.SGD([T], momentum=0.9, dampening=0.1, nesterov=True), ValueError, "dampening=0.1"),
        (lambda: optim.RMSProp([T], decay=-0.1), ValueError, "decay is -0.1"),
        (lambda: optim.RMSProp([T], decay=1.1), ValueError, "decay is 1.1"),
        (lambda: optim.RMSProp([T], eps=-1), ValueError, "eps is -1"),
        (lambda: optim.Adam([T], betas=(1.0, 0.999)), ValueError, "betas is"),
        (lambda: optim.Adam([T], betas=(0.9, -0.1)), ValueError, "betas is"),
        (lambda: optim.Adam([T], betas=(0.9,)), ValueError, "betas is"),
        (lambda: optim.Adam([T], eps=-1), ValueError, "eps is -1"),
        (lambda: optim.AdamW([T], weight_decay=-1), ValueError, "weight_decay is -1"),
        (lambda: optim.SGD([T], bad=1), TypeError, "bad"),
    ],
)
def test_refusals(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_refuses_a_model_instead_of_its_parameters():
    class Model:
        def named_parameters(self):
            return iter(named())

    with pytest.raises(TypeError, match=r"model\.parameters\(\)"):
        optim.SGD(Model(), lr=0.1)


def test_refuses_results_of_ops():
    class Made(Tensor):
        is_leaf = False

    with pytest.raises(ValueError, match="not a leaf"):
        optim.SGD([Made([1.0])], lr=0.1)


def test_a_refused_group_is_not_added():
    optimizer = optim.SGD([T], lr=0.1)
    with pytest.raises(ValueError, match="same Tensor"):
        optimizer.add_param_group({"params": [T]})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("rule", RULES)
def test_refuses_gradients_and_weights_of_another_shape(rule):
    pairs = named()
    optimizer = RULES[rule](pairs)
    train(optimizer, [0])
    weight = pairs[1][1]
    weight.grad = np.ones(1, np.float32)  # would broadcast
    with pytest.raises(ValueError, match=r"conv.bias has shape \(4,\), but its gradient has shape \(1,\)"):
        optimizer.step()
    if rule != "plain":
        weight.data, weight.grad = np.ones((2, 4), np.float32), np.ones((2, 4), np.float32)
        with pytest.raises(ValueError, match=r"has shape \(4,\), but its parameter has \(2, 4\)"):
            optimizer.step()


# -- saving and loading -----------------------------------------------------------------------------------------------


def through_safetensors(optimizer, fresh):
    from safetensors.numpy import load, save

    fresh.load_state_arrays(load(save(optimizer.state_arrays())))


def through_a_dict(optimizer, fresh):
    fresh.load_state_dict(optimizer.state_dict())


def through_json(optimizer, fresh):
    """The nested form needs nothing but a way to write arrays."""
    text = json.dumps(optimizer.state_dict(), default=lambda a: {"dtype": str(a.dtype), "data": a.tolist()})
    saved = json.loads(text, object_hook=lambda d: np.array(d["data"], d["dtype"]) if "dtype" in d else d)
    saved["state"] = {int(i): entries for i, entries in saved["state"].items()}
    fresh.load_state_dict(saved)


@pytest.mark.parametrize("carry", [through_safetensors, through_a_dict, through_json])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_a_resumed_run_is_bit_identical(rule, grouped, carry):
    def start(pairs):
        return RULES[rule](optim.decay_groups(pairs, 0.03) if grouped else [p for _, p in pairs])

    pairs, resumed_pairs = named(), named(seed=7)
    whole, resumed = start(pairs), start(resumed_pairs)
    train(whole, range(3))
    whole.param_groups[0]["lr"] = 0.1 + 0.2  # not a number that survives rounding
    for (_, p), (_, q) in zip(pairs, resumed_pairs, strict=True):
        q.data[...] = p.data
    carry(whole, resumed)
    assert resumed.param_groups[0]["lr"] == 0.1 + 0.2
    train(whole, range(3, 6))
    train(resumed, range(3, 6))
    for (name, p), (_, q) in zip(pairs, resumed_pairs, strict=True):
        np.testing.assert_array_equal(p.data, q.data, err_msg=name)
    a, b = whole.state_arrays(), resumed.state_arrays()
    assert a.keys() == b.keys()
    for key in a:
        assert a[key].dtype == b[key].dtype
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


def test_scheduled_proportions_are_saved():
    def start():
        a, b = tensor(2), tensor(2)
        return optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.01}], lr=0.1)

    whole, resumed = start(), start()
    optim.Scheduler(whole, optim.constant(0.7))
    resumed.load_state_arrays(whole.state_arrays())
    np.testing.assert_allclose(optim.Scheduler(resumed, optim.constant(0.2)).get_last_lr(), [0.2, 0.02], rtol=1e-15)


def test_keys_are_readable():
    optimizer = RULES["adam"](named())
    train(optimizer, [0])
    arrays = optimizer.state_arrays()
    assert arrays["state/conv.weight/exp_avg"].shape == (4, 3, 3, 3)
    assert arrays["state/fc.weight/step"] == 1
    assert arrays["groups/0/lr"] == 0.02
    assert arrays["groups/0/betas"].tolist() == [0.8, 0.95]
    assert all(type(a) is np.ndarray for a in arrays.values())


def test_words_in_a_group_are_left_where_they_are():
    optimizer = optim.SGD([{"params": [tensor(2)], "name": "kernels"}], lr=0.1)
    arrays = optimizer.state_arrays()
    assert "groups/0/name" not in arrays
    optimizer.load_state_arrays(arrays)
    assert optimizer.param_groups[0]["name"] == "kernels"


@pytest.mark.parametrize("form", ["state_dict", "state_arrays"])
def test_saved_state_is_a_copy_and_so_is_the_loaded_one(form):
    pairs = named()
    optimizer = RULES["sgd"](pairs)
    train(optimizer, [0])
    saved = getattr(optimizer, form)()
    buffer = saved["state"][0]["momentum_buffer"] if form == "state_dict" else saved["state/conv.weight/momentum_buffer"]
    before = buffer.copy()
    train(optimizer, [1])
    np.testing.assert_array_equal(buffer, before)
    getattr(optimizer, "load_state_dict" if form == "state_dict" else "load_state_arrays")(saved)
    train(optimizer, [1])
    np.testing.assert_array_equal(buffer, before)
    assert (optimizer.state[pairs[0][1]]["momentum_buffer"] != before).all()


def test_loading_refuses_what_does_not_fit_and_changes_nothing():
    pairs = named()
    optimizer = RULES["sgd"](pairs)
    train(optimizer, [0])
    before = optimizer.state_arrays()
    other = RULES["sgd"](named())
    train(other, [5])
    other.param_groups[0]["lr"] = 0.7
    good = other.state_arrays()

    def refuses(message, changed):
        with pytest.raises(ValueError, match=message):
            optimizer.load_state_arrays(changed)

    key = "state/conv.bias/momentum_buffer"
    refuses(r"momentum_buffer of conv.bias was saved with shape \(5,\), but needs \(4,\)", {**good, key: np.zeros(5)})
    refuses("state/head.weight/momentum_buffer", {**good, "state/head.weight/momentum_buffer": np.zeros(5)})
    refuses("groups/1/lr", {**good, "groups/1/lr": np.array(0.1)})
    refuses("lacks groups/0/lr", {k: v for k, v in good.items() if k != "groups/0/lr"})
    refuses("lr is -1.0", {**good, "groups/0/lr": np.array(-1.0)})
    refuses("conv.bias was saved with .*exp_avg.*SGD remembers", {**good, "state/conv.bias/exp_avg": np.zeros(4)})
    refuses("junk", {**good, "junk": np.zeros(4)})
    refuses("conv.bias was saved as .* of complex128, but must be real", {**good, key: np.ones(4) * 1j})
    refuses("conv.bias was saved as .* of <U1, but must be real", {**good, key: np.array(list("abcd"))})
    adam = RULES["adam"](named())
    train(adam, [0])
    for wrong in (1.5, -1, np.nan):
        changed = {**adam.state_arrays(), "state/conv.bias/step": np.array(wrong)}
        with pytest.raises(ValueError, match="step of conv.bias was saved as .* must be a whole number"):
            adam.load_state_arrays(changed)
    refuses("lacks groups/0/momentum|SGD remembers", adam.state_arrays())
    after = optimizer.state_arrays()
    assert before.keys() == after.keys()
    for k in before:
        np.testing.assert_array_equal(before[k], after[k])
    optimizer.load_state_arrays(good)  # what all of these were made from is fine
    assert optimizer.param_groups[0]["lr"] == 0.7


def test_loading_refuses_other_groups_parameters_and_orders():
    optimizer = RULES["sgd"](named())
    grouped = RULES["sgd"](optim.decay_groups(named(), 0.1))
    with pytest.raises(ValueError, match="has 2 parameter groups, the optimizer 1"):
        optimizer.load_state_dict(grouped.state_dict())
    with pytest.raises(ValueError, match=r"missing \['fc.weight'\], unexpected \[\]"):
        optimizer.load_state_dict(RULES["sgd"](named()[:2]).state_dict())
    with pytest.raises(ValueError, match=r"another order, number 0 was fc.weight and is conv.weight"):
        optimizer.load_state_dict(RULES["sgd"](named()[::-1]).state_dict())
    with pytest.raises(ValueError, match=r"group 0 was saved with 2 parameters, but has 3: conv.weight, conv.bias, fc.weight"):
        optimizer.load_state_dict(RULES["sgd"]([p for _, p in named()[:2]]).state_dict())
    stray = optimizer.state_dict()
    stray["state"][17] = {"momentum_buffer": np.zeros(3)}
    with pytest.raises(ValueError, match="parameter 17"):
        optimizer.load_state_dict(stray)


def test_repr_shows_the_numbers():
    text = repr(optim.SGD(optim.decay_groups(named(), 0.25), lr=0.1))
    assert text.startswith("SGD(")
    assert "group 0: 2 parameters, lr=0.1" in text
    assert "weight_decay=0.25" in text


def test_a_base_without_a_rule_says_so():
    w = tensor(2)
    optimizer = optim.Optimizer([w], {"lr": 0.1, "maximize": False})
    w.grad = np.ones(2, np.float32)
    with pytest.raises(NotImplementedError, match="define update"):
        optimizer.step()

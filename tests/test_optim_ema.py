"""EMA of weights: the recurrence, TensorFlow's ramp, swapping, saving, and refusals."""

import numpy as np
import pytest

from minimix import optim
from minimix.tensor import Tensor


class Model:
    """The least that EMA needs of a module: two named parameters and buffers, one of them a counter."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.kernel = Tensor(rng.normal(size=(3, 2)), requires_grad=True)
        self.scale = Tensor(rng.normal(size=3).astype(np.float32), requires_grad=True)
        self.mean = rng.normal(size=3)
        self.seen = np.array(0)

    def named_parameters(self):
        yield "conv.weight", self.kernel
        yield "bn.weight", self.scale

    def named_buffers(self):
        yield "bn.running_mean", self.mean
        yield "bn.num_batches_tracked", self.seen

    def move(self, seed):
        rng = np.random.default_rng(seed)
        for p in (self.kernel, self.scale):
            p.data += rng.normal(size=p.shape).astype(p.dtype)
        self.mean = self.mean + rng.normal(size=3)  # a layer may replace its statistics by a new array
        self.seen += 1

    def arrays(self):
        return {"conv.weight": self.kernel.data, "bn.weight": self.scale.data, "bn.running_mean": self.mean}


@pytest.mark.parametrize("ramp", [False, True])
def test_recurrence_over_parameters_and_buffers(ramp):
    model = Model()
    ema = optim.EMA(model, decay=0.6, ramp=ramp)
    expected = {name: array.copy() for name, array in model.arrays().items()}
    for t in range(1, 12):
        model.move(t)
        ema.update()
        decay = min(0.6, (1 + t) / (10 + t)) if ramp else 0.6
        for name, array in model.arrays().items():
            expected[name] = decay * expected[name] + (1 - decay) * array
    assert set(ema.averages) == set(expected)
    for name, average in ema.averages.items():
        rtol = 1e-5 if name == "bn.weight" else 1e-12
        np.testing.assert_allclose(average, expected[name], rtol=rtol, atol=rtol)
        assert average.dtype == model.arrays()[name].dtype


def test_ramp_forgets_the_start():
    model = Model()
    ramped, plain = optim.EMA(model, 0.9999, ramp=True), optim.EMA(model, 0.9999)
    start = model.kernel.data.copy()
    model.kernel.data += 1.0
    for _ in range(50):
        ramped.update()
        plain.update()
    assert np.abs(ramped.averages["conv.weight"] - model.kernel.data).max() < 0.01
    assert np.abs(plain.averages["conv.weight"] - start).max() < 0.01


def test_constant_weights_stay_themselves():
    model = Model()
    ema = optim.EMA(model, 0.9)
    for _ in range(5):
        ema.update()
    for name, average in ema.averages.items():
        np.testing.assert_array_equal(average, model.arrays()[name])


def test_swaps_in_and_back_to_the_bit():
    model = Model()
    ema = optim.EMA(model, 0.6)
    model.move(1)
    ema.update()
    own = {name: array.copy() for name, array in model.arrays().items()}
    averages = {name: array.copy() for name, array in ema.averages.items()}
    kernel = model.kernel.data
    with ema:
        assert model.kernel.data is kernel
        assert int(model.seen) == 1
        for name, array in model.arrays().items():
            np.testing.assert_array_equal(array, averages[name])
            assert (array != own[name]).all()
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, own[name])
        np.testing.assert_array_equal(ema.averages[name], averages[name])
    assert model.kernel.data is kernel


def test_swaps_back_after_an_exception_and_can_be_used_again():
    model = Model()
    ema = optim.EMA(model, 0.6)
    model.move(1)
    own = model.kernel.data.copy()
    with pytest.raises(KeyError), ema:
        raise KeyError("evaluation failed")
    np.testing.assert_array_equal(model.kernel.data, own)
    with ema:
        assert (model.kernel.data != own).all()
    np.testing.assert_array_equal(model.kernel.data, own)


def test_statistics_changed_inside_the_block_do_not_leak():
    model = Model()
    ema = optim.EMA(model, 0.6)
    own, average = model.mean.copy(), ema.averages["bn.running_mean"].copy()
    with ema:
        model.move(5)
    np.testing.assert_array_equal(model.mean, own)
    np.testing.assert_array_equal(ema.averages["bn.running_mean"], average)


def test_saved_averages_continue_to_the_bit():
    from safetensors.numpy import load, save

    whole_model, model = Model(), Model()
    whole, ema = optim.EMA(whole_model, 0.99, ramp=True), optim.EMA(model, 0.99, ramp=True)
    for t in range(3):
        whole_model.move(t)
        model.move(t)
        whole.update()
        ema.update()
    resumed = optim.EMA(model, 0.99, ramp=True)
    resumed.load_state_arrays(load(save(ema.state_arrays())))
    for t in range(3, 6):
        whole_model.move(t)
        model.move(t)
        whole.update()
        resumed.update()
    assert resumed.updates == whole.updates == 6
    for name, average in whole.averages.items():
        np.testing.assert_array_equal(resumed.averages[name], average)


def test_state_arrays_are_copies():
    model = Model()
    ema = optim.EMA(model, 0.5)
    saved = ema.state_arrays()
    before = saved["average/conv.weight"].copy()
    model.move(1)
    ema.update()
    np.testing.assert_array_equal(saved["average/conv.weight"], before)


def test_refuses_foreign_state_and_keeps_its_own():
    ema = optim.EMA(Model(), 0.9)
    before = {name: array.copy() for name, array in ema.averages.items()}
    other = optim.EMA(Model(seed=9), 0.9)
    good = other.state_arrays()
    with pytest.raises(ValueError, match=r"missing \['average/conv.weight'\], unexpected \['average/fc.weight'\]"):
        ema.load_state_arrays({name.replace("conv", "fc"): array for name, array in good.items()})
    with pytest.raises(ValueError, match=r"bn.running_mean has shape \(4,\).*\(3,\)"):
        ema.load_state_arrays({**good, "average/bn.running_mean": np.zeros(4)})
    for wrong in (np.array([1j, 0, 0]), np.array(["a", "b", "c"]), np.array([None, 0, 0])):
        with pytest.raises(ValueError, match="bn.running_mean is of .* must be real numbers"):
            ema.load_state_arrays({**good, "average/bn.running_mean": wrong})
    for wrong in (-1, 1.5, np.nan, [3], "3"):
        with pytest.raises(ValueError, match="number of updates is .* must be a whole number"):
            ema.load_state_arrays({**good, "updates": np.array(wrong)})
    for name, average in ema.averages.items():
        np.testing.assert_array_equal(average, before[name])
    assert ema.updates == 0


def test_read_only_weights_stay_as_they_are():
    first, second = Tensor(np.ones(2)), Tensor(np.broadcast_to(1.0, (2,)))
    ema = optim.EMA({"a": first, "b": second}, 0.5)
    ema.averages["a"][...] = 7
    for _ in range(2):
        with pytest.raises(ValueError, match="read-only"), ema:
            pass
    np.testing.assert_array_equal(first.data, 1)


def test_refuses_a_changed_model():
    model = Model()
    ema = optim.EMA(model, 0.9)
    model.mean = np.zeros(4)
    with pytest.raises(ValueError, match=r"bn.running_mean has shape \(4,\).*\(3,\)"):
        ema.update()
    model.named_buffers = lambda: iter([])
    with pytest.raises(ValueError, match=r"lost \['bn.running_mean'\]"):
        ema.update()
    assert ema.updates == 0


def test_refuses_use_inside_itself():
    ema = optim.EMA(Model(), 0.9)
    with ema:
        with pytest.raises(RuntimeError, match="inside its own with block"):
            ema.update()
        with pytest.raises(RuntimeError, match="already swapped in"), ema:
            pass


@pytest.mark.parametrize("decay", [-0.1, 1.0, 2.0, float("nan")])
def test_refuses_a_decay_out_of_range(decay):
    with pytest.raises(ValueError, match="decay is"):
        optim.EMA(Model(), decay)


def test_refuses_what_it_cannot_average():
    with pytest.raises(TypeError, match="pairs, not Tensor"):
        optim.EMA([Tensor([1.0])], 0.9)
    with pytest.raises(ValueError, match="nothing to average"):
        optim.EMA([], 0.9)


def test_takes_a_dict_of_tensors():
    w = Tensor(np.zeros(2))
    ema = optim.EMA({"w": w}, 0.5)
    w.data += 1.0
    ema.update()
    np.testing.assert_array_equal(ema.averages["w"], 0.5)

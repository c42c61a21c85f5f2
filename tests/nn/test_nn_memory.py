"""Whole networks whose arrays lie in memory as they come: out of a file, out of another process, sliced, turned round."""

import copy
import pickle

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import models, nn, optim

X = np.random.default_rng(0).standard_normal((2, 3, 16, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    return models.create("mixnet_nano", width=0.25, num_classes=1)


def step(model, x=X):
    """One step of training -> output, all parameters and buffers after it."""
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model.zero_grad()
    out = model(x)
    out.sum().backward()
    optimizer.step()
    return [out.data, *(p.data for p in model.parameters()), *model.buffers()]


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def by_pickle(model):
    buffers = []
    stream = pickle.dumps(model, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(stream, buffers=[bytes(buffer.raw()) for buffer in buffers])


def test_unpickled_from_read_only_bytes_it_is_trained_the_same(network):
    other = by_pickle(network)
    assert all(array.flags.writeable for array in other.state_dict().values())
    assert_same(step(other), step(copy.deepcopy(network)))


def strided(a):
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


@pytest.mark.parametrize("layout", [strided, np.asfortranarray, lambda a: a.astype(a.dtype.newbyteorder("S")),
                                    lambda a: np.ascontiguousarray(a[::-1])[::-1]],
                         ids=["strided", "fortran", "other bytes", "backwards"])  # fmt: skip
def test_parameters_that_lie_otherwise_are_trained_the_same(network, layout):
    other = copy.deepcopy(network)
    for parameter in other.parameters():
        parameter.data = layout(parameter.data)
    assert_same(step(other), step(copy.deepcopy(network)))


def test_read_only_parameters_have_gradients(network):
    other = copy.deepcopy(network)
    for parameter in other.parameters():
        parameter.data.flags.writeable = False
    expected = copy.deepcopy(network)
    for model in (other, expected):
        model(X).sum().backward()
    assert_same([p.grad for p in other.parameters()], [p.grad for p in expected.parameters()])


@pytest.mark.parametrize("training", [True, False])
def test_one_picture_and_one_class(network, training):
    model = copy.deepcopy(network).train(training)
    x = mm.Tensor(X[:1], requires_grad=True)
    model(x).backward()
    assert x.grad.shape == x.shape and all(p.grad.shape == p.shape for p in model.parameters())


def test_memory_mapped_weights(tmp_path):
    np.save(tmp_path / "weight.npy", X[0, 0])
    mapped = np.load(tmp_path / "weight.npy", mmap_mode="r")
    weight = nn.Parameter(mapped)
    F.linear(X[1, 0], weight).sum().backward()
    optim.SGD([weight], lr=0.1).step()
    assert (weight.data != X[0, 0]).any() and (mapped == X[0, 0]).all()


def test_buffers_are_written_into_only_where_they_are_a_modules_own():
    norm, zeros = nn.BatchNorm2d(3), np.zeros(3, np.float32)
    zeros.flags.writeable = False
    norm.running_mean = zeros
    norm(X)
    assert norm.running_mean.any() and not zeros.any()


def test_read_only_statistics_are_refused_in_training():
    mean, variance = np.broadcast_to(np.float32(0), 3), np.ones(3, np.float32)
    assert F.batch_norm(X, mean, variance).shape == X.shape
    with pytest.raises(ValueError, match="running_mean is read-only, but training moves it in place: pass a copy"):
        F.batch_norm(X, mean, variance, training=True)
    assert (variance == 1).all()
    weight = [np.ones(shape, np.float32) for shape in ((3, 1, 3, 3), (2, 3, 1, 1))]
    norms = [(np.ones(n, np.float32), np.zeros(n, np.float32), F.Normalisation((np.zeros(n), np.ones(n)))) for n in (3, 2)]
    norms[0][2].running[1].flags.writeable = False
    with pytest.raises(ValueError, match="running of the second norm is read-only"):
        F.mix_block(X, [weight[0]], [weight[1]], (None, *norms), training=True)


@pytest.mark.parametrize("dtype", [">f2", ">f4", ">f8", ">i8", ">c16", "<f4"])
def test_a_tensor_has_this_machines_order_of_bytes(dtype):
    array = np.array([1, 2, 3], dtype)
    tensor = mm.Tensor(array)
    assert tensor.dtype.isnative and tensor.dtype == array.dtype.newbyteorder("=") and tensor.data.tolist() == [1, 2, 3]
    assert (tensor.data is array) == array.dtype.isnative


def test_numbers_of_the_other_byte_order_in_losses_and_indices():
    logits, targets = X[0, 0].astype(">f4"), np.arange(16).astype(">i8")
    np.testing.assert_array_equal(F.cross_entropy(logits, targets).data, F.cross_entropy(X[0, 0], np.arange(16)).data)
    np.testing.assert_array_equal(mm.Tensor(logits)[targets].data, X[0, 0])
    x = mm.Tensor(X[0, 0], requires_grad=True)
    (x * logits).backward(logits)
    assert x.grad.dtype.isnative and np.allclose(x.grad, X[0, 0] ** 2)

"""The networks beside PyTorch Image Models: what it computed is in tests/golden, and where it is installed it computes more."""

import warnings

import golden
import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import models


def relative(found, expected, floor=0.0) -> float:
    """Largest difference, in units of the largest expected number."""
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), floor))


@pytest.mark.parametrize("name", golden.NETWORKS)
def test_logits(name):
    file = golden.load(name)
    model = models.create(name, num_classes=file["classes"]).eval()
    model.load_state_dict(golden.state(model, file["seed"]))
    with mm.no_grad():
        logits = model(golden.pictures(file["batch"], file["resolution"], file["seed"])).data
    assert logits.dtype == np.float32 and relative(logits, file["logits"]) < 1e-5


@pytest.mark.parametrize("name", [*golden.TRAINED, "legacy_xception"])
def test_logits_with_batch_norms_folded(name):
    file = golden.load(name)
    model = models.create(name, num_classes=file["classes"])
    model.load_state_dict(golden.state(model, file["seed"]))
    logits = mm.fold_batch_norm(model)(golden.pictures(file["batch"], file["resolution"], file["seed"])).data
    assert logits.dtype == np.float32 and relative(logits, file["logits"]) < 2e-5


@pytest.mark.parametrize("name", golden.TRAINED)
def test_a_training_step(name):
    file = golden.load(name)
    seed, size = file["seed"], file["train_resolution"]
    model = models.create(name, num_classes=file["classes"], dropout=0).double()
    model.load_state_dict(golden.state(model, seed))
    x = mm.Tensor(golden.pictures(file["train_batch"], size, seed + 1).astype(np.float64), requires_grad=True)
    loss = F.cross_entropy(model(x), np.arange(file["train_batch"]) % file["classes"])
    loss.backward()
    assert loss.item() == pytest.approx(file["train_loss"], rel=1e-12)
    assert np.linalg.norm(x.grad) == pytest.approx(file["input_grad_norm"], rel=1e-9)
    parameters = dict(model.named_parameters())
    assert list(parameters) == list(file["names"])
    # Behind a projection comes another batch norm, which takes any shift away: the gradient of the shift is 0, up to rounding.
    rounding = 1e-13 * file["grad_norm"].max()
    for key, norm, dot in zip(file["names"], file["grad_norm"], file["grad_dot"], strict=True):
        gradient = parameters[key].grad
        assert np.linalg.norm(gradient) == pytest.approx(norm, rel=1e-9, abs=rounding), key
        product = np.vdot(gradient, golden.draw(f"dot:{key}", gradient.shape, seed))
        assert product == pytest.approx(dot, rel=1e-9, abs=1e-9 * norm + 10 * rounding), key
    np.testing.assert_allclose(model.bn1.running_mean, file["running_mean_after"], rtol=1e-12)
    np.testing.assert_allclose(model.bn1.running_var, file["running_var_after"], rtol=1e-12)


@pytest.mark.parametrize("name", sorted(golden.timm_keys()))
def test_names_and_shapes_in_the_state_dict(name, blank):
    found = {key: array.shape for key, array in models.create(name).state_dict().items()}
    assert list(found.items()) == list(golden.timm_keys()[name].items())


@pytest.fixture(scope="module")
def timm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says while it is imported is not about minimix
        return pytest.importorskip("timm")


def twins(timm, name):
    """Ours and theirs, with the same weights, which come from their state dict."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    theirs = timm.create_model(name, pretrained=False, num_classes=7)
    ours = models.create(name, num_classes=7, dropout=0)
    state = {key: torch.tensor(array) for key, array in golden.state(ours, seed=1).items()}
    theirs.load_state_dict(state)
    assert ours.load_state_dict(theirs.state_dict()) == ([], [])
    return torch, ours, theirs


def test_the_shipped_lists_of_names_are_right(timm):
    lists = golden.timm_keys()
    assert set(models.names()) & set(timm.list_models()) == set(lists)
    for name, keys in lists.items():
        theirs = timm.create_model(name, pretrained=False).state_dict()
        assert {key: tuple(tensor.shape) for key, tensor in theirs.items()} == keys


@pytest.mark.parametrize("name", sorted(golden.timm_keys()))
def test_logits_beside_timm(timm, name):
    torch, ours, theirs = twins(timm, name)
    x = np.random.default_rng(0).standard_normal((2, 3, 75, 96)).astype(np.float32)  # an odd length and an even one
    with torch.no_grad():
        expected = theirs.eval()(torch.tensor(x)).numpy()
    assert relative(ours.eval()(x).data, expected) < 1e-5


@pytest.mark.parametrize("name", ["mixnet_m", "tf_mixnet_l", "mobilenetv1_100h", "mobilenetv2_110d", "legacy_xception"])
def test_gradients_beside_timm(timm, name):
    """Those of the networks that have none in tests/golden."""
    torch, ours, theirs = twins(timm, name)
    ours.double(), theirs.double().train()
    x = np.random.default_rng(0).standard_normal((3, 3, 64, 65))
    labels = np.arange(3)
    mine, peer = mm.Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    F.cross_entropy(ours(mine), labels).backward()
    torch.nn.functional.cross_entropy(theirs(peer), torch.tensor(labels)).backward()
    assert relative(mine.grad, peer.grad.numpy()) < 1e-8
    largest = max(p.grad.abs().max().item() for p in theirs.parameters())
    for (key, p), (their_key, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert key == their_key and relative(p.grad, q.grad.numpy(), floor=1e-6 * largest) < 1e-6, key
    for key, buffer in theirs.named_buffers():
        np.testing.assert_allclose(ours.state_dict()[key], buffer.numpy(), rtol=1e-9, atol=1e-12, err_msg=key)

"""What leaves minimix as safetensors, or as a state dict, in PyTorch: loaded strictly, by name, with the same logits."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import minimix as mm
from minimix import nn

sys.path.append(str(Path(__file__).parents[1] / "models"))
import golden

NETWORKS = ["mixnet_s", "tf_mixnet_m", "mobilenetv1_100", "mobilenetv2_110d", "legacy_xception"]


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def timm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says while it is imported is not about minimix
        return pytest.importorskip("timm")


def trained(name):
    """A network with statistics of its own and another number of classes."""
    model = mm.models.create(name, num_classes=7)
    model.load_state_dict(golden.state(model, 21))
    return model.eval()


def assert_same(ours, theirs, torch, shape=(2, 3, 64, 64)):
    x = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    with torch.no_grad(), mm.no_grad():
        expected, found = ours(mm.Tensor(x)).data, theirs.eval()(torch.from_numpy(x)).numpy()
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("name", NETWORKS)
def test_timm_loads_what_save_weights_writes(name, tmp_path, torch, timm):
    from safetensors.torch import load_file

    ours = trained(name)
    mm.save_weights(ours, tmp_path / "net.safetensors")
    theirs = timm.create_model(name, num_classes=7)
    theirs.load_state_dict(load_file(tmp_path / "net.safetensors"), strict=True)
    assert_same(ours, theirs, torch)


def test_timm_loads_it_as_a_checkpoint(tmp_path, torch, timm):
    ours = trained("mixnet_s")
    mm.save_weights(ours, tmp_path / "net.safetensors")
    assert_same(ours, timm.create_model("mixnet_s", num_classes=7, checkpoint_path=str(tmp_path / "net.safetensors")), torch)


def test_a_state_dict_needs_no_file(torch, timm):
    ours = trained("mixnet_s")
    theirs = timm.create_model("mixnet_s", num_classes=7)
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in ours.state_dict().items()}, strict=True)
    assert_same(ours, theirs, torch)


def test_a_network_of_ones_own_in_pytorch(tmp_path, torch):
    from safetensors.torch import load_file

    def layers(nn):
        return [
            nn.Conv2d(3, 8, 3, 2, 1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * 16 * 16, 5),
        ]

    ours = nn.Sequential(*layers(nn)).eval()
    ours[1].running_var[...] = np.random.default_rng(0).random(8) + 0.5
    mm.save_weights(ours, tmp_path / "net.safetensors")
    theirs = torch.nn.Sequential(*layers(torch.nn))
    state = load_file(tmp_path / "net.safetensors")
    theirs.load_state_dict(state, strict=True)
    assert state["1.num_batches_tracked"].dtype == torch.int64 and state["1.num_batches_tracked"].ndim == 0
    assert_same(ours, theirs, torch)

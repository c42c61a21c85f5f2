"""``train --from`` with other libraries' files: what ``load_weights`` knows, with other classes and in part."""

import sys
from pathlib import Path

import numpy as np
import pytest
from drawn import draw
from written import small, written

import minimix as mm
from minimix import models, nn
from minimix.train import starting
from minimix.weights.libraries import LIBRARIES, by_name

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from test_models_tensorflow import official, unlike

TENSORFLOW = {"eps": 1e-3, "padding": "tf_same"}


def nano(**options):
    return models.create("mixnet_nano", width=0.5, **(TENSORFLOW | options))


def begun(net, entries, tmp_path, classes="abcde"):
    """The lines for the user."""
    np.savez(tmp_path / "w.npz", **entries)
    return starting.take(net, starting.find(tmp_path / "w.npz", tmp_path), tuple(classes))


FAMILIES = {
    "mixnet": ("mixnet_nano", {"width": 0.5}), "mobilenetv1": ("mobilenetv1_025", {}), "mobilenetv2": ("mobilenetv2_035", {}),
    "efficientnet_lite": ("efficientnet_lite0", {"width": 0.25}),
}  # fmt: skip
PAIRS = [
    (library.name, family)
    for library in LIBRARIES
    for family in library.families()
    if family in FAMILIES and not library.convert
    and library.name not in ("tf2cv", "romulus0914")  # whose names ``written`` does not write
]  # fmt: skip


@pytest.mark.parametrize("library, family", PAIRS)
def test_every_library_is_a_beginning(library, family, tmp_path):
    """For other classes all but the classifier is taken."""
    name, options = FAMILIES[family]
    other = models.create(name, num_classes=3, **options)
    net = models.create(name, num_classes=5, **(options | by_name(library).function(other).given()))
    lines = begun(net, written(library, other), tmp_path)
    new = [key for key, _ in net.named_parameters() if key.startswith("classifier.")]
    assert f": {len(list(net.parameters())) - len(new)} of " in lines[0]
    assert "new, because they are not in it or of another shape: classifier.weight" in lines[1]
    np.testing.assert_array_equal(net.bn1.running_var, draw("bn1.running_var", net.bn1.running_var.shape))
    assert not [line for line in lines if line.startswith("not used")]


def test_tensorflows_own_names_are_a_beginning(tmp_path):
    other = nano(num_classes=3)
    unlike(other)
    entries = official(other)
    net = nano(num_classes=5)
    lines = begun(net, {**entries, "global_step": np.array(7)}, tmp_path)
    assert "new, because they are not in it or of another shape: classifier.weight (there (3, 256), here (5, 256))" in lines[1]
    for name, array in net.state_dict().items():
        if not name.startswith("classifier.") and "num_batches" not in name:
            np.testing.assert_array_equal(array, other.state_dict()[name], err_msg=name)
    same = nano(num_classes=3)
    assert "classifier.weight, classifier.bias fit by shape, and are taken" in begun(same, entries, tmp_path, "abc")[1]
    np.testing.assert_array_equal(same.classifier.weight.data, other.classifier.weight.data)


def test_tensorflows_own_names_in_part(tmp_path):
    """Of a place with other layers nothing is taken, nor what is missing; what is left over is named."""
    other, net = nano(num_classes=3), nano(num_classes=3)
    unlike(other)
    entries = official(other)
    gone = next(name for name in entries if "stem/conv2d" in name)
    more = next(name for name in entries if "blocks_2/conv2d" in name)
    lines = begun(
        net, {**entries, f"{more[:-7]}9/kernel": entries[more], "head/strange/kernel": entries[more]} | {gone: 0}, tmp_path
    )
    assert "conv_stem.weight (there (), here (8, 3, 3, 3))" in lines[1]
    assert "not used: head/strange/kernel" in lines[-1]
    np.testing.assert_array_equal(net.conv_head.weight.data, other.conv_head.weight.data)


def test_tensorflows_function_is_demanded_here_too(tmp_path):
    entries = official(nano())
    with pytest.raises(
        ValueError, match="those of tensorflow .*has eps=0.001, padding='tf_same', and this network has eps=1e-05"
    ):
        begun(nano(eps=1e-5, padding="same"), entries, tmp_path)
    net = nano(eps=1e-5, padding="same")
    mm.load_weights(net, entries, check=False)
    with pytest.raises(
        RuntimeError, match="(?s)the names are those of tensorflow, but not of this mixnet_nano:.*nothing there becomes"
    ):
        mm.load_weights(nano(), dict(list(entries.items())[1:]))


def test_numbers_of_tensorflows_are_looked_at_all_the_same_without_check():
    net = nano()
    unlike(net)
    entries = official(net)
    name = next(name for name in entries if name.endswith("moving_variance"))
    entries[name] = -entries[name]
    with pytest.raises(ValueError, match="holds a negative variance"):
        mm.load_weights(nano(), entries)
    mm.load_weights(nano(), entries, check=False)


def test_networks_that_a_library_does_not_have(tmp_path):
    with pytest.raises(ValueError, match="those of torchvision, of which only mobilenetv2 can be used here, not mixnet"):
        begun(nano(), written("torchvision", small()), tmp_path)


def test_ones_own_network_with_a_librarys_layers_in_part(tmp_path):
    """Fewer than half of its names are in the file."""

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            layers = [nn.Sequential(nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16)), nn.Module()]
            layers[1].conv = nn.Sequential(nn.Sequential(nn.Conv2d(16, 16, 3, groups=16, bias=False)))
            self.features = nn.Sequential(*layers)
            self.more = nn.Sequential(*(nn.BatchNorm2d(4) for _ in range(1)))

    net = Own()
    lines = begun(net, written("torchvision", small()), tmp_path)
    assert "weights of" in lines[0] and ": 4 of 6 parameters" in lines[0]
    np.testing.assert_array_equal(net.features[0][1].bias.data, draw("bn1.bias", (16,)))


def test_left_over_arrays_are_named_as_the_file_calls_them(tmp_path):
    lines = begun(small(), {**written("mindcv", small()), "extra.gamma": np.ones(3)}, tmp_path)
    assert lines[-1] == "not used: extra.gamma"


def test_a_mistyped_file_gets_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("mobile.npz", a=np.ones(1))
    for typed in ("mobil.npz", tmp_path / "moible.npz"):
        with pytest.raises(FileNotFoundError, match="from: there is no run and no file .*: did you mean .*mobile.npz?"):
            starting.find(typed, "runs")

"""State dicts that other libraries made: recognised, loaded by name, the same logits; or refused with the reason.

Their names, shapes and logits are in tests/golden/libraries; the numbers are drawn from the names (``drawn.py``).
"""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest
from drawn import draw, picture

import minimix as mm
from minimix import models
from minimix.models.function import family
from minimix.weights import loading
from minimix.weights.libraries import LIBRARIES, by_name, recognised
from minimix.weights.libraries.library import array_names

FILES = sorted((Path(__file__).parents[1] / "golden" / "libraries").glob("*.json.gz"))
NO_HEAD = ("keras", "slim")  # their MobileNetV1 has no convolution before the classifier
OTHERS = ("pytorchcv-mobilenetv2_w1",)  # networks that none here is


def name_of(path):
    return path.name.removesuffix(".json.gz")


def facts_of(path):
    return json.loads(gzip.decompress(path.read_bytes()))


def drawn(facts):
    """The arrays of the file that the library would have written."""
    transposed = facts["library"].startswith("keras") or facts["library"] == "tf2cv"
    return {
        name: np.zeros(shape, np.int64) if "num_batches" in name else draw(kind_of(name, transposed), tuple(shape), transposed)
        for name, shape in facts["entries"]
    }


def kind_of(name, transposed):
    """What a numbered array of Keras' is: its numbers are drawn by that."""
    *place, last = name.split("/")
    if not (transposed and last.isdecimal()):
        return name
    norms = ("gamma", "beta", "moving_mean", "moving_variance")
    return "/".join([*place, (norms if "batch_normalization" in name else ("kernel", "bias"))[int(last)]])


def network(facts, **options):
    return models.create(facts["ours"], num_classes=10, **options)


def as_there(facts, entries):
    """The network that computes what the library's does."""
    net = network(facts)
    found = loading.named(net, loading.opened(entries))
    return network(facts, **found.function.given()) if loading.differences(found.function, net) else net


def logits(net, facts, dtype):
    found = net.to(dtype)(picture(facts["size"]).astype(dtype)).data[0]
    return found - found.mean() if "softmax" in facts["options"] else found  # which loses the sum of the exponentials


@pytest.mark.parametrize("path", [path for path in FILES if name_of(path) not in OTHERS], ids=name_of)
def test_logits_are_the_librarys(path):
    """In float64 where the library has it. MindSpore's and Keras 2.2's own rounding is that of float32."""
    facts = facts_of(path)
    entries, expected = drawn(facts), np.array(facts["logits"])
    expected = expected - expected.mean() if "softmax" in facts["options"] else expected
    known = None if facts["library"] == "geffnet" else facts["library"]
    assert recognised(entries).name == (known or "timm")
    net = mm.load_weights(as_there(facts, entries) if known else network(facts), entries).eval()
    exact, scale = logits(net, facts, np.float64), np.abs(expected).max()
    rounding = 0.0
    if facts["library"] == "mindcv" or "mixnets" in facts["version"]:
        rounding = 10 * np.abs(logits(net, facts, np.float32) - exact).max() / scale
    assert np.abs(exact - expected).max() / scale < max(1e-5, rounding)
    assert rounding < 2e-3


def test_every_library_is_known_by_its_own_names_alone():
    """No file fits the marks of a library that comes before its own in the table, and each library is in the table once."""
    assert len({library.name for library in LIBRARIES}) == len(LIBRARIES)
    assert all(library.version and library.source and library.marks for library in LIBRARIES)
    for path in FILES:
        facts = facts_of(path)
        names = [name for name, _ in facts["entries"]]
        fitting = [library.name for library in LIBRARIES if library.wrote(names)]
        assert fitting[0] == {"geffnet": "timm"}.get(facts["library"], facts["library"])


@pytest.mark.parametrize("name", [name for name in models.names() if not name.endswith("_cifar")])
def test_a_rule_gives_every_array_one_name_of_its_own(name, blank):
    """For all networks, not only for those that a library has: no array is forgotten, and none has another's name."""
    net = models.create(name)
    for library in LIBRARIES:
        if family(net) not in library.layers:
            continue
        found = dict(array_names(library, net))
        state = {key for key in net.state_dict() if not key.endswith("num_batches_tracked")}
        if name == "mobilenetv1_100h" and library.name in NO_HEAD:
            assert {key.partition(".")[0] for key in state - set(found)} == {"conv_head", "bn2"}
            continue
        assert state <= set(found) <= set(net.state_dict()), library.name
        first = [candidates[0] for candidates in found.values()]
        assert len(set(first)) == len(first), library.name


def test_a_network_with_layers_that_the_library_has_not(blank):
    entries = {name: np.zeros(1) for name in ("conv1/conv1/kernel:0", "conv_dw_1/conv_dw_1/depthwise_kernel:0")}
    with pytest.raises(RuntimeError, match="not of this mobilenetv1_100h:\n  nothing there becomes conv_head.weight"):
        mm.load_weights(models.create("mobilenetv1_100h"), entries)


# -- refused ----------------------------------------------------------------------------------------------------------


def test_a_network_with_one_more_convolution():
    path = next(path for path in FILES if name_of(path) == "pytorchcv-mobilenetv2_w1")
    entries = drawn(facts_of(path))
    with pytest.raises(RuntimeError, match=r"(?s)not of this mobilenetv2_\w+:.*unexpected features.stage1.unit1.conv1."
                       "conv.weight.*mobilenetv2b_w1 is without"):  # fmt: skip
        mm.load_weights(network(facts_of(path)), entries)


OTHER_NETWORKS = {  # names as their code gives them, and the shapes of these arrays
    "zsef123": {"stem.0.weight": (16, 3, 3, 3), "blocks.0.layers.0.layers.0.0.convs.0.weight": (16, 1, 3, 3)},
    "romulus0914-ungrouped": {
        "stem_conv.0.weight": (16, 3, 3, 3),
        "layers.0.dw.0.mixed_depthwise_conv.0.weight": (16, 1, 3, 3),
    },
    "haithanhp": {"_mix_blocks.0._depthwise_conv._convs.0.weight": (16, 1, 3, 3), "_conv_stem._convs.0.weight": (16, 3, 3, 3)},
    "leaderj1001": {"conv.0.weight": (16, 3, 3, 3), "layers.0.mdconv.0.layers.0.depthwise_conv.weight": (16, 1, 3, 3)},
}


@pytest.mark.parametrize("name", OTHER_NETWORKS)
def test_other_networks_under_the_same_name(name, blank):
    entries = {key: np.zeros(shape, np.float32) for key, shape in OTHER_NETWORKS[name].items()}
    assert recognised(entries) is by_name(name)
    with pytest.raises(
        ValueError, match=rf"{name.partition('-')[0]}.*Its MixNet is another network.*its weights fit none here"
    ):
        mm.load_weights(models.create("mixnet_s"), entries)
    with pytest.raises(ValueError, match="another network"):
        mm.load_weights(models.create("mixnet_s"), entries, names=name)


def test_readme_lists_every_library():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| names of |")[2].partition("\n\n")[0]
    listed = re.findall(r"`([\w.-]+)`", " ".join(line.split("|")[1] for line in table.splitlines()[2:]))
    assert set(listed) == {library.name for library in LIBRARIES if not library.refusal}

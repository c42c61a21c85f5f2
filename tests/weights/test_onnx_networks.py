"""Every network of minimix in ONNX: every op that it runs, from its own node in the file."""

import sys
from pathlib import Path

import numpy as np
import pytest
from onnx_runs import answer, distance, exported, node_by_node, run

from minimix import models

sys.path.append(str(Path(__file__).parents[1] / "models"))
import golden

SIZE = 64  # pixels, of the large ones: another than they were made for, and sooner done


def pictures(model, name):
    return model.input_size if models.is_small(name) else (model.input_size[0], SIZE, SIZE)


def network(name, **options):
    model = models.create(name, num_classes=7, **options)
    model.load_state_dict(golden.state(model, seed=11))
    return model.eval()


@pytest.mark.parametrize("name", models.names())
def test_every_node(name):
    pytest.importorskip("onnxruntime")
    model = network(name)
    found = node_by_node(model, pictures(model, name), fold=True)
    assert max(found.values()) < 1e-5, found


@pytest.mark.parametrize(
    "name",
    ["mixnet_m", "tf_mixnet_s", "mixnet_nano", "xception", "legacy_xception", "mobilenetv1_100h_cifar", "mobilenetv2_110d"],
)
def test_every_node_with_batch_norms(name):
    pytest.importorskip("onnxruntime")
    model = network(name)
    found = node_by_node(model, pictures(model, name), fold=False)
    assert max(found.values()) < 1e-5, found


@pytest.mark.parametrize("options", [
    {"padding": "tf_same", "eps": 1e-3}, {"kernels": (3, 5, 7, 9), "partition": "exponential", "dilated": True},
    {"output_stride": 8, "width": 0.5, "dropout": 0.4}, {"in_channels": 1, "kernels": 9},
], ids=str)  # fmt: skip
def test_options(options):
    pytest.importorskip("onnxruntime")
    channels = options.get("in_channels", 3)
    for name in ("mobilenetv2_050", "mobilenetv1_025"):
        found = node_by_node(network(name, **options), (channels, 65, 72), fold=True)
        assert max(found.values()) < 1e-5, found


@pytest.mark.parametrize("name", ["mixnet_s", "tf_mixnet_s"])
@pytest.mark.parametrize("fold", [True, False])
def test_logits_at_full_size_for_any_batch(name, fold, tmp_path):
    pytest.importorskip("onnxruntime")
    model = network(name)
    content = exported(model, tmp_path, fold=fold)
    for images in (1, 3):
        x = golden.pictures(images, 224, 4)
        (found,) = run(content, x)
        assert distance(found, answer(model, x)) < 1e-5


def test_odd_sizes(tmp_path):
    pytest.importorskip("onnxruntime")
    model = network("tf_mixnet_s")
    x = np.random.default_rng(0).standard_normal((2, 3, 75, 90)).astype(np.float32)
    (found,) = run(exported(model, tmp_path, (3, 75, 90)), x)
    assert distance(found, answer(model, x)) < 1e-5

"""Published weights, fetched by a stand-in for the hub's client."""

import sys
import types

import numpy as np
import pytest

import minimix as mm
from minimix import models
from minimix.models import hub as hub_module
from minimix.models import pretrained

SMALL = "mobilenetv2_050"  # the smallest that has published weights


class LocalEntryNotFoundError(FileNotFoundError):
    """What the client raises offline, whether it was told to stay so or not."""


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A client that "fetches" weights that were drawn here. ``hub.asked`` has what it was asked for."""
    path = tmp_path / "cache" / "model.safetensors"
    path.parent.mkdir()
    client = types.ModuleType("huggingface_hub")
    client.asked, client.error, client.cached = [], None, False

    def hf_hub_download(repo_id, filename, local_files_only=False):
        if local_files_only:
            if client.cached:
                return str(path)
            raise LocalEntryNotFoundError("not there")
        client.asked.append((repo_id, filename))
        if client.error is not None:
            raise client.error
        return str(path)

    client.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    monkeypatch.setattr(hub_module, "silence", lambda url: "")
    mm.manual_seed(7)
    client.published = models.create(SMALL)
    mm.save_weights(client.published, path)
    return client


def test_weights_are_fetched_by_name(hub):
    model = models.create(SMALL, pretrained=True)
    assert hub.asked == [("timm/mobilenetv2_050.lamb_in1k", "model.safetensors")]
    for name, array in hub.published.state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[name], array, err_msg=name)


def test_nothing_is_fetched_unasked(hub):
    models.create(SMALL)
    assert hub.asked == []


def test_what_the_client_has_is_not_fetched_again(hub):
    hub.cached, hub.error = True, OSError("no network")
    models.create(SMALL, pretrained=True)
    assert hub.asked == []


def test_where_no_server_answers(hub, monkeypatch):
    monkeypatch.setattr(hub_module, "silence", lambda url: "Network is unreachable")
    with pytest.raises(ConnectionError) as refusal:
        models.create("tf_mixnet_s", pretrained=True)
    text = str(refusal.value)
    assert "huggingface.co does not answer: Network is unreachable" in text and "--weights FILE" in text and "\n" not in text
    assert hub.asked == []  # the client would try again and again


def test_another_number_of_classes_gets_a_classifier_of_zeros(hub):
    model = models.create(SMALL, pretrained=True, num_classes=10)
    assert model.classifier.weight.shape[0] == 10
    assert not model.classifier.weight.data.any() and not model.classifier.bias.data.any()
    np.testing.assert_array_equal(model.conv_head.weight.data, hub.published.conv_head.weight.data)


def test_options_that_change_shapes_are_refused(hub):
    with pytest.raises(RuntimeError, match=r"shape of blocks.1.0.conv_dw.weight is \(48, 1, 3, 3\), expected \(48, 1, 5, 5\)"):
        models.create(SMALL, pretrained=True, kernels=5)


@pytest.mark.parametrize("name", ["mixnet_xxl", "mobilenetv1_025", "xception", "mixnet_nano", "mixnet_s_cifar"])
def test_where_nothing_is_published(hub, name, monkeypatch):
    monkeypatch.setattr(models, "build", None)  # it is refused before anything is built
    with pytest.raises(ValueError, match=f"no weights for '{name}', only for mixnet_l, mixnet_m, mixnet_s,"):
        models.create(name, pretrained=True)
    assert hub.asked == []


def test_unknown_networks_are_refused_as_ever(hub):
    with pytest.raises(ValueError, match="no network is called 'mixnet_q'"):
        models.create("mixnet_q", pretrained=True)


def test_without_the_client(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError) as refusal:
        models.create("mixnet_s", pretrained=True)
    assert "pip install huggingface_hub" in str(refusal.value)
    assert "https://huggingface.co/timm/mixnet_s.ft_in1k/resolve/main/model.safetensors" in str(refusal.value)


@pytest.mark.parametrize(
    "error, reason",
    [
        (LocalEntryNotFoundError("cannot find the requested files in the local cache.\nMore."), "local cache."),
        (TimeoutError(), "TimeoutError"),
        (Exception("404 Client Error"), "404 Client Error"),
    ],
)
def test_offline(hub, error, reason):
    hub.error = error
    with pytest.raises(ConnectionError) as refusal:
        models.create("tf_mixnet_s", pretrained=True)
    text = str(refusal.value)
    assert text.startswith("timm/tf_mixnet_s.in1k was not fetched") and f"({'cannot find' if 'cache' in reason else ''}" in text
    assert f"{reason})" in text and "https://huggingface.co/timm/tf_mixnet_s.in1k/resolve/main" in text
    assert "load_weights(model, file)" in text and "\n" not in text


def test_every_network_with_weights_has_a_preparation():
    for name in pretrained._HUB:
        assert name in models.names()
        how = models.preparation(name)
        assert (how.size, how.interpolation) == (224, "bicubic") and len(how.mean) == len(how.std) == 3


@pytest.mark.parametrize("name", ["mixnet_nano", "mixnet_s_cifar", "resnet50"])
def test_unknown_preparations(name):
    with pytest.raises(ValueError, match=f"how the pictures for '{name}' are prepared"):
        models.preparation(name)


def test_names_and_preparations_are_those_of_timm():
    pytest.importorskip("timm")
    from timm.models import get_pretrained_cfg

    for name, repository in pretrained._HUB.items():
        theirs, ours = get_pretrained_cfg(repository.removeprefix("timm/")), models.preparation(name)
        assert theirs.hf_hub_id == repository and theirs.num_classes == pretrained.CLASSES
        assert (theirs.input_size[1], theirs.crop_pct, theirs.mean, theirs.std, theirs.interpolation) == tuple(ours)
    theirs = get_pretrained_cfg("legacy_xception")
    assert (theirs.input_size[1], theirs.crop_pct, theirs.mean, theirs.std, theirs.interpolation) == tuple(
        models.preparation("legacy_xception")
    )

"""Published weights: where they are, and how the pictures they were trained on were prepared.

They lie on Hugging Face's hub, where PyTorch Image Models keeps them, as safetensors files with the names used here. They are
fetched with that hub's own client (``hub.py``), an optional dependency: pip install huggingface_hub. The client keeps what it
has fetched in its cache, and from then on needs no network.

Not tested against the hub itself: in the tests there are stand-ins for its client and for its server.

Names and preparations are from the default configurations of PyTorch Image Models 1.0.31. The weights called "tf_mixnet" are
those of MixNet's authors, converted; those called "mixnet" were fine-tuned from them, without TensorFlow's padding (that
project's issue 64).
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from minimix.models import hub, weights
from minimix.nn import Module

FILE = "model.safetensors"
CLASSES = 1000  # of all published weights


class Preparation(NamedTuple):
    """How a picture becomes a network's input.

    Its shorter side is resized to size / crop pixels, the central size x size pixels are taken, and each channel, from 0 to 1,
    becomes (x - mean) / std.

    size: in pixels, or (height, width). interpolation: of the resizing, as Pillow calls it. A single mean: the
    picture becomes grey.
    """

    size: int | tuple[int, int] = 224
    crop: float = 0.875
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    interpolation: str = "bicubic"

    @property
    def sides(self) -> tuple[int, int]:
        """(height, width), in pixels."""
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)


_IMAGENET = Preparation()
_CENTRED = Preparation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))  # -1 .. 1, as in TensorFlow's "slim" and in Keras
_XCEPTION = _CENTRED._replace(size=299, crop=0.8975)

_PREPARATIONS = {  # by the name of the family, or of one network that differs
    "mixnet": _IMAGENET,
    "mobilenetv1": _CENTRED,
    "mobilenetv1_125": _CENTRED._replace(crop=0.9),
    "mobilenetv2": _IMAGENET,
    "xception": _XCEPTION,
    "mini": Preparation(64, 1.0, (0.5,), (0.5,), "bilinear"),  # mini_xception's, grey
    "efficientnet": _IMAGENET,
    **{
        f"{tf}efficientnet_lite{i}": how._replace(size=size, crop=crop)
        for tf, how in (("", _IMAGENET), ("tf_", _CENTRED))
        for i, (size, crop) in enumerate(((224, 0.875), (240, 0.882), (260, 0.89), (280, 0.904), (300, 0.92)))
    },
}

_HUB = {  # network: repository
    name.partition(".")[0]: f"timm/{name}"
    for name in (
        "mixnet_s.ft_in1k",
        "mixnet_m.ft_in1k",
        "mixnet_l.ft_in1k",
        "mixnet_xl.ra_in1k",
        "tf_mixnet_s.in1k",
        "tf_mixnet_m.in1k",
        "tf_mixnet_l.in1k",
        "mobilenetv1_100.ra4_e3600_r224_in1k",
        "mobilenetv1_100h.ra4_e3600_r224_in1k",
        "mobilenetv1_125.ra4_e3600_r224_in1k",
        "mobilenetv2_050.lamb_in1k",
        "mobilenetv2_100.ra_in1k",
        "mobilenetv2_110d.ra_in1k",
        "mobilenetv2_120d.ra_in1k",
        "mobilenetv2_140.ra_in1k",
        "efficientnet_lite0.ra_in1k",
        "tf_efficientnet_lite0.in1k",
    )
}


def preparation(name: str) -> Preparation:
    """How the weights of the network ``name`` expect their pictures.

    Raises ValueError for networks for 32x32 pictures, which nobody has published weights of.

    >>> preparation("tf_mixnet_s").crop, preparation("xception").size
    (0.875, 299)
    """
    family = name.removeprefix("tf_").removeprefix("legacy_").partition("_")[0]
    if family not in _PREPARATIONS or name.endswith(("_cifar", "_nano")):
        raise ValueError(f"it is not known how the pictures for {name!r} are prepared: nobody has published weights of it")
    return _PREPARATIONS.get(name, _PREPARATIONS[family])


def has_weights(name: str) -> bool:
    """Whether the hub has weights of the network ``name``.

    >>> has_weights("tf_mixnet_s"), has_weights("mixnet_nano")
    (True, False)
    """
    return name in _HUB


def repository(name: str) -> str:
    """The hub's name for the published weights of the network ``name``. Raises ValueError where there are none.

    >>> repository("tf_mixnet_s")
    'timm/tf_mixnet_s.in1k'
    """
    if name not in _HUB:
        others = sorted(_HUB, key=lambda other: ("mixnet" not in other, other))
        raise ValueError(
            f"the hub has no weights for {name!r}, only for {', '.join(others)}: for others give a file, "
            "load_weights(model, file) or --weights FILE"
        )
    return _HUB[name]


def download(name: str) -> Path:
    """The file with the published weights of the network ``name``, fetched unless the hub's client has it in its cache.

    Raises ValueError where there are none, ImportError without the client, ConnectionError where it does not get the file:
    each says what to do.
    """
    where = repository(name)
    url = f"{hub.HUB}/{where}/resolve/main/{FILE}"
    by_hand = f"get {url} by other means, and give the file: --weights FILE, or load_weights(model, file)"
    try:
        return hub.fetch(where, FILE)
    except ImportError as error:
        raise ImportError(
            f"weights from the hub need its client, huggingface_hub ({error}): pip install huggingface_hub, or {by_hand}"
        ) from error
    except ConnectionError as error:
        raise ConnectionError(f"{where} was not fetched from the hub ({error}): {by_hand}") from error


def load_pretrained(model: Module, name: str) -> Module:
    """Read the published weights of the network ``name`` into ``model``, and return it.

    Where the model has not ImageNet's 1000 classes, its classifier is to be trained, and begins at zero, as in
    ``train/starting.py``.
    Raises what ``download`` and ``load_weights`` raise; RuntimeError, too, where options have given the model other shapes.
    """
    path = download(name)
    arrays = weights.read_weights(path)
    own = {key: array for key, array in model.state_dict().items() if key.startswith("classifier.")}
    if len(own["classifier.bias"]) != CLASSES:
        arrays |= {key: np.zeros_like(array) for key, array in own.items()}
    weights.put_in(model, arrays, path)
    return model

"""Networks by name: ``models.create("mixnet_nano", num_classes=10)``; your own: ``models.create("net.py:make")``."""

import inspect
from functools import partial

from minimix.models import efficientnet, limits, mini_xception, mixnet, mobilenet, own, xception
from minimix.models.network import Network, build
from minimix.models.pretrained import load_pretrained, preparation, repository
from minimix.nn import Module
from minimix.words import nearest

__all__ = ["create", "is_small", "names", "preparation"]

_NETWORKS: dict[str, Network | partial] = {
    **mixnet.NETWORKS, **mobilenet.NETWORKS, **efficientnet.NETWORKS, **xception.NETWORKS, **mini_xception.NETWORKS,
}  # fmt: skip
_SMALL = "_cifar"
_SMALL_SIZE = 32  # pixels
_CIFAR = {"num_classes": 10, "output_stride": 8}  # the earliest strides are left out: 32x32 pictures end as 4x4


def names() -> list[str]:
    """All names that ``create`` knows.

    They are those of PyTorch Image Models where it has the network. A network for large pictures has a form for 32x32, too:
    its name and "_cifar".
    """
    grey = mini_xception.NETWORKS  # for pictures of 64x64: 32x32 in colour are something else
    return sorted([*_NETWORKS, *(name + _SMALL for name in _NETWORKS if not is_small(name) and name not in grey)])


def is_small(name: str) -> bool:
    """Whether the network ``name`` is made for pictures of 32x32, CIFAR's; or is one of your own, which sees pictures as these
    do.

    >>> is_small("mixnet_s_cifar"), is_small("mixnet_nano"), is_small("mixnet_s")
    (True, True, False)
    """
    network = _NETWORKS.get(name)
    return own.is_own(name) or name.endswith(_SMALL) or (isinstance(network, Network) and network.size == _SMALL_SIZE)


def create(name: str, *, pretrained: bool = False, **options) -> Module:
    """Build the network ``name``, with fresh weights. It takes (N, C, H, W) of any size; ``input_size`` is what it is made for.

    pretrained: with the published weights, fetched from the hub (see ``models/pretrained.py``). With another ``num_classes``
        than their 1000 the classifier's are zero, for training on.
    num_classes: outputs. 1000 for networks for large pictures, 10 for those for 32x32.
    in_channels: of the pictures, 3.
    dropout: probability, before the classifier. By default as published.
    output_stride: how many times smaller the last feature map is than the picture: 32, or 16, 8, 4, ... with stride 1 in place
        of the earliest strides, the stem's first. The forms called "_cifar" have 8: the stem and the first row with a stride.
    resolution: multiplies ``input_size``, nothing else, by 8 at most: MobileNetV1's resolution multiplier. 0.714: 160 for 224.
    padding, eps, momentum: "same" (symmetric) or "tf_same" (TensorFlow's), and of all batch norms.

    All but the Xceptions also take
    rows: a table of blocks in place of the network's own, between the same stem and head: Rows, lists or dicts of their values,
        or the path of a JSON file of them, such as a search for a network leaves (see ``models/tables.py``).
    activation, head_activation, se_activation: "relu", "relu6", "swish", ... of all layers; of the last convolution before the
        classifier alone; inside each squeeze-and-excite alone. Other libraries have them otherwise (see ``load_weights``).
    width: multiplies the channels of stem and rows (and of V2's head, above 1).
    kernels: kernel sizes of the depthwise layers, one a group of channels: (3, 5, 7) for MixConv, 9 for plain ones. For each
        block its own: a list of these, as long as there are blocks, such as [3, (3, 5), (3, 5, 7), ...]; None keeps a block's.
    partition: "equal" or "exponential", of the channels among the kernels, or the channels of each group; or a list of these,
        too.
    dilated: 3x3 kernels that are dilated to reach as far, in layers with stride 1.
    layers: the number of a block, or several, counted from 0: only they get these kernels, and lists have an entry for each.

    name may also be "file.py:function", for a network of your own (see ``models/own.py``): its function is called with the
    options that are given, and returns a Module.

    Raises ValueError for an unknown name, where there are no published weights, and for numbers that no network has (see
    ``models/limits.py``); TypeError for an unknown option; what the layers raise; and for ``pretrained`` what
    ``pretrained.load_pretrained`` raises.

    >>> from minimix import models
    >>> type(models.create("mixnet_nano", num_classes=100)).__name__
    'RowNet'
    >>> net = models.create("mobilenetv2_100_cifar", kernels=(3, 5, 7), partition="exponential", layers=3)
    >>> net.blocks[2][0].conv_dw.channels_per_group, net.input_size
    ((72, 36, 36), (3, 32, 32))
    >>> net = models.create("mixnet_nano", kernels=[3, 3, 3, (3, 5), (3, 5), (3, 5), (3, 5, 7, 9), (3, 5, 7, 9)])
    >>> net.blocks[3][0].conv_dw.kernel_sizes
    ((3, 3), (5, 5))
    >>> net = models.create("mixnet_nano", rows=[[3, 1, 16], {"kernels": (3, 5), "expansion": 3, "channels": 24}])
    >>> [stage[0].conv_dw.kernel_sizes for stage in net.blocks]
    [((3, 3),), ((3, 3), (5, 5))]
    """
    if own.is_own(name):
        if pretrained:
            raise ValueError(
                f"nobody has published weights of {name}: load them with load_weights(model, file), or --weights FILE"
            )
        return own.create(name, **options)
    if str(name).endswith((".py", ".pyw")):
        raise ValueError(f"{name} is a file: say which function or class in it makes the network, {name}:FUNCTION")
    if name not in names():
        near = nearest(name, names())
        advice = f"did you mean {near[0]!r}?" if near else "`minimix models` lists them, and in Python models.names()"
        raise ValueError(f"no network is called {name!r}: {advice}")
    if pretrained:
        repository(name)  # refuses where there are none
    network = _NETWORKS[name.removesuffix(_SMALL)]
    small = name.endswith(_SMALL)
    _need_known(name, network, options)
    limits.check(options)
    options = (_CIFAR if small else {}) | {key: value for key, value in options.items() if value is not None}
    model: Module
    if isinstance(network, Network):
        model = build(network._replace(size=_SMALL_SIZE) if small else network, **options)
    else:
        model = network(**({"size": _SMALL_SIZE} if small else {}), **options)
    model.created_as = name
    return load_pretrained(model, name) if pretrained else model


def _need_known(name: str, network: Network | partial, options: dict) -> None:
    """Refuse what is no option of this network, with the nearest that is."""
    builder = build if isinstance(network, Network) else network
    known = [key for key in inspect.signature(builder).parameters if key not in ("network", "size")]
    for key in options:
        if key not in known:
            near = nearest(key, known)
            raise TypeError(
                f"{name} has no option {key!r}: " + (f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}")
            )

"""Libraries on PyTorch, and those that count a network's layers as it does: timm, torchvision, EfficientNet-PyTorch, ..."""

from collections.abc import Iterator, Mapping

import numpy as np

from minimix.models.function import Function
from minimix.models.pretrained import Preparation
from minimix.models.rows import RowNet
from minimix.nn import Module
from minimix.weights.libraries.library import Library, unchanged
from minimix.weights.libraries.structure import Block, blocks

_IMAGENET = Preparation()
_BILINEAR = _IMAGENET._replace(interpolation="bilinear")
_CENTRED = Preparation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def as_ours(net: Module) -> Iterator[tuple[str, str]]:
    """Every layer has the name that it has here."""
    owners = dict.fromkeys(name.rpartition(".")[0] for name in net.state_dict())
    return ((name, name) for name in owners)


def _ends(stem: str, stem_norm: str, head: str, head_norm: str, classifier: str, net: RowNet) -> Iterator[tuple[str, str]]:
    """The layers before and after the blocks."""
    yield from (("conv_stem", stem), ("bn1", stem_norm))
    if net.conv_head is not None:
        yield from (("conv_head", head), ("bn2", head_norm))
    yield "classifier", classifier


def numbered(layers: list[str], place: str, always: bool = False) -> Iterator[tuple[str, str]]:
    """Parts of a layer: "place.0", "place.1", ..., and a single one "place", unless it is always numbered."""
    for i, ours in enumerate(layers):
        yield ours, f"{place}.{i}" if always or len(layers) > 1 else place


def _one_classifier(entries: Mapping) -> dict[str, tuple[str, np.ndarray]]:
    """pretrainedmodels calls Xception's classifier last_linear."""
    return {
        name.replace("last_linear.", "fc.") if name.startswith("last_linear.") else name: entry
        for name, entry in unchanged(entries).items()
    }


# -- timm: eps and padding are those of the network's name, with "tf_" and without -------------------------------------

_OWN = {
    "mixnet": Function(head_activation="relu", se_activation="swish"),
    "mobilenetv1": Function(activation="relu6"),
    "mobilenetv2": Function(activation="relu6"),
    "efficientnet_lite": Function(activation="relu6"),
}


# -- torchvision ------------------------------------------------------------------------------------------------------


def _torchvision(net: RowNet) -> Iterator[tuple[str, str]]:
    last = 0
    for block in blocks(net):
        place, last = f"features.{block.number + 1}.conv", block.number + 2
        at = iter(("0.0", "0.1", "1.0", "1.1", "2", "3") if block.module.expands else ("0.0", "0.1", "1", "2"))
        for _, layers in block.layers():
            yield from numbered(layers, f"{place}.{next(at)}")
    yield from _ends("features.0.0", "features.0.1", f"features.{last}.0", f"features.{last}.1", "classifier.1|classifier", net)


def _flat(net: RowNet) -> Iterator[tuple[str, str]]:
    """torchvision's forerunner: the layers of a block in one list, activations among them."""
    last = 0
    for block in blocks(net):
        at, last = iter((0, 1, 3, 4, 6, 7)), block.number + 2
        for _, layers in block.layers():
            yield from numbered(layers, f"features.{block.number + 1}.conv.{next(at)}")
    heads = f"features.{last}.0|conv.0", f"features.{last}.1|conv.1"
    yield from _ends("features.0.0", "features.0.1", *heads, "classifier.1|classifier", net)


# -- EfficientNet-PyTorch ---------------------------------------------------------------------------------------------

_LITE_NAMES = {
    "expand": "_expand_conv", "expand_norm": "_bn0", "depthwise": "_depthwise_conv", "depthwise_norm": "_bn1",
    "project": "_project_conv", "project_norm": "_bn2",
}  # fmt: skip


def _efficientnet_pytorch(net: RowNet) -> Iterator[tuple[str, str]]:
    yield from _by_role(net, _LITE_NAMES, lambda block: f"_blocks.{block.number}")
    yield from _ends("_conv_stem", "_bn0", "_conv_head", "_bn1", "_fc", net)


def _by_role(net: RowNet, roles: dict, place, always: tuple[str, ...] = (), plain: dict | None = None) -> Iterator:
    """The layers of all blocks. place: what stands before the names of a block's layers. always: roles with numbered parts.
    plain: the names of roles in blocks that do not expand, where they are others.
    """
    for block in blocks(net):
        names = roles if plain is None or block.module.expands else plain
        for role, layers in block.layers():
            yield from numbered(layers, f"{place(block)}.{names[role]}", role in always)


# -- efficientnet-jax -------------------------------------------------------------------------------------------------

_JAX_EXPANDING = {
    "expand": "conv_exp", "expand_norm": "bn_exp", "depthwise": "conv_dw", "depthwise_norm": "bn_dw", "reduce": "se.reduce",
    "excite": "se.expand", "project": "conv_pwl", "project_norm": "bn_pwl",
}  # fmt: skip
_JAX_PLAIN = {**_JAX_EXPANDING, "project": "conv_pw", "project_norm": "bn_pw"}


def _jax(net: RowNet) -> Iterator[tuple[str, str]]:
    yield from _by_role(net, _JAX_EXPANDING, lambda block: block.key, plain=_JAX_PLAIN)
    yield from _ends("stem.conv", "stem.bn", "head.conv_pw", "head.bn", "head.classifier", net)


# -- linksense --------------------------------------------------------------------------------------------------------

_LINKSENSE = {
    "expand": "expansion.conv.group_point_wise", "expand_norm": "expansion.norm",
    "depthwise": "depth_wise.conv.mixed_depth_wise", "depthwise_norm": "depth_wise.norm",
    "reduce": "se_block.channel_se.linear1", "excite": "se_block.channel_se.linear2",
    "project": "point_wise.conv.group_point_wise", "project_norm": "point_wise.norm",
}  # fmt: skip


def _linksense(net: RowNet) -> Iterator[tuple[str, str]]:
    def place(block: Block) -> str:
        return f"mod{block.row + 2}.block{block.repeat + 1}"

    yield from _by_role(net, _LINKSENSE, place, always=("expand", "depthwise", "project"))
    stem, head = "mod1.conv_block", "last_feat.conv_block"
    yield from _ends(f"{stem}.conv", f"{stem}.norm", f"{head}.conv", f"{head}.norm", "classifier", net)


# -- romulus0914 ------------------------------------------------------------------------------------------------------

_ROMULUS = {
    "expand": ".0.grouped_conv", "expand_norm": ".1", "depthwise": ".0.mixed_depthwise_conv", "depthwise_norm": ".1",
    "reduce": ".se_reduce", "excite": ".se_expand", "project": ".0.grouped_conv", "project_norm": ".1",
}  # fmt: skip


def _romulus(net: RowNet) -> Iterator[tuple[str, str]]:
    for block in blocks(net):
        at = -1
        for role, layers in block.layers():
            at += role in ("expand", "depthwise", "reduce", "project")  # with which a part of the block begins
            place = f"layers.{block.number}.conv.{at}{_ROMULUS[role]}"
            yield from numbered(layers, place, role in ("expand", "depthwise", "project"))
    yield from _ends("stem_conv.0", "stem_conv.1", "head_conv.0", "head_conv.1", "classifier", net)


_ROWS = ("mixnet", "mobilenetv1", "mobilenetv2", "efficientnet_lite")
_ALL = (*_ROWS, "xception", "mini_xception")

LIBRARIES = (
    Library(
        name="timm",
        version="timm 1.0.31, geffnet 1.0.2; of pretrainedmodels 0.7.4, xception",
        source="PyTorch Image Models' state dicts, from which the names here are",
        marks=(r"^(conv_stem|conv1)\.weight$", r"^(blocks\.\d+\.\d+|blocks?\.?\d+\.rep)\.", r"^bn1\.running_var$"),
        layers=dict.fromkeys(_ALL, as_ours),
        functions=_OWN,
        clean=_one_classifier,
    ),
    Library(
        name="torchvision",
        version="torchvision 0.28.0; also its file mobilenet_v2-b0353104.pth",
        source="torchvision.models.mobilenet_v2().state_dict()",
        marks=(r"^features\.0\.0\.weight$", r"^features\.1\.conv\.0\.0\.weight$"),
        layers={"mobilenetv2": _torchvision},
        functions={"mobilenetv2": Function(eps=1e-5, padding="same", activation="relu6")},
        preparations={"mobilenetv2": _BILINEAR},
    ),
    Library(
        name="mobilenetv2.pytorch",
        version="commits 2ab78f9 of github.com/d-li14/mobilenetv2.pytorch, 99f2136 of github.com/tonylins/pytorch-mobilenet-v2",
        source="their mobilenetv2.py and MobileNetV2.py",
        marks=(r"^features\.0\.0\.weight$", r"^features\.1\.conv\.0\.weight$"),
        layers={"mobilenetv2": _flat},
        functions={"mobilenetv2": Function(eps=1e-5, padding="same", activation="relu6")},
        preparations={"mobilenetv2": _BILINEAR},
        others={
            r"^features\.1\.conv\.6\.": "It is of the first version of pytorch-mobilenet-v2, with a 1x1 convolution before the "
            "first block's depthwise one that neither the paper nor the networks here have"
        },
    ),
    Library(
        name="efficientnet-pytorch",
        version="efficientnet-lite-pytorch 0.1.0, whose names are those of efficientnet-pytorch 0.7.1",
        source="EfficientNet.from_name('efficientnet-lite0').state_dict()",
        marks=(r"^_conv_stem\.weight$", r"^_blocks\.0\._depthwise_conv\.weight$"),
        layers={"efficientnet_lite": _efficientnet_pytorch},
        functions={"efficientnet_lite": Function(eps=1e-3, padding="tf_same", activation="relu6")},
        preparations={"efficientnet_lite": _CENTRED},
    ),
    Library(
        name="efficientnet-jax",
        version="commit ec2cc94 of github.com/rwightman/efficientnet-jax",
        source="its export_pytorch.py, which writes numbered arrays and their names",
        marks=(r"^stem\.conv\.weight$", r"^blocks\.0\.0\.bn_dw\.weight$"),
        layers=dict.fromkeys(_ROWS, _jax),
        functions=_OWN,
    ),
    Library(
        name="linksense",
        version="commit a26d4e5 of github.com/linksense/MixNet-PyTorch",
        source="its mixnet.py",
        marks=(r"^mod1\.conv_block\.conv\.weight$", r"^mod2\.block1\."),
        layers={"mixnet": _linksense},
        functions={"mixnet": Function(eps=1e-3, padding="same", head_activation="relu", se_activation="swish")},
        preparations={"mixnet": _IMAGENET},
    ),
    Library(
        name="romulus0914",
        version="commit d797558 of github.com/romulus0914/MixNet-PyTorch, and those who have its code from there",
        source="its mixnet.py, with grouped 1x1 convolutions",
        marks=(r"^stem_conv\.0\.weight$", r"^layers\.0\.conv\.0\.0\.mixed_depthwise_conv\."),
        layers={"mixnet": _romulus},
        functions={"mixnet": Function(eps=1e-5, padding="same", head_activation="relu", se_activation="swish")},
        preparations={"mixnet": _IMAGENET},
    ),
)  # fmt: skip

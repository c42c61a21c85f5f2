"""A network is drawn block by block, with all of its kernel sizes in it."""

import pytest
from looks import texts
from matplotlib.patches import Rectangle

from minimix import models, nn, viz
from minimix.viz.layers.blocks import BAR


def test_blocks_are_divided_as_their_channels_are():
    net = models.create("mixnet_nano", rows=[[3, 1, 16], [[3, 5, 7, 9, 11], 3, 24, 2], [[3, 5], 2, 40, 2]])
    figure = viz.blocks(net, titles=["mine"])
    shown = texts(figure)
    assert {"mine", "32x32", "16x16", "8x8"} <= set(shown) and [t for t in shown if t in ("16", "24", "40")] == [
        "16",
        "24",
        "40",
    ]
    assert sorted(t for t in shown if len(t) < 3 and t not in ("16", "24", "40")) == sorted("3 3 5 7 9 11 3 5".split())
    assert figure.alt == "Kernel sizes of the blocks, in order. mine: {3}, {3,5,7,9,11}, {3,5}."
    heights = [patch.get_height() for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    parts = net.blocks[1][0].conv_dw.channels_per_group
    assert heights[1:6] == pytest.approx([BAR * part / sum(parts) for part in parts])


@pytest.mark.parametrize("names", [["mixnet_s", "mixnet_m"], ["mobilenetv1_100"], ["mixnet_xxl"], ["mobilenetv2_035_cifar"]])
def test_everything_has_room(names):
    shown = texts(viz.blocks(*(models.create(name) for name in names), titles=names))
    assert set(names) <= set(shown)


def test_dilated_kernels_have_the_colour_of_those_that_reach_as_far():
    options = {"kernels": (3, 5, 7), "layers": (4, 5)}
    plain = viz.blocks(models.create("mixnet_nano", **options))
    dilated = viz.blocks(models.create("mixnet_nano", dilated=True, **options))
    assert {"3/2", "3/3"} <= set(texts(dilated)) and "3/2" in dilated.alt
    colours = [[patch.get_facecolor() for patch in figure.axes[0].patches] for figure in (plain, dilated)]
    assert colours[0] == colours[1]


def test_what_has_no_such_blocks_is_refused():
    with pytest.raises(TypeError, match="makes from rows, not of a Linear"):
        viz.blocks(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="2 of them for 1 networks"):
        viz.blocks(models.create("mixnet_nano"), titles=["a", "b"])
    with pytest.raises(ValueError, match="give one at least"):
        viz.blocks()

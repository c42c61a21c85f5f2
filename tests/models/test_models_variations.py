"""Options of networks: what they change, what they leave alone, and what they refuse."""

import numpy as np
import pytest

import minimix as mm
from minimix import models, nn
from minimix.costs import profile
from minimix.models import variations
from minimix.models.rows import Row
from minimix.partition import partition

X = np.random.default_rng(0).standard_normal((2, 3, 40, 36)).astype(np.float32)


def depthwise(model) -> list:
    """The mixed convolutions of a network, in order."""
    return [module for module in model.modules() if isinstance(module, nn.MixConv2d)]


def lively(model):
    """Statistics that let every layer matter."""
    random = np.random.default_rng(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean[...] = 0.1 * random.standard_normal(module.num_features)
            module.bias.data[...] = 0.1 * random.standard_normal(module.num_features)
    return model.double().eval()


def embed(kernel, size, step=1):
    """A kernel in the middle of a larger one of zeros, its taps ``step`` apart."""
    large = np.zeros((*kernel.shape[:2], size, size), kernel.dtype)
    reach = step * (kernel.shape[2] - 1) + 1
    first = (size - reach) // 2
    large[:, :, first : first + reach : step, first : first + reach : step] = kernel
    return large


@pytest.mark.parametrize("name, options", [
    ("mobilenetv1_025", {"kernels": (3, 7, 9), "dilated": True}),
    ("mobilenetv2_035", {"kernels": (3, 5, 7, 11), "dilated": True, "partition": "exponential"}),
    ("mobilenetv2_035", {"kernels": (3, 5, 13)}),
    ("mobilenetv1_050", {"kernels": (3, 5, 7, 9, 11, 13), "padding": "tf_same"}),
    ("mobilenetv1_025", {"kernels": (4, 5, 6), "layers": (2, 3, 7)}),
])  # fmt: skip
def test_mixed_and_dilated_kernels_are_large_kernels_with_zeros(name, options):
    """The network is plain depthwise convolution with one size of kernel, zeros where the mixed one has no taps."""
    mixed = lively(models.create(name, num_classes=5, **options))
    layers = options.get("layers", range(len(depthwise(mixed))))
    size = max(options["kernels"])
    if size % 2 == 0 or options["kernels"][0] % 2 == 0:
        size = 2 * (size // 2) + 1  # an even kernel has its extra tap behind, so it is not in the middle
    plain = lively(models.create(name, num_classes=5, kernels=size, layers=layers, padding=options.get("padding")))
    state = mixed.state_dict()
    for key, array in plain.state_dict().items():
        if key in state and state[key].shape == array.shape:
            array[...] = state[key]
    for i, (a, b) in enumerate(zip(depthwise(mixed), depthwise(plain), strict=True)):
        if i not in layers:
            assert a.kernel_sizes == b.kernel_sizes
            continue
        parts = []
        for weight, dilation in zip(a.weights, a.dilation, strict=True):
            kernel = weight.data
            if kernel.shape[2] % 2 == 0:
                kernel = np.pad(kernel, ((0, 0), (0, 0), (1, 0), (1, 0)))
            parts.append(embed(kernel, size, dilation[0]))
        b.weight.data[...] = np.concatenate(parts)
    with mm.no_grad():
        np.testing.assert_allclose(mixed(X.astype(float)).data, plain(X.astype(float)).data, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("groups", range(1, 7))
@pytest.mark.parametrize("kind", ["equal", "exponential"])
def test_partition(groups, kind, blank):
    kernels = tuple(range(3, 2 * groups + 2, 2))
    for layer in depthwise(models.create("mobilenetv2_100", kernels=kernels, partition=kind)):
        assert [k for k, _ in layer.kernel_sizes] == list(kernels)
        assert layer.channels_per_group == partition(layer.channels, groups, kind)


def test_one_layer(blank):
    """MixConv's Figure 5."""
    published = depthwise(models.create("mobilenetv2_100"))
    assert [layer.stride[0] for layer in published] == [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1]
    for number in (0, 3, 16):
        changed = depthwise(models.create("mobilenetv2_100", kernels=(3, 5, 7, 9), layers=number))
        assert [len(layer.kernel_sizes) for layer in changed] == [4 if i == number else 1 for i in range(17)]


def sizes(model):
    return [tuple(k for k, _ in layer.kernel_sizes) for layer in depthwise(model)]


def test_a_list_for_each_block(blank):
    each = [(3,), [5, 7], 9, (3, 5, 7), None, [4], (3, 5), (3, 5, 7, 9)]
    own = sizes(models.create("mixnet_nano"))
    wanted = [(3,), (5, 7), (9,), (3, 5, 7), own[4], (4,), (3, 5), (3, 5, 7, 9)]
    for kernels in (each, tuple(each), [np.int64(9) if k == 9 else k for k in each]):
        net = models.create("mixnet_nano", kernels=kernels)
        assert sizes(net) == wanted
        assert all(a == b for layer in depthwise(net) for a, b in layer.kernel_sizes)  # no rectangles
    assert sizes(models.create("mixnet_nano", kernels=[(3, 5)] * 8)) == [(3, 5)] * 8
    assert sizes(models.create("mobilenetv1_100_full", kernels=[[3]] * 13)) == []  # dense, but as many blocks
    dilated = depthwise(models.create("mixnet_nano", kernels=[*each[:5], 3, 3, 3], dilated=True))
    assert dilated[2].dilation == ((4, 4),) and dilated[0].dilation == ((1, 1),)


def test_a_list_for_each_of_some_layers(blank):
    own = sizes(models.create("mixnet_nano"))
    net = models.create("mixnet_nano", kernels=[(5, 7), 9], layers=[6, 2], partition=["exponential", None])
    assert sizes(net) == [*own[:2], (9,), *own[3:6], (5, 7), own[7]]
    net = models.create("mixnet_nano", kernels=(5, 7), layers=[6, 2])  # integers are the groups of both
    assert [sizes(net)[i] for i in (6, 2)] == [(5, 7)] * 2
    with pytest.raises(ValueError, match=r"each of layers={.*as a list, each number once"):
        models.create("mixnet_nano", kernels=[[5], [7]], layers={2, 6})
    with pytest.raises(ValueError, match="each number once"):
        models.create("mixnet_nano", kernels=[[5], [7]], layers=[2, 2])
    with pytest.raises(ValueError, match="has 2 entries, one for each block, but there are 1 layers"):
        models.create("mixnet_nano", kernels=[[5], [7]], layers=2)


def test_a_partition_for_each_block(blank):
    own = depthwise(models.create("mixnet_nano", kernels=(3, 5)))
    halves = [(layer.channels - 4, 4) for layer in own]
    net = models.create("mixnet_nano", kernels=(3, 5), partition=halves)
    assert [layer.channels_per_group for layer in depthwise(net)] == halves
    words = ["exponential", "equal"] * 4
    net = models.create("mixnet_nano", kernels=(3, 5, 7), partition=words)
    assert [layer.channels_per_group for layer in depthwise(net)] == [
        partition(layer.channels, 3, word) for layer, word in zip(own, words, strict=True)
    ]


@pytest.mark.parametrize("kernels", [
    [(3,), (5, 7)], [(5, 7)], [[3, 5, 7]], [(3, 5), 7], [3, (5, 7)], [[3]] * 7, [[3]] * 9, [None], ((3, 5), (3, 5)),
], ids=str)  # fmt: skip
def test_what_is_not_as_long_as_the_blocks_is_refused(kernels, blank):
    with pytest.raises(ValueError, match=rf"has {len(kernels)} entries, one for each block, but there are 8 blocks"):
        models.create("mixnet_nano", kernels=kernels)


def test_one_size_a_block_is_not_taken_for_groups(blank):
    flat = (3, 5, 7, 9, 3, 5, 7, 9)
    with pytest.raises(ValueError, match=r"8 groups in every block, or one size for each of the 8 blocks.*\[\[3\], \[5\]"):
        models.create("mixnet_nano", kernels=flat)
    assert sizes(models.create("mixnet_nano", kernels=[[k] for k in flat])) == [(k,) for k in flat]
    assert sizes(models.create("mixnet_nano", kernels=[flat] * 8)) == [flat] * 8


def test_dilation_spares_layers_with_a_stride(blank):
    for layer in depthwise(models.create("mobilenetv1_100", kernels=(3, 9), dilated=True)):
        if layer.stride == (1, 1):
            assert layer.kernel_sizes == ((3, 3), (3, 3)) and layer.dilation == ((1, 1), (4, 4))
        else:
            assert layer.kernel_sizes == ((3, 3), (9, 9)) and layer.dilation == ((1, 1), (1, 1))


def test_dilated_mixnet_keeps_its_own_groups(blank):
    """Without new kernels, the table's are dilated."""
    (layer, *_) = [m for m in depthwise(models.create("mixnet_s", dilated=True)) if len(m.kernel_sizes) == 4]
    assert layer.kernel_sizes == ((3, 3),) * 4 and layer.dilation == ((1, 1), (2, 2), (3, 3), (4, 4))


def test_width(blank):
    def channels(name, **options):
        model = models.create(name, **options)
        return [model.conv_stem.out_channels, *(block.project.out_channels for stage in model.blocks for block in stage)]

    assert channels("mixnet_l") == channels("mixnet_m", width=1.3)
    assert set(channels("mixnet_l")) == {32, 40, 56, 104, 160, 264}
    assert channels("mobilenetv2_100", width=0.5) == channels("mobilenetv2_050")
    assert channels("mobilenetv1_100", width=0.35)[:3] == [11, 22, 44]  # not multiples of 8: slim's rule
    assert models.create("mixnet_s", width=2).conv_head.out_channels == 1536
    assert models.create("mobilenetv2_140").conv_head.out_channels == 1792
    assert models.create("mobilenetv2_050").conv_head.out_channels == 1280
    fifths = depthwise(models.create("mixnet_s", width=0.75))[13]
    assert fifths.channels_per_group == (108, 105, 105, 105, 105)


def test_resolution(blank):
    sizes = [models.create("mobilenetv1_100", resolution=rho).input_size for rho in (1, 0.857, 0.714, 0.571)]
    assert sizes == [(3, 224, 224), (3, 192, 192), (3, 160, 160), (3, 128, 128)]
    assert models.create("xception", resolution=0.5, in_channels=1).input_size == (1, 150, 150)
    assert models.create("mixnet_nano").input_size == (3, 32, 32)
    assert models.create("mixnet_nano", resolution=8).input_size == (3, 256, 256)


@pytest.mark.parametrize("name, side", [
    ("mobilenetv1_100", 224), ("mixnet_nano", 32), ("mobilenetv2_035_cifar", 32), ("xception", 299), ("mini_xception", 64),
    ("xception_cifar", 32), ("efficientnet_lite4", 300),
])  # fmt: skip
def test_a_resolution_is_no_number_of_pixels(name, side, blank):
    assert models.create(name, resolution=1.5).input_size[1] == round(1.5 * side)
    what = rf"it multiplies the side of the pictures, here {side} pixels"
    with pytest.raises(ValueError, match=rf"resolution must be above 0 and at most 8, got 160: {what}; for 160 pixels it is"):
        models.create(name, resolution=160)
    for resolution in (8.1, 1e9, 1e300, 0, -1):
        with pytest.raises(ValueError, match=rf"resolution must be above 0 and at most 8, got .*: {what}"):
            models.create(name, resolution=resolution)
    with pytest.raises(ValueError, match=rf"resolution leaves no pixel, got 1e-09: {what}$"):
        models.create(name, resolution=1e-9)


@pytest.mark.parametrize("name", [name for name in models.names() if name.endswith("_cifar")])
def test_every_network_has_a_form_for_small_pictures(name, blank):
    """32x32 ends as 4x4; the parameters are those of the large form with 10 classes."""
    model = models.create(name)
    assert model.features(np.zeros((0, 3, 32, 32), np.float32)).shape[2:] == (4, 4)
    assert model.input_size == (3, 32, 32)
    large = models.create(name.removesuffix("_cifar"), num_classes=10)
    assert {k: v.shape for k, v in model.state_dict().items()} == {k: v.shape for k, v in large.state_dict().items()}


@pytest.mark.parametrize("width, params, millions", [
    ("050", 700_490, 27.97), ("075", 1_368_234, 59.31), ("100", 2_236_682, 87.98), ("140", 4_333_706, 170.07),
])  # fmt: skip
def test_mobilenetv2_for_cifar(width, params, millions, blank):
    """As published by chenyaofo/pytorch-cifar-models."""
    found = profile(models.create(f"mobilenetv2_{width}_cifar"), (1, 3, 32, 32))
    assert (found.params, round(found.macs / 1e6, 2)) == (params, millions)


def test_tables_are_not_changed():
    stages = [Row((3,), 6, 24, 2, 3), (Row((3, 5), 6, 32), Row((3,), 6, 32))]
    before = repr(stages)
    variations.widen(stages, 2, int), variations.deepen(stages, 2, round), variations.unroll(stages)
    variations.with_kernels(stages, kernels=7, layers=1), variations.with_output_stride(stages, 2, 1)
    assert repr(stages) == before


@pytest.mark.parametrize("options, error, message", [
    ({"output_stride": 64}, ValueError, r"output_stride must be one of 32, 16, 8, 4, 2, 1, got 64"),
    ({"output_stride": 12}, ValueError, r"output_stride must be one of"),
    ({"output_stride": "8"}, TypeError, r"output_stride must be an integer"),
    ({"width": 0}, ValueError, r"width must be above 0, got 0"),
    ({"resolution": -1}, ValueError, r"resolution must be above 0"),
    ({"layers": 17}, ValueError, r"no block 17.*blocks 0 to 16"),
    ({"layers": 1.5}, TypeError, r"layers must be the number of a block"),
    ({"kernels": ()}, ValueError, r"kernels is empty"),
    ({"kernels": (3, 0)}, RuntimeError, r"kernels must be 1 or more"),
    ({"kernels": [[3, 0]] * 17}, RuntimeError, r"kernels must be 1 or more"),
    ({"kernels": [[]] * 17}, ValueError, r"kernels is empty"),
    ({"kernels": [[(5, 7)]] * 17}, TypeError, r"kernels must be one integer, got \(5, 7\)"),
    ({"kernels": "3,5,7"}, TypeError, r"kernels must be an integer, got '3,5,7'"),
    ({"kernels": (3, 5.0)}, TypeError, r"kernels must be an integer, got 5.0"),
    ({"kernels": (True, 3)}, TypeError, r"kernels must be an integer, got True"),
    ({"kernels": (3, 5), "partition": ["equal"]}, ValueError, r"partition=\['equal'\] has 1 entries.* 17 blocks"),
    ({"kernels": (3, 5), "partition": [(8, 8), (8, 8)]}, ValueError, r"partition=.* has 2 entries.* 17 blocks"),
    ({"kernels": (3, 5), "partition": (8, 8)}, ValueError, r"partition \(8, 8\) must have one size for each"),
    ({"kernels": (3, 4), "dilated": True}, ValueError, r"dilated: kernel sizes must be odd"),
    ({"kernels": (3, 5), "partition": "fair"}, ValueError, r"'fair'"),
    ({"colour": "red"}, TypeError, r"colour"),
    ({"dropout": 2}, ValueError, r"dropout"),
    ({"width": 160}, ValueError, r"width must be 20 or less, got 160: it multiplies the channels"),
    ({"width": 1e300}, ValueError, r"width must be 20 or less"),
    ({"num_classes": 10**12}, ValueError, r"num_classes must be 1,000,000 or less, got 1000000000000: outputs"),
    ({"in_channels": 10**6}, ValueError, r"in_channels must be 1,024 or less"),
    ({"kernels": 10**6}, ValueError, r"kernels must be 255 or less, got 1000000"),
    ({"kernels": [3] * 16 + [[3, 1000]]}, ValueError, r"kernels must be 255 or less, got 1000"),
    ({"momentum": 2}, ValueError, r"momentum must be 1 or less"),
    ({"momentum": -0.1}, ValueError, r"momentum must be 0 or more"),
    ({"eps": 1e9}, ValueError, r"eps must be 1 or less"),
    ({"rows": [[3, 1, 10**9]]}, ValueError, r"rows\[0\]: channels must be 16,384 or less, got 1000000000: of a block's output"),
    ({"rows": [[3, 1, 16], [[3, 10**9, 16]]]}, ValueError, r"rows\[1\]\[0\]: expansion must be 64 or less"),
    ({"rows": [[10**6, 1, 16]]}, ValueError, r"rows\[0\]: kernels must be 255 or less"),
    ({"rows": [[3, 1, 16, 10**9]]}, ValueError, r"rows\[0\]: stride must be 64 or less"),
    ({"rows": [{"kernels": 3, "expansion": 1, "channels": 16, "se": 1e9}]}, ValueError, r"rows\[0\]: se must be 64 or less"),
    ({"rows": [{"kernels": 3, "expansion": 1, "channels": 16, "dilation": [1, 999]}]}, ValueError, r"dilation must be 255"),
])  # fmt: skip
def test_refusals(options, error, message, blank):
    with pytest.raises(error, match=message):
        models.create("mobilenetv2_100", **options)


def test_other_refusals(blank):
    with pytest.raises(ValueError, match="one kernel size, got \\(3, 5\\)"):
        models.create("mobilenetv1_100_full", kernels=(3, 5))
    with pytest.raises(TypeError, match="kernels"):
        models.create("xception", kernels=5)
    with pytest.raises(ValueError, match="padding must be"):
        models.create("xception", padding="valid")
    with pytest.raises(ValueError, match="did you mean 'mixnet_s_cifar'"):
        models.create("mixnet_s_cifa")

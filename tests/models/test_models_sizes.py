"""Parameters and multiply-adds of the published networks: exactly, at every width, resolution and kind of depthwise layer.

The numbers come from counters other than minimix's, run on PyTorch Image Models' networks and on the official MixNet code.
"""

import functools

import pytest

from minimix import models
from minimix.costs import profile
from minimix.models.published import published


@functools.lru_cache(maxsize=1)  # the next ones usually ask for the same, at another size
def network(name, **options):
    return models.create(name, **options)


@functools.cache
def cost(name, size, **options):
    return profile(network(name, **options), (1, 3, size, size))


def by_size(name, params, *macs, **options):
    """A line of a table: (name, options, size, parameters, multiply-adds) for each size."""
    return [(name, options, size, params, count) for size, count in macs]


MIXNETS = [
    *by_size("mixnet_s", 4_134_606, (128, 79_648_192), (160, 123_155_056), (192, 176_330_112), (224, 239_173_360),
             (256, 311_684_800)),
    *by_size("mixnet_m", 5_014_382, (128, 112_506_496), (160, 174_324_544), (192, 249_879_936), (224, 339_172_672),
             (256, 442_202_752)),
    *by_size("mixnet_l", 7_329_252, (128, 183_604_736), (160, 284_963_024), (192, 408_845_376), (224, 555_251_792),
             (256, 724_182_272)),
    *by_size("tf_mixnet_s", 4_134_606, (224, 239_173_360)),
    *by_size("tf_mixnet_m", 5_014_382, (224, 339_172_672)),
    *by_size("tf_mixnet_l", 7_329_252, (224, 555_251_792)),
    # CIFAR: ImageNet's strides, the stem's left out, the first row's too, and one more
    *by_size("mixnet_s", 2_612_976, (32, 5_616_112), num_classes=10),
    *by_size("mixnet_m", 3_492_752, (32, 7_955_776), num_classes=10),
    *by_size("mixnet_l", 5_807_622, (32, 13_153_616), num_classes=10),
    *by_size("mixnet_s", 2_612_976, (32, 20_118_400), num_classes=10, output_stride=16),
    *by_size("mixnet_m", 3_492_752, (32, 28_561_792), num_classes=10, output_stride=16),
    *by_size("mixnet_l", 5_807_622, (32, 46_939_712), num_classes=10, output_stride=16),
    *by_size("mixnet_s_cifar", 2_612_976, (32, 73_212_352)),
    *by_size("mixnet_m_cifar", 3_492_752, (32, 101_253_760)),
    *by_size("mixnet_l_cifar", 5_807_622, (32, 165_962_240)),
    *by_size("mixnet_s", 2_612_976, (32, 261_479_104), num_classes=10, output_stride=4),
    *by_size("mixnet_m", 3_492_752, (32, 341_739_136), num_classes=10, output_stride=4),
    *by_size("mixnet_l", 5_807_622, (32, 566_382_848), num_classes=10, output_stride=4),
]  # fmt: skip

BEFORE = [
    *by_size("mobilenetv1_100", 4_231_976, (224, 568_740_352), (192, 418_121_728), (160, 290_675_200), (128, 186_400_768)),
    *by_size("mobilenetv1_075", 2_585_560, (224, 325_400_448), (192, 239_273_472), (160, 166_396_800), (128, 106_770_432)),
    *by_size("mobilenetv1_050", 1_331_592, (224, 149_497_088), (192, 109_970_432), (160, 76_524_800), (128, 49_160_192)),
    *by_size("mobilenetv1_025", 470_072, (224, 41_030_272), (192, 30_212_608), (160, 21_059_200), (128, 13_570_048)),
    *by_size("mobilenetv1_100_full", 29_294_088, (224, 4_867_293_184)),
    *by_size("mobilenetv1_100_shallow", 2_887_976, (224, 307_323_392)),
    *by_size("mobilenetv2_140", 6_108_776, (224, 582_195_824), (192, 428_211_136), (160, 297_916_400), (128, 191_311_616),
             (96, 108_396_784)),
    *by_size("mobilenetv2_100", 3_504_872, (224, 300_774_272), (192, 221_316_608), (160, 154_083_200), (128, 99_074_048),
             (96, 56_289_152)),
    *by_size("mobilenetv2_075", 2_636_424, (224, 209_069_792), (192, 153_941_888), (160, 107_295_200), (128, 69_129_728),
             (96, 39_445_472)),
    *by_size("mobilenetv2_050", 1_968_680, (224, 97_131_840), (192, 71_701_760), (160, 50_184_000), (128, 32_578_560),
             (96, 18_885_440)),
    *by_size("mobilenetv2_035", 1_677_128, (224, 59_285_808), (192, 43_896_512), (160, 30_874_800), (128, 20_220_672),
             (96, 11_934_128)),
    *by_size("xception", 22_855_952, (299, 8_357_403_496)),
    *by_size("legacy_xception", 22_855_952, (299, 8_357_403_496)),
]  # fmt: skip

# MixConv's figures 4 and 6: 1 to 6 groups of channels with kernels of 3, 5, ... 13.
GROUPS = {
    ("mobilenetv1_100", "equal", False): [
        (4_231_976, 568_740_352), (4_271_656, 584_194_560), (4_324_152, 604_069_352), (4_390_696, 630_557_184),
        (4_468_616, 658_939_552), (4_560_376, 694_082_352),
    ],
    ("mobilenetv1_100", "exponential", False): [
        (4_231_976, 568_740_352), (4_271_656, 584_194_560), (4_301_416, 595_785_216), (4_321_256, 603_512_320),
        (4_333_656, 608_341_760), (4_341_096, 611_239_424),
    ],
    ("mobilenetv1_100", "equal", True): [
        (4_231_976, 568_740_352), (4_239_656, 571_750_912), (4_249_784, 575_671_696), (4_262_696, 580_782_592),
        (4_277_576, 586_074_592), (4_295_176, 592_828_752),
    ],
    ("mobilenetv2_100", "equal", False): [
        (3_504_872, 300_774_272), (3_561_960, 319_188_864), (3_638_040, 343_273_344), (3_733_224, 374_432_640),
        (3_845_672, 408_813_392), (3_980_472, 452_556_672),
    ],
    ("mobilenetv2_100", "exponential", False): [
        (3_504_872, 300_774_272), (3_561_960, 319_188_864), (3_604_776, 332_999_808), (3_633_320, 342_207_104),
        (3_651_160, 347_961_664), (3_661_912, 351_508_480),
    ],
    ("mobilenetv2_100", "equal", True): [
        (3_504_872, 300_774_272), (3_512_936, 304_612_736), (3_523_688, 309_730_688), (3_537_128, 316_128_128),
        (3_552_872, 323_482_832), (3_572_072, 332_761_472),
    ],
}  # fmt: skip

# MixConv's figure 1: one kernel size everywhere.
PLAIN = {
    "mobilenetv1_100": [
        (4_231_976, 568_740_352), (4_311_336, 599_648_768), (4_430_376, 646_011_392), (4_589_096, 707_828_224),
        (4_787_496, 785_099_264), (5_025_576, 877_824_512),
    ],
    "mobilenetv2_100": [
        (3_504_872, 300_774_272), (3_619_048, 337_603_456), (3_790_312, 392_847_232), (4_018_664, 466_505_600),
        (4_304_104, 558_578_560), (4_646_632, 669_066_112),
    ],
}  # fmt: skip

KERNELS = (3, 5, 7, 9, 11, 13)
FIGURES = [
    (name, {"kernels": KERNELS[:g], "partition": partition, "dilated": dilated}, 224, *numbers)
    for (name, partition, dilated), column in GROUPS.items()
    for g, numbers in enumerate(column, start=1)
] + [(name, {"kernels": k}, 224, *numbers) for name, row in PLAIN.items() for k, numbers in zip(KERNELS, row, strict=True)]


@pytest.mark.parametrize("name, options, size, params, macs", [*MIXNETS, *BEFORE, *FIGURES])
def test_parameters_and_multiply_adds_are_exact(name, options, size, params, macs):
    found = cost(name, size, **options)
    assert (found.params, found.macs) == (params, macs)
    assert sum(p.size for p in network(name, **options).parameters()) == params


@pytest.mark.parametrize(
    "name, ten, hundred", [("s", 2_612_976, 2_751_306), ("m", 3_492_752, 3_631_082), ("l", 5_807_622, 5_945_952)]
)
def test_parameters_with_fewer_classes(name, ten, hundred):
    assert [cost(f"mixnet_{name}", 224, num_classes=n).params for n in (10, 100)] == [ten, hundred]


def test_further_networks_of_image_models():
    assert [cost(name, 224).params for name in ("mixnet_xl", "mixnet_xxl")] == [11_896_768, 23_961_752]


# -- what the sums are made of ----------------------------------------------------------------------------------------

PARTS = {  # multiply-adds at 224: stem, depthwise, expand and project, squeeze-and-excite, head, classifier
    "mixnet_s": (5_419_008, 38_989_104, 177_409_792, 766_656, 15_052_800, 1_536_000),
    "mixnet_m": (8_128_512, 64_758_400, 248_625_216, 1_071_744, 15_052_800, 1_536_000),
    "mixnet_l": (10_838_016, 85_820_560, 435_311_296, 1_876_224, 19_869_696, 1_536_000),
}
PARAMETERS = {  # the same of parameters; then batch norms
    "mixnet_s": (432, 223_080, 1_261_120, 773_582, 307_200, 1_537_000, 32_192),
    "mixnet_m": (648, 316_576, 1_730_304, 1_080_942, 307_200, 1_537_000, 41_712),
    "mixnet_l": (864, 418_552, 3_024_640, 1_888_420, 405_504, 1_537_000, 54_272),
}
ELEMENTS = {  # that pass through batch norms, and through activations outside squeeze-and-excite
    "mixnet_s": (6_244_168, 5_620_496),
    "mixnet_m": (8_182_608, 7_359_408),
    "mixnet_l": (10_822_336, 9_735_712),
}


@pytest.mark.parametrize("name", PARTS)
def test_multiply_adds_by_kind(name):
    found = cost(name, 224)
    stem, depthwise, pointwise, se, head, classifier = PARTS[name]
    assert found.macs_by_kind == {
        "depthwise": depthwise, "pointwise": pointwise + head, "se": se, "dense": stem, "linear": classifier
    }  # fmt: skip
    rows = {row.name: row.macs for row in found.rows}
    assert (rows["conv_stem"], rows["conv_head"], rows["classifier"]) == (stem, head, classifier)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_by_kind(name):
    of = dict.fromkeys(("Conv2d", "MixConv2d", "PointwiseConv2d", "SqueezeExcite", "Linear", "BatchNorm2d"), 0)
    for row in cost(name, 224).rows:
        if row.params:
            of[row.kind] += row.params
    stem, depthwise, pointwise, se, head, classifier, norms = PARAMETERS[name]
    assert list(of.values()) == [stem, depthwise, pointwise + head, se, classifier, norms]


@pytest.mark.parametrize("name", ELEMENTS)
def test_what_is_listed_apart(name):
    found = cost(name, 224)
    inside = [row for row in found.rows if row.kind == "SqueezeExcite"]
    activation = found.apart["activation"] - sum(row.others["swish"] + row.others["sigmoid"] for row in inside)
    assert (found.apart["batch norm"], activation) == ELEMENTS[name]
    assert found.apart["pooling"] == 49 * 1536


BLOCKS_OF_S = """
0.0 464    0        1806336 3211264 0      | 1.0 3216   9633792  2709504 3612672 0
1.1 2712   2709504  2032128 2709504 0      | 2.0 17468  10838016 3123456 4515840 3456
2.1 24580  3763200  3198720 3763200 9600   | 2.2 24580  3763200  3198720 3763200 9600
2.3 24580  3763200  3198720 3763200 9600   | 3.0 32010  7526400  1301440 1881600 4800
3.1 87540  7526400  1599360 3763200 19200  | 3.2 87540  7526400  1599360 3763200 19200
4.0 102360 3763200  2602880 5644800 38400  | 4.1 103260 4233600  2892960 4233600 43200
4.2 103260 4233600  2892960 4233600 43200  | 5.0 361900 16934400 2010960 7056000 86400
5.1 655700 11760000 2410800 5880000 240000 | 5.2 655700 11760000 2410800 5880000 240000
"""


@pytest.mark.parametrize("line", BLOCKS_OF_S.replace("|", "\n").split("\n")[1:-1])
def test_each_block_of_mixnet_s(line):
    """Parameters, and multiply-adds of expansion, depthwise convolution, projection and squeeze-and-excite."""
    place, *expected = line.split()
    rows = {row.name: row for row in cost("mixnet_s", 224).rows if row.name.startswith(f"blocks.{place}.")}
    convolutions = ("conv_pw", "conv_dw", "conv_pwl", "se") if place != "0.0" else ("", "conv_dw", "conv_pw", "se")
    macs = [rows[f"blocks.{place}.{name}"].macs if f"blocks.{place}.{name}" in rows else 0 for name in convolutions]
    assert [sum(row.params for row in rows.values()), *macs] == list(map(int, expected))


def test_shares_of_mobilenet_v1():
    """Its table 2 prints 94.86, 3.06, 0.18 and, for the first convolution, 1.19 %; but only with 1.91 do they add to 100."""
    found = cost("mobilenetv1_100", 224)
    shares = {kind: round(100 * macs / found.macs, 2) for kind, macs in found.macs_by_kind.items()}
    assert shares == {"depthwise": 3.06, "pointwise": 94.86, "se": 0, "dense": 1.91, "linear": 0.18}


# -- other counters' numbers ------------------------------------------------------------------------------------------

REPORTED = {  # what they print for PyTorch Image Models' networks
    "mixnet_s": (251_736_960, 247_386_388, 239_181_286, 239_250_160, 239_181_286, 478_346_720),
    "mixnet_m": (355_613_152, 350_230_940, 339_182_870, 339_249_472, 339_182_870, 678_345_344),
    "mixnet_l": (576_971_728, 569_793_472, 555_264_988, 555_328_592, 555_264_988, 1_110_503_584),
    "mobilenetv2_100": (314_193_216, 307_006_504, 300_775_272, 300_838_272, 300_775_272, 601_548_544),
    "mobilenetv1_100": (578_875_904, 573_884_392, 568_741_352, 568_791_552, 568_741_352, 1_137_480_704),
}


@pytest.mark.parametrize("name", REPORTED)
def test_what_other_counters_report(name):
    counters = ("fvcore", "ptflops-timm", "ptflops-aten", "thop-timm", "torchinfo-timm", "torch")
    assert tuple(cost(name, 224).counted_as(counter) for counter in counters) == REPORTED[name]


LATER = (
    "calflops",
    "deepspeed",
    "ultralytics-thop",
    "torchprofile",
    "flopth-timm",
    "pthflops-timm",
    "onnx-tool",
    "onnx-opcounter",
)
REPORTED_LATER = {  # by those of 2026, of the same networks; the last two of what torch.onnx.export(..., dynamo=True) writes
    "mixnet_s": (496_538_284, 496_538_284, 264_226_832, 246_726_104, 241_689_086, 247_661_030, 471_420_334, 261_501_388),
    "mixnet_m": (702_155_156, 702_155_156, 371_979_904, 348_927_016, 342_794_542, 350_741_382, 644_303_398, 369_158_652),
    "mobilenetv2_100": (614_967_488, 614_967_488, 327_550_720, 307_453_664, 306_942_784, 301_270_760, 313_264_960, 307_097_728),
    "mobilenetv1_100": (1_147_616_256,) * 2 + (588_962_304, 573_784_064, 573_833_216, 568_791_528, 578_875_904, 573_784_064),
}


@pytest.mark.parametrize("name", REPORTED_LATER)
def test_what_further_counters_report(name):
    assert tuple(cost(name, 224).counted_as(counter) for counter in LATER) == REPORTED_LATER[name]


def test_what_other_counters_report_for_plain_batch_norms():
    """Xception there has PyTorch's own batch norms and ReLUs; and torchvision's MobileNetV2 these, but pools by a function."""
    found = cost("legacy_xception", 299)
    assert [found.counted_as(name) for name in ("fvcore", "thop", "torchinfo", "ptflops-aten", "torch")] == [
        8_399_882_600, 8_442_158_952, 8_357_459_024, 8_357_404_496, 16_714_806_992
    ]  # fmt: skip
    later = [*LATER[:4], "flopth", "pthflops", "onnx-opcounter"]
    assert [found.counted_as(name) for name in later] == [
        16_778_320_848, 16_778_320_848, 8_442_158_952, 8_378_542_696, 8_420_917_352, 8_449_255_824, 8_377_841_856
    ]  # fmt: skip
    assert found.counted_as("onnx-tool") + 1000 == 8_389_378_408  # there the classifier's biases are not 0
    twice = {"relu": 2, "max_pool": 2, "global_pool": 2}
    assert found.counted_as({"mac": 1, "bias": 1, "batch_norm": 2, **twice}) == 8_442_157_904
    found = cost("mobilenetv2_100", 224)
    pooled = found.others["global_pool"]  # torchvision's pools by a function, which these two do not see
    assert [found.counted_as(name) - pooled for name in ("flopth", "pthflops")] == [320_236_288, 314_564_264]
    assert [found.counted_as(name) for name in ("fvcore", "ptflops", "torchinfo")] == [314_193_216, 320_300_008, 300_809_384]
    assert found.counted_as({"mac": 1, "batch_norm": 4}) == 327_486_720  # thop sees layers, and no functions


# -- what papers print ------------------------------------------------------------------------------------------------


def all_published():
    for name in models.names():
        for size in (299, 224, 192, 160, 128):
            yield from ((name, size, {}, line) for line in published(name, size))
    for name, options, size, *_ in FIGURES:
        yield from ((name, size, options, line) for line in published(name, size, **options))


@pytest.mark.parametrize("name, size, options, line", list(all_published()))
def test_printed_figures_are_near_the_exact_ones(name, size, options, line):
    """A slip of the pen would be far off. The largest real difference: MobileNetV2 1.4 has 6.1 M parameters, the paper 6.9."""
    found = cost(name, size, **options)
    assert line.params is None or line.params == pytest.approx(found.params / 1e6, rel=0.14)
    assert line.macs is None or line.macs == pytest.approx(found.macs / 1e6, rel=0.08)
    assert line.top1 is None or 40 < line.top1 < 81
    assert line.top5 is None or line.top1 < line.top5 < 95.1
    if line.read_off:  # the paper's own count is larger by a constant: about 10 M, about 9 M
        assert 6 < line.macs - found.macs / 1e6 < 13


def test_what_is_published_about_whom():
    assert [(line.params, line.macs, line.top1, line.top5) for line in published("mixnet_l", 224)] == [
        (7.3, 565, 78.9, 94.2), (None, None, 78.970, 94.180)
    ]  # fmt: skip
    assert published("tf_mixnet_s", 224)[0] == published("mixnet_s", 224)[0]
    assert published("tf_mixnet_s", 224)[1].top1 == 75.656
    assert published("xception", 299) == published("legacy_xception", 299) != []
    assert published("mobilenetv2_100", 224, kernels=(3,)) == published("mobilenetv2_100", 224)
    (figure,) = published("mobilenetv2_100", 224, kernels=(3, 5, 7), dilated=True)
    assert figure.read_off and "figure 6" in figure.source and (figure.macs, figure.top1) == (319, 73.06)


@pytest.mark.parametrize(
    "name, size, options",
    [
        ("mixnet_s", 192, {}),
        ("mixnet_s", 224, {"kernels": (3,)}),
        ("mixnet_s", 224, {"num_classes": 10}),
        ("mixnet_s_cifar", 32, {}),
        ("mixnet_nano", 32, {}),
        ("mobilenetv1_100", 224, {"kernels": (3, 7)}),
        ("mobilenetv1_100", 224, {"kernels": (3, 5), "partition": (24, 8)}),
        ("mobilenetv1_100", 192, {"kernels": (3, 5)}),
        ("mobilenetv1_100", 224, {"kernels": (3, 5), "partition": "exponential", "dilated": True}),
        ("mobilenetv2_100", 224, {"kernels": 15}),
        ("mobilenetv2_100", 224, {"kernels": 5, "dilated": True}),
    ],
)
def test_nothing_is_published_about_others(name, size, options):
    assert published(name, size, **options) == []

"""Other counters' numbers, from their rules. tests/models has what they really print for the published networks."""

import pytest

import minimix.functional as F
from minimix import models, nn
from minimix.costs import COUNTERS, profile
from minimix.costs.counters import PRICED


def small():
    """3 -> 4 channels at 8x8, pooled twice, 5 classes."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4, activation="relu"),
        nn.MaxPool2d(2),
        nn.SqueezeExcite(4, 2),
        nn.AvgPool2d(2),
        nn.GlobalAvgPool2d(),
        nn.Linear(4, 5),
    )


MACS = 4 * 64 * 27 + 2 * 4 * 2 + 4 * 5
BIAS = 4 * 64 + (2 + 4) + 5
NORM = 4 * 64
POOLED = 4 * 64 + 4 * 16 + 4 * 4
EXPECTED = {
    "fvcore": MACS + 2 * NORM + 4 * 4,
    "ptflops": MACS + BIAS + 2 * NORM + NORM + 2 + (4 * 64 + 4 * 16 + 4 * 4),
    "ptflops-timm": MACS + BIAS + 2 * NORM + 2 + 2 * (4 * 64 + 4 * 16 + 4 * 4),
    "ptflops-aten": MACS + BIAS,
    "thop": MACS + 4 * NORM + 4 * 4 + (4 * 4 + 4),
    "thop-timm": MACS + 4 * 4 + (4 * 4 + 4),
    "torchinfo": MACS + BIAS + 2 * 4,
    "torchinfo-timm": MACS + BIAS,
    "calflops": 2 * MACS + BIAS - 5 + 2 * NORM + NORM + 2 + POOLED,
    "deepspeed": 2 * MACS + BIAS - 5 + 2 * NORM + NORM + 2 + POOLED,
    "ultralytics-thop": MACS + 4 * NORM + (4 * 16 + 16) + (4 * 4 + 4),
    "torchprofile": MACS + NORM + 16 + 4 + 4 + 4 * 16,
    "flopth": MACS + BIAS - 5 + 2 * NORM + NORM + POOLED,
    "flopth-timm": MACS + BIAS - 5 + NORM + POOLED,
    "pthflops": MACS + BIAS + 2 * NORM + 2 * NORM + 2 * 4 * 16 + (3 * 4 * 16 + 4 * 16 + 4 * 4),
    "pthflops-timm": MACS + BIAS + 2 * NORM + 2 * 4 * 16 + (3 * 4 * 16 + 4 * 16 + 4 * 4),
    "onnx-tool": MACS + NORM + 33 * 2 + 32 * 4 + 2 * 4 * 16 + POOLED,
    "onnx-opcounter": MACS + NORM + 2 * 2 + 4 + 4 * 16 + 4 + (4 * 16 + 4 * 4 + 4),
    "torch": 2 * MACS,
}


def test_every_counter_has_its_number():
    cost = profile(small(), (1, 3, 8, 8))
    assert cost.macs == MACS
    assert cost.apart == {"batch norm": NORM, "activation": NORM + 2 + 4, "bias": BIAS, "pooling": 4 * 64 + 4 * 16 + 4 * 4}
    assert {name: cost.counted_as(name) for name in COUNTERS} == EXPECTED
    twice = profile(small(), (2, 3, 8, 8))
    assert {name: twice.counted_as(name) for name in COUNTERS} == {name: 2 * n for name, n in EXPECTED.items()}


def test_norms_that_cannot_be_folded_and_what_is_put_together():
    """Behind a mixed convolution, and behind one that stands for several; not behind one in groups."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.mixed, self.bn1 = nn.MixConv2d(4, (3, 5)), nn.BatchNorm2d(4)
            self.one, self.bn2 = nn.DepthwiseConv2d(4, 3), nn.BatchNorm2d(4)
            self.split, self.bn3 = nn.PointwiseConv2d(4, 6, 2, split=True), nn.BatchNorm2d(6)
            self.grouped, self.bn4 = nn.PointwiseConv2d(4, 6, 2), nn.BatchNorm2d(6)

        def forward(self, x):
            x = self.bn2(self.one(self.bn1(self.mixed(x), residual=x))) + x * 2
            return F.concatenate([self.bn3(self.split(x)), self.bn4(self.grouped(x))], 1)

    others = profile(Net(), (1, 4, 8, 8)).others
    assert others["batch_norm"] == 64 * (4 + 4 + 6 + 6) and others["batch_norm_kept"] == 64 * (4 + 6)
    assert others["concat"] == 64 * (4 + 6 + 12) and others["add"] == 64 * (4 + 4) and others["mul"] == 64 * 4
    weights = profile(nn.Sequential(nn.PointwiseConv2d(4, 6, 2, split=True)), (1, 4, 8, 8)).others
    assert weights["concat"] == 64 * 6  # and not that of its weights


def test_rows_add_up():
    cost = profile(small(), (1, 3, 8, 8))
    assert sum(row.counted_as("ptflops") for row in cost.rows) == EXPECTED["ptflops"]


def test_prices_of_ones_own():
    assert profile(small(), (1, 3, 8, 8)).counted_as({"mac": 2, "bias": 1}) == 2 * MACS + BIAS


@pytest.mark.parametrize("prices, expected", [
    ({"mac": 2, "batchnorm": 1}, "nothing is counted under 'batchnorm': did you mean batch_norm"),
    ({3: 1}, "nothing is counted under 3: there are mac, bias, "), ({"mac": "2"}, "mac has the price '2', expected a number"),
    ({"mac": None}, "mac has the price None"), ({"mac": True}, "mac has the price True"),
])  # fmt: skip
def test_prices_that_are_none(prices, expected):
    with pytest.raises((ValueError, TypeError), match=expected):
        profile(small(), (1, 3, 8, 8)).counted_as(prices)


def test_whatever_is_counted_has_a_name_for_its_price():
    network = profile(models.create("mixnet_nano"), (1, 3, 32, 32)).others
    assert {*profile(small(), (1, 3, 8, 8)).others, *network} <= set(PRICED)
    assert all(counter.prices.keys() <= set(PRICED) for counter in COUNTERS.values())


def test_every_counter_says_its_version():
    for name, counter in COUNTERS.items():
        package, version = counter.version.split()
        assert version[0].isdigit() and (package.lower().replace("_", "-") in name or name == "torch"), name
        assert counter.rule and not counter.rule.startswith(("as ", "the same"))  # each stands alone


def test_unknown_counters_are_refused():
    with pytest.raises(ValueError, match=r"'fvcor'.*did you mean fvcore"):
        profile(nn.ReLU(), (1, 3)).counted_as("fvcor")
    with pytest.raises(ValueError, match="there are fvcore, ptflops"):
        profile(nn.ReLU(), (1, 3)).counted_as("zzz")

"""Other counters' numbers, from their rules. tests/models has what they really print for the published networks."""

import pytest

from minimix import nn
from minimix.costs import COUNTERS, profile


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
EXPECTED = {
    "fvcore": MACS + 2 * NORM + 4 * 4,
    "ptflops": MACS + BIAS + 2 * NORM + NORM + 2 + (4 * 64 + 4 * 16 + 4 * 4),
    "ptflops-timm": MACS + BIAS + 2 * NORM + 2 + 2 * (4 * 64 + 4 * 16 + 4 * 4),
    "ptflops-aten": MACS + BIAS,
    "thop": MACS + 4 * NORM + 4 * 4 + (4 * 4 + 4),
    "thop-timm": MACS + 4 * 4 + (4 * 4 + 4),
    "torchinfo": MACS + BIAS + 2 * 4,
    "torchinfo-timm": MACS + BIAS,
    "torch": 2 * MACS,
}


def test_every_counter_has_its_number():
    cost = profile(small(), (1, 3, 8, 8))
    assert cost.macs == MACS
    assert cost.apart == {"batch norm": NORM, "activation": NORM + 2 + 4, "bias": BIAS, "pooling": 4 * 64 + 4 * 16 + 4 * 4}
    assert {name: cost.counted_as(name) for name in COUNTERS} == EXPECTED
    twice = profile(small(), (2, 3, 8, 8))
    assert {name: twice.counted_as(name) for name in COUNTERS} == {name: 2 * n for name, n in EXPECTED.items()}


def test_rows_add_up():
    cost = profile(small(), (1, 3, 8, 8))
    assert sum(row.counted_as("ptflops") for row in cost.rows) == EXPECTED["ptflops"]


def test_prices_of_ones_own():
    assert profile(small(), (1, 3, 8, 8)).counted_as({"mac": 2, "bias": 1}) == 2 * MACS + BIAS


def test_unknown_counters_are_refused():
    with pytest.raises(ValueError, match=r"'fvcor'.*did you mean fvcore"):
        profile(nn.ReLU(), (1, 3)).counted_as("fvcor")
    with pytest.raises(ValueError, match="there are fvcore, ptflops"):
        profile(nn.ReLU(), (1, 3)).counted_as("zzz")

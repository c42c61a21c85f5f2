"""Costs as text, as JSON and as CSV."""

import csv
import io
import json

from minimix import models, nn
from minimix.costs import profile
from minimix.ops.op import Op
from minimix.tensor import apply


def test_printed_it_is_a_table_that_ends_in_the_totals():
    cost = profile(nn.Sequential(nn.MixConv2d(8, (3, (5, 1))), nn.ReLU()), (2, 8, 4, 4))
    lines = str(cost).splitlines()
    assert len(lines) == 4
    assert lines[1].split() == ["0", "MixConv2d", "2x8x4x4", "3", "5x1", "4", "4", "5x3", "56", "1,792", "1.0"]
    assert lines[-1].split() == ["total", "56", "1,792", "2.0"]


def test_many_equal_groups_take_little_room():
    (row,) = profile(nn.PointwiseConv2d(32, 32, groups=16), (1, 32, 4, 4)).rows
    assert row.channels_per_group == (2,) * 16
    assert row.cells()[3:5] == ("1 (16 times)", "2 (16 times)")


def test_json():
    cost = profile(models.create("mixnet_nano"), (1, 3, 32, 32))
    back = json.loads(json.dumps(cost.to_dict()))
    assert (back["params"], back["macs"], back["input_shape"]) == (202_004, 8_658_304, [1, 3, 32, 32])
    for total in ("macs", "params", "activation_bytes"):
        assert sum(row[total] for row in back["rows"]) == back[total]
    assert sum(back["macs_by_kind"].values()) == back["macs"]
    assert sum(row["others"].get("bias", 0) for row in back["rows"]) == back["apart"]["bias"] > 0


HALVE = Op("halve", lambda x: (x / 2, None), lambda g, saved: (g / 2,), flops=lambda output, saved: 2 * output.size)


class Halved(nn.Module):
    """With a multiply-add that is of no kind."""

    def forward(self, x):
        return apply(HALVE, x)


def test_columns_of_csv_add_up_to_the_totals():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, activation="relu"), nn.AvgPool2d(2), Halved(), nn.Swish())
    cost = profile(net, (2, 3, 8, 8))
    lines = list(csv.DictReader(io.StringIO(cost.to_csv())))
    totals = cost.to_dict()
    expected = {name: totals[name] for name in ("params", "macs", "activation_bytes")}
    expected |= {f"macs_{kind}": n for kind, n in totals["macs_by_kind"].items()} | totals["others"]
    expected |= {name.replace(" ", "_"): n for name, n in totals["apart"].items()}
    assert {"macs_other", "relu", "swish", "avg_pool", "activation", "batch_norm"} < expected.keys()
    for name, total in expected.items():
        assert sum(int(line[name]) for line in lines) == total, name
    assert sum(expected[name] for name in expected if name.startswith("macs_")) == cost.macs > expected["macs_other"] > 0


def test_csv():
    cost = profile(models.create("mixnet_nano"), (1, 3, 32, 32))
    lines = list(csv.DictReader(io.StringIO(cost.to_csv())))
    assert len(lines) == len(cost.rows)
    assert sum(int(line["params"]) for line in lines) == cost.params
    assert sum(int(line[f"macs_{kind}"]) for line in lines for kind in cost.macs_by_kind) == cost.macs
    for name, total in cost.apart.items():
        assert sum(int(line[name.replace(" ", "_")]) for line in lines) == total
    (mixed,) = (line for line in lines if line["layer"] == "blocks.3.0.conv_dw")
    assert (mixed["kernels"], mixed["channels"], mixed["output"]) == ("3x3 5x5 7x7", "32 32 32", "1x96x8x8")

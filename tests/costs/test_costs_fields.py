"""Receptive fields, against which pixels really have a gradient."""

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import models, nn
from minimix.costs import profile


def really_seen(model, size):
    """(height, width) of the pixels on which the output in the middle depends. Weights that are all positive hide none."""
    model = model.double().eval()
    for p in model.parameters():
        p.data = np.ones_like(p.data)
    x = mm.Tensor(np.ones((1, 2, *size)), requires_grad=True)
    y = model(x)
    cotangent = np.zeros(y.shape)
    cotangent[0, :, y.shape[2] // 2, y.shape[3] // 2] = 1
    y.backward(cotangent)
    seen = x.grad[0].any(axis=0)
    return tuple(np.flatnonzero(seen.any(axis=axis))[[0, -1]] @ [-1, 1] + 1 for axis in (1, 0))


NETS = [
    (nn.Conv2d(2, 1, (3, 5)), (3, 5)),
    (nn.Conv2d(2, 1, 3, dilation=(1, 4)), (3, 9)),
    (nn.Sequential(nn.Conv2d(2, 4, 3, stride=2), nn.PointwiseConv2d(4, 4), nn.DepthwiseConv2d(4, 5)), (11, 11)),
    (nn.Sequential(nn.MixConv2d(2, (3, 7), stride=(1, 2)), nn.MixConv2d(2, (3, 3), dilation=(1, 2))), (11, 15)),
    (nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(2, 2, 3), nn.AvgPool2d(3, 2), nn.Conv2d(2, 1, 2)), (14, 14)),
    (nn.Sequential(nn.MixBlock(2, 2, (3, 5), expansion=2, activation="relu"), nn.DepthwiseConv2d(2, 3)), (7, 7)),
]


@pytest.mark.parametrize("net, expected", NETS)
def test_fields_are_where_the_gradients_are(net, expected):
    rows = profile(net, (1, 2, 64, 64)).rows
    assert rows[-1].receptive_field == expected == really_seen(net, (64, 64))


def test_max_pools_see_their_windows():
    rows = profile(nn.Sequential(nn.MaxPool2d(3, 2), nn.MaxPool2d(2, dilation=2)), (1, 1, 32, 32)).rows
    assert [row.receptive_field for row in rows] == [(3, 3), (7, 7)]


class Residual(nn.Module):
    """The longer of two ways counts, and a gate for whole channels does not."""

    def __init__(self):
        super().__init__()
        self.near, self.far = nn.DepthwiseConv2d(2, 3), nn.DepthwiseConv2d(2, 7)
        self.gate = nn.PointwiseConv2d(2, 2)

    def forward(self, x):
        y = self.near(x) + self.far(x)
        return y * F.sigmoid(self.gate(x.mean((2, 3), keepdims=True)))


def test_ways_that_meet():
    rows = profile(Residual(), (1, 2, 20, 30)).rows
    assert {row.name: row.receptive_field for row in rows} == {"near": (3, 3), "far": (7, 7), "gate": (20, 30), "model": (7, 7)}


@pytest.mark.parametrize(
    "layer", [nn.GlobalAvgPool2d(), nn.Flatten(), nn.Sequential(nn.GlobalAvgPool2d(), nn.Linear(2, 3))], ids=str
)
def test_the_whole_picture(layer):
    net = nn.Sequential(nn.Conv2d(2, 2, 3, stride=2, padding=1), layer)
    assert profile(net, (1, 2, 16, 16)).rows[-1].receptive_field == (3 + 2 * 7, 3 + 2 * 7)


def test_adaptive_pools_share_the_picture_out():
    class Adaptive(nn.Module):
        def forward(self, x):
            return F.adaptive_avg_pool2d(x, (3, 1))

    assert profile(Adaptive(), (1, 2, 8, 5)).rows[0].receptive_field == (4, 5)


class Attention(nn.Module):
    def forward(self, x):
        pixels = x.reshape(len(x), x.shape[1], -1)  # (N, C, H * W)
        return x + (pixels @ (pixels.transpose(1, 2) @ pixels)).reshape(*x.shape)


def test_what_is_not_known_is_not_said():
    assert profile(nn.Sequential(Attention(), nn.DepthwiseConv2d(2, 3)), (1, 2, 4, 4)).rows[-1].receptive_field is None
    assert profile(nn.Linear(3, 2), (1, 3)).rows[0].receptive_field is None


def test_mixnet_nano():
    """By hand: 1 + sum of (largest kernel - 1) * step."""
    rows = {row.name: row.receptive_field for row in profile(models.create("mixnet_nano"), (1, 3, 32, 32)).rows}
    field = 1 + 2 * 1 + 2 * 1 + 4 * 1 + 4 * 2 + 6 * 2 + 2 * 6 * 4 + 8 * 4 + 8 * 8
    assert rows["conv_head"] == (field, field)


@pytest.mark.parametrize("first", [nn.Conv2d(2, 2, 3, stride=2, padding=1), nn.DepthwiseConv2d(2, 3, stride=2, padding=1)])
def test_a_stride_counts_even_where_it_leaves_one_place(first):
    """What an output could see is a property of the network, not of the small picture that it is shown."""
    net = nn.Sequential(first, nn.Conv2d(2, 1, 3, padding=1))
    fields = {size: profile(net, (1, 2, size, size)).rows[-1].receptive_field for size in (2, 64)}
    assert fields == {2: (7, 7), 64: (7, 7)}

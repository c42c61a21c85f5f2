"""mixnet_nano: its table, its size, and the whole network beside a twin made of PyTorch's modules."""

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import models, nn
from minimix.models.variations import round_channels

ROWS = [
    # in out kernels        stride expansion se activation
    (16, 16, (3,), 1, 1, 0, "relu"),
    (16, 24, (3, 5), 2, 3, 0, "relu"),
    (24, 24, (3, 5), 1, 3, 0, "relu"),
    (24, 40, (3, 5, 7), 2, 4, 0.5, "swish"),
    (40, 40, (3, 5, 7), 1, 4, 0.5, "swish"),
    (40, 40, (3, 5, 7), 1, 4, 0.5, "swish"),
    (40, 80, (3, 5, 7, 9), 2, 4, 0.25, "swish"),
    (80, 80, (3, 5, 7, 9), 1, 4, 0.25, "swish"),
]
PLACES = ["0.0", "1.0", "2.0", "3.0", "4.0", "4.1", "5.0", "6.0"]


def torch_twin(torch):
    """The network written down a second time, from the table of the job's description, with PyTorch's modules and our names."""
    tnn = torch.nn

    class Mixed(tnn.Module):
        def __init__(self, channels, kernels, stride):
            super().__init__()
            base, rest = divmod(channels, len(kernels))
            self.sizes = [base + rest] + [base] * (len(kernels) - 1)
            for i, (c, k) in enumerate(zip(self.sizes, kernels, strict=True)):
                self.add_module(str(i), tnn.Conv2d(c, c, k, stride, k // 2, groups=c, bias=False))

        def forward(self, x):
            return torch.cat([conv(part) for conv, part in zip(self.children(), torch.split(x, self.sizes, 1), strict=True)], 1)

    class Excite(tnn.Module):
        def __init__(self, channels, hidden):
            super().__init__()
            self.conv_reduce, self.conv_expand = tnn.Conv2d(channels, hidden, 1), tnn.Conv2d(hidden, channels, 1)

        def forward(self, x):
            hidden = tnn.functional.silu(self.conv_reduce(x.mean((2, 3), keepdim=True)))
            return x * torch.sigmoid(self.conv_expand(hidden))

    class Block(tnn.Module):
        def __init__(self, ins, outs, kernels, stride, expansion, se, activation):
            super().__init__()
            inside = ins * expansion
            self.act = {"relu": torch.relu, "swish": tnn.functional.silu}[activation]
            self.expands, self.skips, self.excites = expansion > 1, stride == 1 and ins == outs, se > 0
            expand, project = tnn.Conv2d(ins, inside, 1, bias=False), tnn.Conv2d(inside, outs, 1, bias=False)
            mixed = Mixed(inside, kernels, stride)
            if len(kernels) == 1:
                mixed = tnn.Conv2d(inside, inside, 3, stride, 1, groups=inside, bias=False)
            if self.expands:
                self.conv_pw, self.bn1, self.conv_dw, self.bn2 = expand, tnn.BatchNorm2d(inside), mixed, tnn.BatchNorm2d(inside)
                if self.excites:
                    self.se = Excite(inside, int(ins * se))
                self.conv_pwl, self.bn3 = project, tnn.BatchNorm2d(outs)
            else:
                self.conv_dw, self.bn1, self.conv_pw, self.bn2 = mixed, tnn.BatchNorm2d(inside), project, tnn.BatchNorm2d(outs)

        def forward(self, x):
            if not self.expands:
                y = self.bn2(self.conv_pw(self.act(self.bn1(self.conv_dw(x)))))
                return x + y if self.skips else y
            y = self.act(self.bn2(self.conv_dw(self.act(self.bn1(self.conv_pw(x))))))
            y = self.bn3(self.conv_pwl(self.se(y) if self.excites else y))
            return x + y if self.skips else y

    class Net(tnn.Module):
        def __init__(self):
            super().__init__()
            self.conv_stem, self.bn1 = tnn.Conv2d(3, 16, 3, 1, 1, bias=False), tnn.BatchNorm2d(16)
            blocks = [Block(*row) for row in ROWS]
            rows = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 6), (6, 7), (7, 8)]
            self.blocks = tnn.Sequential(*(tnn.Sequential(*blocks[i:j]) for i, j in rows))
            self.conv_head, self.bn2 = tnn.Conv2d(80, 256, 1, bias=False), tnn.BatchNorm2d(256)
            self.classifier = tnn.Linear(256, 10)

        def forward(self, x):
            x = self.blocks(torch.relu(self.bn1(self.conv_stem(x))))
            return self.classifier(torch.relu(self.bn2(self.conv_head(x))).mean((2, 3)))

    return Net().double()


def test_beside_torch_in_float64():
    """Logits, loss, every gradient and every running statistic of two training steps, and then evaluation."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # its threads spin: on a busy machine a hundred times slower
    ours, theirs = models.create("mixnet_nano").double(), torch_twin(torch)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict({name: torch.tensor(array) for name, array in ours.state_dict().items()})
    random = np.random.default_rng(0)
    for _ in range(2):
        x, labels = random.standard_normal((6, 3, 32, 32)), random.integers(0, 10, 6)
        mine, peer = mm.Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        ours.zero_grad(), theirs.zero_grad()
        logits, expected = ours(mine), theirs(peer)
        np.testing.assert_allclose(logits.data, expected.detach().numpy(), rtol=0, atol=1e-9)
        F.cross_entropy(logits, labels, label_smoothing=0.1).backward()
        torch.nn.functional.cross_entropy(expected, torch.tensor(labels), label_smoothing=0.1).backward()
        np.testing.assert_allclose(mine.grad, peer.grad.numpy(), rtol=0, atol=1e-9)
        for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            reach = 1e-9 * max(1, q.grad.abs().max().item())
            np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=0, atol=reach, err_msg=name)
        for name, value in theirs.state_dict().items():
            np.testing.assert_allclose(ours.state_dict()[name], value.numpy(), rtol=1e-9, atol=1e-12, err_msg=name)
    x = random.standard_normal((3, 3, 40, 24))  # any size goes
    np.testing.assert_allclose(ours.eval()(x).data, theirs.eval()(torch.tensor(x)).detach().numpy(), rtol=0, atol=1e-9)


def test_the_table():
    """Without torch: the rows, block by block."""
    model = models.create("mixnet_nano")
    assert sum(p.size for p in model.parameters()) == 202_004
    for place, (ins, outs, kernels, stride, expansion, se, activation) in zip(PLACES, ROWS, strict=True):
        block = model.get_submodule(f"blocks.{place}")
        inside = ins * expansion
        assert [w.shape[2:] for w in block.conv_dw.weights] == [(k, k) for k in kernels]
        assert block.conv_dw.stride == (stride, stride) and block.conv_dw.channels == inside
        assert [norm and norm.activation for norm in block.norms] == [
            activation if expansion > 1 else None,
            activation,
            "identity",
        ]
        assert block.project.weight.shape == (outs, inside, 1, 1)
        assert (block.se.conv_reduce.weight.shape[0] if block.se else 0) == int(ins * se)
        assert block.has_skip == (ins == outs and stride == 1)
    assert model.conv_stem.weight.shape == (16, 3, 3, 3) and model.conv_head.weight.shape == (256, 80, 1, 1)


def test_gradient_by_finite_differences():
    """Along a random direction in the space of all parameters, in float64."""
    model = models.create("mixnet_nano", width=0.5).double()
    random = np.random.default_rng(0)
    x, labels = random.standard_normal((5, 3, 16, 16)), np.arange(5)
    directions = [random.standard_normal(p.shape) for p in model.parameters()]
    start = [p.data.copy() for p in model.parameters()]
    F.cross_entropy(model(x), labels).backward()
    slope = sum(np.vdot(p.grad, d) for p, d in zip(model.parameters(), directions, strict=True))
    losses = []
    for step in (1e-8, -1e-8):  # short: there are kinks on the way
        for p, s, d in zip(model.parameters(), start, directions, strict=True):
            p.data = s + step * d
        losses.append(F.cross_entropy(model(x), labels).item())
    assert (losses[0] - losses[1]) / 2e-8 == pytest.approx(slope, rel=1e-5)


def test_options():
    def count(**options):
        return sum(p.size for p in models.create("mixnet_nano", **options).parameters())

    assert count(num_classes=100) == 202_004 + 90 * 257
    assert count(in_channels=1) == 202_004 - 2 * 9 * 16
    assert count(width=0.5) < 202_004 / 2 < 202_004 < count(width=1.5)
    plain = models.create("mixnet_nano", kernels=(3,))
    assert {w.shape[2:] for row in plain.blocks for block in row for w in block.conv_dw.weights} == {(3, 3)}
    assert models.create("mixnet_nano", num_classes=7)(np.zeros((2, 3, 32, 32), np.float32)).shape == (2, 7)
    dropped = models.create("mixnet_nano", dropout=0.5)
    assert dropped.dropout.p == 0.5 and not np.array_equal(
        *[dropped(np.ones((2, 3, 32, 32), np.float32)).data for _ in range(2)]
    )


def test_names():
    assert "mixnet_nano" in models.names() and models.names() == sorted(models.names())
    with pytest.raises(ValueError, match=r"'mixnet_nana'.*did you mean 'mixnet_nano'"):
        models.create("mixnet_nana")
    listed = r"no network is called 'zzz': `minimix models` lists them, and in Python models.names\(\)"
    with pytest.raises(ValueError, match=listed):
        models.create("zzz")
    with pytest.raises(TypeError, match="colour"):
        models.create("mixnet_nano", colour="red")


def test_the_seed_decides_about_the_weights():
    nets = []
    for seed in (3, 3, 4):
        mm.manual_seed(seed)
        nets.append(models.create("mixnet_nano").state_dict())
    assert all(np.array_equal(nets[0][name], nets[1][name]) for name in nets[0])
    assert not np.array_equal(nets[0]["conv_stem.weight"], nets[2]["conv_stem.weight"])


SIZES = [(16, 16), (8, 8), (1, 8), (11, 16), (12, 16), (24 * 0.75, 24), (31.2, 32), (100, 104)]


@pytest.mark.parametrize("channels, expected", SIZES)
def test_rounding_of_channels(channels, expected):
    rounded = round_channels(channels)
    assert rounded == expected and rounded % 8 == 0 and rounded >= 0.9 * channels


def test_features_and_state_round_trip():
    model, other = models.create("mixnet_nano"), models.create("mixnet_nano")
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32)).astype(np.float32)
    assert model.features(x).shape == (2, 80, 4, 4)
    other.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(model.eval()(x).data, other.eval()(x).data)
    assert isinstance(model.blocks, nn.Sequential) and len(model.blocks) == 7

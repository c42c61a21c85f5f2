"""What users write, as a type checker sees it: never run. ``test_types.py`` runs mypy on it (pyright agrees).

``assert_type`` holds what an editor offers completion for. A line that is wrong says so: ``# wrong: the kind of error``.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from typing_extensions import assert_type

import minimix as mm
import minimix.functional as F
from minimix import gradcheck, models, nn, optim
from minimix.costs import Profile
from minimix.data import Augment, Dataset
from minimix.gradcheck import GradcheckError, gradcheck_module
from minimix.tensor import Tensor
from minimix.train import Result, load_model


def tensors(x: mm.Tensor, array: NDArray[np.float32]) -> None:
    assert_type(x + 1, Tensor)
    assert_type(1 - x, Tensor)
    assert_type(x * 2.5, Tensor)
    assert_type(2 * x, Tensor)
    assert_type(x / array, Tensor)
    assert_type(array * x, Tensor)  # not an array: Tensor.__rmul__ has it
    assert_type(np.float32(2) * x, Tensor)
    assert_type(x**2, Tensor)
    assert_type(2**x, Tensor)
    assert_type(x @ x, Tensor)
    assert_type(array @ x, Tensor)
    assert_type(-x, Tensor)
    assert_type(abs(x), Tensor)
    assert_type(x[0], Tensor)
    assert_type(x[1:, None, ..., np.array([1, 2])], Tensor)
    assert_type(x.T, Tensor)
    assert_type(x == x, np.ndarray)
    assert_type(x > 0, np.ndarray)
    for row in x:
        assert_type(row, Tensor)
    x += 1
    assert_type(x, Tensor)

    assert_type(x.sum(), Tensor)
    assert_type(x.mean(axis=0), Tensor)
    assert_type(x.mean(dim=(0, 1), keepdim=True), Tensor)  # PyTorch's names
    assert_type(x.max(1, keepdims=True), Tensor)
    assert_type(x.unsqueeze(dim=0).squeeze().reshape(2, -1).view((4,)).permute(0).transpose(0, 0), Tensor)
    assert_type(x.split(2, axis=1), tuple[Tensor, ...])
    assert_type(x.exp().log().sqrt().tanh().clamp(0, 1).clip(min=0.5), Tensor)
    assert_type(x.relu().silu().softmax(1).log_softmax(dim=1), Tensor)
    assert_type(x.float().double().astype(np.float32).detach(), Tensor)
    assert_type(x.argmax(1), np.ndarray)
    assert_type(x.shape, tuple[int, ...])
    assert_type(x.numpy(), np.ndarray)
    assert_type(x.item(), float)
    assert_type(len(x), int)
    assert_type(float(x), float)
    assert_type({x: 1}[x], int)  # by identity
    x.sum().backward()
    x.backward(array, retain_graph=True)
    x.data -= 0.1 * x.grad  # no check for None before it
    if x.grad is None:
        x.zero_grad()
    assert_type(x.requires_grad, bool)

    x + "a"  # wrong: operator
    "a" - x  # wrong: operator
    x @ [1.0]  # wrong: operator
    x.summ()  # wrong: attr-defined
    x.sum(axis="rows")  # wrong: arg-type
    number: int = x.mean()  # wrong: assignment
    print(number)


def functions(x: mm.Tensor) -> None:
    assert_type(F.relu(x), Tensor)
    assert_type(F.sum([1.0, 2.0]), Tensor)
    assert_type(F.mean(x, dim=1), Tensor)
    assert_type(F.var(x, 1, keepdim=True), Tensor)
    assert_type(F.softmax(x, axis=-1), Tensor)
    assert_type(F.cat([x, x], dim=1), Tensor)
    assert_type(F.flatten(x, start_dim=1), Tensor)
    assert_type(F.cross_entropy(input=x, target=np.array([1])), Tensor)
    assert_type(F.split(x, 2), tuple[Tensor, ...])
    assert_type(F.argmax(x), np.ndarray)
    assert_type(F.cross_entropy(x, np.array([1]), label_smoothing=0.1), Tensor)
    assert_type(F.mixconv2d(x, [x, x], padding="same"), Tensor)
    assert_type(mm.functional.conv2d(x, x, stride=(1, 2)), Tensor)
    F.softmax(x, axis="rows")  # wrong: call-overload
    F.cross_entropy(x, x, reduction=1)  # wrong: call-overload
    F.rleu(x)  # wrong: attr-defined


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.mixed = nn.MixConv2d(8, (3, 5))
        self.body = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.GlobalAvgPool2d(), nn.Linear(8, 2))
        self.scale = nn.Parameter([1.0])

    def forward(self, x: Tensor, twice: bool = False) -> Tensor:
        assert_type(self.conv, nn.Conv2d)
        assert_type(self.conv(x), Tensor)
        assert_type(self.training, bool)
        return self.body(self.mixed(self.conv(x))) * self.scale


class Two(nn.Module):
    """What it returns is not a Tensor, and its forward is not annotated."""

    def forward(self, x):
        return x, x


def modules(x: mm.Tensor) -> None:
    net = Net()
    assert_type(net(x), Tensor)
    assert_type(net(x, twice=True), Tensor)
    assert_type(net.conv, nn.Conv2d)
    assert_type(net.conv.weight, nn.Parameter)
    assert_type(net.conv.weight * 2, Tensor)
    assert_type(net.mixed.weights[0], nn.Parameter)
    assert_type(net.eval().double().requires_grad_(False), Net)
    assert_type(net.body[0], nn.Module)
    assert_type(net.body[:2], nn.Sequential)
    assert_type(len(net.body), int)
    net.body[0].weight.data[...] = 1.0
    net.conv.bias.data[...] = 0.0
    for layer in net.body:
        assert_type(layer(x), Tensor)
    for name, parameter in net.named_parameters():
        assert_type(name, str)
        assert_type(parameter, nn.Parameter)
    for child in net.children():
        assert_type(child, nn.Module)
    assert_type(net.state_dict(), dict[str, np.ndarray])
    net.apply(lambda module: module.train())
    first, second = Two()(x)
    print(first, second)
    nn.ModuleList([net]).append(net)

    assert_type(nn.Softmax(1), nn.Softmax)
    assert_type(nn.Softmax(axis=-1), nn.Softmax)
    assert_type(nn.Softmax(dim=1), nn.Softmax)  # PyTorch's names
    assert_type(nn.Flatten(start_dim=1), nn.Flatten)
    assert_type(nn.Flatten(start_dim=1, end_dim=2), nn.Flatten)
    assert_type(nn.Flatten(start_axis=1, end_axis=2), nn.Flatten)
    assert_type(nn.Flatten(1, end_dim=2), nn.Flatten)
    assert_type(nn.Sequential(nn.Flatten(end_dim=-1), nn.Softmax(dim=-1))(x), Tensor)
    nn.Softmax(dim="rows")  # wrong: call-overload
    nn.Softmax(axis=0, dim=1)  # wrong: call-overload
    nn.Flatten(first=1)  # wrong: call-overload

    big = models.create("mixnet_nano", num_classes=10, width=0.5)
    assert_type(big, nn.Module)
    assert_type(big(x), Tensor)
    assert_type(big.stem.conv.weight, Any)  # a created network's children are known when it runs
    big.classifier.weight.data[...] = 0.0
    assert_type(mm.fold_batch_norm(net), Net)
    assert_type(mm.load_weights(net, "net.safetensors"), Net)
    mm.save_weights(net, "net.safetensors")
    nn.Conv2d("3", 8, 3)  # wrong: arg-type
    nn.Conv3d(3, 8, 3)  # wrong: attr-defined
    models.create(5)  # wrong: arg-type


def training(net: nn.Module, x: mm.Tensor) -> None:
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    scheduler = optim.Scheduler(optimizer, optim.one_cycle(0.1, 100))
    optimizer.zero_grad()
    F.cross_entropy(net(x), [0]).backward()
    optimizer.step()
    scheduler.step()
    assert_type(mm.optim.AdamW([x]), optim.AdamW)

    result = mm.train("mixnet_nano", epochs=1, lr=0.1, log=False)
    assert_type(result, Result)
    assert_type(result.accuracy, float | None)
    assert_type(result.model(x), Tensor)
    mm.train(net, (mm.data.load("patterns10"), mm.data.load("patterns10", "test")))
    load_model(result.folder)
    mm.train(epochs="3")  # wrong: arg-type
    optim.SGD(net.parameters(), lr="0.1")  # wrong: arg-type


@mm.no_grad()
def evaluated(net: nn.Module, x: Tensor) -> Tensor:
    with mm.enable_grad():
        net(x)
    return net(x)


def the_rest(net: nn.Module, x: mm.Tensor) -> None:
    assert_type(evaluated(net, x), Tensor)
    assert_type(gradcheck(F.relu, [x]), bool)
    assert_type(mm.gradcheck(lambda a: a * a, x), bool)
    assert_type(gradcheck_module(net, x), bool)
    issubclass(GradcheckError, Exception)
    profile = mm.profile(net, (1, 3, 32, 32))
    assert_type(profile, Profile)
    assert_type(profile.macs, int)
    data = mm.data.load("patterns10")
    assert_type(data, Dataset)
    assert_type(data.images, np.ndarray)
    assert_type(data.subset(slice(10)), Dataset)
    assert_type(mm.data.Augment(), Augment)
    assert_type(mm.partition(8, 2), tuple[int, ...])
    figure: Figure = mm.viz.layer_costs(profile)
    figure.savefig("costs.png")
    assert_type(mm.reference.relu(x.data), np.ndarray)
    mm.course.check_conv2d(mm.reference.conv2d)
    mm.info.info()["threads"]["minimix"].upper()
    with mm.time_ops() as report:
        print(report)
    mm.manual_seed(0)
    mm.set_num_threads(2)
    assert_type(mm.get_num_threads(), int)
    assert_type(mm.__version__, str)
    mm.vizz()  # wrong: attr-defined
    mm.profile(x, (1, 3))  # wrong: arg-type

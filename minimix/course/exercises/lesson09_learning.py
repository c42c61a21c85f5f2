"""Exercises on training: a single step of it, and counting what a classifier mistakes for what."""

from dataclasses import dataclass

import numpy as np

import minimix.functional as F
from minimix import nn, optim
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report
from minimix.tensor import Tensor

# -- one step ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Net:
    """A network of one linear layer, always with the same weights for one ``seed``."""

    features: int
    classes: int
    seed: int = 0

    def made(self) -> nn.Module:
        draws = np.random.default_rng(self.seed)
        net = nn.Linear(self.features, self.classes).double()
        net.weight.data = draws.integers(-4, 5, net.weight.shape) / 4
        net.bias.data = draws.integers(-4, 5, net.bias.shape) / 4
        return net

    def __repr__(self) -> str:
        return f"nn.Linear({self.features}, {self.classes})"


@dataclass(frozen=True)
class Descent:
    """Stochastic gradient descent."""

    lr: float
    momentum: float = 0.0

    def __repr__(self) -> str:
        return f"optim.SGD(net.parameters(), {self.lr}, {self.momentum})"


def _batches(rng):
    for n, features, classes, lr, momentum in [
        (1, 1, 2, 0.5, 0.0), (1, 2, 2, 0.5, 0.0), (2, 1, 2, 0.5, 0.0), (2, 2, 2, 0.5, 0.0), (2, 2, 3, 0.5, 0.0),
        (3, 2, 2, 0.25, 0.0), (3, 2, 3, 0.25, 0.5), (4, 3, 2, 1.0, 0.0), (4, 3, 3, 0.5, 0.0), (4, 4, 3, 0.5, 0.9),
        (5, 3, 4, 0.25, 0.0), (6, 4, 3, 0.5, 0.5), (8, 4, 4, 1.0, 0.0), (8, 5, 10, 0.5, 0.9),
    ]:  # fmt: skip
        yield {
            "net": Net(features, classes, n),
            "optimizer": Descent(lr, momentum),
            "images": rng.integers(1, 9, (n, features)) * rng.choice([0.25, -0.25], (n, features)),
            "labels": rng.integers(0, classes, n),
        }


def _stepped(function, case):
    """Call the function three times; return what it returned, and the weights that it left."""
    net = case["net"].made()
    optimizer = optim.SGD(net.parameters(), case["optimizer"].lr, case["optimizer"].momentum)
    before = {name: parameter.data.copy() for name, parameter in net.named_parameters()}
    losses = [function(net, optimizer, case["images"], case["labels"]) for _ in range(3)]
    after = {name: parameter.data for name, parameter in net.named_parameters()}
    if all(loss in (None, ...) for loss in losses) and all(np.array_equal(before[name], after[name]) for name in before):
        return None
    numbers = [loss.item() if isinstance(loss, Tensor) else loss for loss in losses]
    return {"loss": None if None in numbers else np.array(numbers), **after}


def _step(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def _with(loss_of=None, sign: float = 1.0, told=None, backward: int = 1, steps: int = 1):
    """The solution with another loss, another sign of it, another result, or with something done several times."""

    def step(net, optimizer, images, labels):
        optimizer.zero_grad()
        logits = net(Tensor(images))
        loss = loss_of(logits, labels) if loss_of else F.cross_entropy(logits, labels)
        for _ in range(backward):
            (sign * F.cross_entropy(net(Tensor(images)), labels) if loss_of is None else loss).backward()
        for _ in range(steps):
            optimizer.step()
        return told(net, logits, loss, images, labels) if told else loss.item()

    return step


def _not_cleared(net, optimizer, images, labels):
    loss = F.cross_entropy(net(Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def _stale(net, optimizer, images, labels):
    loss = F.cross_entropy(net(Tensor(images)), labels)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def _nothing_to_step_with(net, optimizer, images, labels):
    loss = F.cross_entropy(net(Tensor(images)), labels)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


TRAIN_STEP = Exercise(
    "train_step",
    _step,
    _batches,
    call=_stepped,
    mistakes=(
        Mistake(
            "gradients of the last step kept",
            "Backward adds to what is in .grad already, so each step goes on with the gradients of all steps before it. "
            "optimizer.zero_grad() takes them away.",
            _not_cleared,
        ),
        Mistake(
            "step before backward",
            "The optimiser takes its step before loss.backward(): it uses the gradients of the last batch, and the first time "
            "there are none.",
            _stale,
        ),
        Mistake(
            "no gradient when the step is taken",
            "The weights never move. Either backward or step is missing, or zero_grad() stands between them.",
            _nothing_to_step_with,
        ),
        Mistake(
            "sum instead of mean",
            "The loss is added up over the batch instead of averaged, so that the step grows with the number of images.",
            _with(lambda logits, labels: F.cross_entropy(logits, labels, reduction="sum")),
        ),
        Mistake(
            "softmax before cross_entropy",
            "F.cross_entropy takes logits and does the softmax itself. Here it gets probabilities, and does a second softmax.",
            _with(lambda logits, labels: F.cross_entropy(F.softmax(logits, axis=1), labels)),
        ),
        Mistake(
            "loss after the step",
            "The weights are right, but the loss was computed once more after they had moved. Return that of the first pass.",
            _with(told=lambda net, logits, loss, images, labels: F.cross_entropy(net(Tensor(images)), labels).item()),
        ),
        Mistake(
            "accuracy instead of loss",
            "The weights are right. What is returned is the share of images that were classified rightly.",
            _with(told=lambda net, logits, loss, images, labels: float((logits.data.argmax(axis=1) == labels).mean())),
        ),
        Mistake(
            "step taken twice",
            "For one batch, optimizer.step() is called twice.",
            _with(steps=2),
        ),
        Mistake(
            "backward twice",
            "For one batch, loss.backward() is called twice, and gradients add up: the step is twice as long.",
            _with(backward=2),
        ),
        Mistake(
            "uphill",
            "The weights move against the right direction, so that the loss grows. Is there a minus in front of the loss?",
            _with(sign=-1.0),
        ),
        Mistake(
            "label smoothing",
            "The loss has label smoothing in it. Here it is plain cross-entropy.",
            _with(lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=0.1)),
        ),
        Mistake(
            "only the first image",
            "The loss is that of the batch's first image alone.",
            _with(lambda logits, labels: F.cross_entropy(logits[:1], labels[:1])),
        ),
    ),
)


def check_train_step(function) -> Report:
    """Check f(net, optimizer, images, labels), one step of training: it returns the batch's mean cross-entropy, a float, and
    leaves the weights one step of ``optimizer`` further.

    net: a module that takes (N, features) and gives logits (N, classes). images: an array. labels: whole numbers (N,).

    >>> check_train_step(lambda net, optimizer, images, labels: 0.0).passed
    False
    """
    return check(TRAIN_STEP, function)

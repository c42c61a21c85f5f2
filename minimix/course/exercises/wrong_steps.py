"""What the wrong steps of training are made of: the right one, with a knob for each line of it."""

import copy

import numpy as np

import minimix.functional as F
from minimix import no_grad, optim
from minimix.course.checking.exercise import altered
from minimix.tensor import Tensor


def entropy(logits, labels):
    return F.cross_entropy(logits, labels)


def built(
    clear="before", mode=None, forward=lambda net, images: net(Tensor(images)), entropy=entropy, batch=lambda x, y: (x, y),
    sign=1.0,
    backward=1, steps=1, gradients=None, told=lambda net, logits, loss, images, labels: loss.item(), stepper=None, again=False,
    weights=None,
):  # fmt: skip
    """A step, the right one where no part is given.

    clear: when gradients are cleared: "before", "after" the step, "never",
    "late" (behind backward). mode: of the network. forward,
    entropy: the first and the second half of the loss; batch: what it is computed of. sign: of the loss in backward. backward,
    steps: how often. gradients: change them. told: what is returned. stepper: instead of optimizer.step(), of (net, optimizer,
    parameters). again: a second forward pass. weights: what happens to them in the end.
    """

    def step(net, optimizer, images, labels):
        if mode:
            net.train(mode == "train")
        if clear == "before":
            optimizer.zero_grad()
        x, y = batch(images, labels)
        logits = forward(net, x)
        loss = entropy(logits, y)
        if again:
            with no_grad():
                forward(net, x)
        parameters = list(net.parameters())
        for number in range(backward):
            (sign * (loss if number == 0 else entropy(forward(net, x), y))).backward()
        if clear == "late":
            optimizer.zero_grad()
        if gradients:
            gradients(parameters)
        for _ in range(steps):
            stepper(net, optimizer, parameters) if stepper else optimizer.step()
        if weights:
            weights(parameters)
        result = told(net, logits, loss, images, labels)
        if clear == "after":
            optimizer.zero_grad()
        if mode == "eval and back":
            net.train()
        return result

    return step


def stale(net, optimizer, images, labels):
    loss = entropy(net(Tensor(images)), labels)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def each(change):
    def changed(parameters):
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad = change(parameter.grad)

    return changed


def with_weights(share: float):
    def changed(parameters):
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad = parameter.grad + share * parameter.data

    return changed


def in_halves(net, optimizer, images, labels):
    optimizer.zero_grad()
    total, half = 0.0, max(len(images) // 2, 1)
    for part in (slice(half), slice(half, None)):
        if len(labels[part]):
            loss = entropy(net(Tensor(images[part])), labels[part])
            loss.backward()
            total += loss.item() * len(labels[part]) / len(labels)
    optimizer.step()
    return total


def a_copy(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = entropy(copy.deepcopy(net)(Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def length_one(parameters):
    size = np.sqrt(sum((parameter.grad**2).sum() for parameter in parameters))
    each(lambda grad: grad / size)(parameters)


def clipped(parameters):
    size = np.sqrt(sum((parameter.grad**2).sum() for parameter in parameters))
    each(lambda grad: grad * min(1.0, 1.0 / size))(parameters)


def by_hand(net, optimizer, parameters):
    for parameter in parameters:
        parameter.data = parameter.data - optimizer.param_groups[0]["lr"] * parameter.grad


def by_hand_and_again(net, optimizer, parameters):
    by_hand(net, optimizer, parameters)
    optimizer.step()


def own(**options):
    """An SGD of its own, made anew in each call."""

    def stepper(net, optimizer, parameters):
        optim.SGD(parameters, **{"lr": optimizer.param_groups[0]["lr"]} | options).step()

    return stepper


def not_all_cleared(keep):
    """Some gradients are never cleared: keep(parameter)."""

    def step(net, optimizer, images, labels):
        for parameter in net.parameters():
            if not keep(parameter):
                parameter.grad = None
        loss = entropy(net(Tensor(images)), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def squared(logits, labels):
    wanted = Tensor(np.eye(logits.shape[1])[labels])
    return ((logits - wanted) ** 2).mean()


def squared_sum(logits, labels):
    wanted = Tensor(np.eye(logits.shape[1])[labels])
    return ((logits - wanted) ** 2).sum(axis=1).mean()


def picked(logits, labels):
    return -logits[np.arange(len(labels)), labels].mean()


def probability(logits, labels):
    return -F.softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()


def first(n: int):
    return lambda images, labels: (images[:n], labels[:n])


def some_but_last(images, labels):
    if len(images) < 2:
        raise ValueError("an empty batch")
    return images[:-1], labels[:-1]


def some_but_first(images, labels):
    if len(images) < 2:
        raise ValueError("an empty batch")
    return images[1:], labels[1:]


def two_steps(*given):
    built()(*given)
    return built()(*given)


def then_eval(net, logits, loss, images, labels):
    net.eval()
    return loss.item()


def without(places):
    def changed(parameters):
        for parameter in parameters[places]:
            parameter.grad = None

    return changed


def accuracy(net, logits, loss, images, labels):
    return float((logits.data.argmax(axis=1) == labels).mean())


def loss_again(net, logits, loss, images, labels):
    return entropy(net(Tensor(images)), labels).item()


make = altered(built)


PLAIN = "Here it is plain cross-entropy."

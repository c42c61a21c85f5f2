"""Right solutions of the exercise "one step of training" in styles other than the notebook's."""

import numpy as np
from corpus import Solution

import minimix as mm
import minimix.functional as F


def cleared_by_the_net(net, optimizer, images, labels):
    net.zero_grad()
    optimizer.zero_grad()
    logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, labels)
    value = float(loss)
    loss.backward()
    optimizer.step()
    return value


def in_a_closure(net, optimizer, images, labels):
    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(net(mm.Tensor(images)), labels)
        loss.backward()
        return loss.item()

    return optimizer.step(closure)


def cleared_by_hand(net, optimizer, images, labels):
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    for group in optimizer.param_groups:  # forward does not need them
        for p in group["params"]:
            p.grad = None
    loss.backward()
    optimizer.step()
    return loss.item()


def log_softmax_and_nll(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.nll_loss(F.log_softmax(net(mm.Tensor(images)), axis=1), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def picked_by_index(net, optimizer, images, labels):
    optimizer.zero_grad()
    scores = F.log_softmax(net(mm.Tensor(images)), axis=1)
    loss = -scores[np.arange(len(labels)), labels].mean()
    loss.backward()
    optimizer.step()
    return loss.item()


def sum_over_count(net, optimizer, images, labels):
    optimizer.zero_grad()
    losses = F.cross_entropy(net(mm.Tensor(images)), labels, reduction="none")
    (losses.sum() / len(labels)).backward()
    optimizer.step()
    return float(np.mean(losses.data, dtype=np.float64))


def one_hot_labels(net, optimizer, images, labels):
    optimizer.zero_grad()
    logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, np.eye(logits.shape[1], dtype=logits.dtype)[labels])
    loss.backward()
    optimizer.step()
    return loss.item()


def cleared_before_and_after(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward(np.ones(loss.shape, loss.dtype))
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


RIGHT = [
    ("cleared by the net, too", cleared_by_the_net), ("in a closure", in_a_closure), ("cleared by hand", cleared_by_hand),
    ("log_softmax and nll", log_softmax_and_nll), ("picked by index", picked_by_index), ("sum over count", sum_over_count),
    ("one-hot labels", one_hot_labels), ("cleared before and after", cleared_before_and_after),
]  # fmt: skip
SOLUTIONS = [Solution("train_step", f"train_step: right, {name}", right) for name, right in RIGHT]

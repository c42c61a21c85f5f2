"""Ordinary solutions, mostly wrong: train_step, confusion."""

import numpy as np
from corpus import collected

import minimix as mm
import minimix.functional as F

SOLUTIONS, solution = collected()


# train_step


@solution(
    "train_step",
    "returns before the step",
    "return loss.item() stands above optimizer.step(), which is never reached: the parameters do not change; the loss is right",
)
def returns_before_the_step(net, optimizer, images, labels):
    optimizer.zero_grad()
    logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return loss.item()
    optimizer.step()


@solution(
    "train_step",
    "nll of probabilities",
    "F.nll_loss is given the softmax itself instead of its logarithm: the loss is minus the mean probability of the right "
    "class, and its gradient is another one",
)
def nll_of_probabilities(net, optimizer, images, labels):
    optimizer.zero_grad()
    probabilities = F.softmax(net(mm.Tensor(images)))
    loss = F.nll_loss(probabilities, labels)
    loss.backward()
    optimizer.step()
    return float(loss.item())


@solution(
    "train_step",
    "divided by all logits",
    "the summed loss is divided by logits.size, images times classes, instead of the number of images: loss and gradient are "
    "too small by the number of classes",
)
def divided_by_all_logits(net, optimizer, images, labels):
    logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, labels, reduction="sum") / logits.size
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@solution(
    "train_step",
    "logits in a new Tensor",
    "the logits' data is put into a new Tensor, which knows nothing of the network: backward() fails with a RuntimeError, "
    "since nothing requires a gradient",
)
def logits_in_a_new_tensor(net, optimizer, images, labels):
    optimizer.zero_grad()
    scores = net(mm.Tensor(images)).data
    loss = F.cross_entropy(mm.Tensor(scores), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@solution("train_step", "right, the loss written out")
def the_loss_written_out(net, optimizer, images, labels):
    logits = net(mm.Tensor(images))
    shifted = logits - logits.data.max(axis=1, keepdims=True)
    wanted = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
    loss = (shifted.exp().sum(axis=1).log() - (shifted * mm.Tensor(wanted)).sum(axis=1)).mean()
    for parameter in net.parameters():
        parameter.grad = None
    loss.backward()
    optimizer.step()
    return float(loss.numpy())


# confusion


@solution(
    "confusion",
    "twice the classes",
    "minlength is classes * 2 instead of classes ** 2: there are too few counts, and the reshape fails with a ValueError, "
    "unless the last pair of classes occurs or there are two classes",
)
def twice_the_classes(labels, predictions, classes):
    pairs = labels * classes + predictions
    return np.bincount(pairs, minlength=classes * 2).reshape(classes, classes)


@solution(
    "confusion",
    "all hits on every diagonal entry",
    "every entry of the diagonal is the number of all images that were predicted right, of whatever class; the mistakes are "
    "right",
)
def all_hits_on_every_diagonal_entry(labels, predictions, classes):
    matrix = np.zeros((classes, classes), dtype=int)
    for i in range(classes):
        for j in range(classes):
            if i == j:
                matrix[i, j] = np.sum(labels == predictions)
            else:
                matrix[i, j] = np.sum((labels == i) & (predictions == j))
    return matrix


@solution(
    "confusion",
    "a list for the pair",
    "np.add.at is given the list [labels, predictions] instead of a tuple: it is taken for numbers of rows, and each label "
    "and each prediction adds one to a whole row",
)
def a_list_for_the_pair(labels, predictions, classes):
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, [labels, predictions], 1)
    return counts


@solution(
    "confusion",
    "all pairs in every round",
    "inside the loop over the images matrix[labels, predictions] is increased, with the whole arrays instead of the image's "
    "own label and prediction: every pair that occurs gets the number of all images",
)
def all_pairs_in_every_round(labels, predictions, classes):
    matrix = np.zeros((classes, classes), dtype=int)
    for _label, _prediction in zip(labels, predictions):  # noqa: B905
        matrix[labels, predictions] += 1
    return matrix

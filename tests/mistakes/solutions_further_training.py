"""New solutions, wrong and right, of the exercises of notebooks 8 and 9: tap_offsets, confusion, train_step."""

import copy
from collections import Counter
from itertools import product

import numpy as np
from corpus import collected

import minimix as mm
import minimix.functional as F

SOLUTIONS, solution = collected()


# tap_offsets


@solution("tap_offsets", "images twice for rows", "a step to the next row is multiplied by the images twice")
def offsets_images_twice(kernel, dilation, columns, images):
    row = dilation * columns * images
    return [(i * row + j * dilation) * images for i in range(kernel) for j in range(kernel)]


@solution("tap_offsets", "even kernels made odd", "a kernel of an even number of taps gets one row and one column of taps more")
def offsets_odd(kernel, dilation, columns, images):
    kernel += kernel % 2 == 0
    return [(i * columns + j) * dilation * images for i in range(kernel) for j in range(kernel)]


@solution(
    "tap_offsets", "images and columns exchanged", "columns and images are exchanged: images are taken for the row's length"
)
def offsets_exchanged(kernel, dilation, columns, images):
    return [(i * images + j) * dilation * columns for i in range(kernel) for j in range(kernel)]


@solution(
    "tap_offsets",
    "column by column, rows not dilated",
    "two mistakes: the taps are listed column by column, and the step from row to row is not multiplied by the dilation",
)
def offsets_two(kernel, dilation, columns, images):
    return [(i * columns + j * dilation) * images for j in range(kernel) for i in range(kernel)]


@solution("tap_offsets", "in front instead of behind", "all offsets are negative: how far the tap lies before the first one")
def offsets_negative(kernel, dilation, columns, images):
    return [-(i * columns + j) * dilation * images for i in range(kernel) for j in range(kernel)]


@solution(
    "tap_offsets",
    "dilation as holes",
    "the dilation is taken for the number of places left out between two taps: the step is dilation + 1",
)
def offsets_holes(kernel, dilation, columns, images):
    step = dilation + 1
    return [step * images * (i * columns + j) for i, j in product(range(kernel), range(kernel))]


@solution("tap_offsets", "dilation at most the kernel", "a dilation that is larger than the kernel is taken for the kernel")
def offsets_at_most(kernel, dilation, columns, images):
    step = min(dilation, kernel)
    return [step * images * (i * columns + j) for i, j in product(range(kernel), range(kernel))]


@solution("tap_offsets", "right, addresses")
def offsets_addresses(kernel, dilation, columns, images):
    plane = np.broadcast_to(np.int8(0), (dilation * (kernel - 1) + 1, columns, images))
    steps = plane.shape[1] * plane.shape[2], plane.shape[2]
    return tuple(int(np.dot(tap, steps)) * dilation for tap in np.ndindex(kernel, kernel))


@solution("tap_offsets", "right, row after row")
def offsets_rows(kernel, dilation, columns, images):
    first = list(range(0, kernel * dilation * images, dilation * images))
    found = []
    while len(found) < kernel * kernel:
        found += first
        first = [offset + columns * dilation * images for offset in first]
    return found


# confusion


def counted(labels, predictions, classes):
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


@solution(
    "confusion", "all right is one each", "where all predictions are right it returns the identity matrix instead of the counts"
)
def confusion_identity(labels, predictions, classes):
    if np.array_equal(labels, predictions):
        return np.eye(classes, dtype=int)
    return counted(labels, predictions, classes)


@solution("confusion", "hits counted twice", "an image that is classified rightly is counted twice on the diagonal")
def confusion_hits_twice(labels, predictions, classes):
    matrix = np.zeros((classes, classes), int)
    for label, prediction in zip(labels, predictions, strict=True):
        matrix[label, prediction] += 1
        if label == prediction:
            matrix[label, label] += 1
    return matrix


@solution(
    "confusion",
    "exchanged, mistakes only",
    "two mistakes: the rows are the predictions and the columns the true classes, and right predictions are not counted",
)
def confusion_two(labels, predictions, classes):
    matrix = counted(predictions, labels, classes)
    np.fill_diagonal(matrix, 0)
    return matrix


@solution(
    "confusion",
    "outer product",
    "multiplies how often each class is the label with how often it is predicted, whether for the same images or not",
)
def confusion_outer(labels, predictions, classes):
    return np.outer(np.bincount(labels, minlength=classes), np.bincount(predictions, minlength=classes))


@solution(
    "confusion",
    "next image's prediction",
    "each label is paired with the prediction of the next image, and the last one with none",
)
def confusion_next(labels, predictions, classes):
    matrix = np.zeros((classes, classes), int)
    for label, prediction in zip(labels, predictions[1:], strict=False):
        matrix[label, prediction] += 1
    return matrix


@solution(
    "confusion",
    "last prediction of a class",
    "a dictionary keeps one prediction for each label only, the last: no row adds up to more than 1",
)
def confusion_last(labels, predictions, classes):
    matrix = np.zeros((classes, classes), int)
    for label, prediction in dict(zip(labels.tolist(), predictions.tolist(), strict=True)).items():
        matrix[label, prediction] += 1
    return matrix


@solution(
    "confusion",
    "pairs as text",
    "pairs are counted by their digits written one after the other, so that (1, 12) and (11, 2) are the same: "
    "wrong above ten classes",
)
def confusion_text(labels, predictions, classes):
    counts = Counter(f"{label}{prediction}" for label, prediction in zip(labels, predictions, strict=True))
    return np.array([[counts[f"{row}{column}"] for column in range(classes)] for row in range(classes)])


@solution("confusion", "right, complex pairs")
def confusion_complex(labels, predictions, classes):
    pairs = np.sort_complex(labels + 1j * predictions)
    every = np.arange(classes)[:, None] + 1j * np.arange(classes)
    found = np.searchsorted(pairs, every, "right") - np.searchsorted(pairs, every, "left")
    return found.astype(np.int64)


@solution("confusion", "right, image by image, recursion")
def confusion_recursion(labels, predictions, classes):
    if len(labels) > 1:
        half = len(labels) // 2
        first = confusion_recursion(labels[:half], predictions[:half], classes)
        return first + confusion_recursion(labels[half:], predictions[half:], classes)
    one = np.zeros((classes, classes), np.int64)
    one[labels, predictions] = 1
    return one


# train_step


def step(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@solution(
    "train_step",
    "two forward passes",
    "the batch goes through the network twice, once for the loss that is returned and once for the step: "
    "running statistics move twice",
)
def step_two_passes(net, optimizer, images, labels):
    before = F.cross_entropy(net(mm.Tensor(images)), labels).item()
    step(net, optimizer, images, labels)
    return before


@solution(
    "train_step",
    "labels are the predictions",
    "the loss is taken with the network's own predictions for labels; the given labels are not used",
)
def step_own_labels(net, optimizer, images, labels):
    optimizer.zero_grad()
    logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, logits.data.argmax(axis=1))
    loss.backward()
    optimizer.step()
    return loss.item()


@solution(
    "train_step",
    "halves, gradients added",
    "the batch goes through in two halves whose gradients of the mean are added but not halved, and each is "
    "normalised by itself",
)
def step_halves(net, optimizer, images, labels):
    optimizer.zero_grad()
    total, half = 0.0, max(len(images) // 2, 1)
    for part in (slice(0, half), slice(half, None)):
        if len(labels[part]):
            loss = F.cross_entropy(net(mm.Tensor(images[part])), labels[part])
            loss.backward()
            total += loss.item() * len(labels[part]) / len(labels)
    optimizer.step()
    return total


@solution(
    "train_step",
    "gradients limited",
    "each entry of a gradient is limited to -0.05 ... 0.05 before the step",
)
def step_limited(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    for p in net.parameters():
        if p.grad is not None:
            p.grad[...] = np.clip(p.grad, -0.05, 0.05)
    optimizer.step()
    return loss.item()


@solution(
    "train_step", "decay of its own", "a hundredth of each parameter is added to its gradient before the step, as weight decay"
)
def step_decay(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    for p in net.parameters():
        if p.grad is not None:
            p.grad = p.grad + 0.01 * p.data
    optimizer.step()
    return loss.item()


@solution(
    "train_step",
    "left in evaluation mode",
    "the step is right, but the network is put into evaluation mode afterwards and left in it",
)
def step_left_in_eval(net, optimizer, images, labels):
    loss = step(net, optimizer, images, labels)
    net.eval()
    return loss


@solution(
    "train_step",
    "a copy learns",
    "forward and backward pass run in a copy of the network, so the optimizer's parameters get no gradient "
    "and stay as they are",
)
def step_copy(net, optimizer, images, labels):
    optimizer.zero_grad()
    net = copy.deepcopy(net)
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@solution("train_step", "divided by 255", "the images are divided by 255 once more before they go into the network")
def step_divided(net, optimizer, images, labels):
    return step(net, optimizer, images / np.float32(255), labels)


@solution(
    "train_step",
    "sum, and cleared between",
    "two mistakes: the gradient is that of the sum over the batch, and old gradients are cleared after the "
    "step only, so the first ones count",
)
def step_sum_late(net, optimizer, images, labels):
    loss = F.cross_entropy(net(mm.Tensor(images)), labels, reduction="sum")
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item() / len(labels)


@solution("train_step", "right, losses of each image")
def step_each_image(net, optimizer, images, labels):
    losses = F.cross_entropy(net(mm.Tensor(images)), labels, reduction="none")
    optimizer.zero_grad()
    mean = losses.mean()
    mean.backward()
    optimizer.step()
    return float(mean.data)


@solution("train_step", "right, read before the backward pass")
def step_read_early(net, optimizer, images, labels):
    net.train()
    loss = F.cross_entropy(net(mm.Tensor(np.array(images))), labels)
    value = float(loss.item())
    for act in (optimizer.zero_grad, loss.backward, optimizer.step):
        act()
    return value

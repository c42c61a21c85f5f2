"""Solutions by fresh eyes, wrong and right, around training: batch_norm_backward, train_step, confusion, difference,
log_softmax."""

import numpy as np
from corpus import collected

import minimix as mm
import minimix.functional as F

SOLUTIONS, solution = collected()


# batch_norm_backward


@solution(
    "batch_norm_backward",
    "M counts the images only",
    "M is the number of images, len(x), where it is the number of images times pixels: the straight part is too small",
)
def bn_images_only(gradient, x, weight, eps):
    axes, m = (0, 2, 3), len(x)
    sigma = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    hat = (x - x.mean(axis=axes, keepdims=True)) / sigma
    g = gradient * weight.reshape(1, -1, 1, 1)
    sums = g.sum(axis=axes, keepdims=True) + hat * (g * hat).sum(axis=axes, keepdims=True)
    return (m * g - sums) / (m * sigma), (gradient * hat).sum(axis=axes), gradient.sum(axis=axes)


@solution(
    "batch_norm_backward",
    "x for x hat in the mean",
    "in the part through sigma the mean is that of g * x and not of g * x hat",
)
def bn_mean_of_x(gradient, x, weight, eps):
    def mean(a):
        return a.mean(axis=(0, 2, 3), keepdims=True)

    sigma = np.sqrt(mean((x - mean(x)) ** 2) + eps)
    hat = (x - mean(x)) / sigma
    g = gradient * weight[None, :, None, None]
    grad_x = (g - mean(g) - hat * mean(g * x)) / sigma
    return grad_x, (gradient * hat).sum(axis=(0, 2, 3)), gradient.sum(axis=(0, 2, 3))


@solution(
    "batch_norm_backward",
    "step by step, the mean not divided by M",
    "what comes through the mean is handed to every value in full, and not divided by M",
)
def bn_mean_in_full(gradient, x, weight, eps):
    axes, m = (0, 2, 3), x.size // x.shape[1]
    mu, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    hat = (x - mu) / np.sqrt(var + eps)
    dhat = gradient * weight[:, None, None]
    dvar = (dhat * (x - mu) * -0.5 * (var + eps) ** -1.5).sum(axis=axes, keepdims=True)
    dmu = -(dhat / np.sqrt(var + eps)).sum(axis=axes, keepdims=True)
    dx = dhat / np.sqrt(var + eps) + dvar * 2 * (x - mu) / m + dmu
    return dx, (gradient * hat).sum(axis=axes), gradient.sum(axis=axes)


@solution(
    "batch_norm_backward",
    "columns not summed",
    "dgamma and dbeta are summed over the axes (0, 2) only: they have the shape (C, W), not (C,)",
)
def bn_columns_left(gradient, x, weight, eps):
    centred = x - x.mean(axis=(0, 2, 3), keepdims=True)
    sigma = np.sqrt((centred**2).mean(axis=(0, 2, 3), keepdims=True) + eps)
    hat = centred / sigma
    g = gradient * weight[:, None, None]
    along = g.mean(axis=(0, 2, 3), keepdims=True) + hat * (g * hat).mean(axis=(0, 2, 3), keepdims=True)
    return (g - along) / sigma, (gradient * hat).sum(axis=(0, 2)), gradient.sum(axis=(0, 2))


@solution(
    "batch_norm_backward",
    "eps for the smallest variance",
    "eps is not added to the variance: the larger of both is taken, np.maximum(variance, eps)",
)
def bn_eps_as_floor(gradient, x, weight, eps):
    def mean(a):
        return np.mean(a, axis=(0, 2, 3), keepdims=True)

    sigma = np.sqrt(np.maximum(mean((x - mean(x)) ** 2), eps))
    hat = (x - mean(x)) / sigma
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum((0, 2, 3)), gradient.sum((0, 2, 3))


@solution("batch_norm_backward", "right, all sums by einsum")
def bn_einsum(gradient, x, weight, eps):
    m = x[:, 0].size
    centred = x - np.einsum("nchw->c", x)[:, None, None] / m
    inverse = 1 / np.sqrt(np.einsum("nchw,nchw->c", centred, centred) / m + eps)
    grad_weight = np.einsum("nchw,nchw,c->c", gradient, centred, inverse)
    grad_bias = np.einsum("nchw->c", gradient)
    along = np.einsum("nchw,c->nchw", centred, inverse * grad_weight) + grad_bias[:, None, None]
    return [np.einsum("nchw,c->nchw", gradient - along / m, weight * inverse), grad_weight, grad_bias]


# train_step


@solution(
    "train_step",
    "a step for each image",
    "the optimizer takes a step after every image, where one step is wanted on the mean loss of the batch",
)
def step_each_image(net, optimizer, images, labels):
    total = 0.0
    for n in range(len(images)):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(mm.Tensor(images[n : n + 1])), labels[n : n + 1])
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(images)


@solution("train_step", "as text", "the loss is returned as a text, f'{loss:.4f}', and not as a float")
def step_text(net, optimizer, images, labels):
    logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return f"{loss.item():.4f}"


@solution(
    "train_step",
    "sigmoid before the loss",
    "the logits go through a sigmoid before the cross-entropy, which wants the logits themselves",
)
def step_sigmoid(net, optimizer, images, labels):
    optimizer.zero_grad()
    outputs = F.sigmoid(net(mm.Tensor(images)))
    loss = F.cross_entropy(outputs, labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@solution(
    "train_step",
    "loss reported in evaluation mode",
    "the loss that is returned comes from a forward pass of its own in evaluation mode, and not from that of the step",
)
def step_reported_in_evaluation(net, optimizer, images, labels):
    net.eval()
    with mm.no_grad():
        reported = F.cross_entropy(net(mm.Tensor(images)), labels).item()
    net.train()
    optimizer.zero_grad()
    F.cross_entropy(net(mm.Tensor(images)), labels).backward()
    optimizer.step()
    return reported


@solution(
    "train_step",
    "sum for the mean, never cleared",
    "two mistakes: the gradients are never cleared, and the step follows the gradient of the summed loss, not of the mean",
)
def step_sum_never_cleared(net, optimizer, images, labels):
    loss = F.cross_entropy(net(mm.Tensor(images)), labels) * len(labels)
    loss.backward()
    optimizer.step()
    return loss.item() / len(labels)


@solution("train_step", "right, logits normalised before")
def step_normalised_logits(net, optimizer, images, labels):
    logs = F.log_softmax(net(mm.Tensor(images)))
    loss = F.cross_entropy(logs, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.data)


# confusion


@solution(
    "confusion",
    "and between arrays",
    "the two comparisons are joined with `and`, which has no truth value for an array of several entries: a ValueError",
)
def confusion_and(labels, predictions, classes):
    matrix = np.zeros((classes, classes), int)
    for i in range(classes):
        for j in range(classes):
            matrix[i, j] = np.sum((labels == i) and (predictions == j))
    return matrix


@solution(
    "confusion",
    "all that histogram2d returns",
    "np.histogram2d returns the counts and the edges of its bins, and all three are returned",
)
def confusion_histogram_tuple(labels, predictions, classes):
    return np.histogram2d(labels, predictions, bins=classes, range=[[0, classes], [0, classes]])


@solution(
    "confusion",
    "counts of the pairs that occur",
    "the counts that np.unique returns are reshaped to the matrix, but pairs that do not occur are missing among them",
)
def confusion_unique(labels, predictions, classes):
    _, counts = np.unique(labels * classes + predictions, return_counts=True)
    return counts.reshape(classes, classes)


@solution("confusion", "return in the loop", "the return is indented into the loop: only the first image is counted")
def confusion_first_image(labels, predictions, classes):
    matrix = np.zeros((classes, classes), dtype=np.int64)
    for label, prediction in zip(labels, predictions, strict=True):
        matrix[label, prediction] += 1
        return matrix
    return matrix


@solution(
    "confusion",
    "images by images",
    "the wrong factor of the one-hot product is transposed: the result is (N, N), whether the label of one"
    " image is the prediction of another, and not counts",
)
def confusion_images(labels, predictions, classes):
    true = np.eye(classes, dtype=int)[labels]
    taken = np.eye(classes, dtype=int)[predictions]
    return true @ taken.T


@solution("confusion", "right, tables of comparisons")
def confusion_tables(labels, predictions, classes):
    rows = np.equal.outer(np.arange(classes), labels)
    columns = np.equal.outer(predictions, np.arange(classes))
    return (rows.astype(float) @ columns).tolist()


# difference


@solution(
    "difference",
    "root of n",
    "the variances are divided by the root of the number of runs, and not by the number itself",
)
def difference_root_n(a, b):
    s_a, s_b = a.std(ddof=1), b.std(ddof=1)
    return a.mean() - b.mean(), np.sqrt(s_a**2 / np.sqrt(len(a)) + s_b**2 / np.sqrt(len(b)))


@solution(
    "difference",
    "correction upside down",
    "the variances over n are multiplied by (n - 1) / n, where n / (n - 1) makes variances over n - 1 of them",
)
def difference_upside_down(a, b):
    def squared_error(runs):
        n = len(runs)
        return np.var(runs) * (n - 1) / n / n

    return np.mean(a) - np.mean(b), np.sqrt(squared_error(a) + squared_error(b))


@solution(
    "difference",
    "distances to an unfinished mean",
    "the squared distances are taken in the loop that adds up the mean, so they are distances to the mean of the runs so far",
)
def difference_unfinished(a, b):
    means, errors = [], []
    for runs in (a, b):
        total = squares = 0.0
        for count, value in enumerate(runs, 1):
            total += value
            squares += (value - total / count) ** 2
        means.append(total / len(runs))
        errors.append(squares / (len(runs) - 1) / len(runs))
    return means[0] - means[1], np.sqrt(sum(errors))


@solution(
    "difference",
    "error of each mean",
    "the standard errors of both means are returned, as a pair, and not the one error of their difference",
)
def difference_each(a, b):
    errors = a.std(ddof=1) / np.sqrt(len(a)), b.std(ddof=1) / np.sqrt(len(b))
    return a.mean() - b.mean(), errors


@solution(
    "difference",
    "larger of both errors",
    "the error is the larger one of the two means' standard errors, where the root of the sum of their squares is wanted",
)
def difference_larger(a, b):
    errors = [np.std(runs, ddof=1) / np.sqrt(runs.size) for runs in (a, b)]
    return np.mean(a) - np.mean(b), max(errors)


@solution("difference", "right, centring matrices")
def difference_centring(a, b):
    def squared_error(runs):
        n = len(runs)
        return runs @ (np.eye(n) - 1 / n) @ runs / (n * (n - 1))

    return np.array([sum(a) / len(a) - sum(b) / len(b), (squared_error(a) + squared_error(b)) ** 0.5])


# log_softmax


@solution(
    "log_softmax",
    "Python's max",
    "the built-in max is called with the whole table and compares its rows: a ValueError, and for one image the row itself is"
    " subtracted, so that all its logits become 0",
)
def logsm_python_max(logits):
    shifted = logits - max(logits)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@solution(
    "log_softmax",
    "the middle subtracted",
    "half of the largest plus the smallest logit is subtracted, not the largest: where they lie far apart, exp still overflows",
)
def logsm_middle(logits):
    middle = logits.max(axis=1, keepdims=True) / 2 + logits.min(axis=1, keepdims=True) / 2
    with np.errstate(over="ignore"):
        shifted = logits - middle
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@solution(
    "log_softmax",
    "one long row",
    "the list is extended by each image's logarithms: the result has the shape (images * classes,)",
)
def logsm_long_row(logits):
    out = []
    for row in logits:
        shifted = row - row.max()
        out.extend(shifted - np.log(np.exp(shifted).sum()))
    return np.array(out)


@solution(
    "log_softmax",
    "in single precision",
    "the logits are turned into float32, which overflows for logits beyond 3e38 and keeps seven digits only",
)
def logsm_single(logits):
    with np.errstate(over="ignore", invalid="ignore"):
        logits = logits.astype(np.float32)
        shifted = logits - logits.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@solution(
    "log_softmax",
    "probabilities of 1e-12 at least",
    "probabilities are computed and raised to 1e-12 at least before the logarithm: no result is below -27.6",
)
def logsm_least(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return np.log(np.maximum(probabilities, 1e-12))


@solution("log_softmax", "right, normalised twice")
def logsm_twice(logits):
    logits = logits - np.maximum.reduce(logits, axis=1)[:, np.newaxis]
    for _ in range(2):
        logits = (logits.T - np.log(np.exp(logits.T).sum(axis=0))).T
    return logits

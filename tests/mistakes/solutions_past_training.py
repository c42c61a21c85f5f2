"""Held-out solutions, wrong and right: train_step, block_macs."""

from collections import Counter

import numpy as np
from corpus import collected

import minimix as mm
import minimix.functional as F

SOLUTIONS, solution = collected()


# train_step


@solution(
    "train_step",
    "backward without parentheses",
    "loss.backward is not called, its parentheses are missing: there are no gradients, and the weights do not move",
)
def backward_not_called(net, optimizer, images, labels):
    optimizer.zero_grad()
    logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, labels)
    loss.backward  # noqa: B018
    optimizer.step()
    return loss.item()


@solution(
    "train_step", "labels before logits", "the arguments of cross_entropy are exchanged (labels, logits), which it refuses"
)
def labels_before_logits(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(labels, net(mm.Tensor(images)))
    loss.backward()
    optimizer.step()
    return loss.item()


@solution(
    "train_step",
    "item too early",
    "the loss is made a float (.item()) before its backward pass: a float has no backward, an AttributeError",
)
def item_too_early(net, optimizer, images, labels):
    loss = F.cross_entropy(net(mm.Tensor(images)), labels).item()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


@solution("train_step", "item without parentheses", "the method loss.item is returned instead of the number that it returns")
def item_not_called(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item


@solution(
    "train_step",
    "backward of the logits",
    "backward is called on the logits instead of on the loss, which is refused: they are more than one number",
)
def backward_of_logits(net, optimizer, images, labels):
    optimizer.zero_grad()
    logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, labels)
    logits.backward()
    optimizer.step()
    return float(loss.data)


@solution(
    "train_step",
    "a step for each parameter",
    "optimizer.step() stands in a loop over the parameters: with one gradient there are as many steps as parameters",
)
def step_for_each_parameter(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    for _ in net.parameters():
        optimizer.step()
    return loss.item()


@solution(
    "train_step",
    "rate falls",
    "the learning rate is lowered by a tenth after each step: from the second step on the steps are too small",
)
def rate_falls(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    for group in optimizer.param_groups:
        group["lr"] *= 0.9
    return loss.item()


@solution(
    "train_step",
    "cleared after the step, a Tensor",
    "two mistakes: the gradients are cleared only after the step, so that those from before the first call count, and the "
    "loss is returned as a Tensor",
)
def cleared_after_a_tensor(net, optimizer, images, labels):
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss


@solution("train_step", "right, gradient of the logits by hand")
def gradient_by_hand(net, optimizer, images, labels):
    logits = net(mm.Tensor(images))
    z = logits.data.astype(np.float64)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    gradient = np.exp(log_p)
    gradient[rows, labels] -= 1
    optimizer.zero_grad()
    logits.backward((gradient / len(labels)).astype(logits.data.dtype))
    optimizer.step()
    return -float(log_p[rows, labels].mean())


class Step:
    """A step of training as an object that is called."""

    def __init__(self, loss=F.cross_entropy):
        self.loss = loss

    def __call__(self, net, optimizer, images, labels):
        value = self.loss(net(mm.Tensor(images)), labels)
        for action in (optimizer.zero_grad, value.backward, optimizer.step):
            action()
        return value.item()


solution("train_step", "right, an object that is called")(Step())


# block_macs


def rounded_up(size, stride):
    return -(-size // stride)


@solution(
    "block_macs",
    "stride twice",
    "height and width are divided by the stride before the depthwise part and once more before the projection",
)
def stride_twice(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner = channels * expansion
    cost = {"expand": height * width * channels * inner if expansion != 1 else 0}
    height, width = rounded_up(height, stride), rounded_up(width, stride)
    cost["depthwise"] = sum(height * width * c * k**2 for c, k in zip(mm.partition(inner, len(kernels)), kernels, strict=True))
    cost["se"] = 2 * inner * max(int(channels * se_ratio), 1) if se_ratio else 0
    height, width = rounded_up(height, stride), rounded_up(width, stride)
    cost["project"] = height * width * inner * out_channels
    return cost


@solution(
    "block_macs",
    "expands the output's channels",
    "the channels inside are taken as out_channels * expansion instead of channels * expansion",
)
def expands_outputs(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inside = out_channels * expansion
    oh, ow = (height + stride - 1) // stride, (width + stride - 1) // stride
    shares = mm.partition(inside, len(kernels), "equal")
    hidden = max(1, int(channels * se_ratio)) if se_ratio > 0 else 0
    return {
        "expand": 0 if expansion == 1 else height * width * channels * inside,
        "depthwise": oh * ow * sum(share * kernel * kernel for share, kernel in zip(shares, kernels, strict=True)),
        "se": hidden * inside + inside * hidden,
        "project": oh * ow * inside * out_channels,
    }


@solution(
    "block_macs",
    "square of the sum",
    "the kernel sizes of all groups are added up before they are squared, sum(kernels)**2 for each channel of a share: "
    "right with one kernel only",
)
def square_of_the_sum(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner = channels * expansion
    area = rounded_up(height, stride) * rounded_up(width, stride)
    depthwise = area * (inner // len(kernels)) * sum(kernels) ** 2
    hidden = max(int(channels * se_ratio), 1) * (se_ratio != 0)
    expand = height * width * channels * inner * (expansion != 1)
    return {"expand": expand, "depthwise": depthwise, "se": 2 * hidden * inner, "project": area * inner * out_channels}


@solution(
    "block_macs",
    "keys of the lesson",
    'the third key is "squeeze-and-excite", as in the lesson\'s example, instead of "se"; the numbers are right',
)
def keys_of_the_lesson(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    def macs(rows, columns, outputs, inputs, kernel=1, groups=1):
        return rows * columns * outputs * (inputs // groups) * kernel**2

    inner, hidden = channels * expansion, max(1, int(channels * se_ratio)) if se_ratio else 0
    oh, ow = -(-height // stride), -(-width // stride)
    return {
        "expand": macs(height, width, inner, channels) if expansion > 1 else 0,
        "depthwise": sum(
            macs(oh, ow, part, part, k, groups=part) if part else 0
            for part, k in zip(mm.partition(inner, len(kernels)), kernels, strict=True)
        ),
        "squeeze-and-excite": macs(1, 1, hidden, inner) + macs(1, 1, inner, hidden),
        "project": macs(oh, ow, out_channels, inner),
    }


@solution(
    "block_macs",
    "one more than rounded down",
    "the output's sides are size // stride + 1: one too many where the stride divides the size, also for stride 1",
)
def one_more(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner = channels * expansion
    places = (height // stride + 1) * (width // stride + 1)
    depthwise = 0
    for share, kernel in zip(mm.partition(inner, len(kernels)), kernels, strict=True):
        depthwise += places * share * kernel**2
    se = 0
    if se_ratio != 0:
        se = 2 * inner * max(1, int(channels * se_ratio))
    expand = 0
    if expansion != 1:
        expand = height * width * channels * inner
    return expand, depthwise, se, places * inner * out_channels


@solution(
    "block_macs",
    "pooling counted",
    "the squeeze-and-excite also counts the mean over each channel, one for each of its pixels, and the gate's product: "
    "these are no multiply-adds of its two layers",
)
def pooling_counted(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner, area = channels * expansion, rounded_up(height, stride) * rounded_up(width, stride)
    shares = mm.partition(inner, len(kernels))
    se = area * inner + 2 * inner * max(1, int(channels * se_ratio)) + area * inner if se_ratio else 0
    depthwise = area * np.dot(shares, np.square(kernels))
    expand = 0 if expansion == 1 else height * width * channels * inner
    return {"expand": expand, "depthwise": int(depthwise), "se": se, "project": area * inner * out_channels}


@solution(
    "block_macs",
    "se last, expand without inputs",
    "two mistakes: the tuple has the order expand, depthwise, project, se, and the expansion is counted without the input "
    "channels (each of its outputs as one multiply-add a pixel)",
)
def se_last(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner = channels * expansion
    area = rounded_up(height, stride) * rounded_up(width, stride)
    expand = height * width * inner if expansion != 1 else 0
    depthwise = area * sum(c * k**2 for c, k in zip(mm.partition(inner, len(kernels)), kernels, strict=True))
    project = area * inner * out_channels
    hidden = max(1, int(channels * se_ratio)) if se_ratio else 0
    return expand, depthwise, project, 2 * hidden * inner


@solution("block_macs", "right, a Counter of floats")
def counter_of_floats(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner, places = channels * expansion, float(len(range(0, height, stride)) * len(range(0, width, stride)))
    rest = inner % len(kernels)
    cost = Counter(expand=0, depthwise=0, se=0, project=places * inner * out_channels)
    for number, kernel in enumerate(kernels):
        cost["depthwise"] += places * (inner // len(kernels) + (rest if number == 0 else 0)) * kernel**2
    if expansion != 1:
        cost.update(expand=height * width * channels * inner)
    if se_ratio != 0:
        cost.update(se=(int(channels * se_ratio) or 1) * (inner + inner))
    return cost


@solution("block_macs", "right, rows of a table")
def rows_of_a_table(height, width, channels, expansion, kernels, out_channels, stride, se_ratio):
    inner, (oh, ow) = expansion * channels, (1 + (height - 1) // stride, 1 + (width - 1) // stride)
    groups = mm.partition(inner, len(kernels), kind="equal")
    hidden = max(int(channels * se_ratio), 1) if se_ratio else 0
    table = [
        ("expand", height, width, inner, channels if expansion > 1 else 0, 1),
        *(("depthwise", oh, ow, share, 1, k * k) for share, k in zip(groups, kernels, strict=True)),
        ("se", 1, 1, hidden, inner, 2),
        ("project", oh, ow, out_channels, inner, 1),
    ]
    names = ("expand", "depthwise", "se", "project")
    return [sum(a * b * c * d * e for name, a, b, c, d, e in table if name == wanted) for wanted in names]

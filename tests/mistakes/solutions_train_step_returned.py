"""Solutions of the exercise "one step of training" that take the right step, but return something wrong."""

from corpus import Solution

import minimix as mm
import minimix.functional as F


def loss_after_the_step(net, optimizer, images, labels):
    optimizer.zero_grad()
    F.cross_entropy(net(mm.Tensor(images)), labels).backward()
    optimizer.step()
    return F.cross_entropy(net(mm.Tensor(images)), labels).item()


def returns_a_tensor(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss


def returns_an_array(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.detach().numpy()


def returns_nothing(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    loss.item()


def loss_and_logits(net, optimizer, images, labels):
    optimizer.zero_grad()
    logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    optimizer.step()
    return loss.item(), logits.data


def returns_accuracy(net, optimizer, images, labels):
    optimizer.zero_grad()
    logits = net(mm.Tensor(images))
    F.cross_entropy(logits, labels).backward()
    optimizer.step()
    return float((logits.data.argmax(axis=1) == labels).mean())


def returns_the_sum(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item() * len(labels)


def rounded(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return round(loss.item(), 1)


def whole_number(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return int(loss)


def loss_of_the_call_before(net, optimizer, images, labels, losses=[]):  # noqa: B006
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    return losses[max(len(losses) - 2, 0)]


def mean_of_all_calls(net, optimizer, images, labels, seen=[]):  # noqa: B006
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    seen.append(loss.item())
    return sum(seen) / len(seen)


WRONG = [
    ("loss after the step", loss_after_the_step, "returns the loss after the step, not the one before it"),
    ("returns a Tensor", returns_a_tensor, "returns the loss as a Tensor, not as a float"),
    ("returns an array", returns_an_array, "returns the loss as an array of no axes, not as a float"),
    ("returns nothing", returns_nothing, "computes the loss as a float, but has no return: None"),
    ("loss and logits", loss_and_logits, "returns a tuple (loss, logits), not the loss alone"),
    ("returns accuracy", returns_accuracy, "returns the accuracy, not the loss"),
    ("returns the sum", returns_the_sum, "the step is right, but the returned loss is the sum over the batch, not the mean"),
    ("rounded", rounded, "the returned loss is rounded to one decimal"),
    ("a whole number", whole_number, "the returned loss is cut off to a whole number (int)"),
    ("loss of the call before", loss_of_the_call_before, "from the second call on, returns the loss of the call before"),
    ("mean of all calls", mean_of_all_calls, "returns the mean of the losses of all calls so far, not this batch's"),
]  # fmt: skip
SOLUTIONS = [Solution("train_step", f"train_step: {name}", wrong, truth) for name, wrong, truth in WRONG]

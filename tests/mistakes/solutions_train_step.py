"""Solutions of the exercise "one step of training" that take a wrong step."""

import numpy as np
from corpus import Solution

import minimix as mm
import minimix.functional as F
from minimix import optim


def never_cleared(net, optimizer, images, labels):
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def cleared_before_the_step(net, optimizer, images, labels):
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def cleared_after_the_step(net, optimizer, images, labels):
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def step_before_backward(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    optimizer.step()
    loss.backward()
    return loss.item()


def step_with_the_last_gradient(net, optimizer, images, labels):
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def no_step(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    return loss.item()


def no_backward(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    optimizer.step()
    return float(loss)


def step_without_parentheses(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step  # noqa: B018
    return loss.item()


def zero_grad_without_parentheses(net, optimizer, images, labels):
    optimizer.zero_grad  # noqa: B018
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def gradient_of_the_sum(net, optimizer, images, labels):
    optimizer.zero_grad()
    losses = F.cross_entropy(net(mm.Tensor(images)), labels, reduction="none")
    losses.sum().backward()
    optimizer.step()
    return losses.mean().item()


def sum_in_both(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels, reduction="sum")
    loss.backward()
    optimizer.step()
    return loss.item()


def averaged_twice(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels) / len(images)
    loss.backward()
    optimizer.step()
    return loss.item()


def smoothed_labels(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels, label_smoothing=0.1)
    loss.backward()
    optimizer.step()
    return loss.item()


def two_steps(net, optimizer, images, labels):
    first = None
    for _ in range(2):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(mm.Tensor(images)), labels)
        first = loss.item() if first is None else first
        loss.backward()
        optimizer.step()
    return first


def step_called_twice(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    for p in net.parameters():
        p.data -= optimizer.param_groups[0]["lr"] * p.grad
    optimizer.step()
    return loss.item()


def step_by_hand(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.data -= group["lr"] * p.grad
    return loss.item()


def optimizer_of_its_own(net, optimizer, images, labels):
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def last_image_dropped(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images[:-1])), labels[:-1])
    loss.backward()
    optimizer.step()
    return loss.item()


def evaluation_mode(net, optimizer, images, labels):
    net.eval()
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def softmax_before_the_loss(net, optimizer, images, labels):
    optimizer.zero_grad()
    probabilities = F.softmax(net(mm.Tensor(images)), axis=1)
    loss = F.cross_entropy(probabilities, labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def nll_of_logits(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.nll_loss(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def images_shuffled_without_labels(net, optimizer, images, labels):
    order = np.random.default_rng(0).permutation(len(images))
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images[order])), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def normalises_in_place(net, optimizer, images, labels):
    images -= images.mean()
    images /= images.std()
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def gradient_of_length_one(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    length = np.sqrt(sum((p.grad**2).sum() for p in net.parameters()))
    for p in net.parameters():
        p.grad = p.grad / length
    optimizer.step()
    return loss.item()


def backward_twice(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward(retain_graph=True)
    loss.backward()
    optimizer.step()
    return loss.item()


def climbs(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = -F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return -loss.item()


def squared_error(net, optimizer, images, labels):
    optimizer.zero_grad()
    logits = net(mm.Tensor(images))
    loss = F.mse_loss(logits, np.eye(logits.shape[1], dtype=images.dtype)[labels])
    loss.backward()
    optimizer.step()
    return loss.item()


def biases_never_cleared(net, optimizer, images, labels):
    for p in net.parameters():
        if p.ndim > 1:
            p.grad = None
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def every_second_call(net, optimizer, images, labels, calls=[0]):  # noqa: B006
    calls[0] += 1
    if calls[0] % 2:
        optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    if calls[0] % 2 == 0:
        optimizer.step()
    return loss.item()


def large_losses_skipped(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    if loss.item() < 10:
        loss.backward()
        optimizer.step()
        return loss.item()


def class_zero_ignored(net, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(mm.Tensor(images)), labels, ignore_index=0)
    loss.backward()
    optimizer.step()
    return loss.item()


def detached(net, optimizer, images, labels):
    optimizer.zero_grad()
    with mm.no_grad():
        logits = net(mm.Tensor(images))
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def never_cleared_and_after(net, optimizer, images, labels):
    F.cross_entropy(net(mm.Tensor(images)), labels).backward()
    optimizer.step()
    return F.cross_entropy(net(mm.Tensor(images)), labels).item()


WRONG = [
    ("never cleared", never_cleared, "the gradients are never cleared, so those of all calls add up"),
    ("cleared before the step", cleared_before_the_step,
     "the gradients are cleared between backward and step, so the step changes nothing"),
    ("cleared after the step", cleared_after_the_step,
     "cleared after the step only: gradients that were there before the first call are added to the batch's"),
    ("step before backward", step_before_backward,
     "the step comes before backward, when there are no gradients: nothing changes"),
    ("step with the last gradient", step_with_the_last_gradient,
     "the step comes between forward and backward: the first call changes nothing; later the weights change before backward, "
     "along the gradient of the call before, and backward refuses (RuntimeError)"),
    ("no step", no_step, "optimizer.step() is missing: the weights never change"),
    ("no backward", no_backward, "loss.backward() is missing: there are no gradients, and the weights never change"),
    ("step without parentheses", step_without_parentheses, "optimizer.step is named but not called: the weights never change"),
    ("zero_grad without parentheses", zero_grad_without_parentheses,
     "optimizer.zero_grad is named but not called: gradients add up"),
    ("gradient of the sum", gradient_of_the_sum,
     "the step goes along the gradient of the summed loss, N times the mean's; returned is the mean"),
    ("sum in both", sum_in_both,
     "the loss is the sum over the batch in place of the mean, for the step and for what is returned"),
    ("averaged twice", averaged_twice, "the mean loss is divided by the number of images once more"),
    ("smoothed labels", smoothed_labels, "the labels are smoothed by 0.1, so it is not the plain cross-entropy"),
    ("two steps", two_steps, "takes two steps in place of one"),
    ("a step by hand and another", step_called_twice,
     "the weights are changed by hand, and then by optimizer.step() once more"),
    ("step by hand", step_by_hand,
     "changes the weights by lr * gradient in place of optimizer.step(): momentum, weight decay and every other rule are lost"),
    ("an optimizer of its own", optimizer_of_its_own,
     "makes an SGD with rate 0.1 of its own; the optimizer that was passed in is not used"),
    ("last image dropped", last_image_dropped, "the last image of the batch is left out"),
    ("evaluation mode", evaluation_mode,
     "sets the network to evaluation mode, and leaves it there: batch norm uses its stored statistics, dropout is off"),
    ("softmax before the loss", softmax_before_the_loss, "softmax is applied before cross_entropy, which does it again"),
    ("nll of logits", nll_of_logits, "the loss is minus the right class's logit: log_softmax is missing before nll_loss"),
    ("images shuffled without labels", images_shuffled_without_labels, "the images are shuffled, the labels are not"),
    ("normalises in place", normalises_in_place,
     "normalises the images, which nobody asked for, and changes the array that was passed in"),
    ("gradient of length one", gradient_of_length_one, "the gradient is scaled to length 1 before the step"),
    ("backward twice", backward_twice, "backward runs twice, so the gradient is doubled"),
    ("climbs", climbs, "the gradient has the wrong sign: the step climbs, the loss grows"),
    ("squared error", squared_error, "the loss is the mean squared error of logits and one-hot labels, not cross-entropy"),
    ("biases never cleared", biases_never_cleared,
     "the gradients of parameters with one axis (biases, batch norm) are never cleared"),
    ("every second call", every_second_call, "steps in every second call only, with the gradients of two batches added up"),
    ("large losses skipped", large_losses_skipped, "with a loss of 10 or more there is no step, and None is returned"),
    ("class 0 ignored", class_zero_ignored, "images of class 0 do not count (ignore_index=0)"),
    ("no gradient recorded", detached,
     "the forward pass runs under no_grad, so backward() has no way to the weights and fails"),
    ("never cleared, loss after the step", never_cleared_and_after,
     "two mistakes: the gradients are never cleared, and the loss after the step is returned"),
]  # fmt: skip
SOLUTIONS = [Solution("train_step", f"train_step: {name}", wrong, truth) for name, wrong, truth in WRONG]

"""An exercise on training: a single step of it."""

import itertools
from dataclasses import dataclass
from functools import partial

import numpy as np

import minimix.functional as F
from minimix import nn, optim
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.outcome import Malformed, kind_of
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_numbers
from minimix.course.exercises import wrong_steps as wrong
from minimix.course.exercises.features import Condition, features
from minimix.course.exercises.wrong_steps import make
from minimix.course.ways import calculus
from minimix.tensor import Tensor


class _Normed(nn.Module):
    """A batch norm, whose results depend on whether the network is in training, and a linear layer."""

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.norm, self.linear = nn.BatchNorm2d(features), nn.Linear(features, classes)

    def forward(self, x):
        return self.linear(self.norm(x.reshape(*x.shape, 1, 1)).reshape(*x.shape))


@dataclass(frozen=True)
class Net:
    """A small network, always with the same weights for one ``seed``. normed: with a batch norm in front. left: whether there
    are gradients from before. hidden: widths of hidden layers in front of it."""

    features: int
    classes: int
    seed: int = 0
    normed: bool = False
    left: bool = False
    hidden: tuple[int, ...] = ()

    def made(self) -> nn.Module:
        draws = np.random.default_rng(self.seed)
        widths = (self.features, *self.hidden)
        last = _Normed(widths[-1], self.classes) if self.normed else nn.Linear(widths[-1], self.classes)
        front = [layer for a, b in itertools.pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]
        net = (nn.Sequential(*front, last) if front else last).double()
        for parameter in net.parameters():
            parameter.data = draws.integers(-4, 5, parameter.shape) / 4 + 0.125
            parameter.grad = draws.integers(-4, 5, parameter.shape) / 2 + 0.25 if self.left else None
        return net

    def __repr__(self) -> str:
        widths = (self.features, *self.hidden, self.classes)
        layers = [f"nn.Linear({a}, {b})" for a, b in itertools.pairwise(widths)]
        if self.normed:
            layers.insert(-1, f"nn.BatchNorm2d({widths[-2]})")
        net = " and ".join([", ".join(layers[:-1]), layers[-1]]) if layers[1:] else layers[0]
        return f"{net} with gradients from before" if self.left else net


@dataclass(frozen=True)
class Descent:
    """An optimiser of ``minimix.optim`` by its name, with options."""

    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    kind: str = "SGD"

    def made(self, net):
        options = {"weight_decay": self.weight_decay} | ({"momentum": self.momentum} if self.kind == "SGD" else {})
        return getattr(optim, self.kind)(net.parameters(), self.lr, **options)

    def __repr__(self) -> str:
        more = f", momentum={self.momentum}" if self.momentum else ""
        more += f", weight_decay={self.weight_decay}" if self.weight_decay else ""
        return f"optim.{self.kind}(net.parameters(), {self.lr}{more})"


def _batches(rng):
    for n, features_, classes, lr, momentum, decay, kind, normed, left in [
        (1, 1, 2, 0.5, 0.0, 0.0, "SGD", False, False), (1, 2, 2, 0.5, 0.0, 0.0, "SGD", False, False),
        (2, 1, 2, 0.5, 0.0, 0.0, "SGD", False, False), (2, 2, 2, 0.5, 0.0, 0.0, "SGD", False, False),
        (2, 1, 2, 0.5, 0.0, 0.0, "SGD", False, True), (2, 2, 3, 0.5, 0.0, 0.0, "SGD", False, False),
        (3, 2, 2, 0.25, 0.0, 0.0, "SGD", False, False), (3, 2, 2, 0.5, 0.0, 0.0, "SGD", True, False),
        (3, 2, 3, 0.25, 0.5, 0.0, "SGD", False, False), (4, 2, 2, 0.25, 0.0, 0.0, "SGD", True, True),
        (4, 3, 2, 1.0, 0.0, 0.0, "SGD", False, False), (4, 3, 2, 0.5, 0.0, 0.25, "SGD", False, False),
        (4, 3, 3, 0.5, 0.0, 0.0, "SGD", False, False), (4, 4, 3, 0.5, 0.9, 0.0, "SGD", False, False),
        (5, 3, 4, 0.25, 0.0, 0.0, "SGD", False, True), (5, 3, 3, 0.125, 0.0, 0.0, "Adam", False, False),
        (6, 4, 3, 0.5, 0.5, 0.0, "SGD", True, False), (8, 4, 4, 1.0, 0.0, 0.0, "SGD", False, False),
        (8, 5, 10, 0.5, 0.9, 0.0, "SGD", False, False), (7, 4, 5, 0.25, 0.9, 0.125, "SGD", True, True),
    ]:  # fmt: skip
        yield {
            "net": Net(features_, classes, n, normed, left),
            "optimizer": Descent(lr, momentum, decay, kind),
            "images": rng.integers(1, 9, (n, features_)) * rng.choice([0.25, -0.25], (n, features_)),
            "labels": rng.integers(0, classes, n),
        }
    yield from _wide(rng)


def _wide(rng):
    """Networks of other depths and widths, all optimisers with all options, tiny and huge rates and images, labels of a single
    class; also images and labels that came in order or several times."""
    for number in range(8):
        n = 45 if number == 3 else drawn_numbers.sizes(rng, 40, 1)[0]
        classes = drawn_numbers.sizes(rng, 20, 1, 2)[0] + 9 * (number % 3 == 0)
        hidden = tuple(drawn_numbers.sizes(rng, 9, int(rng.choice([0, 0, 1, 2]))))
        kind = ["SGD", "SGD", "Adam", "SGD", "RMSProp", "SGD", "SGD", "AdamW"][number]
        plain = kind == "SGD"  # the others make rounding errors visible where gradients vanish
        normed = plain and n > 3 and number % 4 == 1 and not hidden
        rate = float(rng.choice([1e-4, 0.01, 0.1, 2.0, 10.0] if plain else [0.01, 0.1]))
        momentum, decay = float(rng.choice([0, 0.5, 0.99]) * plain), float(rng.choice([0.0, 0.0, 0.001, 0.1]))
        width = drawn_numbers.sizes(rng, 12, 1)[0]
        images = rng.normal(size=(n, width)) * (float(rng.choice([0.01, 1, 1, 30])) if plain else 1.0)
        labels = rng.integers(0, classes, n)
        if number % 5 == 0:
            labels = np.sort(labels)
        if number % 7 == 0:
            labels[:] = labels[0]
        if number % 8 == 3:
            images[:] = images[0]
        if number % 9 == 4:
            images *= rng.random(images.shape) < 0.4
        net = Net(width, classes, 100 + number, normed, bool(number % 3 == 0), hidden)
        yield {"net": net, "optimizer": Descent(rate, momentum, decay, kind), "images": images, "labels": labels}


def _otherwise(rng):
    plain = [case for case in _batches(rng) if case["optimizer"].kind == "SGD" and len(case["images"]) > 2]
    manners = ("zeros", "all below 0", "tiny", "whole numbers", *drawn_numbers.IN_MEMORY)
    yield from drawn_numbers.otherwise(plain, "images", manners=manners, times=1)
    yield from drawn_numbers.otherwise(plain, "labels", manners=drawn_numbers.IN_MEMORY, times=1)


def _batches_of(case) -> list:
    """Of many images a third batch, which is smaller, as the last one of an epoch."""
    images, labels = case["images"], case["labels"]
    half = len(images) // 2
    return [(images, labels), (-images, labels[::-1].copy()), (images[:half], labels[:half])][: 2 if len(images) < 6 else 3]


def _stepped(function, case):
    """Call the function batch by batch; return what it returned, and the weights and the state that it left."""
    net = case["net"].made()
    optimizer = case["optimizer"].made(net)
    before = {name: parameter.data.copy() for name, parameter in net.named_parameters()}
    losses = [function(net, optimizer, images, labels) for images, labels in _batches_of(case)]
    after = {name: parameter.data for name, parameter in net.named_parameters()}
    still = all(np.array_equal(before[name], after[name]) for name in before)
    if still and all(loss in (None, ...) for loss in losses if not isinstance(loss, np.ndarray)):
        return None
    for loss in losses:
        if loss is None:
            raise Malformed("None, though the weights have moved; expected the loss, a float")
        if not isinstance(loss, (float, int, np.floating)):
            how = ": loss.item() is one" if isinstance(loss, (Tensor, np.ndarray)) else ""
            raise Malformed(f"{kind_of(loss)}; expected the loss, a float{how}")
    found = {"loss": np.array(losses, float), **after}
    if case["net"].normed:
        found |= {name: np.array(buffer) for name, buffer in net.named_buffers() if "running" in name}
    return found | {"in training": np.array(float(net.training))}


TRAIN_STEP = Exercise(
    "train_step",
    wrong.built(),
    _batches,
    call=_stepped,
    mistakes=(
        make("gradients of the last step kept", "Backward adds to what is in .grad already, so each step goes on with "
              "the gradients of all steps before it. optimizer.zero_grad() takes them away.", clear="never"),
        make("gradients cleared after the step only", "The gradients are cleared behind the step. What was in .grad "
              "before the first call is added to the first step: clear it before backward.", clear="after"),
        Mistake("step before backward", "The optimiser takes its step before loss.backward(): it uses the gradients of the "
                "last batch, and the first time there are none.", wrong.stale),
        make("no gradient when the step is taken", "The weights never move. Is backward or step missing, or named but not "
             "called, does the step come before backward, or does zero_grad() stand between them?", clear="late"),
        Mistake("step without backward, gradients never cleared", "Backward is missing, so that the step goes on with "
                "what was in .grad before.", wrong.built(clear="never", backward=0)),
        Mistake("gradients of some parameters kept: vectors",
                "The gradients of parameters with one axis, as biases, are never cleared.",
                wrong.not_all_cleared(lambda parameter: len(parameter.shape) == 1)),
        Mistake("gradients of some parameters kept: matrices", "The gradients of parameters with two axes are never cleared.",
                wrong.not_all_cleared(lambda parameter: len(parameter.shape) > 1)),
        make("sum instead of mean", "The loss is added up over the batch instead of averaged, so that the step grows "
              "with the number of images.", entropy=lambda logits, labels: F.cross_entropy(logits, labels, reduction="sum")),
        make("step with the sum, mean returned", "The step goes along the gradient of the sum over the batch. It is to "
              "be that of the mean, which is returned.", entropy=lambda logits, labels: F.cross_entropy(logits, labels,
              reduction="sum"),
              told=lambda net, logits, loss, images, labels: loss.item() / len(labels)),
        make("sum returned", "The weights are right. What is returned is the sum over the batch, not the mean.",
              told=lambda net, logits, loss, images, labels: loss.item() * len(labels)),
        make("loss divided by the number of images again",
        "The loss is divided by the number of images, though it is a mean already.",
              entropy=lambda logits, labels: wrong.entropy(logits, labels) / len(labels)),
        make("returned loss divided by the number of images", "The weights are right. The returned loss is divided by "
              "the number of images, though it is a mean already.", told=lambda net, logits, loss, images,
              labels: loss.item() / len(labels)),
        make("loss divided by the number of classes",
        "The loss is divided by the number of classes: a mean over all logits?",
              entropy=lambda logits, labels: wrong.entropy(logits, labels) / logits.shape[1]),
        make("softmax before cross_entropy", "F.cross_entropy takes logits and does the softmax itself. Here it gets "
              "probabilities, and does a second softmax.", entropy=lambda logits, labels: wrong.entropy(F.softmax(logits,
              axis=1),
              labels)),
        make("sigmoid before cross_entropy", "F.cross_entropy takes logits. Here it gets sigmoids of them.",
              entropy=lambda logits, labels: wrong.entropy(F.sigmoid(logits), labels)),
        make("relu before cross_entropy", "F.cross_entropy takes logits. Here those below 0 are cut off.",
              entropy=lambda logits, labels: wrong.entropy(F.relu(logits), labels)),
        make("softmax over the batch",
        "Before cross_entropy a softmax is taken over the images. It takes logits as they are.",
              entropy=lambda logits, labels: wrong.entropy(F.softmax(logits, axis=0), labels)),
        make("minus the right class's logit",
        "The loss is minus the logit of the right class: log_softmax is missing before nll_loss.",
              entropy=wrong.picked),
        make("minus the right class's probability",
        "The loss is minus the probability of the right class: its logarithm is missing.",
              entropy=wrong.probability),
        make("squared error", "The loss is the mean squared error of logits and one-hot labels. " + wrong.PLAIN,
        entropy=wrong.squared),
        make("squared error, summed over the classes",
        "The loss is the squared error of logits and one-hot labels. " + wrong.PLAIN,
              entropy=wrong.squared_sum),
        make("squared error of probabilities",
        "The loss is the mean squared error of probabilities and one-hot labels. " + wrong.PLAIN,
              entropy=lambda logits, labels: wrong.squared(F.softmax(logits, axis=1), labels)),
        make("label smoothing", "The loss has label smoothing in it. " + wrong.PLAIN,
              entropy=lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=0.1)),
        make("loss after the step", "The weights are right, but the loss was computed once more after they had moved. "
              "Return that of the first pass.", told=wrong.loss_again),
        make("accuracy instead of loss",
        "The weights are right. What is returned is the share of images that were classified rightly.",
              told=wrong.accuracy),
        make("errors instead of loss",
        "The weights are right. What is returned is the share of images that were classified wrongly.",
              told=lambda *given: 1 - wrong.accuracy(*given)),
        make("number of right images instead of loss", "The weights are right. What is returned is the number of images "
              "that were classified rightly.", told=lambda net, logits, loss, images, labels: wrong.accuracy(net, logits, loss,
              images,
              labels) * len(labels)),
        make("0 instead of loss", "The weights are right. What is returned is 0 always.", told=lambda *given: 0.0),
        make("loss with another sign", "The returned loss has the wrong sign.", told=lambda net, logits, loss, images,
        labels: -loss.item()),
        make("exp of the loss", "What is returned is exp(loss), a perplexity.",
              told=lambda net, logits, loss, images, labels: float(np.exp(loss.item()))),
        *(
            make(f"loss rounded to {digits} digits", "The returned loss is rounded.",
                  told=lambda net, logits, loss, images, labels, digits=digits: round(loss.item(), digits))
            for digits in (0, 1, 2, 3)
        ),
        make("loss cut to a whole number", "The returned loss is cut to a whole number.",
              told=lambda net, logits, loss, images, labels: float(int(loss.item()))),
        make("step taken twice", "For one batch, optimizer.step() is called twice.", steps=2),
        make("step taken three times", "For one batch, optimizer.step() is called three times.", steps=3),
        make("backward twice",
        "For one batch, loss.backward() is called twice, and gradients add up: the step is twice as long.",
              gradients=wrong.each(lambda grad: 2 * grad)),
        make("forward and backward twice",
        "For one batch, the whole pass is made twice, and gradients add up: the step is twice as long.",
              backward=2),
        make("two forward passes",
        "The network sees the batch twice: its batch norms take the batch into their statistics twice.",
              again=True),
        Mistake("two whole steps", "For one batch two whole steps are taken, forward, backward and step.", wrong.two_steps),
        Mistake("two whole steps, the first loss returned",
                "For one batch two whole steps are taken, forward, backward and step.",
                lambda *given: (wrong.built()(*given), wrong.built()(*given))[0]),
        make("evaluation mode", "The network is put into evaluation mode, and left there: batch norm takes its stored "
              "statistics, dropout is off. In training neither should be.", mode="eval"),
        make("evaluation mode for the step", "The network is in evaluation mode meanwhile: batch norm takes its stored "
              "statistics, dropout is off. In training neither should be.", mode="eval and back"),
        make("left in evaluation mode",
        "The step is right, but the network is left in evaluation mode: the next step would be another one.",
              told=wrong.then_eval),
        make("uphill", "The weights move against the right direction, so that the loss grows. Is there a minus in front "
        "of the loss?",
              sign=-1.0),
        make("uphill, minus the loss returned", "The weights move against the right direction: there is a minus in front "
              "of the loss, which is returned, too.", sign=-1.0, told=lambda net, logits, loss, images, labels: -loss.item()),
        make("half the loss", "Half of the loss is used in backward.", sign=0.5),
        make("only the first image", "The loss is that of the batch's first image alone.", batch=wrong.first(1)),
        make("last image left out", "The loss is that of all images but the last.", batch=wrong.some_but_last),
        make("first image left out", "The loss is that of all images but the first.", batch=wrong.some_but_first),
        make("half of the batch", "The loss is that of the first half of the batch.", batch=lambda x,
        y: (x[: len(x) // 2],
        y[: len(y) // 2])),
        make("images in reverse order", "The images come in reverse order, the labels do not.", batch=lambda x,
        y: (x[::-1].copy(), y)),
        make("labels sorted", "The labels are sorted, the images are not.", batch=lambda x, y: (x, np.sort(y))),
        make("labels from the network", "The loss takes the network's own answers for labels.",
              entropy=lambda logits, labels: wrong.entropy(logits, logits.data.argmax(axis=1))),
        make("images normalised", "Mean and standard deviation are taken out of the images, which nobody asked for.",
              batch=lambda x, y: ((x - x.mean()) / x.std(), y)),
        make("images centred", "The mean is taken out of the images, which nobody asked for.", batch=lambda x,
        y: (x - x.mean(), y)),
        make("images divided by 255", "The images are divided by 255, which nobody asked for.", batch=lambda x,
        y: (x / 255,
        y)),
        make("gradient of length one", "The gradient is scaled to length 1 before the step.", gradients=wrong.length_one),
        make("gradient clipped to length one", "Gradients longer than 1 are scaled to length 1 before the step.",
        gradients=wrong.clipped),
        make("only the gradient's sign", "Of the gradient only the signs are used.", gradients=wrong.each(np.sign)),
        make("step by hand", "The weights are changed by lr * gradient, by hand. Momentum, weight decay and all other "
              "rules of the optimiser are lost: optimizer.step().", stepper=wrong.by_hand),
        make("step by hand, and another", "The weights are changed by hand, and then by optimizer.step() once more.",
              stepper=wrong.by_hand_and_again),
        *(
            make(f"an optimiser of its own, with rate {lr}", "The step is taken with an SGD of its own; the optimiser "
                  "that was passed in is not used.", stepper=wrong.own(lr=lr))
            for lr in (0.1, 0.01, 0.001, 1.0)
        ),
        *(
            make(f"gradients cut to {most}", f"Each entry of a gradient is cut to {-most} ... {most} before the step. It is to "
                 "be taken as it is.", gradients=wrong.each(partial(np.clip, a_min=-most, a_max=most)))
            for most in (0.01, 0.05, 0.1, 0.5, 1.0)
        ),
        *(
            make(f"weight decay of its own, {share}", f"Each weight, times {share}, is added to its gradient before the step. "
                 "Weight decay is the optimiser's.", gradients=wrong.with_weights(share))
            for share in (0.1, 0.01, 0.001, 0.0001)
        ),
        Mistake("two halves, each with its own mean", "The batch goes through in two halves, whose gradients of the mean are "
                "added up: the step is twice as long, and a batch norm sees each half by itself.", wrong.in_halves),
        Mistake("a copy of the network learns", "Forward and backward pass run in a copy of the network. The optimiser holds "
                "the parameters of the network itself, which get no gradient.", wrong.a_copy),
        make("only the last parameters", "Only the last parameter is changed.", gradients=wrong.without(slice(0, -1))),
        make("only the first parameters", "Only the first parameter is changed.", gradients=wrong.without(slice(1,
        None))),
    ),
    built=wrong.built,
    broad=_otherwise,
    features=features(
        Condition("there is a batch norm", "there is no batch norm", lambda case: case["net"].normed),
        Condition("there are gradients from before", "there are no gradients from before", lambda case: case["net"].left),
        Condition("the optimiser has momentum", "the optimiser has no momentum", lambda case: case["optimizer"].momentum > 0),
        Condition("the optimiser has weight decay", "the optimiser has no weight decay",
        lambda case: case["optimizer"].weight_decay > 0),
        Condition("the optimiser is Adam", "the optimiser is SGD", lambda case: case["optimizer"].kind == "Adam"),
        Condition("there is more than one image", "there is a single image", lambda case: len(case["images"]) > 1),
        Condition("the optimiser is more than plain descent", "the optimiser is plain descent", lambda case:
                  case["optimizer"].momentum > 0 or case["optimizer"].weight_decay > 0 or case["optimizer"].kind == "Adam"),
    ),
    ways=(calculus.train_step_lines,),
)  # fmt: skip  # fmt: skip


def check_train_step(function) -> Report:
    """Check f(net, optimizer, images, labels), one step of training: it returns the batch's mean cross-entropy, a float, and
    leaves the weights one step of ``optimizer`` further.

    net: a module in training mode, where it stays, that takes (N, features) and gives logits (N, classes). optimizer: of any
    kind. images: an array. labels: whole numbers (N,). There may be gradients from before in the parameters; they do not count.
    The loss is that of one forward pass, before the step; any number of NumPy or Python is a float, a Tensor or an array is
    none. The next batch may be another one, and smaller.

    >>> check_train_step(lambda net, optimizer, images, labels: 0.0).passed
    False
    """
    return check(TRAIN_STEP, function)

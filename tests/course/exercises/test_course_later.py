"""What the checks of the later lessons must notice, each for a kind of its own."""

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import course, nn, reference
from minimix.costs import profile


def said(report) -> str:
    return " ".join([report.title, *report.paragraphs])


def test_a_block_is_counted_as_profile_counts_it():
    for case in course.BLOCK_MACS.configurations():
        given = dict(case)
        height, width = given.pop("height"), given.pop("width")
        channels, out_channels = given["channels"], given["out_channels"]
        block = nn.MixBlock(channels, out_channels, given["kernels"], given["stride"], given["expansion"], given["se_ratio"])
        macs = {row.name: row.macs for row in profile(block, (1, channels, height, width)).rows}
        expected = {
            "expand": macs["conv_pw"] if block.expands else 0,
            "depthwise": macs["conv_dw"],
            "se": macs.get("se", 0),
            "project": macs["conv_pwl" if block.expands else "conv_pw"],
        }
        assert course.BLOCK_MACS.solution(*case.values()) == expected


def moves_to_the_end(root):
    """A node that is met again moves to the end, without what it was made of."""
    order = []

    def visit(node):
        if node in order:
            order.remove(node)
            order.append(node)
            return
        order.append(node)
        for other in node.inputs:
            visit(other)

    visit(root)
    root.grad = 1.0
    for node in order:
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            other.grad += slope * node.grad


def test_a_tape_tells_an_order_that_is_nearly_right():
    assert "moves" in said(course.check_backward(moves_to_the_end))


def test_a_walk_that_returns_what_it_found():
    def walk(root):
        course.BACKWARD.solution(root)
        return root

    report = course.check_backward(walk)
    assert report.kind == "type" and "expected nothing" in said(report)


def test_a_return_that_comes_too_early_for_a_given_root():
    def walk(root):
        if not root.inputs:
            return
        course.BACKWARD.solution(root)

    report = course.check_backward(walk)
    assert report.mistake == "nothing for a root that was given" and report.kind == "values"


def step(net, optimizer, images, labels, *, before=lambda net: None, passes=1, told=lambda loss: loss.item()):
    before(net)
    optimizer.zero_grad()
    for _ in range(passes):
        loss = F.cross_entropy(net(mm.Tensor(images)), labels)
    loss.backward()
    optimizer.step()
    return told(loss)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"before": lambda net: net.eval()}, "evaluation mode"),
        ({"passes": 2}, "two forward passes"),
        ({"told": lambda loss: loss}, "a Tensor; expected the loss, a float"),
        ({"told": lambda loss: loss.data}, "expected the loss, a float"),
    ],
)
def test_a_step_of_training_that_leaves_the_same_weights(change, words):
    assert course.check_train_step(lambda *given: step(*given)).passed
    report = course.check_train_step(lambda *given: step(*given, **change))
    assert not report.passed and words in said(report)


def test_steps_in_other_words_pass():
    def with_a_closure(net, optimizer, images, labels):
        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(net(mm.Tensor(images)), labels)
            loss.backward()
            return loss

        return float(optimizer.step(closure).data)

    assert course.check_train_step(with_a_closure).passed
    assert course.check_train_step(lambda net, *given: step(net, *given, before=lambda net: net.train())).passed


def test_counts_that_overflow():
    def counted(labels, predictions, classes):
        counts = np.zeros((classes, classes), np.uint8)
        np.add.at(counts, (labels, predictions), 1)
        return counts

    assert "8 bits" in said(course.check_confusion(counted))


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda z: np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)), "exp of a large logit is infinite"),
        (lambda z: z - np.log(np.exp(z).sum(axis=1, keepdims=True)), "still infinite"),
        (lambda z: z - z[:, :1] - np.log(np.exp(z - z[:, :1]).sum(axis=1, keepdims=True)), "first class"),
    ],
)
def test_an_overflow_is_called_so(wrong, words):
    report = course.check_log_softmax(wrong)
    assert report.mistake and words in said(report)


def test_two_mistakes_in_two_results():
    def both(gradient, x, weights):
        to_x = reference.mixconv2d_input_grad(gradient, x, [w[..., ::-1, ::-1] for w in weights])
        return to_x, [w / len(x) for w in reference.mixconv2d_weight_grad(gradient, x, weights)]

    text = said(course.check_mixconv2d_backward(both))
    assert "kernel the wrong way round" in text and "averaged over the batch" in text


@pytest.mark.parametrize("name", ["embed", "mixconv2d", "depthwise_weight_grad"])
def test_three_digits_are_too_few(name):
    exercise = getattr(course, name.upper())
    assert not course.check(exercise, lambda *given: exercise.solution(*given).astype(np.float16)).passed
    assert course.check(exercise, lambda *given: exercise.solution(*given).astype(np.float32)).passed

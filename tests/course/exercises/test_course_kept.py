"""Solutions that keep something between calls, or are wrong for numbers and arrays that are rare: none is accepted."""

import numpy as np
import pytest

import minimix.functional as F
from minimix import Tensor, course, reference

RIGHT = {exercise.name: exercise.solution for exercise in course.EXERCISES}


def conv2d(x, weight, stride, padding):
    return reference.conv2d(x, weight, None, stride, padding)


def kept_under(key, function):
    """Results are kept under key(*arguments)."""
    kept = {}

    def f(*given):
        found = key(*given)
        if found not in kept:
            kept[found] = function(*given)
        return kept[found]

    return f


def previous(function):
    """Takes the array of the call before, if that had the same shape."""
    last = []

    def f(array, *others):
        last.append(array)
        before = last[-2:][0]
        return function(before if before.shape == array.shape else array, *others)

    return f


KEPT = [
    ("conv2d", kept_under(lambda x, w, s, p: (x.shape, w.shape, s, p), conv2d)),
    ("conv2d", kept_under(lambda x, w, s, p: (id(x), id(w), s, p), conv2d)),
    ("conv2d", kept_under(lambda x, w, s, p: (str(x), str(w), s, p), conv2d)),  # of large arrays str shows the corners
    ("conv2d", kept_under(lambda x, w, s, p: (x.tobytes(), w.tobytes(), x.shape, w.shape, p), conv2d)),
    ("windows", kept_under(lambda x, k, s: (x.tobytes(), x.shape, s), RIGHT["windows"])),
    ("difference", kept_under(lambda a, b: (len(a), len(b), a.sum(), b.sum()), lambda a, b: RIGHT["difference"](a, b))),
    ("log_softmax", kept_under(lambda z: (z.shape, *np.sort(z.ravel())), RIGHT["log_softmax"])),
    ("block_macs", kept_under(lambda *given: given[:-1], RIGHT["block_macs"])),
    ("separable_macs", kept_under(lambda *given: given[:-1], RIGHT["separable_macs"])),
    ("tap_offsets", kept_under(lambda *given: given[1:], RIGHT["tap_offsets"])),
    ("batch_norm_backward", kept_under(lambda g, x, w, eps: (g.tobytes(), x.tobytes(), g.shape), RIGHT["batch_norm_backward"])),
    ("depthwise_input_grad", kept_under(lambda g, w, *more: (g.tobytes(), w.tobytes(), *more[1:]),
                                        RIGHT["depthwise_input_grad"])),
    ("unbroadcast", previous(RIGHT["unbroadcast"])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "function"), KEPT)
def test_what_is_kept_between_calls_comes_to_light(name, function):
    report = getattr(course, f"check_{name}")(function)
    assert report.kind == "state" and "keep something between calls" in " ".join(report.paragraphs)


def test_tapes_that_were_walked_stay_as_they_are():
    def kept(root, order=[]):  # noqa: B006
        def visit(node):
            if node not in order:
                for other in node.inputs:
                    visit(other)
                order.append(node)

        visit(root)
        root.grad = 1.0
        for node in order[::-1]:
            for other, slope in zip(node.inputs, node.slopes, strict=True):
                other.grad += slope * node.grad

    report = course.check_backward(kept)
    assert report.kind == "state" and "a later call with other input changed it" in report.paragraphs[0]


def test_marks_of_an_earlier_walk():
    def marked(root):
        order = []

        def visit(node):
            if not hasattr(node, "done"):
                node.done = True
                for other in node.inputs:
                    visit(other)
                order.append(node)

        visit(root)
        root.grad = 1.0
        for node in order[::-1]:
            for other, slope in zip(node.inputs, node.slopes, strict=True):
                other.grad += slope * node.grad

    assert course.check_backward(marked).mistake == "marks of an earlier walk stay"


def test_a_step_that_keeps_its_first_batch():
    def step(net, optimizer, images, labels):
        if not hasattr(net, "kept"):
            object.__setattr__(net, "kept", images.copy())
        optimizer.zero_grad()
        loss = F.cross_entropy(net(Tensor(net.kept[: len(images)])), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    assert not course.check_train_step(step).passed


def off_if(true, name, argument=0):
    """The right result, but not if true(argument)."""

    def f(*given):
        result = RIGHT[name](*given)
        return result * 1.01 + 0.01 if true(given[argument]) else result

    return f


RARE = {
    "zeros": lambda a: not a.any(),
    "all the same": lambda a: a.size > 1 and np.ptp(a) == 0,
    "all below 0": lambda a: a.size > 1 and (a < 0).all(),
    "tiny": lambda a: 0 < np.abs(a).max(initial=0) < 1e-3,
    "huge": lambda a: np.abs(a).max(initial=0) > 1e6,
    "read-only": lambda a: not a.flags.writeable,
    "repeated in memory": lambda a: 0 in a.strides and a.size > 1,
    "with gaps": lambda a: a.size > 1 and a.copy("K").strides != a.strides,
    "as long along all axes": lambda a: a.shape in ((2,) * 4, (3,) * 4, (4,) * 4),
}


@pytest.mark.parametrize("kind", RARE)
@pytest.mark.parametrize("name", ["windows", "depthwise_conv2d"])
def test_rare_arrays_are_tried(name, kind):
    assert any(RARE[kind](case["x"]) for case in next(e for e in course.EXERCISES if e.name == name).configurations())


@pytest.mark.parametrize("kind", ["all below 0", "read-only", "with gaps"])
def test_what_is_wrong_for_rare_arrays_is_not_accepted(kind):
    assert not course.check_windows(off_if(RARE[kind], "windows")).passed


def test_many_classes_and_large_counts():
    def narrow(labels, predictions, classes):
        counts = np.zeros((classes, classes), np.uint16)
        np.add.at(counts, (labels, predictions), 1)
        return counts

    def few(labels, predictions, classes):
        return RIGHT["confusion"](np.minimum(labels, 700), np.minimum(predictions, 700), classes)

    assert not course.check_confusion(narrow).passed and not course.check_confusion(few).passed


def test_containers_are_those_of_the_statement():
    def macs(*given):
        return RIGHT["block_macs"](*given)

    assert course.check_block_macs(lambda *given: tuple(macs(*given).values())).passed
    more = course.check_block_macs(lambda *given: macs(*given) | {"total": sum(macs(*given).values())})
    assert more.kind == "type" and "'total', too" in more.paragraphs[0]
    assert course.check_partition(lambda *given: list(RIGHT["partition"](*given))).passed
    assert not course.check_partition(lambda *given: (n for n in RIGHT["partition"](*given))).passed

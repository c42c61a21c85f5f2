"""The network, what is read from its answers, and the job that trains it."""

import numpy as np
import pytest

import minimix as mm
from minimix.costs import profile
from minimix.detection import Detector, Objects, average_precision, decode, detect, encode, scenes, training, width_for
from minimix.detection.detecting import found_in
from minimix.detection.network import PRIOR, macs
from minimix.detection.scenes import CLASSES
from minimix.nn import MixBlock

JOB = {"seed": 1, "images": 40, "epochs": 1, "kernels": [3, 5], "width": 0.25, "test": 20}


def test_kernels_are_those_of_the_backbone():
    model = Detector((3, 5, 7), 0.5)
    blocks = [module for module in model.modules() if isinstance(module, MixBlock)]
    assert len(blocks) == 7 and all(block.conv_dw.kernel_sizes == ((3, 3), (5, 5), (7, 7)) for block in blocks)
    assert [head.conv_dw.weight.shape[-1] for head in model.heads] == [3, 3]


def test_answers_stand_in_the_order_of_the_anchors():
    """What one map's pixel says is said for the anchors around it."""
    model = Detector(width=0.25).eval()
    head = model.heads[1]
    x = np.zeros((1, head.conv_dw.weight.shape[0], 4, 4), np.float32)
    before = head(mm.Tensor(x)).data
    x[0, :, 2, 1] = 5.0
    changed = np.abs(head(mm.Tensor(x)).data - before).sum(axis=(0, 2)).reshape(4, 4, 3).sum(axis=-1)
    assert (changed > 0)[1:4, 0:3].any() and not changed[0].any() and not changed[:, 3].any()
    middle = model.anchors[192:].reshape(4, 4, 3, 4)[2, 1].mean(axis=0)
    np.testing.assert_allclose((middle[:2] + middle[2:]) / 2, (24, 40))


def test_before_training_nothing_is_thought_to_be_there():
    model = Detector(width=0.5).eval()
    scores = 1 / (1 + np.exp(-model(np.zeros((1, 3, 64, 64), np.float32)).data[..., :-4]))
    assert scores.mean() == pytest.approx(PRIOR, rel=0.2)


@pytest.mark.parametrize("kernels", [(3,), (7,), (3, 5, 7)])
def test_widths_for_equal_multiply_adds(kernels):
    target = macs((3,), 0.6)
    width = width_for(kernels, target)
    assert abs(macs(kernels, width) / target - 1) < 0.015
    assert kernels == (3,) or width < 0.6
    assert macs(kernels, width) == profile(Detector(kernels, width), (1, 3, 64, 64)).macs


def test_perfect_answers_are_found_perfectly():
    """Codes and labels as in training, taken for a network's answers: what there is is found, but for what shares an anchor."""
    _, objects = scenes("test", 60)
    anchors = Detector(width=0.25).anchors
    found = []
    for one in objects:
        labels, codes = training.wanted(one, anchors)
        scores = (labels[:, None] == np.arange(len(CLASSES))) * 0.9
        found.append(found_in(scores, decode(codes, anchors)))
    assert average_precision(objects, found, len(CLASSES)).ap > 0.97


def test_what_training_wants():
    objects = Objects(np.array([[10.0, 10, 24, 24], [40, 40, 62, 60]]), np.array([4, 2]))
    anchors = Detector(width=0.25).anchors
    labels, codes = training.wanted(objects, anchors)
    assert set(labels) == {-1, 2, 4} and not codes[labels < 0].any()
    np.testing.assert_allclose(
        codes[labels == 4], encode(objects.boxes[[0] * (labels == 4).sum()], anchors[labels == 4]), rtol=1e-6
    )


def test_detections_are_sorted_within_the_picture_and_the_network_stays_in_its_mode():
    model = Detector(width=0.25)
    images, _ = scenes("test", 3)
    found = detect(model, images, least=0.0)
    assert model.training and len(found) == 3
    for one in found:
        assert len(one.boxes) <= 100 and (np.diff(one.scores) <= 0).all() and one.boxes.min() >= 0 and one.boxes.max() <= 64
    alone = detect(model, images[1:2], least=0.0)[0]
    np.testing.assert_allclose(alone.scores, found[1].scores, rtol=1e-4)
    with pytest.raises(ValueError, match="takes pictures"):
        model(np.zeros((1, 3, 32, 32), np.float32))
    with pytest.raises(ValueError, match="width"):
        Detector(width=0)


def test_a_job_gives_the_same_numbers_to_the_bit_and_others_for_another_seed():
    first = training.trained(**JOB)
    assert first == training.trained(**JOB)
    assert first["macs"] == macs((3, 5), 0.25) and 0 <= first["accuracy"] <= 100
    begun = [training.begin(seed, 40, 1, (3,), 0.25) for seed in (1, 2)]
    assert (begun[0].batch(0, 0)[0] != begun[1].batch(0, 0)[0]).any()
    assert len(begun[0].validation.images) == 4 and len(begun[0].images) == 36


def test_training_learns():
    """A few scenes, many times: the loss falls far below where it was."""
    begun = training.begin(0, 36, 30, (3,), 0.5)
    batches = (begun.batch(epoch, number) for epoch in range(30) for number in range(begun.steps))
    losses = [training.step(begun, *batch) for batch in batches]
    assert np.mean(losses[-3:]) < 0.5 * np.mean(losses[:3])


def test_a_training_that_diverges_says_so(monkeypatch):
    monkeypatch.setattr(training, "step", lambda *rest: float("nan"))
    with pytest.raises(training.Diverged, match="epoch 1, step 1"):
        training.trained(**JOB)
    with pytest.raises(ValueError, match="images"):
        training.begin(0, 1, 1, (3,), 1.0)

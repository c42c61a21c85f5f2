"""What is timed of minimix. ``benchmarks.versus`` runs it in older revisions, too: nothing here is newer than 830f793."""

import numpy as np

import minimix as mm
import minimix.functional as F
from minimix import models, optim


def own_order(x: np.ndarray) -> np.ndarray:
    """x (N, C, H, W) in the order in which minimix keeps activations in memory, (C, H, W, N): a copy of the same shape."""
    return np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)


def pictures(batch: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise (N, 3, H, W), and labels (N,) below 10."""
    images = np.random.default_rng(0).standard_normal((batch, 3, size, size)).astype(np.float32)
    return images, np.arange(batch) % 10


def training_step(name: str, images: np.ndarray, labels: np.ndarray):
    """A function that makes a step: gradients to None, forward, cross-entropy, backward, Nesterov SGD with weight decay."""
    mm.manual_seed(0)
    model = models.create(name)
    optimizer = optim.SGD(optim.decay_groups(model, 5e-4), lr=0.01, momentum=0.9, nesterov=True)
    x = mm.Tensor(own_order(images))

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels, label_smoothing=0.1).backward()
        optimizer.step()

    return step


def prediction(model, picture: np.ndarray):
    """A function that returns the logits of a picture (1, 3, H, W), as an array. model: in evaluation mode."""

    def call():
        with mm.no_grad():
            return model(mm.Tensor(picture)).data

    return call

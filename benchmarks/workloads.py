"""What is timed of minimix. ``benchmarks.versus`` runs it in older revisions, too: nothing here is newer than 830f793."""

import json

import numpy as np

import minimix as mm
import minimix.functional as F
from minimix import models, optim


def own_order(x: np.ndarray) -> np.ndarray:
    """x (N, C, H, W) in the order in which minimix keeps activations in memory, (C, H, W, N): a copy of the same shape."""
    return np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)


def rows_of(name: str) -> str:
    """The table of a MixNet for ``torch_mixnet.create``, as JSON; "" for other networks and for wider MixNets."""
    from minimix.models.mixnet import NETWORKS
    from minimix.models.variations import unroll

    network = NETWORKS.get(name)
    if network is None or (network.width, network.depth, network.padding) != (1, 1, "same"):
        return ""
    fields = {key: getattr(network, key) for key in ("stem", "stem_stride", "head", "dropout", "classes")}
    return json.dumps(fields | {"stages": [[row._asdict() for row in stage] for stage in unroll(network.stages)]})


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

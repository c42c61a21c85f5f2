"""One set of weights for all choices of a search: ``mixnet_nano``'s form with MixConv of 1 to 5 groups in each block.

A MixConv is a depthwise convolution with kernels of the largest size in which many weights are held at zero. So the network has
11x11 kernels everywhere, and a choice is a mask: of each channel's kernel, only the middle is there, of the size that its group
has. Weights are shared between choices as in "Single Path One-Shot" (arXiv 1904.00420): one choice a step, drawn at random.
"""

import contextlib

import numpy as np

from minimix import models
from minimix.data import Batches, Dataset
from minimix.data.draws import Draws
from minimix.nn import BatchNorm2d, MixBlock, Module
from minimix.partition import partition
from minimix.tensor import Tensor, no_grad

GROUPS = (1, 2, 3, 4, 5)  # of a block: kernels 3, 5, ..., as in the paper (sec. 4.1)
LARGEST = 2 * GROUPS[-1] + 1
NETWORK = "mixnet_nano"
BLOCKS = 8
RECALIBRATED = 512  # images, from which a choice gets the statistics of its batch norms
CHOICES = 7  # a number for the draws of this module

Choice = tuple[int, ...]  # groups of each block


def kernels(choice: Choice) -> list[list[int]]:
    """For ``models.create(NETWORK, kernels=...)``.

    >>> kernels((1, 3))
    [[3], [3, 5, 7]]
    """
    return [list(range(3, 2 * groups + 2, 2)) for groups in choice]


def mask(channels: int, groups: int) -> np.ndarray:
    """Which of the weights (channels, 1, 11, 11) are there, as float32 0 and 1: equal partition, small kernels first.

    >>> mask(2, 2).sum(axis=(1, 2, 3))
    array([ 9., 25.], dtype=float32)
    """
    kept, first = np.zeros((channels, 1, LARGEST, LARGEST), np.float32), 0
    for part, size in zip(partition(channels, groups), range(3, 2 * groups + 2, 2), strict=True):
        edge = (LARGEST - size) // 2
        kept[first : first + part, :, edge : LARGEST - edge, edge : LARGEST - edge] = 1
        first += part
    return kept


class Supernet:
    """model: the network with the largest kernels in all blocks."""

    def __init__(self, model: Module):
        self.model = model
        self.weights = [block.conv_dw.weight for block in model.modules() if isinstance(block, MixBlock)]
        self._masks = {
            (groups, len(weight.data)): mask(len(weight.data), groups) for groups in GROUPS for weight in self.weights
        }

    @contextlib.contextmanager
    def chosen(self, choice: Choice):
        """Within it, the network is that of ``choice``; at its end, gradients of weights that were not there are 0."""
        masks = [self._masks[groups, len(weight.data)] for weight, groups in zip(self.weights, choice, strict=True)]
        whole = [weight.data for weight in self.weights]
        for weight, kept in zip(self.weights, masks, strict=True):
            weight.data = weight.data * kept
        try:
            yield
        finally:
            for weight, kept, before in zip(self.weights, masks, whole, strict=True):
                weight.data = before
                if weight.grad is not None:
                    weight.grad = weight.grad * kept

    def network(self, choice: Choice, **options) -> Module:
        """A network of its own, with small kernels where the choice has them, and these weights."""
        model = models.create(NETWORK, kernels=kernels(choice), **options)
        state = self.model.state_dict()
        blocks = {name: block for name, block in model.named_modules() if isinstance(block, MixBlock)}
        for name, block in blocks.items():
            whole, first = state.pop(f"{name}.conv_dw.weight"), 0
            for key, own in block.conv_dw.state_dict().items():
                edge = (LARGEST - own.shape[-1]) // 2
                inside = slice(edge, LARGEST - edge)
                state[f"{name}.conv_dw.{key}"] = whole[first : first + len(own), :, inside, inside]
                first += len(own)
        model.load_state_dict(state)
        return model


def drawn(*key: int) -> Choice:
    """A choice at random, which follows from the numbers.

    >>> drawn(0, 1) == drawn(0, 1), len(drawn(0, 2))
    (True, 8)
    """
    return tuple(int(groups) for groups in Draws(CHOICES, *key).between(GROUPS[0], GROUPS[-1], BLOCKS))


def recalibrate(model: Module, images: Dataset) -> None:
    """Batch norms get the statistics of ``images`` in this very network: those of training are of all choices together.

    The network is in evaluation mode afterwards.
    """
    norms = [module for module in model.modules() if isinstance(module, BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.num_batches_tracked[...], norm.momentum = 0, None  # the mean of all batches that come now
    model.train()
    with no_grad():
        for batch, _ in Batches(images).epoch(0):
            model(Tensor(batch))
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
    model.eval()

"""Everything that moves weights, with PyTorch's interface. Files and classes are sorted by increasing complexity.

groups      which parameters are decayed: kernels yes, biases and batch norm no
schedules   the learning rate as a pure function of the step; a Scheduler that hands it to an optimiser
rules       SGD, RMSProp (TensorFlow's), Adam, AdamW: each is one short update of one array
ema         moving average of the weights, swapped in for evaluation
optimizer   what all rules share: parameter groups, refusals, saving and loading
"""

from minimix.optim.ema import EMA
from minimix.optim.groups import decay_groups
from minimix.optim.optimizer import Optimizer
from minimix.optim.rules import SGD, Adam, AdamW, RMSProp
from minimix.optim.schedules import Scheduler, constant, cosine, one_cycle, staircase_exponential, warmup

__all__ = [
    "EMA",
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSProp",
    "Scheduler",
    "constant",
    "cosine",
    "decay_groups",
    "one_cycle",
    "staircase_exponential",
    "warmup",
]

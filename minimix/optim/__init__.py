"""Everything that moves weights, with PyTorch's interface. Files and classes are sorted by increasing complexity.

groups      which parameters are decayed: kernels yes, biases and batch norm no; and which of them are matrices
depth       learning rates by depth, for networks that were trained before
schedules   the learning rate as a pure function of the step; a Scheduler that hands it to an optimiser
rules       SGD, RMSProp (TensorFlow's), Adam, AdamW: each is one short update of one array
muon        Muon, whose steps are orthogonal matrices; and with SGD for what is no matrix
ema         moving average of the weights, swapped in for evaluation
optimizer   what all rules share: parameter groups, refusals, saving and loading
"""

from minimix.optim.depth import layer_decay_groups
from minimix.optim.ema import EMA
from minimix.optim.groups import decay_groups, muon_groups
from minimix.optim.muon import Muon, MuonWithSGD
from minimix.optim.optimizer import Optimizer
from minimix.optim.rules import SGD, Adam, AdamW, RMSProp
from minimix.optim.schedules import Scheduler, constant, cosine, one_cycle, staircase_exponential, warmup

__all__ = [
    "EMA",
    "SGD",
    "Adam",
    "AdamW",
    "Muon",
    "MuonWithSGD",
    "Optimizer",
    "RMSProp",
    "Scheduler",
    "constant",
    "cosine",
    "decay_groups",
    "layer_decay_groups",
    "muon_groups",
    "one_cycle",
    "staircase_exponential",
    "warmup",
]

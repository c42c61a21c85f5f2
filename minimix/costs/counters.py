"""What other counters would report for the same network: each has its own idea of what an operation is.

The prices were read in the counters' sources, of the versions that are named here, and give the numbers that those print.
"-timm": for timm's networks, whose norms are a class of their own that does its activation, too; counters that go by the class
of a layer do not recognise it. (Nor, in its "tf_" networks, ptflops and thop the strided convolutions: what they print for
those is too small, and not reproduced here.)

onnx-tool and onnx-opcounter count the nodes of an ONNX file, as PyTorch 2.13 writes it (``torch.onnx.export(...,
dynamo=True)``): there batch norms are folded into the convolutions before them, but for those behind a mixed convolution, which
ends in a Concat. onnx-tool also counts the classifier's biases where there are any: those of fresh networks are 0, and not
written. onnx-opcounter takes a size that has a name for 0, and then counts nothing: give it a file for one picture,
``export_onnx(..., batch=1)``.

Two print 0 for what they do not see: fvcore 0.1.5 and torchprofile 0.1.0, for convolutions that were made with PyTorch's
``padding="same"`` or "valid". A MixConv that is written so costs nothing there; with the padding as numbers it is counted.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from minimix.costs.work import COUNTED
from minimix.words import nearest

PRICED = ("mac", *COUNTED)
_ACTIVATIONS = {"relu6": 1, "swish": 1, "softmax": 1}
_POOLS = {"max_pool": 1, "avg_pool": 1, "global_pool": 1}
_DEEPSPEED = {"mac": 2, "bias": 1, "linear_bias": -1, "batch_norm": 2, "relu": 1, "swish": 1, "softmax": 1, **_POOLS}
_DEEPSPEED_RULE = "2 a multiply-add and element of a batch norm, 1 a bias of a convolution, ReLU or swish, input of a pool"
_FLOPTH = {"mac": 1, "bias": 1, "linear_bias": -1, "relu": 1, "relu6": 1, "hard_swish": 1, **_POOLS}
_PTHFLOPS = {
    "mac": 1, "bias": 1, "relu": 2, "add": 2, "mul": 2, "max_pool_taps": 1, "max_pool_out": -1, "avg_pool_taps": 1,
    "global_pool": 1,
}  # fmt: skip


class Counter(NamedTuple):
    """prices: what one of each counts, by the names of ``costs.Work.others`` and "mac"; what has no price counts nothing.

    rule: the same in words. version: of whose source the prices are; others may count otherwise.
    """

    prices: dict[str, int]
    rule: str
    version: str


COUNTERS = {
    "fvcore": Counter(
        {"mac": 1, "batch_norm": 2, "global_pool": 1},
        "1 a multiply-add, 2 an element of a batch norm, global pools by input",
        "fvcore 0.1.5",
    ),
    "ptflops": Counter(
        {"mac": 1, "bias": 1, "batch_norm": 2, "relu": 1, **_ACTIVATIONS, "max_pool": 1, "avg_pool": 1, "global_pool": 1},
        "1 a multiply-add, bias, element of an activation and input of a pool, 2 an element of a batch norm",
        "ptflops 0.7.5",
    ),
    "ptflops-timm": Counter(
        {"mac": 1, "bias": 1, "relu": 2, **_ACTIVATIONS, "max_pool": 2, "avg_pool": 2, "global_pool": 2},
        "no batch norms; ReLUs and pools twice, as layers and as the functions that these call",
        "ptflops 0.7.5",
    ),
    "ptflops-aten": Counter({"mac": 1, "bias": 1}, "1 a multiply-add and bias", "ptflops 0.7.5"),
    "thop": Counter(
        {"mac": 1, "batch_norm": 4, "avg_pool_out": 1, "global_pool": 1, "global_pool_out": 1},
        "1 a multiply-add, 4 an element of a batch norm, global pools by input and output",
        "thop 0.1.1",
    ),
    "thop-timm": Counter(
        {"mac": 1, "avg_pool_out": 1, "global_pool": 1, "global_pool_out": 1},
        "1 a multiply-add, global pools by input and output; no batch norms",
        "thop 0.1.1",
    ),
    "torchinfo": Counter(
        {"mac": 1, "bias": 1, "batch_norm_params": 1},
        "1 a multiply-add and bias; a batch norm's parameters once",
        "torchinfo 1.8",
    ),
    "torchinfo-timm": Counter({"mac": 1, "bias": 1}, "1 a multiply-add and bias; no batch norms", "torchinfo 1.8"),
    "calflops": Counter(_DEEPSPEED, _DEEPSPEED_RULE, "calflops 0.3.2"),
    "deepspeed": Counter(_DEEPSPEED, _DEEPSPEED_RULE, "DeepSpeed 0.19.8"),
    "ultralytics-thop": Counter(
        {"mac": 1, "batch_norm": 4, "avg_pool_taps": 1, "avg_pool_out": 1, "global_pool": 1, "global_pool_out": 1},
        "1 a multiply-add, 4 an element of a batch norm, average pools by input and output; its module is called thop, too",
        "ultralytics-thop 2.2.3",
    ),
    "torchprofile": Counter(
        {"mac": 1, "batch_norm": 1, "avg_pool_out": 1, "global_pool_out": 1, "squeeze_out": 1, "mul": 1},
        "1 a multiply-add, element of a batch norm, output of a mean, element that squeeze-and-excite scales",
        "torchprofile 0.1.0",
    ),
    "flopth": Counter(
        {**_FLOPTH, "batch_norm": 2},
        "1 a multiply-add, bias of a convolution, element of a ReLU, input of a pool, 2 an element of a batch norm",
        "flopth 0.1.6",
    ),
    "flopth-timm": Counter(
        _FLOPTH, "1 a multiply-add, bias of a convolution, element of a ReLU, input of a pool; no batch norms", "flopth 0.1.6"
    ),
    "pthflops": Counter(
        {**_PTHFLOPS, "batch_norm": 2},
        "1 a multiply-add, bias, input of a pool; 2 an element of a batch norm, ReLU (not ReLU6), sum or product",
        "pthflops 0.4.2",
    ),
    "pthflops-timm": Counter(
        _PTHFLOPS,
        "1 a multiply-add, bias, input of a pool; 2 an element of a ReLU (not ReLU6), sum or product; no batch norms",
        "pthflops 0.4.2",
    ),
    "onnx-tool": Counter(
        {
            "mac": 1,
            "batch_norm_kept": 31,
            "relu": 1,
            "relu6": 2,
            "sigmoid": 32,
            "swish": 33,
            "add": 1,
            "mul": 1,
            "squeeze": 1,
            "global_pool": 1,
            "max_pool_taps": 1,
            "avg_pool_taps": 1,
        },
        "1 a multiply-add, ReLU, sum, product and input of a pool, 32 a sigmoid, 33 a swish, 31 an element of a batch norm "
        "behind a mixed convolution",
        "onnx-tool 1.0.1",
    ),
    "onnx-opcounter": Counter(
        {
            "mac": 1,
            "batch_norm_kept": 2,
            "relu": 1,
            "relu6": 1,
            "sigmoid": 1,
            "swish": 2,
            "softmax": 1,
            "add": 1,
            "mul": 1,
            "concat": 1,
            "squeeze_out": 1,
            "global_pool_out": 1,
            "max_pool_out": 1,
            "avg_pool_out": 1,
        },
        "1 a multiply-add and an output of nearly each other node, 2 of a batch norm behind a mixed convolution",
        "onnx_opcounter 0.0.4",
    ),
    "torch": Counter({"mac": 2}, "2 a multiply-add (torch.utils.flop_counter.FlopCounterMode), nothing else", "PyTorch 2.13"),
}


def prices_of(counter: str | Mapping[str, int]) -> Mapping[str, int]:
    """The prices of a counter in ``COUNTERS``, or the user's own.

    Raises ValueError for the name of a counter, or of what is counted, that is not known, and TypeError for what is no price.

    >>> prices_of("torch")
    {'mac': 2}
    >>> prices_of({"mac": 2, "batchnorm": 1})
    Traceback (most recent call last):
        ...
    ValueError: prices: nothing is counted under 'batchnorm': did you mean batch_norm?
    """
    if isinstance(counter, Mapping):
        for name, price in counter.items():
            if name not in PRICED:
                raise ValueError(f"prices: nothing is counted under {name!r}: {_meant(name, PRICED)}")
            if not isinstance(price, (int, float, np.number)) or isinstance(price, bool):
                raise TypeError(f"prices: {name} has the price {price!r}, expected a number")
        return counter
    if counter not in COUNTERS:
        raise ValueError(f"no counter is called {counter!r}: {_meant(counter, COUNTERS)}")
    return COUNTERS[counter].prices


def _meant(name, names) -> str:
    near = nearest(name, names)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"

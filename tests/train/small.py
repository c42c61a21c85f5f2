"""What the tests of training train: also run as a program, to be killed."""

import sys

import minimix.functional as F
from minimix import nn, rng
from minimix.data import patterns10


class Small(nn.Module):
    """Everything with a state: weights, running statistics, dropout."""

    def __init__(self, dropout=0.2, generator=None):
        super().__init__()
        rng.manual_seed(7)
        self.conv = nn.Conv2d(3, 8, 3, stride=4, bias=False)
        self.bn = nn.BatchNorm2d(8, activation="relu")
        self.mix = nn.MixConv2d(8, (3, 5))
        self.dropout = nn.Dropout(dropout, generator)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.dropout(F.global_avg_pool2d(self.mix(self.bn(self.conv(x))))))


def data():
    return patterns10("train", size=80), patterns10("test", size=40)


if __name__ == "__main__":  # python small.py RUNS: the run called "killed", from wherever it is
    from minimix.train import train

    train(
        data=(patterns10("train", size=320), patterns10("test", size=64)), model_options={"width": 0.5, "dropout": 0.2},
        epochs=4, batch_size=32, small_first=0.5, ema=0.9, augment=("flip", "crop", "cutout"), seed=3,
        runs=sys.argv[1], name="killed",
        save_every=0.05, resume=True,
    )  # fmt: skip

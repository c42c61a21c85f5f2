"""Training: a network, a data set, a folder with all that came of it.

config       every choice with its default, checked before any work begins
run          ``train``: from arguments to a ``Result``; the whole of a run on one page
naming       names that a run's folder may have
sources      where images and network come from, and how a run that is resumed finds them again
split        the training images that are kept for judging
starting     first weights out of another run, or a file
freezing     stages that stay as they are
prepare      from a configuration to data, batches, network, optimiser, and a folder
resume       which run to go on with, and whether the arguments agree with it
loop         one step, one epoch
evaluation   loss, accuracy and predictions of a network on a data set
judging      the images for that: a run's own, or others of the same classes
lock         one process at a time trains a run
state        all that must be remembered so that a run goes on to the bit
checkpoint   files of arrays and JSON that are either whole or refused
description  whether what such a file says makes sense
model        a trained network back from its file
metrics      one line an epoch, as CSV and back
figures      curves, confusion matrix, sheet of mistakes
progress     what is printed meanwhile
compiling    which kernels are being compiled
stop         what ends a run early: Ctrl-C, SIGTERM, a callback
diverged     why the loss is not a number any more
limits       how many threads work
"""

from minimix.train.checkpoint import CheckpointError
from minimix.train.config import EPOCHS, Config
from minimix.train.diverged import Diverged
from minimix.train.evaluation import Evaluation, evaluate
from minimix.train.lock import RunLocked
from minimix.train.metrics import Epoch, read_metrics
from minimix.train.model import Trained, load_model
from minimix.train.run import Result, train
from minimix.train.stop import StopTraining

__all__ = [
    "EPOCHS", "CheckpointError", "Config", "Diverged", "Epoch", "Evaluation", "Result", "RunLocked", "StopTraining", "Trained",
    "evaluate", "load_model", "read_metrics", "train",
]  # fmt: skip

# `minimix.train` is the function: `import minimix as mm; mm.train(...)`. This package's names hang on it too, so that
# `mm.train.load_model`, or `import minimix.train.loop as loop`, finds what it is looking for.
vars(train).update({name: value for name, value in list(globals().items()) if not name.startswith("__")})

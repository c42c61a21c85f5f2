"""Training: a network, a data set, a folder with all that came of it.

config      every choice with its default, checked before any work begins
run         ``train``: from arguments to a ``Result``; the whole of a run on one page
prepare     from a configuration to data, batches, network, optimiser, and a folder
resume      which run to go on with, and whether the arguments agree with it
loop        one step, one epoch
evaluation  loss, accuracy and predictions of a network on a data set
state       all that must be remembered so that a run goes on to the bit
checkpoint  files of arrays and JSON that are either whole or refused
model       a trained network back from its file
metrics     one line an epoch, as CSV
figures     curves, confusion matrix, sheet of mistakes
progress    what is printed meanwhile
compiling   which kernels are being compiled
stop        Ctrl-C and SIGTERM end the run after the step
diverged    why the loss is not a number any more
limits      how many threads work
"""

from minimix.train.checkpoint import CheckpointError
from minimix.train.config import EPOCHS, Config
from minimix.train.diverged import Diverged
from minimix.train.evaluation import Evaluation, evaluate
from minimix.train.model import Trained, load_model
from minimix.train.run import Result, train

__all__ = [
    "EPOCHS", "CheckpointError", "Config", "Diverged", "Evaluation", "Result", "Trained", "evaluate", "load_model", "train",
]  # fmt: skip

# `minimix.train` is the function: `import minimix as mm; mm.train(...)`. This package's names hang on it too, so that
# `mm.train.load_model`, or `import minimix.train.loop as loop`, finds what it is looking for.
vars(train).update({name: value for name, value in list(globals().items()) if not name.startswith("__")})

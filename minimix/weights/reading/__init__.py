"""What is in a file of weights, whoever wrote it: ``read``. Nothing here knows of networks.

result         what reading gives, and how it fails; how much memory a file may take
safetensors, npz, hdf5 (Keras), torch_zip, torch_legacy, mindspore    the formats
zipped         archives                    unpickler, tensors    what PyTorch's pickles consist of
given          arrays in memory, as of a file
state_dict     the weights in a checkpoint         names     what wrappers put into theirs      training_options
others        files that are not read, and what to do instead
"""

from minimix.weights.reading.file import read, read_given
from minimix.weights.reading.result import Read, ReadError, SeveralError

__all__ = ["Read", "ReadError", "SeveralError", "read", "read_given"]

"""Files whose name ends in the beginning of their checksum, as those of torchvision do: mobilenet_v2-b0353104.pth.

PyTorch's old layout has no checksums of its own, so that a number that has changed is not seen otherwise.
"""

import hashlib
import re
from pathlib import Path

from minimix.weights.reading.result import ReadError

_NAME = re.compile(r"[-_](?=\d*[a-f])([0-9a-f]{8,64})\.")  # digits alone may be a date
_KINDS = ("sha256", "sha1", "md5")  # the first is torchvision's and OpenMMLab's, the second pytorchcv's


def check(content: bytes, path: Path) -> None:
    """Raises ReadError where the name of ``path`` has such an end, and it is not that of the content.

    >>> check(b"weights", Path("net-9a129038.pth"))  # so begins its SHA-256
    >>> check(b"weights", Path("net-20201021.pth"))
    """
    said = _NAME.search(path.name.lower())
    if said is None:
        return
    begins = [hashlib.new(kind, content, usedforsecurity=False).hexdigest()[: len(said[1])] for kind in _KINDS]
    if said[1] not in begins:
        raise ReadError(
            f"is not what its name says: checksum {said[1]}, but here SHA-256 begins with {begins[0]}. Damaged? Get it again; "
            "if it was changed on purpose, give it another name"
        )

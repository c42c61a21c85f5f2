"""How files of arrays know that they are whole: a JSON object that lists all arrays with their checksums, behind its own."""

import hashlib
import json

from minimix.words import some


def sealed(content: dict) -> str:
    """The object as text, behind its checksum.

    >>> unsealed(sealed({"epoch": 2}))
    {'epoch': 2}
    """
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return f"{checksum(text.encode())} {text}"


def unsealed(text: str) -> dict:
    """The object back. Raises ValueError, with what is wrong with it, for whatever ``sealed`` has not made."""
    given, _, text = text.partition(" ")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its description cannot be read ({error or type(error).__name__})") from error
    if not isinstance(content, dict):
        raise ValueError(f"its description cannot be read (a JSON object was expected, not {type(content).__name__})")
    if given != checksum(text.encode()):
        raise ValueError("its description was altered")
    return content


def listed(arrays: dict) -> dict:
    """{name: [dtype, shape, checksum]}."""
    return {name: [array.dtype.str, list(array.shape), checksum(array.tobytes())] for name, array in arrays.items()}


def differences(listed_before, arrays: dict) -> str:
    """What is not as it was listed, in words; "" where all is.

    >>> import numpy as np
    >>> differences(listed({"w": np.zeros(3), "b": np.zeros(2)}), {"w": np.ones(3)})
    'b is missing, w was altered'
    """
    if not isinstance(listed_before, dict):
        return "it has no list of its arrays"
    found = listed(arrays)
    wrong = [f"{name} is missing" for name in listed_before if name not in found]
    wrong += [f"{name} does not belong" for name in found if name not in listed_before]
    wrong += [f"{name} was altered" for name in listed_before if name in found and listed_before[name] != found[name]]
    return some(wrong)


def checksum(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()

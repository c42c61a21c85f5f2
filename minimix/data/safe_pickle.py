"""Read the pickles of CIFAR's Python version without being able to run anything (see ``minimix.pickled.machine``)."""

from minimix.data.dataset import DataError
from minimix.pickled import arrays, machine


def loads(data: bytes, source) -> dict:
    """The dict that is pickled in ``data``, its values plain: numbers, strings, bytes, lists, dicts, ndarrays.

    Strings of Python 2 come as bytes. ``source`` is the file that errors name. Raises DataError for anything that is not a
    whole pickle of a dict, or asks for more than that.
    """
    try:
        result = machine.run(data, arrays.TABLE)
    except machine.Refused as refusal:
        raise DataError(
            f"{source}: refused, and nothing in it was run: it asks for {refusal}, but a file of CIFAR holds only arrays, "
            "lists and strings. Do not open it with other tools; get the original archive"
        ) from None
    except machine.Broken as error:
        raise DataError(f"{source}: not a whole pickle ({error}): truncated or damaged; get the original file again") from None
    if not isinstance(result, dict):
        raise DataError(f"{source}: holds a {type(result).__name__}, but CIFAR's Python version holds a dict")
    return {key: value.value if isinstance(value, arrays.Array) else value for key, value in result.items()}

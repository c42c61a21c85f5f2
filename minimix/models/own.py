"""Networks of your own by name, "file.py:function": what makes them is a function, or a class, in a Python file.

    def make(num_classes=10):                 # net.py
        return nn.Sequential(...)

    models.create("net.py:make", num_classes=3)

The file is run as a script beside it would import it: what lies in its folder can be imported from it.
"""

import hashlib
import importlib.util
import inspect
import linecache
import re
import sys
import traceback
from pathlib import Path

import numpy as np

from minimix import checksums
from minimix.nn import Module
from minimix.tensor import Tensor, no_grad

SIZE = (3, 32, 32)  # what a network is taken to be made for where it has no ``input_size``
CLASSES = 10  # where nobody says how many, and the function wants to be told

_NAME = re.compile(r"(?P<file>.+\.pyw?):(?P<function>[^\W\d]\w*)", re.S)
_loaded: dict = {}  # {(file, checksum): module}: a file is run once, however often its networks are made


def is_own(name) -> bool:
    """Whether a network's name is one of these.

    >>> is_own("net.py:make"), is_own(r"C:\\nets\\net.py:Net"), is_own("mixnet_s"), is_own("net.py")
    (True, True, False, False)
    """
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def parts(name: str) -> tuple[Path, str]:
    """(file, function) of such a name."""
    found = _NAME.fullmatch(name)
    return Path(found["file"]).expanduser(), found["function"]


def whole(name: str) -> str:
    """The name with the file's path from the root: it then holds in every folder."""
    file, function = parts(name)
    return f"{file.absolute()}:{function}"


def short(name: str) -> str:
    """The name without the folder.

    >>> short("nets/net.py:make")
    'net.py:make'
    """
    file, function = parts(name)
    return f"{file.name}:{function}"


def checksum(name: str) -> str:
    """Of the file's content, by which it is known whether it has changed."""
    return checksums.checksum(_content(parts(name)[0]))


def create(name: str, **options) -> Module:
    """The network that the function makes from those ``options`` that are not None, such as num_classes.

    A function that knows no ``num_classes`` is called without it. Raises FileNotFoundError; TypeError for an option that the
    function does not have, and for what it returns, if that is no Module; ValueError, with the line in the file, for what goes
    wrong in it.
    """
    make, (file, function) = maker(name), parts(name)
    options = {key: value for key, value in options.items() if value is not None}
    try:
        known = inspect.signature(make).parameters.values()
    except (TypeError, ValueError):  # written in C
        known = ()
    if any(parameter.name == "num_classes" and parameter.default is parameter.empty for parameter in known):
        options.setdefault("num_classes", CLASSES)
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known):
        names = [parameter.name for parameter in known if parameter.kind is not parameter.POSITIONAL_ONLY]
        if "num_classes" not in names:
            options.pop("num_classes", None)
        if strange := [key for key in options if key not in names]:
            raise TypeError(f"{name} has no option {strange[0]!r}: it has {', '.join(names) or 'none'}")
    model = _run(file, f"{function}()", make, **options)
    if not isinstance(model, Module):
        raise TypeError(f"{name} gave a {type(model).__name__}, expected a minimix.nn.Module")
    if not hasattr(model, "input_size"):
        model.input_size = SIZE
    return model


def maker(name: str):
    """The function or class itself."""
    file, function = parts(name)
    make = getattr(_module(file), function, None)
    if isinstance(make, Module):
        raise ValueError(f"{name} is a network, but what is needed makes a new one each time: def make(num_classes): ...")
    if not callable(make):
        raise ValueError(f"{file} has no function or class {function}: it has {', '.join(_callables(file)) or 'none'}")
    return make


def check(model: Module, name: str, shape: tuple[int, int, int], classes: int) -> None:
    """Refuse a network that does not make (N, ``classes``) of pictures of ``shape``, (C, H, W): before anything is trained.

    name: of the network, or of its class.
    """
    file = parts(name)[0] if is_own(name) else None
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with no_grad():
            found = _run(file, f"{name} on pictures of {tuple(shape)}", model, Tensor(np.zeros((2, *shape), np.float32)))
    finally:
        for module, mode in modes:
            module.training = mode
    if getattr(found, "shape", None) != (2, classes):
        what = f"{found.shape} of 2 pictures" if hasattr(found, "shape") else f"a {type(found).__name__}"
        raise ValueError(
            f"{name} makes {what} of {tuple(shape)}, expected (2, {classes}) for {classes} classes: does it take num_classes?"
        )


def _content(file: Path) -> bytes:
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    return file.read_bytes()


def _module(file: Path):
    content = _content(file)
    key = str(file.absolute()), hashlib.blake2b(content).digest()
    if key not in _loaded:
        name = f"minimix_own_{len(_loaded)}_{re.sub(r'[^0-9a-zA-Z_]', '_', file.stem)}"
        spec = importlib.util.spec_from_file_location(name, file.absolute())
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses and pickle look there
        sys.path.insert(0, str(file.absolute().parent))
        try:
            _run(file, "the file", lambda: exec(compile(content, str(file.absolute()), "exec"), vars(module)))
        except BaseException:
            del sys.modules[name]
            raise
        finally:
            sys.path.remove(str(file.absolute().parent))
        _loaded[key] = module
    return _loaded[key]


def _callables(file: Path) -> list[str]:
    """The functions and classes that are written in the file."""
    module = _module(file)
    return [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]


def _run(file: Path | None, what: str, function, *inputs, **options):
    """``function(...)``; what is raised in the user's ``file`` becomes a ValueError that shows the line there."""
    try:
        return function(*inputs, **options)
    except (Exception, SystemExit) as error:
        raise ValueError(_explained(error, file, what)) from error


def _explained(error: BaseException, file: Path | None, what: str) -> str:
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError) and error.filename and file is not None and Path(error.filename) == file.absolute():
        return f"{file}, line {error.lineno}: {message}\n    {(error.text or '').strip()}"
    if isinstance(error, SystemExit):
        message = 'it ends the program; what shall only happen when it is run goes below `if __name__ == "__main__":`'
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if file is not None and frame.filename == str(file.absolute())]
    if not own:
        return f"{what}: {message}"
    frame = own[-1]
    line = (frame.line or linecache.getline(frame.filename, frame.lineno)).strip()
    return f"{file}, line {frame.lineno}, in {frame.name}: {message}\n    {line}"

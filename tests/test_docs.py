"""Every example in a docstring runs.

Those that users meet first stand alone: whoever copies them needs nothing else. The others see their own module's names.
"""

import doctest
import importlib
import inspect
import pkgutil

import pytest
from numba import config

import minimix

MODULES = ["minimix", *(m.name for m in pkgutil.walk_packages(minimix.__path__, "minimix.") if not m.name.endswith("__main__"))]
STAND_ALONE = ("minimix.functional", "minimix.tensor", "minimix.graph", "minimix.op_times")


def documented(module):
    """(name, object) of the module, and of the functions and classes written in it, also where a decorator wraps them."""
    yield module.__name__, module
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", None) != module.__name__ or not (inspect.isroutine(value) or inspect.isclass(value)):
            continue
        yield f"{module.__name__}.{name}", value
        if inspect.isclass(value):
            for method, function in vars(value).items():
                function = getattr(function, "__func__", function)
                own = getattr(function, "__module__", module.__name__) == module.__name__  # others are attached from elsewhere
                if own and (inspect.isfunction(function) or isinstance(function, property)):
                    yield f"{module.__name__}.{name}.{method}", function


class Runner(doctest.DocTestRunner):
    """An example that is too long without the compiler skips its test, and one that needs a package which is not installed;
    doctest would call that a failure."""

    def report_unexpected_exception(self, out, test, example, exc_info):
        if issubclass(exc_info[0], pytest.skip.Exception):
            raise exc_info[1]
        if issubclass(exc_info[0], ImportError) and 'pip install "minimix[' in str(exc_info[1]):
            pytest.skip(str(exc_info[1]))
        super().report_unexpected_exception(out, test, example, exc_info)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path, monkeypatch):
    if config.DISABLE_JIT and name == "minimix.viz.machine.machine_code":
        pytest.skip("nothing is compiled")
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    parser, runner = doctest.DocTestParser(), Runner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for where, value in documented(module):
        text = inspect.getdoc(value) or ""
        if ">>>" in text:
            known = {} if name.startswith(STAND_ALONE) else dict(vars(module))
            runner.run(parser.get_doctest(text, known, where, None, 0))
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("minimix.functional.")])
def test_every_public_function_shows_an_example(name):
    module = importlib.import_module(name)
    exported = vars(importlib.import_module("minimix.functional"))
    missing = [
        where
        for where, value in documented(module)
        if inspect.isfunction(value) and exported.get(value.__name__) is value and ">>>" not in (value.__doc__ or "")
    ]
    assert not missing

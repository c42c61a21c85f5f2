"""What users give to a figure, as arrays; and numbers as the short texts that stand in a figure."""

import math

import numpy as np

from minimix.tensor import Tensor


def as_array(value, name: str, ndims: tuple[int, ...] = ()) -> np.ndarray:
    """``value`` (a Tensor, an array, nested lists) as an array of numbers with one of so many axes.

    Raises TypeError for what holds no real numbers, ValueError for another number of axes, or none to look at.

    >>> as_array(Tensor([[1.0]]), "x", (2,)).shape
    (1, 1)
    """
    array = np.asarray(value.data if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got {array.dtype} from a {type(value).__name__}")
    if ndims and array.ndim not in ndims:
        wanted = " or ".join(f"{n}-D" for n in ndims)
        raise ValueError(f"{name} must be {wanted}, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} {array.shape} is empty: there is nothing to draw")
    return array


def cell_texts(array: np.ndarray, most: int = 2) -> np.ndarray:
    """The numbers of an array as texts of the same shape, few letters each, all with as many decimals, at ``most`` two.

    >>> cell_texts(np.array([1.0, -2.0])).tolist(), cell_texts(np.array([0.5, 12.25])).tolist()
    (['1', '-2'], ['0.5', '12.2'])
    >>> cell_texts(np.array([np.nan, np.inf, 1e-9])).tolist()
    ['nan', 'inf', '1e-9']
    """
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    largest = float(np.abs(finite.astype(float)).max(initial=0.0))
    whole = bool((finite == np.round(finite)).all()) if finite.dtype.kind == "f" else True
    if whole and largest < 1e5:
        decimals = 0
    elif not 0.01 <= largest < 1e4:
        decimals = None
    else:
        decimals = 2 if largest < 10 else 1 if largest < 100 else 0
        decimals = min(decimals, most)
        while decimals > 1 and (np.round(finite, decimals - 1) == finite).all():
            decimals -= 1
    texts = [_text(float(value), decimals) for value in array.ravel()]
    return np.array(texts, dtype=object).reshape(array.shape)


def _text(value: float, decimals: int | None) -> str:
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"  # exactly: what is rounded to zero is 0.00
    if decimals is None:
        digits, power = f"{value:.0e}".split("e")
        return f"{digits}e{int(power)}"
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def short(value: float, digits: int = 3) -> str:
    """A number with so many digits, in words of the trade: k, M, G.

    >>> short(1234567), short(0.5), short(0), short(999.7), short(1.5e-5)
    ('1.23 M', '0.5', '0', '1 k', '1.5e-05')
    """
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit * (1 - 0.5 * 10**-digits):
            return f"{float(f'{value / limit:.{digits}g}'):g}{unit}"
    return f"{float(f'{value:.{digits}g}'):g}"


def duration(seconds: float) -> str:
    """
    >>> duration(0.00123), duration(12.5), duration(3.2e-8)
    ('1.23 ms', '12.5 s', '32 ns')
    """
    for limit, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= limit * 0.9995:
            return f"{float(f'{seconds / limit:.3g}'):g} {unit}"
    return f"{float(f'{seconds / 1e-9:.3g}'):g} ns"


def ratio(value: float) -> str:
    """
    >>> ratio(1234.5), ratio(12.34), ratio(1.234), ratio(0.5)
    ('1,234x', '12.3x', '1.23x', '0.5x')
    """
    if value >= 999.5:
        return f"{value:,.0f}x"
    return f"{float(f'{value:.3g}'):g}x"

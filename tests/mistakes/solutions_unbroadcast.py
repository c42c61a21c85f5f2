"""What learners write for the exercise of notebook 6 that undoes a broadcast."""
# ruff: noqa: B905

import functools
import itertools

import numpy as np
from corpus import Solution

# wrong ones


def front_only(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    return gradient


def stretched_only(gradient, shape):
    axes = tuple(i for i, n in enumerate(shape) if n == 1)
    return gradient.sum(axis=axes, keepdims=True)


def axes_dropped(gradient, shape):
    new = gradient.ndim - len(shape)
    axes = tuple(range(new)) + tuple(new + i for i, n in enumerate(shape) if n == 1)
    return gradient.sum(axis=axes)


def mean(gradient, shape):
    gradient = gradient.mean(axis=tuple(range(gradient.ndim - len(shape))))
    return gradient.mean(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def mean_of_stretched(gradient, shape):
    for _ in range(gradient.ndim - len(shape)):
        gradient = np.sum(gradient, 0)
    for axis, n in enumerate(shape):
        if n == 1:
            gradient = gradient.mean(axis=axis, keepdims=True)
    return gradient


def sum_of_all(gradient, shape):
    if gradient.shape == tuple(shape):
        return gradient
    return np.full(shape, gradient.sum())


def aligned_left(gradient, shape):
    padded = tuple(shape) + (1,) * (gradient.ndim - len(shape))
    axes = tuple(i for i, n in enumerate(padded) if n == 1)
    return gradient.sum(axis=axes, keepdims=True).reshape(shape)


def lengths_that_differ(gradient, shape):
    for axis, (long, short) in enumerate(zip(gradient.shape, shape)):
        if long != short:
            gradient = gradient.sum(axis=axis, keepdims=True)
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    return gradient


def axes_move(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    for axis, n in enumerate(shape):
        if n == 1 and axis < gradient.ndim:
            gradient = gradient.sum(axis=axis)
    return np.resize(gradient, shape)


def last_axes_first(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=-1)
    for axis, n in enumerate(shape):
        if n == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


def by_reshape(gradient, shape):
    copies = gradient.size // int(np.prod(shape))
    return gradient.reshape(copies, *shape).sum(axis=0)


def first_copy(gradient, shape):
    copy = gradient[(0,) * (gradient.ndim - len(shape))]
    return copy[tuple(slice(1) if n == 1 else slice(None) for n in shape)]


def nothing_for_numbers(gradient, shape):
    if not shape:
        return gradient
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    return gradient.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def in_place(gradient, shape):
    for _ in range(gradient.ndim - len(shape)):
        for copy in gradient[1:]:
            gradient[0] += copy
        gradient = gradient[0]
    return gradient.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def as_list(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    return gradient.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True).tolist()


def lengths_not_in_shape(gradient, shape):
    axes = tuple(i for i, n in enumerate(gradient.shape) if n not in shape)
    return gradient.sum(axis=axes).reshape(shape)


def first_one_only(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    if 1 in shape:
        gradient = gradient.sum(axis=shape.index(1), keepdims=True)
    return gradient


def maximum(gradient, shape):
    gradient = gradient.max(axis=tuple(range(gradient.ndim - len(shape))))
    return gradient.max(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def squeezed(gradient, shape):
    new = gradient.ndim - len(shape)
    axes = [i for i in range(gradient.ndim) if i < new or shape[i - new] == 1]
    return gradient.sum(axis=tuple(axes), keepdims=True).squeeze()


def half_precision(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))), dtype=np.float16)
    return gradient.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True).astype(float)


def whole_numbers(gradient, shape):
    found = np.zeros(shape, dtype=int)
    places = np.broadcast_to(np.arange(found.size).reshape(shape), gradient.shape)
    for place, value in zip(places.flat, gradient.flat):
        found.flat[place] += value
    return found


def front_not_shifted(gradient, shape):
    new = gradient.ndim - len(shape)
    axes = set(range(new)) | {i for i, n in enumerate(shape) if n == 1}
    return gradient.sum(axis=tuple(axes), keepdims=True).reshape(gradient.shape if not axes else shape)


def one_front_axis_too_few(gradient, shape):
    new = gradient.ndim - len(shape)
    for _ in range(new - 1):
        gradient = gradient.sum(axis=0)
    return gradient.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def repeated_again(gradient, shape):
    new = gradient.ndim - len(shape)
    axes = tuple(i for i in range(gradient.ndim) if i < new or shape[i - new] == 1)
    return np.broadcast_to(gradient.sum(axis=axes, keepdims=True), gradient.shape)


def none_if_nothing_to_do(gradient, shape):
    if gradient.shape != shape:
        new = gradient.ndim - len(shape)
        axes = tuple(i for i in range(gradient.ndim) if i < new or shape[i - new] == 1)
        return gradient.sum(axis=axes, keepdims=True).reshape(shape)


def front_axes_kept(gradient, shape):
    new = gradient.ndim - len(shape)
    axes = tuple(i for i in range(gradient.ndim) if i < new or shape[i - new] == 1)
    return gradient.sum(axis=axes, keepdims=True)


def not_empty(gradient, shape):
    for _ in range(gradient.ndim - len(shape)):
        gradient = functools.reduce(np.add, gradient)
    for axis in (i for i, n in enumerate(shape) if n == 1):
        gradient = functools.reduce(np.add, np.split(gradient, gradient.shape[axis], axis))
    return gradient


def square_as_vector(gradient, shape):
    small = (1,) * (gradient.ndim - len(shape)) + tuple(shape)
    for axis in range(gradient.ndim):
        if small[axis] == 1 and gradient.shape.count(gradient.shape[axis]) == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient[tuple(slice(n) for n in small)].reshape(shape)


def mean_and_left(gradient, shape):
    padded = tuple(shape) + (1,) * (gradient.ndim - len(shape))
    axes = tuple(i for i, n in enumerate(padded) if n == 1)
    return gradient.mean(axis=axes, keepdims=True).reshape(shape)


# right ones


def all_at_once(gradient, shape):
    small = (1,) * (gradient.ndim - len(shape)) + tuple(shape)
    return gradient.sum(axis=tuple(i for i, n in enumerate(small) if n == 1)).reshape(shape)


def by_einsum(gradient, shape):
    axes = list(range(gradient.ndim))
    kept = [axis for axis, n in zip(axes[::-1], shape[::-1]) if n != 1][::-1]
    return np.einsum(gradient, axes, kept).reshape(shape)


def add_at(gradient, shape):
    found = np.zeros(shape, gradient.dtype)
    new = gradient.ndim - len(shape)
    for index in np.ndindex(gradient.shape):
        found[tuple(min(i, n - 1) for i, n in zip(index[new:], shape))] += gradient[index]
    return found


def bin_counts(gradient, shape):
    size = int(np.prod(shape))
    places = np.broadcast_to(np.arange(size).reshape(shape), gradient.shape)
    return np.bincount(places.ravel(), gradient.ravel(), size).reshape(shape)


def recursive(gradient, shape):
    if gradient.ndim > len(shape):
        return recursive(sum(gradient, np.zeros(gradient.shape[1:])), shape)
    wide = next((axis for axis in range(len(shape)) if gradient.shape[axis] != shape[axis]), None)
    return gradient if wide is None else recursive(np.add.reduce(gradient, axis=wide, keepdims=True), shape)


def products_with_ones(gradient, shape):
    for n, small in itertools.zip_longest(gradient.shape[::-1], tuple(shape)[::-1], fillvalue=1):
        gradient = np.moveaxis(gradient, -1, 0)  # each axis in turn, from the last, comes to the front
        gradient = np.tensordot(np.ones((1, n)) if small == 1 else np.eye(n), gradient, axes=1)
    return gradient.reshape(shape)


def tuple_of_axes_each(gradient, shape):
    result = np.asarray(gradient)
    for axis in reversed(range(result.ndim)):
        own = axis - (gradient.ndim - len(shape))
        if own < 0 or shape[own] == 1:
            result = result.sum(axis=axis, keepdims=own >= 0)
    return result


ENTRIES = [
    ("front only", front_only,
     "only the axes that broadcasting put in front are summed; stretched axes (length 1 in shape) stay long"),
    ("stretched only", stretched_only,
     "only axes of length 1 in shape are summed (counted from the front); axes put in front are not"),
    ("axes dropped", axes_dropped, "keepdims is missing: axes of length 1 are gone from the result"),
    ("mean", mean, "means in place of sums"),
    ("mean of stretched axes", mean_of_stretched, "stretched axes are averaged in place of summed"),
    ("sum of all", sum_of_all, "whenever anything was repeated, each entry is the sum of the whole gradient"),
    ("aligned left", aligned_left,
     "lines shapes up at the first axis in place of the last: new axes are taken to be at the end"),
    ("lengths that differ", lengths_that_differ,
     "compares lengths axis by axis from the first in place of from the last: wrong where axes were put in front"),
    ("axes move", axes_move,
     "without keepdims the later axes move forward after each sum: with two stretched axes the wrong one is summed"),
    ("last axes first", last_axes_first, "the surplus axes are summed at the end in place of the front"),
    ("by reshape", by_reshape,
     "a reshape takes every copy to lie as a block: right for axes in front, wrong where a later axis was stretched"),
    ("first copy", first_copy, "takes the first copy along the repeated axes in place of the sum"),
    ("nothing for shape ()", nothing_for_numbers, "for shape () the gradient is returned as it is"),
    ("in place", in_place, "the numbers are right, but the sums over the axes in front are written into the caller's gradient"),
    ("as a list", as_list),  # right: the statement takes nested lists and numbers
    ("lengths not in shape", lengths_not_in_shape,
     "sums the axes whose length does not occur in shape: fails where an axis to be summed is as long as one that stays"),
    ("first 1 only", first_one_only, "only the first axis of length 1 in shape is summed"),
    ("maximum", maximum, "the maximum in place of the sum"),
    ("squeezed", squeezed, "squeeze removes the axes of length 1 that shape has"),
    ("half precision", half_precision, "summed in float16: three digits, and infinity above 65504"),
    ("whole numbers", whole_numbers, "summed into an integer array: fractions are cut off"),
    ("front not shifted", front_not_shifted,
     "shape's axes of length 1 are not moved on by the number of axes in front: wrong where there are both"),
    ("one front axis too few", one_front_axis_too_few, "one of the axes in front is not summed"),
    ("repeated again", repeated_again, "the sums are broadcast back to the gradient's shape"),
    ("None if nothing to do", none_if_nothing_to_do, "None is returned where nothing was repeated (gradient.shape == shape)"),
    ("front axes kept", front_axes_kept, "axes put in front are kept, with length 1, so the result has too many axes"),
    ("not empty", not_empty, "fails where a repeated axis has length 0; zeros are right"),
    ("axes of equal length", square_as_vector,
     "an axis is not summed, but cut, if another axis of the gradient is as long (square gradients)"),
    ("mean, aligned left", mean_and_left, "two mistakes: means in place of sums, and shapes are lined up at the first axis"),
    ("right, all at once", all_at_once),
    ("right, einsum", by_einsum),
    ("right, entry by entry", add_at),
    ("right, bincount", bin_counts),
    ("right, recursive", recursive),
    ("right, products with ones", products_with_ones),
    ("right, from the last axis", tuple_of_axes_each),
]  # fmt: skip
SOLUTIONS = [Solution("unbroadcast", f"unbroadcast: {name}", *rest) for name, *rest in ENTRIES]

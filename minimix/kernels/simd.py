"""Vector registers by hand, for the few loops in which sums should stay in registers from their first term to their last.

A compiler that vectorises ``out[i] += w * x[i]`` reads and writes ``out`` for every term. Here a *vector*, some consecutive
numbers of an array, is a value of its own, and lives in registers until it is stored:

    sums = zeros8(x)                            # eight registers full of zeros
    for t in range(taps):
        sums += weight[t] * load8(x, start + offset[t])
    store(out, o, sums)

One register holds ``width(x)`` numbers: with 64 bytes (AVX-512) 16 of float32, with 32 (AVX2) 8. Eight of them, because a
processor begins one or two multiply-adds in a cycle and has the result four cycles later.

Numba knows no such type. It is added with what Numba offers to extensions: ``Vector`` is what type inference sees, its model
says that it is an LLVM vector, and each operation is an ``intrinsic``, a function that writes LLVM code. Loads and stores need
no alignment; nothing checks that they stay within the array. Without the compiler, a vector is a NumPy array.

``store_past`` writes past the caches, to addresses that are multiples of ``BYTES``. A line that is written in a cache is read
from memory first; where it will have left the cache before anybody asks for it, that is in vain. Other threads see what was
written so from the next meeting on (``barrier.py``), not before.
"""

import operator

import numpy as np
from llvmlite import ir
from numba.core import config, types
from numba.core.codegen import get_host_cpu_features
from numba.core.datamodel import models
from numba.core.extending import intrinsic, overload, register_model


def register_bytes() -> int:
    """Of the widest vector register that Numba makes use of.

    >>> register_bytes() in (16, 32, 64)
    True
    """
    features = get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES
    known = {"x86-64-v3": "+avx2", "x86-64-v4": "+avx512f"}.get(config.CPU_NAME or "", "")
    names = {*features.split(","), known}
    return 64 if "+avx512f" in names else 32 if "+avx2" in names else 16


BYTES = register_bytes()


def width(dtype) -> int:
    """How many numbers of a dtype a register holds."""
    return BYTES // np.dtype(dtype).itemsize


class Vector(types.Type):
    """``count`` consecutive numbers of one dtype."""

    def __init__(self, dtype, count: int):
        self.dtype, self.count = dtype, count
        super().__init__(name=f"Vector({dtype}, {count})")


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, ir.VectorType(dmm.lookup(fe_type.dtype).get_value_type(), fe_type.count))


@intrinsic
def lanes_of(typing, array):
    """Numbers in a register, of the array's dtype: a constant, where ``BYTES // array.itemsize`` would be a division."""

    def build(context, builder, signature, arguments):
        return context.get_constant(types.intp, _of(array, 1).count)

    return types.intp(array), build


def _pointer(context, builder, array_type, array, index, vector):
    """To array[index], as one to an LLVM vector; and the alignment of a single number."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer()), array_type.dtype.bitwidth // 8


def _mask(numbers) -> ir.Constant:
    places = list(numbers)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)


def _repeated(builder, value, count: int, whole):
    """The ``count`` numbers of a vector again and again, as many times as the LLVM vector ``whole`` has room for."""
    return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), _mask(k % count for k in range(whole.count)))


def _of(array, registers: int) -> Vector:
    return Vector(array.dtype, registers * BYTES * 8 // array.dtype.bitwidth)


def _zeros(registers: int):
    @intrinsic
    def zeros(typing, array):
        """Of the array's dtype."""
        vector = _of(array, registers)

        def build(context, builder, signature, arguments):
            return ir.Constant(context.get_value_type(vector), None)

        return vector(array), build

    return zeros


def _load(registers: int):
    @intrinsic
    def load(typing, array, index):
        """array[index : ...]."""
        vector = _of(array, registers)

        def build(context, builder, signature, arguments):
            pointer, size = _pointer(context, builder, array, *arguments, context.get_value_type(vector))
            return builder.load(pointer, align=size)

        return vector(array, index), build

    return load


def _store(past: bool):
    @intrinsic
    def store(typing, array, index, value):
        """array[index : ...] = value."""

        def build(context, builder, signature, arguments):
            pointer, size = _pointer(context, builder, array, *arguments[:2], context.get_value_type(value))
            stored = builder.store(arguments[2], pointer, align=BYTES if past else size)
            if past:
                stored.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)]))
            return context.get_dummy_value()

        return types.void(array, index, value), build

    return store


def _repeat(registers: int):
    @intrinsic
    def repeat(typing, value):
        """A vector of one register, in each of several."""
        vector = Vector(value.dtype, registers * value.count)

        def build(context, builder, signature, arguments):
            return _repeated(builder, *arguments, value.count, context.get_value_type(vector))

        return vector(value), build

    return repeat


@intrinsic
def transpose(typing, out, o, step, x, i, pitch):
    """out[o + step*j + k] = x[i + pitch*k + j] for all j, k below a register's width: a square, its rows to columns.

    Rows n and n + bit swap those of their numbers whose places differ in that bit; when every bit had its turn, row and column
    have changed places.
    """
    vector = _of(x, 1)

    def build(context, builder, signature, arguments):
        out_data, at, out_step, data, start, x_pitch = arguments
        llvm_type, n = context.get_value_type(vector), vector.count
        rows = []
        for _ in range(n):
            pointer, size = _pointer(context, builder, x, data, start, llvm_type)
            rows.append(builder.load(pointer, align=size))
            start = builder.add(start, x_pitch)
        for bit in (1 << k for k in range(n.bit_length() - 1)):
            low = _mask(k if not k & bit else n + (k ^ bit) for k in range(n))
            high = _mask(k ^ bit if not k & bit else n + k for k in range(n))
            for row in range(n):
                if not row & bit:
                    pair = rows[row], rows[row | bit]
                    rows[row], rows[row | bit] = (builder.shuffle_vector(*pair, mask) for mask in (low, high))
        for row in rows:
            pointer, size = _pointer(context, builder, out, out_data, at, llvm_type)
            builder.store(row, pointer, align=size)
            at = builder.add(at, out_step)
        return context.get_dummy_value()

    return types.void(out, o, step, x, i, pitch), build


def _apart(unit: int):
    @intrinsic
    def apart(typing, x, i, out, a, b):
        """Two registers of x[i:], as units of ``unit`` numbers: those at even places go to out[a:], the others to out[b:]."""
        vector = _of(x, 1)

        def build(context, builder, signature, arguments):
            data, start, out_data, *places = arguments
            pair = context.get_value_type(_of(x, 2))
            pointer, size = _pointer(context, builder, x, data, start, pair)
            numbers, together = builder.load(pointer, align=size), min(unit, vector.count)
            for odd, place in enumerate(places):
                mask = _mask(k for k in range(pair.count) if k // together % 2 == odd)
                pointer, size = _pointer(context, builder, out, out_data, place, context.get_value_type(vector))
                builder.store(builder.shuffle_vector(numbers, ir.Constant(pair, ir.Undefined), mask), pointer, align=size)
            return context.get_dummy_value()

        return types.void(x, i, out, a, b), build

    return apart


def _in_turns(unit: int):
    @intrinsic
    def in_turns(typing, out, o, x, a, b):
        """The opposite: units of a register of x[a:] and of one of x[b:] take turns in two registers of out[o:]."""
        vector = _of(x, 1)

        def build(context, builder, signature, arguments):
            out_data, at, data, *places = arguments
            sides, together, n = [], min(unit, vector.count), vector.count
            for place in places:
                pointer, size = _pointer(context, builder, x, data, place, context.get_value_type(vector))
                sides.append(builder.load(pointer, align=size))
            mask = _mask(k // together % 2 * n + k // together // 2 * together + k % together for k in range(2 * n))
            pointer, size = _pointer(context, builder, out, out_data, at, context.get_value_type(_of(x, 2)))
            builder.store(builder.shuffle_vector(*sides, mask), pointer, align=size)
            return context.get_dummy_value()

        return types.void(out, o, x, a, b), build

    return in_turns


def _arithmetic(name: str):
    @intrinsic
    def of_vectors(typing, a, b):
        def build(context, builder, signature, arguments):
            return getattr(builder, name)(*arguments)

        return a(a, b), build

    @intrinsic
    def of_number(typing, a, b):
        def build(context, builder, signature, arguments):
            whole = context.get_value_type(b)
            number = context.cast(builder, arguments[0], a, b.dtype)
            one = ir.VectorType(number.type, 1)
            first = builder.insert_element(ir.Constant(one, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
            return getattr(builder, name)(_repeated(builder, first, 1, whole), arguments[1])

        return b(a, b), build

    return of_vectors, of_number


_add, _ = _arithmetic("fadd")
_multiply, _multiply_number = _arithmetic("fmul")


@overload(operator.iadd)
@overload(operator.add)
def _(a, b):
    if isinstance(a, Vector) and a == b:
        return lambda a, b: _add(a, b)


@overload(operator.mul)
def _(a, b):
    if isinstance(b, Vector):
        if a == b:
            return lambda a, b: _multiply(a, b)
        if isinstance(a, types.Float):
            return lambda a, b: _multiply_number(a, b)


zeros1, zeros2, zeros4, zeros8 = map(_zeros, (1, 2, 4, 8))
load1, load2, load4, load8 = map(_load, (1, 2, 4, 8))
repeat4, repeat8 = map(_repeat, (4, 8))
store, store_past = map(_store, (False, True))
apart1, apart2, apart4, apart8 = map(_apart, (1, 2, 4, 8))
in_turns1, in_turns2, in_turns4, in_turns8 = map(_in_turns, (1, 2, 4, 8))

if config.DISABLE_JIT:

    def _plainly(registers: int):
        def zeros(array):
            return np.zeros(registers * width(array.dtype), array.dtype)

        def load(array, index):
            return array[int(index) : int(index) + registers * width(array.dtype)].copy()

        return zeros, load, lambda value: np.tile(value, registers)

    def _units(unit: int):
        def pairs(array, index, numbers):
            """A view, (pairs of units, 2, a unit)."""
            return array[int(index) : int(index) + numbers].reshape(-1, 2, min(unit, numbers // 2))

        def apart(x, i, out, a, b):
            L = width(x.dtype)
            for k, place in enumerate((a, b)):
                store(out, place, pairs(x, i, 2 * L)[:, k].reshape(-1))

        def in_turns(out, o, x, a, b):
            L = width(x.dtype)
            for k, place in enumerate((a, b)):
                target = pairs(out, o, 2 * L)[:, k]
                target[...] = x[int(place) : int(place) + L].reshape(target.shape)

        return apart, in_turns

    def lanes_of(array):
        return width(array.dtype)

    def store(array, index, value):
        array[int(index) : int(index) + len(value)] = value

    store_past = store

    def transpose(out, o, step, x, i, pitch):
        square = np.arange(width(x.dtype))
        out[int(o) + int(step) * square[:, None] + square] = x[int(i) + int(pitch) * square + square[:, None]]

    (zeros1, load1, _), (zeros2, load2, _), (zeros4, load4, repeat4), (zeros8, load8, repeat8) = map(_plainly, (1, 2, 4, 8))
    (apart1, in_turns1), (apart2, in_turns2), (apart4, in_turns4), (apart8, in_turns8) = map(_units, (1, 2, 4, 8))

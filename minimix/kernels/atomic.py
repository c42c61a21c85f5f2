"""Numbers that several threads read and change at the same time: each of these is one step that no other thread comes between.

``array`` is one of 64-bit integers. Plain reads and writes would do for none of this: the compiler and the processor may put
them off, or reorder them.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

ONE = ir.Constant(ir.IntType(64), 1)


def _pointer(context, builder, signature, args):
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return cgutils.get_item_pointer(context, builder, signature.args[0], array, [args[1]])


@intrinsic
def increment(typing_context, array, index):
    """array[index] += 1"""

    def generate(context, builder, signature, args):
        return builder.atomic_rmw("add", _pointer(context, builder, signature, args), ONE, "seq_cst")

    return types.int64(array, types.intp), generate


@intrinsic
def read(typing_context, array, index):
    """array[index], read anew: another thread may have changed it."""

    def generate(context, builder, signature, args):
        return builder.load_atomic(_pointer(context, builder, signature, args), "seq_cst", 8)

    return types.int64(array, types.intp), generate


@intrinsic
def swap(typing_context, array, index, value):
    """array[index] = value; what was there before is returned."""

    def generate(context, builder, signature, args):
        return builder.atomic_rmw("xchg", _pointer(context, builder, signature, args), args[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), generate


@intrinsic
def replace(typing_context, array, index, old, new):
    """array[index] = new, if it is ``old``: whether it was."""

    def generate(context, builder, signature, args):
        result = builder.cmpxchg(_pointer(context, builder, signature, args), args[2], args[3], "seq_cst", "seq_cst")
        return builder.extract_value(result, 1)

    return types.boolean(array, types.intp, types.int64, types.int64), generate

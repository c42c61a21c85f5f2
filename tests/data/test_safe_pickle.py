import os
import pickle
import pickletools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minimix.data import DataError
from minimix.data.safe_pickle import loads

FILE = "folder/data_batch_1"


class Call:
    """Pickles as a call of ``function``."""

    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


def refused(content):
    with pytest.raises(DataError) as caught:
        loads(content, FILE)
    assert str(caught.value).startswith(FILE)
    return str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i4", "<i8", "f2", "<f4", ">f8"])
def test_arrays_survive(protocol, dtype):
    for array in (np.arange(24, dtype=dtype).reshape(2, 3, 4), np.asfortranarray(np.arange(6, dtype=dtype).reshape(2, 3))):
        found = loads(
            pickle.dumps({b"data": array, "n": [1, 2.5, None, True, b"x", "y", (3,), {"k": -(2**70)}]}, protocol), FILE
        )
        np.testing.assert_array_equal(found[b"data"], array)
        assert type(found[b"data"]) is np.ndarray and found[b"data"].dtype == array.dtype
        assert found["n"] == [1, 2.5, None, True, b"x", "y", (3,), {"k": -(2**70)}]


def test_a_pickle_of_python_2():
    """As CIFAR's own files are: 8-bit strings for text and for the array's content."""
    content = (
        b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03U\x06labelsq\x04]q\x05(K\x06K\x09e"
        b"U\x04dataq\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09"
        b"(K\x01K\x02K\x03\x86cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        b"K\x00tb\x89U\x06\x01\x02\xff\x00\x05\x06tbu."
    )
    found = loads(content, FILE)
    assert found[b"batch_label"] == b"training batch 1 of 5" and found[b"labels"] == [6, 9]
    np.testing.assert_array_equal(found[b"data"], np.array([[1, 2, 255], [0, 5, 6]], np.uint8))
    np.testing.assert_array_equal(pickle.loads(content, encoding="bytes")[b"data"], found[b"data"])  # a real pickle


CALLS = [
    Call(os.system, "touch {marker}"),
    Call(eval, "open({marker!r}, 'w')"),
    Call(exec, "open({marker!r}, 'w')"),
    Call(open, "{marker}", "w"),
    Call(__import__, "os"),
    Call(np.load, "{marker}"),
    Call(np.memmap, "{marker}", "u1", "w+", 0, (9,)),
    Call(np.fromfile, "{marker}"),
    Call(pickle.loads, b"cos\nsystem\n."),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.reduced[0].__name__)
@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_pickle_runs_nothing(tmp_path, call, protocol):
    marker = str(tmp_path / "was_here")
    function, args = call.reduced
    armed = Call(function, *(arg.format(marker=marker) if isinstance(arg, str) else arg for arg in args))
    message = refused(pickle.dumps({b"data": armed, b"labels": [1]}, protocol))
    assert "nothing in it was run" in message and function.__name__ in message
    assert not os.path.exists(marker)


@pytest.mark.parametrize(
    "content",
    [
        b"cnumpy\nndarray.__class__.__base__\n.",  # a dotted name
        b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__init__\x93.",
        b"\x80\x04\x8c\x0bnumpy dtype\x8c\x00\x93.",
        b"cnumpy\nload\n.",
        b"cnumpy.core.multiarray\nfromfile\n.",
        b"c__builtin__\ngetattr\n.",
        b"cbuiltins\neval\n.",
        b"c_codecs\nlookup\n.",
        b"(S'x'\nios\nsystem\n.",  # INST
        b"(cnumpy\ndtype\nS'x'\no.",  # OBJ
        b"\x80\x02cnumpy\nndarray\nK\x03\x85\x81.",  # NEWOBJ
        b"\x80\x04cnumpy\nndarray\nK\x03\x85}\x92.",  # NEWOBJ_EX
        b"\x80\x02\x82\x01.",  # EXT1
        b"Pfile\n.",  # PERSID
        b"\x80\x05cnumpy\nndarray\n\x97.",  # NEXT_BUFFER
        b"cnumpy\nndarray\n(K\x01tR.",  # calls ndarray itself
        b"S'x'\n(tR.",  # calls a string
        b"cnumpy\ndtype\n(S'O'\ntR.",
        b"cnumpy\ndtype\n(S'V8'\ntR.",
        b"cnumpy\ndtype\n(S'u1,O'\ntR.",
        b"cnumpy\nndarray\n}b.",  # BUILD on a name: would change an attribute
        b"cnumpy\nndarray\n(N}tb.",
        b"c_codecs\nencode\n(Vx\nVrot13\ntR.",
    ],
)
def test_ways_round_are_refused(content):
    assert "nothing in it was run" in refused(content)


def test_an_array_of_objects_is_refused():
    for protocol in range(6):
        assert "an array of 'O" in refused(pickle.dumps({b"data": np.array([[1], "x"], object)}, protocol))
        assert "an array of 'V" in refused(pickle.dumps({b"data": np.zeros(2, "i4,f8")}, protocol))


def test_a_name_alone_is_nothing():
    assert "holds a Name" in refused(b"cnumpy\nndarray\n.")
    found = loads(b"}S'a'\ncnumpy\nndarray\ns.", FILE)
    assert not callable(found[b"a"])
    unfilled = loads(b"}S'a'\ncnumpy.core.multiarray\n_reconstruct\n(tRs.", FILE)
    assert unfilled == {b"a": None}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"}",
        b"R.",
        b"}K\x01K\x02s.",  # a key that is a number
        b"}(K\x01u.",
        b"g7\n.",
        b"]K\x01\x85K\x02s.",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.",  # eight exabytes are announced
        b"\x80\x02T\xff\xff\xff\x7fabc.",
        b"I" + b"9" * 10_000 + b"\n.",
        b"}S'\\c'\nNs.",  # escapes that no pickler writes
        b"}S'\\777'\nNs.",
        b"]" + b"\x85" * 200_000 + b"}(" + b"h\x00" + b"u.",
    ],
)
def test_broken_pickles(content):
    assert "not a whole pickle" in refused(content)


def test_very_deep_nesting_is_no_overflow():
    """The hash of such a tuple, as a key, would overflow the stack of the interpreter itself."""
    deep = b")" + b"\x85" * 100_000
    assert "not a string" in refused(b"\x80\x02}" + deep + b"K\x01s.")
    assert "tuple" in refused(b"\x80\x02" + deep + b".")
    loads(b"\x80\x02}U\x01a" + deep + b"s.", FILE)


def test_shape_and_content_must_agree():
    good = pickle.dumps({b"data": np.arange(6, dtype=np.uint8).reshape(2, 3)}, 2)
    for old, new in [(b"K\x02K\x03\x86", b"K\x02K\x04\x86"), (b"K\x02K\x03\x86", b"K\x02J\xff\xff\xff\xff\x86")]:
        assert old in good
        refused(good.replace(old, new))


WHOLE = pickle.dumps({b"data": np.arange(6, dtype=np.uint8).reshape(2, 3), b"labels": [1, 2], b"x": (b"y", None)}, 2)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4), st.integers(0, len(WHOLE))
)
@example([(7, ord("\\"))], 0)  # a name with an escape that there is not
def test_damage_gives_a_dict_or_a_data_error(changes, length):
    content = bytearray(WHOLE)
    for position, value in changes:
        content[position] = value
    for damaged in (bytes(content), WHOLE[:length], bytes(content)[:length]):
        try:
            found = loads(damaged, FILE)
        except DataError as error:
            assert str(error).startswith(FILE)
        else:
            assert isinstance(found, dict)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from([op.code.encode("latin-1") for op in pickletools.opcodes] + [b"\x01", b"\n", b"numpy\n"]), max_size=12
    )
)
def test_random_programs_do_no_harm(program):
    try:
        found = loads(b"".join(program) + b".", FILE)
    except DataError:
        return
    assert isinstance(found, dict)

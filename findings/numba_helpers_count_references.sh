#!/usr/bin/env bash
# numba 0.68.1: what is inlined with forceinline=True still counts references, row by row, for arrays that nobody keeps.
#
# A kernel goes through rows and calls a helper for each, which looks up a tap's offset in a NamedTuple of arrays and adds what lies
# there. All helpers are inlined, nothing is allocated, returned or kept; yet NRT_incref and NRT_decref, atomic instructions,
# are left in the machine code, within the loop over rows: the pass that takes pairs of them out does not find these. For rows of
# eight numbers the whole took 46 to 60 ns a row, on a machine with nothing else to do, in place of 27 to 33. The undocumented
# option _nrt=False leaves all of them out, and refuses a function that allocates, or that returns an array that it made.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numba==0.68.1 numpy==2.4.6
cat > "$folder/rows.py" <<'PY'
import time
from typing import NamedTuple

import numpy as np
from numba import njit
from numba.core.errors import TypingError


class Lists(NamedTuple):
    begin: np.ndarray
    end: np.ndarray
    offset: np.ndarray


def kernel(**options):
    inlined = njit(forceinline=True, **options)

    @inlined
    def add(out, o, n, x, offset, t):
        start = offset[t]
        for i in range(n):
            out[o + i] += x[start + i]

    @inlined
    def row(out, o, n, x, offset, begin, end):
        t = begin
        if end - begin >= 4:
            add(out, o, n, x, offset, t)
            t += 1
        while t < end:
            add(out, o, n, x, offset, t)
            t += 1

    @inlined
    def of_lists(out, y, n, x, lists):
        if lists.begin[y] == lists.end[y]:
            return
        row(out, y * n, n, x, lists.offset, lists.begin[y], lists.end[y])

    @njit(**options)
    def rows(x, lists, out, n):
        for y in range(out.shape[0] // n):
            of_lists(out, y, n, x, lists)

    return rows


count, n = 20_000, 8
lists = Lists(np.zeros(count, np.int64), np.full(count, 3), np.arange(8))
x, found = np.ones(32, np.float32), {}
for options in ({}, {"_nrt": False}):
    rows, seconds = kernel(**options), []
    out = np.zeros(count * n, np.float32)
    rows(x, lists, out, n)
    assert (out == 3).all()
    for _ in range(15):
        start = time.perf_counter()
        rows(x, lists, out, n)
        seconds.append(time.perf_counter() - start)
    code = next(iter(rows.inspect_llvm().values()))
    found[bool(options)] = code.count("@NRT_incref("), code.count("@NRT_decref(")
    print(f"{options or 'as usual'}: {found[bool(options)]} places that count, {1e9 * min(seconds) / count:.0f} ns a row")
assert min(found[False]) > 5 and found[True] == (0, 0)

for bad in (lambda n: np.empty(n).sum(), lambda n: np.ones(n)):
    try:
        njit(_nrt=False)(bad)(3)
    except TypingError:
        continue
    raise AssertionError("it allocated")
PY
"$folder/venv/bin/python" "$folder/rows.py"
echo "as described"

#!/usr/bin/env bash
# safetensors 0.8.0: the same arrays with the same metadata give other bytes at each call, as soon as there are two entries.
#
# The header's JSON holds the metadata in an order that is drawn anew each time. 50 calls of save() with two entries in one process
# give 2 different files, 200 calls with four entries about 24. Without metadata, or with one entry, the bytes repeat. So a
# checksum of such a file does not tell whether two runs gave the same weights, and content-addressed stores keep it twice.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from safetensors.numpy import load, save

arrays = {"a": np.zeros(2), "b": np.ones(3)}


def files(metadata, calls):
    made = {save(arrays, metadata=metadata) for _ in range(calls)}
    assert all(load(content).keys() == arrays.keys() for content in made)
    return len(made)


none, one = files(None, 50), files({"format": "pt"}, 50)
two, four = files({"format": "pt", "epoch": "3"}, 50), files(dict(zip("abcd", "efgh")), 200)
print(f"different files: without metadata {none}, one entry {one}, two entries {two}, four entries {four}")
assert none == one == 1 and two == 2 and four > 2
PY
echo "as described"

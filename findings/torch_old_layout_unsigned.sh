#!/usr/bin/env bash
# PyTorch 2.13.0: torch.save writes uint16, uint32 and uint64 tensors in its old layout, and torch.load cannot read them back.
#
# With _use_new_zipfile_serialization=False, a tensor of a dtype that has no class of storages of its own is saved over an untyped
# storage, without a complaint. Reading asks that storage's class for its dtype: AttributeError, with weights_only on and off. The
# numbers are in the file, whole. The new layout, with the same pickle, is read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import io

import torch


def outcome(dtype, zipped, weights_only):
    file, tensor = io.BytesIO(), torch.arange(3).to(dtype)
    torch.save({"a": tensor}, file, _use_new_zipfile_serialization=zipped)
    assert tensor.numpy().tobytes() in file.getvalue()
    file.seek(0)
    try:
        return "read" if torch.load(file, weights_only=weights_only)["a"].equal(tensor) else "other numbers"
    except Exception as error:
        return type(error).__name__ + (": 'dtype'" if "has no attribute 'dtype'" in str(error) else "")


for dtype in (torch.float32, torch.uint8, torch.uint16, torch.uint32, torch.uint64):
    found = [outcome(dtype, zipped, weights_only) for zipped in (True, False) for weights_only in (True, False)]
    print(dtype, found)
    unsigned = dtype in (torch.uint16, torch.uint32, torch.uint64)
    assert found == ["read", "read"] + (["AttributeError: 'dtype'"] * 2 if unsigned else ["read"] * 2)
PY
echo "as described"

"""The options that a network in a checkpoint was trained with."""

import argparse
import json
from collections.abc import Mapping
from typing import Any


def about(value: Any) -> dict[str, str]:
    """{"args": the options that it was trained with, as JSON}, where a checkpoint has them as timm's do.

    >>> about({"state_dict": {}, "args": {"img_size": 160, "device": object()}})
    {'args': '{"img_size": 160, "device": null}'}
    """
    args = value.get("args") if isinstance(value, Mapping) else None
    args = vars(args) if isinstance(args, argparse.Namespace) else args
    if not isinstance(args, dict):
        return {}
    try:
        return {"args": json.dumps({key: args[key] for key in args if isinstance(key, str)}, default=lambda _: None)}
    except (TypeError, ValueError, RecursionError):  # keys below that are no text; a dict that is in itself
        return {}

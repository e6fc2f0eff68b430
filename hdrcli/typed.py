"""Whether what was read from JSON is of the types that a dataclass says: a file may hold anything."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

LARGEST = sys.float_info.max


def check(record: Any) -> None:
    """Raises TypeError, naming the field, where a value of a dataclass is of another type than its annotation."""
    kind: Any = type(record)
    hints = _hints(kind)
    for one in fields(record):
        if not _fits(getattr(record, one.name), hints[one.name]):
            raise TypeError(f"its {one.name} is none")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    """Of the hints that records use: Any, classes, unions, mappings, and tuples of one kind. Floats are finite."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(k, inner[0]) and _fits(v, inner[1]) for k, v in value.items())
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(one, inner[0]) for one in value)
    if inner:
        return any(_fits(value, one) for one in inner)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST
    return hint is Any or (isinstance(value, hint) and not (hint is int and isinstance(value, bool)))

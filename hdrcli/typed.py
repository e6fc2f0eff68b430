"""Whether what was read from JSON is of the types that a dataclass says: a file, or a process, may say anything."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

LARGEST = sys.float_info.max


def check(record: Any) -> None:
    """Raises TypeError, naming the field, where a value of a dataclass is of another type than its annotation."""
    check_parts(type(record), {one.name: getattr(record, one.name) for one in fields(record)})


def check_parts(kind: type, parts: Mapping[str, Any]) -> None:
    """`check` for what a dataclass is going to be made of. Raises LookupError for a field that it has not."""
    for name, value in parts.items():
        if not _fits(value, _hints(kind)[name]):
            raise TypeError(f"its {name} is none")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    """Of the hints that records use: Any, classes, literals, unions, mappings and tuples. Floats are finite."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in inner
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(k, inner[0]) and _fits(v, inner[1]) for k, v in value.items())
    if origin is tuple:
        kinds = inner[:1] * len(value) if inner[-1] is ... and isinstance(value, tuple) else inner
        return isinstance(value, tuple) and len(value) == len(kinds) and all(map(_fits, value, kinds))
    if inner:
        return any(_fits(value, one) for one in inner)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST
    return hint is Any or (isinstance(value, hint) and not (hint is int and isinstance(value, bool)))

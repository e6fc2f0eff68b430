"""Values as inert text: what a process sends that a hostile file may have taken over builds nothing but data.

The text is JSON. What JSON lacks is an object of one entry, whose name is its type; large arrays travel beside it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from hdrcli import typed
from hdrcli.development import Development
from hdrcli.image import Exposure, FrameHeader, Sensor

_RECORDS: dict[str, type] = {kind.__name__: kind for kind in (FrameHeader, Exposure, Sensor, Development)}

_PLAIN: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "bytes": (
        bytes,
        lambda value: base64.b64encode(value).decode(),
        lambda text: base64.b64decode(text, validate=True),
    ),
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "path": (Path, str, Path),
}
"""What one text says: the type, and the way there and back."""

_DTYPES = ("uint8", "uint16", "float32", "bool")

_INLINE = 1 << 16
"""Bytes of an array that is small enough for the text."""


def packed(value: Any, arrays: list[np.ndarray]) -> Any:
    """What `json` can write for a value; its large arrays are added to `arrays`. Raises TypeError for other types."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    for name, (kind, to_text, _) in _PLAIN.items():
        if isinstance(value, kind):
            return {name: to_text(value)}
    return _packed_parts(value, arrays)


def _packed_parts(value: Any, arrays: list[np.ndarray]) -> dict[str, Any]:
    if isinstance(value, np.ndarray):
        return {"array": _packed_array(value, arrays)}
    if isinstance(value, (tuple, list)):
        return {"tuple": [packed(part, arrays) for part in value]}
    if isinstance(value, Mapping):
        return {"mapping": [[packed(name, arrays), packed(part, arrays)] for name, part in value.items()]}
    if type(value) in _RECORDS.values():
        parts = {part.name: packed(getattr(value, part.name), arrays) for part in fields(value)}
        return {type(value).__name__: parts}
    raise TypeError(f"{type(value).__name__} is of no type that messages carry")


def unpacked(text: Any, arrays: list[np.ndarray]) -> Any:
    """The value of what `packed` made. Raises ValueError, TypeError or LookupError for anything else."""
    if not isinstance(text, dict):
        return text
    ((name, content),) = text.items()
    if name in _PLAIN:
        return _PLAIN[name][2](content)
    if name == "array":
        return _unpacked_array(content, arrays)
    if name == "tuple":
        return tuple(unpacked(part, arrays) for part in content)
    if name == "mapping":
        return {unpacked(key, arrays): unpacked(part, arrays) for key, part in content}
    return _record(_RECORDS[name], {field: unpacked(part, arrays) for field, part in content.items()})


def _packed_array(array: np.ndarray, arrays: list[np.ndarray]) -> dict[str, Any]:
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"messages carry no arrays of {array.dtype}")
    form: dict[str, Any] = {"dtype": array.dtype.name, "shape": list(array.shape)}
    if array.nbytes <= _INLINE:
        return {**form, "data": base64.b64encode(array.tobytes()).decode()}
    arrays.append(np.ascontiguousarray(array))
    return {**form, "place": len(arrays) - 1}


def _unpacked_array(form: dict[str, Any], arrays: list[np.ndarray]) -> np.ndarray:
    if form["dtype"] not in _DTYPES or not all(type(side) is int and side >= 0 for side in form["shape"]):
        raise ValueError("an array of no form that messages carry")
    data = arrays[form["place"]] if "place" in form else np.frombuffer(bytearray(base64.b64decode(form["data"])), "u1")
    return data.view(form["dtype"]).reshape(form["shape"])  # which raises when the bytes are not as many


def _record(kind: type, parts: dict[str, Any]) -> Any:
    """A record of `kind`, whose fields are of the types it declares."""
    typed.check_parts(kind, parts)  # before it is made: what it is made of may be anything
    made = kind(**parts)
    if isinstance(made, Exposure):
        _check(made)
    return made


def _check(exposure: Exposure) -> None:
    """Raise ValueError for arrays that don't belong together."""
    stored, table = exposure.stored, exposure.table
    masks = [mask for mask in (exposure.valid, exposure.clipped) if mask is not None]
    codes = 0 if table is None else 1 << 8 * stored.dtype.itemsize
    if stored.ndim != 3 or stored.shape[2] != 3 or any(mask.shape != stored.shape[:2] for mask in masks):
        raise ValueError(f"an exposure of {stored.shape} values")
    kinds = (np.dtype(bool), np.dtype(np.uint8))
    if any(mask.dtype not in kinds for mask in masks) or (table is not None and table.shape != (codes,)):
        raise ValueError("an exposure with masks or a table of no use")
    if exposure.sensor is not None and exposure.sensor.to_bt709.shape != (3, 3):
        raise ValueError("an exposure of no sensor")

"""Messages over a socket: text of a known length, then the bytes of its arrays.

Copying is the cheap way: memory that processes share comes in small pages, which cost the kernel two to three times as
much as sending as many pixels takes.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

import numpy as np

from hdrcli import limits
from hdrcli.sandbox.message import packed, unpacked

LONGEST = 4 * limits.METADATA
"""Bytes of text; Exif, XMP and logs, in base64."""

MOST_BYTES, TABLE = 16, 1 << 20
"""Of arrays for each pixel: RGB in float32, and masks; and of the values that codes stand for."""

_TICK = 1.0
"""Seconds."""

_LENGTH = struct.Struct("<Q")


class Broken(Exception):  # noqa: N818 (not an error of a user's)
    """A message that has not come whole, or is none."""


class Late(Exception):  # noqa: N818
    """A message that has not come in time."""


def send(line: socket.socket, value: Any) -> None:
    """Send a value of the types that `message` knows. Raises TypeError, before anything is sent, for others."""
    arrays: list[np.ndarray] = []
    body = packed(value, arrays)
    text = json.dumps({"value": body, "sizes": [array.nbytes for array in arrays]}).encode()
    line.sendall(_LENGTH.pack(len(text)) + text)
    for array in arrays:
        line.sendall(array.data)


def receive(line: socket.socket, patience: float | None = None) -> Any:
    """The value of the next message. Raises Broken, MemoryError, and Late when `patience` is over (seconds)."""
    clock = _Clock(line, patience)
    try:
        (length,) = _LENGTH.unpack(_exactly(clock, np.empty(_LENGTH.size, np.uint8)).tobytes())
        told = json.loads(_exactly(clock, np.empty(_within(length, LONGEST), np.uint8)).tobytes())
        most = TABLE + MOST_BYTES * limits.pixels()
        arrays = [_exactly(clock, np.empty(_within(size, most), np.uint8)) for size in told["sizes"]]
        return unpacked(told["value"], arrays)
    except (ArithmeticError, LookupError, OSError, RecursionError, TypeError, ValueError) as error:
        raise Broken("a message that is none") from error


def _within(size: Any, most: int) -> int:
    if type(size) is not int or not 0 <= size <= most:
        raise Broken("a message of no size that can be")
    return size


class _Clock:
    """Reads from a line until its time is over. While this process was stopped (Ctrl-Z), no time has gone by."""

    def __init__(self, line: socket.socket, patience: float | None) -> None:
        self._line = line
        self._left = patience
        line.settimeout(None if patience is None else min(_TICK, patience))

    def read(self, room: memoryview) -> int:
        while True:
            try:
                return self._line.recv_into(room)
            except TimeoutError:
                self._left = (self._left or 0) - (self._line.gettimeout() or 0)
                if self._left <= 0:
                    raise Late from None


def _exactly(clock: _Clock, room: np.ndarray) -> np.ndarray:
    """The room filled with what comes next."""
    left = room.data
    while left:
        count = clock.read(left)
        if not count:
            raise Broken("a message that breaks off")
        left = left[count:]
    return room

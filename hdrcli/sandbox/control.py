"""What is said on the control socket of the zygote, and beside it."""

from __future__ import annotations

import struct

PACKET = 256
"""Bytes of a request: the modules to load before forking, parted by spaces. Without files, loading is all it asks."""

ENDED = struct.Struct("<i")
"""How a process has ended, as of a subprocess: its exit status, or minus a signal."""

READY = b"\1"
"""What the zygote says first."""


def packet(modules: tuple[str, ...]) -> bytes:
    """A request. Raises ValueError for names that are too long for it."""
    text = " ".join(modules).encode()
    if len(text) > PACKET:
        raise ValueError(f"{len(text)} bytes of names")
    return text.ljust(PACKET)

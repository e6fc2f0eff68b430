"""What is said on the control socket of the zygote, and beside it."""

from __future__ import annotations

import struct

PACKET = struct.Struct("<f252s")
"""Seconds on the clock, and the modules to load before forking, parted by spaces. Without files that is all it asks."""

ENDED = struct.Struct("<i?")
"""Exit status as of a subprocess (minus a signal), and whether it was killed for the time it took."""

READY = b"\1"
"""What the zygote says first."""


def packet(seconds: float, modules: tuple[str, ...]) -> bytes:
    """The bytes of a packet."""
    return PACKET.pack(seconds, " ".join(modules).encode())

"""The way onto the disk that all outputs take: whole, together, to stay; and what may be in the way."""

from __future__ import annotations

from hdrcli.disk.claims import abandoned, claim, is_at, own_name, put, run_name
from hdrcli.disk.folders import check_replaceable, check_writable, existing, flush, held, made, naming
from hdrcli.disk.moves import Stamp, stamp
from hdrcli.disk.together import tidy, write_all

__all__ = [
    "Stamp",
    "abandoned",
    "check_replaceable",
    "check_writable",
    "claim",
    "existing",
    "flush",
    "held",
    "is_at",
    "made",
    "naming",
    "own_name",
    "put",
    "run_name",
    "stamp",
    "tidy",
    "write_all",
]

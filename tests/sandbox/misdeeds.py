"""What decoders have done on damaged files, as functions that `sandbox.call` takes."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import time
from pathlib import Path

import numpy as np

from hdrcli import limits
from hdrcli.development import Development
from hdrcli.errors import ReadError
from hdrcli.image import Exposure
from hdrcli.readers import jpeg


def well(path: Path) -> str:
    return path.read_text()


def identity(path: Path, value: object) -> object:
    return value


def pid(path: Path) -> int:
    return os.getpid()


def segfault(path: Path) -> None:
    ctypes.string_at(0)


def abort(path: Path) -> None:
    os.abort()


def leave(path: Path, status: int) -> None:
    os._exit(status)


def killed(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def loop(path: Path) -> None:
    while True:
        pass


def sleep(path: Path, seconds: float) -> str:
    time.sleep(seconds)
    return "awake"


def hunger(path: Path, pixels: int, size: int) -> int:
    """Take memory for a header that claims so many pixels."""
    limits.claim(pixels)
    return np.empty(size, np.uint8).size


def complain(path: Path) -> None:
    logging.getLogger("hdrcli").warning("%s is odd.", path)
    raise ReadError(f"{path} is damaged.", "Leave it out.")


def bug(path: Path) -> None:
    raise IndexError("list index out of range")


def exposure(path: Path) -> Exposure:
    return Exposure(np.arange(3 * 300 * 200, dtype=np.uint16).reshape(200, 300, 3), "linear", path.name, 0.25, bits=16)


def read(path: Path, development: Development | None) -> Exposure:
    """The reader of JPEG, but for files whose name tells what becomes of it."""
    if path.stem == "segfault":
        segfault(path)
    if path.stem == "killed":
        killed(path)
    return jpeg.read(path, development)

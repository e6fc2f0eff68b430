"""Files to exposures: one reader for each format, found by the file's suffix. Decoders run in processes apart."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from hdrcli import plugins, sandbox
from hdrcli.contracts import Reader
from hdrcli.development import Development
from hdrcli.errors import ReadError
from hdrcli.image import Exposure, FrameHeader
from hdrcli.readers import _frame
from hdrcli.readers._file import decoding
from hdrcli.readers._file import kind as kind


@lru_cache(maxsize=1)
def _readers() -> dict[str, Reader]:
    readers = [plugins.load("readers", name).READER for name in plugins.names("readers")]
    return {suffix: reader for reader in readers for suffix in reader.suffixes}


def reader_for(path: Path) -> Reader | None:
    """The reader of a file by its suffix, in capitals or not; None when there is none. The file is not looked at."""
    return _readers().get(path.suffix.lower())


def is_frame(path: Path) -> bool:
    """Whether a file has the suffix of a format that can be read."""
    return reader_for(path) is not None


def read_header(path: Path) -> FrameHeader:
    """What a frame's file says before its pixels are decoded. Raises ReadError."""
    reader = _known_reader(path)
    if not reader.native:
        return reader.read_header(path)
    return replace(sandbox.call(reader.read_header, path, modules=reader.modules, small=True), path=path)


def read(path: Path, development: Development | None = None) -> Exposure:
    """The exposure of a frame's file; `development` is how a RAW file becomes light. Raises ReadError."""
    reader = _known_reader(path)
    with decoding(path):
        return sandbox.call(reader.read, path, development, modules=reader.modules)


def read_scene(path: Path) -> np.ndarray:
    """The light of a scene-referred file (EXR, Radiance), (H, W, 3) float32 >= 0, above white too. Raises ReadError."""
    return _frame.scene_light(path, read_light(path))


def read_light(path: Path) -> np.ndarray:
    """All that a scene-referred file stores, (H, W, 3) float32, also below 0 and not finite. Raises ReadError."""
    reader = _known_reader(path)
    if reader.read_light is None:
        raise ReadError(f"{path} is no scene-referred file.", "Give an EXR or a Radiance (.hdr) file.")
    with decoding(path):
        return sandbox.call(reader.read_light, path, modules=reader.modules)


def holds_scene(path: Path) -> bool:
    """Whether a file is of a format that holds light above white."""
    reader = reader_for(path)
    return reader is not None and reader.read_light is not None


def _known_reader(path: Path) -> Reader:
    reader = reader_for(path)
    if reader is None and not os.path.exists(path):  # noqa: PTH110 -- Path.exists raises in closed folders
        raise ReadError(f"{path} does not exist.", "Check the spelling of its name.")
    if reader is None:
        known = " ".join(sorted(suffix.removeprefix(".") for suffix in _readers()))
        raise ReadError(f"{path} is of no format that can be read.", f"These can: {known}.")
    return reader


def is_raw(path: Path) -> bool:
    """Whether a file has the suffix of a camera RAW format."""
    return reader_for(path) is _readers()[".dng"]

"""OpenCV as people use it for brackets: the steps of its own tutorial on high dynamic range, files to file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hdrcli.errors import HdrcliError


def mertens(files: Sequence[str], times: Sequence[float], target: Path) -> None:
    """Exposure fusion to an 8-bit picture. `times` are not needed. Raises HdrcliError."""
    import cv2

    fused = cv2.createMergeMertens().process(_frames(files))
    _write(target, fused * 255)


def debevec(files: Sequence[str], times: Sequence[float], target: Path) -> None:
    """The response from the frames, the radiance map by it, and with a .png a picture by gamma 2.2. Raises HdrcliError.

    `times` are in seconds.
    """
    import cv2
    import numpy as np

    frames, seconds = _frames(files), np.array(times, np.float32)
    response = cv2.createCalibrateDebevec().process(frames, seconds)
    radiance = cv2.createMergeDebevec().process(frames, seconds, response)
    _write(target, radiance if target.suffix == ".hdr" else cv2.createTonemap(2.2).process(radiance) * 255)


def _frames(files: Sequence[str]) -> list:
    import cv2

    frames = [cv2.imread(file) for file in files]
    for file, frame in zip(files, frames, strict=True):
        if frame is None:
            raise HdrcliError(f"OpenCV cannot read {Path(file).name}.", "It is left out; JPEG frames are read by all.")
    return frames


def _write(target: Path, pixels: Any) -> None:
    import cv2

    if not cv2.imwrite(str(target), pixels):
        raise HdrcliError(f"OpenCV cannot write {target.name}.", "Check the disk.")

"""Scenes of known radiance, and brackets of them written as a camera would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from hdrcli.transfer import linear_to_srgb


def radiance(height: int, width: int, stops: float = 10.0) -> np.ndarray:
    """A smooth (H, W, 3) scene: a ramp of `stops` from left to right, up to 4 times the reference's white, coloured."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    level = 4.0 * 2 ** (-stops * (1 - x / max(width - 1, 1)))
    colour = np.stack([1 + 0.3 * np.sin(y / 9), 1 + 0.2 * np.cos(x / 11), 1 - 0.3 * np.sin((x + y) / 13)], -1)
    return (level[..., None] * colour / 1.3).astype(np.float32)


def photograph(scene: np.ndarray, time: float, levels: int = 255) -> np.ndarray:
    """The sRGB code values of a noiseless frame of relative exposure `time`, (H, W, 3) integers up to `levels`."""
    codes = np.round(linear_to_srgb(np.clip(scene * time, 0, 1).astype(np.float64)) * levels)
    return codes.astype(np.uint8 if levels < 256 else np.uint16)


def write_bracket(folder: Path, scene: np.ndarray, times: list[float], suffix: str = ".png", levels: int = 255) -> None:
    """Write the frames of a bracket as 1.png, 2.png, … in the order of `times`, without any exposure data."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, time in enumerate(times, 1):
        frame = photograph(scene, time, levels)
        if not cv2.imwrite(str(folder / f"{number}{suffix}"), np.ascontiguousarray(frame[..., ::-1])):
            raise OSError(f"{folder / str(number)}{suffix}")


def write_shots(
    folder: Path, scene: np.ndarray, times: Sequence[float], iso: int | None = 100, stops: float = 0
) -> None:
    """JPEGs with EXIF; `stops` is what ISO or f-number add to the times. 1/100 s at ISO 100 has white at 1.0."""
    folder.mkdir(parents=True)
    for number, time in enumerate(times, 1):
        exif = Image.Exif()
        said = {0x829A: IFDRational(round(time * 10_000), 10_000), 0x829D: IFDRational(8)}
        exif[0x8769] = said | ({0x8827: iso} if iso else {})
        frame = Image.fromarray(photograph(scene, time * 100 * 2**stops))
        frame.save(folder / f"{number}.jpg", exif=exif, quality=100, subsampling=0)


def a_record(sha256: str, **entries: Any) -> dict[str, Any]:
    """The content of a record of weights `cc` for dfgnet."""
    record = {"network": "dfgnet", "tag": "cc", "sha256": sha256, "licence": "CC0-1.0", "architecture": "small"}
    return {**record, "trained_on": "48 panoramas", **entries}

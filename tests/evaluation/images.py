"""Images whose figures are known, as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
from PIL import Image


def write_exr(path: Path, pixels: np.ndarray, **header: object) -> Path:
    """(H, W, 3) linear light as a float EXR."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    with OpenEXR.File(told, {"RGB": np.ascontiguousarray(pixels, np.float32)}) as file:
        file.write(str(path))
    return path


def write_png(path: Path, pixels: np.ndarray) -> Path:
    """(H, W, 3) sRGB-encoded pixels in [0, 1] as an 8-bit PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(path)
    return path


def light(height: int = 40, width: int = 60) -> np.ndarray:
    """(H, W, 3) float32 light in [0.1, 0.9]: a ramp."""
    ramp = np.linspace(0.1, 0.9, width, dtype=np.float32)
    return np.broadcast_to(ramp[:, None], (height, width, 3)).copy()

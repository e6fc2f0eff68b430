"""A tiny camera RAW file: an uncompressed DNG of a grey ramp, as LibRaw takes it for a Bayer sensor's."""

from __future__ import annotations

import io

import numpy as np

_BLACK, _WHITE = 512, 16383
_XYZ_TO_SRGB = (3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572)
"""IEC 61966-2-1: the ColorMatrix1 of a camera whose channels are those of sRGB."""


def scene(height: int = 64, width: int = 96) -> np.ndarray:
    """The light (H, W, 3) in [0, 1] that it shows: grey, growing to the right."""
    grey = np.linspace(0.05, 0.9, width, dtype=np.float32)
    return np.broadcast_to(grey[None, :, None], (height, width, 3)).copy()


def dng() -> bytes:
    """The file (Adobe, Digital Negative Specification 1.4)."""
    import tifffile

    codes = np.round(scene()[..., 0] * (_WHITE - _BLACK) + _BLACK).astype(np.uint16)
    matrix = [number for value in _XYZ_TO_SRGB for number in (round(value * 10000), 10000)]
    tags = [
        (271, "s", 0, "hdrcli", True),  # Make
        (272, "s", 0, "checkup", True),  # Model
        (33421, "H", 2, (2, 2), True),  # CFARepeatPatternDim
        (33422, "B", 4, (0, 1, 1, 2), True),  # CFAPattern: RGGB
        (50706, "B", 4, (1, 4, 0, 0), True),  # DNGVersion
        (50708, "s", 0, "hdrcli checkup", True),  # UniqueCameraModel
        (50714, "H", 1, _BLACK, True),  # BlackLevel
        (50717, "H", 1, _WHITE, True),  # WhiteLevel
        (50721, "2i", 9, matrix, True),  # ColorMatrix1
        (50728, "2I", 3, (1, 1, 1, 1, 1, 1), True),  # AsShotNeutral
        (50778, "H", 1, 21, True),  # CalibrationIlluminant1: D65
    ]
    stream = io.BytesIO()
    tifffile.imwrite(stream, codes, photometric=32803, extratags=tags, metadata=None, software=False)
    return stream.getvalue()

"""What every writer does to pixels first: refuse what no file should hold, and round to the file's numbers."""

from __future__ import annotations

import numpy as np

from hdrcli.errors import WriteError

_HINT = "This is a fault of the model or the tone mapping operator: report it, and try another --model."


def require_light(pixels: np.ndarray) -> None:
    """Raise WriteError unless all of `pixels` (H, W, 3) are finite and >= 0, as linear light is."""
    lowest, highest = float(pixels.min()), float(pixels.max())
    if np.isnan(lowest) or np.isnan(highest):
        raise WriteError("The fused image holds values that are not numbers (NaN).", _HINT)
    if np.isinf(lowest) or np.isinf(highest):
        raise WriteError("The fused image holds infinite values.", _HINT)
    if lowest < 0:
        raise WriteError(f"The fused image holds negative light ({lowest:g}).", _HINT)


def quantise(pixels: np.ndarray, bit_depth: int) -> np.ndarray:
    """Round `pixels` (H, W, 3) float32 in [0, 1] to the nearest uint8 or uint16; values outside are clipped.

    There is no dither: the same picture makes the same bytes everywhere, eight bits are finer than the noise that
    photographs keep, and who needs finer gradients has 16 bits. Raises WriteError for NaN.
    """
    dtype, white = (np.uint16, 65535) if bit_depth == 16 else (np.uint8, 255)
    scaled = np.clip(pixels, 0, 1)
    if np.isnan(scaled.min()):
        raise WriteError("The picture holds values that are not numbers (NaN).", _HINT)
    scaled *= np.float32(white)
    return np.rint(scaled, out=scaled).astype(dtype)

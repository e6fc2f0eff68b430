"""The tiny picture that checks write and read, and whether two pictures are the same."""

from __future__ import annotations

import numpy as np

from hdrcli.errors import HdrcliError

HEIGHT, WIDTH = 32, 48
TIMES = (0.01, 0.04, 0.16)
"""Seconds of the frames of the tiny bracket."""


def picture(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A smooth picture (H, W, 3) float32 in [0, 1]: each channel grows another way."""
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return np.stack([across, down, (2 - across - down) / 2], -1).astype(np.float32)


def same(found: np.ndarray, wanted: np.ndarray, tolerance: float) -> None:
    """Raises HdrcliError unless both (H, W, 3) differ nowhere by more than `tolerance` of the greatest value."""
    if found.shape != wanted.shape:
        raise HdrcliError(f"A picture of {wanted.shape[:2]} came back as {found.shape[:2]}.")
    off = float(np.abs(found.astype(np.float64) - wanted).max() / wanted.max())
    if not off <= tolerance:
        raise HdrcliError(f"A picture came back changed by up to {100 * off:.3g} % of white.")


def alike(found: np.ndarray, wanted: np.ndarray) -> None:
    """Raises HdrcliError unless both (H, W, 3) are bright and dark in the same places, whatever the scale."""
    if found.shape != wanted.shape:
        raise HdrcliError(f"A picture of {wanted.shape[:2]} came back as {found.shape[:2]}.")
    agreement = float(np.corrcoef(found.ravel().astype(np.float64), wanted.ravel())[0, 1])
    if not agreement >= 0.9:  # other primaries mix channels
        raise HdrcliError(f"A picture came back as another one (correlation {agreement:.2f}).")

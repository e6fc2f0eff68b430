"""How papers prepared a data set before they measured: part of what their figures mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Protocol:
    """`size` is (width, height) in pixels that frames and truth are resized to; frames are cut to 8 bits.

    `stretches` says whether a display truth is stretched from its minimum to its maximum, over all channels together.
    """

    size: tuple[int, int]
    summary: str
    stretches: bool = False

    def resized(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W, 3) pixels at the protocol's size, by bilinear interpolation as OpenCV does it."""
        import cv2

        if pixels.shape[1::-1] == self.size:
            return pixels
        return cv2.resize(pixels, self.size, interpolation=cv2.INTER_LINEAR)

    def stretched(self, display: np.ndarray) -> np.ndarray:
        """A display picture from its least to its greatest value, if the protocol wants that."""
        low, high = float(display.min()), float(display.max())
        return (display - low) / (high - low) if self.stretches and high > low else display


PROTOCOLS = {
    "dfgnet": Protocol((1440, 960), "frames in 8 bits and truth resized to 1440 x 960 (DFGNet's test program)"),
    "lightfuse": Protocol(
        (2736, 1824),
        "frames in 8 bits and reference resized to 2736 x 1824, the latter stretched to [0, 1] (LightFuse's program)",
        stretches=True,
    ),
}
"""By their network's name."""

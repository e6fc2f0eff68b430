"""What exposure fusion is made of, for frames of a bracket and for exposures of a radiance map alike.

T. Mertens, J. Kautz, F. Van Reeth: "Exposure Fusion", Pacific Graphics 2007, sections 3.1 and 3.2.
"""

from __future__ import annotations

import numpy as np

from hdrcli import pyramids

EXPOSEDNESS_SIGMA = 0.2
"""Width of the well-exposedness weight around mid-grey, in encoded units (section 3.1 of the paper)."""

LEAST_WEIGHT = 1e-12
"""Where no frame has any quality, they count alike."""


def contrast(grey: np.ndarray) -> np.ndarray:
    """Absolute response of a Laplacian filter to a grey picture (H, W) float32, encoded."""
    import cv2

    response = cv2.Laplacian(grey, cv2.CV_32F)
    return np.abs(response, out=response)


def well_exposedness(distance_squared: np.ndarray) -> np.ndarray:
    """A Gauss curve of the distance to mid-grey, given (H, W) squared: summed over channels, their product."""
    return np.exp(distance_squared / np.float32(-2 * EXPOSEDNESS_SIGMA**2))


def add(fused: list[np.ndarray], pixels: np.ndarray, weight: np.ndarray, top: int = 1) -> None:
    """Add a frame to the Laplacian pyramid `fused` (begun by the first one) with its share `weight` (H, W) (eq. 6).

    `pixels` are (H, W) or (H, W, 3), encoded; `top` is as in `hdrcli.pyramids`.
    """
    levels = zip(pyramids.laplacian(pixels, top), pyramids.gaussian(weight, top), strict=True)
    for level, (band, share) in enumerate(levels):
        band = band * share.reshape(share.shape + (1,) * (band.ndim - 2))  # noqa: PLW2901 (the last is `pixels`' own)
        if level < len(fused):
            fused[level] += band
        else:
            fused.append(band)

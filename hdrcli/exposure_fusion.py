"""What exposure fusion is made of, for frames of a bracket and for exposures of a radiance map alike.

T. Mertens, J. Kautz, F. Van Reeth: "Exposure Fusion", Pacific Graphics 2007, sections 3.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hdrcli import pyramids
from hdrcli.strips import grown

EXPOSEDNESS_SIGMA = 0.2
"""Width of the well-exposedness weight around mid-grey, in encoded units (section 3.1 of the paper)."""

LEAST_WEIGHT = 1e-12
"""Where no frame has any quality, they count alike."""

Weighted = Callable[[slice], tuple[np.ndarray, np.ndarray]]
"""Some rows of a frame, (h, w) or (h, w, 3), encoded, and their quality (h, w) > 0, as these rows alone tell it."""


def contrast(grey: np.ndarray) -> np.ndarray:
    """Absolute response of a Laplacian filter to a grey picture (H, W) float32, encoded."""
    import cv2

    response = cv2.Laplacian(grey, cv2.CV_32F)
    return np.abs(response, out=response)


def well_exposedness(distance_squared: np.ndarray) -> np.ndarray:
    """A Gauss curve of the distance to mid-grey, given (H, W) squared: summed over channels, their product."""
    return np.exp(distance_squared / np.float32(-2 * EXPOSEDNESS_SIGMA**2))


def fused(frames: Sequence[Weighted], shape: tuple[int, ...], top: int = 1) -> np.ndarray:
    """The frames, of `shape` (H, W) or (H, W, 3), blended by their qualities (eqs. 2 and 6); not clipped.

    `top` is as in `hdrcli.pyramids`. The pyramids span the whole picture, but frames are looked at in strips.
    """

    def parts(rows: slice) -> tuple[list[np.ndarray], list[np.ndarray]]:
        outer, inner = grown(rows, 1, shape[0])  # contrast is told by neighbours
        pictures, weights = zip(*(frame(outer) for frame in frames), strict=True)
        total = sum(weights[1:], weights[0])
        return [picture[inner] for picture in pictures], [(weight / total)[inner] for weight in weights]

    def last(pictures: pyramids.Planes, weights: pyramids.Planes) -> np.ndarray:
        pairs = zip(pictures, weights, strict=True)
        return np.sum([picture * pyramids.spread(weight, picture) for picture, weight in pairs], 0)

    count, levels = len(frames), pyramids.depth(shape[0], shape[1], top)
    return pyramids.blended(parts, (count, count), shape, lambda weights: weights, last, levels)

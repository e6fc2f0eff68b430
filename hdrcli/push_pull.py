"""Values of some places spread smoothly over all others, by push-pull (Gortler et al. 1996, "The Lumigraph").

Pulling averages what is known over ever larger squares; pushing fills what is not known from the next larger square.
"""

from __future__ import annotations

import numpy as np


def filled(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The values (h, w) or (h, w, C) float32, where their `weight` (h, w) in [0, 1] is below 1 mixed with those around.

    Places of weight 1 keep their own; where all weighs nothing, all is 0.
    """
    import cv2

    of_channels = weight if values.ndim == 2 else weight[..., None]
    levels = [(values * of_channels, weight)]
    while max(levels[-1][1].shape) > 1:
        levels.append(tuple(cv2.pyrDown(plane) for plane in levels[-1]))
    made = _mean(*levels[-1])
    for sums, known in levels[-2::-1]:
        around = cv2.pyrUp(made, dstsize=(known.shape[1], known.shape[0]))
        share = np.minimum(known if values.ndim == 2 else known[..., None], 1)
        made = share * _mean(sums, known) + (1 - share) * around.reshape(sums.shape)
    return made


def _mean(sums: np.ndarray, known: np.ndarray) -> np.ndarray:
    least = np.maximum(known, np.float32(1e-6))
    return sums / (least if sums.ndim == 2 else least[..., None])

"""What a DNG tells of the noise of its sensor: the NoiseProfile tag (DNG 1.7, tag 51041)."""

from __future__ import annotations

import struct
from io import BytesIO
from itertools import islice

import numpy as np

from hdrcli.readers._tiff_bounds import MOST_PAGES

NOISE_PROFILE = 51041


def profile(data: bytes) -> np.ndarray | None:
    """(planes, 2) of shot and read noise: a value x in [0, 1], from black to white, has the variance S x + O.

    None for a file that is no DNG, or says nothing that can be.
    """
    import tifffile

    try:
        first = tifffile.TiffFile(BytesIO(data)).pages[0]
        tags = [page.tags for page in (*islice(first.pages or (), MOST_PAGES), first)]
        told = next((one[NOISE_PROFILE].value for one in tags if NOISE_PROFILE in one), ())
        planes = np.array(told, np.float64).reshape(-1, 2)
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError, struct.error):
        return None
    possible = len(planes) and np.isfinite(planes).all() and (planes >= 0).all() and (planes[:, 0] > 0).all()
    return planes if possible else None


def of_white(planes: np.ndarray | None, gains: list[float], matrix: np.ndarray) -> tuple[float, float] | None:
    """Shot and read variance of BT.709 light, in units of white, as the mean of its channels.

    `planes` are of the sensor's red, green and blue, or one for all; `gains` their white balance, and `matrix` (3, 3 or
    4) turns balanced light to BT.709. Variances grow by the squares of these.
    """
    if planes is None or len(planes) not in (1, 3):
        return None
    balance = np.array(gains[:3]) / min(gains[:3])
    shares = (matrix[:, :3] ** 2).mean(0)
    shot, read = np.broadcast_to(planes, (3, 2)).T
    return float((shares * balance * shot).sum()), float((shares * balance**2 * read).sum())

"""Gaussian and Laplacian pyramids of planes and pictures (Burt & Adelson 1983), by OpenCV's 5 x 5 kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hdrcli.parallel import each
from hdrcli.strips import grown, strips

Planes = Sequence[np.ndarray]

MARGIN = 4
"""Rows around a strip that its Laplacian is made of: two of the next level, which has half the rows."""


def depth(height: int, width: int, top: int = 1) -> int:
    """How often a plane can be halved before its shorter side is `top` pixels."""
    return max(int(np.log2(min(height, width) / top)), 0)


def blended(
    parts: Callable[[slice], tuple[Planes, Planes]],
    counts: tuple[int, int],
    shape: tuple[int, ...],
    shares: Callable[[Planes], Planes],
    last: Callable[[Planes, Planes], np.ndarray],
    levels: int,
) -> np.ndarray:
    """The picture, float32 of `shape` (H, W) or (H, W, C), of a Laplacian pyramid blended of those of several layers.

    `parts(rows)` are rows of all layers and of their guides (H, W), as many as `counts` says. At each of so many
    `levels` it is the sum of the layers' bands, each times its plane of `shares(guides)`; the top is `last(layers,
    guides)`. Guides are halved as the layers are. It is made in strips, and no layer is held in full size.
    """
    if levels == 0:
        return last(*parts(slice(0, shape[0])))
    size = tuple((side + 1) // 2 for side in shape[:2])
    result, halves = np.empty(shape, np.float32), [np.empty((*size, *shape[2:]), np.float32) for _ in range(counts[0])]
    half_guides = [np.empty(size, np.float32) for _ in range(counts[1])]

    def make(rows: slice) -> None:
        outer, inner = grown(rows, MARGIN, shape[0])
        layers, guides = parts(outer)
        for guide, half in zip(guides, half_guides, strict=True):
            _halve(guide, outer.start, rows, half)
        for number, share in enumerate(shares([guide[inner] for guide in guides])):
            small = _halve(layers[number], outer.start, rows, halves[number])
            band = layers[number][inner] - _enlarged(small, outer.start // 2, rows, shape)
            band *= spread(share, band)
            result[rows] = band if number == 0 else np.add(result[rows], band, out=band)

    each(make, strips(*shape[:2]))

    def rest(rows: slice) -> tuple[Planes, Planes]:
        return [half[rows] for half in halves], [half[rows] for half in half_guides]

    smaller = blended(rest, counts, (*size, *shape[2:]), shares, last, levels - 1)
    del halves[:], half_guides[:]
    each(lambda rows: np.add(result[rows], _enlarged(smaller, 0, rows, shape), out=result[rows]), strips(*shape[:2]))
    return result


def _halve(plane: np.ndarray, start: int, rows: slice, half: np.ndarray) -> np.ndarray:
    """The next level of a plane's rows from `start` on; what it has of `rows` is put into `half`, the whole of it."""
    import cv2

    small = cv2.pyrDown(plane)
    place = slice(rows.start // 2, (rows.stop + 1) // 2)
    half[place] = small[place.start - start // 2 : place.stop - start // 2]
    return small


def _enlarged(small: np.ndarray, start: int, rows: slice, shape: tuple[int, ...]) -> np.ndarray:
    """`rows` of a level of `shape` from the next one, of which `small` are the rows from `start` on."""
    import cv2

    around, _ = grown(slice(rows.start // 2, (rows.stop + 1) // 2), 1, (shape[0] + 1) // 2)
    top, bottom = 2 * around.start, min(2 * around.stop, shape[0])
    large = cv2.pyrUp(small[around.start - start : around.stop - start], dstsize=(shape[1], bottom - top))
    return large[rows.start - top : rows.stop - top]


def spread(share: np.ndarray, band: np.ndarray) -> np.ndarray:
    """A share (h, w) for each channel of a band, three times as fast as by NumPy's rules of broadcasting."""
    import cv2

    return share if band.ndim == 2 else cv2.merge([share] * band.shape[2])


def filled(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The values (h, w) or (h, w, C) float32, where their `weight` (h, w) in [0, 1] is below 1 mixed with those around.

    By push-pull (Gortler et al. 1996, "The Lumigraph"): pulling averages what is known over ever larger squares,
    pushing fills what is not known from the next larger square.

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

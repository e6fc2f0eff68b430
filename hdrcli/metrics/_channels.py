"""Pictures as the formulas want them: float64, a strip or a channel at a time, so that large ones need little room."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from hdrcli import transfer

Plane = np.ndarray

STRIP = 256
"""Rows that are looked at at a time."""

GREY_WEIGHTS = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])
"""Grey of R, G and B as MATLAB's rgb2gray takes it, which the published programs call."""


def white_at_most(linear: np.ndarray) -> np.ndarray:
    """Linear light in float64, what is above white as white."""
    return np.minimum(linear.astype(np.float64), 1.0)


def compressed(linear: np.ndarray) -> np.ndarray:
    """Linear light, at most white, by the mu-law: float64 in [0, 1]."""
    return transfer.mu_law(white_at_most(linear))


def levels(display: np.ndarray) -> np.ndarray:
    """A display picture in levels of 0 to 255, float64; whole numbers where the file had 8 bits."""
    return (display * display.dtype.type(255)).astype(np.float64)


def plane(image: np.ndarray, ready: Callable[[np.ndarray], np.ndarray]) -> Plane:
    """The (H, W) float64 plane that `ready` makes of an image, strip by strip."""
    made = np.empty(image.shape[:2])
    for top in range(0, image.shape[0], STRIP):
        made[top : top + STRIP] = ready(image[top : top + STRIP])
    return made


def grey(display: np.ndarray) -> Plane:
    """(H, W) grey levels of a display picture, rounded to whole ones as rgb2gray rounds, float64."""
    return plane(display, lambda strip: np.floor(levels(strip) @ GREY_WEIGHTS + 0.5))


def strips(
    one: np.ndarray, other: np.ndarray, ready: Callable[[np.ndarray], np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Two pictures strip by strip, each made `ready`."""
    for top in range(0, one.shape[0], STRIP):
        rows = slice(top, top + STRIP)
        yield ready(one[rows]), ready(other[rows])


def channels(
    one: np.ndarray, other: np.ndarray, ready: Callable[[np.ndarray], np.ndarray]
) -> Iterator[tuple[Plane, Plane]]:
    """Two pictures channel by channel, each (H, W) plane made `ready`."""
    for channel in range(one.shape[2]):
        yield ready(one[..., channel]), ready(other[..., channel])

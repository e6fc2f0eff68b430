"""What differences are seen in a band where there is contrast already: of its own, across it, and of other sizes."""

from __future__ import annotations

import cv2
import numpy as np

from hdrcli.metrics._hdrvdp2.filtering import resized
from hdrcli.metrics._hdrvdp2.pyramid import Bands

_EXCITATION = 10**0.544068
"""The exponent of the transducer, p of the paper."""

_MASKING = 10**0.49576
"""The exponent of what masks, q of the paper."""

_SELF, _ACROSS, _NEIGHBOURS = 10**0.189065, 10**0.449199, 10**1.52512
"""What contrast in the same sub-band, in other orientations and in the bands beside it counts."""

_PSYCHOMETRIC = 3.5 / _EXCITATION
"""What is left of the psychometric function's slope after the transducer's."""


def scale(band: int) -> float:
    """How much larger the amplitudes of a band are than those of the first two: each level of the pyramid doubles."""
    return 2.0 ** (band - 1)


def mutual(test: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The contrast (H, W) that both pictures have in a sub-band, around each pixel; outside it there is none."""
    both = np.minimum(np.abs(test), np.abs(reference))
    return cv2.boxFilter(both, cv2.CV_64F, (3, 3), borderType=cv2.BORDER_CONSTANT)


class Differences:
    """The differences of two pictures, band by band, and the contrast that masks them."""

    def __init__(self, test: Bands, reference: Bands) -> None:
        """The bands of both pictures; those of `test` become the differences, so that memory suffices."""
        self._mutual = [
            [mutual(*pair) for pair in zip(mine, theirs, strict=True)]
            for mine, theirs in zip(test, reference, strict=True)
        ]
        for mine, theirs in zip(test, reference, strict=True):
            for one, other in zip(mine, theirs, strict=True):
                np.subtract(one, other, out=one)
        self._plain = test

    def __len__(self) -> int:
        return len(self._plain)

    def size(self, band: int) -> tuple[int, int]:
        """Height and width of a band, which are numbered from 1."""
        height, width = self._plain[band - 1][0].shape
        return height, width

    def seen(self, band: int, noise: np.ndarray | float) -> list[np.ndarray]:
        """The differences (H, W) of each sub-band of a band as they are seen: 1 is at the threshold; with their signs.

        `noise` is what hides a contrast that stands alone, the inverse of the sensitivity.
        """
        masks = self._mutual[band - 1]
        total = sum(masks, np.zeros(self.size(band)))
        found = []
        for index, (plain, own) in enumerate(zip(self._plain[band - 1], masks, strict=True)):
            across = np.maximum(total - own, 0)
            hidden = self._hidden(band, own, across, self._beside(band, index), noise)
            hidden **= 2
            hidden += noise ** (2 * _EXCITATION)
            excited = _excited(plain, scale(band), _EXCITATION)
            excited /= np.sqrt(hidden, out=hidden)
            found.append(excited)
        return found

    def _hidden(
        self, band: int, own: np.ndarray, across: np.ndarray, beside: np.ndarray, noise: np.ndarray | float
    ) -> np.ndarray:
        strength = scale(band)
        masked = _SELF * (own / (noise * strength)) ** _MASKING
        masked += _ACROSS * (across / (noise * strength)) ** _MASKING
        masked += _NEIGHBOURS * (beside / noise) ** _MASKING
        masked *= strength
        return masked

    def _beside(self, band: int, orientation: int) -> np.ndarray:
        """Contrast of the bands above and below. The base is masked by the level above it, but masks none."""
        size = self.size(band)
        found = np.zeros(size)
        if band > 1:
            found += self._neighbour(band - 1, orientation, size) / (scale(band) / 2)
        if band <= len(self) - 2:
            found += self._neighbour(band + 1, orientation, size) / (scale(band) * 2)
        return found

    def _neighbour(self, band: int, orientation: int, size: tuple[int, int]) -> np.ndarray:
        subs = self._mutual[band - 1]
        return np.maximum(resized(subs[min(orientation, len(subs) - 1)], size), 0)


def detected(differences: list[np.ndarray], band: int) -> list[np.ndarray]:
    """What the psychometric function, with the slope that people have, makes of differences."""
    return [_excited(one, scale(band), _PSYCHOMETRIC) for one in differences]


def _excited(difference: np.ndarray, strength: float, power: float) -> np.ndarray:
    excited = np.abs(difference)
    excited /= strength
    excited **= power
    excited *= strength
    return np.copysign(excited, difference, out=excited)

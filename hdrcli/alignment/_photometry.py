"""Two frames of different exposure as one picture: by matching histograms, without times or response.

Where nothing moved far, equal light has the same rank in both histograms, so ranks give the tone curve from the darker
frame's values to the brighter one's (Grossberg & Nayar 2003, "What Can Be Known about the Radiometric Response from
Images?"). Comparing and matching features then need no thought of exposure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hdrcli.image import Exposure
from hdrcli.noise import PHOTON_VARIANCE, READ_NOISE
from hdrcli.sampling import averaged
from hdrcli.transfer import linear_to_srgb

WORKING_SIDE = 1024
"""Frames are compared at a long side of at most so many pixels."""

DARKEST, BRIGHTEST = 5, 252
"""8-bit luma between which a frame says something: below is noise, above saturation."""

CLEAR = 3.0
"""Standard deviations of noise that a pixel of a RAW frame must have to say something."""

COARSEST_STEP = 8.0
"""A value of the darker frame that stands for a wider range of the brighter one's is too coarse to compare."""


LEAST_CONTRAST = 3.0
"""Contrast, in 8-bit luma and in standard deviations of noise, that local contrast is evened out down to."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Luma of a frame, (h, w) float32 sRGB-encoded in [0, 255], with `scale` <= 1 working pixels per full pixel.

    Below `darkest` it is noise.
    """

    luma: np.ndarray
    scale: float
    darkest: float = DARKEST

    @property
    def _to_working(self) -> np.ndarray:
        # Area thinning puts working pixel x at full pixel (x + 0.5) / scale - 0.5.
        offset = 0.5 * self.scale - 0.5
        return np.array([[self.scale, 0, offset], [0, self.scale, offset], [0, 0, 1]])

    def full_size(self, warp: np.ndarray) -> np.ndarray:
        """A homography between working pixels as one between full pixels; pixel centres are at whole numbers."""
        return np.linalg.inv(self._to_working) @ warp @ self._to_working

    def working_size(self, warp: np.ndarray) -> np.ndarray:
        """A homography between full pixels as one between working pixels."""
        return self._to_working @ warp @ np.linalg.inv(self._to_working)

    def largest_shift(self, warp: np.ndarray) -> float:
        """How far `warp`, between full pixels, moves the corner of the full frame that it moves most, in pixels."""
        return corner_shift(warp, tuple(np.array(self.luma.shape) / self.scale))


@dataclass(frozen=True, eq=False)
class Pair:
    """A still frame and the one that may have moved against it, in the brighter one's tones.

    `still` and `moved` are (h, w) float32 luma in [0, 255]; the masks, (h, w) bool, say where each says something.
    `step` is the difference that one value of the darker frame makes here.
    """

    still: np.ndarray
    moved: np.ndarray
    still_mask: np.ndarray
    moved_mask: np.ndarray
    step: float

    @property
    def overlap(self) -> float:
        """The share of pixels in which both frames say something."""
        return float(min(self.still_mask.mean(), self.moved_mask.mean()))

    def with_white(self) -> Pair:
        """The pair where white says something, too: in common tones both frames are white in one place."""
        everywhere = np.ones_like(self.still_mask)
        return replace(self, still_mask=everywhere, moved_mask=everywhere)


def corner_shift(warp: np.ndarray, shape: tuple[float, ...]) -> float:
    """How far `warp` moves the corner, of a picture of (height, width) pixels, that it moves most."""
    height, width = shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]]).T
    moved = warp @ corners
    if (moved[2] <= 0).any():
        return np.inf
    return float(np.hypot(*(moved[:2] / moved[2] - corners[:2])).max())


def similarity(warp: np.ndarray, shape: tuple[int, int], scaled: bool = True) -> np.ndarray:
    """The shift, turn and, if `scaled`, scale that come nearest to `warp` at the corners of a picture.

    `shape` is its (height, width) in pixels.
    """
    height, width = shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]]).T
    moved = warp @ corners
    places, seen = corners[0] + 1j * corners[1], (moved[0] + 1j * moved[1]) / moved[2]
    around = places - places.mean()
    turn = around.conj() @ seen / (around.conj() @ around)
    turn = turn if scaled else turn / abs(turn)
    shift = seen.mean() - turn * places.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag], [0, 0, 1]])


def picture(exposure: Exposure) -> Picture:
    """The picture of a frame in which alignment looks for displacement."""
    import cv2

    width, height = exposure.size
    scale = min(1.0, WORKING_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = averaged(exposure, size) if scale < 1 else exposure.pixels
    if exposure.encoding == "linear":
        pixels = linear_to_srgb(np.clip(pixels, 0, 1))
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    return Picture(np.clip(grey, 0, 1) * np.float32(255), scale, _darkest(exposure, scale))


def _darkest(exposure: Exposure, scale: float) -> float:
    """The luma from which a thinned frame rises above its noise by CLEAR: the root of L = CLEAR sqrt(variance(L))."""
    noise = exposure.noise
    if noise is None and exposure.saturated is None:  # no RAW frame: its noise has been clipped at black and coded
        return DARKEST
    shot, read = np.square(CLEAR * scale) * np.array(noise or (PHOTON_VARIANCE, READ_NOISE**2), np.float32)
    level = shot / 2 + np.sqrt(shot**2 / 4 + read)
    return max(DARKEST, 255 * float(linear_to_srgb(level)))


def pair(still: Picture, moved: Picture) -> Pair:
    """Two pictures of one size in common tones."""
    if still.luma.mean(dtype=np.float64) >= moved.luma.mean(dtype=np.float64):
        bright, dark = still.luma, moved.luma
    else:
        bright, dark = moved.luma, still.luma
    curve = _tone_curve(dark, bright)
    brightened = np.interp(dark, np.arange(256), curve).astype(np.float32)
    bright_floor, dark_floor = (
        (still.darkest, moved.darkest) if bright is still.luma else (moved.darkest, still.darkest)
    )
    bright_mask = _above(bright, bright_floor) & (bright <= BRIGHTEST)
    steps = np.gradient(curve)[np.round(dark).astype(np.uint8)]
    dark_mask = _above(dark, dark_floor) & (brightened <= BRIGHTEST) & (steps <= COARSEST_STEP)
    step = float(np.median(steps[dark_mask])) if dark_mask.any() else 1.0
    if bright is still.luma:
        return Pair(bright, brightened, bright_mask, dark_mask, step)
    return Pair(brightened, bright, dark_mask, bright_mask, step)


def even_contrast(luma: np.ndarray, frames: Pair) -> np.ndarray:
    """Detail of a luma (h, w) of a pair in units of the local contrast, evened out as far as it is above noise."""
    least = LEAST_CONTRAST * max(1.0, frames.step, _noise(frames.still), _noise(frames.moved))
    return _band(luma, least)


def _noise(luma: np.ndarray) -> float:
    """Standard deviation of noise (Immerkaer 1996, "Fast Noise Variance Estimation", by the median)."""
    import cv2

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    return float(np.median(np.abs(cv2.filter2D(luma, cv2.CV_32F, kernel)))) * 1.4826 / 6


def _band(luma: np.ndarray, least: float) -> np.ndarray:
    """Detail of a picture in units of the local contrast, without slow gradients: vignetting and tone make those."""
    import cv2

    detail = cv2.GaussianBlur(luma, (0, 0), 0.8) - cv2.GaussianBlur(luma, (0, 0), 8)
    contrast = np.sqrt(cv2.GaussianBlur(detail**2, (0, 0), 16))
    return detail / (contrast + least)


def _above(luma: np.ndarray, floor: float) -> np.ndarray:
    """Where a picture is above its noise, (h, w) bool: with what is around, for noise itself exceeds its mean."""
    import cv2

    return cv2.GaussianBlur(luma, (0, 0), 1) >= floor


def _tone_curve(dark: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """The value of the brighter frame for each of the 256 of the darker one, (256,) float64, ascending."""
    ranks = []
    for values in (dark, bright):
        histogram = np.bincount(np.round(values).astype(np.uint8).ravel(), minlength=256) / values.size
        ranks.append(np.cumsum(histogram) - histogram / 2)
    return np.interp(ranks[0], ranks[1], np.arange(256))

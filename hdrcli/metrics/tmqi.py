"""TMQI: how well a display picture keeps the structure of the scene it was made from, and how natural it looks.

Yeganeh & Wang, "Objective Quality Assessment of Tone-Mapped Images" (IEEE TIP 2013). Structure (eq. 4-9) compares the
local contrasts of picture and scene on five scales, each first turned into the chance that an eye sees it; naturalness
(eq. 10-13) says how usual the picture's brightness and contrast are among photographs; quality joins both (eq. 15).
The figures are those of the authors' program, version 1.0: levels of 0 to 255 for the picture, 0 to 2^32 - 1 for the
scene, and the luma of the picture weighted as luminance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.errors import MetricError

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""What R, G and B weigh, for the scene and for the encoded picture alike. In float64: float32 costs the ninth digit."""

SCALES = {16.0: 0.0448, 8.0: 0.2856, 4.0: 0.3001, 2.0: 0.2363, 1.0: 0.1333}
"""Spatial frequency in cycles a degree, finest scale first, and the weight of the scale."""

WINDOW = 11
"""Side of the windows and blocks in pixels."""

SIGMA = 1.5
"""Standard deviation of the Gaussian window in pixels."""

LEAST_SIDE = 161
"""Pixels below which the coarsest scale holds no whole window."""

SCENE_WHITE = 2.0**32 - 1
"""The level that the scene's brightest pixel is scaled to."""

FLAT = 1e-7
"""Relative contrast that is none: it is below the precision of float32 files, and what is left of a flat area here."""

C1, C2 = 0.01, 10.0
"""What keeps eq. 4 finite where there is no contrast."""

USUAL_MEAN = (115.94, 27.99)
"""Mean and standard deviation of the brightness of photographs, in levels of 255 (eq. 10)."""

USUAL_CONTRAST = (4.4, 10.1)
"""Shape of the beta distribution of the contrast of photographs (eq. 11)."""

MOST_CONTRAST = 64.29
"""Contrast, in levels of 255, at which that distribution ends."""


@dataclass(frozen=True)
class Tmqi:
    """Quality, structural fidelity and statistical naturalness, each in [0, 1], 1 the best."""

    q: float
    structure: float
    naturalness: float


def tmqi(display: np.ndarray, truth: np.ndarray) -> Tmqi:
    """The index of a picture `display`, (H, W, 3) sRGB-encoded in [0, 1], against its scene `truth`, (H, W, 3) linear.

    `truth` is >= 0 in any unit. Raises MetricError as `tmqi_of_planes` does.
    """
    for name, image in (("picture", display), ("truth", truth)):
        if image.ndim != 3 or image.shape[2] != 3:
            raise MetricError(f"TMQI takes RGB, and the {name} is {image.shape}.", "Pass images of three channels.")
    levels = display * display.dtype.type(255)  # in its own precision, which gives back the whole numbers of 8 bits
    return tmqi_of_planes(levels @ LUMINANCE, truth @ LUMINANCE)


def tmqi_of_planes(picture: np.ndarray, scene: np.ndarray) -> Tmqi:
    """The same of (H, W) float64 planes: the picture's luma in levels of 0 to 255, and the scene's luminance.

    Raises MetricError for planes that are not of one size, smaller than LEAST_SIDE either way, not finite, or outside
    their range, and for a scene without any contrast. A picture whose contrast runs against the scene's on some scale
    has structure 0.
    """
    _check(picture, scene)
    low, high = float(scene.min()), float(scene.max())
    if high - low <= FLAT * high:
        raise MetricError("The truth is one flat colour, which has no structure to keep.", "Pass the scene's own file.")
    # a whole factor, as in the authors' program
    scene = (scene - low) * max(round(SCENE_WHITE / (high - low)), 1)
    structure, natural = _structure(picture, scene), _naturalness(picture)
    return Tmqi(0.8012 * structure**0.3046 + 0.1988 * natural**0.7088, structure, natural)


def _check(picture: np.ndarray, scene: np.ndarray) -> None:
    if picture.shape != scene.shape or picture.ndim != 2:
        raise MetricError(
            f"The picture is {picture.shape[:2]} and the truth {scene.shape[:2]} (height, width).",
            "Pass two images of one size.",
        )
    height, width = picture.shape
    if min(height, width) < LEAST_SIDE:
        raise MetricError(
            f"TMQI needs {LEAST_SIDE} pixels each way for its five scales, and the picture is {width} x {height}.",
            "Pass larger images, or leave tmqi out of --metrics.",
        )
    for name, plane in (("picture", picture), ("truth", scene)):
        if not np.isfinite(plane).all():
            raise MetricError(f"The {name} holds values that are not finite.", "Check the file for NaN and infinity.")
    if picture.min() < 0 or picture.max() > 255.001:
        raise MetricError(
            "The picture's values leave [0, 1].", "TMQI takes a display picture first, then the linear truth."
        )
    if scene.min() < 0:
        raise MetricError("The truth has negative luminance.", "Pass linear light, not a difference or a logarithm.")


def _structure(picture: np.ndarray, scene: np.ndarray) -> float:
    """Product over the scales of the mean local fidelity, to the power of the scale's weight (eq. 9)."""
    product = 1.0
    for frequency, weight in SCALES.items():
        product *= max(float(_fidelity(picture, scene, frequency).mean()), 0.0) ** weight
        picture, scene = _halved(picture), _halved(scene)
    return product


def _fidelity(picture: np.ndarray, scene: np.ndarray, frequency: float) -> np.ndarray:
    """Fidelity of each window that lies wholly inside, (H - 10, W - 10), at most 1 (eq. 4)."""
    mean_p, mean_s = _windowed(picture), _windowed(scene)
    deviation_p, deviation_s = _deviation(picture, mean_p), _deviation(scene, mean_s)
    both = _windowed(picture * scene) - mean_p * mean_s
    seen_p, seen_s = _visible(deviation_p, frequency), _visible(deviation_s, frequency)
    contrast = (2 * seen_p * seen_s + C1) / (seen_p * seen_p + seen_s * seen_s + C1)
    return contrast * (both + C2) / (deviation_p * deviation_s + C2)


def _deviation(plane: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Standard deviation of each window; exactly 0 in flat ones, where rounding alone, at levels of 2^32, makes 60."""
    squared = mean * mean
    variance = _windowed(plane * plane) - squared
    return np.sqrt(np.where(variance > FLAT**2 * squared, variance, 0))


def _visible(deviation: np.ndarray, frequency: float) -> np.ndarray:
    """The chance that a contrast is seen (eq. 5-8), with the eye's sensitivity of Mannos & Sakrison (1974)."""
    import torch

    sensitivity = 260 * (0.0192 + 0.114 * frequency) * math.exp(-((0.114 * frequency) ** 1.1))
    threshold = 128 / (1.4 * sensitivity)
    return torch.special.ndtr(torch.from_numpy(3 * (deviation / threshold - 1))).numpy()


def _windowed(plane: np.ndarray) -> np.ndarray:
    """Gaussian-weighted mean of each WINDOW x WINDOW window that lies wholly inside."""
    import cv2

    line = cv2.getGaussianKernel(WINDOW, SIGMA, cv2.CV_64F)
    rim = WINDOW // 2
    return cv2.sepFilter2D(plane, cv2.CV_64F, line, line)[rim:-rim, rim:-rim]


def _halved(plane: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels; an odd last row or column counts twice."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    return even.reshape((height + 1) // 2, 2, (width + 1) // 2, 2).mean((1, 3))


def _naturalness(picture: np.ndarray) -> float:
    """How usual the brightness and the contrast of the picture are, each 1 where most usual (eq. 10-13)."""
    centre, spread = USUAL_MEAN
    brightness = math.exp(-((float(picture.mean()) - centre) ** 2) / (2 * spread**2))
    contrast = _block_contrast(picture) / MOST_CONTRAST
    if not 0 < contrast < 1:
        return 0.0
    a, b = USUAL_CONTRAST
    mode = (a - 1) / (a + b - 2)
    return brightness * (contrast / mode) ** (a - 1) * ((1 - contrast) / (1 - mode)) ** (b - 1)


def _block_contrast(picture: np.ndarray) -> float:
    """Mean standard deviation of WINDOW x WINDOW blocks; those over the edge are filled with 0, and count less."""
    height, width = picture.shape
    rows, columns = -(-height // WINDOW), -(-width // WINDOW)
    padded = np.pad(picture, ((0, rows * WINDOW - height), (0, columns * WINDOW - width)))
    blocks = padded.reshape(rows, WINDOW, columns, WINDOW).std((1, 3), ddof=1)
    down = np.minimum(WINDOW, height - WINDOW * np.arange(rows))
    across = np.minimum(WINDOW, width - WINDOW * np.arange(columns))
    return float(down @ blocks @ across) / (height * width)


def _measure(comparison: Comparison) -> tuple[float, ...]:
    index = tmqi(comparison.prediction, comparison.reference)
    return index.q, index.structure, index.naturalness


METRIC = Metric(
    measure=_measure,
    figures=("tmqi", "tmqi_s", "tmqi_n"),
    compares=("tone-mapped",),
    best=None,
    summary="Tone-mapped image quality index Q, its structural fidelity S and naturalness N, each 0 to 1.",
    variant="TMQI.m 1.0: windows wholly inside, luma of the encoded picture, levels of 0 to 255",
    source="Yeganeh & Wang, IEEE TIP 2013",
)

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
from hdrcli.metrics import _channels, _scales, _windows

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""What R, G and B weigh, for the scene and for the encoded picture alike. In float64: float32 costs the ninth digit."""

FREQUENCIES = (16.0, 8.0, 4.0, 2.0, 1.0)
"""Spatial frequency of each scale in cycles a degree, finest first."""

BLOCK = 11
"""Side of the blocks in pixels that contrast is measured in."""

LEAST_SIDE = _scales.least_side(len(FREQUENCIES))
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
    picture = _channels.plane(display, lambda strip: _channels.levels(strip) @ LUMINANCE)
    return tmqi_of_planes(picture, _channels.plane(truth, lambda strip: strip @ LUMINANCE))


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
    scene = scene - low
    scene *= max(round(SCENE_WHITE / (high - low)), 1)
    structure, natural = _structure(picture, scene), _naturalness(picture)
    return Tmqi(0.8012 * structure**0.3046 + 0.1988 * natural**0.7088, structure, natural)


def _check(picture: np.ndarray, scene: np.ndarray) -> None:
    if picture.shape != scene.shape or picture.ndim != 2:
        raise MetricError(
            f"The picture is {picture.shape[:2]} and the truth {scene.shape[:2]} (height, width).",
            "Pass two images of one size.",
        )
    _windows.check_size(picture, LEAST_SIDE, "TMQI", "tmqi")
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
    means = []
    for scale, frequency in enumerate(FREQUENCIES):
        if scale:
            picture, scene = _scales.halved(picture), _scales.halved(scene)
        strips = _windows.strips(_windows.SIDE, picture, scene)
        means.append(_windows.overall(_fidelity(p, s, frequency) for p, s in strips))
    return _scales.product(means, _scales.WEIGHTS)


def _fidelity(picture: np.ndarray, scene: np.ndarray, frequency: float) -> np.ndarray:
    """Fidelity of each window that lies wholly inside, (H - 10, W - 10), at most 1 (eq. 4)."""
    mean_p, mean_s = _windows.means(picture), _windows.means(scene)
    deviation_p, deviation_s = _deviation(picture, mean_p), _deviation(scene, mean_s)
    both = _windows.means(picture * scene) - mean_p * mean_s
    seen_p, seen_s = _visible(deviation_p, frequency), _visible(deviation_s, frequency)
    contrast = (2 * seen_p * seen_s + C1) / (seen_p * seen_p + seen_s * seen_s + C1)
    return contrast * (both + C2) / (deviation_p * deviation_s + C2)


def _deviation(plane: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Standard deviation of each window; exactly 0 in flat ones, where rounding alone, at levels of 2^32, makes 60."""
    squared = mean * mean
    variance = _windows.means(plane * plane) - squared
    return np.sqrt(np.where(variance > FLAT**2 * squared, variance, 0))


def _visible(deviation: np.ndarray, frequency: float) -> np.ndarray:
    """The chance that a contrast is seen (eq. 5-8), with the eye's sensitivity of Mannos & Sakrison (1974)."""
    import torch

    sensitivity = 260 * (0.0192 + 0.114 * frequency) * math.exp(-((0.114 * frequency) ** 1.1))
    threshold = 128 / (1.4 * sensitivity)
    return torch.special.ndtr(torch.from_numpy(3 * (deviation / threshold - 1))).numpy()


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
    """Mean standard deviation of BLOCK x BLOCK blocks; those over the edge are filled with 0, and count less."""
    height, width = picture.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    padded = np.pad(picture, ((0, rows * BLOCK - height), (0, columns * BLOCK - width)))
    blocks = padded.reshape(rows, BLOCK, columns, BLOCK).std((1, 3), ddof=1)
    down = np.minimum(BLOCK, height - BLOCK * np.arange(rows))
    across = np.minimum(BLOCK, width - BLOCK * np.arange(columns))
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

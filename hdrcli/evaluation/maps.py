"""Pictures of where a prediction is wrong: a map of each metric's error with its scale, and the worst part of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from hdrcli import disk, transfer
from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.evaluation.pairing import Pair
from hdrcli.inputs import Inputs

CROP = 256
"""Side of the worst part in pixels, shown at 100 %."""

_BAR, _TEXT = 48, 0.45
"""Height of the scale below a map in pixels, and the size of its letters."""


class Maps:
    """Draws into a folder: hand it to `evaluate` as `draw`. Maps that would replace one of `inputs` are refused."""

    def __init__(self, folder: Path, inputs: Iterable[Path] = ()) -> None:
        self._folder, self._inputs = folder, Inputs(inputs)

    def __call__(self, pair: Pair, name: str, metric: Metric, comparison: Comparison) -> None:
        """Write <scene>[-<model>]-<metric>.png, the map, and …-worst.png: prediction, truth and map of the worst part.

        Nothing for a metric that draws no map. Raises WriteError.
        """
        if metric.error_map is None:
            return
        errors = metric.error_map(comparison)
        top = scale_top(errors)
        stem = "-".join(part for part in (pair.name, pair.model, name) if part)
        drawn = coloured(errors, top)
        worst = worst_part(errors)
        shown = [_shown(image, comparison)[worst] for image in _images(comparison)]
        made = {
            self._folder / f"{stem}.png": _png(with_scale(drawn, top, f"{name}, error {metric.map_unit}")),
            self._folder / f"{stem}-worst.png": _png(np.concatenate([*shown, drawn[worst]], axis=1)),
        }
        for target in made:
            self._inputs.refuse(target, "Pass another --maps folder.")
        disk.write_all(made)


def scale_top(errors: np.ndarray) -> float:
    """The error that the scale ends at: 1, 2 or 5 times a power of ten that one pixel in a thousand exceeds at most."""
    high = float(np.percentile(errors, 99.9))
    if high <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(high))
    return next(
        step * power for step in (1, 2, 5, 10) if step * power >= high * (1 - 1e-6)
    )  # float32 may be just above


def coloured(errors: np.ndarray, top: float) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a map: 0 is black, `top` and more light yellow.

    The colours are those of "inferno", whose steps look equal (Smith & van der Walt 2015).
    """
    import cv2

    levels = np.rint(np.clip(errors / top, 0, 1) * 255).astype(np.uint8)
    return cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1]


def with_scale(picture: np.ndarray, top: float, words: str) -> np.ndarray:
    """A map with its scale and what it counts in printed below."""
    import cv2

    width = picture.shape[1]
    bar = np.zeros((_BAR, width, 3), np.uint8)
    bar[4:16] = coloured(np.linspace(0, 1, width)[None], 1.0)
    for place, text in ((4, "0"), (max(4, width - 64), f"{top:g}"), (max(4, width // 2 - 20), f"{top / 2:g}")):
        cv2.putText(bar, text, (place, 29), cv2.FONT_HERSHEY_SIMPLEX, _TEXT, (255, 255, 255), 1, cv2.LINE_AA)
    cv2.putText(bar, words, (4, 44), cv2.FONT_HERSHEY_SIMPLEX, _TEXT, (255, 255, 255), 1, cv2.LINE_AA)
    return np.concatenate([picture, bar])


def worst_part(errors: np.ndarray) -> tuple[slice, slice]:
    """The CROP x CROP part, or as much as there is, with the greatest mean error."""
    height, width = (min(CROP, side) for side in errors.shape)
    top, left, _ = strongest(errors, height, width)
    return slice(top, top + height), slice(left, left + width)


def strongest(weights: np.ndarray, height: int, width: int) -> tuple[int, int, float]:
    """Top and left of the window of (h, w) weights whose mean is greatest, and how far it is above the least one's."""
    import cv2

    means = cv2.boxFilter(weights, cv2.CV_64F, (width, height), anchor=(0, 0), borderType=cv2.BORDER_REFLECT)
    inside = means[: weights.shape[0] - height + 1, : weights.shape[1] - width + 1]
    top, left = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return int(top), int(left), float(inside.max() - inside.min())


def _images(comparison: Comparison) -> tuple[np.ndarray, ...]:
    """The images to show beside a map: of frames, the middle one stands for the truth."""
    if comparison.kind == "fused":
        return comparison.prediction, comparison.frames[len(comparison.frames) // 2]
    return comparison.prediction, comparison.reference


def _shown(image: np.ndarray, comparison: Comparison) -> np.ndarray:
    """(H, W, 3) uint8 of an image to look at: pictures as they are, light by the mu-law."""
    is_light = comparison.kind == "linear" or (comparison.kind == "tone-mapped" and image is comparison.reference)
    encoded = transfer.mu_law(np.clip(image, 0, 1)) if is_light else np.clip(image, 0, 1)
    return np.rint(encoded * 255).astype(np.uint8)


def _png(picture: np.ndarray) -> bytes:
    import cv2

    return cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()

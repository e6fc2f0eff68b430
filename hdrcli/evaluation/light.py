"""The light of a file for a metric: what no metric can take is made good, and said."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from hdrcli import readers
from hdrcli.errors import MetricError, UsageError

Gain = Literal["none", "lsq"]


def read(path: Path, notes: list[str]) -> np.ndarray:
    """The light of a scene-referred file, (H, W, 3) float32 >= 0 and finite.

    NaN and what is below 0 count as 0, infinite values as the largest finite one; how many there were is added to
    `notes`. Raises ReadError, and MetricError for a file without a finite value.
    """
    light = readers.read_light(path)
    finite = np.isfinite(light)
    if not finite.any():
        raise MetricError(f"{path} holds no finite value.", "Check how it was made.")
    negative, infinite, nan = int((light < 0).sum()), int(np.isposinf(light).sum()), int(np.isnan(light).sum())
    if not (negative or infinite or nan):
        return light
    for count, what in ((nan, "NaN count as 0"), (negative, "below 0 count as 0")):
        if count:
            notes.append(f"{path}: {count} values {what}")
    if infinite:
        notes.append(f"{path}: {infinite} infinite values count as its largest finite one")
    top = float(light[finite].max())
    return np.clip(np.nan_to_num(light, nan=0.0, posinf=top, neginf=0.0), 0, None)


def white_of(truth: np.ndarray, path: Path, white: float | Literal["auto"] | None) -> float:
    """What both images are divided by: `white`, the truth's maximum for "auto", 1 for None.

    Raises MetricError for a truth that is above 1 without a white, or black with "auto".
    """
    top = float(truth.max())
    if white == "auto":
        if top <= 0:
            raise MetricError(f"{path} is black.", "Name the file of the scene.")
        return top
    if white is not None:
        return white
    if top > 1:
        raise MetricError(
            f"{path} goes up to {top:.6g}, and the metrics of linear light take 1 as white.",
            "Pass --white auto (its maximum) or --white V: both images are divided by it.",
        )
    return 1.0


def check_white(white: float | str | None) -> None:
    """Raise UsageError for what is no white."""
    if white is None or white == "auto" or (isinstance(white, (int, float)) and 0 < white < np.inf):
        return
    raise UsageError(f"--white {white} is no level of white.", "Pass a number above 0, or auto.")


def gain_of(prediction: np.ndarray, truth: np.ndarray, kind: Gain) -> float:
    """The one scalar that brings a prediction closest to its truth (least squares over all values), or 1."""
    if kind == "none":
        return 1.0
    a, b = prediction.ravel(), truth.ravel()
    power = sum(float(np.dot(x, x)) for x in _blocks(a))
    both = sum(float(np.dot(x, y)) for x, y in zip(_blocks(a), _blocks(b), strict=True))
    return both / power if power > 0 else 1.0


def _blocks(values: np.ndarray) -> list[np.ndarray]:
    """Float64 blocks of at most a million values."""
    return [values[i : i + 1_000_000].astype(np.float64) for i in range(0, values.size, 1_000_000)]

"""Histograms as SVG paths: the levels of a picture, and the light of a scene in stops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdrcli import transfer
from hdrcli.page.contents import Range, Span
from hdrcli.sampling import sample

BINS = 64
"""Of a picture's levels; the path is so wide and 1 high."""

PER_STOP = 4
"""Bins of a scene's light for each stop."""

_HOLDS = 9.3
"""Stops below white down to which a frame is not black (`exposure.lost`)."""

_WIDEST = 24


def levels(encoded: np.ndarray) -> tuple[str, str, str]:
    """The paths of the red, green and blue levels of a display picture (H, W, 3) in [0, 1].

    Heights are square roots of counts, up to the largest of the three but for black and white, which may go beyond.
    """
    some = sample(encoded)
    counts = [np.histogram(some[..., c], BINS, (0, 1))[0] for c in range(3)]
    top = max(int(one[1:-1].max()) for one in counts) or max(int(one.max()) for one in counts)
    red, green, blue = (_path(np.sqrt(np.minimum(one / top, 1))) for one in counts)
    return red, green, blue


def light(pixels: np.ndarray, frames: Sequence[tuple[str, float]]) -> Range | None:
    """The luminance of light (H, W, 3) in stops from 1.0, and what frames of such stops hold of it.

    Darkest and brightest thousandths of the pixels may lie beyond the axis. None where all is black.
    """
    luminance = transfer.luminance(sample(pixels))
    shown = np.log2(luminance[luminance > 0])
    if not len(shown):
        return None
    low, high = (float(one) for one in np.percentile(shown, (0.1, 99.9)))
    highest = int(np.ceil(max(high, 0.0) + 0.5))
    lowest = max(int(np.floor(min(low, -2.0) - 0.5)), highest - _WIDEST)
    counts = np.histogram(np.clip(shown, lowest, highest), (highest - lowest) * PER_STOP, (lowest, highest))[0]
    words = f"{high - low:.1f} stops between the darkest and the brightest thousandth of the pixels"
    words += "; the bars show where each frame holds detail" if frames else ""
    found = Range(_path(np.sqrt(counts / counts.max())), lowest, highest, (), words)
    spans = tuple(
        Span(name, max(0.0, found.percent(-stops - _HOLDS)), min(100.0, found.percent(-stops)))
        for name, stops in frames
    )
    return Range(found.path, lowest, highest, tuple(span for span in spans if span.end > span.start), words)


def _path(heights: np.ndarray) -> str:
    """Steps of width 1 and the given heights in [0, 1], drawn downwards from the top, 100 high."""
    steps = "".join(f"V{100 - round(100 * float(height), 1):g}h1" for height in heights)
    return f"M0 100{steps}V100z"

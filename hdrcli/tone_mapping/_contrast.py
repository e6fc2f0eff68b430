"""The contrast and colour that cameras give a picture, and that undoing their curves has taken from it.

The middle frames of brackets were held against the light of their merges: their tone curves have a slope of 1.3 to 1.7
in the shadows, of about 1.3 at middle grey and of 0.8 near white, in logarithms, and their colours 1.1 to 1.5 times the
saturation. A picture without these is flat.

A toe brings back to black what compression has lifted; a curve in logits, which reaches neither black nor white, is
steeper about middle grey; and where the slope is more than 1, colours gain as much saturation as a curve of each
channel by itself would give them, but keep their hue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdrcli import transfer
from hdrcli.tone_mapping._colour import saturation_scale

MIDDLE = 0.18
"""Display light that stays."""

SLOPE, EASE = 1.35, 1.5
"""Of the curve in logits below middle grey; and logits above it over which the slope falls to 1. Highlights that are
compressed already would burn."""

BLACKEST = 2.0**-6.25
"""Display light that shadows are brought back to at most."""

MOST_TOE, DARKENED = 0.08, 2.0**0.4
"""The toe at most, and by how much it may darken the darkest quarter of the picture."""

LEAST, MOST, BY_LESS = 0.75, 1.35, 0.3
"""Factors of saturation, and how much of the slope's share counts where it is less than 1."""

OVERALL = 1.05
"""Saturation of all colours: prints are seen in surroundings darker than the scene's."""

NOISY = (0.004, 0.034)
"""Display light under which colours are noise, which is not made stronger, and from which they are not."""

STEPS = 1 << 16
"""Square roots of display light that the curve is tabulated for."""


@dataclass(frozen=True)
class Contrast:
    """The curve of one picture, or of several that agree; `toe` is from 0, which is none."""

    toe: float = 0.0

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """Display light and factor of saturation, (STEPS,) float32 each, of the square roots of light from 0 to 1."""
        x = np.linspace(0, 1, STEPS) ** 2
        x[0] = x[1] / 4
        toed = np.minimum(x * x * (1 + self.toe) / (x + self.toe), 1 - 1e-7)
        logit = np.log(toed / (1 - toed)) - np.log(MIDDLE / (1 - MIDDLE))
        above = np.maximum(logit, 0)
        bent = np.where(logit < 0, SLOPE * logit, above + (SLOPE - 1) * EASE * (1 - np.exp(-above / EASE)))
        rise = np.where(logit < 0, SLOPE, 1 + (SLOPE - 1) * np.exp(-above / EASE))
        shown = MIDDLE / (MIDDLE + (1 - MIDDLE) * np.exp(-bent))
        slope = rise * (1 - shown) / (1 - toed) * (1 + self.toe / (x + self.toe))
        factor = np.clip(1 + np.where(slope > 1, 1.0, BY_LESS) * (slope - 1), LEAST, MOST)
        factor = OVERALL * (1 + (factor - 1) * (1 - transfer.fading(x, NOISY)))
        shown[0] = 0
        return shown.astype(np.float32), factor.astype(np.float32)


def contrast(light: np.ndarray, shadows: float, strength: float) -> Contrast:
    """The contrast of a picture of display light (N,) whose shadows would be at `shadows` had nothing been compressed.

    Shadows that were not lifted have no toe: fog stays fog. `strength`, from -1 to 1, is that of the compression; the
    more is asked for, the more of its shadows stays open.
    """
    if not light.size:
        return Contrast()
    low, quarter = (float(one) for one in np.quantile(light, (0.01, 0.25)))
    wanted = min(max(min(shadows, low), BLACKEST), low)
    if low <= wanted:
        return Contrast()
    toe = low * (low - wanted) / (wanted - low * low) if wanted > low * low else np.inf
    room = 1 - DARKENED * quarter
    most = min(MOST_TOE, quarter * (DARKENED - 1) / room if room > 0 else np.inf)
    return Contrast(min(toe, most) * (1 - max(strength, 0.0)))


def coloured(linear: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) with their saturation times `factor` (H, W); their luminance stays, and none falls below 0."""
    grey = transfer.luminance(linear)[..., None]
    return grey + (linear - grey) * saturation_scale(linear, grey, factor[..., None])

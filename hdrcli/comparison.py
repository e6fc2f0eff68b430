"""What a metric is given: a prediction, what it is judged by, and how both are looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Kind = Literal["linear", "display", "tone-mapped", "fused"]
"""What is held against what.

linear: linear light against linear light. display: a display picture against another. tone-mapped: a display picture
against the linear scene it shows. fused: a display picture against the frames it was fused from.
"""


@dataclass(frozen=True)
class Viewing:
    """How pictures are looked at, for the metrics that model an eye.

    `peak_luminance` is the luminance of linear 1.0 in cd/m^2; `pixels_per_degree` of visual angle; `display` names a
    display model of ColorVideoVDP, None for the metric's own choice.
    """

    peak_luminance: float = 1000.0
    pixels_per_degree: float = 30.0
    display: str | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """A `prediction`, (H, W, 3), and its `truth`: an image of the same size, or for "fused" the frames as a tuple.

    Linear images are >= 0 and finite, in float32 or float64, with 1.0 the white that the user named; display pictures
    are sRGB-encoded in [0, 1].
    """

    kind: Kind
    prediction: np.ndarray
    truth: np.ndarray | tuple[np.ndarray, ...]
    viewing: Viewing = field(default_factory=Viewing)

    @property
    def reference(self) -> np.ndarray:
        """The truth as one image, of every kind but "fused"."""
        if isinstance(self.truth, tuple):
            raise TypeError(f"a {self.kind} comparison has frames, not one truth")
        return self.truth

    @property
    def frames(self) -> tuple[np.ndarray, ...]:
        """The frames of a "fused" comparison."""
        if not isinstance(self.truth, tuple):
            raise TypeError(f"a {self.kind} comparison has one truth, not frames")
        return self.truth

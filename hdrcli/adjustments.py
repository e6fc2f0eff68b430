"""What a photographer may ask of the picture that is made of a radiance map, beside the operator that makes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from hdrcli.errors import UsageError

MOST_STOPS = 10.0
MOST = 100.0


@dataclass(frozen=True)
class Adjustments:
    """Controls of the picture; 0 leaves each as the operator has it.

    `exposure` is in stops of scene light, before the operator compresses it. The others run from -100 to 100:
    `contrast` about middle grey, `saturation` (-100 is black and white), `warmth` in mireds of a warming (+) or cooling
    (-) filter, `tint` towards magenta (+) or green (-) in 1/3000 of CIE 1960 uv, and `strength`, which is how far
    highlights and shadows are brought back by operators that look at surroundings: not at all at -100, twice as far at
    100. Raises UsageError for a value out of range.
    """

    exposure: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    warmth: float = 0.0
    tint: float = 0.0
    strength: float = 0.0

    def __post_init__(self) -> None:
        for name, value in self._values():
            most = MOST_STOPS if name == "exposure" else MOST
            if not (math.isfinite(value) and abs(value) <= most):
                unit = " stops" if name == "exposure" else ""
                raise UsageError(
                    f"--{name} {value:g} is out of range.",
                    f"Pass a number from {-most:g} to {most:g}{unit}; 0 is as is.",
                )

    def __str__(self) -> str:
        """Those that were asked for, as "exposure +0.5, saturation -20"; nothing where none was."""
        return ", ".join(f"{name} {value:+g}" for name, value in self._values() if value)

    def of_operator(self) -> bool:
        """Whether nothing is asked for but `strength`, so that a finished picture stays as it is."""
        return self == Adjustments(strength=self.strength)

    def _values(self) -> list[tuple[str, float]]:
        return [(one.name, getattr(self, one.name)) for one in fields(self)]


NEUTRAL = Adjustments()

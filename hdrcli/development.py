"""How a RAW file is to become light: what a user can choose, without a library that develops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEMOSAICS = ("dht", "ahd", "aahd", "dcb", "ppg", "vng", "linear")
"""LibRaw's names of the ways to interpolate colours that its wheel is built with, the default first.

DHT takes colours by their ratios, as light has them, where the others take differences: merged brackets are
2.4 dB of PSNR-mu closer to the scene than by AAHD, the next. Gratings as fine as the sensor are what AAHD is better at.
"""


@dataclass(frozen=True)
class Development:
    """The demosaic algorithm, and the RAW file whose white balance is taken; None: each its own."""

    white_balance_from: Path | None = None
    demosaic: str = DEMOSAICS[0]

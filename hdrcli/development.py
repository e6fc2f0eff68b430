"""How a RAW file is to become light: what a user can choose, without a library that develops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEMOSAICS = ("ahd", "dht", "aahd", "dcb", "ppg", "vng", "linear")
"""LibRaw's names of the ways to interpolate colours that its wheel is built with, the default first."""


@dataclass(frozen=True)
class Development:
    """The demosaic algorithm, and the RAW file whose white balance is taken; None: each its own."""

    white_balance_from: Path | None = None
    demosaic: str = DEMOSAICS[0]

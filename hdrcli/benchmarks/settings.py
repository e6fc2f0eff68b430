"""What a user can ask of `bench`, checked as far as that goes without measuring anything."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from hdrcli.errors import UsageError, choices_hint
from hdrcli.settings import models

DEFAULT_SIZES = (2.0,)
DEFAULT_MODELS = "mertens,debevec,lightfuse"
LARGEST = 500.0
"""Megapixels: a JPEG's sides end at 65,535 pixels, and patience before."""


@dataclass(frozen=True)
class BenchSettings:
    """The options of `bench`. Sizes are megapixels of a frame; `network_size` is that of networks by the pixel.

    `frames` is the folder of one's own bracket, `scenes` one where drawn frames are kept. Raises UsageError for a value
    that cannot be meant.
    """

    sizes: tuple[float, ...] = DEFAULT_SIZES
    models: tuple[str, ...] = tuple(DEFAULT_MODELS.split(","))
    repeats: int = 3
    network_size: float = 0.26
    frames: Path | None = None
    scenes: Path | None = None
    scaling: bool = False
    device: str = "cpu"

    def __post_init__(self) -> None:
        for model in self.models:
            if model not in models():
                raise UsageError(f'--models has no "{model}".', choices_hint(model, models()))
        if not self.models:
            raise UsageError("--models names no model.", "Pass --models mertens,debevec.")
        if not self.sizes:
            raise UsageError("--sizes names no size.", "Pass --sizes 2,24,100, in megapixels.")
        for option, size in (*(("--sizes", one) for one in self.sizes), ("--network-size", self.network_size)):
            if not 0 < size <= LARGEST:
                raise UsageError(f"{option} {size:g} is no size of a frame.", f"Pass megapixels, up to {LARGEST:g}.")
        if self.repeats < 1:
            raise UsageError(f"--repeats {self.repeats} measures nothing.", "Pass 1 or more.")
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise UsageError(f'--device has no "{self.device}" to measure.', "Choose one of: cpu, cuda, cuda:1.")
        if self.frames is not None and self.scenes is not None:
            raise UsageError("--frames and --scenes contradict each other.", "Pass one of them.")


def parse_sizes(text: str) -> tuple[float, ...]:
    """Megapixels from "2,24,100", each once. Raises UsageError for anything else."""
    found = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        try:
            size = float(part)
        except ValueError:
            size = math.nan
        if not math.isfinite(size):
            raise UsageError(f'--sizes: "{part}" is not a number of megapixels.', "Type --sizes 2,24,100.")
        found.append(size)
    return tuple(dict.fromkeys(found))

"""What a user can ask of `fuse`, checked as far as that goes without touching a file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from hdrcli import limits, plugins
from hdrcli.adjustments import Adjustments
from hdrcli.development import DEMOSAICS
from hdrcli.errors import UsageError, choices_hint

MODEL_FOLDERS = ("networks", "classical")
BIT_DEPTHS = ("8", "10", "12", "16", "32")
CROPS = ("fill", "common")
GAINS = ("none", "lsq")
PRIORS = ("mertens", "none")
SCALES = ("bracket", "shoot")
STATIC_MERGES = ("auto", "off")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
MOST_STOPS = 100
LOCAL = "local"
"""The cluster of processes on this computer."""


@dataclass(frozen=True)
class FuseSettings:
    """The options of `fuse`, as DESIGN of the command line names them. Lengths in pixels, times in seconds.

    Raises UsageError for a value that cannot be meant.
    """

    model: str = "auto"
    output: Path = field(default_factory=lambda: Path("fused"))
    formats: tuple[str, ...] = ("png", "exr")
    bit_depth: int | None = None
    quality: int = 95
    times: tuple[float, ...] | None = None
    stops: tuple[float, ...] | None = None
    reference: int | None = None
    align: str = "auto"
    crop: str = "fill"
    scale: str = "bracket"
    prior: str | None = None
    tone_map: str = "natural"
    adjustments: Adjustments = field(default_factory=Adjustments)
    device: str = "auto"
    precision: str = "auto"
    tile: int | str = "auto"
    jobs: int = 1
    cluster: str | None = None
    weights: str | None = None
    response: str = "auto"
    static_merge: str = "auto"
    demosaic: str = DEMOSAICS[0]
    overwrite: bool = False
    skip_existing: bool = False
    dry_run: bool = False
    gap: float | None = None
    size: int | None = None
    max_pixels: int = field(default_factory=limits.pixels)

    def __post_init__(self) -> None:
        object.__setattr__(self, "output", Path(self.output))  # a text will do, from Python
        if self.times is not None and self.stops is not None:
            raise UsageError("--times and --stops say the same thing twice.", "Pass one of them.")
        if self.stops and max(map(abs, self.stops)) > MOST_STOPS:
            raise UsageError(f"--stops goes beyond {MOST_STOPS}.", "Type --stops -2,0,2, in file order.")
        if self.overwrite and self.skip_existing:
            raise UsageError("--overwrite and --skip-existing contradict each other.", "Pass one of them.")
        _one_of("--model", self.model, ("auto", *models()))
        _one_of("--align", self.align, ("off", *plugins.names("alignment")))
        _one_of("--crop", self.crop, CROPS)
        _one_of("--scale", self.scale, SCALES)
        if self.prior is not None:
            _one_of("--prior", self.prior, PRIORS)
        _one_of("--tone-map", self.tone_map, plugins.names("tone_mapping"))
        _check_devices(self.device, self.devices)
        _one_of("--precision", self.precision, PRECISIONS)
        _one_of("--static-merge", self.static_merge, STATIC_MERGES)
        _one_of("--demosaic", self.demosaic, DEMOSAICS)
        if not 1 <= self.quality <= 100:
            raise UsageError(f"--quality {self.quality} is not from 1 to 100.", "Pass --quality 95, or leave it out.")
        for name in self.formats:
            _one_of("--format", name, plugins.names("writers"))
        if not self.formats:
            raise UsageError("--format names no format.", "Pass --format png,exr.")
        if self.bit_depth is not None:
            _one_of("--bit-depth", str(self.bit_depth), BIT_DEPTHS)
        if isinstance(self.tile, int) and self.tile < 32:
            raise UsageError(f"--tile {self.tile} is too small.", "Pass 32 or more pixels, auto or off.")
        if self.jobs < 1:
            raise UsageError(f"--jobs {self.jobs} does no work.", "Pass 1 or more.")
        _check_cluster(self.cluster)
        if self.reference is not None and self.reference < 1:
            raise UsageError(f"--reference {self.reference} names no frame.", "Frames count from 1, in file order.")

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices of `device`, one by one."""
        return tuple(self.device.split(","))


def models() -> list[str]:
    """Names of all networks and classical fusers."""
    return [name for folder in MODEL_FOLDERS for name in plugins.names(folder)]


def _check_devices(text: str, devices: tuple[str, ...]) -> None:
    if not re.fullmatch(r"auto|cpu|mps|cuda|cuda:\d+(,cuda:\d+)*", text):
        hint = "Choose one of: auto, cpu, cuda, cuda:1, mps; or several: cuda:0,cuda:1."
        raise UsageError(f'--device has no "{text}".', hint)
    if len(set(devices)) < len(devices):
        raise UsageError(f"--device {text} names a device twice.", "Name each once: cuda:0,cuda:1.")


def _one_of(option: str, value: str, known: tuple[str, ...] | list[str]) -> None:
    if value not in known:
        raise UsageError(f'{option} has no "{value}".', choices_hint(value, known))


def _check_cluster(address: str | None) -> None:
    if address is not None and address != LOCAL and not re.fullmatch(r"(tcp|tls)://\S+:\d+", address):
        raise UsageError(
            f'--cluster has no "{address}".',
            f"Pass tcp://HOST:8786, the address that `dask scheduler` shows, or {LOCAL}.",
        )


def parse_seconds(text: str) -> tuple[float, ...]:
    """Exposure times in seconds, from "1/60,1/15,0.25". Raises UsageError for anything else."""
    return tuple(_number("--times", part, "1/60,1/15,0.25") for part in text.split(","))


def parse_stops(text: str) -> tuple[float, ...]:
    """Stops from "-2,0,2". Raises UsageError for anything else."""
    return tuple(_number("--stops", part, "-2,0,2", signed=True) for part in text.split(","))


def _number(option: str, text: str, example: str, signed: bool = False) -> float:
    above, _, below = text.strip().partition("/")
    try:
        value = float(above) / float(below) if below else float(above)
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if not math.isfinite(value) or (not signed and value <= 0):
        wanted = "a number" if signed else "a time above zero"
        raise UsageError(f'{option}: "{text.strip()}" is not {wanted}.', f"Type {option} {example}, in file order.")
    return value


def parse_tile(text: str) -> int | str:
    """A tile side in pixels, "auto" or "off". Raises UsageError for anything else."""
    if text in ("auto", "off"):
        return text
    try:
        return int(text)
    except ValueError:
        raise UsageError(f'--tile "{text}" is not a number of pixels.', "Pass 512, auto or off.") from None

"""The images that travel between the stages. Scene-referred and display-referred are different types."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np

Encoding = Literal["linear", "srgb"]
REFERRED = "hdrcli:referred"
"""The attribute by which a linear file of ours tells whether it is "scene"- or "display"-referred."""

ExposureMode = Literal["auto", "manual", "bracket"]

_STRIP_PIXELS = 1 << 17
"""Pixels decoded at once: NumPy widens codes to eight bytes before it looks them up."""


def _check_pixels(pixels: np.ndarray, owner: str) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.float32:
        raise TypeError(f"{owner} takes (H, W, 3) float32 pixels, got {pixels.shape} {pixels.dtype}")


@dataclass(frozen=True)
class FrameHeader:
    """What a frame's file says before its pixels are decoded.

    `width` and `height` are pixels after EXIF Orientation; `exposure_time` is in seconds; whatever the file does not
    say is None. `exposure_mode` is who chose the exposure ("bracket": the camera's automatic bracketing),
    `exposure_bias` the stops meant from the metered exposure, `bracket_number` the camera's own count of the frames of
    a bracket, from 1. `exif` is the raw Exif block (TIFF structure, without an "Exif\\0\\0" prefix) and `xmp` an XMP
    packet, of what tells of the shot and of nothing else, for outputs to carry. `attributes` are what the header
    of a linear file says beside, by name, such as "software" and "hdrcli:model".
    """

    path: Path
    width: int
    height: int
    exposure_time: float | None = None
    f_number: float | None = None
    iso: float | None = None
    taken: datetime | None = None
    camera: str | None = None
    lens: str | None = None
    focal_length: float | None = None
    exposure_mode: ExposureMode | None = None
    exposure_bias: float | None = None
    bracket_number: int | None = None
    exif: bytes | None = None
    is_raw: bool = False
    xmp: bytes | None = None
    attributes: Mapping[str, str | float] = field(default_factory=dict, compare=False)

    @property
    def is_display_referred(self) -> bool:
        """Whether a linear file says that it is a finished picture, only decoded: files of `fuse` tell."""
        return self.attributes.get(REFERRED) == "display"

    def numbers(self, attribute: str) -> tuple[float, ...]:
        """The finite numbers that an attribute is or lists ("-2.0, +0.0"); none where it holds anything else."""
        try:
            found = tuple(float(one) for one in str(self.attributes.get(attribute, "")).split(", ") if one)
        except ValueError:
            return ()
        return found if all(map(math.isfinite, found)) else ()


@dataclass(frozen=True, eq=False)
class Sensor:
    """How the three channels of a camera's sensor relate to BT.709 light.

    `to_bt709` (3, 3) float32 brings its white-balanced channels to BT.709; `white` are the levels of these channels at
    which each saturates.
    """

    to_bt709: np.ndarray
    white: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Exposure:
    """One frame of a bracket: (H, W, 3) float32 RGB in [0, 1], 1 = the white (saturation) level, BT.709 primaries.

    `stored` are these values, or (H, W, 3) uint8 or uint16 codes for them, as files hold them: `table` has the value of
    each code (by default 0 to 1 in equal steps). So frames stay small in memory, and curves cost nothing.
    RAW frames go beyond on both sides: 1 is where the first of the sensor's channels saturates, while the others have
    room left; noise and colours out of gamut go below 0.
    `encoding` is "srgb" for display-encoded frames (JPEG, PNG, 8/16-bit TIFF) and "linear" for RAW, EXR and other
    float frames. `bits` is the precision the file stored (8, 16, 32), which bounds the quantisation noise.
    `valid` is an (H, W) bool mask of pixels that show the scene, None when all do; alignment sets it.
    `clipped` (H, W) uint8 tells which of the sensor's channels have saturated at a pixel: bits 1, 2 and 4 for red,
    green and blue, 7 where they are not told apart; None where the file does not tell, and levels near 1 stand for it.
    `sensor` is that of a RAW frame with three channels. `noise` are the shot and the read variance of light, in units
    of white: of the light L it is shot * L + read. None where the file does not tell.
    """

    stored: np.ndarray
    encoding: Encoding
    name: str
    exposure_time: float | None = None
    f_number: float | None = None
    iso: float | None = None
    bits: int = 8
    valid: np.ndarray | None = None
    clipped: np.ndarray | None = None
    sensor: Sensor | None = None
    noise: tuple[float, float] | None = None
    table: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.stored.dtype not in (np.uint8, np.uint16):
            _check_pixels(self.stored, "Exposure")
            object.__setattr__(self, "table", None)
        elif self.table is None:
            white = np.iinfo(self.stored.dtype).max
            object.__setattr__(self, "table", np.arange(white + 1, dtype=np.float32) / np.float32(white))

    @property
    def saturated(self) -> np.ndarray | None:
        """(H, W) bool: where any of the sensor's channels has saturated; None where the file does not tell."""
        return None if self.clipped is None else self.clipped > 0

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.stored.shape[1], self.stored.shape[0]

    @property
    def pixels(self) -> np.ndarray:
        """All values, (H, W, 3) float32; of codes they are decoded anew each time."""
        return self.part(slice(None))

    def part(self, rows: slice, columns: slice = slice(None)) -> np.ndarray:
        """The values (h, w, 3) float32 of some rows and columns."""
        stored = self.stored[rows, columns]
        if self.table is None:
            return stored
        if stored.dtype == np.uint8:
            import cv2

            return cv2.LUT(np.ascontiguousarray(stored), self.table)
        values = np.empty(stored.shape, np.float32)
        step = max(1, _STRIP_PIXELS // max(stored.shape[1], 1))
        for top in range(0, len(stored), step):
            np.take(self.table, stored[top : top + step], out=values[top : top + step], mode="clip")
        return values

    def cut(self, rows: slice, columns: slice) -> Exposure:
        """Some rows and columns, as an exposure that shares its memory with this one."""
        valid, clipped = (mask if mask is None else mask[rows, columns] for mask in (self.valid, self.clipped))
        return replace(self, stored=self.stored[rows, columns], valid=valid, clipped=clipped)

    def mapped(self, curve: Callable[[np.ndarray], np.ndarray], encoding: Encoding) -> Exposure:
        """The exposure of curve(value), pixel by pixel; of codes only their table changes."""
        if self.table is None:
            return replace(self, stored=curve(self.stored), encoding=encoding)
        return replace(self, table=curve(self.table), encoding=encoding)


@dataclass(frozen=True, eq=False)
class Bracket:
    """The exposures of one scene, darkest first, and the index of the reference frame the others are aligned to.

    `relative_exposures` are in ascending order, in any one unit (only ratios matter); None when nothing is known but
    the order.
    """

    name: str
    exposures: tuple[Exposure, ...]
    reference: int
    relative_exposures: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.reference < len(self.exposures):
            raise IndexError(f"no frame {self.reference} in a bracket of {len(self.exposures)}")
        if self.relative_exposures is not None and len(self.relative_exposures) != len(self.exposures):
            raise ValueError("a bracket takes one relative exposure for each frame")

    def with_exposures(self, exposures: list[Exposure] | tuple[Exposure, ...]) -> Bracket:
        """The same bracket with other pixels (aligned, decoded)."""
        return replace(self, exposures=tuple(exposures))

    def cut(self, rows: slice, columns: slice) -> Bracket:
        """Some rows and columns of all frames, which share their memory with these."""
        return self.with_exposures([exposure.cut(rows, columns) for exposure in self.exposures])

    def without_pixels(self) -> Bracket:
        """What is said of the frames, which have no size any more: their memory is given back."""
        nothing = np.empty((0, 0, 3), np.uint8)
        return self.with_exposures([replace(e, stored=nothing, valid=None, clipped=None) for e in self.exposures])

    def extremes(self) -> Bracket:
        """The bracket of its darkest and its brightest frame, which is its reference."""
        relative = self.relative_exposures
        return replace(
            self,
            exposures=(self.exposures[0], self.exposures[-1]),
            reference=1,
            relative_exposures=relative and (relative[0], relative[-1]),
        )

    def select(self, indices: tuple[int, ...]) -> Bracket:
        """The bracket of some of its frames; `indices` ascend and hold the reference."""
        return replace(
            self,
            exposures=tuple(self.exposures[i] for i in indices),
            reference=indices.index(self.reference),
            relative_exposures=self.relative_exposures and tuple(self.relative_exposures[i] for i in indices),
        )


@dataclass(frozen=True, eq=False)
class RadianceMap:
    """A fused scene-referred image: (H, W, 3) float32, linear light, BT.709 primaries, >= 0, finite.

    1.0 is the white level of the bracket's reference frame; highlights go above it. `white_luminance` is the luminance
    of 1.0 in cd/m^2, None where it is not known.
    """

    pixels: np.ndarray
    white_luminance: float | None = None

    def __post_init__(self) -> None:
        _check_pixels(self.pixels, "RadianceMap")


@dataclass(frozen=True, eq=False)
class DisplayImage:
    """A display-referred picture: (H, W, 3) float32, sRGB-encoded, in [0, 1]."""

    pixels: np.ndarray

    def __post_init__(self) -> None:
        _check_pixels(self.pixels, "DisplayImage")

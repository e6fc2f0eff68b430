"""Cameras made up: what their sensors make of known light, and the DNGs that tell it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from tests.readers.samples import write_dng

SRGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""IEC 61966-2-1, Amendment 1, eq. F.7: linear sRGB to XYZ."""

XYZ_TO_CAMERA = np.array([[0.9020, -0.2890, -0.0715], [-0.4535, 1.2436, 0.2348], [-0.0934, 0.1919, 0.7086]])
"""A ColorMatrix such as cameras have: channels that overlap, and red and blue half as sensitive as green."""

X_TRANS = "GGRGGB GGBGGR BRGRBG GGBGGR GGRGGB RBGBRG"


@dataclass(frozen=True)
class Camera:
    """A sensor of `bits`, with a black level for each place of its colour filter array, and what noise it has.

    `shot` and `read` are the variances of DNG's NoiseProfile, of values from 0 (black) to 1 (white).
    """

    black: tuple[int, ...] = (500, 520, 530, 540)
    white: int = 16000
    bits: int = 16
    filters: str = "RG GB"
    shot: float = 0.0
    read: float = 0.0
    tells_noise: bool = False

    @property
    def pattern(self) -> np.ndarray:
        """The colour filter array: 0, 1 and 2 for red, green and blue."""
        return np.array([["RGB".index(letter) for letter in row] for row in self.filters.split()])

    @property
    def neutral(self) -> np.ndarray:
        """What the channels make of white: 1 for the most sensitive one."""
        made = XYZ_TO_CAMERA @ SRGB_TO_XYZ @ np.ones(3)
        return made / made.max()

    def channels(self, light: np.ndarray) -> np.ndarray:
        """(H, W, 3) linear BT.709 light as the camera's channels; neutral light of 1 is where the first saturates."""
        scale = (XYZ_TO_CAMERA @ SRGB_TO_XYZ @ np.ones(3)).max()
        return light @ (XYZ_TO_CAMERA @ SRGB_TO_XYZ).T / scale

    def expose(self, light: np.ndarray, seed: int = 0) -> np.ndarray:
        """The sensor's values, (H, W) uint16, of light that has been multiplied by the exposure."""
        height, width, _ = light.shape
        values = np.take_along_axis(self.channels(light), self._tiled(self.pattern, height, width)[..., None], 2)[
            ..., 0
        ]
        return self.quantised(values, self._tiled(self._black, height, width), seed)

    def quantised(self, values: np.ndarray, black: Any, seed: int = 0) -> np.ndarray:
        """Values from 0 to 1 with noise, as the numbers that the sensor gives."""
        noise = np.random.default_rng(seed).normal(size=values.shape)
        noisy = values + noise * np.sqrt(self.shot * np.clip(values, 0, 1) + self.read)
        return np.clip(np.round(noisy * (self.white - black) + black), 0, self.white).astype(np.uint16)

    def write(
        self, path: Path, light: np.ndarray, time: Fraction = Fraction(1), *, orientation: int = 1, seed: int = 0,
        linear: bool = False, tags: dict[Any, Any] | None = None,
    ) -> Path:  # fmt: skip
        """A DNG of an exposure of `time` seconds to (H, W, 3) light; `linear` has all channels at each pixel."""
        from pidng.core import Tag
        from pidng.defs import PhotometricInterpretation

        exposed = light * float(time)
        if linear:
            raw = self.quantised(self.channels(exposed), self.black[0], seed)
            kind = {
                Tag.PhotometricInterpretation: PhotometricInterpretation.Linear_Raw,
                Tag.SamplesPerPixel: 3,
                Tag.BitsPerSample: [self.bits] * 3,
                Tag.BlackLevel: [self.black[0]] * 3,
            }
        else:
            raw = self.expose(exposed, seed)
            kind = {
                Tag.PhotometricInterpretation: PhotometricInterpretation.Color_Filter_Array,
                Tag.SamplesPerPixel: 1,
                Tag.BitsPerSample: self.bits,
                Tag.BlackLevel: list(self._black.ravel()),
                Tag.BlackLevelRepeatDim: list(self._black.shape),
                Tag.CFARepeatPatternDim: list(self.pattern.shape),
                Tag.CFAPattern: [int(c) for c in self.pattern.ravel()],
            }
        noise = {Tag.NoiseProfile: [self.shot, self.read] * 3} if self.tells_noise else {}
        own = {
            Tag.Orientation: orientation,
            Tag.WhiteLevel: self.white,
            Tag.ColorMatrix1: [[round(v * 10000), 10000] for v in XYZ_TO_CAMERA.ravel()],
            Tag.AsShotNeutral: [[round(v * 1e6), 1_000_000] for v in self.neutral],
            Tag.ExposureTime: [[time.numerator, time.denominator]],
        }
        return write_dng(path, raw, {**kind, **own, **noise, **(tags or {})})

    @property
    def _black(self) -> np.ndarray:
        return np.array(self.black).reshape(2, 2)

    @staticmethod
    def _tiled(pattern: np.ndarray, height: int, width: int) -> np.ndarray:
        rows, columns = pattern.shape
        return np.tile(pattern, (-(-height // rows), -(-width // columns)))[:height, :width]

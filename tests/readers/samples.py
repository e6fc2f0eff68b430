"""Small frames written by other programs than the readers', with values known in closed form."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import IFDRational


def ramp(height: int = 37, width: int = 53, levels: int = 256) -> np.ndarray:
    """(height, width, 3) integers: red grows to the right, green downwards, blue against both."""
    y, x = np.mgrid[:height, :width]
    red, green = x / (width - 1), y / (height - 1)
    values = np.stack([red, green, 1 - (red + green) / 2], axis=2) * (levels - 1)
    return np.round(values).astype(np.uint8 if levels == 256 else np.uint16)


def exif(
    exposure_time: tuple[int, int] | None = (1, 60),
    f_number: tuple[int, int] | None = (28, 10),
    iso: int | None = 200,
    taken: str | None = "2024:05:17 12:30:15",
    orientation: int | None = None,
    camera: str = "Canon EOS R6",
    focal_length: tuple[int, int] = (35, 1),
    more: dict[int, object] | None = None,
) -> Image.Exif:
    """An Exif block, by Pillow; rationals are (numerator, denominator)."""
    block = Image.Exif()
    block[0x010F], block[0x0110] = "Canon", camera
    if orientation is not None:
        block[0x0112] = orientation
    photo = block.get_ifd(0x8769)
    photo[0x920A] = IFDRational(*focal_length)
    if exposure_time is not None:
        photo[0x829A] = IFDRational(*exposure_time)
    if f_number is not None:
        photo[0x829D] = IFDRational(*f_number)
    if iso is not None:
        photo[0x8827] = iso
    if taken is not None:
        photo[0x9003] = taken
    photo.update(more or {})
    return block


def jpeg(path: Path, pixels: np.ndarray | None = None, **options: object) -> Path:
    """A JPEG of quality 95 without chroma subsampling, by Pillow; returns its path."""
    pixels = ramp() if pixels is None else pixels
    Image.fromarray(pixels).save(path, "JPEG", **{"quality": 95, "subsampling": 0, **options})
    return path


def dng(
    path: Path, scene: np.ndarray, exposure: float = 1.0, *, orientation: int = 1,
    white_balance: tuple[float, float, float] = (2.0, 1.0, 1.5), exposure_time: tuple[int, int] = (1, 60),
    taken: str | None = None,
) -> Path:  # fmt: skip
    """A Bayer DNG of a (H, W) grey scene times `exposure`, black 512, white 16383, sRGB camera."""
    from pidng.core import Tag
    from pidng.defs import CFAPattern, PhotometricInterpretation

    height, width = scene.shape
    neutral = np.array([[0, 1], [1, 2]])  # RGGB
    sensor = scene * exposure / np.array(white_balance)[np.tile(neutral, (height // 2, width // 2))]
    raw = np.round(np.clip(sensor, 0, 1) * (16383 - 512) + 512).astype(np.uint16)
    xyz_to_srgb = [3.2404542, -1.5371385, -0.4985314, -0.969266, 1.8760108, 0.041556, 0.0556434, -0.2040259, 1.0572252]
    tags = {
        Tag.Orientation: orientation,
        Tag.PhotometricInterpretation: PhotometricInterpretation.Color_Filter_Array,
        Tag.SamplesPerPixel: 1,
        Tag.BitsPerSample: 16,
        Tag.CFARepeatPatternDim: [2, 2],
        Tag.CFAPattern: CFAPattern.RGGB,
        Tag.BlackLevel: 512,
        Tag.WhiteLevel: 16383,
        Tag.ColorMatrix1: [[round(v * 1e6), 1_000_000] for v in xyz_to_srgb],
        Tag.AsShotNeutral: [[1000, round(1000 * gain)] for gain in white_balance],
        Tag.ExposureTime: [list(exposure_time)],
        **({} if taken is None else {Tag.DateTimeOriginal: taken}),
    }
    return write_dng(path, raw, tags)


def write_dng(path: Path, raw: np.ndarray, tags: dict[Any, Any]) -> Path:
    """An uncompressed DNG of the sensor's values, (H, W) or (H, W, 3) uint16, by PiDNG; returns its path.

    `tags` are what the picture is of; size, versions, the illuminant D65, ISO 100 and the camera's name are added.
    """
    from pidng.core import RAW2DNG, DNGTags, Tag
    from pidng.defs import CalibrationIlluminant, DNGVersion

    height, width = raw.shape[:2]
    written = DNGTags()
    for tag, value in {
        Tag.ImageWidth: width,
        Tag.ImageLength: height,
        Tag.TileWidth: width,
        Tag.TileLength: height,
        Tag.CalibrationIlluminant1: CalibrationIlluminant.D65,
        Tag.Make: "Acme",
        Tag.Model: "Roadrunner",
        Tag.DNGVersion: DNGVersion.V1_4,
        Tag.DNGBackwardVersion: DNGVersion.V1_2,
        Tag.PhotographicSensitivity: [100],
        **tags,
    }.items():
        written.set(tag, value)
    writer = RAW2DNG()
    writer.options(written, path="", compress=False)
    writer.convert(raw, filename=str(path))
    return path


def encoded(pixels: np.ndarray, form: str, **options: object) -> bytes:
    """The bytes of a picture in a format that Pillow writes."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, form, **options)
    return stream.getvalue()

"""Brackets of unusual frames: values, sizes, channels, depths and exposures that cameras and programs come up with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from hdrcli.transfer import linear_to_srgb
from tests import scenes

TIMES = (1 / 100, 1 / 25, 1 / 6.25)
HEIGHT, WIDTH = 32, 48


@dataclass(frozen=True)
class Case:
    """A bracket: `make` writes its frames into a folder, `options` are what `fuse` is given besides.

    `refused` is what the error says of it, where it is none that can be fused.
    """

    make: Callable[[Path], None]
    options: dict[str, Any] = field(default_factory=lambda: {"times": TIMES})
    refused: str = ""


def light(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """(H, W, 3) of a scene that the middle of three frames shows from 1/16 to 4 times its white."""
    return scenes.radiance(height, width, stops=6)


def exposed(scene: np.ndarray | None = None) -> list[np.ndarray]:
    """Three linear frames (H, W, 3) float32 of a scene, two stops apart, in [0, 1]."""
    scene = light() if scene is None else scene
    return [np.clip(scene * (time / TIMES[1]), 0, 1).astype(np.float32) for time in TIMES]


def exr(path: Path, pixels: np.ndarray) -> None:
    """Linear light as it is, 32 bits."""
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"RGB": np.ascontiguousarray(pixels, np.float32)}).write(str(path))


def png(path: Path, pixels: np.ndarray, mode: str = "RGB", **options: Any) -> None:
    """Linear light as 8-bit sRGB, converted to a `mode` of Pillow."""
    codes = np.rint(linear_to_srgb(np.clip(pixels, 0, 1)) * 255).astype(np.uint8)
    Image.fromarray(codes).convert(mode, **options).save(path)


def _floats(
    change: Callable[[list[np.ndarray]], None], write: Callable[[Path, np.ndarray], None] = exr, refused: str = ""
) -> Case:
    def make(folder: Path) -> None:
        frames = exposed()
        change(frames)
        for number, pixels in enumerate(frames, 1):
            write(folder / f"{number}{'.exr' if write is exr else '.tif'}", pixels)

    return Case(make, refused=refused)


def _tif(path: Path, pixels: np.ndarray) -> None:
    tifffile.imwrite(path, pixels.astype(np.float32), photometric="rgb")


def _set(frame: int | slice, rows: slice, value: float) -> Callable[[list[np.ndarray]], None]:
    def change(frames: list[np.ndarray]) -> None:
        for pixels in frames[frame] if isinstance(frame, slice) else [frames[frame]]:
            pixels[rows, 5:9] = value

    return change


def _all(value: float) -> Callable[[list[np.ndarray]], None]:
    return _set(slice(None), slice(None), value)


def _hot(frames: list[np.ndarray]) -> None:
    for pixels in frames:
        pixels[7, 9] = 1


def _everywhere(value: float, which: Sequence[int] = (0, 1, 2)) -> Callable[[list[np.ndarray]], None]:
    def change(frames: list[np.ndarray]) -> None:
        for index in which:
            frames[index][:] = value

    return change


def _pictures(write: Callable[[Path, np.ndarray], None], suffix: str = ".png", refused: str = "") -> Case:
    def make(folder: Path) -> None:
        for number, pixels in enumerate(exposed(), 1):
            write(folder / f"{number}{suffix}", pixels)

    return Case(make, refused=refused)


def _mode(mode: str, suffix: str, **options: Any) -> Case:
    return _pictures(lambda path, pixels: png(path, pixels, mode, **options), suffix)


def _size(height: int, width: int) -> Case:
    def make(folder: Path) -> None:
        for number, pixels in enumerate(exposed(light(height, width)), 1):
            png(folder / f"{number}.png", pixels)

    return Case(make)


def _codes(dtype: Any, top: int, alpha: bool = False) -> Callable[[Path, np.ndarray], None]:
    def write(path: Path, pixels: np.ndarray) -> None:
        codes = np.rint(linear_to_srgb(pixels.astype(np.float64)) * top).astype(dtype)
        codes = codes[..., :1].repeat(2, axis=2) if alpha else codes
        tifffile.imwrite(path, codes, photometric="minisblack" if alpha else "rgb", extrasamples=[2] if alpha else None)

    return write


def _png16(path: Path, pixels: np.ndarray) -> None:
    cv2.imwrite(str(path), np.rint(linear_to_srgb(pixels) * 65535).astype(np.uint16)[..., ::-1].copy())


def _of_different_sizes(folder: Path) -> None:
    _size(HEIGHT, WIDTH).make(folder)
    png(folder / "2.png", light(HEIGHT, WIDTH + 2))


def _mixed(folder: Path) -> None:
    dark, middle, bright = exposed()
    png(folder / "1.png", dark)
    exr(folder / "2.exr", middle)
    tifffile.imwrite(folder / "3.tif", np.rint(linear_to_srgb(bright) * 65535).astype(np.uint16), photometric="rgb")


def _mixed_depths(folder: Path) -> None:
    dark, middle, bright = exposed()
    png(folder / "1.png", dark)
    _png16(folder / "2.png", middle)
    png(folder / "3.png", bright)


def _equal_frames(folder: Path) -> None:
    _size(HEIGHT, WIDTH).make(folder)
    shutil.copy(folder / "2.png", folder / "2b.png")


def shot(path: Path, pixels: np.ndarray, time: Any, second: int = 0) -> None:
    """A JPEG whose Exif says an exposure time, if it is not None, and when it was taken."""
    exif = Image.Exif()
    taken = {0x9003: f"2024:05:01 12:00:{second:02}"}
    exif[0x8769] = taken | ({} if time is None else {0x829A: time})
    codes = np.rint(linear_to_srgb(pixels) * 255).astype(np.uint8)
    Image.fromarray(codes).save(path, quality=98, subsampling=0, exif=exif)


def _exif(*times: Any, refused: str = "") -> Case:
    def make(folder: Path) -> None:
        for number, (pixels, time) in enumerate(zip(exposed(), times, strict=True), 1):
            shot(folder / f"{number}.jpg", pixels, time, number)

    return Case(make, {}, refused)


def _backwards(folder: Path) -> None:
    for number, (pixels, time) in enumerate(zip(exposed()[::-1], TIMES[::-1], strict=True), 1):
        shot(folder / f"{number}.jpg", pixels, IFDRational(round(time * 1e4), 10_000), number)


def _copy_of_a_shot(folder: Path) -> None:
    for number, (pixels, time) in enumerate(zip(exposed(), TIMES, strict=True), 1):
        shot(folder / f"{number}.jpg", pixels, IFDRational(round(time * 1e4), 10_000), number)
    shutil.copy(folder / "2.jpg", folder / "2 copy.jpg")


def _typed(*times: float, refused: str = "") -> Case:
    return Case(_size(HEIGHT, WIDTH).make, {"times": times}, refused)


_LOST, _NO_TIME = "pixels that are NaN or infinite", "has no exposure time"

CASES: dict[str, dict[str, Case]] = {
    "NaN or infinite pixels": {
        "not a number": _floats(_set(1, slice(3, 5), np.nan), refused=_LOST),
        "infinite": _floats(_set(2, slice(3, 5), np.inf), refused=_LOST),
        "infinite below": _floats(_set(0, slice(3, 5), -np.inf), refused=_LOST),
        "not a number in a TIFF": _floats(_set(1, slice(3, 5), np.nan), _tif, refused=_LOST),
    },
    "light below 0, light above white": {
        "below black": _floats(_all(-0.25)),
        "far above white": _floats(_set(2, slice(0, 9), 1e30)),
        "largest number": _floats(_all(3.4e38), _tif),
        "denormal": _floats(_all(1e-42)),
        "denormal everywhere": _floats(_everywhere(1e-42)),
    },
    "frames all black, white or grey; hot and dead pixels": {
        "black": _floats(_everywhere(0)),
        "white": _floats(_everywhere(1)),
        "grey": _floats(_everywhere(0.25)),
        "one hot pixel": _floats(_hot),
        "one dead frame": _floats(_everywhere(0, [1])),
        "darkest frame dead": _floats(_everywhere(0, [0])),
        "brightest frame white": _floats(_everywhere(1, [2])),
    },
    "the least exposure brighter than the most": {
        "darkest frame nearly white": _floats(
            _everywhere(0.9, [0]), refused="has the least exposure by --times but is brighter"
        ),
    },
    "a time that is missing, 0 or below 0": {
        "no time in one": _exif(IFDRational(1, 100), None, IFDRational(16, 100), refused=_NO_TIME),
        "time 0": _exif(IFDRational(1, 100), IFDRational(0, 1), IFDRational(16, 100), refused=_NO_TIME),
        "time below 0": _exif(IFDRational(1, 100), IFDRational(-1, 100), IFDRational(16, 100), refused=_NO_TIME),
    },
    "all exposures equal": {
        "times equal": _exif(*[IFDRational(1, 100)] * 3, refused="no two of them make a bracket"),
        "times typed equal": _typed(1.0, 1.0, 1.0, refused="all have the same exposure"),
    },
    "exposures of any size": {
        "times typed tiny": _typed(1e-9, 4e-9, 16e-9),
        "times typed huge": _typed(1e8, 4e8, 16e8),
        "times typed far apart": _typed(1e-9, 1.0, 1e9, refused="over 40 stops apart"),
    },
    "a time that pixels contradict": {
        "time of a nanosecond": _exif(IFDRational(1, 10**9), IFDRational(1, 25), IFDRational(16, 100)),
    },
    "any order": {"brightest first": Case(_backwards, {})},
    "copies and second names of a frame": {
        "a copy": Case(_copy_of_a_shot, {}),
        "equal frames": Case(_equal_frames, {"stops": (-2, 0, 0, 2)}),
    },
    "1x1 to 3x70000 pixels": {
        f"{height}x{width}": _size(height, width)
        for height, width in ((1, 1), (1, 2), (2, 2), (7, 1), (1, 97), (97, 1), (3, 3), (3, 70_000), (70_000, 3))
    },
    "grey, palettes, CMYK, 1 bit, alpha": {
        "grey in one channel": _mode("L", ".png"),
        "grey and alpha": _mode("LA", ".png"),
        "RGB and alpha": _mode("RGBA", ".png"),
        "palette": _mode("P", ".png", palette=Image.Palette.ADAPTIVE, colors=16),
        "1 bit": _mode("1", ".png"),
        "1 bit TIFF": _mode("1", ".tif"),
        "palette TIFF": _mode("P", ".tif", palette=Image.Palette.ADAPTIVE, colors=16),
        "CMYK JPEG": _mode("CMYK", ".jpg"),
        "CMYK TIFF": _mode("CMYK", ".tif"),
        "grey JPEG": _mode("L", ".jpg"),
        "16 bit grey and alpha TIFF": _pictures(_codes(np.uint16, 65535, alpha=True), ".tif"),
    },
    "integers and floats of any width": {
        "16 bit": _pictures(_png16),
        "16 bit TIFF": _pictures(_codes(np.uint16, 65535), ".tif"),
        "32-bit integers": _pictures(_codes(np.uint32, 2**32 - 1), ".tif"),
        "64-bit floats": _pictures(
            lambda path, pixels: tifffile.imwrite(path, pixels.astype(np.float64), photometric="rgb"), ".tif"
        ),
        "half floats": _pictures(
            lambda path, pixels: tifffile.imwrite(path, pixels.astype(np.float16), photometric="rgb"), ".tif"
        ),
        "signed integers": _pictures(_codes(np.int16, 32767), ".tif", refused="stores int16 values"),
    },
    "frames of different sizes": {"different sizes": Case(_of_different_sizes, refused="is 50x32")},
    "frames of different formats and depths": {
        "different formats": Case(_mixed),
        "different depths": Case(_mixed_depths),
    },
}
"""By the rule of the README (first column of "Unusual frames") that they come under, and by what is unusual."""

"""A pack of scenes for the display fusers: exposures, or the light to make them from, and the picture to aim at.

A folder of linear images or photographs gives views with their light; the aim is then the fusion (Mertens et al.) of
noiseless exposures a stop apart over the view's whole range, which no pair of extremes has. A folder with a
`reference.*` is a scene of real exposures (as the SICE data come) and that file its aim.

One safetensors file. A view is `<name>/light`, (3, H, W) float16, log-average luminance 0.18; a real scene is
`<name>/frames`, (K, 3, H, W) uint8, darkest first; each has `<name>/aim`, (3, H, W) uint8, sRGB.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from hdrcli import disk, readers
from hdrcli.classical import mertens
from hdrcli.errors import ReadError
from hdrcli.exposure import encoded_pixels
from hdrcli.image import Bracket, Exposure
from hdrcli.training.pack import image_files, load_linear, read_tensors
from hdrcli.transfer import linear_to_srgb, luminance

KEY = 0.18
VIEW = (448, 320)  # width, height: of the views cut from panoramas, and the least size of others
LONG_SIDE = 768
RANGE_PERCENTILES = (0.5, 99.5)
DARKEST_AIM, BRIGHTEST_AIM = 0.3, 0.7  # linear levels the ends of the range come to in the end exposures
MOST_STOPS = 7.0
PANORAMA_SHAPE = 2.0  # width to height


@dataclass(frozen=True)
class LitScene:
    """A view to make exposures of: `light` (3, H, W) float16 and `aim` (3, H, W) uint8."""

    light: Tensor
    aim: Tensor


@dataclass(frozen=True)
class ShotScene:
    """A scene of real exposures: `frames` (K, 3, H, W) uint8, darkest first, and `aim` (3, H, W) uint8."""

    frames: Tensor
    aim: Tensor


Scene = LitScene | ShotScene


def make_display_pack(folders: Sequence[Path], file: Path) -> int:
    """Write the pack of all scenes in `folders`; returns how many. Raises ReadError naming what it cannot read."""
    tensors: dict[str, Tensor] = {}
    for folder in folders:
        scenes = sorted(path for path in folder.iterdir() if _reference(path)) if folder.is_dir() else []
        if scenes:
            for scene in scenes:
                tensors |= _named(f"{folder.name}/{scene.name}", *_real_scene(scene))
        else:
            for path in image_files([folder]):
                for number, light in enumerate(_views(path)):
                    tensors |= _named(f"{folder.name}/{path.name}/{number}", *_view(light))
    names = sorted({name.rpartition("/")[0] for name in tensors})
    disk.write_all({file: save(tensors, {"scenes": json.dumps(names)})})
    return len(names)


def load_display_pack(file: Path, device: torch.device) -> list[Scene]:
    """The scenes of a pack on the device, in the order of their names."""
    tensors = read_tensors(file, device)
    names = sorted({name.rpartition("/")[0] for name in tensors})
    return [
        LitScene(tensors[f"{name}/light"], tensors[f"{name}/aim"])
        if f"{name}/light" in tensors
        else ShotScene(tensors[f"{name}/frames"], tensors[f"{name}/aim"])
        for name in names
    ]


def many_exposure_fusion(light: np.ndarray) -> np.ndarray:
    """The display picture of a linear view (H, W, 3): Mertens' fusion of exposures a stop apart over all its range."""
    darkest, brightest = np.percentile(luminance(light), RANGE_PERCENTILES)
    first = np.clip(np.log2(BRIGHTEST_AIM / max(brightest, 1e-6)), -MOST_STOPS, 0)
    last = np.clip(np.log2(DARKEST_AIM / max(darkest, 1e-6)), 0, MOST_STOPS)
    stops = np.linspace(first, last, max(2, int(np.ceil(last - first)) + 1))
    frames = tuple(
        Exposure(linear_to_srgb(np.clip(light * np.float32(2**stop), 0, 1)), "srgb", f"{stop:+.1f}") for stop in stops
    )
    return mertens.fuse(Bracket("view", frames, len(frames) // 2)).pixels


def _named(name: str, kind: str, pixels: Tensor, aim: Tensor) -> dict[str, Tensor]:
    return {f"{name}/{kind}": pixels.contiguous(), f"{name}/aim": aim.contiguous()}


def _views(path: Path) -> Iterator[np.ndarray]:
    """Two views of a panorama, off its poles and apart; the whole of another picture."""
    pixels = load_linear(path, 1024)
    height, width, _ = pixels.shape
    if readers.holds_scene(path) and width >= PANORAMA_SHAPE * height:
        top = (height - VIEW[1]) * 4 // 10
        for left in (width // 16, width // 16 + width // 2):
            yield pixels[top : top + VIEW[1], left : left + VIEW[0]]
    else:
        scale = min(1.0, LONG_SIDE / max(height, width))
        yield cv2.resize(pixels, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def _view(light: np.ndarray) -> tuple[str, Tensor, Tensor]:
    bright = luminance(light)
    average = np.exp(np.log(bright + 1e-6 * bright.max() + 1e-9).mean())
    light = np.clip(light * (KEY / average), 0, 60000).astype(np.float16).astype(np.float32)
    return "light", _planar(light).half(), _to_bytes(many_exposure_fusion(light))


def _real_scene(folder: Path) -> tuple[str, Tensor, Tensor]:
    reference = _reference(folder)
    frames = [_reduced(path) for path in image_files([folder]) if path != reference]
    frames.sort(key=lambda pixels: float(pixels.mean()))
    if reference is None or len(frames) < 2:
        raise ReadError(f"{folder} holds no scene to train on.", "A scene is two or more frames and a reference.")
    aim = _reduced(reference, frames[0].shape[1::-1])
    return "frames", torch.stack([_to_bytes(pixels) for pixels in frames]), _to_bytes(aim)


def _reference(folder: Path) -> Path | None:
    """The file of a scene's folder that is its aim."""
    if not folder.is_dir():
        return None
    return next((path for path in sorted(folder.iterdir()) if path.stem == "reference"), None)


def _reduced(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    pixels = encoded_pixels(readers.read(path))
    height, width = pixels.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    return cv2.resize(pixels, size or (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def _planar(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _to_bytes(pixels: np.ndarray) -> Tensor:
    return (_planar(pixels) * 255).round().to(torch.uint8)

"""A pack: the training images in one compact file that loads in a second and moves easily to another machine.

Linear images, float16, (3, H, W) each, in one safetensors file with the names, licences and settings in its header.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from hdrcli import disk, readers
from hdrcli.errors import HdrcliError, ReadError
from hdrcli.transfer import srgb_to_linear

HALF_MAX = 65504.0
PHOTO_PEAK_STOPS = 2.0  # stops above display white that the inverse tone curve gives a photograph's whitest pixel


def image_files(folders: Sequence[Path]) -> list[Path]:
    """The frames in the folders (not below them), sorted by path. Raises ReadError for a folder without any."""
    found: list[Path] = []
    for folder in folders:
        here = sorted(path for path in Path(folder).iterdir() if readers.is_frame(path)) if folder.is_dir() else []
        if not here:
            raise ReadError(f"{folder} holds no images to train on.", "Name folders of EXR, HDR, JPEG or PNG files.")
        found += here
    return found


def inverse_tone_curve(linear: np.ndarray) -> np.ndarray:
    """Give a display photograph a scene's highlights: x / (1 - (1 - 2^-s) x), the inverse of Reinhard's curve.

    Display white goes `PHOTO_PEAK_STOPS` stops above; mid-tones stay nearly as they are.
    """
    return linear / (1 - (1 - 2**-PHOTO_PEAK_STOPS) * linear)


def load_linear(path: Path, long_side: int) -> np.ndarray:
    """An image as linear light (H, W, 3) float32, not clipped above; display-encoded ones by `inverse_tone_curve`."""
    if readers.holds_scene(path):
        pixels = readers.read_scene(path)
    else:
        pixels = inverse_tone_curve(srgb_to_linear(readers.read(path).pixels))
    height, width = pixels.shape[:2]
    scale = long_side / max(height, width)
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.clip(pixels, 0, HALF_MAX)


def make_pack(folders: Sequence[Path], file: Path, long_side: int = 1024) -> int:
    """Write the pack of all images in `folders`; returns how many. Raises ReadError naming an image it cannot read."""
    tensors = {}
    for path in image_files(folders):
        half = load_linear(path, long_side).astype(np.float16)
        tensors[f"{path.parent.name}/{path.name}"] = torch.from_numpy(half).permute(2, 0, 1).contiguous()
    about = {"images": json.dumps(sorted(tensors)), "long_side": str(long_side)}
    disk.write_all({file: save(tensors, about)})
    return len(tensors)


def load_pack(file: Path, device: torch.device) -> list[Tensor]:
    """The images of a pack, (3, H, W) float16, on the device, in the order of their names."""
    tensors = read_tensors(file, device)
    return [tensors[name] for name in sorted(tensors)]


def read_tensors(file: Path, device: torch.device) -> dict[str, Tensor]:
    """All that a pack holds, by name, on the device. Raises HdrcliError for a file that is none."""
    try:
        with safe_open(file, "pt", device=str(device)) as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, ValueError) as error:
        raise HdrcliError(f"{file} cannot be read as a training pack.", "Make it again from its folders.") from error

"""A bracket to measure with, of any size: frames of a scene that is like a photograph in what costs time.

Smooth light, texture at all scales, hard edges, clipped lamps and noise: what alignment, weights and entropy coders see
in photographs. The scene is drawn in stops, a strip at a time; a frame's codes are then looked up by them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hdrcli import disk, transfer
from hdrcli.strips import strips

SEED = 6
QUALITY = 95
STEPS = 128  # of the table, a stop
DARKEST, BRIGHTEST = -20.0, 20.0  # stops from white that the table reaches
STRIP_PIXELS = 1 << 20
CELLS_ACROSS, CELLS_DOWN = 24, 16  # of the light's own grid
TILE = 1024  # pixels after which texture repeats
NOISE = 0.015  # of the signal, in a frame
REFERENCE_TIME = 0.01  # seconds of the frame of 0 stops


def write(folder: Path, width: int, height: int, stops: Sequence[float]) -> dict[str, Any]:
    """Write a frame for each of `stops` as 1.jpg, 2.jpg, … (4:2:0) and times.txt; one that is whole already is kept.

    Returns what `Frames` holds.
    """
    times = [REFERENCE_TIME * 2.0**stop for stop in stops]
    listed = ",".join(f"{time:.9g}" for time in times)
    sidecar = folder / "times.txt"
    files = [folder / f"{number}.jpg" for number in range(1, len(times) + 1)]
    if not (sidecar.is_file() and sidecar.read_text() == listed and all(file.is_file() for file in files)):
        made = zip(files, map(_jpeg, _codes(width, height, stops)), strict=True)
        disk.write_all({**dict(made), sidecar: listed.encode()})
    return {"files": [str(file) for file in files], "times": times, "width": width, "height": height}


def _jpeg(codes: np.ndarray) -> bytes:
    import simplejpeg

    return simplejpeg.encode_jpeg(codes, quality=QUALITY, colorspace="RGB", colorsubsampling="420")


def _codes(width: int, height: int, stops: Sequence[float]) -> list[np.ndarray]:
    """The frames, (H, W, 3) uint8 sRGB codes each."""
    random = np.random.default_rng(SEED)
    light = random.normal(0, [[[1.6, 0.15, 0.25]]], (CELLS_DOWN + 3, CELLS_ACROSS + 3, 3)).astype(np.float32)
    texture, grain = _texture(random), np.rint(random.normal(0, NOISE * STEPS / math.log(2), (TILE, TILE)))
    things = _things(random, width, height)
    table = _table()
    frames = [np.empty((height, width, 3), np.uint8) for _ in stops]
    across = np.arange(width) % TILE
    for here in strips(height, width, STRIP_PIXELS):
        down = np.arange(here.start, here.stop) % TILE
        drawn = _light(light, width, height, here)
        drawn[..., 0] += texture[np.ix_(down, across)]
        for rectangle, brighter in things:
            _put(drawn[..., 0], rectangle, here, brighter)
        steps = _channels(drawn)
        for number, (frame, stop) in enumerate(zip(frames, stops, strict=True)):
            noise = grain[np.ix_((down + 311 * number) % TILE, (across + 173 * number) % TILE)]
            at = steps + (noise + stop * STEPS).astype(np.int16)[..., None]
            np.take(table, at, out=frame[here], mode="clip")
    return frames


def _light(grid: np.ndarray, width: int, height: int, rows: slice) -> np.ndarray:
    """(h, W, 3): stops of luminance, of red and of blue beside green, smooth between the points of a grid."""
    import cv2

    x, y = (grid.shape[1] - 3) / width, (grid.shape[0] - 3) / height
    to_grid = np.array([[x, 0, 1], [0, y, 1 + y * rows.start]], np.float32)
    size = (width, rows.stop - rows.start)
    return cv2.warpAffine(grid, to_grid, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)


def _texture(random: np.random.Generator) -> np.ndarray:
    """(TILE, TILE) stops of texture whose amplitude falls as 1 / frequency, as that of photographs; it repeats."""
    down, across = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None]
    frequency = np.maximum(np.hypot(down, across), 1 / TILE)
    spectrum = np.fft.rfft2(random.normal(size=(TILE, TILE))) / frequency
    texture = np.fft.irfft2(spectrum, (TILE, TILE))
    return (0.5 * texture / texture.std()).astype(np.float32)


def _things(random: np.random.Generator, width: int, height: int) -> list[tuple[tuple[int, int, int, int], float]]:
    """Rectangles (top, left, bottom, right) and by how many stops each is brighter: walls, windows, small lamps."""
    things = []
    for count, least, most, low, high in ((30, 0.05, 0.25, -2.5, 1.0), (12, 0.03, 0.12, 2, 4), (40, 0.002, 0.01, 4, 7)):
        for _ in range(count):
            tall, wide = (random.uniform(least, most, 2) * height).astype(int) + 1
            top, left = int(random.uniform(0, height)), int(random.uniform(0, width))
            things.append(((top, left, top + tall, left + wide), random.uniform(low, high)))
    return things


def _put(luminance: np.ndarray, rectangle: tuple[int, int, int, int], rows: slice, brighter: float) -> None:
    top, left, bottom, right = rectangle
    first, last = max(top - rows.start, 0), min(bottom, rows.stop) - rows.start
    if first < last:
        luminance[first:last, left:right] += np.float32(brighter)


def _channels(drawn: np.ndarray) -> np.ndarray:
    """(h, W, 3) places in the table of red, green and blue in a frame of 0 stops, of which a middle grey is common."""
    luminance, red, blue = (drawn[..., channel] for channel in range(3))
    stops = np.stack([luminance + red, luminance, luminance + blue], -1) - 2.5 - DARKEST
    return np.rint(np.clip(stops, 0, BRIGHTEST - DARKEST) * STEPS).astype(np.int16)


def _table() -> np.ndarray:
    """The sRGB code of each step of light from DARKEST to BRIGHTEST."""
    light = np.exp2(np.arange((BRIGHTEST - DARKEST) * STEPS + 1) / STEPS + DARKEST)
    return np.rint(255 * transfer.linear_to_srgb(np.minimum(light, 1.0))).astype(np.uint8)

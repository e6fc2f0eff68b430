"""Resample a frame onto the reference frame, and say where it shows the scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hdrcli.image import Bracket, Exposure
from hdrcli.strips import STRIP_PIXELS, strips
from hdrcli.transfer import linear_to_srgb, srgb_to_linear

KERNEL = 8
"""Rows around a pixel that no interpolation of it, or of its neighbours, reaches beyond."""


def leave_out(exposure: Exposure) -> Exposure:
    """The same frame, valid nowhere."""
    return replace(exposure, valid=np.zeros(exposure.stored.shape[:2], bool))


def bring_onto(bracket: Bracket, index: int, warp: np.ndarray, offsets: np.ndarray | None = None) -> Exposure:
    """Frame `index` as seen from the reference frame; the very same for the identity.

    `warp` maps full-size pixels of the reference to those of the frame, after `offsets` (rows, columns, 2) float32, a
    mesh over the frame, have been added to them. Pixels from a pixel or more beyond the frame are not `valid` (nearer
    ones repeat its edge); they hold the reference frame's light at this frame's exposure, so that networks see nothing
    strange there. Frames that are stored as codes have codes of 16 bits afterwards.
    """
    exposure = bracket.exposures[index]
    if offsets is None and np.array_equal(warp, np.eye(3)):
        return exposure
    made = _blank(exposure)
    for rows in _strips(exposure):
        _resample(exposure, warp, offsets, made, rows)
    if not made.valid.all():  # type: ignore[union-attr]
        _fill_beyond(bracket, index, made)
    return made


def _blank(exposure: Exposure) -> Exposure:
    """A frame of the same size, to be written: with 16-bit codes in equal steps where it is stored as codes."""
    shape, table = exposure.stored.shape, exposure.table
    stored = np.empty(shape, np.float32 if table is None else np.uint16)
    if table is not None:
        table = np.linspace(float(table[0]), float(table[-1]), 1 << 16, dtype=np.float32)
    clipped = None if exposure.clipped is None else np.zeros(shape[:2], np.uint8)
    return replace(exposure, stored=stored, table=table, valid=np.empty(shape[:2], bool), clipped=clipped)


def _codes(pixels: np.ndarray, exposure: Exposure) -> np.ndarray:
    """Values as a frame of `_blank` stores them."""
    if exposure.table is None:
        return pixels
    low, high = exposure.table[[0, -1]]
    return np.round((pixels - low) * (65535 / (high - low))).clip(0, 65535).astype(np.uint16)


def _resample(exposure: Exposure, warp: np.ndarray, offsets: np.ndarray | None, made: Exposure, rows: slice) -> None:
    """Make some rows of the warped frame: values by Lanczos interpolation, held within their neighbours'.

    Held, because such kernels ring around lamps: dark rims that the merge would take for motion. Of sRGB values,
    because in linear light they ring the more, and blur the shadows. A channel is `clipped` where a pixel with it
    clipped, or a neighbour of one, has gone into.
    """
    import cv2

    source = _source(warp, rows, exposure.size, 0.0 if offsets is None else float(np.abs(offsets).max()))
    to_source, to_made = np.eye(3), np.eye(3)
    to_source[1, 2], to_made[1, 2] = -source.start, rows.start
    shifted, size = to_source @ warp @ to_made, (exposure.size[0], rows.stop - rows.start)
    places = None if offsets is None else _places(shifted, offsets, rows, exposure.size)

    def warped(image: np.ndarray, kernel: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
        if places is not None:
            return cv2.remap(image, *places, kernel, borderMode=border)
        return cv2.warpPerspective(image, shifted, size, flags=kernel | cv2.WARP_INVERSE_MAP, borderMode=border)

    part = exposure.part(source)
    encoded = part if exposure.encoding == "srgb" else linear_to_srgb(part)
    around = np.ones((3, 3), np.uint8)
    pixels = warped(encoded, cv2.INTER_LANCZOS4)
    np.minimum(pixels, warped(cv2.dilate(encoded, around), cv2.INTER_NEAREST), out=pixels)
    np.maximum(pixels, warped(cv2.erode(encoded, around), cv2.INTER_NEAREST), out=pixels)
    made.stored[rows] = _codes(srgb_to_linear(pixels) if exposure.encoding == "linear" else pixels, made)
    inside = warped(np.full(part.shape[:2], 255, np.uint8), cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
    np.greater(inside, 0, out=made.valid[rows])  # type: ignore[index]
    if exposure.clipped is not None and made.clipped is not None:
        for bit in (1, 2, 4):
            channel = (exposure.clipped[source] & np.uint8(bit)).astype(np.float32)
            if channel.any():
                touched = warped(cv2.dilate(channel, around), cv2.INTER_LINEAR, cv2.BORDER_CONSTANT) > 0
                made.clipped[rows][touched] |= np.uint8(bit)


def _places(warp: np.ndarray, offsets: np.ndarray, rows: slice, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of some rows come from, x and y (h, w) float32: `warp` of their places within the rows."""
    import cv2

    width, height = size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(rows.start, rows.stop, dtype=np.float32))
    mesh_rows, mesh_columns = offsets.shape[:2]
    across, down = x * np.float32((mesh_columns - 1) / (width - 1)), y * np.float32((mesh_rows - 1) / (height - 1))
    moved = cv2.remap(offsets, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    x, y = x + moved[..., 0], y + moved[..., 1] - np.float32(rows.start)
    to_x, to_y, scale = (row[0] * x + row[1] * y + row[2] for row in warp)
    return (to_x / scale).astype(np.float32), (to_y / scale).astype(np.float32)


def _source(warp: np.ndarray, rows: slice, size: tuple[int, int], beyond: float) -> slice:
    """The rows of a frame that some rows of the warped one come from, with those that kernels and offsets reach."""
    width, height = size
    corners = np.array([[x, y, 1] for x in (0, width - 1) for y in (rows.start, rows.stop - 1)], np.float64).T
    _, y, scale = warp @ corners
    if (scale <= 0).any():  # seen from behind
        return slice(0, height)
    reach = KERNEL + 2 * beyond
    first, last = (y / scale).min() - reach, (y / scale).max() + reach
    # beyond the frame its outermost rows repeat
    start = int(np.clip(np.floor(first), 0, max(height - 2 * KERNEL, 0)))
    return slice(start, int(np.clip(np.ceil(last) + 1, min(start + 2 * KERNEL, height), height)))


def _fill_beyond(bracket: Bracket, index: int, made: Exposure) -> None:
    """Give the pixels that are not valid what the reference frame says that frame `index` would show there."""
    reference, ratio = bracket.exposures[bracket.reference], _exposure_ratio(bracket, index, made)
    for rows in _strips(made):
        beyond = ~made.valid[rows]  # type: ignore[index]
        if beyond.any():
            light = np.clip(_linear(reference, reference.part(rows)[beyond]) * np.float32(ratio), 0, 1)
            made.stored[rows][beyond] = _codes(light if made.encoding == "linear" else linear_to_srgb(light), made)


def _exposure_ratio(bracket: Bracket, index: int, made: Exposure) -> float:
    """The exposure of frame `index`, warped, over that of the reference frame, as far as anything tells."""
    if bracket.relative_exposures is not None:
        return bracket.relative_exposures[index] / bracket.relative_exposures[bracket.reference]
    reference, ratios = bracket.exposures[bracket.reference], []
    for rows in _strips(made):
        own, light = (_linear(exposure, exposure.part(rows)) for exposure in (made, reference))
        both = made.valid[rows, :, None] & (own > 0.01) & (own < 0.8)  # type: ignore[index]
        both &= (light > 0.01) & (light < 0.8)
        ratios.append(own[both] / light[both])
    found = np.concatenate(ratios)
    return float(np.median(found, overwrite_input=True)) if len(found) else 1.0


def _linear(exposure: Exposure, pixels: np.ndarray) -> np.ndarray:
    """Linear light of a frame's pixels; display-encoded frames count as sRGB."""
    return pixels if exposure.encoding == "linear" else srgb_to_linear(pixels)


def _strips(exposure: Exposure) -> list[slice]:
    width, height = exposure.size
    return strips(height, width, STRIP_PIXELS)

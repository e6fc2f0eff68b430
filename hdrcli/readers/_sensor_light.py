"""From the values of a sensor to linear light. LibRaw interpolates the colours; all else is done here, in floats.

Left to itself, LibRaw clips what lies below black, which lifts the mean of noisy shadows, and what lies above the level
where the first channel saturates, up to two stops of the others. So it is given light above black to interpolate, with
room at both ends, and its result is brought back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hdrcli.image import Sensor

MARGIN = 0.005
"""A value is saturated when it is this close to white, as a share of the range from black to white."""

LOWEST_WHITE = 0.7
"""From this share of white on, values that pile up are saturated: some sensors end below what their file says."""

PILE, CLIFF, BELOW = 64, 8, 8
"""Values that make a pile, how many times as many they must be as those of the steps below, and how many steps."""

ROOM = 0.05
"""Light that is added for the time of interpolation: some algorithms take ratios, which noise near 0 would bias."""


@dataclass(frozen=True, eq=False)
class SensorLight:
    """Linear BT.709 light (H, W, 3) float32 of a RAW file, and where its channels saturate.

    `clipped` (H, W) uint8 and `sensor` are as in `Exposure`.
    """

    pixels: np.ndarray
    clipped: np.ndarray
    sensor: Sensor | None


def developed(raw: Any, gains: list[float], matrix: np.ndarray, demosaic: str) -> SensorLight:
    """LibRaw's `raw` as linear light.

    `gains` are the white balance of red, green, blue and the second green; `matrix` (3, channels) brings balanced
    light to BT.709. 1 is the level where the first channel saturates; the others go on above. Noise in the dark, and
    colours out of gamut, go below 0. What is saturated holds the least light that explains it, and is neutral where all
    channels are. The values of `raw` are overwritten.
    """
    balance = np.array(gains, np.float32) / min(gains[:3])
    values, colours = sensor_values(raw)
    light, saturated, white = _balanced(raw, values, colours, balance)
    if saturated.any():
        _unclip(light, saturated, colours)
    lowest = min(0.0, float(light.min())) - ROOM
    step = np.float32((max(float(balance.max()), float(light.max())) - lowest) / 65535)
    light -= np.float32(lowest)
    light /= step
    values[...] = np.rint(light, out=light)
    pixels = _interpolated(raw, demosaic).astype(np.float32)
    pixels *= step
    pixels += np.float32(lowest)
    sensor = None
    if raw.num_colors == 3:
        sensor = Sensor(matrix.astype(np.float32), (float(white[0]), float(min(white[1], white[3])), float(white[2])))
    clipped = _clipped_channels(raw, values, saturated, colours, pixels.shape[:2])
    return SensorLight(_in_bt709(pixels, matrix), clipped, sensor)


def sensor_values(raw: Any) -> tuple[np.ndarray, np.ndarray]:
    """The sensor's values, and which of red, green, blue and second green each of them is."""
    import rawpy

    values = raw.raw_image_visible
    if raw.raw_type == rawpy.RawType.Stack:  # linear DNG, sRAW, Foveon: all colours of each pixel
        values, colours = values[..., : raw.num_colors], np.arange(raw.num_colors)
    else:
        colours = raw.raw_colors_visible if raw.num_colors > 1 else np.zeros(1, np.uint8)
    return values, np.broadcast_to(colours, values.shape)


def _balanced(
    raw: Any, values: np.ndarray, colours: np.ndarray, balance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The light of each value, (value - black) / (white - black) times its balance, and whether it is saturated.

    Beside these, the light (4,) at which red, green, blue and the second green saturate.
    """
    black = np.array(raw.black_level_per_channel, np.float32)
    white = np.float32(raw.white_level or np.iinfo(values.dtype).max)
    told = np.array(raw.camera_white_level_per_channel or [0] * 4, np.float32)  # up to where the sensor is linear
    least = black + np.float32(LOWEST_WHITE) * (white - black)
    ends = np.where((told > least) & (told < white), told, white)
    for colour in range(4):
        ends[colour] = min(ends[colour], _pile(values[colours == colour], least[colour]))
    ends -= np.float32(MARGIN) * (ends - black)
    light = values.astype(np.float32)
    saturated = light >= ends[colours]
    light -= black[colours]
    scale = balance / (white - black)
    light *= scale[colours]
    return light, saturated, (ends - black) * scale


def _pile(values: np.ndarray, least: float) -> float:
    """The highest of integer `values`, if it is above `least` and they pile up there; infinity if not.

    It takes a cliff: noise thins out towards the highest value. Steps are of values that occur, for compressed files
    leave some out.
    """
    counts = np.bincount(values[values > least])
    steps = np.flatnonzero(counts)
    if len(steps) <= BELOW or counts[-1] < PILE:
        return np.inf
    return float(steps[-1]) if counts[-1] > CLIFF * counts[steps[-1 - BELOW : -1]].mean() else np.inf


def _unclip(light: np.ndarray, saturated: np.ndarray, colours: np.ndarray) -> None:
    """Raise saturated values to the mean of the other channels, as far as these are not saturated and are brighter.

    Neutral light stays neutral so, until all are saturated; then it is as bright as the brightest. Sensor values look
    for the others in the pixels around.
    """
    import cv2

    places = np.nonzero(saturated)
    total, count = np.zeros((2, len(places[0])), np.float32)
    for colour in np.unique(colours[:2, :2] if light.ndim == 2 else colours[0, 0]):
        known = (colours == colour) & ~saturated
        around = [_around(plane, places) for plane in (light * known, known.astype(np.float32))]
        other = (around[1] > 0) & (colours[places] != colour)
        total[other] += around[0][other] / around[1][other]
        count += other
    brightest = cv2.dilate(light, np.ones((3, 3), np.uint8)) if light.ndim == 2 else light.max(-1, keepdims=True)
    unknown = np.broadcast_to(brightest, light.shape)[places]
    light[places] = np.maximum(light[places], np.where(count > 0, total / np.maximum(count, 1), unknown))


def _around(plane: np.ndarray, places: tuple[np.ndarray, ...]) -> np.ndarray:
    """The sums, at `places`, of the 3 x 3 sensor values around, or of all channels of a pixel."""
    import cv2

    if plane.ndim == 3:
        return np.broadcast_to(plane.sum(-1, keepdims=True), plane.shape)[places]
    return cv2.boxFilter(plane, -1, (3, 3), normalize=False)[places]


def _interpolated(raw: Any, demosaic: str) -> np.ndarray:
    """The values of `raw`, as they are, with all channels of each pixel: (H, W, channels) uint16."""
    import rawpy

    return raw.postprocess(
        demosaic_algorithm=rawpy.DemosaicAlgorithm[demosaic.upper()],
        output_color=rawpy.ColorSpace.raw,
        gamma=(1, 1),
        output_bps=16,
        no_auto_bright=True,
        no_auto_scale=True,
        user_wb=[1.0, 1.0, 1.0, 1.0],
        user_black=0,
        user_cblack=[0, 0, 0, 0],
        adjust_maximum_thr=0.0,
        user_flip=0,
    )


def _in_bt709(pixels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Balanced light of the camera's channels in BT.709 primaries."""
    if pixels.shape[2] == 1:  # a monochrome camera
        return np.repeat(pixels, 3, axis=2)
    return pixels @ matrix.astype(np.float32).T


def _clipped_channels(
    raw: Any, values: np.ndarray, saturated: np.ndarray, colours: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """(H, W) uint8 of `shape`: by bits, the channels of each pixel that a saturated value has gone into."""
    clipped = np.zeros(shape, np.uint8)
    if raw.num_colors != 3:  # which of BT.709 a channel touches is not told apart
        clipped[_touched(raw, values, saturated, shape)] = 7
        return clipped
    for channel, own in enumerate(((0,), (1, 3), (2,))):
        of_channel = saturated & np.isin(colours, own)
        if of_channel.any():
            clipped[_touched(raw, values, of_channel, shape)] |= np.uint8(1 << channel)
    return clipped


def _touched(raw: Any, values: np.ndarray, saturated: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool of `shape`: the pixels that a saturated value has gone into."""
    import cv2

    if saturated.ndim == 3:
        saturated = saturated.max(-1)
    elif raw.num_colors > 1:
        # A colour is interpolated from its neighbours as far as half the filters' pattern; finer detail from beyond.
        side = 3 if raw.raw_pattern is None else len(raw.raw_pattern) // 2 * 2 + 1
        square = np.ones((side, side), np.uint8)
        saturated = cv2.dilate(saturated.astype(np.uint8), square).astype(bool)
    if saturated.shape == shape:
        return saturated
    # LibRaw has stretched pixels that are not square, or turned a sensor that stands on its corner: so is this.
    values[...] = saturated.reshape(*saturated.shape, *[1] * (values.ndim - 2)) * np.iinfo(values.dtype).max
    return _interpolated(raw, "linear").max(-1).astype(bool)

"""Resample a frame onto the reference frame, and say where it shows the scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hdrcli.image import Bracket, Exposure
from hdrcli.transfer import linear_to_srgb, srgb_to_linear


def leave_out(exposure: Exposure) -> Exposure:
    """The same frame, valid nowhere."""
    return replace(exposure, valid=np.zeros(exposure.stored.shape[:2], bool))


def bring_onto(bracket: Bracket, index: int, warp: np.ndarray) -> Exposure:
    """Frame `index` as seen from the reference frame; the very same for the identity.

    `warp` maps full-size pixels of the reference to those of the frame. Pixels from beyond the frame are not `valid`;
    they hold the reference frame's light at this frame's exposure, so that networks see nothing strange there.
    """
    exposure = bracket.exposures[index]
    if np.array_equal(warp, np.eye(3)):
        return exposure
    pixels, valid = _resample(exposure, warp)
    saturated = None if exposure.saturated is None else _saturated(exposure.saturated, warp)
    if not valid.all():
        filling = _reference_light(bracket, index, pixels, valid)
        pixels[~valid] = filling[~valid]
    stored, table = _as_codes(pixels, exposure)
    return replace(exposure, stored=stored, table=table, valid=valid, saturated=saturated)


def _as_codes(pixels: np.ndarray, exposure: Exposure) -> tuple[np.ndarray, np.ndarray | None]:
    """Values of a warped frame as 16-bit codes and their table, where the frame was stored as codes."""
    if exposure.table is None:
        return pixels, None
    ascending = np.linspace(0, 1, 1 << 16, dtype=np.float32)
    table = srgb_to_linear(ascending) if exposure.encoding == "linear" else ascending
    encoded = linear_to_srgb(pixels) if exposure.encoding == "linear" else pixels
    return np.round(encoded * np.float32(65535)).astype(np.uint16), table


def _saturated(mask: np.ndarray, warp: np.ndarray) -> np.ndarray:
    """The saturated pixels of a frame after `warp`: those that one of them, or of their neighbours, has gone into."""
    import cv2

    grown = cv2.dilate(mask.astype(np.float32), np.ones((3, 3), np.uint8))
    return np.greater(
        cv2.warpPerspective(grown, warp, mask.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), 0
    )


def _resample(exposure: Exposure, warp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels by Lanczos interpolation of sRGB values, held within their neighbours', and where all of them exist.

    Held, because such kernels ring around lamps: dark rims that the merge would take for motion. Encoded, because in
    linear light they ring the more, and blur the shadows.
    """
    import cv2

    encoded = exposure.pixels if exposure.encoding == "srgb" else linear_to_srgb(exposure.pixels)

    def warped(image: np.ndarray, kernel: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
        return cv2.warpPerspective(image, warp, exposure.size, flags=kernel | cv2.WARP_INVERSE_MAP, borderMode=border)

    pixels = warped(encoded, cv2.INTER_LANCZOS4)
    around = np.ones((3, 3), np.uint8)
    np.minimum(pixels, warped(cv2.dilate(encoded, around), cv2.INTER_NEAREST), out=pixels)
    np.maximum(pixels, warped(cv2.erode(encoded, around), cv2.INTER_NEAREST), out=pixels)
    inside = warped(np.full(encoded.shape[:2], 255, np.uint8), cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
    return (srgb_to_linear(pixels) if exposure.encoding == "linear" else pixels), inside == 255


def _reference_light(bracket: Bracket, index: int, pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """What the reference frame says that frame `index` would show, in that frame's encoding."""
    exposure, reference = bracket.exposures[index], bracket.exposures[bracket.reference]
    light = _linear(reference, reference.pixels)
    if bracket.relative_exposures is not None:
        ratio = bracket.relative_exposures[index] / bracket.relative_exposures[bracket.reference]
    else:
        own = _linear(exposure, pixels)
        both = valid[..., None] & (own > 0.01) & (own < 0.8) & (light > 0.01) & (light < 0.8)
        ratio = float(np.median(own[both] / light[both])) if both.any() else 1.0
    filled = np.clip(light * np.float32(ratio), 0, 1)
    return filled if exposure.encoding == "linear" else linear_to_srgb(filled)


def _linear(exposure: Exposure, pixels: np.ndarray) -> np.ndarray:
    """Linear light of a frame's pixels; display-encoded frames count as sRGB."""
    return pixels if exposure.encoding == "linear" else srgb_to_linear(pixels)

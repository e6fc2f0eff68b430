"""Resample a frame onto the reference frame, and say where it shows the scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hdrcli.image import Bracket, Exposure
from hdrcli.transfer import linear_to_srgb, srgb_to_linear


def leave_out(exposure: Exposure) -> Exposure:
    """The same frame, valid nowhere."""
    return replace(exposure, valid=np.zeros(exposure.pixels.shape[:2], bool))


def bring_onto(bracket: Bracket, index: int, warp: np.ndarray) -> Exposure:
    """Frame `index` as seen from the reference frame; the very same for the identity.

    `warp` maps full-size pixels of the reference to those of the frame. Pixels from beyond the frame are not `valid`;
    they hold the reference frame's light at this frame's exposure, so that networks see nothing strange there.
    """
    exposure = bracket.exposures[index]
    if np.array_equal(warp, np.eye(3)):
        return exposure
    pixels, valid = _resample(exposure, warp)
    if not valid.all():
        filling = _reference_light(bracket, index, pixels, valid)
        pixels[~valid] = filling[~valid]
    return replace(exposure, pixels=pixels, valid=valid)


def _resample(exposure: Exposure, warp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels by bicubic interpolation held within the values it interpolates, and where all of them exist.

    Held, because cubic kernels ring around lamps: dark rims that the merge would take for motion.
    """
    import cv2

    def warped(image: np.ndarray, kernel: int) -> np.ndarray:
        flags = kernel | cv2.WARP_INVERSE_MAP
        return cv2.warpPerspective(image, warp, exposure.size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    pixels = warped(exposure.pixels, cv2.INTER_CUBIC)
    around = np.ones((3, 3), np.uint8)
    np.minimum(pixels, warped(cv2.dilate(exposure.pixels, around), cv2.INTER_NEAREST), out=pixels)
    np.maximum(pixels, warped(cv2.erode(exposure.pixels, around), cv2.INTER_NEAREST), out=pixels)
    inside = np.full(exposure.pixels.shape[:2], 255, np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    inside = cv2.warpPerspective(inside, warp, exposure.size, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return pixels, inside == 255


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

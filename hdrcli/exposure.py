"""Exposure arithmetic: relative exposure, stops, order, and the choice of the reference and of the frames to use."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hdrcli.errors import ExposureError
from hdrcli.image import Exposure, FrameHeader
from hdrcli.transfer import largest_channel, linear_to_srgb

LARGEST_STEP = 4.5  # stops between a network's neighbouring frames; beyond, both lack detail in what lies between


AWAY = 0.1
"""What a stop away from the middle third of a bracket counts as, in shares of lost pixels, for a reference frame."""


def relative_exposures(frames: Sequence[FrameHeader]) -> tuple[float, ...] | None:
    """exposure_time * (iso / 100) / f_number**2 of each frame; None when a frame has no exposure time.

    ISO and f-number count only where every frame carries them: a ratio needs both sides.
    """
    if any(frame.exposure_time is None for frame in frames):
        return None
    has_iso = all(frame.iso for frame in frames)
    has_f_number = all(frame.f_number for frame in frames)
    return tuple(
        (frame.exposure_time or 0)
        * ((frame.iso or 100) / 100 if has_iso else 1)
        / ((frame.f_number or 1) ** 2 if has_f_number else 1)
        for frame in frames
    )


def white_luminance(relative: float) -> float:
    """The luminance of white in cd/m^2, as a light meter has it, of a frame of this exposure_time * (iso / 100) / N^2.

    A meter takes 12.5 N^2 / (t S) for middle grey (ISO 2720, K = 12.5), 0.18 of white.
    """
    return 0.125 / 0.18 / relative


def check(relative: Sequence[float], names: Sequence[str], source: str) -> None:
    """Raise ExposureError unless there are at least two different, positive, finite exposures within 2**40."""
    for value, name in zip(relative, names, strict=True):
        if not (math.isfinite(value) and value > 0):
            raise ExposureError(
                f"{name} has the impossible exposure {value:g} ({source}).", "Pass --times 1/60,1/15,1/4 (seconds)."
            )
    if len(relative) > 1 and max(relative) / min(relative) > 2**40:
        raise ExposureError(
            f"{names[0]} … {names[-1]}: exposures {min(relative):g} and {max(relative):g} are over 40 stops apart "
            f"({source}).",
            "Check --times (seconds) or --stops.",
        )
    if len(relative) > 1 and max(relative) / min(relative) < 2**0.05:
        raise ExposureError(
            f"{names[0]} … {names[-1]} all have the same exposure ({source}).",
            "Pass a bracket of different exposures, or the right --times.",
        )


def stops(relative: Sequence[float], reference: int) -> tuple[float, ...]:
    """log2 of each relative exposure over the reference's: + is brighter."""
    return tuple(math.log2(value / relative[reference]) for value in relative)


def mean_light(exposure: Exposure) -> float:
    """Mean of all values: what orders frames whose exposure is unknown."""
    if exposure.table is None:
        return float(exposure.pixels.mean(dtype=np.float64))
    import cv2

    rows, codes = exposure.stored.reshape(exposure.stored.shape[0], -1), len(exposure.table)
    counts = cv2.calcHist([rows], [0], None, [codes], [0, codes]).ravel()
    return float(np.average(exposure.table, weights=counts.astype(np.float64)))


def encoded_pixels(exposure: Exposure) -> np.ndarray:
    """The frame as a display shows it: (H, W, 3) float32, sRGB-encoded, in [0, 1]."""
    return encoded(exposure).pixels


def encoded(exposure: Exposure) -> Exposure:
    """The frame as a display shows it."""
    if exposure.encoding == "srgb":
        return exposure
    return exposure.mapped(lambda light: linear_to_srgb(np.clip(light, 0, 1)), "srgb")


WHITE, BLACK = {"srgb": 0.98, "linear": 0.955}, {"srgb": 0.02, "linear": 0.0016}
"""Values from which, and up to which, a pixel tells no detail; those of `linear` are the same light."""


def blank(exposure: Exposure) -> str | None:
    """What a frame shows nothing but, "black" or "white", specks of a pixel aside; None for all others."""
    whole, every = slice(None), slice(None, None, 8)
    for word, empty in (("black", _all_black), ("white", _all_white)):
        if empty(exposure, every).mean() < 0.999:
            continue
        shown = ~empty(exposure, whole)
        if not (shown[1:, 1:] & shown[:-1, 1:] & shown[1:, :-1] & shown[:-1, :-1]).any():
            return word
    return None


def _all_black(exposure: Exposure, part: slice) -> np.ndarray:
    least = 0 if exposure.bits > 16 else BLACK[exposure.encoding]
    return largest_channel(exposure.part(part, part)) <= least


def _all_white(exposure: Exposure, part: slice) -> np.ndarray:
    if exposure.clipped is not None:
        return exposure.clipped[part, part] == 7
    return exposure.part(part, part).min(axis=-1) >= WHITE[exposure.encoding]


def lost(exposure: Exposure, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) bool of every `step`th pixel that lost detail: any channel at white, and, of the others, all at black.

    The sensor tells what is at white where the exposure knows.
    """
    white, black = WHITE[exposure.encoding], BLACK[exposure.encoding]
    every = slice(None, None, step)
    brightest = largest_channel(exposure.part(every, every))
    saturated = brightest >= white if exposure.saturated is None else exposure.saturated[::step, ::step]
    return saturated, (brightest <= black) & ~saturated


def lost_shares(exposure: Exposure) -> tuple[float, float]:
    """Shares of pixels that lost detail at white and at black."""
    step = max(1, int(math.sqrt(math.prod(exposure.size) / 1_000_000)))  # a million pixels tell enough
    saturated, black = lost(exposure, step)
    return float(saturated.mean()), float(black.mean())


def choose_reference(lost: Sequence[float], relative: Sequence[float] | None) -> int:
    """The frame that lost least, those around the middle of the range first; frames are in ascending exposure.

    `lost` are the shares of their pixels that lost detail at white or black. The middle is a third of the range in
    stops (of the count, where exposures are unknown); beyond it, each stop counts as AWAY. A frame at either end is
    taken only from a bracket of two.
    """
    count = len(lost)
    if count < 3:
        return int(np.argmin(lost))
    place = np.log2(relative) if relative is not None else np.arange(count, dtype=float)
    middle, reach = (place[0] + place[-1]) / 2, (place[-1] - place[0]) / 6

    def cost(index: int) -> tuple[float, float]:
        away = abs(float(place[index]) - middle)
        return round(lost[index] + AWAY * max(away - reach - 1e-6, 0), 3), away

    return min(range(1, count - 1), key=cost)


def choose_frames(relative: Sequence[float], reference: int, count: int) -> tuple[int, ...]:
    """Indices of `count` frames, the reference among them, that cover the range best in steps a network can bridge.

    Works outward from the reference: on each side the farthest frame within `LARGEST_STEP` of the last one (the nearest
    beyond, if none is). Raises ExposureError when the reference lacks frames on a side (an odd `count` wants as many
    darker as brighter ones).
    """
    if len(relative) < count:
        raise ExposureError(
            f"The model takes {count} frames but the bracket has {len(relative)}.",
            "Add frames, or pass -m mertens (any number of frames, two or more).",
        )
    place = [math.log2(value) for value in relative]
    side = count // 2

    def walk(direction: int) -> list[int]:
        chosen, at = [], reference
        ends = list(range(reference + direction, len(place) if direction > 0 else -1, direction))
        for still_wanted in range(side, 0, -1):
            free = [i for i in ends if (i - at) * direction > 0]
            free = free[: len(free) - still_wanted + 1]
            if not free:
                raise ExposureError(
                    f"The reference frame {reference + 1} (from the darkest) has too few "
                    f"{'brighter' if direction > 0 else 'darker'} frames beside it for a model of {count} frames.",
                    "Pass another --reference, or -m debevec.",
                )
            near = [i for i in free if abs(place[i] - place[at]) <= LARGEST_STEP]
            at = near[-1] if near else free[0]
            chosen.append(at)
        return chosen

    return tuple(sorted([*walk(-1), reference, *walk(1)]))

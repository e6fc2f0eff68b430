"""The camera's response: from the values that a frame stores to linear light."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hdrcli import measured_stops
from hdrcli.errors import ExposureError, UsageError
from hdrcli.image import Bracket, Exposure
from hdrcli.transfer import gamma_to_linear, srgb_to_linear

CHOICES = "srgb, gamma:G (0.1 < G <= 10), linear, estimate"

ESTIMATE_PIXELS = 1 << 18
"""Frames are thinned to about this many pixels before the response is estimated."""

ESTIMATE_VALUES = 4000
"""Values that the estimate is fitted to: some hundred pixels in each frame. More costs time as the cube."""


MISFIT = 0.8
"""Stops by which two neighbours may differ from what their exposures say. Contrasty JPEGs differ by half a stop."""

SMOOTHNESS = 50.0
"""Lambda of the paper's eq. 3."""

FITTED_VALUES = (10, 240)
"""The 8-bit values between which the estimate is trusted."""

SLOPE_VALUES = 24
"""Values below the last trusted one whose slope the curve goes on with to white."""


def parse(response: str) -> tuple[str, float | None]:
    """Check the text of `--response`: its kind, and G for `gamma:G`.

    Raises UsageError, with what is allowed, for anything else.
    """
    kind, colon, value = response.strip().lower().partition(":")
    if kind in ("srgb", "linear", "estimate") and not colon:
        return kind, None
    if kind == "gamma":
        try:
            gamma = float(value)
        except ValueError:
            gamma = float("nan")
        if 0.1 < gamma <= 10:
            return kind, gamma
    raise UsageError(f'There is no response "{response}".', f"Choose one of: {CHOICES}.")


def decode(bracket: Bracket, response: str) -> Bracket:
    """Give the bracket with every exposure linear.

    `response` says what display-encoded frames are decoded by: "srgb" (IEC 61966-2-1), "gamma:G" (a power law),
    "linear" (values are taken as they are) or "estimate" (Debevec & Malik 1997, eq. 3, from the frames themselves).
    Exposures that are linear already pass untouched. White stays 1.

    Raises UsageError for another response; ExposureError when there is too little to estimate one from.
    """
    kind, gamma = parse(response)
    encoded = [exposure for exposure in bracket.exposures if exposure.encoding != "linear"]
    if not encoded:
        return bracket
    to_linear: Callable[[np.ndarray], np.ndarray]
    if kind == "srgb":
        to_linear = srgb_to_linear
    elif kind == "linear":
        to_linear = np.ndarray.copy
    elif gamma is not None:
        exponent = gamma
        to_linear = lambda pixels: gamma_to_linear(pixels, exponent)  # noqa: E731
    else:
        curves = estimate(bracket)
        to_linear = lambda pixels: _look_up(curves, pixels)  # noqa: E731
    return bracket.with_exposures([_decoded(exposure, to_linear) for exposure in bracket.exposures])


def _decoded(exposure: Exposure, to_linear: Callable[[np.ndarray], np.ndarray]) -> Exposure:
    if exposure.encoding == "linear":
        return exposure
    return replace(exposure, pixels=to_linear(exposure.pixels), encoding="linear")


def misfit(bracket: Bracket) -> str:
    """What to say when linear frames are not as far apart as their exposures tell; "" when they are.

    Neighbours are compared where both are well exposed. A response that is not the camera's shows so, and so do
    exposures that are not the frames'.
    """
    worst, words = MISFIT, ""
    relative = bracket.relative_exposures or ()
    for index, seen in enumerate(measured_stops.steps(bracket.exposures) if relative else []):
        told = float(np.log2(relative[index + 1] / relative[index]))
        if seen is not None and abs(seen - told) > worst:
            worst = abs(seen - told)
            dark, bright = bracket.exposures[index : index + 2]
            words = f"{dark.name} and {bright.name} look {seen:.1f} stops apart where their exposures say {told:.1f}"
    return words


def estimate(bracket: Bracket) -> np.ndarray:
    """Estimate the response from the display-encoded frames of a bracket.

    Returns (256, 3) float32: the linear light of each 8-bit value of R, G and B, ascending from >= 0 to 1.

    Raises ExposureError with fewer than two encoded frames of different exposure, or without relative exposures.
    """
    import cv2

    if bracket.relative_exposures is None:
        raise ExposureError(
            f'The response of "{bracket.name}" cannot be estimated without exposure times.',
            "Pass --times or --stops, or --response srgb.",
        )
    pairs = zip(bracket.exposures, bracket.relative_exposures, strict=True)
    frames = [(exposure, relative) for exposure, relative in pairs if exposure.encoding != "linear"]
    if len({relative for _, relative in frames}) < 2:
        raise ExposureError(
            f'The response of "{bracket.name}" cannot be estimated from fewer than two different exposures.',
            "Add frames, or pass --response srgb.",
        )
    codes = _sampled([exposure for exposure, _ in frames], max(4, ESTIMATE_VALUES // len(frames)))
    times = np.array([relative for _, relative in frames], np.float32)
    fit = cv2.createCalibrateDebevec(samples=codes[0].size // 3, lambda_=SMOOTHNESS)
    curves = fit.process(codes, times / times[0]).reshape(256, 3)
    return _tidied(np.nan_to_num(curves, nan=0.0, posinf=0.0))


def _tidied(curves: np.ndarray) -> np.ndarray:
    """Response curves, (256, 3), made to ascend from 0 to 1, with straight ends where the fit knows nothing.

    Values near black and white weigh next to nothing in the fit, which leaves its ends to chance. Each channel's white
    is 1, and so white is neutral.
    """
    low, high = FITTED_VALUES
    curves = np.maximum.accumulate(curves[low : high + 1], axis=0)
    step = (curves[-1] - curves[-1 - SLOPE_VALUES]) / SLOPE_VALUES
    shadows = np.linspace(0, 1, low, endpoint=False)[:, None] * curves[0]
    highlights = curves[-1] + np.arange(1, 256 - high)[:, None] * step
    whole = np.concatenate([shadows, curves, highlights])
    return (whole / np.maximum(whole[-1], np.finfo(np.float32).tiny)).astype(np.float32)


def _sampled(exposures: Sequence[Exposure], count: int) -> list[np.ndarray]:
    """Values of some `count` pixels in each frame, (side, side, 3) uint8: the flattest ones of every brightness.

    Beside edges the values are JPEG's and the lens's as much as the scene's.
    """
    import cv2

    width, height = exposures[0].size
    step = max(1, round((width * height / ESTIMATE_PIXELS) ** 0.5))
    codes = [np.round(np.clip(e.pixels[::step, ::step], 0, 1) * 255).astype(np.uint8) for e in exposures]
    around = np.ones((5, 5), np.uint8)
    roughness = np.max([(cv2.dilate(c, around) - cv2.erode(c, around)).max(-1) for c in codes], axis=0).ravel()
    by_brightness = np.argsort(np.sum([c.sum(-1, dtype=np.int64) for c in codes], axis=0).ravel(), kind="stable")
    side = int(min(count, len(by_brightness)) ** 0.5)
    chosen = [group[roughness[group].argmin()] for group in np.array_split(by_brightness, side**2)]
    return [c.reshape(-1, 3)[chosen].reshape(side, side, 3) for c in codes]


def _look_up(curves: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Linear light of encoded pixels, by interpolation between the 256 values of each channel's curve."""
    values = np.linspace(0, 1, len(curves))
    channels = [np.interp(pixels[..., c], values, curves[:, c]) for c in range(3)]
    return np.stack(channels, -1).astype(np.float32)

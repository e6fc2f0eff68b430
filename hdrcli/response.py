"""The camera's response: from the values that a frame stores to linear light."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from hdrcli import frame_pairs, measured_stops, tone_curve
from hdrcli.errors import ExposureError, UsageError
from hdrcli.image import Bracket, Exposure
from hdrcli.tone_curve import ToneCurve
from hdrcli.transfer import gamma_to_linear, srgb_to_linear

CHOICES = "auto, srgb, gamma:G (0.1 < G <= 10), linear, estimate"

MISFIT = 0.8
"""Stops by which two neighbours may differ from what their exposures say. Contrasty JPEGs differ by half a stop."""

CONTRADICTION = 0.05
"""Misfit of sRGB, in stops, from which frames contradict it. Frames that are sRGB reach 0.025 where nothing moved."""

EXPLANATION = (0.5, 0.15)
"""What must be left of that on pairs of frames that the curve was not fitted to: this share of it, and no more stops.
Tone curves of cameras leave 0.05 to 0.4 of it; where something moved, 0.9 is left and more."""

PIECES = 4096
"""Pieces of equal width between which a curve is looked up."""

STRIP_ROWS = 256
"""Rows decoded at once, in double precision."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A bracket in linear light, and what is to be said of how it was decoded, if anything."""

    bracket: Bracket
    note: str = ""


def parse(response: str) -> tuple[str, float | None]:
    """Check the text of `--response`: its kind, and G for `gamma:G`.

    Raises UsageError, with what is allowed, for anything else.
    """
    kind, colon, value = response.strip().lower().partition(":")
    if kind in ("auto", "srgb", "linear", "estimate") and not colon:
        return kind, None
    if kind == "gamma":
        try:
            gamma = float(value)
        except ValueError:
            gamma = float("nan")
        if 0.1 < gamma <= 10:
            return kind, gamma
    raise UsageError(f'--response has no "{response}".', f"Choose one of: {CHOICES}.")


def decode(bracket: Bracket, response: str, believed: bool = True, doubted: Collection[str] = ()) -> Decoded:
    """Give the bracket with every exposure linear.

    `response` says what display-encoded frames are decoded by: "srgb" (IEC 61966-2-1), "gamma:G" (a power law),
    "linear" (values are taken as they are), "estimate" (a tone curve told by the frames themselves) or "auto" (sRGB,
    or such a curve where frames contradict sRGB and the curve explains them). Exposures that are not `believed` may be
    corrected along with an estimated curve, by which the frames are sorted anew; of the frames `doubted`, by name, the
    stops from the one before are measured by the curve in any case. Exposures that are linear already pass untouched.
    White stays 1.

    Raises UsageError for another response; ExposureError when there is too little to estimate one from.
    """
    kind, gamma = parse(response)
    if all(exposure.encoding == "linear" for exposure in bracket.exposures):
        return Decoded(bracket)
    if kind == "estimate":
        return _estimated(bracket, believed, doubted)
    if kind == "auto" and (found := _where_contradicted(bracket, believed, doubted)):
        return found
    to_linear: Callable[[np.ndarray], np.ndarray] = srgb_to_linear
    if kind == "linear":
        to_linear = lambda pixels: pixels  # noqa: E731
    elif gamma is not None:
        exponent = gamma
        to_linear = lambda pixels: gamma_to_linear(pixels, exponent)  # noqa: E731
    return Decoded(bracket.with_exposures([_linear(exposure, to_linear) for exposure in bracket.exposures]))


def _linear(exposure: Exposure, to_linear: Callable[[np.ndarray], np.ndarray]) -> Exposure:
    if exposure.encoding == "linear":
        return exposure
    return exposure.mapped(to_linear, "linear")


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


def _estimated(bracket: Bracket, believed: bool, doubted: Collection[str]) -> Decoded:
    """The bracket decoded by the curve that its frames tell. Raises ExposureError when they tell none."""
    if bracket.relative_exposures is None:
        raise ExposureError(
            f'The response of "{bracket.name}" cannot be estimated without exposure times.',
            "Pass --times or --stops, or --response srgb.",
        )
    places, stops, pairs = _pairs(bracket)
    if len(np.unique(stops)) < 2:
        raise ExposureError(
            f'The response of "{bracket.name}" cannot be estimated from fewer than two different exposures.',
            "Add frames, or pass --response srgb.",
        )
    if not len(pairs.frames):
        raise ExposureError(
            f'The response of "{bracket.name}" cannot be estimated: no two of its frames, 0.8 to 5 stops apart, show '
            "enough of the same light.",
            "Add frames, or pass --response srgb.",
        )
    curve = tone_curve.fit(pairs, stops, believed, _doubted_steps(bracket, places, doubted))
    before, after = (tone_curve.misfit(pairs, one) for one in (tone_curve.srgb(stops), curve))
    return _decoded_by(curve, bracket, places, f"misfit {before:.2f} -> {after:.2f} stop")


def _where_contradicted(bracket: Bracket, believed: bool, doubted: Collection[str]) -> Decoded | None:
    """The bracket decoded by its own curve, where the frames contradict sRGB and the curve explains what they show."""
    if bracket.relative_exposures is None:
        return None
    places, stops, pairs = _pairs(bracket)
    if (
        len(pairs.frames) < min(2, len(places) - 1)
        or not len(pairs.frames)
        or tone_curve.misfit(pairs, tone_curve.srgb(stops)) < CONTRADICTION
    ):
        return None
    steps = _doubted_steps(bracket, places, doubted)
    before, after = tone_curve.held_out(pairs, stops, believed, steps)
    share, most = EXPLANATION
    if after > min(share * before, most):
        return None
    return _decoded_by(
        tone_curve.fit(pairs, stops, believed, steps), bracket, places, f"misfit {before:.2f} -> {after:.2f} stop"
    )


def _doubted_steps(bracket: Bracket, places: list[int], doubted: Collection[str]) -> np.ndarray:
    """(N - 1,) bool: whether the step to each of the frames at `places`, but for the first, is doubted.

    None is where most would be: a curve needs steps to go by.
    """
    steps = np.array([bracket.exposures[place].name in doubted for place in places[1:]], bool)
    return steps & (2 * np.count_nonzero(steps) <= len(steps))


def _pairs(bracket: Bracket) -> tuple[list[int], np.ndarray, frame_pairs.Pairs]:
    """The places of the display-encoded frames, their stops from the first of them, and what pairs of them tell."""
    places = [place for place, exposure in enumerate(bracket.exposures) if exposure.encoding != "linear"]
    stops = np.log2([(bracket.relative_exposures or ())[place] for place in places])
    stops -= stops[0]
    return places, stops, frame_pairs.find([bracket.exposures[place] for place in places], stops)


def _decoded_by(curve: ToneCurve, bracket: Bracket, places: list[int], words: str) -> Decoded:
    """The bracket decoded by a curve, with the exposures that came with it, darkest first."""
    values = np.linspace(0, 1, PIECES + 1)
    light = curve.light(values)
    exposures = [_linear(exposure, lambda pixels: _look_up(values, light, pixels)) for exposure in bracket.exposures]
    relative = np.array(bracket.relative_exposures, float)
    corrected = relative[places[0]] * 2.0**curve.stops
    measured = [bracket.exposures[place].name for place, new in zip(places, curve.changed, strict=True) if new]
    relative[places] = corrected
    order = np.argsort(relative, kind="stable")
    note = f"camera tone curve estimated from the frames: {words}"
    if measured:
        note += f"; exposures measured by it for {', '.join(measured)}"
    return Decoded(
        replace(
            bracket,
            exposures=tuple(exposures[place] for place in order),
            reference=int(np.flatnonzero(order == bracket.reference)[0]),
            relative_exposures=tuple(float(relative[place]) for place in order),
        ),
        note,
    )


def _look_up(values: np.ndarray, light: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """The linear light of encoded pixels."""
    decoded = np.empty_like(pixels)
    for top in range(0, len(pixels), STRIP_ROWS):
        strip = slice(top, top + STRIP_ROWS)
        decoded[strip] = np.interp(pixels[strip], values, light)
    return decoded

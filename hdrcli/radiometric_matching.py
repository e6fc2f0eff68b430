"""Frames of unknown response brought to one scale: what is left of their differences after decoding.

Phones tone-map each frame by itself, and files without a usual response are decoded by a wrong one. Then two frames
give the same place lights that are stops apart, by more at some levels than at others, and a merge draws contours.
Beginning at the reference frame, each frame is brought to the one before by one ascending curve for all channels, so
that hues stay (comparametric matching, Mann 2000, "Comparametric Equations with Practical Applications in Quantigraphic
Image Processing"). Frames that agree within half a stop are left as they are.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from hdrcli.image import Bracket, Exposure
from hdrcli.sampling import averaged, covered, reduced_size
from hdrcli.transfer import largest_channel

MISFIT = 0.5
"""Stops by which two frames must differ to be brought together; a contrasty picture style makes less."""

PIXELS = 100_000
"""Frames are averaged down to so many pixels at most."""

LEVELS = (0.0012, 0.9)
"""Linear levels between which a frame tells: 4 of 255 codes, and white."""

BRIGHTEST = 0.8
"""Share of the brightest channel of its pixel from which a channel tells: darker ones are turned by colour matrices."""

LEAST_SAMPLES = 1500

BINS, LEAST_GROUPS = 32, 3
"""Groups of equally many samples, by level, whose medians the curve goes through, and how many it needs of which the
other frame shows more than half: of others it shows the darkest alone."""

PIECES = 4096
"""Roots of levels at which a curve is tabulated."""


def matched(bracket: Bracket) -> tuple[Bracket, str]:
    """The bracket with frames that contradict each other by MISFIT brought to the reference's scale, and a note.

    `bracket` holds linear, aligned exposures. White stays white: the constant part of a curve goes into the exposure of
    its frame. Of two frames, whose exposures nothing else contradicts, the darker one is brought to the other, and only
    its shadows, which the other one shows, are changed. The note is "" when nothing was done.
    """
    if bracket.relative_exposures is None:
        return bracket, ""
    exposures, relative = list(bracket.exposures), [float(one) for one in bracket.relative_exposures]
    views, done = [_view(exposure) for exposure in exposures], []
    first = 1 if len(exposures) == 2 else bracket.reference
    for index in sorted(range(len(exposures)), key=lambda k: abs(k - first))[1:]:
        before = index + 1 if index < first else index - 1
        ratio = relative[index] / relative[before]
        curve = _curve(views[index], views[before] * np.float32(ratio), np.float32(ratio), len(exposures) == 2)
        if curve is None:
            continue
        levels, stops = curve
        if len(exposures) == 2:
            levels, stops = np.append(levels, 1.0), np.append(stops, 0.0)
        done.append(f"{exposures[index].name} ({float(np.median(np.abs(stops))):.1f} stops)")
        exposures[index] = _mapped(exposures[index], levels, stops)
        views[index] = _light(views[index], levels, stops)
        relative[index] *= 2.0 ** -float(stops[-1])
    if not done or any(one >= other for one, other in pairwise(relative)):
        return bracket, ""
    note = f"frames of unknown response brought together by a curve: {', '.join(done)}"
    return replace(bracket, exposures=tuple(exposures), relative_exposures=tuple(relative)), note


def _view(exposure: Exposure) -> np.ndarray:
    """A frame made small, (h, w, 3) float32; what it does not cover is NaN."""
    size = reduced_size(exposure.size, PIXELS)
    light = averaged(exposure, size)
    light[~covered(exposure, size)] = np.nan
    return light


def _curve(
    own: np.ndarray, wanted: np.ndarray, ratio: np.float32, to_white: bool
) -> tuple[np.ndarray, np.ndarray] | None:
    """Levels of a frame, ascending, and the stops that each is to be raised by; None where that is little.

    `wanted` is the light of the other frame at this one's exposure, `ratio` times what it shows. A curve that goes on
    `to_white` needs no more than the darkest levels.
    """
    low, high = LEVELS
    brightest = BRIGHTEST * largest_channel(own)[..., None]
    tells = (own > low) & (own < high) & (own >= brightest) & (wanted > low * ratio)
    shown = wanted < high * ratio
    if np.count_nonzero(tells & shown) < LEAST_SAMPLES:
        return None
    x, y, clipped = np.log2(own[tells]), np.log2(wanted[tells]), ~shown[tells]
    groups = np.array_split(np.argsort(x, kind="stable"), BINS)
    told = [group for group in groups if clipped[group].mean() < 0.5]
    if to_white:
        groups = told or groups[:1]
    elif len(told) >= LEAST_GROUPS:
        groups = told
    else:
        x, y = x[~clipped], y[~clipped]
        groups = np.array_split(np.argsort(x, kind="stable"), BINS)
    levels, lights = (np.array([np.median(values[group]) for group in groups]) for values in (x, y))
    if np.median(np.abs(lights - levels)) < MISFIT:
        return None
    lights = np.maximum.accumulate(lights)
    return 2.0**levels, lights - levels


def _light(values: np.ndarray, levels: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Linear values with their curve applied, but for its stops at white."""
    raised = np.interp(np.log2(np.maximum(values, 1e-9)), np.log2(levels), stops - stops[-1])
    return (values * 2.0**raised).astype(np.float32)


def _mapped(exposure: Exposure, levels: np.ndarray, stops: np.ndarray) -> Exposure:
    """A frame with its curve applied."""
    roots = np.linspace(0, 1, PIECES + 1, dtype=np.float32)
    light = np.maximum.accumulate(_light(roots * roots, levels, stops))

    def curve(values: np.ndarray) -> np.ndarray:
        return np.interp(np.sqrt(np.clip(values, 0, 1)), roots, light).astype(np.float32)

    return exposure.mapped(curve, "linear")

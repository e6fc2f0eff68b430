"""Pairs of pictures by formula, and what the authors' program, hdrvdp.m 2.2.1 under Octave, said of them."""

from __future__ import annotations

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]
"""Test and reference, (H, W) in cd/m^2."""


def waves(height: int = 128, width: int = 192) -> Pair:
    """A grating with a finer, weaker one added."""
    y, x = np.mgrid[:height, :width].astype(float)
    reference = 100 * (0.5 + 0.45 * np.sin(0.13 * x + 0.07 * y))
    return reference * (1 + 0.05 * np.sin(0.9 * x - 0.7 * y)), reference


def edge() -> Pair:
    """An edge, moved by a pixel."""
    y, x = np.mgrid[:128, :192].astype(float)
    test, reference = ((1 + 0.3 * np.sin(0.02 * y)) * (5 + 395 * (x >= at)) for at in (97, 96))
    return test, reference


def night() -> Pair:
    """What rods see."""
    y, x = np.mgrid[:128, :192].astype(float)
    reference = 10 ** (-1 + np.sin(0.05 * x + 0.09 * y))
    return reference * (1 + 0.3 * np.sin(0.6 * x) * np.sin(0.5 * y)), reference


def lamp() -> Pair:
    """Light that is clipped, of odd size."""
    y, x = np.mgrid[:131, :197].astype(float)
    glow = 1000 * np.exp(-((x - 98) ** 2 + (y - 65) ** 2) / 800)
    reference = 0.5 + 20 * (0.5 + 0.5 * np.sin(0.21 * x) * np.cos(0.17 * y)) + glow
    return np.minimum(reference, 300) * (1 + 0.02 * np.sin(0.8 * x + 0.3 * y)), reference


def grey(pair: Pair) -> Pair:
    """The pair as (H, W, 1)."""
    test, reference = (one[..., None] for one in pair)
    return test, reference


def coloured(pair: Pair) -> Pair:
    """The pair as (H, W, 3), its colours changing along the sides."""
    y, x = np.mgrid[: pair[0].shape[0], : pair[0].shape[1]].astype(float)
    tint = np.stack([1 + 0.2 * np.sin(0.05 * x), np.ones_like(x), 1 - 0.2 * np.sin(0.04 * y)], -1)
    return pair[0][..., None] * tint, pair[1][..., None] * tint


SAID = [
    (waves, grey, 72.3794593635, 0.9946493911, 7.546081216, 0.05742518875),
    (waves, coloured, 72.4214407263, 0.9932871789, 7.218865086, 0.04657813323),
    (edge, grey, 72.2729764757, 1, 20753.13972, 0.09690575365),
    (edge, coloured, 72.2947097846, 1, 20516.07742, 0.09706329944),
    (night, grey, 61.2920766958, 1, 918.0436412, 0.5293033108),
    (night, coloured, 61.0459155171, 1, 956.1011226, 0.5287893507),
    (lamp, grey, 54.4511902661, 1, 824.3826687, 0.2052049306),
    (lamp, coloured, 54.1831982444, 1, 895.3204303, 0.2094508519),
]
"""At 30 pixels per degree: Q, P_det, C_max, and the mean of P_map."""

SAID_AT = [(15, 81.5864630393), (45.3, 71.4213782563), (60, 70.6133972458), (100, 72.3529159266)]
"""Q of the coloured waves at other pixels per degree."""

SAID_OF_SMALL = [
    (16, 24, 90.3062774785, 3.1960583),
    (16, 192, 91.3417913550, 7.2113758),
    (20, 20, 74.8626645746, 3.2916645),
    (33, 40, 76.3641875610, 1.3853748),
]
"""Q and C_max of grey waves of few pixels, at 30 per degree."""

STAGES = {
    "on the retina": (47.7528244, 5.86498046, 87.9051155, 11.9832997),
    "adapted to": (43.86361697, None, None, None),
    "response": (0.0, -92.2408543502, 42.7133991595, -58.8584019872),
    "band 1.1": (-0.0276181842, -4.63660977, 6.09333482, 2.77707438),
    "band 3.2": (0.0454884229352, -12.5028873789, 11.4002901943, -1.18848138027),
    "band 4.3": (-0.0677596723, -33.5266875, 39.3397921, -1.49684315),
    "band 5.1": (2.17101063, -564.416316, 364.291914, -404.852367),
    "band 5.1 as seen": (-0.976546882, -265.041047, 223.605491, -168.641749),
    "sensitivity in band 3": (1.62124256319, 1.34248142823, 1.6727714561, 1.53961544333),
    "counted in band 3": (0.986775716146, 0.700927734375, 1.02563476562, 1.00398254395),
    "difference 1.1": (-4.44748372841e-06, -0.0371122041849, 0.00714008791341, 1.16101517345e-09),
    "difference 3.2": (-1.89016249463e-08, -0.00125033510613, 0.00136979512507, -1.59358167662e-05),
    "difference 4.4": (1.65333613e-14, -5.35488543e-10, 7.79444437e-10, 5.27215563e-17),
    "difference 5.1": (-1.05296545e-14, -2.18086435e-12, 4.16257652e-13, 4.1817343e-15),
}
"""Mean, least, greatest and the value at a third of both sides, on the way through the model, of the grey waves."""

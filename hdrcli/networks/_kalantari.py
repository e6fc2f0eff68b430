"""The border of the networks that follow Kalantari & Ramamoorthi (2017): three exposures, display-coded by gamma 2.2.

Inside, the SHORTEST frame saturates at 1 and times are relative to the shortest (1, 4, 16); outside, 1 is the white
level of the reference frame.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from hdrcli.image import Bracket, RadianceMap
from hdrcli.planes import Planes, of_frames
from hdrcli.transfer import NETWORK_GAMMA, linear_to_gamma

EXPOSURES = 3


def planes(bracket: Bracket, module: nn.Module) -> Planes:
    """Three linear exposures, short to long, as (9, H, W) display-coded float32 (X = linear^(1/2.2), clipped)."""
    return of_frames(bracket.exposures, lambda light: linear_to_gamma(np.clip(light, 0, 1), NETWORK_GAMMA))


def conditions(bracket: Bracket) -> dict[str, list[float]]:
    """Exposure times relative to the shortest."""
    times = bracket.relative_exposures or ()
    return {"exposure_times": [time / times[0] for time in times]}


def finish(output: np.ndarray, bracket: Bracket) -> RadianceMap:
    """(3, H, W) with the shortest frame's white at 1 -> RadianceMap with the reference frame's white at 1.

    `output` is used up.
    """
    times = bracket.relative_exposures or ()
    scale = np.float32(times[bracket.reference] / times[0])
    output *= scale
    return RadianceMap(np.ascontiguousarray(output.transpose(1, 2, 0)))

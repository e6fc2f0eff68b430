"""Alignment as far as there is anything to gain: homographies, and a field of offsets where parallax is left.

A drift of a few tenths of a pixel blurs the merge and makes frames disagree, so frames from a tripod are brought
together, too, when theirs can be measured. Frames in place stay bit-equal.
"""

from __future__ import annotations

import numpy as np

from hdrcli import parallel
from hdrcli.alignment import _parallax
from hdrcli.alignment._photometry import picture
from hdrcli.alignment._warp import bring_onto, leave_out
from hdrcli.alignment.homography import find_warps, name_left_out
from hdrcli.contracts import Aligner
from hdrcli.image import Bracket, Exposure


def align(bracket: Bracket) -> Bracket:
    """Bring every frame onto the reference frame; frames in place stay the very same.

    A frame that cannot be aligned is left out: it is `valid` nowhere, and a warning on the "hdrcli" logger names it.
    """
    pictures = [picture(exposure) for exposure in bracket.exposures]
    warps = find_warps(bracket, pictures)
    still = pictures[bracket.reference]

    def offsets(index: int) -> np.ndarray | None:
        warp = warps[index]
        if warp is None or index == bracket.reference:
            return None
        return _parallax.offsets(still, pictures[index], warp)

    fields = parallel.each(offsets, range(len(pictures)))
    return bracket.with_exposures(
        [_brought(bracket, index, warps[index], fields[index]) for index in range(len(pictures))]
    )


def _brought(bracket: Bracket, index: int, warp: np.ndarray | None, field: np.ndarray | None) -> Exposure:
    if warp is None:
        name_left_out(bracket.exposures[index])
        return leave_out(bracket.exposures[index])
    return bring_onto(bracket, index, warp, field)


ALIGNER = Aligner(align=align, summary="homographies, and what parallax leaves of them (the default)")

"""Alignment where there is anything to align: homographies, but a bracket from a tripod is taken as it is.

On a tripod the mirror, the shutter or a touch of the camera displaces frames by a pixel or so. To resample all of them
for that costs fine detail and the noise statistics that the merge relies on; `--align homography` does it all the same.
"""

from __future__ import annotations

from hdrcli.alignment._photometry import corner_shift
from hdrcli.alignment.homography import find_warps, warped
from hdrcli.contracts import Aligner
from hdrcli.image import Bracket

TRIPOD = 1.5
"""A bracket in which no corner of any frame is displaced by more than so many pixels was taken from a tripod: real
ones reach 1.3, while hand-held frames are displaced by 20 and more (by 1.7 in thumbnails of 0.2 megapixels)."""


def align(bracket: Bracket) -> Bracket:
    """Bring every frame onto the reference frame; those of a tripod bracket stay the very same.

    A frame that cannot be aligned is left out: it is `valid` nowhere, and a warning on the "hdrcli" logger names it.
    """
    warps = find_warps(bracket)
    size = bracket.exposures[0].size[::-1]
    displaced = max(corner_shift(warp, size) for warp in warps.values() if warp is not None)
    if displaced <= TRIPOD:
        warps = {index: None if warp is None else warps[bracket.reference] for index, warp in warps.items()}
    return warped(bracket, warps)


ALIGNER = Aligner(align=align, summary="homographies, but brackets from a tripod are left alone (the default)")

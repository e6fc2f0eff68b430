"""Merge to a radiance map with known response: Debevec & Malik 1997, weighted for the least noise.

P. E. Debevec, J. Malik: "Recovering High Dynamic Range Radiance Maps from Photographs", SIGGRAPH 1997, eq. 6. Their
hat-shaped weight is replaced by that of `hdrcli.merging`, and the average is taken of radiance, not of its logarithm,
which noise would pull towards black.
"""

from __future__ import annotations

from hdrcli import merging
from hdrcli.contracts import Fuser
from hdrcli.image import Bracket, RadianceMap


def fuse(bracket: Bracket) -> RadianceMap:
    """Merge linear exposures; 1.0 is the white of the reference frame. Nothing is done about what moved.

    Raises ExposureError without relative exposures, ValueError for exposures that are not linear.
    """
    radiance = merging.radiance(bracket, merging.covering(bracket))
    return RadianceMap(radiance)


FUSER = Fuser(
    fuse=fuse,
    makes=RadianceMap,
    needs_times=True,
    summary="noise-optimal merge of all frames to a radiance map; for scenes without motion",
    source="Debevec & Malik, SIGGRAPH 1997",
)

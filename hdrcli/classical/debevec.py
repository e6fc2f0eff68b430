"""Merge to a radiance map with known response: Debevec & Malik 1997, weighted for the least noise.

P. E. Debevec, J. Malik: "Recovering High Dynamic Range Radiance Maps from Photographs", SIGGRAPH 1997, eq. 6. Their
hat-shaped weight is replaced by that of `hdrcli.merging`, and the average is taken of radiance, not of its logarithm,
which noise would pull towards black.
"""

from __future__ import annotations

from hdrcli import composite, motion
from hdrcli.contracts import Fuser
from hdrcli.image import Bracket, RadianceMap


def fuse(bracket: Bracket) -> RadianceMap:
    """Merge linear exposures; 1.0 is the white of the reference frame. Each region that moved is of one frame.

    Raises ExposureError without relative exposures, ValueError for exposures that are not linear.
    """
    return composite.without_network(bracket, motion.find(bracket))


FUSER = Fuser(
    fuse=fuse,
    makes=RadianceMap,
    needs_times=True,
    summary="noise-optimal merge of all frames to a radiance map; what moved is taken from one frame",
    source="Debevec & Malik, SIGGRAPH 1997",
)

"""Ultra HDR: a JPEG of the display picture that every viewer shows, with a gain map to the linear light for HDR ones.

The picture is that of `jpg`; the gain map has all three channels at full resolution and is measured against the picture
as it is decoded, so that it also takes back what the JPEG lost.
"""

from __future__ import annotations

import io

import numpy as np

from hdrcli.contracts import OutputInfo, Writer
from hdrcli.writers import jpg
from hdrcli.writers._gain_map import gain_map
from hdrcli.writers._multi_picture import joined
from hdrcli.writers._pixels import require_light


def encode(pixels: tuple[np.ndarray, np.ndarray], info: OutputInfo, bit_depth: int) -> bytes:
    """Encode the pair of an sRGB-encoded picture in [0, 1] and linear BT.709 light, both (H, W, 3), as a JPEG.

    The HDR rendition is the light times one number, which the gain map's description states; what is brighter than 49
    times white is cut. `bit_depth` has no meaning here. Raises WriteError for NaN, infinite or negative light and for
    a picture longer than 65535 pixels.
    """
    from PIL import Image

    display, light = pixels
    require_light(light)
    base = jpg.encode(display, info, 8)
    gains = gain_map(np.asarray(Image.open(io.BytesIO(base))), light)
    file = io.BytesIO()
    # An error of one code is up to 3 % of light, so the map is kept better than the picture.
    quality = 100 - (100 - info.quality) // 4
    Image.fromarray(gains.codes).save(file, "JPEG", quality=quality, subsampling="4:4:4")
    return joined(base, file.getvalue(), gains)


WRITER = Writer(suffix=".uhdr.jpg", takes="both", encode=encode, bit_depths=(8,), lossy=True)
"""Viewers and phones know such files by ".jpg"; "uhdr" keeps them apart from the plain JPEG of the same run."""

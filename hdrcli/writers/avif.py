"""HDR AVIF: light as a display shows it, in 10 or 12 bits of PQ, BT.2020 primaries (ITU-R BT.2100).

PQ codes tell a display's luminance, so what is encoded is not the scene's light on its own scale but the HDR rendition,
whose middle tones are those of the picture: diffuse white as the picture shows it is at the HDR reference white.
The file tells of the shot by Exif and XMP.
"""

from __future__ import annotations

import numpy as np

from hdrcli import transfer
from hdrcli.contracts import OutputInfo, Writer
from hdrcli.errors import WriteError
from hdrcli.writers._avif_items import with_metadata
from hdrcli.writers._exif import output_exif
from hdrcli.writers._pixels import require_light
from hdrcli.writers._xmp import output_xmp

_BT709_TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]], np.float32)
"""Linear RGB of BT.709 primaries to that of BT.2020 (ITU-R BT.2087-0, section 4)."""

_BT2020, _PQ, _BT2020_YCBCR = 9, 16, 9
"""Primaries, transfer and matrix (ITU-T H.273, tables 2, 3 and 4). The encoder makes full range."""

_SPEED = 8
"""Of 0 to 10: three times as fast as the encoder's default for 5 % larger files."""


def encode(pixels: np.ndarray, info: OutputInfo, bit_depth: int) -> bytes:
    """Encode `pixels` (H, W, 3), light as shown, linear BT.709, as an AVIF without chroma subsampling.

    1.0 is shown at 203 cd/m^2 (ITU-R BT.2408); what is brighter than 10,000 cd/m^2 is cut. Raises WriteError for
    negative, infinite or NaN light and for sizes that the encoder does not hold.
    """
    import imagecodecs

    require_light(pixels)
    height, width = pixels.shape[:2]
    codes = transfer.luminance_to_pq(transfer.DIFFUSE_WHITE * (pixels @ _BT709_TO_BT2020.T))
    codes *= 2**bit_depth - 1
    try:
        file = imagecodecs.avif_encode(
            np.rint(codes, out=codes).astype(np.uint16),
            level=info.quality,
            speed=_SPEED,
            bitspersample=bit_depth,
            pixelformat=imagecodecs.AVIF.PIXEL_FORMAT.YUV444,
            primaries=_BT2020,
            transfer=_PQ,
            matrix=_BT2020_YCBCR,
        )
    except imagecodecs.AvifError as error:
        raise WriteError(f"An AVIF cannot hold {width} x {height} pixels.", "Pass --format exr.") from error
    return with_metadata(bytes(file), output_exif(info, width, height).to_bytes(), output_xmp(info))


WRITER = Writer(suffix=".avif", takes="shown", encode=encode, bit_depths=(10, 12), lossy=True)

"""OpenEXR: linear light, half or float, with what is known of the scene in the header.

Attributes follow "Standard Attributes" of the OpenEXR documentation; hdrcli's own start with "hdrcli:". "xmp" is
a whole packet, as darktable and KDE programs write and read it.
"""

from __future__ import annotations

import io

import numpy as np

from hdrcli.contracts import OutputInfo, Writer
from hdrcli.writers._pixels import require_light
from hdrcli.writers._standard_attributes import standard_attributes
from hdrcli.writers._xmp import output_xmp

HALF_MAX = 65504.0
"""The largest finite half-precision number."""

_BT709_CHROMATICITIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
"""CIE x, y of red, green, blue and white (ITU-R BT.709-6, item 1.3 and 1.4)."""


def encode(pixels: np.ndarray, info: OutputInfo, bit_depth: int) -> bytes:
    """Encode `pixels` (H, W, 3), linear BT.709 light, as a PIZ-compressed scan-line EXR.

    PIZ loses nothing; of photographs it is as small as ZIP, and made up to three times as fast. Half floats, or 32-bit
    ones when `bit_depth` is 32 or a value does not fit into half. Raises WriteError for negative, infinite or NaN
    light.
    """
    import OpenEXR

    require_light(pixels)
    dtype = np.float32 if bit_depth == 32 or pixels.max() > HALF_MAX else np.float16
    header = {
        "compression": OpenEXR.PIZ_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "chromaticities": _BT709_CHROMATICITIES,
        **_attributes(info),
    }
    file = io.BytesIO()
    # OpenEXR takes the memory of an array for contiguous whatever its strides are.
    OpenEXR.File(header, {"RGB": np.ascontiguousarray(pixels, dtype)}).write(file)
    return file.getvalue()


def _attributes(info: OutputInfo) -> dict[str, str | float]:
    """Header attributes by name; what is not known is left out."""
    packet = output_xmp(info)
    own: dict[str, str | float | None] = {
        "whiteLuminance": info.white_luminance,
        "colorInteropID": "lin_rec709_scene" if info.scene_referred else None,
        "hdrcli:referred": "scene" if info.scene_referred else "display",
        "hdrcli:exposureTimes": ", ".join(f"{time:.9g}" for time in info.exposure_times) or None,
        "hdrcli:sources": ", ".join(info.sources) or None,
        "xmp": packet.decode(),
    }
    told = {name if name == "software" else f"hdrcli:{name}": value for name, value in info.attributes.items()}
    return standard_attributes(info, packet) | {name: one for name, one in own.items() if one is not None} | told


WRITER = Writer(suffix=".exr", takes="linear", encode=encode, bit_depths=(16, 32))

"""Each format that can be written: the tiny picture is, and decoded again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from hdrcli import disk, plugins, readers
from hdrcli.checkup._picture import alike, picture, same
from hdrcli.checkup.outcome import Check
from hdrcli.contracts import OutputInfo, Writer
from hdrcli.transfer import pq_to_luminance

AREA = "writing"
CURE = "Type pip install --force-reinstall opencv-python-headless imagecodecs tifffile pillow OpenEXR."

_EXACT = {"png": 0.002, "tiff": 0.002, "exr": 1e-3, "hdr": 1 / 128, "jpg": 0.06, "jxl": 0.06}
"""The largest differences that the formats' precision, at the default quality, explains."""


def checks() -> Iterator[tuple[str, Check]]:
    """One for each writer."""
    for name in plugins.names("writers"):
        yield name, partial(_written, name)


def _written(name: str) -> str:
    """The bit depths of a format in which the picture came back."""
    writer: Writer = plugins.load("writers", name).WRITER
    given = (picture(), picture()) if writer.takes == "both" else picture()
    with tempfile.TemporaryDirectory() as folder:
        for depth in writer.bit_depths:
            file = Path(folder) / f"{depth}{writer.suffix}"
            disk.write_all({file: writer.encode(given, OutputInfo(), depth)})
            found = _decoded(file, name, depth)
            if name in _EXACT:
                same(found, picture(), _EXACT[name])
            else:
                alike(found, picture())
    return ", ".join(map(str, writer.bit_depths)) + " bit"


def _decoded(file: Path, name: str, depth: int) -> np.ndarray:
    """What a file shows, (H, W, 3): by our reader where there is one."""
    if name == "avif":
        import imagecodecs

        return pq_to_luminance(imagecodecs.avif_decode(file.read_bytes()) / (2.0**depth - 1))
    if name == "jxl":
        import imagecodecs

        return imagecodecs.jpegxl_decode(file.read_bytes())
    return readers.read_light(file) if readers.holds_scene(file) else readers.read(file).pixels

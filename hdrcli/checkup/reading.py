"""Each format that can be read: a tiny frame of it is made, read, and compared."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hdrcli import plugins, readers, sandbox
from hdrcli.checkup import _dng
from hdrcli.checkup._picture import alike, picture, same
from hdrcli.checkup.outcome import Check, Note
from hdrcli.contracts import OutputInfo, Reader

AREA = "reading"
CURE = (
    "Type pip install --force-reinstall opencv-python-headless simplejpeg tifffile imagecodecs pillow OpenEXR rawpy, "
    "and hdrcli doctor again."
)

_WRITERS = {"jpeg": "jpg", "radiance_hdr": "hdr"}
_TOLERANCES = {"jpeg": 0.06, "webp": 0.1, "png": 1e-4, "tiff": 1e-4, "exr": 1e-3, "radiance_hdr": 1 / 128}


def checks() -> Iterator[tuple[str, Check]]:
    """Where decoders run, and one for each reader."""
    yield "decoders", _where
    for name in plugins.names("readers"):
        yield name, partial(_read_back, name)


def _where() -> str:
    """Raises Note where a decoder that crashes takes hdrcli with it."""
    if not sandbox.is_apart():
        raise Note("run in hdrcli's own process here: a damaged file can end a run, without limits of time and memory")
    return "in processes of their own" if sys.platform == "linux" else "in processes of their own, of any memory"


def _read_back(name: str) -> str:
    """The suffixes of a format of which a frame came back as it was."""
    reader: Reader = plugins.load("readers", name).READER
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / f"frame{reader.suffixes[0]}"
        frame.write_bytes(_frame(name))
        if name == "raw":
            alike(readers.read(frame).pixels, _dng.scene())
        else:
            found = reader.read_light(frame) if reader.read_light else readers.read(frame).pixels
            same(found, picture(), _TOLERANCES.get(name, 0.1))
    suffixes = reader.suffixes
    return " ".join(suffixes) if len(suffixes) < 5 else f"{suffixes[0]} and {len(suffixes) - 1} others"


def _frame(name: str) -> bytes:
    """The bytes of a frame that shows the tiny picture."""
    if name == "raw":
        return _dng.dng()
    if name == "webp":
        from PIL import Image

        stream = io.BytesIO()
        Image.fromarray((255 * picture()).round().astype("uint8")).save(stream, "WEBP", lossless=True)
        return stream.getvalue()
    writer = plugins.load("writers", _WRITERS.get(name, name)).WRITER
    return writer.encode(picture(), OutputInfo(), writer.bit_depths[-1 if name == "png" else 0])

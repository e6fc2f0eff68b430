"""Limits are checked from headers, before memory is asked for, and say what to pass."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
import tifffile
from PIL import Image

import hdrcli
from hdrcli import limits, readers
from hdrcli.errors import ReadError, UsageError
from tests.conftest import MakeBracket
from tests.readers.samples import dng, jpeg, ramp


@pytest.mark.parametrize(
    ("text", "pixels"), [("2G", 2_000_000_000), ("500m", 500_000_000), ("1.5M", 1_500_000), ("37", 37), (37, 37)]
)
def test_pixels_are_typed_with_a_unit(text: str | int, pixels: int) -> None:
    assert limits.parse_pixels(text) == pixels
    assert limits.parse_pixels(limits.short(pixels)) == pixels


@pytest.mark.parametrize("text", ["", "0", "-5", "2T", "many", "1e9", "nan", "0.1"])
def test_what_is_no_number_of_pixels(text: str) -> None:
    with pytest.raises(UsageError, match="--max-pixels"):
        limits.parse_pixels(text)


def one_of_each(folder: Path) -> list[Path]:
    """A file of 53x37 pixels in each format."""
    pixels = ramp()
    jpeg(folder / "a.jpg")
    for suffix in ("png", "webp", "bmp"):
        Image.fromarray(pixels).save(folder / f"a.{suffix}")
    tifffile.imwrite(folder / "a.tif", pixels, photometric="rgb")
    light = pixels.astype(np.float32) / 255
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"RGB": light}).write(str(folder / "a.exr"))
    rgbe = np.full((37, 53, 4), 128, np.uint8).tobytes()
    (folder / "a.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 37 +X 53\n" + rgbe)
    dng(folder / "a.dng", np.full((38, 54), 0.3))
    return sorted(folder.iterdir())


def test_every_format_keeps_to_the_limit(tmp_path: Path) -> None:
    """The hint's value is one that lets the file pass."""
    for path in one_of_each(tmp_path):
        header = readers.read_header(path)
        for read in (readers.read_header, readers.read):
            with (
                limits.at_most(least := header.width * header.height - 1),
                pytest.raises(ReadError, match=rf"{path.name} claims \d+x\d+ pixels, more than {least}\.") as caught,
            ):
                read(path)
            with limits.at_most(limits.parse_pixels(caught.value.hint.rpartition(" ")[2].rstrip("."))):
                read(path)


def test_every_function_takes_the_limit(make_bracket: MakeBracket, tmp_path: Path) -> None:
    bracket = make_bracket(tmp_path / "bracket")
    (failed,) = hdrcli.fuse(bracket, model="mertens", output=tmp_path / "a", max_pixels=100).brackets
    assert "pixels, more than 100." in str(failed.error)
    (done,) = hdrcli.fuse(bracket, model="mertens", output=tmp_path / "b", max_pixels="1M").brackets
    made = next(path for path in done.outputs if path.suffix == ".exr")
    (failed,) = hdrcli.tonemap(made, output=tmp_path / "c", max_pixels=100).brackets
    assert "pixels, more than 100." in str(failed.error)
    (score,) = hdrcli.evaluate(made, made, max_pixels=100).scores
    assert "pixels, more than 100." in str(score.error)
    assert limits.pixels() == limits.PIXELS


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _png(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    """A PNG of one pixel with more chunks."""
    start = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    end = _chunk(b"IDAT", zlib.compress(bytes(4))) + _chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + start + b"".join(_chunk(*one) for one in chunks) + end)
    return path


def test_a_profile_that_unpacks_without_end_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bomb = zlib.compress(bytes(limits.METADATA + 1), 1)
    path = _png(tmp_path / "a.png", (b"iCCP", b"name\0\0" + bomb))
    assert readers.read(path).size == (1, 1)
    assert "colour profile" in caplog.text


def test_metadata_have_a_limit(tmp_path: Path) -> None:
    path = _png(tmp_path / "a.png", (b"eXIf", bytes(limits.METADATA)))
    with pytest.raises(ReadError, match=r"a\.png has more than 64 MB of metadata\."):
        readers.read_header(path)


def test_a_chunk_longer_than_its_file_is_not_read(tmp_path: Path) -> None:
    path = _png(tmp_path / "a.png")
    content = path.read_bytes()
    path.write_bytes(content[:33] + struct.pack(">I", 2**31 - 1) + b"eXIf" + content[33:])
    with pytest.raises(ReadError, match="its eXIf chunk is cut short"):
        readers.read_header(path)


def _many_channels(path: Path, count: int) -> Path:
    if path.suffix == ".tif":
        tifffile.imwrite(path, np.zeros((4, 5, count), np.uint8), photometric="minisblack", planarconfig="contig")
        return path
    planes: dict[str, Any] = {f"{name:03}": np.zeros((4, 5), np.float32) for name in range(count - 1)}
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {**planes, "Y": np.zeros((4, 5), np.float32)}).write(str(path))
    return path


@pytest.mark.parametrize("name", ["a.tif", "a.exr"])
def test_channels_have_a_limit(tmp_path: Path, name: str) -> None:
    assert readers.read(_many_channels(tmp_path / name, limits.CHANNELS)).size == (5, 4)
    path = _many_channels(tmp_path / name, limits.CHANNELS + 1)
    with pytest.raises(ReadError, match=rf"{name} claims 33 channels, more than 32\."):
        readers.read(path)

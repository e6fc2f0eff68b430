from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image

from hdrcli import readers
from hdrcli.errors import ReadError
from tests.readers.samples import encoded, ramp


def with_chunk(data: bytes, name: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk after its IHDR."""
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return data[:33] + chunk + data[33:]


def read(data: bytes, folder: Path) -> np.ndarray:
    (folder / "a.png").write_bytes(data)
    return readers.read(folder / "a.png").pixels


@pytest.mark.parametrize("levels", [256, 65536])
def test_depth_is_kept(levels: int, tmp_path: Path) -> None:
    stored = ramp(levels=levels)
    path = tmp_path / "a.png"
    path.write_bytes(cv2.imencode(".png", stored[:, :, ::-1])[1].tobytes())
    exposure = readers.read(path)
    np.testing.assert_array_equal(exposure.pixels, stored / np.float32(levels - 1))
    assert (exposure.bits, exposure.encoding) == (8 if levels == 256 else 16, "srgb")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_modes_as_pillow_reads_them(mode: str, tmp_path: Path) -> None:
    if mode == "I;16":
        picture = Image.fromarray(ramp(levels=65536)[:, :, 0])
        expected = np.repeat(ramp(levels=65536)[:, :, :1], 3, axis=2) / 65535
    else:
        picture = Image.fromarray(ramp()).convert(mode)
        expected = np.asarray(picture.convert("RGB")) / 255
    picture.save(tmp_path / "a.png")
    np.testing.assert_allclose(readers.read(tmp_path / "a.png").pixels, expected, atol=1e-6)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_fill_the_range(bits: int, tmp_path: Path) -> None:
    values = np.arange(1 << bits, dtype=np.uint8)
    packed = np.packbits(np.unpackbits(values[:, None], axis=1)[:, 8 - bits :].ravel()).tobytes()
    header = struct.pack(">IIBBBBB", len(values), 1, bits, 0, 0, 0, 0)
    data = with_chunk(b"\x89PNG\r\n\x1a\n" + bytes(25), b"IHDR", header)[33:]
    chunks = [(b"IDAT", zlib.compress(b"\0" + packed)), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks)
    pixels = read(b"\x89PNG\r\n\x1a\n" + data + body, tmp_path)
    np.testing.assert_allclose(pixels[0, :, 1], values / (len(values) - 1), atol=1e-6)


def test_transparent_colour_and_alpha_are_dropped(tmp_path: Path) -> None:
    data = encoded(ramp(), "PNG")
    np.testing.assert_allclose(read(with_chunk(data, b"tRNS", bytes(6)), tmp_path), ramp() / 255, atol=1e-6)


def test_interlaced(tmp_path: Path) -> None:
    # Adam7 of a picture of one colour: seven passes of rows that each start with filter 0.
    height = width = 9
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for x, y, dx, dy in passes:
        columns, lines = len(range(x, width, dx)), len(range(y, height, dy))
        rows += (b"\0" + b"\x10\x80\xf0" * columns) * lines if columns else b""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"".join(struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks)
    pixels = read(b"\x89PNG\r\n\x1a\n" + data, tmp_path)
    np.testing.assert_allclose(pixels, np.broadcast_to(np.array([16, 128, 240]) / 255, (9, 9, 3)), atol=1e-6)


def test_the_end_must_be_there(tmp_path: Path) -> None:
    data = encoded(ramp(), "PNG")
    for missing in (1, 4, 8, 12):
        with pytest.raises(ReadError, match="is damaged"):
            read(data[:-missing], tmp_path)


def test_checksums_are_looked_at(tmp_path: Path) -> None:
    data = bytearray(encoded(ramp(), "PNG"))
    data[-14] ^= 1  # in the checksum of the last IDAT
    with pytest.raises(ReadError, match="IDAT chunk is cut short or has a wrong checksum"):
        read(bytes(data), tmp_path)


def test_a_short_stream_with_right_checksums_is_found(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(25 * 7))), (b"IEND", b"")]
    data = b"".join(struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks)
    with pytest.raises(ReadError, match="is damaged"):
        read(b"\x89PNG\r\n\x1a\n" + data, tmp_path)


def test_a_monstrous_size_is_refused_before_decoding(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(99))), (b"IEND", b"")]
    data = b"".join(struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks)
    with pytest.raises(ReadError, match="claims 2147483647x2147483647 pixels"):
        read(b"\x89PNG\r\n\x1a\n" + data, tmp_path)


def test_gamma_chunk(tmp_path: Path) -> None:
    data = encoded(ramp(), "PNG")
    np.testing.assert_array_equal(
        read(with_chunk(data, b"gAMA", struct.pack(">I", 45455)), tmp_path), read(data, tmp_path)
    )
    linear = ramp() / 255
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(
        read(with_chunk(data, b"gAMA", struct.pack(">I", 100000)), tmp_path), expected, atol=0.006
    )
    both = with_chunk(with_chunk(data, b"gAMA", struct.pack(">I", 100000)), b"sRGB", b"\0")
    np.testing.assert_array_equal(read(both, tmp_path), read(data, tmp_path))


def test_pq_is_no_exposure(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"HDR picture \(PQ\)"):
        read(with_chunk(encoded(ramp(), "PNG"), b"cICP", bytes([9, 16, 0, 1])), tmp_path)


def test_sixteen_bits_with_alpha(tmp_path: Path) -> None:
    rgba = np.dstack([ramp(levels=65536), np.full((37, 53), 1234, np.uint16)])
    np.testing.assert_array_equal(read(imagecodecs.png_encode(rgba), tmp_path), ramp(levels=65536) / np.float32(65535))

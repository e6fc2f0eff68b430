from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hdrcli import readers
from hdrcli.errors import ReadError
from tests.readers.samples import jpeg, ramp


def test_pixels_as_pillow_decodes_them(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.JPG")
    exposure = readers.read(path)
    np.testing.assert_array_equal(np.round(exposure.pixels * 255), np.asarray(Image.open(path)))
    assert (exposure.encoding, exposure.bits) == ("srgb", 8)


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    pixels = readers.read(jpeg(tmp_path / "a.jpg", ramp()[:, :, 0])).pixels
    np.testing.assert_array_equal(pixels[:, :, 0], pixels[:, :, 2])
    np.testing.assert_allclose(pixels[:, :, 0], ramp()[:, :, 0] / 255, atol=0.02)


def test_cmyk(tmp_path: Path) -> None:
    stream = BytesIO()
    Image.fromarray(ramp()).convert("CMYK").save(stream, "JPEG", quality=98, subsampling=0)
    (tmp_path / "a.jpg").write_bytes(stream.getvalue())
    np.testing.assert_allclose(readers.read(tmp_path / "a.jpg").pixels, ramp() / 255, atol=0.03)


def test_progressive(tmp_path: Path) -> None:
    np.testing.assert_allclose(readers.read(jpeg(tmp_path / "a.jpg", progressive=True)).pixels, ramp() / 255, atol=0.03)


@pytest.mark.parametrize("missing", [1, 2, 20, 400])
def test_every_missing_byte_counts(missing: int, tmp_path: Path) -> None:
    data = jpeg(tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(data[:-missing])
    with pytest.raises(ReadError, match=r"b\.jpg is damaged"):
        readers.read(tmp_path / "b.jpg")


def test_padding_before_the_end_is_harmless(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg")
    whole = readers.read(path).pixels
    data = path.read_bytes()
    path.write_bytes(data[:-2] + bytes(20) + data[-2:] + b"trailing bytes")
    np.testing.assert_array_equal(readers.read(path).pixels, whole)


def test_damage_hidden_by_padding_is_found(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", ramp(64, 64))
    data = bytearray(path.read_bytes())
    start = data.index(b"\xff\xda") + 40
    damaged = 0
    for place in range(start, len(data) - 40, 61):
        broken = data.copy()
        broken[place : place + 3] = b"\xa7\x00\x5c"
        path.write_bytes(broken[:-2] + bytes(8) + broken[-2:])
        try:
            readers.read(path)
        except ReadError:
            damaged += 1
    assert damaged > 0


def test_header_needs_no_picture(tmp_path: Path) -> None:
    data = jpeg(tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(data[: data.index(b"\xff\xda") + 30])
    header = readers.read_header(tmp_path / "b.jpg")
    assert (header.width, header.height, header.is_raw) == (53, 37, False)

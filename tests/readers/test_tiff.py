from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from hdrcli import readers
from hdrcli.errors import ReadError
from tests.readers.samples import dng, ramp


def write(folder: Path, pixels: np.ndarray, **options: object) -> Path:
    tifffile.imwrite(folder / "a.tif", pixels, **{"photometric": "rgb", **options})
    return folder / "a.tif"


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits"])
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 32)}, {"planarconfig": "separate"}, {"rowsperstrip": 5}])
def test_layouts(compression: str | None, layout: dict[str, object], tmp_path: Path) -> None:
    stored = ramp(levels=65536)
    planar = "planarconfig" in layout
    path = write(tmp_path, np.moveaxis(stored, -1, 0) if planar else stored, compression=compression, **layout)
    exposure = readers.read(path)
    np.testing.assert_array_equal(exposure.pixels, stored / np.float32(65535))
    assert (exposure.bits, exposure.encoding) == (16, "srgb")


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_predictor_byte_order_and_big_tiff(byteorder: str, tmp_path: Path) -> None:
    path = write(tmp_path, ramp(), byteorder=byteorder, predictor=True, compression="zlib", bigtiff=True)
    np.testing.assert_array_equal(readers.read(path).pixels, ramp() / np.float32(255))
    assert readers.read(path).bits == 8


def test_as_opencv_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    path.write_bytes(cv2.imencode(".tiff", ramp(levels=65536)[:, :, ::-1])[1].tobytes())
    np.testing.assert_array_equal(readers.read(path).pixels, ramp(levels=65536) / np.float32(65535))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_are_linear_and_clipped(kind: type, tmp_path: Path) -> None:
    stored = (ramp() / 255 * 1.5 - 0.25).astype(kind)
    exposure = readers.read(write(tmp_path, stored))
    assert (exposure.bits, exposure.encoding) == (32, "linear")
    np.testing.assert_allclose(exposure.pixels, np.clip(stored.astype(np.float32), 0, 1))


def test_nan_is_an_error_with_the_count(tmp_path: Path) -> None:
    stored = ramp().astype(np.float32)
    stored[3, 4] = np.nan
    stored[5, 6, 1] = np.inf
    with pytest.raises(ReadError, match="has 2 pixels that are NaN or infinite"):
        readers.read(write(tmp_path, stored))


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_grey(photometric: str, tmp_path: Path) -> None:
    stored = ramp()[:, :, 0]
    pixels = readers.read(write(tmp_path, stored, photometric=photometric)).pixels
    expected = stored / 255 if photometric == "minisblack" else 1 - stored / 255
    np.testing.assert_allclose(pixels, np.repeat(expected[:, :, None], 3, axis=2), atol=1e-6)


def test_palette_and_bilevel(tmp_path: Path) -> None:
    colours = np.zeros((3, 256), np.uint16)
    colours[0], colours[2] = np.arange(256) * 257, 65535
    stored = ramp()[:, :, 0]
    pixels = readers.read(write(tmp_path, stored, photometric="palette", colormap=colours)).pixels
    np.testing.assert_allclose(pixels[:, :, 0], stored / 255, atol=1e-6)
    np.testing.assert_array_equal(pixels[:, :, 1:], np.broadcast_to([0.0, 1.0], (37, 53, 2)))
    pixels = readers.read(write(tmp_path, stored > 99, photometric="minisblack")).pixels
    np.testing.assert_array_equal(pixels[:, :, 1], stored > 99)


def test_alpha_is_dropped(tmp_path: Path) -> None:
    rgba = np.dstack([ramp(), np.full((37, 53), 7, np.uint8)])
    pixels = readers.read(write(tmp_path, rgba, extrasamples=["unassalpha"])).pixels
    np.testing.assert_array_equal(pixels, ramp() / np.float32(255))


def test_jpeg_in_tiff_and_its_truncation(tmp_path: Path) -> None:
    path = write(tmp_path, ramp(), compression="jpeg", compressionargs={"level": 95}, rowsperstrip=16)
    np.testing.assert_allclose(readers.read(path).pixels, ramp() / 255, atol=0.03)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ReadError, match="strip or tile"):
        readers.read(path)


def test_first_page_that_is_no_thumbnail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(ramp(10, 12), photometric="rgb", subfiletype=1)
        writer.write(ramp(), photometric="rgb")
    assert readers.read_header(tmp_path / "a.tif").width == 53
    assert readers.read(tmp_path / "a.tif").size == (53, 37)
    assert not caplog.messages


def test_several_pages_are_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(ramp(), photometric="rgb")
        writer.write(255 - ramp(), photometric="rgb")
    with caplog.at_level(logging.WARNING, "hdrcli"):
        pixels = readers.read(tmp_path / "a.tif").pixels
    np.testing.assert_array_equal(pixels, ramp() / np.float32(255))
    assert "has several pages" in caplog.text


def test_signed_and_volumes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="int16 values"):
        readers.read(write(tmp_path, ramp().astype(np.int16)))


def test_a_dng_named_tiff_is_told_its_name(tmp_path: Path) -> None:
    dng(tmp_path / "a.dng", ramp(32, 48)[:, :, 0] / 255).rename(tmp_path / "a.tif")
    with pytest.raises(ReadError, match=r"a\.tif is a DNG") as caught:
        readers.read(tmp_path / "a.tif")
    assert caught.value.hint == "Rename it to a.dng."


def test_pages_in_a_ring(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(bytes.fromhex("4d4d002a0000000e0000000000000000000e0000000e0000"))
    with pytest.raises(ReadError):
        readers.read_header(tmp_path / "a.tif")


@pytest.mark.parametrize(
    "options", [{"compression": "zlib"}, {"compression": "jpeg"}, {"rowsperstrip": 8}, {"tile": (16, 16)}]
)
@pytest.mark.parametrize("height", [320, 4_194_304])
def test_rows_without_strips_are_missed_and_not_black(tmp_path: Path, options: dict[str, object], height: int) -> None:
    """ImageLength says more rows than there are strips for: tifffile leaves them black."""
    path = write(tmp_path, ramp(32, 48), **options)
    data = bytearray(path.read_bytes())
    at = tifffile.TiffFile(path).pages[0].tags["ImageLength"].valueoffset
    data[at : at + 4] = height.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ReadError, match=r"a\.tif is damaged: it is cut short: a strip or tile of it is missing"):
        readers.read(path)

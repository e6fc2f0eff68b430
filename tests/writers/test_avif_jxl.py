"""HDR AVIF and JPEG XL: the colours they are tagged with, and the light another program's decoder finds in them."""

from __future__ import annotations

import io

import cv2
import exifread
import imagecodecs
import numpy as np
import pytest
from PIL import Image

from hdrcli import transfer, xmp
from hdrcli.contracts import OutputInfo
from hdrcli.errors import WriteError
from hdrcli.writers import _avif_items, avif, jxl
from hdrcli.writers._xmp import output_xmp
from tests.writers.pictures import display_picture, exif_block

BT2020_TO_XYZ = np.array([[0.6370, 0.1446, 0.1689], [0.2627, 0.6780, 0.0593], [0.0000, 0.0281, 1.0610]])
BT709_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])

XMP_INFO = OutputInfo(exif=exif_block(), xmp=xmp.packet({"xmp:Rating": (("", "4"),)}))


def light_of_avif(file: bytes, bit_depth: int) -> np.ndarray:
    """CIE XYZ in cd/m^2 as a display shows the file."""
    codes = imagecodecs.avif_decode(file)
    return transfer.pq_to_luminance(codes / (2**bit_depth - 1)) @ BT2020_TO_XYZ.T


@pytest.mark.parametrize(("bit_depth", "tolerance"), [(10, 0.015), (12, 0.005)])
def test_avif_shows_the_light(bit_depth: int, tolerance: float) -> None:
    light = display_picture() * np.float32(9) + np.float32(0.02)
    shown = light_of_avif(avif.encode(light, OutputInfo(quality=100), bit_depth), bit_depth)
    wanted = 203 * light.astype(np.float64) @ BT709_TO_XYZ.T
    error = np.abs(shown - wanted)[..., 1] / wanted[..., 1]
    assert error.mean() < tolerance
    assert np.quantile(error, 0.99) < 4 * tolerance


def test_avif_at_the_default_quality() -> None:
    light = np.exp2(8 * display_picture() - 5)
    codes = imagecodecs.avif_decode(avif.encode(light, OutputInfo(), 10)) / 1023
    lossless = imagecodecs.avif_decode(avif.encode(light, OutputInfo(quality=100), 10)) / 1023
    assert np.abs(codes - lossless).mean() < 0.005


@pytest.mark.parametrize(("white", "luminance"), [(1.0, 203.0), (10.0, 2030.0), (100.0, 10_000.0)])
def test_avif_white_is_at_203_candelas_and_cut_at_10_000(white: float, luminance: float) -> None:
    file = avif.encode(np.full((16, 16, 3), white, np.float32), OutputInfo(), 10)
    assert light_of_avif(file, 10)[8, 8] == pytest.approx(luminance * np.array([0.9505, 1, 1.089]), rel=0.01)


@pytest.mark.parametrize("bit_depth", [10, 12])
def test_avif_is_tagged_bt2100_pq_full_range(bit_depth: int) -> None:
    file = avif.encode(display_picture(), OutputInfo(), bit_depth)
    assert b"colrnclx" + bytes([0, 9, 0, 16, 0, 9, 0x80]) in file
    assert b"pixi" + bytes(4) + bytes([3, bit_depth, bit_depth, bit_depth]) in file
    configuration = file[file.index(b"av1C") + 4 :]
    high_bit_depth, twelve, monochrome, *subsampled = (bool(configuration[2] & 1 << bit) for bit in (6, 5, 4, 3, 2))
    assert (high_bit_depth, twelve, monochrome, *subsampled) == (True, bit_depth == 12, False, False, False)
    picture = Image.open(io.BytesIO(file))
    assert (picture.format, picture.mode, picture.size) == ("AVIF", "RGB", (53, 37))


def test_avif_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(WriteError, match="70000 x 1"):
        avif.encode(np.zeros((1, 70000, 3), np.float32), OutputInfo(), 10)


def codestream(file: bytes) -> bytes:
    return file[file.index(b"\xff\x0a") :]


def jxl_colours(file: bytes) -> dict[str, int]:
    """The colour encoding in the header of a JPEG XL codestream (ISO/IEC 18181-1, annexes D and E)."""
    bits = np.unpackbits(np.frombuffer(codestream(file)[:64], np.uint8), bitorder="little").tolist()
    at = 16

    def u(count: int) -> int:
        nonlocal at
        at += count
        return sum(bit << place for place, bit in enumerate(bits[at - count : at]))

    def choice(*options: tuple[int, int]) -> int:
        start, count = options[u(2)]
        return start + u(count)

    def enumeration() -> int:
        return choice((0, 0), (1, 0), (2, 4), (18, 6))

    small = u(1)
    sizes = ((1, 9), (1, 13), (1, 18), (1, 30))
    for has_side in (lambda: True, lambda: u(3) == 0):  # the width is left out where a ratio tells it
        if has_side():
            u(5) if small else choice(*sizes)
    assert (u(1), u(1)) == (0, 0), "all_default, extra_fields"
    header = {"float": u(1), "bits": choice((32, 0), (16, 0), (24, 0), (1, 6)), "exponent": u(4) + 1}
    u(1)
    assert choice((0, 0), (1, 0), (2, 4), (1, 12)) == 0, "extra channels"
    header["xyb"] = u(1)
    assert (u(1), u(1)) == (0, 0), "all_default, want_icc"
    header |= {"space": enumeration(), "white": enumeration(), "primaries": enumeration()}
    return header | {"gamma": u(1), "transfer": enumeration()}


@pytest.mark.parametrize("quality", [95, 100])
@pytest.mark.parametrize(("bit_depth", "exponent"), [(16, 5), (32, 8)])
def test_jxl_is_tagged_linear_bt709(bit_depth: int, exponent: int, quality: int) -> None:
    colours = jxl_colours(jxl.encode(display_picture(), OutputInfo(quality=quality), bit_depth))
    rgb, d65, srgb, linear = 0, 1, 1, 8
    assert colours == {
        "float": 1,
        "bits": bit_depth,
        "exponent": exponent,
        "xyb": int(quality < 100),
        "space": rgb,
        "white": d65,
        "primaries": srgb,
        "gamma": 0,
        "transfer": linear,
    }


def test_jxl_of_quality_100_is_lossless() -> None:
    light = np.exp2(20 * display_picture() - 14).astype(np.float32)
    light[0, 0], light[1, 1] = 0, 1e-7
    halves = imagecodecs.jpegxl_decode(jxl.encode(light, OutputInfo(quality=100), 16))
    assert halves.dtype == np.float16
    np.testing.assert_allclose(halves.astype(np.float32), light, rtol=2**-11, atol=2**-14)
    floats = imagecodecs.jpegxl_decode(jxl.encode(light, OutputInfo(quality=100), 32))
    np.testing.assert_array_equal(floats, light)
    light[2, 2] = 1e6
    np.testing.assert_array_equal(imagecodecs.jpegxl_decode(jxl.encode(light, OutputInfo(quality=100), 16)), light)


def test_jxl_at_the_default_quality() -> None:
    light = np.exp2(6 * display_picture() - 3)
    decoded = imagecodecs.jpegxl_decode(jxl.encode(light, OutputInfo(), 16)).astype(np.float32)
    assert decoded.max() == pytest.approx(8, rel=0.1)
    assert (np.abs(decoded - light) / light).mean() < 0.03


@pytest.mark.parametrize("quality", [95, 100])
def test_jxl_carries_the_exif_block(quality: int) -> None:
    file = jxl.encode(display_picture(), OutputInfo(exif=exif_block(), quality=quality), 16)
    tags = exifread.process_file(io.BytesIO(file), details=True, strict=True)
    assert tags["Image Model"].values == "Camera 1"
    assert tags["Image Orientation"].values == [1]


def test_jxl_carries_xmp() -> None:
    file = jxl.encode(display_picture(), XMP_INFO, 16)
    at = file.index(b"xml ") - 4
    assert file[at + 8 : at + int.from_bytes(file[at : at + 4], "big")] == output_xmp(XMP_INFO)
    assert imagecodecs.jpegxl_decode(file).shape == (37, 53, 3)


def test_avif_carries_exif_and_xmp() -> None:
    file = avif.encode(display_picture(), XMP_INFO, 10)
    picture = Image.open(io.BytesIO(file))
    exif = picture.getexif()
    assert (exif[0x0110], exif[0x0112]) == ("Camera 1", 1)
    assert picture.info["xmp"] == output_xmp(XMP_INFO)


def test_metadata_move_no_pixel_of_an_avif() -> None:
    tagged = avif.encode(display_picture(), XMP_INFO, 10)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(avif, "with_metadata", lambda file, *metadata: file)
        plain = avif.encode(display_picture(), XMP_INFO, 10)
    wanted = imagecodecs.avif_decode(plain)
    np.testing.assert_array_equal(imagecodecs.avif_decode(tagged), wanted)
    # OpenCV looks at the first 500 bytes alone to tell whether a file is one.
    bgr = cv2.imdecode(np.frombuffer(tagged, np.uint8), cv2.IMREAD_UNCHANGED)
    assert bgr is not None
    np.testing.assert_array_equal(bgr, cv2.imdecode(np.frombuffer(plain, np.uint8), cv2.IMREAD_UNCHANGED))


def test_an_avif_of_another_kind_is_left_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    file = avif.encode(display_picture(), OutputInfo(), 10)
    other = file.replace(b"iloc\0\0\0\0", b"iloc\1\0\0\0")
    assert _avif_items.with_metadata(other, b"", b"") == other
    assert "without its metadata" in caplog.text

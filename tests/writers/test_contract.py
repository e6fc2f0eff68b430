"""What every writer promises: what is written is read back by another decoder, within the format's precision."""

from __future__ import annotations

import io

import cv2
import imagecodecs
import numpy as np
import OpenEXR
import pytest
import tifffile
from PIL import Image

from hdrcli import plugins, writers
from hdrcli.contracts import OutputInfo, Writer
from hdrcli.errors import WriteError
from hdrcli.writers._icc import srgb_profile
from tests.writers.pictures import display_picture, for_writer

NAMES = plugins.names("writers")
DISPLAY = ("jpg", "png", "tiff")
LINEAR = ("exr", "hdr", "jxl")
SHOWN = ("avif",)
BOTH = ("uhdr",)
TAKES = dict.fromkeys(DISPLAY, "display") | dict.fromkeys(LINEAR, "linear") | dict.fromkeys(BOTH, "both")
TAKES |= dict.fromkeys(SHOWN, "shown")
TOLERANCE = {
    ("png", 8): 0.501 / 255,
    ("png", 16): 0.51 / 65535,
    ("tiff", 8): 0.501 / 255,
    ("tiff", 16): 0.51 / 65535,
    ("jpg", 8): 16 / 255,
}


def writer(name: str) -> Writer:
    return plugins.load("writers", name).WRITER


def decode(file: bytes, name: str) -> np.ndarray:
    """RGB by a decoder that is not the one the writer encodes with."""
    if name == "exr":
        return OpenEXR.File(io.BytesIO(file)).channels()["RGB"].pixels
    if name == "hdr":
        return imagecodecs.rgbe_decode(file)
    if name in ("png", "avif", "jpegxl", "ultrahdr"):
        return getattr(imagecodecs, f"{name}_decode")(file)
    if name in ("jxl", "uhdr"):
        return decode(file, "jpegxl") if name == "jxl" else decode(file, "ultrahdr")[..., :3]
    return cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]


def test_every_format_is_covered() -> None:
    assert sorted(TAKES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_record(name: str) -> None:
    record = writer(name)
    assert record.suffix == (".uhdr.jpg" if name == "uhdr" else f".{name}")
    assert record.takes == TAKES[name]
    assert record.depth(None) == record.bit_depths[0]
    assert record.depth(7) == record.bit_depths[0]
    assert [record.depth(depth) for depth in record.bit_depths] == list(record.bit_depths)


@pytest.mark.parametrize("layout", ["plain", "reversed channels", "slice", "transposed"])
@pytest.mark.parametrize(("name", "depth"), list(TOLERANCE))
def test_display_picture_is_read_back(name: str, depth: int, layout: str) -> None:
    picture = _laid_out(display_picture(), layout)
    kept = picture.copy()
    numbers = decode(writer(name).encode(picture, OutputInfo(), depth), name)
    assert numbers.dtype == (np.uint16 if depth == 16 else np.uint8)
    assert numbers.shape == picture.shape
    error = np.abs(numbers / np.iinfo(numbers.dtype).max - picture)
    assert error.max() <= TOLERANCE[name, depth]
    assert error.mean() <= 1.5 / 255
    np.testing.assert_array_equal(picture, kept)


@pytest.mark.parametrize("name", ["avif", "jxl", "uhdr"])
def test_layout_in_memory_and_pixels_are_left_alone(name: str) -> None:
    for layout in ("reversed channels", "slice", "transposed"):
        picture = _laid_out(display_picture(), layout)
        kept = picture.copy()
        record = writer(name)
        views = (for_writer(record, picture), for_writer(record, kept))
        files = [record.encode(view, OutputInfo(), record.depth(None)) for view in views]
        assert files[0] == files[1]
        np.testing.assert_array_equal(picture, kept)


@pytest.mark.parametrize("name", ["avif", "jpg", "jxl", "uhdr"])
def test_quality_is_heeded(name: str) -> None:
    record = writer(name)
    noise = np.random.default_rng(0).uniform(0, 1, (64, 64, 3)).astype(np.float32)
    picture = for_writer(record, noise)
    sizes = [len(record.encode(picture, OutputInfo(quality=quality), record.depth(None))) for quality in (40, 80, 95)]
    assert sizes[0] < 0.8 * sizes[1] < 0.64 * sizes[2]


@pytest.mark.parametrize("layout", ["plain", "reversed channels", "slice", "transposed"])
@pytest.mark.parametrize(("name", "depth", "tolerance"), [("exr", 16, 2**-11), ("exr", 32, 0), ("hdr", 32, 1 / 255)])
def test_light_is_read_back(name: str, depth: int, tolerance: float, layout: str) -> None:
    light = _laid_out(display_picture() * np.float32(37), layout)
    kept = light.copy()
    pixels = decode(writer(name).encode(light, OutputInfo(), depth), name)
    scale = light.max(axis=2, keepdims=True) if name == "hdr" else light
    assert np.all(np.abs(pixels.astype(np.float64) - light) <= tolerance * scale)
    np.testing.assert_array_equal(light, kept)


def _laid_out(picture: np.ndarray, layout: str) -> np.ndarray:
    views = {
        "plain": picture,
        "reversed channels": picture[..., ::-1],
        "slice": picture[3:30:2, 5:40:3],
        "transposed": picture.transpose(1, 0, 2),
    }
    assert layout == "plain" or not views[layout].flags.c_contiguous
    return views[layout]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (37, 53)])
def test_same_picture_makes_same_bytes(name: str, shape: tuple[int, int]) -> None:
    record = writer(name)
    picture = for_writer(record, display_picture(*shape))
    files = {record.encode(picture, OutputInfo(), depth) for depth in record.bit_depths for _ in range(2)}
    assert len(files) == len(record.bit_depths)
    assert all(decode(file, name).shape == (*shape, 3) for file in files)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [(name, np.nan) for name in NAMES]
    + [(name, wrong) for name in (*LINEAR, *SHOWN, *BOTH) for wrong in (np.inf, -np.inf, -1.0)],
)
def test_no_file_holds_what_is_not_light(name: str, wrong: float) -> None:
    picture = display_picture()
    picture[5, 6, 1] = wrong
    with pytest.raises(WriteError) as error:
        writer(name).encode(for_writer(writer(name), picture), OutputInfo(), writer(name).depth(None))
    said = "negative" if wrong == -1 else "NaN" if np.isnan(wrong) else "infinite"
    assert said in error.value.message
    assert error.value.hint


@pytest.mark.parametrize("name", ["png", "tiff"])
def test_display_picture_is_clipped_and_rounded(name: str) -> None:
    values = np.array([-0.5, 0, 0.49 / 255, 0.51 / 255, 254.4 / 255, 254.6 / 255, 1, 1.5], np.float32)
    picture = np.repeat(values[None, :, None], 3, axis=2)
    assert decode(writer(name).encode(picture, OutputInfo(), 8), name)[0, :, 0].tolist() == [
        0,
        0,
        0,
        1,
        254,
        255,
        255,
        255,
    ]


@pytest.mark.parametrize("name", DISPLAY)
def test_pictures_are_tagged_srgb(name: str) -> None:
    file = writer(name).encode(display_picture(), OutputInfo(), 8)
    profile = Image.open(io.BytesIO(file)).info["icc_profile"]
    assert b"s\0R\0G\0B" in profile
    assert profile[36:40] == b"acsp"


def test_png_says_srgb_twice() -> None:
    file = writer("png").encode(display_picture(), OutputInfo(), 16)
    assert file.index(b"IHDR") < file.index(b"cICP") < file.index(b"iCCP") < file.index(b"eXIf") < file.index(b"IDAT")
    assert file[file.index(b"cICP") + 4 :][:4] == bytes([1, 13, 0, 1])


def test_tiff_is_read_by_everyone() -> None:
    picture = display_picture()
    for depth in (8, 16):
        file = writer("tiff").encode(picture, OutputInfo(), depth)
        numbers = tifffile.imread(io.BytesIO(file))
        np.testing.assert_array_equal(numbers, decode(file, "tiff"))
        assert Image.open(io.BytesIO(file)).size == (53, 37)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(writer("tiff").encode(picture, OutputInfo(), 8)))),
                                  np.rint(picture * 255))  # fmt: skip


def test_jpeg_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(WriteError, match="70000 x 1"):
        writer("jpg").encode(np.zeros((1, 70000, 3), np.float32), OutputInfo(), 8)


def test_hdr_is_rounded_not_darkened() -> None:
    light = np.random.default_rng(1).uniform(0.5, 1, (40, 50, 3)).astype(np.float32)
    pixels = decode(writer("hdr").encode(light, OutputInfo(attributes={"software": "hdrcli\n9"}), 32), "hdr")
    assert abs(float((pixels - light).mean())) < 1e-4
    largest = np.full((8, 8, 3), 3e38, np.float32)
    assert decode(writer("hdr").encode(largest, OutputInfo(), 32), "hdr").min() > 9e37


def test_format_names() -> None:
    assert [writers.format_name(text) for text in ("JPEG", "tif", ".png", "exr", "xyz")] == [
        "jpg",
        "tiff",
        "png",
        "exr",
        "xyz",
    ]


def test_the_profile_has_a_fixed_date() -> None:
    assert srgb_profile()[24:36] == bytes([7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])

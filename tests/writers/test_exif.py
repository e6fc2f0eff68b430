"""What outputs carry of the reference frame's Exif, read by Pillow and exifread."""

from __future__ import annotations

import io
import logging
from fractions import Fraction
from typing import Any

import exifread
import numpy as np
import pytest
from PIL import ExifTags, Image

from hdrcli import plugins
from hdrcli.contracts import OutputInfo
from hdrcli.tiff_directory import Entry, directory_bytes
from hdrcli.writers._exif import output_exif
from tests.writers.pictures import display_picture, exif_block

DISPLAY = ("jpg", "png", "tiff")


def write(name: str, info: OutputInfo) -> bytes:
    return plugins.load("writers", name).WRITER.encode(display_picture(), info, 8)


def tags(file: bytes) -> dict[str, Any]:
    return exifread.process_file(io.BytesIO(file), details=True, strict=True)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", DISPLAY)
def test_the_shot_is_carried(name: str, order: str) -> None:
    read = tags(write(name, OutputInfo(exif=exif_block(order), attributes={"software": "hdrcli 9"})))
    assert read["Image Model"].values == "Camera 1"
    assert read["Image Artist"].values == "A. Photographer"
    assert read["Image Software"].values == "hdrcli 9"
    assert read["EXIF ExposureTime"].values[0] == Fraction(1, 250)
    assert read["EXIF ExposureBiasValue"].values[0] == Fraction(-2, 3)
    assert read["EXIF DateTimeOriginal"].values == "2024:05:06 07:08:09"
    assert [(v.num, v.den) for v in read["EXIF LensSpecification"].values] == [(24, 1), (70, 1), (0, 0), (0, 0)]
    assert read["GPS GPSLatitudeRef"].values == "N"
    assert [float(v) for v in read["GPS GPSLatitude"].values] == [51, 30, 0]


@pytest.mark.parametrize("name", DISPLAY)
def test_the_file_is_not_carried(name: str) -> None:
    file = write(name, OutputInfo(exif=exif_block()))
    image = Image.open(io.BytesIO(file))
    exif = image.getexif()
    assert exif[0x0112] == 1
    nested = exif.get_ifd(0x8769)
    assert (nested[0xA001], nested[0xA002], nested[0xA003]) == (1, 53, 37)
    assert 0x927C not in nested
    assert 0xC612 not in exif
    assert 0x014A not in exif
    assert not exif.get_ifd(ExifTags.IFD.IFD1)
    assert b"secret offsets" not in file
    np.testing.assert_allclose(np.asarray(image) / 255, display_picture(), atol=16 / 255)


@pytest.mark.parametrize("name", DISPLAY)
def test_accents_survive(name: str) -> None:
    assert "Müller & Söhne".encode() + b"\0" in write(name, OutputInfo(exif=exif_block()))


@pytest.mark.parametrize("name", DISPLAY)
def test_without_a_block_the_exposure_is_told(name: str) -> None:
    read = tags(write(name, OutputInfo(exposure_time=1 / 60, f_number=5.6, iso=409600, taken="2024:05:06 07:08:09")))
    assert read["EXIF ExposureTime"].values[0] == Fraction(1, 60)
    assert read["EXIF FNumber"].values[0] == Fraction(28, 5)
    assert read["EXIF ISOSpeedRatings"].values == [65535]
    assert read["EXIF DateTimeOriginal"].values == "2024:05:06 07:08:09"
    assert read["Image Orientation"].values == [1]


def test_the_block_is_believed_before_the_pipeline() -> None:
    read = tags(write("jpg", OutputInfo(exif=exif_block(), exposure_time=9.0, iso=200)))
    assert read["EXIF ExposureTime"].values[0] == Fraction(1, 250)
    assert read["EXIF ISOSpeedRatings"].values == [200]


@pytest.mark.parametrize(
    "damage", [b"", b"not a TIFF", exif_block()[:60], exif_block()[:-120], b"II*\0\xff\xff\xff\xff"]
)
def test_a_broken_block_is_left_out_with_a_warning(damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read = tags(write("png", OutputInfo(exif=damage)))
    assert read["Image Orientation"].values == [1]
    assert "Image Model" not in read
    assert bool(caplog.records) == bool(damage)


def test_no_damage_stops_a_writer() -> None:
    block = bytearray(exif_block())
    rng = np.random.default_rng(0)
    for _ in range(2000):
        damaged = bytes(block[: rng.integers(1, len(block))]) if rng.random() < 0.2 else bytearray(block)
        for place in rng.integers(0, len(damaged), 3) if isinstance(damaged, bytearray) else ():
            damaged[place] = rng.integers(0, 256)
        logging.disable(logging.WARNING)
        try:
            made = output_exif(OutputInfo(exif=bytes(damaged)), 53, 37).to_bytes()
        finally:
            logging.disable(logging.NOTSET)
        assert made[:4] in (b"II*\0", b"MM\0*")


def test_a_jpeg_drops_a_block_that_is_too_long(caplog: pytest.LogCaptureFixture) -> None:
    block = exif_block(tags={0x010E: b"x" * 70_000 + b"\0"})
    assert "Image ImageDescription" not in tags(write("jpg", OutputInfo(exif=block)))
    assert "too long" in caplog.text
    assert "Image ImageDescription" in tags(write("tiff", OutputInfo(exif=block)))


def test_values_begin_at_even_places() -> None:
    directory = {0x010F: Entry.text("even"), 0x0110: Entry.text("odd length"), 0x0131: Entry.text("third")}
    made = directory_bytes(directory, 100, "<")
    places = [int.from_bytes(made[at : at + 4], "little") for at in (10, 22, 34)]
    assert all(place % 2 == 0 for place in places)
    assert made[places[2] - 100 :].startswith(b"third\0")

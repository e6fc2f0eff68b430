from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from hdrcli import readers
from tests.readers.samples import dng, encoded, exif, jpeg, ramp


def test_photographic_tags(tmp_path: Path) -> None:
    more = {0x9291: "25", 0xA434: "RF24-105mm F4 L IS USM"}
    header = readers.read_header(jpeg(tmp_path / "a.jpg", exif=exif(more=more)))
    assert header.exposure_time == pytest.approx(1 / 60)
    assert header.f_number == pytest.approx(2.8)
    assert header.iso == 200
    assert header.taken == datetime(2024, 5, 17, 12, 30, 15, 250000)
    assert header.camera == "Canon EOS R6"  # Make is not repeated
    assert header.lens == "RF24-105mm F4 L IS USM"
    assert header.focal_length == 35


@pytest.mark.parametrize("time", [(0, 1), (0, 0), (1, 0)])
def test_impossible_numbers_are_unknown(time: tuple[int, int], tmp_path: Path) -> None:
    block = exif(exposure_time=time, f_number=(0, 1), iso=0, taken="0000:00:00 00:00:00")
    header = readers.read_header(jpeg(tmp_path / "a.jpg", exif=block))
    assert (header.exposure_time, header.f_number, header.iso, header.taken) == (None, None, None, None)


def test_floats_in_place_of_fractions(tmp_path: Path) -> None:
    """No type of Exif's for these tags, but what Pillow writes of a Python float, and exiftool reads."""
    block = Image.Exif()
    block.get_ifd(0x8769).update({0x829A: 0.0025, 0x829D: 5.6})
    header = readers.read_header(jpeg(tmp_path / "a.jpg", exif=block.tobytes()))
    assert (header.exposure_time, header.f_number) == (0.0025, 5.6)


def test_apex_values_stand_in(tmp_path: Path) -> None:
    apex = {0x9201: IFDRational(5, 1), 0x9202: IFDRational(6, 1)}
    header = readers.read_header(jpeg(tmp_path / "a.jpg", exif=exif(exposure_time=None, f_number=None, more=apex)))
    assert header.exposure_time == pytest.approx(1 / 32)
    assert header.f_number == pytest.approx(8)


def test_iso_beyond_16_bits(tmp_path: Path) -> None:
    header = readers.read_header(jpeg(tmp_path / "a.jpg", exif=exif(iso=65535, more={0x8832: 102400})))
    assert header.iso == 102400


@pytest.mark.parametrize(("form", "suffix"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_every_still_format_carries_it(form: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(encoded(ramp(), form, exif=exif()))
    header, exposure = readers.read_header(path), readers.read(path)
    assert header.exposure_time == exposure.exposure_time == pytest.approx(1 / 60)
    assert (header.f_number, header.iso) == (exposure.f_number, exposure.iso) == (pytest.approx(2.8), 200)
    assert header.taken == datetime(2024, 5, 17, 12, 30, 15)


def test_tiff_keeps_it_in_ifd0(tmp_path: Path) -> None:
    tags = [(33434, "2I", 1, (1, 60), True), (34855, "H", 1, 200, True), (36867, "s", 20, "2024:05:17 12:30:15", True)]
    tifffile.imwrite(tmp_path / "a.tif", ramp(), photometric="rgb", extratags=tags)
    header = readers.read_header(tmp_path / "a.tif")
    assert (header.exposure_time, header.iso) == (pytest.approx(1 / 60), 200)
    assert header.taken == datetime(2024, 5, 17, 12, 30, 15)


def test_block_is_clean_and_says_the_same(tmp_path: Path) -> None:
    block = exif(orientation=6, more={0x927C: b"maker's own"})
    carried = readers.read_header(jpeg(tmp_path / "a.jpg", exif=block)).exif
    assert carried is not None
    assert carried[:2] in (b"II", b"MM")
    again = Image.Exif()
    again.load(b"Exif\0\0" + carried)
    photo = again.get_ifd(0x8769)
    assert (again[0x0110], photo[0x829A], photo[0x9003]) == ("Canon EOS R6", IFDRational(1, 60), "2024:05:17 12:30:15")
    assert 0x0112 not in again
    assert 0x927C not in photo
    # Another writer's file with this block reads the same.
    header = readers.read_header(jpeg(tmp_path / "b.jpg", exif=b"Exif\0\0" + carried))
    assert (header.exposure_time, header.iso) == (pytest.approx(1 / 60), 200)


def test_dng_keeps_it_in_ifd0(tmp_path: Path) -> None:
    header = readers.read_header(dng(tmp_path / "a.dng", ramp(32, 48)[:, :, 0] / 255, exposure_time=(1, 250)))
    assert header.exposure_time == pytest.approx(1 / 250)
    assert (header.iso, header.camera) == (100, "Acme Roadrunner")
    assert header.exif is not None


def test_nothing_known_is_none(tmp_path: Path) -> None:
    header = readers.read_header(jpeg(tmp_path / "a.jpg"))
    assert (header.exposure_time, header.f_number, header.iso, header.taken) == (None, None, None, None)
    assert (header.camera, header.lens, header.focal_length, header.exif) == (None, None, None, None)


@pytest.mark.parametrize("broken", [exif().tobytes()[:40] + b"\xff" * 60, exif().tobytes()[:40]])
def test_broken_block_does_not_lose_the_picture(
    broken: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = jpeg(tmp_path / "a.jpg", exif=broken)
    assert readers.read(path).size == (53, 37)
    captured = capfd.readouterr()
    assert not captured.out
    assert "exifread" not in captured.err.lower()


def test_the_time_of_change_stands_in_for_one_of_shooting(tmp_path: Path) -> None:
    block = exif(taken=None)
    block[0x0132] = "2024:05:17 12:30:15"
    assert readers.read_header(jpeg(tmp_path / "a.jpg", exif=block)).taken == datetime(2024, 5, 17, 12, 30, 15)
    block.get_ifd(0x8769)[0x9004] = "2023:01:01 00:00:00"
    assert readers.read_header(jpeg(tmp_path / "a.jpg", exif=block)).taken == datetime(2023, 1, 1)

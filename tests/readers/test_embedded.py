"""Exif and XMP of RAW files that are no TIFF, in the layouts of CR3, MRW and RAF."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import exifread
import pytest

from hdrcli import exif
from hdrcli.readers import _embedded, raw
from hdrcli.readers._exif import Photo
from hdrcli.tiff_directory import Directory, Entry
from tests.writers.pictures import exif_block

FILE = Path("a.cr3")
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'></x:xmpmeta>"


def box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def structure(directory: Directory) -> bytes:
    return exif.Exif(first=directory, nested={}).to_bytes()


MAKE = structure({exif.MAKE: Entry.text("Canon"), exif.MODEL: Entry.text("Canon EOS R6")})
TIME = structure({exif.EXPOSURE_TIME: Entry.rational(1 / 60, "<"), 0x927C: Entry(7, 5, b"12345")})
PLACE = structure({1: Entry.text("N"), 2: Entry(5, 3, b"".join(n.to_bytes(4, "little") for n in (51, 1, 30, 1, 0, 1)))})


def read(block: bytes | None) -> dict[str, str]:
    assert block is not None
    return {name: str(tag) for name, tag in exifread.process_file(io.BytesIO(block), details=True).items()}


def test_the_boxes_of_cr3_become_one_block() -> None:
    head = (
        box(b"ftyp", b"crx ") + box(b"CMT1", MAKE) + box(b"CMT2", TIME) + box(b"CMT3", b"II*\0") + box(b"CMT4", PLACE)
    )
    tags = read(_embedded.exif_block(FILE, head))
    assert (tags["Image Model"], tags["EXIF ExposureTime"]) == ("Canon EOS R6", "1/60")
    assert tags["GPS GPSLatitude"] == "[51, 30, 0]"


def test_a_broken_box_of_cr3_leaves_the_exposure(caplog: pytest.LogCaptureFixture) -> None:
    head = box(b"CMT1", MAKE) + box(b"CMT2", TIME) + box(b"CMT4", PLACE[:20])
    assert read(_embedded.exif_block(FILE, head))["Image ExposureTime"] == "1/60"
    assert "a.cr3" in caplog.text


@pytest.mark.parametrize(
    "head", [b"\0MRM1234\0TTW1234" + exif_block(">"), b"FUJIFILM\xff\xe1..Exif\0\0" + exif_block("<")]
)
def test_whole_blocks(head: bytes) -> None:
    assert read(_embedded.exif_block(FILE, head))["EXIF ExposureTime"] == "1/250"


@pytest.mark.parametrize("head", [b"", b"CMT1", box(b"CMT1", b"??") + box(b"CMT2", b"??"), b"Exif\0\0zz", b"\0TTW"])
def test_none(head: bytes) -> None:
    assert _embedded.exif_block(FILE, head) is None


def test_xmp_is_found_by_its_element() -> None:
    assert _embedded.xmp_packet(b"ftypcrx" + XMP + b"\0\0") == XMP
    assert _embedded.xmp_packet(XMP[:20]) is None
    assert _embedded.xmp_packet(b"") is None


def test_what_libraw_knows_stands_in() -> None:
    other = SimpleNamespace(timestamp=None, shutter_speed=9.0, aperture=4.0, iso_speed=100.0, focal_length=50.0)
    libraw = SimpleNamespace(other=other, lens=SimpleNamespace(model="NIKKOR 50mm ", make=""))
    found = raw._completed(Photo(exposure_time=1 / 250, block=exif_block()), libraw)
    tags = read(found.block)
    assert (found.lens, tags["EXIF LensModel"]) == ("NIKKOR 50mm", "NIKKOR 50mm")
    assert (tags["EXIF ExposureTime"], tags["EXIF FNumber"]) == ("1/250", "4")
    assert tags["GPS GPSLatitude"] == "[51, 30, 0]"
    assert (
        raw._completed(
            Photo(),
            SimpleNamespace(
                other=SimpleNamespace(timestamp=None, shutter_speed=0, aperture=0, iso_speed=0, focal_length=0)
            ),
        ).block
        is None
    )  # an older rawpy, and nothing known

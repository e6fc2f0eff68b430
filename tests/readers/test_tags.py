"""The tags that readers take from Exif, against exifread, which goes through all there are."""

from __future__ import annotations

import logging
import random
from io import BytesIO
from pathlib import Path
from typing import Any

import exifread
import pytest

from hdrcli import readers
from hdrcli.readers import _exif, _tags
from tests.readers.samples import exif, jpeg

MORE = {0x9291: "25", 0xA434: "RF24-105mm", 0x8832: 102400, 0xA402: 2, 0x9204: -1.5, 0x9286: b"\0" * 264}
BLOCK = exif(orientation=6, more=MORE).tobytes().removeprefix(b"Exif\0\0")


def by_exifread(block: bytes) -> dict[str, Any]:
    logging.getLogger("exifread").setLevel(logging.CRITICAL)
    tags = exifread.process_file(BytesIO(block), details=False)
    return {name: getattr(tag, "values", None) for name, tag in tags.items()}


def test_a_whole_block_reads_as_exifread_reads_it() -> None:
    tags = _tags.read(BytesIO(BLOCK))
    assert tags is not None
    assert len(tags) == 13
    theirs = by_exifread(BLOCK)
    for name, values in tags.items():
        assert _exif.from_tags({name: values}) == _exif.from_tags({name: theirs[name]})


def test_so_do_blocks_with_wrong_bytes() -> None:
    """But for those that exifread gives up, of which more is read."""
    random.seed(3)
    damaged = 0
    for _ in range(400):
        block = bytearray(BLOCK)
        block[random.randrange(len(block) - 264)] = random.choice([0, 1, 255, random.randrange(256)])
        try:
            theirs = _exif.from_tags(by_exifread(bytes(block)))
        except _exif.BROKEN_EXIF:
            continue
        assert _exif.from_tags(_tags.read(BytesIO(block)) or {}) == theirs
        damaged += theirs != _exif.from_tags(by_exifread(BLOCK))
    assert damaged > 50


def test_what_is_left_of_a_damaged_block_is_read() -> None:
    place = BLOCK.index(b"\x90\x03\x00\x02") + 8  # DateTimeOriginal, whose text is said to be beyond the end
    block = BLOCK[:place] + b"\0\xff\0\0" + BLOCK[place + 4 :]
    photo = _exif.photo(Path("a.jpg"), block)
    assert (photo.taken, photo.exposure_time, photo.f_number) == (None, pytest.approx(1 / 60), 2.8)


def test_a_whole_block_is_not_gone_through_tag_by_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exifread, "process_file", lambda *args, **options: pytest.fail("exifread was called"))
    assert readers.read_header(jpeg(tmp_path / "a.jpg", exif=exif())).exposure_time == pytest.approx(1 / 60)


def test_what_is_no_structure_has_no_tags() -> None:
    assert _tags.read(BytesIO(b"neither II nor MM")) is None

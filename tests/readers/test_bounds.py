"""Small files that would keep a decoder busy for minutes, or take gigabytes: refused before that, or read at once."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hdrcli import limits, readers
from hdrcli.errors import ReadError
from hdrcli.readers import _noise, _sensor, _tags
from hdrcli.readers._tiff_bounds import MOST_PAGES
from tests.readers.samples import dng

Entries = list[tuple[int, int, int, int]]
"""Tag, type, count, and value or place."""

PAGE: Entries = [(256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
STRIP: Entries = [(273, 4, 1, 4), (278, 4, 1, 1), (279, 4, 1, 1)]
SHORT, LONG, UNDEFINED = 3, 4, 7


def directory(entries: Entries, following: int = 0) -> bytes:
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return struct.pack("<H", len(entries)) + table + struct.pack("<I", following)


def tiff(path: Path, entries: Entries, size: int = 0, following: int = 0) -> Path:
    """A TIFF of one directory, followed by zeros up to `size` bytes, of which the disk keeps none."""
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + directory(entries, following))
    with path.open("r+b") as stream:
        stream.truncate(max(size, path.stat().st_size))
    return path


@pytest.mark.parametrize("tags", [(273, 279), (324, 325)])
def test_strips_and_tiles_are_counted_before_they_are_read(tmp_path: Path, tags: tuple[int, int]) -> None:
    number = 10**7
    pieces = [(tags[0], LONG, number, 4096), (tags[1], LONG, number, 4096)]
    path = tiff(tmp_path / "a.tif", [*PAGE, *pieces], 4096 + 4 * number)
    for read in (readers.read_header, readers.read):
        with pytest.raises(ReadError, match=rf"a\.tif claims {number} strips or tiles, more than 1000000\."):
            read(path)


def test_strips_of_all_directories_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SEGMENTS", 2)
    path = tmp_path / "a.tif"
    Image.new("L", (5, 4)).save(path, save_all=True, append_images=[Image.new("L", (5, 4))] * 2)
    with pytest.raises(ReadError, match=r"claims 3 strips or tiles, more than 2\."):
        readers.reader_for(path).read_header(path)  # type: ignore[union-attr]


@pytest.mark.parametrize(("tag", "kind"), [(34675, UNDEFINED), (700, 1), (270, 2), (347, UNDEFINED), (339, SHORT)])
@pytest.mark.parametrize("big", [False, True])
def test_metadata_of_a_tiff_have_a_limit(tmp_path: Path, tag: int, kind: int, big: bool) -> None:
    count = limits.METADATA // (2 if kind == SHORT else 1) + 1
    entries = sorted([*PAGE, *STRIP, (tag, kind, count, 4096)])
    path = tiff(tmp_path / "a.tif", entries, 4096 + limits.METADATA + 2)
    if big:
        table = b"".join(struct.pack("<HHQQ", *entry) for entry in entries)
        with path.open("r+b") as stream:
            stream.write(b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, len(entries)) + table + bytes(8))
    with pytest.raises(ReadError, match=r"a\.tif has more than 64 MB of metadata\."):
        readers.read_header(path)


def test_layers_that_photoshop_keeps_are_left_alone(tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tif", [*PAGE, *STRIP, (37724, UNDEFINED, limits.METADATA + 1, 4096)], limits.METADATA * 2)
    assert readers.read(path).size == (1, 1)


def test_values_that_are_not_in_the_file_take_nothing(tmp_path: Path) -> None:
    claims = [(tag, UNDEFINED, 2**32 - 1, 4096) for tag in (34675, 700, 37724)]
    assert readers.read(tiff(tmp_path / "a.tif", [*PAGE, *STRIP, *claims])).size == (1, 1)


def test_a_ring_of_directories_is_walked_once(tmp_path: Path) -> None:
    assert readers.read(tiff(tmp_path / "a.tif", [*PAGE, *STRIP], following=8)).size == (1, 1)


def test_a_directory_of_too_many_tags_is_refused(tmp_path: Path) -> None:
    tags = [(tag, SHORT, 1, 1) for tag in range(1000, 65535)]
    with pytest.raises(ReadError, match=r"a\.tif is damaged"):
        readers.read_header(tiff(tmp_path / "a.tif", [*PAGE, *STRIP, *tags]))


def test_of_a_million_directories_within_a_dng_few_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading all took more than 100 seconds."""
    data = bytearray(dng(tmp_path / "a.dng", np.full((64, 64), 0.3)).read_bytes())
    (at,) = struct.unpack_from("<I", data, 4)
    (number,) = struct.unpack_from("<H", data, at)
    entries = [struct.unpack_from("<HHII", data, at + 2 + 12 * place) for place in range(number)]
    data += bytes(len(data) % 2)
    struct.pack_into("<I", data, 4, len(data))
    values = len(data) + 2 + 12 * (number + 1) + 4
    data += directory([*entries, (330, LONG, 10**6, values)]) + np.full(10**6, at, "<u4").tobytes()  # type: ignore[list-item]
    import tifffile

    read = list[int]()
    page = tifffile.TiffPage.__init__

    def counted(self: tifffile.TiffPage, *given: object, **named: object) -> None:
        read.append(1)
        page(self, *given, **named)

    monkeypatch.setattr(tifffile.TiffPage, "__init__", counted)
    _noise.profile(bytes(data))
    _sensor._dng_is_whole(bytes(data))
    assert len(read) <= 2 * (MOST_PAGES + 1)


def endless_exif() -> bytes:
    """65 kB of tags: 2700 pointers to one directory of 2700 tags. The first of all is broken: exifread reads it."""
    number = 2700
    second = 8 + 2 + 2 * 12 + 4
    third = second + 2 + 12 * number + 4
    return (
        b"II*\0"
        + struct.pack("<I", 8)
        + directory([(0x010F, 2, 100, 2**31), (0x8769, LONG, 1, second)])
        + directory([(0x8825, LONG, 1, third)] * number)
        + directory([(place % 30, SHORT, 1, 1) for place in range(number)])
    )


def sound(suffix: str) -> bytes:
    stream = BytesIO()
    Image.new("RGB", (5, 4)).save(stream, {"jpg": "JPEG"}.get(suffix, suffix.upper()))
    return stream.getvalue()


def as_jpeg(path: Path, block: bytes) -> None:
    jpeg, body = sound("jpg"), b"Exif\0\0" + block
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:])


def test_exif_that_points_at_itself_is_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """exifread would read seven million tags, in minutes."""
    monkeypatch.setattr(limits, "METADATA", limits.METADATA // 8)
    path = tmp_path / "a.jpg"
    as_jpeg(path, endless_exif())
    assert readers.read_header(path).exposure_time is None
    assert f"{path} has a broken Exif block, which is ignored (it has tags without end)" in caplog.text


def test_metered_reading_ends(tmp_path: Path) -> None:
    stream = _tags._Metered(BytesIO(bytes(limits.METADATA + 1)))
    with pytest.raises(ValueError, match="without end"):
        stream.read()
    stream = _tags._Metered(BytesIO(b"abc"))
    assert [stream.read(2), stream.seek(1), stream.read(9), stream.tell()] == [b"ab", 1, b"bc", 3]


def exr(path: Path, *attributes: tuple[bytes, bytes, int], flags: int = 2) -> Path:
    """The head of an EXR: attributes of so many zeros, of which the disk keeps none."""
    with path.open("wb") as stream:
        stream.write(b"\x76\x2f\x31\x01" + struct.pack("<I", flags))
        for name, kind, size in attributes:
            stream.write(name + b"\0" + kind + b"\0" + struct.pack("<I", size))
            stream.seek(size, 1)
        stream.truncate(stream.tell() + 1)
    return path


@pytest.mark.parametrize("kind", [b"string", b"preview", b"strange"])
def test_attributes_of_an_exr_have_a_limit(tmp_path: Path, kind: bytes) -> None:
    path = exr(tmp_path / "a.exr", (b"comments", kind, limits.METADATA))
    for read in (readers.read_header, readers.read):
        with pytest.raises(ReadError, match=r"a\.exr has more than 64 MB of metadata\."):
            read(path)


def test_attributes_and_parts_of_an_exr_are_counted(tmp_path: Path) -> None:
    attribute = b"a\0int\0" + struct.pack("<I", 4) + bytes(4)
    for flags, end in ((2, b""), (0x1002, b"\0")):
        path = exr(tmp_path / "a.exr", flags=flags)
        path.write_bytes(path.read_bytes()[:8] + (attribute + end) * (limits.PARTS + 1) + b"\0")
        with pytest.raises(ReadError, match=r"a\.exr has more than 100000 parts beside its picture\."):
            readers.read_header(path)


def test_channels_of_an_exr_are_counted_before_the_library_does(tmp_path: Path) -> None:
    """A million took it more than 100 seconds."""
    path = exr(tmp_path / "a.exr")
    channels = b"".join(b"%05d\0" % number + bytes(16) for number in range(33_333)) + b"\0"
    path.write_bytes(
        path.read_bytes()[:8] + b"channels\0chlist\0" + struct.pack("<I", len(channels)) + channels + b"\0"
    )
    with pytest.raises(ReadError, match=r"a\.exr claims 33333 channels, more than 32\."):
        readers.read_header(path)


def segments(suffix: str, number: int) -> bytes:
    """A sound file with so many empty segments or chunks more."""
    content = sound(suffix)
    if suffix == "jpg":
        return content[:2] + b"\xff\xe1\0\2" * number + content[2:]
    if suffix == "png":
        return content[:33] + (bytes(4) + b"prIv" + struct.pack(">I", zlib.crc32(b"prIv"))) * number + content[33:]
    return content + b"prIv\0\0\0\0" * number


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_segments_and_chunks_are_counted(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(segments(suffix, 1000))
    assert readers.read(path).size == (5, 4)
    path.write_bytes(segments(suffix, limits.PARTS + 1500))
    for read in (readers.read_header, readers.read):
        with pytest.raises(ReadError, match=rf"a\.{suffix} has more than 100000 parts beside its picture\."):
            read(path)


def test_filling_before_a_marker_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(sound("jpg")[:2] + b"\xff" * 1000 + sound("jpg")[2:])
    assert readers.read(path).size == (5, 4)
    path.write_bytes(sound("jpg")[:2] + b"\xff" * (limits.PARTS + 2) + sound("jpg")[2:])
    with pytest.raises(ReadError, match=r"a\.jpg has more than 100000 parts beside its picture\."):
        readers.read_header(path)


def large(suffix: str, size: int) -> bytes:
    """A sound file with so many bytes of metadata, each of its pieces within what its format can say."""
    content = sound(suffix)
    if suffix == "jpg":
        return content[:2] + (b"\xff\xe2" + struct.pack(">H", 65535) + bytes(65533)) * (size // 65533) + content[2:]
    if suffix == "png":
        text = struct.pack(">I", size) + b"tEXt" + bytes(size)
        return content[:33] + text + struct.pack(">I", zlib.crc32(text[4:])) + content[33:]
    stream = BytesIO()
    Image.new("RGB", (5, 4)).save(stream, "WEBP", icc_profile=bytes(size))
    return stream.getvalue()


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_metadata_of_pictures_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr(limits, "METADATA", 1 << 20)
    path = tmp_path / f"a.{suffix}"
    reader = readers.reader_for(path)
    assert reader is not None
    path.write_bytes(large(suffix, 900_000))
    assert reader.read(path, None).size == (5, 4)
    path.write_bytes(large(suffix, 1_200_000))
    for read in (reader.read_header, lambda path: reader.read(path, None)):
        with pytest.raises(ReadError, match=rf"a\.{suffix} has more than 1 MB of metadata\."):
            read(path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp"])
def test_what_follows_a_picture_is_not_read(tmp_path: Path, suffix: str) -> None:
    """A hundred gigabytes of zeros, of which the disk keeps none."""
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(sound(suffix))
    with path.open("r+b") as stream:
        stream.truncate(10**11)
    assert readers.read(path).size == (5, 4)


@pytest.mark.parametrize(
    ("suffix", "words"), [("webp", "1 GB that a WebP can have"), ("dng", "2 GB that LibRaw takes")]
)
def test_files_larger_than_their_format_allows_are_not_read(tmp_path: Path, suffix: str, words: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(dng(path, np.full((64, 64), 0.3)).read_bytes() if suffix == "dng" else sound(suffix))
    with path.open("r+b") as stream:
        stream.truncate(3 << 30)
    with pytest.raises(ReadError, match=rf"a\.{suffix} is damaged: it has more than the {words}\."):
        readers.read(path)
    with pytest.raises(ReadError, match=rf"a\.{suffix} is damaged"):
        readers.read_header(path)


def test_a_chunk_of_pixels_larger_than_its_picture_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    content = sound("png")
    with path.open("wb") as stream:
        stream.write(content[:33] + struct.pack(">I", 2**31 - 1) + b"IDAT")
        stream.truncate(2**31 + 100)
    with pytest.raises(ReadError, match=r"a\.png is damaged: its IDAT chunks are larger than its picture\."):
        readers.read(path)

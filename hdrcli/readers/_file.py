"""Opening a frame's file: every way in which it is not what its name says becomes a ReadError that names it."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hdrcli import limits, memory
from hdrcli.errors import ReadError

CURE = "Copy the file again from the camera or its backup, or leave it out."

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", "PNG", ".png"),
    (b"II*\0", "TIFF", ".tif"),
    (b"MM\0*", "TIFF", ".tif"),
    (b"II+\0", "TIFF", ".tif"),
    (b"MM\0+", "TIFF", ".tif"),
    (b"\x76\x2f\x31\x01", "OpenEXR", ".exr"),
    (b"#?", "Radiance HDR", ".hdr"),
    (b"BM", "BMP", ".bmp"),
    (b"GIF8", "GIF", ""),
    (b"%PDF", "PDF", ""),
    (b"8BPS", "Photoshop", ""),
    (b"PK\x03\x04", "ZIP", ""),
    (b"\xff\x0a", "JPEG XL", ""),
    (b"\0\0\0\x0cJXL ", "JPEG XL", ""),
)


_NO_FILES = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def kind(mode: int) -> str:
    """What has this mode of `stat`: a "file", "folder", "pipe", "socket" or "device"."""
    return _NO_FILES.get(stat.S_IFMT(mode), "file")


def content(head: bytes) -> tuple[str, str]:
    """(format, usual suffix) that the first 256 bytes of a file show; ("", "") when they are of no known format."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP", ".webp"
    if head[4:8] == b"ftyp" and head[8:11] in (b"hei", b"mif", b"avi", b"hev", b"msf"):
        return "HEIC or AVIF", ""
    for signature, name, suffix in _SIGNATURES:
        if head.startswith(signature):
            return name, suffix
    is_text = head and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    return ("text", "") if is_text else ("", "")


@contextmanager
def opened(path: Path, form: str) -> Iterator[BinaryIO]:
    """The file of a frame of a `form` ("JPEG", "PNG", … as `content` names them; "RAW"), open for reading.

    Raises ReadError when there is no such file, it is a pipe or device, it cannot be read, or it is empty or of another
    form.
    """
    try:
        _check_is_file(path)  # before it is opened: a pipe would wait for someone to write
        with path.open("rb") as stream:
            head = stream.read(256)
            _check_form(path, form, head)
            stream.seek(0)
            yield stream
    except FileNotFoundError as error:
        if os.path.islink(path):  # noqa: PTH114 (Path.is_symlink raises in closed folders)
            raise ReadError(f"{path} is a link to nothing.", "Put back the file that it led to.") from error
        raise ReadError(f"{path} does not exist.", "Check the spelling of its name.") from error
    except PermissionError as error:
        raise ReadError(f"{path} may not be read.", "Give yourself permission to read it.") from error
    except OSError as error:
        raise ReadError(f"{path} cannot be read: {error.strerror or error}.", CURE) from error


def _check_is_file(path: Path) -> None:
    found = kind(path.stat().st_mode)
    if found != "file":
        cure = "Name the files in it instead." if found == "folder" else "Leave it out."
        raise ReadError(f"{path} is a {found}, not a frame.", cure)


def _check_form(path: Path, form: str, head: bytes) -> None:
    if not head:
        raise ReadError(f"{path} is empty.", CURE)
    found, suffix = content(head)
    # Most RAW formats are TIFF inside, the others have signatures of their own.
    if found == form or (form == "RAW" and found in ("", "TIFF")):
        return
    looks = f" (it looks like {found})" if found else ""
    article = "an" if form == "OpenEXR" else "a"
    raise ReadError(
        f"{path} is not {article} {form} file{looks}.", f"Rename it to {path.stem}{suffix}." if suffix else CURE
    )


@contextmanager
def decoding(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Turn the decoder's own `errors`, and running out of memory, into a ReadError that names the file."""
    try:
        yield
    except MemoryError as error:
        raise _too_large(path) from error
    except errors as error:
        raise (_too_large(path) if memory.is_exhausted(error) else damaged(path, _cause(error))) from error


def _too_large(path: Path) -> ReadError:
    return ReadError(f"{path} does not fit in memory.", "Use smaller frames or more memory.")


def _cause(error: Exception) -> str:
    """The decoder's own words, where they are for people: LibRaw's are bytes, imageio hides Pillow's."""
    error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    said = error.args[0] if error.args else ""
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else str(error)
    speaks = text and not isinstance(error, (LookupError, UnicodeError)) and "<python_buffer>" not in text
    return text if speaks else "its data cannot be decoded"


def damaged(path: Path, cause: str) -> ReadError:
    """The error for a file that is not whole."""
    return ReadError(f"{path} is damaged: {' '.join(cause.split()).rstrip('.')}.", CURE)


def check_channels(path: Path, channels: int) -> None:
    """Raise ReadError for a picture of more channels than any has."""
    if channels > limits.CHANNELS:
        raise ReadError(f"{path} claims {channels} channels, more than {limits.CHANNELS}.", "Save its picture as RGB.")


def too_much_metadata(path: Path) -> ReadError:
    """The error for a file with more beside its picture than `limits` allow."""
    return ReadError(f"{path} has more than {limits.METADATA >> 20} MB of metadata.", "Save it without.")


def too_many_parts(path: Path) -> ReadError:
    """The error for a file in more segments, chunks or attributes than any has."""
    return ReadError(f"{path} has more than {limits.PARTS} parts beside its picture.", "Save it without metadata.")


def most_bytes(pixels: int) -> int:
    """How far into a file its metadata and so many pixels can reach: what lies beyond is none of the picture's."""
    return limits.METADATA + limits.BYTES_PER_PIXEL * pixels


def unpacked(packed: bytes, most: int = limits.METADATA) -> bytes | None:
    """What zlib has packed, up to one byte more than `most`; None when it is damaged or never comes to its end."""
    unpacker = zlib.decompressobj()
    try:
        whole = unpacker.decompress(packed, most + 1)
    except zlib.error:
        return None
    return whole if unpacker.eof or len(whole) > most else None


def check_size(path: Path, width: int, height: int) -> tuple[int, int]:
    """(width, height) as given, if a picture can have them; ReadError otherwise."""
    if width < 1 or height < 1:
        raise damaged(path, f"its header says {width}x{height} pixels")
    pixels = width * height
    if pixels > limits.pixels():
        raise ReadError(
            f"{path} claims {width}x{height} pixels, more than {limits.short(limits.pixels())}.",
            f"If it is no damaged file, pass --max-pixels {limits.short(pixels)}.",
        )
    limits.claim(pixels)
    return width, height

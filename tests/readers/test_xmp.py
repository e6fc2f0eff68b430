"""XMP of frames, in their files and in sidecars beside them."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from hdrcli import readers, xmp
from tests.readers.samples import dng, jpeg, ramp

LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
PIXELS = ramp(32, 48)


def packet(rating: int, **more: str) -> bytes:
    return xmp.packet(
        {"xmp:Rating": (("", str(rating)),)} | {f"xmp:{name}": (("", text),) for name, text in more.items()}
    )


def found(path: Path) -> dict[str, str]:
    content = readers.read_header(path).xmp
    return {name: values[0][1] for name, values in xmp.read(content).items()} if content else {}


@pytest.mark.parametrize(("form", "suffix"), [("JPEG", "jpg"), ("WEBP", "webp"), ("TIFF", "tif"), ("PNG", "png")])
def test_every_still_format_has_it(form: str, suffix: str, tmp_path: Path) -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("XML:com.adobe.xmp", packet(3).decode(), zip=True)
    options = {"TIFF": {"tiffinfo": {700: packet(3)}}, "PNG": {"pnginfo": chunks}}.get(form, {"xmp": packet(3)})
    Image.fromarray(PIXELS).save(tmp_path / f"a.{suffix}", form, **options)
    assert found(tmp_path / f"a.{suffix}") == {"xmp:Rating": "3"}


def test_the_sidecar_is_the_later_word(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", xmp=packet(3, Label="Red"))
    (tmp_path / "a.jpg.xmp").write_bytes(packet(5))
    assert found(path) == {"xmp:Rating": "5", "xmp:Label": "Red"}


@pytest.mark.parametrize("name", ["a.xmp", "a.XMP", "a.dng.xmp"])
def test_sidecars_of_raw_files(name: str, tmp_path: Path) -> None:
    path = dng(tmp_path / "a.dng", PIXELS[:, :, 0] / 255)
    (tmp_path / name).write_bytes(packet(4))
    assert found(path) == {"xmp:Rating": "4"}


def test_a_raw_files_sidecar_is_not_its_jpegs(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(packet(4))
    assert found(jpeg(tmp_path / "a.jpg")) == {}


@pytest.mark.parametrize("content", [LAUGHS, b"", packet(4)[:-40], b" " * (xmp.LONGEST + 1)])
@pytest.mark.parametrize("place", ["a.jpg.xmp", "a.jpg"])
def test_harm_is_a_warning_and_no_xmp(
    place: str, content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if place == "a.jpg" and not 0 < len(content) < 65000:
        pytest.skip("a segment of JPEG holds no such packet")
    path = jpeg(tmp_path / "a.jpg", **({"xmp": content} if place == "a.jpg" else {}))
    if place != "a.jpg":
        (tmp_path / place).write_bytes(content)
    assert found(path) == {}
    assert [str(tmp_path / place) in message for message in caplog.messages] == [True]
    assert readers.read(path).size == (53, 37)


def test_a_png_that_unpacks_to_gigabytes_is_cut_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, "PNG")
    body = b"iTXtXML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b" " * (16 << 20), 9)
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(stream.getvalue()[:33] + chunk + stream.getvalue()[33:])
    assert found(tmp_path / "a.png") == {}
    assert "longer than" in caplog.text


def test_a_sidecar_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = jpeg(tmp_path / "a.jpg", xmp=packet(3))
    (tmp_path / "a.jpg.xmp").write_bytes(packet(5))
    opened = Path.open

    def refused(self: Path, *arguments: object, **options: object) -> object:
        if self.suffix == ".xmp":
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refused)
    assert found(path) == {"xmp:Rating": "3"}
    assert "a.jpg.xmp cannot be read" in caplog.text

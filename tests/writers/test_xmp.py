"""Where outputs have their XMP, read by Pillow and tifffile, and what happens when it is too much."""

from __future__ import annotations

import io

import pytest
import tifffile
from PIL import Image

from hdrcli import plugins, xmp
from hdrcli.contracts import OutputInfo
from hdrcli.writers._xmp import output_xmp
from tests.writers.pictures import display_picture

INFO = OutputInfo(
    xmp=xmp.packet({"xmp:Rating": (("", "4"),), "dc:title": (("x-default", "Früh"),)}),
    sources=("a.jpg", "b.jpg"),
    attributes={"software": "hdrcli 9"},
)


def write(name: str, info: OutputInfo) -> bytes:
    return plugins.load("writers", name).WRITER.encode(display_picture(), info, 8)


@pytest.mark.parametrize("name", ["jpg", "png", "tiff"])
def test_every_picture_has_it_in_its_place(name: str) -> None:
    file = write(name, INFO)
    if name == "tiff":
        packet = tifffile.TiffFile(io.BytesIO(file)).pages[0].tags[700].value
    else:
        info = Image.open(io.BytesIO(file)).info
        packet = info["xmp"] if name == "jpg" else info["XML:com.adobe.xmp"].encode()
    assert bytes(packet) == output_xmp(INFO)
    assert xmp.read(bytes(packet)) == xmp.read(INFO.xmp or b"")


def test_it_says_what_it_is_made_of() -> None:
    packet = output_xmp(INFO).decode()
    assert "<dc:source>a.jpg, b.jpg</dc:source>" in packet
    assert "<xmp:CreatorTool>hdrcli 9</xmp:CreatorTool>" in packet
    assert "source" not in output_xmp(OutputInfo()).decode()


def test_a_jpeg_drops_a_packet_that_is_too_long(caplog: pytest.LogCaptureFixture) -> None:
    info = OutputInfo(xmp=xmp.packet({"dc:description": (("x-default", "x" * 70_000),)}))
    assert b"xxxx" not in write("jpg", info)
    assert "too long" in caplog.text
    assert b"x" * 70_000 in write("tiff", info)


def test_a_broken_packet_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert b"CreatorTool" in output_xmp(OutputInfo(xmp=b"<broken"))
    assert "left out" in caplog.text

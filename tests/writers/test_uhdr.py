"""Ultra HDR by other programs: libultrahdr's HDR against the light, Pillow's SDR picture, exiftool's reading."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from hdrcli import transfer
from hdrcli.contracts import OutputInfo
from hdrcli.image import RadianceMap
from hdrcli.tone_mapping import drago, natural
from hdrcli.writers import jpg, uhdr
from hdrcli.writers._gain_map import BRIGHTEST, gain_map
from hdrcli.writers._multi_picture import joined
from tests.writers.pictures import display_picture, exif_block

ISO = b"urn:iso:std:iso:ts:21496:-1"


@cache
def scene(stops: float = 8) -> np.ndarray:
    """A room with a window and a lamp: textured, coloured light (160, 240, 3), `stops` from its dark to its bright."""
    rng = np.random.default_rng(4)
    down, across = np.mgrid[0:1:160j, 0:1:240j]
    light = (
        0.18 * np.exp2(-0.4 * stops * (1 - across))[..., None] * np.stack([1 + 0 * down, 0.8 - 0.3 * down, down], -1)
    )
    light[30:80, 150:210] = 2 ** (stops / 2) * np.array([0.7, 0.9, 1.1]) * (0.5 + across[30:80, 150:210, None])
    light[100:110, 40:50] = 2 ** (stops / 2 + 2)
    return (light * np.exp2(rng.normal(0, 0.15, light.shape))).astype(np.float32)


def write(light: np.ndarray, operator: object = natural, quality: int = 95) -> bytes:
    display = operator.apply(RadianceMap(light)).pixels  # type: ignore[attr-defined]
    return uhdr.encode((display, light), OutputInfo(quality=quality), 8)


def scale(file: bytes) -> float:
    """What the linear result was multiplied by, as the file says."""
    found = re.search(rb"HDR rendition = linear result x ([0-9.e+-]+)<", file)
    assert found
    return float(found[1])


def errors(file: bytes, light: np.ndarray) -> np.ndarray:
    """Relative errors of libultrahdr's HDR, of all channels above 1 % of white."""
    decoded = imagecodecs.ultrahdr_decode(file)[..., :3].astype(np.float32)
    truth = np.minimum(light * scale(file), BRIGHTEST)
    counted = truth > 0.01
    return np.abs(decoded - truth)[counted] / truth[counted]


@pytest.mark.parametrize("operator", [natural, drago])
@pytest.mark.parametrize("stops", [2, 8, 12])
def test_base_and_gain_make_the_light_again(stops: float, operator: object) -> None:
    found = errors(write(scene(stops), operator), scene(stops))
    assert found.mean() < 0.02
    assert np.quantile(found, 0.99) < 0.1


def test_readers_of_xmp_see_the_same_as_readers_of_iso_21496() -> None:
    file = write(scene())
    assert file.count(ISO) == 2
    old = file.replace(ISO, b"urn:not:for:readers:of:xmp:")
    np.testing.assert_array_equal(imagecodecs.ultrahdr_decode(old), imagecodecs.ultrahdr_decode(file))
    new = file.replace(b"hdrgm:GainMapMax", b"hdrgm:ForNobodys")
    np.testing.assert_array_equal(imagecodecs.ultrahdr_decode(new), imagecodecs.ultrahdr_decode(file))
    with pytest.raises(imagecodecs.UltrahdrError):
        imagecodecs.ultrahdr_decode(old.replace(b"hdrgm:GainMapMax", b"hdrgm:ForNobodys"))


def test_viewers_without_hdr_see_the_picture_of_a_jpeg() -> None:
    display = natural.apply(RadianceMap(scene())).pixels
    plain = Image.open(io.BytesIO(jpg.encode(display, OutputInfo(), 8)))
    ours = Image.open(io.BytesIO(write(scene())))
    np.testing.assert_array_equal(np.asarray(ours.convert("RGB")), np.asarray(plain))
    assert ours.info["icc_profile"] == plain.info["icc_profile"]


def test_middle_tones_agree_and_highlights_go_above() -> None:
    dim = scene() / 8
    file = write(dim)
    base = transfer.srgb_to_linear(np.asarray(Image.open(io.BytesIO(file)).convert("RGB"), np.float32) / 255)
    decoded = imagecodecs.ultrahdr_decode(file)[..., :3].astype(np.float32)
    shown, hdr = transfer.luminance(base), transfer.luminance(decoded)
    middle = (shown > 0.08) & (shown < 0.2)
    assert np.median(hdr[middle] / shown[middle]) == pytest.approx(1, abs=0.04)  # the picture has more contrast
    assert scale(file) > 1.5
    assert hdr.max() > 4


def test_headroom_is_where_the_brightest_are_shown_in_full() -> None:
    light = np.full((200, 200, 3), 0.18, np.float32)
    base = np.full((200, 200, 3), 118, np.uint8)  # sRGB of 0.18
    light[:10] = 8.0
    light[100, 100] = 40
    gains = gain_map(base, light)
    assert gains.headroom == pytest.approx(3, abs=0.02)
    assert gains.maximum == pytest.approx(np.log2(40 / 0.18), abs=0.2)
    assert gain_map(base, light * 1e6).maximum <= np.log2((BRIGHTEST + 1 / 64) / (0.18 + 1 / 64)) + 0.01
    assert gain_map(base, np.zeros_like(light)).headroom > 0


@pytest.mark.parametrize("light", [0.0, 1e-6, 0.3, 1e5])
def test_plain_pictures_are_read_too(light: float) -> None:
    pixels = np.full((9, 11, 3), light, np.float32)
    file = uhdr.encode((np.full_like(pixels, 0.5), pixels), OutputInfo(), 8)
    decoded = imagecodecs.ultrahdr_decode(file)[..., :3].astype(np.float32)
    np.testing.assert_allclose(decoded, min(light * scale(file), BRIGHTEST), rtol=0.02, atol=2e-4)


def test_binary_metadata_is_what_the_standard_says() -> None:
    file = write(scene())
    first, second = (file.index(ISO), file.rindex(ISO))
    assert file[first - 4 : first] == b"\xff\xe2" + struct.pack(">H", 2 + len(ISO) + 1 + 4)
    assert file[first + len(ISO) :][:5] == bytes(5)
    minimum_version, writer_version, flags = struct.unpack_from(">HHB", file, second + len(ISO) + 1)
    assert (minimum_version, writer_version, flags) == (0, 0, 0x40)
    numbers = struct.unpack_from(">" + "iI" * 7, file, second + len(ISO) + 6)
    values = [above / below for above, below in zip(numbers[::2], numbers[1::2], strict=True)]
    said = {name: float(value) for name, value in re.findall(rb'hdrgm:(\w+)="(-?[0-9.]+)"', file[second - 3000 :])}
    names = [b"HDRCapacityMin", b"HDRCapacityMax", b"GainMapMin", b"GainMapMax", b"Gamma", b"OffsetSDR", b"OffsetHDR"]
    assert values == pytest.approx([said[name] for name in names], abs=1e-6)


def with_packet(label: bytes) -> bytes:
    """An Ultra HDR file of a JPEG that had a packet with a rating and a label."""
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" xmp:Label="'
        + label
        + b'"/></rdf:RDF></x:xmpmeta>'
    )
    plain = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), 118, np.uint8)).save(plain, "JPEG", quality=95, xmp=packet)
    codes = io.BytesIO()
    gains = gain_map(np.full((16, 16, 3), 118, np.uint8), np.full((16, 16, 3), 1.5, np.float32))
    Image.fromarray(gains.codes).save(codes, "JPEG", quality=98)
    return joined(plain.getvalue(), codes.getvalue(), gains)


def test_a_packet_of_the_base_is_kept() -> None:
    file = with_packet(b"red")
    assert file[: file.index(b"\xff\xda")].count(b"http://ns.adobe.com/xap/1.0/\0") == 1
    first, second = ElementTree.fromstring(Image.open(io.BytesIO(file)).info["xmp"])[0]  # noqa: S314 (our own)
    assert first.get("{http://ns.adobe.com/xap/1.0/}Rating") == "4"
    item = "{http://ns.google.com/photos/1.0/container/item/}Semantic"
    assert [one.get(item) for one in second.iter() if one.get(item)] == ["Primary", "GainMap"]


def test_a_packet_that_is_too_long_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    file = with_packet(b"x" * 65_200)
    assert "too long" in caplog.text
    assert b"xmp:Rating" not in file
    assert imagecodecs.ultrahdr_decode(file)[..., 0].max() == pytest.approx(1.5 * scale(file), rel=0.02)


@pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")
def test_exiftool_finds_both_pictures(tmp_path: Path) -> None:
    path = tmp_path / "picture.uhdr.jpg"
    path.write_bytes(uhdr.encode((display_picture(), display_picture()), OutputInfo(exif=exif_block()), 8))
    done = subprocess.run(["exiftool", "-j", "-struct", "-G1", path], capture_output=True, text=True, check=True)
    (tags,) = json.loads(done.stdout)
    assert tags["MPF0:NumberOfImages"] == 2
    assert tags["MPImage1:MPImageType"] == "Baseline MP Primary Image"
    assert tags["MPImage1:MPImageLength"] == tags["MPImage2:MPImageStart"]
    assert tags["MPImage2:MPImageStart"] + tags["MPImage2:MPImageLength"] == path.stat().st_size
    assert tags["XMP-hdrgm:Version"] == 1.0
    items = [item["Item"] for item in tags["XMP-Container:Directory"]]
    assert [item["Semantic"] for item in items] == ["Primary", "GainMap"]
    assert items[1]["Length"] == tags["MPImage2:MPImageLength"]
    assert tags["IFD0:Model"] == "Camera 1"
    assert "ExifTool:Warning" not in tags
    second = path.read_bytes()[tags["MPImage2:MPImageStart"] :]
    assert Image.open(io.BytesIO(second)).size == (53, 37)

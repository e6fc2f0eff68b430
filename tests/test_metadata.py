"""Metadata from frames to results, written and read by other programs: exiftool, exiv2, exifread, Pillow, OpenEXR.

`pytest -s tests/test_metadata.py` prints what is carried from which format into which.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import exifread
import imagecodecs
import numpy as np
import OpenEXR
import pytest
from PIL import Image, ImageCms

import hdrcli
from tests.readers.samples import dng, encoded, jpeg, ramp
from tests.writers.pictures import exif_block

INPUTS = ("jpg", "tif", "png", "webp", "dng", "dng with sidecar")
OUTPUTS = ("png", "jpg", "tiff", "exr")
TIMES = ("1/250", "1/60", "1/15")

needs_exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
needs_exiv2 = pytest.mark.skipif(not shutil.which("exiv2"), reason="exiv2 is not installed")


def tags(lines: str) -> dict[str, str]:
    """ "Group:Name=value" lines, as exiftool takes and tells them, in its plain numbers."""
    return {name: value for name, _, value in (line.partition("=") for line in lines.strip().splitlines())}


WRITTEN = tags("""
IFD0:Make=Acme
IFD0:Model=Roadrunner
IFD0:ImageDescription=Köln, früh
IFD0:Artist=Zoë Müller
IFD0:Copyright=© 2024 Zoë
ExifIFD:FNumber=8
ExifIFD:ISO=200
ExifIFD:FocalLength=35
ExifIFD:SubjectDistance=3.5
ExifIFD:DateTimeOriginal=2024:05:17 12:30:15
ExifIFD:SubSecTimeOriginal=25
ExifIFD:OffsetTimeOriginal=+02:00
ExifIFD:UserComment=by the river
ExifIFD:SerialNumber=0815
ExifIFD:LensMake=Acme
ExifIFD:LensModel=Zoom 24-70
GPS:GPSLatitudeRef=S
GPS:GPSLatitude=27.75
GPS:GPSLongitudeRef=W
GPS:GPSLongitude=85.3125
GPS:GPSAltitudeRef=1
GPS:GPSAltitude=12.5
GPS:GPSDateStamp=2024:05:17
XMP-xmp:Rating=4
XMP-xmp:Label=Red
XMP-dc:Title=Rhine & bridge
XMP-dc:Description=At <dawn>
XMP-dc:Creator=Zoë Müller
XMP-dc:Rights=CC BY
XMP-dc:Subject=river
XMP-photoshop:City=Köln
""")

STALE = tags("""
IFD0:Orientation=3
IFD0:Software=Firmware 1.2
IFD0:ProcessingSoftware=Developer
ExifIFD:ExifImageWidth=9999
ExifIFD:ImageUniqueID=0123456789
ExifIFD:SubjectArea=3 4
XMP-crs:Exposure2012=1.5
XMP-tiff:Orientation=6
XMP-exif:FNumber=4
""")
"""What is true of the frames' own files."""

SIDECAR = """<?xpacket begin='' id=''?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:darktable="http://darktable.sf.net/"
 xmp:Rating="5" darktable:xmp_version="5"><darktable:history><rdf:Seq/></darktable:history>
</rdf:Description></rdf:RDF></x:xmpmeta>"""

STANDARD: dict[str, str | float] = {
    "owner": "CC BY",
    "comments": "At <dawn>",
    "capDate": "2024:05:17 12:30:15",
    "utcOffset": -7200.0,
    "latitude": -27.75,
    "longitude": -85.3125,
    "altitude": -12.5,
    "focus": 3.5,
    "expTime": 1 / 60,
    "aperture": 8.0,
    "isoSpeed": 200.0,
    "cameraMake": "Acme",
    "cameraModel": "Roadrunner",
    "cameraSerialNumber": "0815",
    "lensMake": "Acme",
    "lensModel": "Zoom 24-70",
    "nominalFocalLength": 35.0,
}
"""The same under OpenEXR's names: what a person wrote in XMP before the camera's Exif."""


def write_frames(folder: Path) -> None:
    """Three frames of each input format, tagged by exiftool."""
    for number in (1, 2, 3):
        pixels = (ramp(32, 48) // 4 * number).astype(np.uint8)
        for form, suffix in (("JPEG", "jpg"), ("TIFF", "tif"), ("PNG", "png"), ("WEBP", "webp")):
            (folder / suffix).mkdir(exist_ok=True)
            (folder / suffix / f"{number}.{suffix}").write_bytes(encoded(pixels, form))
        (folder / "dng").mkdir(exist_ok=True)
        dng(folder / "dng" / f"{number}.dng", pixels[:, :, 0] / 255)
    command: list[str | Path] = ["exiftool"]
    for number, time in enumerate(TIMES, 1):
        command += [f"-{name}={value}" for name, value in (WRITTEN | STALE).items()]
        command += [f"-ExifIFD:ExposureTime={time}", *sorted(folder.glob(f"*/{number}.*")), "-execute"]
    subprocess.run([*command, "-common_args", "-q", "-q", "-m", "-n", "-overwrite_original"], check=True)
    shutil.copytree(folder / "dng", folder / "dng with sidecar")
    for number in (1, 2, 3):
        (folder / "dng with sidecar" / f"{number}.xmp").write_text(SIDECAR)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """The results, by input and output format."""
    folder = tmp_path_factory.mktemp("shoot")
    write_frames(folder)
    settings = {"model": "mertens", "align": "off", "reference": 2, "formats": OUTPUTS, "output": folder / "fused"}
    for name in INPUTS:
        (result,) = hdrcli.fuse(folder / name, **settings).brackets
        assert result.status == "done", result.error
    return {(name, form): folder / "fused" / f"{name}.{form}" for name in INPUTS for form in OUTPUTS}


def exiftool(paths: Iterable[Path], *what: str) -> list[dict[str, Any]]:
    """What exiftool says of each file."""
    command = ["exiftool", "-j", "-n", "-a", "-G1", "-struct", *what, *map(str, paths)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="module")
def told(results: dict[tuple[str, str], Path]) -> dict[tuple[str, str], dict[str, Any]]:
    """What exiftool says of each result."""
    return dict(zip(results, exiftool(results.values()), strict=True))


def expected(source: str) -> dict[str, Any]:
    """What a result shall say: the tags of the reference frame, and its own."""
    suffix = source.partition(" ")[0]
    return WRITTEN | {
        "ExifIFD:ExposureTime": 1 / 60,
        "XMP-xmp:Rating": 5 if source.endswith("sidecar") else 4,
        "XMP-dc:Creator": [WRITTEN["XMP-dc:Creator"]],
        "XMP-dc:Subject": [WRITTEN["XMP-dc:Subject"]],
        "XMP-dc:Source": f"1.{suffix}, 2.{suffix}, 3.{suffix}",
        "IFD0:Software": f"hdrcli {hdrcli.__version__}",
        "IFD0:Orientation": 1,
        "ExifIFD:ExifImageWidth": 48,
        "ExifIFD:CompositeImage": 2,
    }


def agrees(found: object, wanted: object) -> bool:
    try:
        return float(str(found)) == pytest.approx(float(str(wanted)), rel=1e-6)
    except ValueError:
        return str(found) == str(wanted)


@needs_exiftool
def test_everything_about_the_shot_is_carried(told: dict[tuple[str, str], dict[str, Any]]) -> None:
    pictures = OUTPUTS[:3]
    lines, lost = [f"{'frames of ' + ', '.join(INPUTS):58}" + "".join(f"{form:>6}" for form in pictures)], []
    for name in expected("jpg"):
        kept = [key for key in told if agrees(told[key].get(name), expected(key[0])[name])]
        counts = [sum(form == other for _, other in kept) for form in pictures]
        lines.append(f"{name:58}" + "".join(f"{count:>4}/{len(INPUTS)}" for count in counts))
        lost += [f"{name} of {key}: {told[key].get(name)}" for key in told if key not in kept and key[1] != "exr"]
    print("\n" + "\n".join(lines))  # noqa: T201
    assert not lost


@needs_exiftool
def test_hdr_pictures_carry_it_too(results: dict[tuple[str, str], Path]) -> None:
    folder = results["jpg", "exr"].parents[1]
    forms = ("avif", "jxl", "uhdr")
    (result,) = hdrcli.fuse(folder / "jpg", model="debevec", align="off", formats=forms, output=folder / "hdr").brackets
    for said in exiftool(result.outputs):
        lost = [name for name, value in expected("jpg").items() if not agrees(said.get(name), value)]
        assert not lost, said["SourceFile"]


@needs_exiftool
def test_frames_had_what_results_must_not(results: dict[tuple[str, str], Path]) -> None:
    frames = [results["jpg", "exr"].parents[1] / name for name in ("jpg/1.jpg", "tif/1.tif", "dng/1.dng")]
    for said in exiftool(frames):
        assert all(agrees(said.get(name), value) for name, value in STALE.items()), said


@needs_exiftool
def test_nothing_of_the_frames_own_files_is(told: dict[tuple[str, str], dict[str, Any]]) -> None:
    groups = {"IFD1", "SubIFD", "XMP-crs", "XMP-tiff", "XMP-exif", "XMP-darktable", "MakerNotes", "InteropIFD"}
    names = {"ProcessingSoftware", "ImageUniqueID", "SubjectArea", "DNGVersion", "CFAPattern", "BlackLevel"}
    for (source, form), said in told.items():
        kept = [name for name in said if name.split(":")[0] in groups or name.split(":")[-1] in names]
        assert not kept, f"{source} to {form}"
        warnings = {name: value for name, value in said.items() if name.endswith((":Warning", ":Error"))}
        assert not warnings, f"{source} to {form}"


@needs_exiftool
def test_exiftool_finds_no_fault(results: dict[tuple[str, str], Path]) -> None:
    pictures = [path for (_, form), path in results.items() if form in ("jpg", "png")]
    said = exiftool(pictures, "-validate", "-warning")
    assert {one["ExifTool:Validate"] for one in said} == {"0 0 0"}, said


@needs_exiftool
def test_exr_has_the_standard_attributes(results: dict[tuple[str, str], Path]) -> None:
    for source in INPUTS:
        with OpenEXR.File(str(results[source, "exr"])) as file:
            header = dict(file.header())
        lost = {name: header.get(name) for name, wanted in STANDARD.items() if not agrees(header.get(name), wanted)}
        print(f"{source} to exr: {len(STANDARD) - len(lost)} of {len(STANDARD)} standard attributes")  # noqa: T201
        assert not lost, source
        assert header["hdrcli:sources"] == expected(source)["XMP-dc:Source"]
        assert f"<xmp:Rating>{expected(source)['XMP-xmp:Rating']}</xmp:Rating>" in header["xmp"]


@needs_exiftool
def test_exr_attributes_have_the_standard_types(results: dict[tuple[str, str], Path]) -> None:
    head = results["jpg", "exr"].read_bytes()[:8192]
    for name, value in STANDARD.items():
        kind = b"string" if isinstance(value, str) else b"float"
        assert b"%s\0%s\0" % (name.encode(), kind) in head, name


@needs_exiftool
@needs_exiv2
def test_exiv2_reads_the_same(results: dict[tuple[str, str], Path]) -> None:
    pictures = [path for (_, form), path in results.items() if form != "exr"]
    said = subprocess.run(["exiv2", "-PEXkv", *map(str, pictures)], check=True, capture_output=True, text=True)
    assert not said.stderr
    for path in pictures:
        lines = [line.removeprefix(str(path)).split(None, 1) for line in said.stdout.splitlines() if str(path) in line]
        values = {line[0]: line[1].strip() for line in lines if len(line) == 2}
        assert values["Exif.Image.Artist"] == "Zoë Müller"
        assert values["Exif.Photo.ExposureTime"] == "1/60"
        assert values["Exif.Photo.OffsetTimeOriginal"] == "+02:00"
        assert values["Exif.GPSInfo.GPSLatitude"] == "27/1 45/1 0/1"
        assert values["Exif.GPSInfo.GPSAltitude"] == "25/2"
        assert values["Xmp.dc.title"] == 'lang="x-default" Rhine & bridge'
        assert values["Xmp.xmp.Rating"] == ("5" if "sidecar" in path.name else "4")
        assert not [name for name in values if name.startswith(("Xmp.crs", "Xmp.tiff", "Xmp.exif", "Exif.Thumbnail"))]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_entries_are_carried_to_the_bit(form: str, order: str, tmp_path: Path) -> None:
    """A camera's block with accents, 0/0 rationals, MakerNote and thumbnail, without any program but Python's."""
    block = exif_block(order)
    frames = []
    for number, time in enumerate((250, 60, 15), 1):
        changed = block.replace(struct.pack(order + "II", 1, 250), struct.pack(order + "II", 1, time))
        pixels = (ramp(32, 48) // 4 * number).astype(np.uint8)
        exif = changed if form == "WEBP" else b"Exif\0\0" + changed
        frames.append(tmp_path / f"{number}.{form.lower()}")
        frames[-1].write_bytes(encoded(pixels, form, exif=exif))
    settings = {"model": "mertens", "align": "off", "formats": OUTPUTS[:3], "output": tmp_path}
    (result,) = hdrcli.fuse(frames, **settings).brackets
    assert result.status == "done", result.error
    for path in result.outputs:
        file = path.read_bytes()
        found = exifread.process_file(io.BytesIO(file), details=True, strict=True)
        assert str(found["EXIF ExposureTime"]) == "1/60"
        assert [(v.num, v.den) for v in found["EXIF LensSpecification"].values] == [(24, 1), (70, 1), (0, 0), (0, 0)]
        assert [float(v) for v in found["GPS GPSLatitude"].values] == [51, 30, 0]
        assert "Müller & Söhne".encode() in file
        assert b"secret offsets" not in file
        assert Image.open(path).getexif()[0x0112] == 1


P3_TO_SRGB = np.array([[1.22494, -0.22494, 0], [-0.04206, 1.04206, 0], [-0.01964, -0.07864, 1.09827]])
"""Linear light; from the two sets of primaries (SMPTE RP 431-2 with D65; BT.709)."""


def test_colours_of_display_p3_are_right_in_results(tmp_path: Path) -> None:
    """Three equal frames fuse to themselves, so that the result shows what became of their colours."""
    p3 = imagecodecs.cms_profile(
        "rgb", primaries=[0.68, 0.32, 0.265, 0.69, 0.15, 0.06], whitepoint=[0.3127, 0.329], transferfunction=SRGB_CURVE
    )
    stored = np.array([200, 120, 60], np.uint8)
    frames = [jpeg(tmp_path / f"{i}.jpg", np.tile(stored, (32, 48, 1)), icc_profile=p3) for i in (1, 2, 3)]
    settings = {"model": "mertens", "align": "off", "formats": OUTPUTS[:3], "output": tmp_path}
    (result,) = hdrcli.fuse(frames, **settings).brackets
    linear = np.clip(P3_TO_SRGB @ decoded(stored / 255), 0, 1)
    wanted = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(wanted - stored).max() > 10  # ignoring the profile would show
    for path in result.outputs:
        picture = Image.open(path)
        assert "sRGB" in ImageCms.getProfileDescription(
            ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        )
        found = np.asarray(picture.convert("RGB"))[8:-8, 8:-8].mean(axis=(0, 1))
        np.testing.assert_allclose(found, wanted, atol=2)


def decoded(encoded: np.ndarray) -> np.ndarray:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


SRGB_CURVE = decoded(np.linspace(0, 1, 1024)).astype(np.float32)


def test_frames_whose_names_no_header_can_hold_are_fused(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    for number, name in enumerate(("a\x1b.png", "b\udcff.png", "c.png"), 1):
        Image.fromarray(np.full((16, 16, 3), 40 * number, np.uint8)).save(tmp_path / "odd" / name)
    report = hdrcli.fuse(tmp_path / "odd", model="mertens", output=tmp_path / "made", formats=("png", "exr", "tiff"))
    assert report.failed == ()
    with OpenEXR.File(str(tmp_path / "made/odd.exr")) as file:
        assert file.header()["hdrcli:sources"] == "a\ufffd.png, b\ufffd.png, c.png"

"""What every reader promises, tried with every format at once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hdrcli import plugins, readers
from hdrcli.errors import ReadError
from tests.readers.samples import dng, encoded, ramp

CUTS = (0.0, 0.02, 0.3, 0.6, 0.9, 0.99)


def write(name: str, path: Path) -> Path:
    """A sound frame for the reader `name`; 32 x 48 pixels."""
    import cv2
    import OpenEXR
    import tifffile

    picture = ramp(32, 48)
    linear = picture.astype(np.float32) / 255
    if name == "tiff":
        tifffile.imwrite(path, picture, compression="lzw", photometric="rgb", rowsperstrip=8)
    elif name == "exr":
        OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": linear}).write(str(path))
    elif name == "radiance_hdr":
        path.write_bytes(cv2.imencode(".hdr", linear[:, :, ::-1])[1].tobytes())
    elif name == "raw":
        dng(path, linear[:, :, 0])
    elif name == "webp":
        path.write_bytes(encoded(picture, "WEBP", lossless=True))
    else:
        path.write_bytes(encoded(picture, name.upper()))
    return path


NAMES = plugins.names("readers")


@pytest.mark.parametrize("name", NAMES)
def test_reads_what_its_header_says(name: str, tmp_path: Path) -> None:
    reader = plugins.load("readers", name).READER
    path = write(name, tmp_path / f"frame{reader.suffixes[0]}")
    header, exposure = reader.read_header(path), reader.read(path, None)
    assert exposure.size == (header.width, header.height) == (48, 32)
    assert exposure.pixels.dtype == np.float32
    assert exposure.pixels.flags.c_contiguous
    assert exposure.pixels.flags.writeable
    lowest, highest = (-0.5, 4) if name == "raw" else (0, 1)
    assert lowest <= exposure.pixels.min() < exposure.pixels.max() <= highest
    assert exposure.name == path.name
    assert (exposure.exposure_time, exposure.iso) == (header.exposure_time, header.iso)
    assert header.is_raw == (name == "raw")
    assert exposure.bits in (8, 16, 32)
    assert readers.reader_for(path) is reader
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in reader.suffixes)


def test_no_two_readers_claim_a_suffix() -> None:
    suffixes = [suffix for name in NAMES for suffix in plugins.load("readers", name).READER.suffixes]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_cut_file_is_an_error_that_names_it(
    name: str, cut: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = plugins.load("readers", name).READER
    whole = write(name, tmp_path / f"whole{reader.suffixes[0]}").read_bytes()
    path = tmp_path / f"cut{reader.suffixes[0]}"
    path.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(ReadError) as caught:
        reader.read(path, None)
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert not capfd.readouterr().out  # decoders' chatter must not get among the results


@pytest.mark.parametrize("name", NAMES)
def test_any_damage_is_a_result_or_an_error_of_ours(name: str, tmp_path: Path) -> None:
    reader = plugins.load("readers", name).READER
    whole = np.frombuffer(write(name, tmp_path / f"whole{reader.suffixes[0]}").read_bytes(), np.uint8)
    rng = np.random.default_rng(1)
    path = tmp_path / f"damaged{reader.suffixes[0]}"
    for trial in range(16):
        data = whole.copy()
        places = rng.integers(4, min(len(data), 600) if trial % 2 else len(data), 1 + trial % 4)
        data[places] = rng.integers(0, 256, len(places))
        path.write_bytes(data.tobytes())
        for read in (reader.read_header, lambda path: reader.read(path, None)):
            try:
                read(path)
            except ReadError as error:
                assert str(path) in error.message  # noqa: PT017 -- either outcome is right


@pytest.mark.parametrize("name", NAMES)
def test_what_the_file_is_instead(name: str, tmp_path: Path) -> None:
    reader = plugins.load("readers", name).READER
    path = tmp_path / f"frame{reader.suffixes[0]}"
    contents = {"is empty": b"", "looks like text": b"exposure 1/60\n", "looks like GIF": b"GIF89a" + bytes(300)}
    for words, content in contents.items():
        path.write_bytes(content)
        for read in (reader.read_header, lambda path: reader.read(path, None)):
            with pytest.raises(ReadError, match=words):
                read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
@pytest.mark.parametrize("name", NAMES)
def test_pipes_and_devices_are_not_waited_for(name: str, tmp_path: Path) -> None:
    reader = plugins.load("readers", name).READER
    pipe, device = (tmp_path / f"{kind}{reader.suffixes[0]}" for kind in ("pipe", "device"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for path in (pipe, device):
        with pytest.raises(ReadError, match=r"is a (pipe|device), not a frame"):
            reader.read(path, None)


def test_a_frame_that_does_not_fit_in_memory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **options: object) -> None:
        raise MemoryError

    path = write("png", tmp_path / "a.png")
    monkeypatch.setattr("hdrcli.readers.sandbox.call", full)
    with pytest.raises(ReadError, match=r"a\.png does not fit in memory"):
        readers.read(path)


def test_a_misnamed_frame_is_told_its_name(tmp_path: Path) -> None:
    path = tmp_path / "IMG.JPG"
    path.write_bytes(encoded(ramp(), "PNG"))
    with pytest.raises(ReadError) as caught:
        readers.read(path)
    assert caught.value.message == f"{path} is not a JPEG file (it looks like PNG)."
    assert caught.value.hint == "Rename it to IMG.png."


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(ReadError, match=r"missing\.jpg does not exist"):
        readers.read(tmp_path / "missing.jpg")
    with pytest.raises(ReadError, match="is a folder"):
        readers.read_header(tmp_path / "folder.jpg")
    with pytest.raises(ReadError, match=r"notes\.txt does not exist"):
        readers.read(tmp_path / "notes.txt")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ReadError, match="of no format that can be read"):
        readers.read(tmp_path / "notes.txt")


def test_suffixes_in_capitals_count(tmp_path: Path) -> None:
    assert readers.is_frame(Path("A.NEF"))
    assert readers.is_raw(Path("A.Cr2"))
    assert not readers.is_raw(Path("A.JPG"))
    assert not readers.is_frame(Path("a.txt"))


@pytest.mark.parametrize("suffix", [".exr", ".hdr"])
def test_scene_referred_files_keep_the_light_above_white(tmp_path: Path, suffix: str) -> None:
    light = np.full((6, 8, 3), [0.25, 2.0, 40.0], np.float32)
    path = tmp_path / f"scene{suffix}"
    if suffix == ".exr":
        import OpenEXR

        OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": light}).write(str(path))
    else:
        import cv2

        cv2.imwrite(str(path), np.ascontiguousarray(light[..., ::-1]))
    # 1/256 of the largest channel is what Radiance's common exponent keeps
    np.testing.assert_allclose(readers.read_scene(path), light, atol=40 / 256 if suffix == ".hdr" else 0)
    np.testing.assert_allclose(readers.read(path).pixels.max((0, 1))[1:], 1)
    assert readers.holds_scene(path)
    assert not readers.holds_scene(tmp_path / "a.jpg")

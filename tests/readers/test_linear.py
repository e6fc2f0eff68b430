"""OpenEXR and Radiance pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

from hdrcli import readers
from hdrcli.errors import ReadError
from tests.readers.samples import ramp

LINEAR = ramp().astype(np.float32) / np.float32(255)


def write(folder: Path, channels: dict[str, np.ndarray], **header: object) -> Path:
    OpenEXR.File({"type": OpenEXR.scanlineimage, **header}, channels).write(str(folder / "a.exr"))
    return folder / "a.exr"


def box(left: int, top: int, right: int, bottom: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array([left, top], np.int32), np.array([right, bottom], np.int32)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize("compression", [OpenEXR.NO_COMPRESSION, OpenEXR.ZIP_COMPRESSION, OpenEXR.PIZ_COMPRESSION])
def test_exr_depths_and_compressions(kind: type, compression: object, tmp_path: Path) -> None:
    exposure = readers.read(write(tmp_path, {"RGB": LINEAR.astype(kind)}, compression=compression))
    np.testing.assert_array_equal(exposure.pixels, LINEAR.astype(kind).astype(np.float32))
    assert (exposure.bits, exposure.encoding) == (32, "linear")


def test_exr_rgba_separate_and_grey(tmp_path: Path) -> None:
    rgba = np.dstack([LINEAR, np.full((37, 53), 0.5, np.float32)])
    np.testing.assert_array_equal(readers.read(write(tmp_path, {"RGBA": rgba})).pixels, LINEAR)
    separate = {name: np.ascontiguousarray(LINEAR[:, :, i]) for i, name in enumerate("RGB")}
    np.testing.assert_array_equal(readers.read(write(tmp_path, {**separate, "Z": separate["R"]})).pixels, LINEAR)
    grey = readers.read(write(tmp_path, {"Y": separate["G"]})).pixels
    np.testing.assert_array_equal(grey, np.repeat(LINEAR[:, :, 1:2], 3, axis=2))
    with pytest.raises(ReadError, match="it has Z"):
        readers.read(write(tmp_path, {"Z": separate["R"]}))


def test_exr_range(tmp_path: Path) -> None:
    stored = LINEAR * 3 - 1
    np.testing.assert_array_equal(readers.read(write(tmp_path, {"RGB": stored})).pixels, np.clip(stored, 0, 1))
    stored[1, 2, 0] = np.nan
    with pytest.raises(ReadError, match=r"a\.exr has 1 pixels that are NaN or infinite"):
        readers.read(write(tmp_path, {"RGB": stored}))


def test_exr_data_window_is_placed_in_the_display_window(tmp_path: Path) -> None:
    windows = {"dataWindow": box(-3, 2, 49, 38), "displayWindow": box(0, 0, 59, 29)}
    path = write(tmp_path, {"RGB": LINEAR}, **windows)
    expected = np.zeros((30, 60, 3), np.float32)
    expected[2:30, 0:50] = LINEAR[:28, 3:]
    exposure, header = readers.read(path), readers.read_header(path)
    np.testing.assert_array_equal(exposure.pixels, expected)
    assert exposure.size == (header.width, header.height) == (60, 30)


def test_exr_that_is_nearly_all_outside_of_its_data_is_damaged(tmp_path: Path) -> None:
    """4 KB that would take 2.4 GB."""
    small = {"RGB": LINEAR[:4, :4]}
    readers.read(write(tmp_path, small, dataWindow=box(0, 0, 3, 3), displayWindow=box(0, 0, 99, 99)))
    path = write(tmp_path, small, dataWindow=box(0, 0, 3, 3), displayWindow=box(0, 0, 99, 1_999_999))
    with pytest.raises(ReadError, match=r"a\.exr is damaged: its header says 100x2000000 pixels, of which it has 4x4"):
        readers.read(path)


def test_exr_chromaticities_are_converted(tmp_path: Path) -> None:
    bt2020 = (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329)
    to_bt709 = np.array(  # ITU-R BT.2087-0, inverse of its matrix M2
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    )
    path = write(tmp_path, {"RGB": LINEAR}, chromaticities=bt2020)
    np.testing.assert_allclose(readers.read(path).pixels, np.clip(LINEAR @ to_bt709.T, 0, 1), atol=1e-3)
    bt709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
    np.testing.assert_array_equal(readers.read(write(tmp_path, {"RGB": LINEAR}, chromaticities=bt709)).pixels, LINEAR)


def test_exr_exposure_attributes(tmp_path: Path) -> None:
    header = readers.read_header(write(tmp_path, {"RGB": LINEAR}, expTime=0.25, aperture=8.0, isoSpeed=400.0))
    assert (header.exposure_time, header.f_number, header.iso) == (0.25, 8, 400)


def test_exr_integers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="as integers"):
        readers.read(write(tmp_path, {"RGB": ramp().astype(np.uint32)}))


def radiance(folder: Path, pixels: np.ndarray = LINEAR, size: bytes = b"-Y 37 +X 53", **changes: bytes) -> Path:
    """A .hdr by OpenCV; RGBE keeps 8 bits of the largest channel."""
    data = cv2.imencode(".hdr", pixels[:, :, ::-1])[1].tobytes()
    head, _, scanlines = data.partition(b"-Y 37 +X 53\n")
    for old, new in changes.items():
        head = head.replace(old.encode(), new)
    path = folder / "a.hdr"
    path.write_bytes(head + size + b"\n" + scanlines)
    return path


def test_radiance_values(tmp_path: Path) -> None:
    exposure = readers.read(radiance(tmp_path, LINEAR * 2))
    scale = np.maximum(LINEAR.max(axis=2, keepdims=True), 1 / 255) * 2
    assert (np.abs(exposure.pixels - np.clip(LINEAR * 2, 0, 1)) / scale).max() < 1 / 120
    assert (exposure.bits, exposure.encoding) == (32, "linear")


@pytest.mark.parametrize(
    ("size", "turn"),
    [
        (b"+Y 37 +X 53", lambda p: p[::-1]),
        (b"-Y 37 -X 53", lambda p: p[:, ::-1]),
        (b"+Y 37 -X 53", lambda p: p[::-1, ::-1]),
        (b"+X 37 -Y 53", lambda p: p.swapaxes(0, 1)),
        (b"+X 37 +Y 53", lambda p: p.swapaxes(0, 1)[::-1]),
        (b"-X 37 -Y 53", lambda p: p.swapaxes(0, 1)[:, ::-1]),
    ],
)
def test_radiance_directions(size: bytes, turn: object, tmp_path: Path) -> None:
    upright = readers.read(radiance(tmp_path)).pixels
    path = radiance(tmp_path, size=size)
    expected = turn(upright)  # type: ignore[operator]
    np.testing.assert_array_equal(readers.read(path).pixels, expected)
    header = readers.read_header(path)
    assert (header.width, header.height) == (expected.shape[1], expected.shape[0])


def test_radiance_xyze(tmp_path: Path) -> None:
    neutral = np.repeat(LINEAR[:, :, :1], 3, axis=2)
    path = radiance(tmp_path, neutral, rgbe=b"xyze")
    np.testing.assert_allclose(readers.read(path).pixels, neutral, atol=0.01)


@pytest.mark.parametrize("size", [b"-Y 0 +X 53", b"-Y 37", b"-Y 37 +Y 53", b"-Y 99999999 +X 99999999"])
def test_radiance_bad_sizes(size: bytes, tmp_path: Path) -> None:
    with pytest.raises(ReadError):
        readers.read_header(radiance(tmp_path, size=size))


def test_radiance_last_byte(tmp_path: Path) -> None:
    path = radiance(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ReadError, match="is damaged"):
        readers.read(path)

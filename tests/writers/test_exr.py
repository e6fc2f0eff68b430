"""The header of an EXR, and numbers that half floats do not hold."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy as np
import OpenEXR
import pytest

from hdrcli.contracts import OutputInfo
from hdrcli.exif import EXIF_IFD, GPS_IFD, Exif
from hdrcli.tiff_directory import Entry
from hdrcli.writers.exr import encode
from tests.writers.pictures import display_picture


def read(file: bytes) -> tuple[dict[str, Any], np.ndarray]:
    opened = OpenEXR.File(io.BytesIO(file))
    return opened.header(), opened.channels()["RGB"].pixels


def test_header_says_what_is_known() -> None:
    info = OutputInfo(
        attributes={"model": "dfgnet", "weights": "sha256:0123", "software": "hdrcli 9", "frames": 3},
        exposure_times=(1 / 60, 0.25),
        exposure_time=0.25,
        f_number=8.0,
        iso=200.0,
        taken="2024:05:06 07:08:09",
        white_luminance=5000.0,
    )
    header, _ = read(encode(display_picture(), info, 16))
    assert header["chromaticities"] == pytest.approx((0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329))
    assert header["compression"] == OpenEXR.PIZ_COMPRESSION
    assert header["colorInteropID"] == "lin_rec709_scene"
    assert (header["expTime"], header["aperture"], header["isoSpeed"]) == (0.25, 8.0, 200.0)
    assert header["capDate"] == "2024:05:06 07:08:09"
    assert header["whiteLuminance"] == 5000.0
    assert header["software"] == "hdrcli 9"
    assert header["hdrcli:referred"] == "scene"
    assert header["hdrcli:exposureTimes"] == "0.0166666667, 0.25"
    assert (header["hdrcli:model"], header["hdrcli:weights"]) == ("dfgnet", "sha256:0123")
    assert header["hdrcli:frames"] == 3


def test_header_is_silent_on_what_is_not_known() -> None:
    header, _ = read(encode(display_picture(), OutputInfo(scene_referred=False), 16))
    assert header["hdrcli:referred"] == "display"
    unknown = {"colorInteropID", "whiteLuminance", "expTime", "aperture", "isoSpeed", "capDate", "hdrcli:exposureTimes"}
    assert not unknown & set(header)


@pytest.mark.parametrize(("largest", "dtype"), [(65504.0, np.float16), (65505.0, np.float32), (1e6, np.float32)])
def test_float_where_half_would_overflow(largest: float, dtype: type) -> None:
    light = display_picture()
    light[4, 5, 2] = largest
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, pixels = read(encode(light, OutputInfo(), 16))
    assert pixels.dtype == dtype
    assert pixels.max() == np.float32(largest)


def test_float_when_asked() -> None:
    light = display_picture()
    _, pixels = read(encode(light, OutputInfo(), 32))
    np.testing.assert_array_equal(pixels, light)


def place(latitude: tuple[int, ...], reference: str, zone: str, distance: tuple[int, int]) -> dict[str, Any]:
    """The header of an EXR whose reference frame has these rationals (numerators and denominators)."""

    def rationals(*numbers: int) -> Entry:
        return Entry(5, len(numbers) // 2, struct.pack(f"<{len(numbers)}I", *numbers))

    exposure = {0x9011: Entry.text(zone), 0x9206: rationals(*distance)}
    block = Exif(nested={EXIF_IFD: exposure, GPS_IFD: {1: Entry.text(reference), 2: rationals(*latitude)}})
    return read(encode(display_picture(), OutputInfo(exif=block.to_bytes()), 16))[0]


def test_where_and_when() -> None:
    header = place((33, 1, 30, 1, 36, 1), "S", "-03:30", (2**32 - 1, 1))
    assert header["latitude"] == pytest.approx(-33.51)
    assert header["utcOffset"] == 3.5 * 3600  # UTC is local time + utcOffset
    assert header["focus"] == np.inf


def test_degrees_without_minutes() -> None:
    assert place((3351, 100, 0, 0, 0, 0), "N", "+00:00", (7, 2))["latitude"] == pytest.approx(33.51)


def test_places_that_cannot_be_are_left_out() -> None:
    header = place((0, 0, 0, 0, 0, 0), "N", "   :  ", (0, 1))
    assert not {"latitude", "longitude", "altitude", "utcOffset", "focus"} & set(header)
    assert "latitude" not in place((500, 1, 0, 1, 0, 1), "N", "", (0, 0))

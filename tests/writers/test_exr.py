"""The header of an EXR, and numbers that half floats do not hold."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import OpenEXR
import pytest

from hdrcli.contracts import OutputInfo
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
    assert header["compression"] == OpenEXR.ZIP_COMPRESSION
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

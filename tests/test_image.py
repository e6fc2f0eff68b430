"""Frames as their files store them, and the values that they stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hdrcli.image import Exposure
from hdrcli.transfer import srgb_to_linear


def codes(dtype: type, shape: tuple[int, int, int] = (7, 11, 3)) -> np.ndarray:
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_codes_are_equal_steps_from_black_to_white(dtype: type) -> None:
    stored = codes(dtype)
    wanted = stored / np.float32(np.iinfo(dtype).max)
    frame = Exposure(stored, "srgb", "a")
    assert frame.pixels.dtype == np.float32
    np.testing.assert_array_equal(frame.pixels, wanted.astype(np.float32))
    np.testing.assert_array_equal(frame.part(slice(2, 5), slice(1, None, 3)), wanted[2:5, 1::3].astype(np.float32))
    assert frame.size == (11, 7)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_curve_of_the_table_is_the_curve_of_every_pixel(dtype: type) -> None:
    frame = Exposure(codes(dtype), "srgb", "a")
    linear = frame.mapped(srgb_to_linear, "linear")
    np.testing.assert_array_equal(linear.pixels, srgb_to_linear(frame.pixels))
    assert linear.stored is frame.stored
    assert linear.encoding == "linear"


def test_floats_are_their_own_values() -> None:
    values = np.linspace(-0.1, 1.2, 60, dtype=np.float32).reshape(4, 5, 3)
    frame = Exposure(values, "linear", "a", table=np.zeros(3, np.float32))
    np.testing.assert_array_equal(frame.pixels, values)
    np.testing.assert_array_equal(frame.mapped(np.square, "linear").pixels, values**2)


def test_many_rows_are_decoded_as_few_are() -> None:
    frame = Exposure(codes(np.uint8, (1001, 301, 3)), "srgb", "a")
    rows = [frame.part(slice(row, row + 1)) for row in range(1001)]
    np.testing.assert_array_equal(frame.pixels, np.concatenate(rows))


def test_stored_values_may_be_replaced_by_floats() -> None:
    frame = Exposure(codes(np.uint8), "srgb", "a")
    lifted = frame.pixels + np.float32(0.01)
    np.testing.assert_array_equal(replace(frame, stored=lifted).pixels, lifted)


@pytest.mark.parametrize("stored", [np.zeros((4, 5), np.float32), np.zeros((4, 5, 3), np.float64)])
def test_other_arrays_are_refused(stored: np.ndarray) -> None:
    with pytest.raises(TypeError, match="float32"):
        Exposure(stored, "srgb", "a")

"""Planes made window by window hold what the whole picture holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdrcli import planes
from hdrcli.image import Exposure


def counted(height: int, width: int) -> np.ndarray:
    """(2, H, W), no two values alike."""
    return np.arange(2 * height * width, dtype=np.float32).reshape(2, height, width)


@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    top=st.integers(-12, 12),
    left=st.integers(-12, 12),
    rows=st.integers(1, 15),
    columns=st.integers(1, 15),
)
def test_what_lies_outside_repeats_the_nearest_pixel(
    height: int, width: int, top: int, left: int, rows: int, columns: int
) -> None:
    whole = counted(height, width)
    y = np.clip(np.arange(top, top + rows), 0, height - 1)
    x = np.clip(np.arange(left, left + columns), 0, width - 1)
    found = planes.repeated(whole, slice(top, top + rows), slice(left, left + columns))
    np.testing.assert_array_equal(found, whole[:, y[:, None], x])


@given(margin=st.integers(0, 5), top=st.integers(0, 8), left=st.integers(0, 8))
def test_a_border_is_that_of_numpy(margin: int, top: int, left: int) -> None:
    whole = counted(7, 5)
    around = planes.bordered(planes.Planes((2, 7, 5), lambda rows, columns: whole[:, rows, columns]), margin)
    wanted = np.pad(whole, ((0, 0), (margin, margin), (margin, margin)), mode="edge")
    rows, columns = (slice(min(at, side - 1), side) for at, side in zip((top, left), wanted.shape[1:], strict=True))
    assert around.shape == wanted.shape
    np.testing.assert_array_equal(around[:, rows, columns], wanted[:, rows, columns])


def test_reducing_takes_means_and_repeats_the_far_ends() -> None:
    whole = counted(4, 5)
    wanted = np.pad(whole, ((0, 0), (0, 0), (0, 1)), mode="edge").reshape(2, 2, 2, 3, 2).mean((2, 4))
    np.testing.assert_allclose(planes.reduced(whole, 2), wanted)
    np.testing.assert_array_equal(planes.reduced(whole, 1), whole)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_planes_of_frames_are_the_curve_of_their_pixels(dtype: type) -> None:
    rng = np.random.default_rng(3)
    white = 1 if dtype is np.float32 else np.iinfo(dtype).max
    frames = tuple(Exposure((rng.random((6, 7, 3)) * white).astype(dtype), "srgb", "a") for _ in range(2))
    made = planes.of_frames(frames, np.sqrt)
    wanted = np.concatenate([np.sqrt(one.stored / np.float32(white)) for one in frames], 2).transpose(2, 0, 1)
    assert made.shape == wanted.shape
    np.testing.assert_allclose(made[:, 2:5, 1:], wanted[:, 2:5, 1:], rtol=1e-6)

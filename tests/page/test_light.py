"""Light that a page holds: the very half floats, within the bytes allowed."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from hdrcli.page import light
from hdrcli.page.contents import Light
from tests.page.pages import unpacked


def _told(packed: Light) -> dict[str, object]:
    return {"data": base64.b64encode(packed.data).decode(), "width": packed.width, "height": packed.height}


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (37, 53)])
def test_light_comes_back_as_its_half_floats(shape: tuple[int, int]) -> None:
    pixels = np.exp2(np.random.default_rng(1).uniform(-26, 15, (*shape, 3))).astype(np.float32)
    pixels.flat[0] = 0
    back = unpacked(_told(light.pack(pixels, 1_000_000)))
    np.testing.assert_array_equal(back, pixels.astype(np.float16).astype(np.float32))


def test_light_beyond_half_floats_is_their_largest() -> None:
    pixels = np.full((4, 4, 3), 1e6, np.float32)
    assert (unpacked(_told(light.pack(pixels, 1_000_000))) == 65504).all()


def test_light_is_made_smaller_until_it_fits_and_keeps_its_mean() -> None:
    pixels = np.random.default_rng(2).uniform(0, 2, (600, 900, 3)).astype(np.float32)
    packed = light.pack(pixels, 200_000)
    assert len(packed.data) <= 200_000
    assert packed.width / packed.height == pytest.approx(1.5, rel=0.02)
    assert packed.width < 900
    assert unpacked(_told(packed)).mean() == pytest.approx(1, abs=0.01)

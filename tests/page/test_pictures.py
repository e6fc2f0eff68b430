"""Encoded pictures, masks and charts, read back by Pillow or against what is known of their pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from hdrcli.page import charts, document, parts, pictures, words
from hdrcli.page.contents import Picture


def _pixels(picture: Picture, mode: str = "RGB") -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.data)).convert(mode))


def test_a_picture_is_what_was_given_within_webp() -> None:
    ramp = np.linspace(0, 1, 200, dtype=np.float32)
    pixels = np.broadcast_to(ramp[None, :, None], (120, 200, 3))
    made = pictures.picture(pixels, 1_000_000)
    assert (made.width, made.height, made.kind) == (200, 120, "webp")
    assert np.abs(_pixels(made) / 255 - pixels).mean() < 0.01


def test_a_picture_keeps_to_its_longest_side_and_its_bytes() -> None:
    noise = np.random.default_rng(3).random((900, 2400, 3), dtype=np.float32)
    assert pictures.picture(noise, 10_000_000).width == pictures.LONGEST
    small = pictures.picture(noise, 60_000)
    assert len(small.data) <= 60_000
    assert small.width / small.height == pytest.approx(2400 / 900, rel=0.02)


def test_a_mask_is_its_colour_where_it_is_true_and_clear_elsewhere() -> None:
    where = np.zeros((40, 60), bool)
    where[10:20, 30:50] = True
    made = pictures.mask(where, pictures.CLIPPED, 10_000)
    assert made is not None
    pixels = _pixels(made, "RGBA")
    np.testing.assert_array_equal(pixels[..., 3] > 0, where)
    assert (pixels[where][:, :3] == pictures.CLIPPED).all()


def test_a_mask_that_is_true_nowhere_is_none() -> None:
    assert pictures.mask(np.zeros((4, 4), bool), pictures.DARK, 10_000) is None


def test_masks_and_buttons_have_the_same_colours() -> None:
    style = (document.FOLDER / "page.css").read_text()
    for name, colour in (("clipped", pictures.CLIPPED), ("dark", pictures.DARK), ("moved", pictures.MOVED)):
        assert f"--{name}: #{bytes(colour).hex()};" in style


def test_the_strongest_part_is_found_at_full_size() -> None:
    weights = np.zeros((200, 300), np.float32)
    weights[150:160, 40:50] = 1
    place = parts.strongest(weights, (2000, 3000, 3))
    assert place is not None
    down, across = place
    assert (down.start <= 1500, down.stop >= 1600) == (True, True)
    assert (across.start <= 400, across.stop >= 500) == (True, True)
    assert (down.stop - down.start, across.stop - across.start) == (320, 320)
    assert parts.strongest(np.ones((50, 50), np.float32), (50, 50, 3)) is None


def test_parts_that_show_the_same_are_shown_once() -> None:
    centre = parts.centre((400, 400))
    moved = (slice(centre[0].start + 5, centre[0].stop + 5), centre[1])
    assert parts.distinct([("a", centre), ("b", moved), ("c", None)]) == [("a", centre)]


def test_the_light_of_a_scene_and_what_frames_hold_of_it() -> None:
    pixels = np.full((10, 10, 3), 2.0**-3, np.float32)
    pixels[5:] = 2.0**1
    found = charts.light(pixels, [("dark", -2.0), ("bright", 1.0)])
    assert found is not None
    assert found.words.startswith("4.0 stops")
    assert found.lowest <= -3
    assert found.highest >= 1
    dark, bright = found.spans
    assert dark.end == pytest.approx(min(100, found.percent(2.0)))
    assert bright.end == pytest.approx(found.percent(-1.0))
    assert charts.light(np.zeros((4, 4, 3), np.float32), []) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [(2.0, "+2"), (-0.3333, "−0.33"), (0.0, "0"), (-0.0, "0"), (-1e-9, "0")],
)
def test_stops_in_words(given: float, said: str) -> None:
    assert words.stops(given) == said


@pytest.mark.parametrize(("share", "said"), [(0, "0 %"), (1e-5, "under 0.1 %"), (0.016, "1.6 %"), (0.45, "45 %")])
def test_shares_in_words(share: float, said: str) -> None:
    assert words.percent(share) == said


def test_what_no_page_can_hold_is_replaced() -> None:
    assert words.plain("a\x00b\udcff\x1b") == "a\ufffdb\ufffd\ufffd"
    assert words.plain("line\none\u2028two") == "line\none\u2028two"

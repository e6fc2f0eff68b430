"""How much of the picture moved, against scenes in which that is known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from hdrcli import motion
from hdrcli.image import Bracket, Exposure
from hdrcli.noise import PHOTON_VARIANCE, READ_NOISE
from hdrcli.transfer import linear_to_srgb, srgb_to_linear

HEIGHT, WIDTH = 160, 200
BOX = (slice(40, 80), slice(60, 100))
BOX_SHARE = 40 * 40 / (HEIGHT * WIDTH)


def scene(seed: int = 1) -> np.ndarray:
    """A (160, 200, 3) scene of eight stops, with texture in blots of some pixels."""
    random = np.random.default_rng(seed)
    ramp = np.geomspace(0.015, 4, WIDTH)[None, :, None]
    blots = cv2.GaussianBlur(random.normal(size=(HEIGHT, WIDTH)), (0, 0), 2.5)
    return (ramp * 2 ** (6 * blots)[..., None] * np.array([1, 0.9, 0.7])).astype(np.float32)


def frame(light: np.ndarray, time: float, gamma: float = 1.0) -> Exposure:
    """An 8-bit sRGB exposure with noise, decoded; a camera with another response has `gamma` other than 1."""
    random = np.random.default_rng(round(1000 * time))
    level = light * time
    noise = random.normal(size=light.shape) * np.sqrt(level * PHOTON_VARIANCE + READ_NOISE**2)
    codes = np.round(linear_to_srgb(np.clip(level + noise, 0, 1).astype(np.float32)) ** gamma * 255) / 255
    return Exposure(srgb_to_linear(codes.astype(np.float32)), "linear", f"{time:g}")


def bracket_of(scenes: list[np.ndarray], step: float = 8.0, gamma: float = 1.0) -> Bracket:
    times = tuple(step ** (index - len(scenes) // 2) for index in range(len(scenes)))
    frames = tuple(frame(light, time, gamma) for light, time in zip(scenes, times, strict=True))
    return Bracket("b", frames, len(scenes) // 2, times)


@pytest.mark.parametrize("step", [2.0, 4.0, 8.0])
def test_nothing_moves_in_frames_of_one_scene(step: float) -> None:
    assert motion.moved_share(bracket_of([scene()] * 5, step)) <= motion.STILL


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_the_share_is_the_size_of_what_moved(moved: int) -> None:
    scenes = [scene()] * 3
    scenes[moved] = scene()
    scenes[moved][BOX] *= 0.4
    assert motion.moved_share(bracket_of(scenes, 4.0)) == pytest.approx(BOX_SHARE, rel=0.35)


def test_a_spot_of_a_thousandth_of_the_picture_is_motion() -> None:
    scenes = [scene(), scene(), scene()]
    scenes[0][70:78, 120:128] *= 0.4
    assert motion.STILL < motion.moved_share(bracket_of(scenes, 4.0)) < 0.01


def test_a_response_that_is_not_the_cameras_is_no_motion() -> None:
    assert motion.moved_share(bracket_of([scene()] * 3, gamma=0.8)) <= motion.STILL


def test_wrong_exposure_times_are_no_motion() -> None:
    bracket = bracket_of([scene()] * 3, 4.0)
    wrong = replace(bracket, relative_exposures=(1 / 8, 1.0, 8.0))
    assert motion.moved_share(wrong) <= motion.STILL


def test_frames_a_third_of_a_pixel_out_of_place_have_not_moved_but_frames_four_pixels_off_have() -> None:
    def shifted(by: float) -> np.ndarray:
        warp = np.array([[1, 0, by], [0, 1, 0]], np.float64)
        return cv2.warpAffine(scene(), warp, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)

    assert motion.moved_share(bracket_of([shifted(0.33), scene(), shifted(-0.33)], 4.0)) <= motion.STILL
    assert motion.moved_share(bracket_of([shifted(4.0), scene(), scene()], 4.0)) > 0.02


def test_a_figure_before_a_sky_that_the_reference_has_as_white_is_motion() -> None:
    light = np.full((HEIGHT, WIDTH, 3), 3.0, np.float32)
    light[110:] = scene()[110:] / 10
    with_figure = light.copy()
    with_figure[BOX] = 0.1
    assert motion.moved_share(bracket_of([light] * 3)) == 0
    found = motion.moved_share(bracket_of([with_figure, light, light]))
    assert found == pytest.approx(BOX_SHARE, rel=0.5)


def test_what_moves_where_the_reference_is_white_is_seen_between_the_darker_frames() -> None:
    light = scene()
    light[BOX] = 3.2  # white in the reference and the brighter frames
    other = light.copy()
    other[BOX] = 1.5
    assert motion.moved_share(bracket_of([other, light, light, light, light], 4.0)) > BOX_SHARE / 4


def test_pixels_that_alignment_has_nothing_for_do_not_count() -> None:
    scenes = [scene(), scene(), scene()]
    scenes[2][:, :30] *= 3
    bracket = bracket_of(scenes, 4.0)
    shows = np.ones((HEIGHT, WIDTH), bool)
    shows[:, :30] = False
    assert motion.moved_share(bracket) > 0.05
    masked = (*bracket.exposures[:2], replace(bracket.exposures[2], valid=shows))
    assert motion.moved_share(bracket.with_exposures(masked)) <= motion.STILL


def test_large_frames_are_compared_small_with_the_same_share() -> None:
    def large(light: np.ndarray) -> np.ndarray:
        return cv2.resize(light, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC).clip(0)

    other = scene()
    other[BOX] *= 2.5
    bracket = bracket_of([large(other), large(scene()), large(scene())], 4.0)
    assert bracket.exposures[0].pixels.size / 3 > 2 * motion.PIXELS
    assert motion.moved_share(bracket) == pytest.approx(BOX_SHARE, rel=0.35)
